from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver import ConfigurationError, ProtocolError
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

    def it_says_whether_a_line_will_be_sent(self, headers):
        assert headers.set("X-Color", None) is False
        assert headers.set("X-Color", "red") is True
        assert headers.set("x-color", "red") is False
        assert headers.set("Set-Cookie", "a") is True
        assert headers.set("Set-Cookie", "a") is True
        assert ("X-COLOR" in headers, "X-Other" in headers) == (True, False)

    def it_ignores_a_value_that_is_none(self, headers):
        headers.set("X-Color", None)
        headers.set("X-Color", "red")
        assert str(headers) == "X-Color: red\r\n"

    def it_strips_spaces(self, headers):
        headers.set("  X-Color ", "  light red  ")
        headers.set("X-Size", " XXL X ")
        assert str(headers) == "X-Color: light red\r\nX-Size: XXL X\r\n"

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
        "name",
        ["", " ", "X Color", "X-Color:", "X\r\nY", "X\0", "grün", "a,b", "\tX-Color", "X-Color\n"],
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
        "name", ["Authorization", "proxy-authorization", "COOKIE", "Set-Cookie", "Set-Cookie2"]
    )
    def it_does_not_show_a_secret_value(self, headers, name):
        with pytest.raises(ConfigurationError) as error:
            headers.set(name, "Bearer secret\n")
        assert str(error.value) == f"Header value must be one line without NUL, not that of {name}"
        assert str(headers) == ""

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            (b"X-Color", "red", "Header name must be text, not bytes"),
            (4, "a", "Header name must be text, not int"),
            ("X-Color", b"red", "Value of header X-Color must be text or a number, not bytes"),
            ("X-Color", ["red"], "Value of header X-Color must be text or a number, not list"),
            ("X-Color", True, "Value of header X-Color must be text or a number, not bool"),
        ],
    )
    def it_refuses_what_is_no_text(self, headers, name, value, message):
        with pytest.raises(TypeError) as error:
            headers.set(name, value)
        assert str(error.value) == message
        assert str(headers) == ""

    class DescribeReplace:
        def it_takes_the_place_of_the_line_of_that_name(self, headers):
            headers.set("Host", "a")
            headers.set("X-Color", "red")
            assert headers.replace("HOST", "b") is True
            assert headers.replace("X-Size", 5) is True
            assert headers.replace("X-Color", None) is False
            assert str(headers) == "HOST: b\r\nX-Color: red\r\nX-Size: 5\r\n"

        @pytest.mark.parametrize("bad", [("X Color", "a"), ("X", "a\r\nb"), ("X", b"a")])
        def it_refuses_what_set_refuses(self, headers, bad):
            with pytest.raises((ConfigurationError, TypeError)):
                headers.replace(*bad)
            assert str(headers) == ""

    class DescribeEncode:
        def it_is_utf_8(self, headers):
            headers.set("X-Color", "gr\u00fcn\u20ac")
            assert headers.encode() == "X-Color: gr\u00fcn\u20ac\r\n".encode()

    class DescribeEcho:
        @given(st.binary(max_size=40).map(lambda b: b.translate(None, b"\r\n\0")))
        def it_sends_the_bytes_that_came(self, value):
            headers = Headers()
            headers.set("X-Color", "gr\u00fcn")
            headers.echo("Origin", value.decode("latin-1"))
            assert headers.encode() == (
                "X-Color: gr\u00fcn\r\n".encode() + b"Origin: " + value + b"\r\n"
            )

        def it_ignores_a_value_that_is_none_and_a_second_one(self, headers):
            headers.echo("Origin", None)
            assert headers.encode() == b""
            headers.echo("Origin", "a")
            headers.echo("ORIGIN", "b")
            assert headers.set("origin", "c") is False
            headers.echo("X-Color", "red")
            assert headers.encode() == b"Origin: a\r\nX-Color: red\r\n"

        def it_sends_any_byte_but_those_that_end_a_line(self, headers):
            value = bytes({*range(256)} - {*b"\r\n\0"})
            headers.echo("Origin", value.decode("latin-1"))
            assert headers.encode() == b"Origin: " + value + b"\r\n"

        @pytest.mark.parametrize(
            "value", ["\u0100", "\u20ac", "a\U0001f600", "a\rb", "a\nb", "\0", "\ud800"]
        )
        def it_refuses_a_value_that_did_not_come_over_the_wire(self, headers, value):
            with pytest.raises(ProtocolError, match=r"^Invalid character in request header$"):
                headers.echo("Origin", value)
            assert headers.encode() == b""

    @pytest.mark.parametrize("bad", [("X Color", "red"), ("X-Color", "a\r\nb"), ("X-Color", b"a")])
    def it_is_what_set_header_of_drivers_and_proxies_goes_by(self, bad):
        driver = Client("ws://www.example.com/")
        for target in (driver, driver.proxy("http://proxy.example.com")):
            with pytest.raises((ConfigurationError, TypeError), match=r"[Hh]eader "):
                target.set_header(*bad)
