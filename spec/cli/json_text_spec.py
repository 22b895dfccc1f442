import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver.cli.json_text import indented


class DescribeIndented:
    def it_has_a_line_for_each_member(self):
        assert indented('{"a":[1,{"b":"x,]"}], "c" : null}') == [
            "{",
            '  "a": [',
            "    1,",
            "    {",
            '      "b": "x,]"',
            "    }",
            "  ],",
            '  "c": null',
            "}",
        ]

    @pytest.mark.parametrize("text", ["[]", "{}", " [ ]\n", "{ }"])
    def it_keeps_what_is_empty_on_one_line(self, text):
        assert indented(text) == [text.replace(" ", "").strip()]

    def it_keeps_numbers_strings_and_repeated_members_as_they_are_written(self):
        text = r'{"a":1.10,"a":1e400,"\u00e9":"\"\\","b":123456789012345678901234567890}'
        assert indented(text) == [
            "{",
            '  "a": 1.10,',
            '  "a": 1e400,',
            r'  "\u00e9": "\"\\",',
            '  "b": 123456789012345678901234567890',
            "}",
        ]

    @pytest.mark.parametrize(
        "text", ["", "text", "1", '"a"', "[1,]", "{a:1}", "[NaN]", "[1] 2", "[" * 100000, "{"]
    )
    def it_leaves_other_text_alone(self, text):
        assert indented(text) is None

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
    )
    def it_is_the_same_value_as_python_indents_it(self, value):
        text = json.dumps([value])
        assert "\n".join(indented(text) or []) == json.dumps([value], indent=2)
