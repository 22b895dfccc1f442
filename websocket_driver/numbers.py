"""Numbers as text."""

from __future__ import annotations

import math
from decimal import Decimal


def decimal_text(number: int | float) -> str:
    """`number` in decimal as JavaScript writes it: `10.0` is `10`, `1e20` has all its zeros."""
    if isinstance(number, int):
        return str(int(number))
    number = float(number)  # a subclass may represent itself otherwise
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    if 1e-6 <= abs(number) < 1e21:
        text = format(Decimal(repr(number)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    mantissa, exponent = repr(number).split("e")
    return f"{mantissa}e{int(exponent):+d}"
