"""The patterns of HTTP fields: at their edges, and in linear time."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver import grammar
from websocket_driver.grammar import first_listed, has_token, is_host, is_token, unquote

LONG = 60_000


class DescribeIsToken:
    @pytest.mark.parametrize("text", ["a", "A-z.0", "!#$%&'*+-.^_`|~", "permessage-deflate"])
    def it_is_true_for_token_characters(self, text):
        assert is_token(text) is True

    @pytest.mark.parametrize(
        "text",
        ["", " ", "a b", "a,b", 'a"', "a=b", "(a)", "a/b", "\u00e9", "a\n", "a\0", "[a]", "{"],
    )
    def it_is_false_for_any_other_text(self, text):
        assert is_token(text) is False

    def it_is_true_for_exactly_the_characters_of_rfc_9110(self):
        found = {chr(code) for code in range(0x250) if is_token(chr(code))}
        assert found == set(
            "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        )


class DescribeIsHost:
    @pytest.mark.parametrize(
        "value",
        [
            "",
            "a",
            "example.com",
            "example.com:80",
            "a:",
            "[::1]",
            "[::1]:80",
            "1.2.3.4",
            "a_b",
            "%41",
        ],
    )
    def it_is_true_for_a_name_or_an_address(self, value):
        assert is_host(value) is True

    @pytest.mark.parametrize(
        "value",
        [
            "a/b",
            "a?b",
            "a#b",
            "a, b",
            "a b",
            "a@b",
            "a:b",
            "[::1",
            "::1]",
            "a:80:80",
            "\u00e9",
            "a\n",
        ],
    )
    def it_is_false_for_any_other_text(self, value):
        assert is_host(value) is False


class DescribeHasToken:
    @pytest.mark.parametrize(
        "value",
        [
            "upgrade",
            "Upgrade",
            "keep-alive, Upgrade",
            "keep-alive,UPGRADE",
            "upgrade ,x",
            "\tupgrade\t,x",
            ",, upgrade,,",
        ],
    )
    def it_is_true_for_an_element_in_any_case(self, value):
        assert has_token(value, "upgrade") is True

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "x-upgrade",
            "upgrade-x",
            "keep-alive",
            "no upgrade",
            "upgrade x",
            "up,grade",
            "upgradeupgrade",
        ],
    )
    def it_is_false_for_any_other_list(self, value):
        assert has_token(value, "upgrade") is False

    @given(st.lists(st.sampled_from(["upgrade", "Upgrade", " ", "\t", ",", "x", "-", "up"])))
    def it_is_the_same_as_splitting_the_list(self, pieces):
        value = "".join(pieces)
        elements = [element.strip(" \t").lower() for element in value.split(",")]
        assert has_token(value, "upgrade") is ("upgrade" in elements)


class DescribeFirstListed:
    @pytest.mark.parametrize(
        ("value", "names", "found"),
        [
            ("a", ("a",), "a"),
            ("a, b", ("b", "a"), "a"),
            ("x,b ,a", ("a", "b"), "b"),
            ("A", ("a",), None),
            ("ab", ("a", "b"), None),
            ("a.c, abc", ("abc",), "abc"),
            ("abc", ("a.c",), None),
            ("", ("a",), None),
            ("a", (), None),
            ("aa, a", ("a", "aa"), "aa"),
        ],
    )
    def it_is_the_first_element_that_is_a_name(self, value, names, found):
        assert first_listed(value, names) == found


class DescribeUnquote:
    @pytest.mark.parametrize(
        ("quoted", "text"),
        [('""', ""), ('"a b"', "a b"), (r'"a\"b"', 'a"b'), (r'"a\\b"', "a\\b"), (r'"\a"', "a")],
    )
    def it_is_the_text_between_the_quotes(self, quoted, text):
        assert unquote(quoted) == text


class DescribeTime:
    """A pattern that backtracks would take minutes for these."""

    TEXTS = (
        "," * LONG,
        " " * LONG,
        ", " * LONG,
        "a," * LONG,
        ";" * LONG,
        "; " * LONG,
        "a" * LONG,
        '"' + "\\" * LONG,
        '"' + "a" * LONG,
        "\r\n " * LONG,
        "a=" * LONG,
        "/" * LONG,
        ", " + " " * LONG + "upgrade" + " " * LONG + "x",
    )

    @pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
    def it_is_linear_in_the_length(self, text):
        started = time.process_time()
        has_token(text, "upgrade")
        first_listed(text, ("upgrade", "a"))
        is_host(text)
        for name in dir(grammar):
            pattern = getattr(grammar, name)
            if isinstance(pattern, re.Pattern):
                pattern.match(text)
                pattern.fullmatch(text)
        assert time.process_time() - started < 1
