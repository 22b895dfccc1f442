"""Text of a peer or a caller that is shown to people."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver.escape import escaped, without_secret

DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class DescribeEscaped:
    @pytest.mark.parametrize(
        "text", ["", "Hello", "gr\u00fcn \u00a0 \u3000 \u65e5\u672c", "\U0001f600", "a\\nb", "~"]
    )
    def it_leaves_text_as_it_is(self, text):
        assert escaped(text) == text

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("\x1b]52;c;cm0=\x07", r"\x1b]52;c;cm0=\x07"),
            ("a\r\nb\tc\0", r"a\r\nb\tc\x00"),
            ("\x7f\x9b31m", r"\x7f\x9b31m"),
            ("\u202eevil\u202c", r"\u202eevil\u202c"),
            ("\u2066a\u2069\u200f", r"\u2066a\u2069\u200f"),
            ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
            ("\ud800", r"\ud800"),
            ("\ue000\U0010ffff", r"\ue000\U0010ffff"),
            ("\ufeff\u00ad\u200b", r"\ufeff\xad\u200b"),
            ("\U000e0041", r"\U000e0041"),
            ("\u0378", r"\u0378"),
        ],
    )
    def it_writes_dangerous_characters_as_python_does(self, text, shown):
        assert escaped(text) == shown

    @given(st.text(st.characters(codec=None)))
    def it_has_no_dangerous_character(self, text):
        shown = escaped(text)
        assert not {unicodedata.category(character) for character in shown} & DANGEROUS

    def it_escapes_whatever_unicode_calls_dangerous(self):
        wrong = [
            code
            for code in range(0x110000)
            if (escaped(chr(code)) == chr(code)) is (unicodedata.category(chr(code)) in DANGEROUS)
        ]
        assert wrong == []


class DescribeWithoutSecret:
    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            ("Cookie: secret", "Cookie: ..."),
            ("SET-COOKIE:secret", "SET-COOKIE: ..."),
            ("Set-Cookie2: secret", "Set-Cookie2: ..."),
            ("authorization secret", "authorization: ..."),
            (" \tProxy-Authorization\t: secret", "Proxy-Authorization: ..."),
            ("\x00Cookie\x00: secret", "Cookie: ..."),
            ("Cookie", "Cookie: ..."),
        ],
    )
    def it_omits_the_values_of_secret_headers(self, line, shown):
        assert without_secret(line) == shown

    @pytest.mark.parametrize(
        "line",
        ["", "Cookies: a", "Cookie-Policy: a", "X-Cookie: a", "Cookie_a: b", "A: Cookie: b", ": a"],
    )
    def it_leaves_other_lines_as_they_are(self, line):
        assert without_secret(line) is line
