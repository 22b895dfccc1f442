from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver import ProtocolError
from websocket_driver.extensions import parser
from websocket_driver.extensions.parser import Offers, Parser
from websocket_driver.grammar import is_token

TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcxyzABCXYZ"


def parse(header):
    return Parser.parse_header(header).to_array()


class DescribeParser:
    class DescribeParseHeader:
        def it_parses_an_empty_header(self):
            assert parse("") == []

        def it_parses_a_missing_header(self):
            assert parse(None) == []

        def it_throws_on_invalid_input(self):
            with pytest.raises(ProtocolError) as raised:
                parse("a,")
            assert raised.value.message == "Invalid Sec-WebSocket-Extensions header: a,"

        def it_parses_one_offer_with_no_params(self):
            assert parse("a") == [{"name": "a", "params": {}}]

        def it_parses_two_offers_with_no_params(self):
            assert parse("a, b") == [{"name": "a", "params": {}}, {"name": "b", "params": {}}]

        def it_parses_a_duplicate_offer_name(self):
            assert parse("a, a") == [{"name": "a", "params": {}}, {"name": "a", "params": {}}]

        def it_parses_a_flag(self):
            assert parse("a; b") == [{"name": "a", "params": {"b": True}}]

        def it_parses_an_unquoted_param(self):
            assert parse("a; b=1") == [{"name": "a", "params": {"b": 1}}]

        def it_parses_a_quoted_param(self):
            assert parse('a; b="hi, \\"there"') == [{"name": "a", "params": {"b": 'hi, "there'}}]

        def it_parses_multiple_params(self):
            assert parse('a; b; c=1; d="hi"') == [
                {"name": "a", "params": {"b": True, "c": 1, "d": "hi"}}
            ]

        def it_parses_duplicate_params(self):
            assert parse('a; b; c=1; b="hi"') == [
                {"name": "a", "params": {"b": [True, "hi"], "c": 1}}
            ]

        def it_parses_multiple_complex_offers(self):
            assert parse('a; b=1, c, b; d, c; e="hi, there"; e, a; b') == [
                {"name": "a", "params": {"b": 1}},
                {"name": "c", "params": {}},
                {"name": "b", "params": {"d": True}},
                {"name": "c", "params": {"e": ["hi, there", True]}},
                {"name": "a", "params": {"b": True}},
            ]

        def it_parses_an_extension_name_that_shadows_an_object_property(self):
            assert parse("hasOwnProperty") == [{"name": "hasOwnProperty", "params": {}}]
            assert parse("__class__") == [{"name": "__class__", "params": {}}]

        def it_parses_an_extension_param_that_shadows_an_object_property(self):
            assert parse("foo; hasOwnProperty; x") == [
                {"name": "foo", "params": {"hasOwnProperty": True, "x": True}}
            ]
            assert parse("foo; keys; x") == [{"name": "foo", "params": {"keys": True, "x": True}}]

        def it_rejects_a_string_missing_its_closing_quote(self):
            with pytest.raises(ProtocolError):
                parse(
                    'foo; bar="fooa\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a'
                    "\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a\\a"
                )

        # Beyond the original's examples

        def it_parses_three_equal_params(self):
            assert parse("a; b; b=1; b=x") == [{"name": "a", "params": {"b": [True, 1, "x"]}}]

        @pytest.mark.parametrize(
            ("text", "value"),
            [
                ("0", 0),
                ("10", 10),
                ("-5", -5),
                ("10.0", 10),
                ("1.5", 1.5),
                ("-0.25", -0.25),
                ("0.0", 0),
                ("9007199254740991", 9007199254740991),
                ("9007199254740992", 9007199254740992.0),
                ("007", "007"),
                ("+1", "+1"),
                ("1.", "1."),
                (".5", ".5"),
                ("1e3", "1e3"),
                ("0x10", "0x10"),
                ("1_000", "1_000"),
                ("--1", "--1"),
                ("NaN", "NaN"),
                ("true", "true"),
                ("Infinity", "Infinity"),
            ],
        )
        def it_takes_for_a_number_what_is_written_as_one(self, text, value):
            assert parse(f"a; b={text}") == [{"name": "a", "params": {"b": value}}]
            assert type(parse(f"a; b={text}")[0]["params"]["b"]) is type(value)

        def it_parses_a_quoted_number_as_a_number(self):
            assert parse('a; b="15"') == [{"name": "a", "params": {"b": 15}}]

        def it_does_not_take_other_digits_for_a_number(self):
            # An Arabic-Indic three is a digit to Python.
            assert parse('a; b="\u0663"') == [{"name": "a", "params": {"b": "\u0663"}}]

        def it_parses_an_empty_quoted_param(self):
            assert parse('a; b=""') == [{"name": "a", "params": {"b": ""}}]

        def it_parses_a_quoted_param_that_looks_like_two_extensions(self):
            assert parse('a; b="c; d=1, e"; f') == [
                {"name": "a", "params": {"b": "c; d=1, e", "f": True}}
            ]

        @pytest.mark.parametrize(
            "header",
            ["a;b=1,c", "a ;b=1 ,c", "a; b=1, c", "a\t;\tb\t=\t1\t,\tc", "a;  b = 1  ,  c"],
        )
        def it_allows_white_space_around_separators(self, header):
            assert parse(header) == [{"name": "a", "params": {"b": 1}}, {"name": "c", "params": {}}]

        @pytest.mark.parametrize(
            "header",
            [
                ",",
                ", a",
                "a,,b",
                "a;",
                "a; ",
                "a; ;b",
                "a; b=",
                "a; b=,c",
                "a; =1",
                "a b",
                "a/b",
                "a; b=c d",
                "a; b=c/d",
                'a; b="c',
                'a; b=c"',
                'a; b="c"d',
                'a; b="\\"',
                "a\n",
                "a; b\n",
                "a\r\n, b\x00",
                "(a)",
                "\u00e4",
                "a; b=\u00e4",
                "\uff41",
            ],
        )
        def it_rejects_what_breaks_the_grammar(self, header):
            with pytest.raises(ProtocolError) as raised:
                parse(header)
            assert raised.value.message == f"Invalid Sec-WebSocket-Extensions header: {header}"

        def it_takes_time_that_grows_with_the_length_of_the_header_only(self):
            # A pattern that backtracks would not come back from these.
            for header in [
                "a" * 50_000 + "\x00",
                "a" + "; b" * 20_000 + ";",
                "a" + ", a" * 20_000 + ",",
                "a" + " " * 50_000,
                'a; b="' + "\\a" * 50_000,
                "a" + "\r\n " * 20_000 + "!=",
            ]:
                with pytest.raises(ProtocolError):
                    parse(header)

        @pytest.mark.parametrize(
            ("header", "names"),
            [
                ("", []),
                (",", []),
                ("a,", ["a"]),
                (",a", ["a"]),
                ("a,,b", ["a", "b"]),
                (" , a ,\t, b; c , ", ["a", "b"]),
            ],
        )
        def it_ignores_empty_elements_if_it_is_told_to(self, header, names):
            offers = Parser.parse_header(header.strip(), ignore_empty=True)
            assert [offer["name"] for offer in offers.to_array()] == names
            if "," in header:
                with pytest.raises(ProtocolError):
                    Parser.parse_header(header.strip())

    class DescribeSerializeParams:
        def it_serializes_empty_params(self):
            assert Parser.serialize_params("a", {}) == "a"

        def it_serializes_a_flag(self):
            assert Parser.serialize_params("a", {"b": True}) == "a; b"

        def it_serializes_an_unquoted_param(self):
            assert Parser.serialize_params("a", {"b": "42"}) == "a; b=42"

        def it_serializes_a_quoted_param(self):
            assert Parser.serialize_params("a", {"b": "hi, there"}) == 'a; b="hi, there"'

        def it_serializes_multiple_params(self):
            assert Parser.serialize_params("a", {"b": True, "c": 1, "d": "hi"}) == (
                "a; b; c=1; d=hi"
            )

        def it_serializes_duplicate_params(self):
            assert Parser.serialize_params("a", {"b": [True, "hi"], "c": 1}) == "a; b; b=hi; c=1"

        # Beyond the original's examples

        @pytest.mark.parametrize(
            ("value", "text"),
            [(10, "10"), (10.0, "10"), (-5, "-5"), (1.5, "1.5"), (0, "0"), (0.000001, "0.000001")],
        )
        def it_serializes_a_number_as_javascript_does(self, value, text):
            assert Parser.serialize_params("a", {"b": value}) == f"a; b={text}"

        def it_escapes_a_quote(self):
            assert Parser.serialize_params("a", {"b": 'hi, "there"'}) == ('a; b="hi, \\"there\\""')

        def it_serializes_a_param_without_values_as_nothing(self):
            assert Parser.serialize_params("a", {"b": [], "c": True}) == "a; c"

        def it_serializes_a_tuple_like_a_list(self):
            assert Parser.serialize_params("a", {"b": (1, 2)}) == "a; b=1; b=2"

    class DescribeBothWays:
        tokens = st.text(TOKEN_CHARACTERS, min_size=1, max_size=12)
        numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.integers(-9999, 9999).map(
            lambda n: n / 8
        )
        # A backslash is an escape in a header; the original writes it unescaped.
        texts = st.text(
            st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_characters="\\\x7f"),
            min_size=1,
            max_size=20,
        ).filter(lambda text: not parser.NUMBER.fullmatch(text))
        values = st.just(True) | numbers | texts
        lists = st.lists(values, min_size=2, max_size=4)
        params = st.dictionaries(tokens, values | lists, max_size=5)

        @given(tokens, params)
        def it_parses_what_it_has_serialized(self, name, params):
            header = Parser.serialize_params(name, params)
            assert parse(header) == [{"name": name, "params": params}]

        @given(st.lists(st.tuples(tokens, params), min_size=1, max_size=4))
        def it_parses_several_offers_that_it_has_serialized(self, offers):
            header = ", ".join(Parser.serialize_params(name, params) for name, params in offers)
            assert parse(header) == [{"name": name, "params": params} for name, params in offers]

        @given(st.text(TOKEN_CHARACTERS + '"\\,;= \t\r\n\x00\u00e4', max_size=30))
        def it_parses_any_text_or_raises_a_protocol_error(self, header):
            try:
                offers = parse(header)
            except ProtocolError as error:
                assert error.message == f"Invalid Sec-WebSocket-Extensions header: {header}"
            else:
                assert [set(offer) for offer in offers] == [{"name", "params"}] * len(offers)
                assert all(is_token(offer["name"]) for offer in offers)

    class DescribeOffers:
        def offers(self):
            offers = Offers()
            offers.push("a", {"b": 1})
            offers.push("c", {})
            offers.push("a", {"d": True})
            return offers

        def it_finds_offers_by_name(self):
            assert self.offers().by_name("a") == [{"b": 1}, {"d": True}]
            assert self.offers().by_name("c") == [{}]

        def it_finds_nothing_by_a_name_that_was_not_offered(self):
            assert self.offers().by_name("x") == []
            assert self.offers().by_name("__init__") == []

        def it_calls_back_for_each_offer_in_order(self):
            calls = []
            self.offers().each_offer(lambda name, params: calls.append((name, params)))
            assert calls == [("a", {"b": 1}), ("c", {}), ("a", {"d": True})]

        def it_does_not_share_values_with_the_next_header_that_is_the_same(self):
            [first] = Parser.parse_header("a; b=1; b=2").to_array()
            values: Any = first["params"]["b"]
            values.append(3)
            [second] = Parser.parse_header("a; b=1; b=2").to_array()
            assert second == {"name": "a", "params": {"b": [1, 2]}}

        def it_gives_out_a_list_of_its_own(self):
            offers = self.offers()
            offers.to_array().clear()
            assert offers.to_array() == [
                {"name": "a", "params": {"b": 1}},
                {"name": "c", "params": {}},
                {"name": "a", "params": {"d": True}},
            ]

    class DescribeNodeSpelling:
        def it_is_the_same(self):
            calls = []
            offers = Parser.parseHeader("a; b")
            offers.eachOffer(lambda *call: calls.append(call))

            assert offers.toArray() == [{"name": "a", "params": {"b": True}}]
            assert offers.byName("a") == [{"b": True}]
            assert calls == [("a", {"b": True})]
            assert Parser.serializeParams("a", {"b": True}) == "a; b"

        def it_is_there_on_the_module_too(self):
            # const parser = require("websocket-extensions/lib/parser")
            assert parser.parseHeader("a; b").toArray() == [{"name": "a", "params": {"b": True}}]
            assert parser.parse_header("a").to_array() == [{"name": "a", "params": {}}]
            assert parser.serializeParams("a", {"b": 1}) == "a; b=1"
            assert parser.serialize_params("a", {"b": 1}) == "a; b=1"

        @pytest.mark.parametrize("name", ["", "a b", "a=b", "x\r\ny", "gr\u00fcn"])
        def it_raises_for_a_name_that_is_not_a_token(self, name):
            with pytest.raises(ValueError, match=r"^Extension parameter must be a token, not "):
                Parser.serialize_params("a", {name: True})

        @pytest.mark.parametrize("value", [None, object(), b"c", {"c": 1}, ["c", None]])
        def it_raises_for_a_value_of_another_type(self, value):
            with pytest.raises(TypeError, match=r"^Extension parameter b must be True, text or "):
                Parser.serialize_params("a", {"b": value})

        def it_serializes_the_other_values_that_javascript_has(self):
            assert (
                Parser.serialize_params("a", {"b": False, "c": "", "d": []}) == 'a; b=false; c=""'
            )
