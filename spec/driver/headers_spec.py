from __future__ import annotations

import pytest

from websocket_driver import ConfigurationError
from websocket_driver.driver.client import Client
from websocket_driver.driver.headers import Headers


class DescribeHeaders:
    @pytest.fixture
    def headers(self):
        return Headers()

    def it_is_empty_at_first(self, headers):
        assert str(headers) == ""

    def it_keeps_the_order_and_the_case_of_names(self, headers):
        headers.set("Upgrade", "websocket")
        headers.set("x-color", "red")
        headers.set("Connection", "Upgrade")
        assert str(headers) == "Upgrade: websocket\r\nx-color: red\r\nConnection: Upgrade\r\n"

    def it_keeps_the_first_value_of_a_name(self, headers):
        headers.set("X-Color", "red")
        headers.set("x-color", "blue")
        assert str(headers) == "X-Color: red\r\n"

    @pytest.mark.parametrize("name", ["Set-Cookie", "set-cookie2", "WARNING", "WWW-Authenticate"])
    def it_lets_some_names_be_repeated(self, headers, name):
        headers.set(name, "one")
        headers.set(name.lower(), "two")
        assert str(headers) == f"{name}: one\r\n{name.lower()}: two\r\n"

    def it_ignores_a_value_that_is_none(self, headers):
        headers.set("X-Color", None)
        headers.set("X-Color", "red")
        assert str(headers) == "X-Color: red\r\n"

    def it_strips_spaces(self, headers):
        headers.set("  X-Color ", "  light red  ")
        assert str(headers) == "X-Color: light red\r\n"

    def it_keeps_an_empty_value(self, headers):
        headers.set("X-Color", "")
        assert str(headers) == "X-Color: \r\n"

    @pytest.mark.parametrize(("value", "text"), [(57, "57"), (10.0, "10"), (0.5, "0.5"), (0, "0")])
    def it_writes_numbers_in_decimal(self, headers, value, text):
        headers.set("X-Size", value)
        assert str(headers) == f"X-Size: {text}\r\n"

    def it_takes_text_in_any_language(self, headers):
        headers.set("X-Color", "grün")
        assert str(headers) == "X-Color: grün\r\n"

    def it_forgets_all_when_it_is_cleared(self, headers):
        headers.set("X-Color", "red")
        headers.clear()
        assert str(headers) == ""
        headers.set("X-Color", "blue")
        assert str(headers) == "X-Color: blue\r\n"

    @pytest.mark.parametrize(
        "name", ["", " ", "X Color", "X-Color:", "X\r\nY", "X\0", "grün", "a,b"]
    )
    def it_refuses_a_name_that_is_no_token(self, headers, name):
        with pytest.raises(ConfigurationError) as error:
            headers.set(name, "red")
        assert str(error.value) == f"Header name must be a token, not {name.strip(' ')!r}"
        assert str(headers) == ""

    @pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\r\nX-Evil: 1", "a\0b", "a\r\n", "\ud800"])
    def it_refuses_a_value_that_is_not_one_line(self, headers, value):
        with pytest.raises(ConfigurationError) as error:
            headers.set("X-Color", value)
        assert str(error.value) == f"Header value must be one line without NUL, not {value!r}"
        assert str(headers) == ""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            (b"X-Color", "red"),
            ("X-Color", b"red"),
            ("X-Color", ["red"]),
            ("X-Color", True),
            (4, "a"),
        ],
    )
    def it_refuses_what_is_no_text(self, headers, name, value):
        with pytest.raises(TypeError) as error:
            headers.set(name, value)
        assert str(error.value) == f"Header name and value must be text: {name!r}: {value!r}"
        assert str(headers) == ""

    @pytest.mark.parametrize("bad", [("X Color", "red"), ("X-Color", "a\r\nb"), ("X-Color", b"a")])
    def it_is_what_set_header_of_drivers_and_proxies_goes_by(self, bad):
        driver = Client("ws://www.example.com/")
        for target in (driver, driver.proxy("http://proxy.example.com")):
            with pytest.raises((ConfigurationError, TypeError), match=r"^Header "):
                target.set_header(*bad)
