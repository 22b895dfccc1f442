"""The options of drivers: accepted values, their meaning, and the errors for others."""

import pytest

import websocket_driver as websocket
from websocket_driver import ConfigurationError, Request
from websocket_driver.driver.options import Options
from websocket_driver.driver.server import Server

URL = "ws://www.example.com/"
REQUEST = Request("GET", "/", {"Connection": "Upgrade", "Upgrade": "websocket"})

MAKERS = {
    "client()": lambda *options, **more: websocket.client(URL, *options, **more),
    "http()": lambda *options, **more: websocket.http(REQUEST, *options, **more),
    "server()": websocket.server,
    "Server": Server,
}

LIMITS = {
    "max_length": "a number of bytes",
    "max_head_length": "a number of bytes",
    "high_water_mark": "a number of bytes",
    "max_headers": "a number",
    "max_extension_params": "a number",
    "max_pings": "a number",
    "max_tasks": "a number",
}
FLAGS = ["masking", "require_masking", "allow_drafts"]


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]


class DescribeOptions:
    def it_has_defaults(self):
        options = Options.of(None, {})
        assert {name: getattr(options, name) for name in Options.NAMES} == {
            "allow_drafts": True,
            "masking": False,
            "require_masking": False,
            "protocols": (),
            "max_length": None,
            "max_head_length": 65536,
            "max_headers": 128,
            "max_extension_params": 64,
            "max_pings": 1024,
            "max_tasks": 1024,
            "high_water_mark": 65536,
        }

    def it_has_the_defaults_of_the_caller_unless_they_are_given(self):
        assert Options.of(None, {}, masking=True).masking is True
        assert Options.of({"masking": False}, {}, masking=True).masking is False
        assert Options.of({"masking": None}, {}, masking=True).masking is True
        assert Options.of({"max_length": 5}, {}, masking=True).masking is True

    def it_takes_options_that_have_been_made(self):
        options = Options.of({"max_length": 5}, {})
        assert Options.of(options, {}) is options

    @pytest.mark.parametrize("name", LIMITS)
    @pytest.mark.parametrize("value", [0, 1, 2**40])
    def it_is_the_number_that_was_given_and_0_is_0(self, name, value):
        assert getattr(Options({name: value}), name) == value

    @pytest.mark.parametrize("name", FLAGS)
    @pytest.mark.parametrize("value", [True, False])
    def it_is_the_flag_that_was_given(self, name, value):
        assert getattr(Options({name: value}), name) is value

    def it_lets_a_keyword_replace_what_the_mapping_has(self):
        assert Options.of({"max_length": 4}, {"maxLength": 5}).max_length == 5
        assert Options.of({"maxLength": 4}, {"max_length": None}).max_length is None

    @pytest.mark.parametrize(("name", "kind"), LIMITS.items())
    @pytest.mark.parametrize("value", [-1, "5", b"5", 1.5, 5.0, True, False, [5], object])
    def it_refuses_a_limit_that_is_no_number(self, make, name, kind, value):
        with pytest.raises(ConfigurationError) as error:
            make({name: value})
        assert str(error.value) == f"Option {name} must be {kind}, 0 or more, not {value!r}"

    @pytest.mark.parametrize("name", FLAGS)
    @pytest.mark.parametrize("value", ["no", "", 0, 1, [], "True"])
    def it_refuses_a_flag_that_is_none(self, make, name, value):
        with pytest.raises(ConfigurationError) as error:
            make(**{name: value})
        assert str(error.value) == f"Option {name} must be True or False, not {value!r}"

    @pytest.mark.parametrize("options", [0, 5, "", "masking", [], [("masking", True)], object()])
    def it_refuses_options_that_are_no_mapping(self, make, options):
        with pytest.raises(TypeError) as error:
            make(options)
        hint = ", such as {'protocols': ['chat']}" if isinstance(options, (str, list)) else ""
        assert str(error.value) == f"Options must be a mapping{hint}, not {type(options).__name__}"

    @pytest.mark.parametrize(
        ("name", "suggestion"),
        [
            ("max_lenght", "max_length"),
            ("maxLenght", "maxLength"),
            ("max_len", "max_length"),
            ("maxlength", "max_length"),
            ("MaxLength", "maxLength"),
            ("protocol", "protocols"),
            ("requiremasking", "require_masking"),
            ("require-masking", "require_masking"),
            ("allow_draft", "allow_drafts"),
            ("max_task", "max_tasks"),
        ],
    )
    def it_suggests_the_name_that_was_meant(self, make, name, suggestion):
        with pytest.raises(ConfigurationError) as error:
            make({name: 5})
        assert str(error.value) == f"Unrecognized option: {name} (did you mean {suggestion}?)"
        assert isinstance(error.value, ValueError)

    @pytest.mark.parametrize("name", ["maxTime", "ssl", "timeout", "", "x", 1])
    def it_suggests_none_if_none_is_close(self, make, name):
        with pytest.raises(ConfigurationError) as error:
            make({name: 5})
        assert str(error.value) == f"Unrecognized option: {name}"

    def it_refuses_an_option_that_is_given_in_two_spellings(self, make):
        with pytest.raises(ConfigurationError) as error:
            make({"max_length": 4, "maxLength": 4})
        assert str(error.value) == "Option max_length is given in two spellings"


class DescribeProtocols:
    @pytest.mark.parametrize(
        ("value", "protocols"),
        [
            ([], ()),
            ((), ()),
            ("", ()),
            (None, ()),
            (["a"], ("a",)),
            (("a", "b"), ("a", "b")),
            ("a", ("a",)),
            ("a, b ,c", ("a", "b", "c")),
            ("v1.chat!#$%&'*+-.^_`|~", ("v1.chat!#$%&'*+-.^_`|~",)),
            (["a", "A"], ("a", "A")),
        ],
    )
    def it_is_a_list_or_a_string_of_them(self, value, protocols):
        assert Options.of({"protocols": value}, {}).protocols == protocols

    @pytest.mark.parametrize(
        ("value", "name"),
        [
            (["a b"], "a b"),
            ([""], ""),
            ([" a"], " a"),
            (["a,b"], "a,b"),
            (["a", "b\r\nX: 1"], "b\r\nX: 1"),
            (["gr\u00fcn"], "gr\u00fcn"),
            ("a b", "a b"),
            ("a,", ""),
            (" ", ""),
            ("a,,b", ""),
        ],
    )
    def it_refuses_a_name_that_is_not_a_token(self, make, value, name):
        with pytest.raises(ConfigurationError) as error:
            make(protocols=value)
        assert str(error.value) == (f"Option protocols must be tokens (RFC 6455 4.1), not {name!r}")

    @pytest.mark.parametrize("value", [["a", "a"], ["a", "b", "a"], "a, a"])
    def it_refuses_a_name_that_is_repeated(self, make, value):
        with pytest.raises(ConfigurationError, match=r"^Option protocols must not repeat 'a'$"):
            make(protocols=value)

    @pytest.mark.parametrize("value", [5, {"a"}, {"a": 1}, [1], [b"a"], [None], b"a", True])
    def it_refuses_anything_else(self, make, value):
        with pytest.raises(ConfigurationError) as error:
            make(protocols=value)
        assert str(error.value) == (
            f"Option protocols must be a list of strings, or one string, not {value!r}"
        )

    def it_takes_time_that_grows_with_their_number_only(self):
        names = [f"p{i}" for i in range(50_000)]
        assert len(Options.of({"protocols": names}, {}).protocols) == 50_000
