"""Header fields of requests and responses."""

from __future__ import annotations

import pytest

from spec.node.http.support import refused
from websocket_driver.node import http
from websocket_driver.node.http.headers import (
    FIRST_ONLY,
    OutgoingHeaders,
    distinct,
    field_lines,
    folded,
    given_fields,
    validate_header_name,
)

BAD_NAMES = ["", "a b", "a:", "\xe9", "X\r\n", "a(b)", "@"]
BAD_VALUES = ["a\r\nb", "a\nb", "\0", "\x7f", "\x1f", "\u0100"]


class DescribeHeadersOfRequests:
    @pytest.mark.parametrize(
        ("raw", "headers"),
        [
            ([], {}),
            (["A", "b"], {"a": "b"}),
            (["A", "b", "a", "c", "X", "y"], {"a": "b, c", "x": "y"}),
            (["Cookie", "a=1", "cookie", "b=2"], {"cookie": "a=1; b=2"}),
            (["Set-Cookie", "a"], {"set-cookie": ["a"]}),
            (["Set-Cookie", "a", "set-cookie", "b"], {"set-cookie": ["a", "b"]}),
            (["Date", "a", "Date", "b"], {"date": "a, b"}),
            (["__proto__", "x"], {"__proto__": "x"}),
        ],
    )
    def it_folds_by_nodes_rules(self, raw, headers):
        assert folded(raw) == headers

    @pytest.mark.parametrize("name", sorted(FIRST_ONLY))
    def it_keeps_the_first_of_some(self, name):
        raw = [name.title(), "1", name, "2"]
        assert folded(raw) == {name: "1"}
        assert folded(raw, join_duplicates=True) == {name: "1, 2"}

    def it_can_keep_all_values_apart(self):
        assert distinct(["A", "b", "Age", "1", "a", "c", "age", "2"]) == {
            "a": ["b", "c"],
            "age": ["1", "2"],
        }


class DescribeNames:
    @pytest.mark.parametrize("name", ["X", "!#$%&'*+-.^_`|~0"])
    def it_takes_tokens(self, name):
        assert validate_header_name(name) == name

    @pytest.mark.parametrize("name", BAD_NAMES)
    def it_refuses_other_text(self, name):
        for validate in (http.validate_header_name, http.validateHeaderName):
            assert refused(validate, name) == (
                ValueError,
                "ERR_INVALID_HTTP_TOKEN",
                f'Header name must be a valid HTTP token ["{name}"]',
            )

    @pytest.mark.parametrize("name", [5, None, b"X"])
    def it_refuses_other_types(self, name):
        assert refused(validate_header_name, name) == (
            TypeError,
            "ERR_INVALID_HTTP_TOKEN",
            f'Header name must be a valid HTTP token ["{name}"]',
        )


class DescribeValues:
    @pytest.mark.parametrize(
        ("value", "lines"),
        [
            ("", [""]),
            (" a ", [" a "]),
            ("\t\xff", ["\t\xff"]),
            (5, ["5"]),
            (1.5, ["1.5"]),
            (10.0, ["10"]),
            ([], []),
            (["a", 2], ["a", "2"]),
            (("a",), ["a"]),
        ],
    )
    def it_takes_text_numbers_and_lists(self, value, lines):
        assert field_lines("X", value) == lines
        http.validate_header_value("X", value)

    @pytest.mark.parametrize("value", [*BAD_VALUES, ["a", "\n"]])
    def it_refuses_what_would_not_be_one_line(self, value):
        for validate in (http.validate_header_value, http.validateHeaderValue):
            assert refused(validate, "X", value) == (
                ValueError,
                "ERR_INVALID_CHAR",
                'Invalid character in header content ["X"]',
            )

    @pytest.mark.parametrize(
        ("value", "shown"), [(None, "undefined"), (True, "True"), (b"x", "b'x'"), ([[1]], "[1]")]
    )
    def it_refuses_other_types(self, value, shown):
        assert refused(field_lines, "X", value) == (
            TypeError,
            "ERR_HTTP_INVALID_HEADER_VALUE",
            f'Invalid value "{shown}" for header "X"',
        )


