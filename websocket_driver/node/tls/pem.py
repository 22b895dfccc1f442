"""Certificates and keys as options: PEM, or the path of a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ...errors import ConfigurationError

BEGIN = "-----BEGIN"


class Pem(NamedTuple):
    """Certificates or keys: the text, and the file that it came from."""

    text: str
    path: str | None = None


def pem(name: str, value: object) -> Pem:
    """The option `name`: PEM as text or bytes, or the path of a file.

    Raises `TypeError` if it is neither, `OSError` if the file cannot be read, and
    `ConfigurationError` if there is no PEM in it.
    """
    if isinstance(value, (bytearray, memoryview)):
        value = bytes(value)
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise TypeError(f"{name} must be PEM or the path of a file, not {type(value).__name__}")
    text = "" if isinstance(value, os.PathLike) else _ascii(value)
    if text.lstrip().startswith(BEGIN):
        return Pem(text)
    if "\n" in text:
        raise ConfigurationError(f"{name} is neither PEM ({BEGIN} ...) nor the path of a file")
    path = os.fsdecode(value)
    text = _ascii(Path(path).read_bytes())
    if BEGIN not in text:
        raise ConfigurationError(f"{name}: there is no PEM ({BEGIN} ...) in {path}")
    return Pem(text, path)


def pems(name: str, value: object) -> tuple[Pem, ...]:
    """The same for an option that may also be a list."""
    return tuple(pem(name, part) for part in parts_of(value))


def parts_of(value: object) -> list[object]:
    """An option that may be one value or a list of them, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def text_or_none(name: str, value: object) -> str | None:
    """An option that is text. Raises `TypeError` if it is anything else."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be str, not {type(value).__name__}")
    return value


def _ascii(value: str | bytes) -> str:
    """PEM is ASCII; OpenSSL's tools put comments of any kind around it."""
    octets = value.encode("ascii", "ignore") if isinstance(value, str) else value
    return octets.decode("ascii", "ignore")


@contextmanager
def private_file(name: str, text: str) -> Iterator[str]:
    """The path of a file with this PEM, for what OpenSSL takes from files only. Nobody else can
    read it, and it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="websocket-driver-") as folder:
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii", opener=_private) as file:
            file.write(text)
        yield path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