class DescribeOutgoingHeaders:
    def it_is_empty_at_first(self):
        headers = OutgoingHeaders()
        assert (bool(headers), headers.names(), headers.values(), list(headers)) == (
            False,
            [],
            {},
            [],
        )

    def it_keeps_the_order_and_the_last_spelling(self):
        headers = OutgoingHeaders()
        headers.set("X-A", "1")
        headers.set("X-B", "2")
        headers.set("x-a", 3)
        assert list(headers) == [("x-a", 3), ("X-B", "2")]
        assert headers.names() == ["x-a", "x-b"]
        assert headers.raw_names() == ["x-a", "X-B"]
        assert headers.values() == {"x-a": 3, "x-b": "2"}
        assert bool(headers) is True

    def it_finds_and_removes_in_any_case(self):
        headers = OutgoingHeaders()
        headers.set("X-A", ["1", "2"])
        assert (headers.get("x-A"), "X-a" in headers, headers.get("none")) == (
            ["1", "2"],
            True,
            None,
        )
        headers.remove("x-a")
        headers.remove("x-a")
        assert ("X-A" in headers, list(headers)) == (False, [])

    def it_appends(self):
        headers = OutgoingHeaders()
        headers.append("X-A", "1")
        assert headers.get("x-a") == "1"
        headers.append("x-a", 2)
        headers.append("X-A", ["3", "4"])
        assert list(headers) == [("X-A", ["1", 2, "3", "4"])]

    def it_changes_nothing_if_it_refuses(self):
        headers = OutgoingHeaders()
        headers.set("X", "1")
        for method in (headers.set, headers.append):
            assert refused(method, "a b", "x") == (
                ValueError,
                "ERR_INVALID_HTTP_TOKEN",
                'Header name must be a valid HTTP token ["a b"]',
            )
            assert refused(method, "X", "\n") == (
                ValueError,
                "ERR_INVALID_CHAR",
                'Invalid character in header content ["X"]',
            )
        assert list(headers) == [("X", "1")]

    @pytest.mark.parametrize(("name", "shown"), [(5, "int (5)"), (None, "None")])
    def it_looks_for_names_that_are_text(self, name, shown):
        headers = OutgoingHeaders()
        for method in (headers.get, headers.remove, headers.__contains__):
            assert refused(method, name) == (
                TypeError,
                "ERR_INVALID_ARG_TYPE",
                f"`name` must be a string, not {shown}",
            )


class DescribeGivenFields:
    @pytest.mark.parametrize(
        ("given", "fields"),
        [
            ({}, []),
            ([], []),
            ({"A": "b", "C": ["d"]}, [("A", "b"), ("C", ["d"])]),
            (["A", "b", "a", "c"], [("A", "b"), ("a", "c")]),
            (("A", "b"), [("A", "b")]),
            ([("A", "b"), ["C", "d"]], [("A", "b"), ("C", "d")]),
        ],
    )
    def it_takes_mappings_flat_lists_and_pairs(self, given, fields):
        assert list(given_fields(given)) == fields

    def it_refuses_a_name_without_a_value(self):
        assert refused(given_fields, ["A", "b", "C"]) == (
            TypeError,
            "ERR_INVALID_ARG_VALUE",
            "The argument 'headers' is invalid. Received ['A', 'b', 'C']",
        )

    @pytest.mark.parametrize(
        ("given", "shown"),
        [(5, "int (5)"), (None, "None"), ("A: b", "str ('A: b')"), (True, "bool (True)")],
    )
    def it_refuses_anything_else(self, given, shown):
        assert refused(given_fields, given) == (
            TypeError,
            "ERR_INVALID_ARG_TYPE",
            f"`headers` must be a mapping or a list, not {shown}",
        )
