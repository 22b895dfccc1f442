import types
from collections import ChainMap, OrderedDict
from collections.abc import Mapping
from email.message import Message
from http.client import HTTPMessage
from types import SimpleNamespace
from urllib.parse import urlsplit
from wsgiref.headers import Headers as WsgiHeaders
from wsgiref.util import setup_testing_defaults

import pytest

import websocket_driver as websocket
from spec.support import Collector, record
from websocket_driver import Request
from websocket_driver.header_map import HeaderMap
from websocket_driver.url import parse_url

HANDSHAKE = {
    "Host": "example.com",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


class Headers(Mapping[str, str]):
    """A mapping that somebody else wrote: one name in any case, and an order of its own."""

    def __init__(self, pairs):
        self._pairs = pairs

    def __getitem__(self, name):
        return next(value for key, value in self._pairs if key.lower() == name.lower())

    def __iter__(self):
        return iter(dict(self._pairs))

    def __len__(self):
        return len(self._pairs)


def message(kind, pairs):
    headers = kind()
    for name, value in pairs:
        headers[name] = value
    return headers


def environ(**more):
    result = dict(more)
    setup_testing_defaults(result)
    return result


class DescribeRequest:
    def it_has_a_method_a_url_and_headers(self):
        request = Request("GET", "/chat?room=1", {"Host": "example.com"})
        assert request.method == "GET"
        assert request.url == "/chat?room=1"
        assert request.headers == {"host": "example.com"}
        assert request.secure is False

    def it_can_say_that_it_came_over_tls(self):
        request = Request("GET", "/", HANDSHAKE, secure=True)
        assert request.secure is True
        assert websocket.is_secure_request(request) is True
        assert websocket.http(request).url == "wss://example.com/"

    class DescribeHeaders:
        PAIRS = (("Host", "example.com"), ("X-Some-HEADER", "Value"))

        @pytest.mark.parametrize(
            "headers",
            [
                dict(PAIRS),
                OrderedDict(PAIRS),
                types.MappingProxyType(dict(PAIRS)),
                ChainMap({"Host": "example.com"}, {"X-Some-HEADER": "Value"}),
                Headers(PAIRS),
                WsgiHeaders(list(PAIRS)),
                message(HTTPMessage, PAIRS),
                message(Message, PAIRS),
                {"HOST": "example.com", "x-some-header": "Value"},
            ],
            ids=lambda headers: type(headers).__name__,
        )
        def it_takes_any_mapping(self, headers):
            request = Request("GET", "/", headers)
            assert request.headers == {"host": "example.com", "x-some-header": "Value"}

        def it_takes_the_multidicts_of_other_libraries(self):
            multidict = pytest.importorskip("multidict")
            headers = multidict.CIMultiDict(self.PAIRS)
            headers.add("x-some-header", "other")
            expected = {"host": "example.com", "x-some-header": "Value, other"}
            assert Request("GET", "/", headers).headers == expected
            assert Request("GET", "/", multidict.CIMultiDictProxy(headers)).headers == expected

        @pytest.mark.parametrize("kind", [HTTPMessage, Message])
        def it_joins_the_values_of_a_name_that_comes_more_than_once(self, kind):
            headers = message(kind, [("A", "1"), ("B", "2"), ("a", "3"), ("A", "4")])
            assert Request("GET", "/", headers).headers == {"a": "1, 3, 4", "b": "2"}

        def it_joins_the_values_of_names_that_differ_in_case(self):
            assert Request("GET", "/", {"A": "1", "a": "2"}).headers == {"a": "1, 2"}

        @pytest.mark.parametrize("values", [["1", "2"], ("1", "2")])
        def it_joins_a_list_of_values(self, values):
            # As Node's own server has set-cookie.
            assert Request("GET", "/", {"A": values}).headers == {"a": "1, 2"}

        def it_takes_none_for_not_there(self):
            assert Request("GET", "/", {"A": None, "B": ""}).headers == {"b": ""}

        def it_does_not_change_what_it_was_given(self):
            headers = {"Host": "example.com", "A": ["1", "2"]}
            request = Request("GET", "/", headers)
            request.headers["host"] = "other"
            assert headers == {"Host": "example.com", "A": ["1", "2"]}

        @pytest.mark.parametrize(
            "headers", [None, 42, "Host: example.com", [("Host", "example.com")], object()]
        )
        def it_raises_for_what_is_no_mapping(self, headers):
            with pytest.raises(TypeError) as raised:
                Request("GET", "/", headers)
            assert str(raised.value) == (
                f"Request headers must be a mapping, not {type(headers).__name__}"
            )

        @pytest.mark.parametrize(
            "headers", [{b"Host": b"example.com"}, {"Host": b"a"}, {"A": 1}, {1: "a"}, {"A": [1]}]
        )
        def it_raises_for_what_is_no_text(self, headers):
            with pytest.raises(TypeError):
                Request("GET", "/", headers)

    class DescribeOf:
        def it_is_the_request_itself_if_it_is_one(self):
            request = Request("GET", "/", {})
            assert Request.of(request) is request

        def it_is_made_of_any_object_with_the_three(self):
            request = Request.of(
                SimpleNamespace(method="GET", url="/chat", headers={"HOST": "example.com"})
            )
            assert (request.method, request.url) == ("GET", "/chat")
            assert request.headers == {"host": "example.com"}

        def it_is_made_of_a_driver_that_has_no_request_yet(self):
            request = Request.of(websocket.server())
            assert (request.method, request.url, request.headers) == ("", "", {})

        @pytest.mark.parametrize(
            ("version", "expected"),
            [
                ({}, "1.1"),
                ({"http_version": "1.0"}, "1.0"),
                ({"httpVersion": "1.0"}, "1.0"),
                ({"http_version": 11}, "1.1"),
            ],
        )
        def it_has_the_version_of_the_object(self, version, expected):
            request = SimpleNamespace(method="GET", url="/", headers={}, **version)
            assert Request.of(request).http_version == expected

        @pytest.mark.parametrize(
            ("value", "described"),
            [
                (None, "NoneType"),
                ("GET / HTTP/1.1\r\n\r\n", "str"),
                (b"GET /", "bytes"),
                (42, "int"),
                ({"method": "GET", "url": "/", "headers": {}}, "dict"),
                ({}, "dict"),
                (environ(), "a WSGI environment"),
                (object(), "object"),
                (SimpleNamespace(), "SimpleNamespace"),
                (SimpleNamespace(method="GET"), "SimpleNamespace without url and headers"),
                (SimpleNamespace(method="GET", url="/"), "SimpleNamespace without headers"),
            ],
        )
        def it_raises_for_anything_else_and_says_what_is_accepted(self, value, described):
            for use in (
                Request.of,
                websocket.http,
                websocket.is_websocket,
                websocket.is_secure_request,
            ):
                with pytest.raises(TypeError) as raised:
                    use(value)
                assert str(raised.value) == (
                    "A request must be an object with method, url and headers "
                    "(websocket_driver.Request(method, url, headers) makes one, "
                    "Request.from_wsgi(environ) makes one from a WSGI environment), "
                    f"not {described}"
                )

        @pytest.mark.parametrize("method", [b"GET", 1, ["GET"]])
        def it_raises_for_a_method_that_is_not_a_string(self, method):
            with pytest.raises(TypeError, match=r"^Request method must be a string, not "):
                Request.of(SimpleNamespace(method=method, url="/", headers={}))

        @pytest.mark.parametrize("url", [b"/", 1, ["/"], object()])
        def it_raises_for_a_url_that_is_none(self, url):
            with pytest.raises(TypeError, match=r"^Request URL must be a string or a URL object"):
                Request.of(SimpleNamespace(method="GET", url=url, headers={}))

    class DescribeTheUrl:
        @pytest.mark.parametrize(
            ("url", "reduced"),
            [
                ("", ""),
                ("/", "/"),
                ("/chat?room=1", "/chat?room=1"),
                ("//evil.example/", "//evil.example/"),
                ("http://example.com/chat?room=1", "/chat?room=1"),
                ("HTTPS://Example.COM/", "/"),
                ("ws://example.com", "/"),
                ("wss://example.com?room=1", "/?room=1"),
                ("http://example.com:80/chat", "/chat"),
                ("https://example.com:443/chat", "/chat"),
                ("http://example.com/a#b", "/a"),
                ("http://example.com/http://other/", "/http://other/"),
            ],
        )
        @pytest.mark.parametrize("host", ["example.com", "EXAMPLE.com"])
        def it_is_reduced_to_path_and_query(self, url, reduced, host):
            request = Request("GET", url, {"Host": host})
            assert (request.url, request.problem, request.malformed) == (reduced, None, False)
            parsed = Request.parsed("GET", url or "/", HeaderMap({"host": host}))
            assert (parsed.url, parsed.problem) == (reduced or "/", None)

        @pytest.mark.parametrize(
            ("url", "host"),
            [
                ("http://evil.example/", "example.com"),
                ("http://example.com:8080/", "example.com"),
                ("http://example.com/", "example.com:8080"),
                ("http://example.com:80/", "example.com:443"),
                ("https://example.com:80/", "example.com"),
                ("http://user@example.com/", "example.com"),
                ("http://example.com/", ""),
                ("http:///", ""),
            ],
        )
        def it_is_refused_if_it_is_of_another_host(self, url, host):
            for request in (
                Request("GET", url, {"Host": host} if host else {}),
                Request.parsed("GET", url, HeaderMap({"host": host} if host else {})),
            ):
                assert request.problem == "Request target does not match the Host header"
                assert request.malformed is True

        @pytest.mark.parametrize(
            "url", ["*", "a:80", "chat", "@evil.example/", "?a", "ftp://a/", "http:/a", " /"]
        )
        def it_is_refused_if_it_is_not_a_path(self, url):
            for request in (
                Request("GET", url, {"Host": "a"}),
                Request.parsed("GET", url, HeaderMap({"host": "a"})),
            ):
                assert (request.url, request.problem) == (url, "Invalid request target")

        def it_may_be_the_url_object_of_another_library(self):
            yarl = pytest.importorskip("yarl")
            for url in (
                yarl.URL("http://example.com/chat?a=b#c"),
                yarl.URL("/chat?a=b"),
                urlsplit("http://example.com/chat?a=b"),
                urlsplit("/chat?a=b"),
                parse_url("ws://example.com/chat?a=b"),
            ):
                request = SimpleNamespace(method="GET", url=url, headers={"Host": "example.com"})
                assert websocket.http(request).url == "ws://example.com/chat?a=b"

    class DescribeMalformed:
        @pytest.mark.parametrize(
            "value", ["a\r\nb", "a\nb", "a\rb", "a\0", "\r", "\udc80", "\ud800"]
        )
        def it_is_with_a_line_break_or_nul_or_a_surrogate(self, value):
            for request in (
                Request("GET", "/", {"A": value}),
                Request("GET", "/", {"A": ["1", value]}),
                Request("GET", "/" + value, {}),
            ):
                assert request.malformed is True
                assert request.problem == "Invalid character in request header"

        @pytest.mark.parametrize("host", ["a/b", "a, b", "a b", "a?b"])
        def it_is_with_a_host_that_is_none(self, host):
            assert Request("GET", "/", {"Host": host}).malformed is True

        @pytest.mark.parametrize("value", ["", "a b", "\t", "\u00e4\u20ac", "\x85", "\u2028"])
        def it_is_not_with_other_text(self, value):
            assert Request("GET", "/", {"A": value}).malformed is False
            assert Request("GET", "/" + value, {}).malformed is False

    class DescribeIsSecure:
        @pytest.mark.parametrize(
            "headers",
            [
                {"X-Forwarded-Proto": "https"},
                {"X-Forwarded-Proto": "HTTPS"},
                {"X-Forwarded-Proto": "wss"},
                {"X-Forwarded-Proto": "https, http"},
                {"X-Forwarded-Proto": " Https\t,http"},
                {"X-Forwarded-Proto": ["wss", "http"]},
                {"X-Forwarded-Scheme": "WSS"},
                {"X-Forwarded-Scheme": "https,http"},
                {"Forwarded": "proto=https"},
                {"Forwarded": "for=192.0.2.60;proto=https;by=203.0.113.43"},
                {"Forwarded": 'for="[2001:db8::1]:4711"; Proto="HTTPS"'},
                {"Forwarded": 'for="a,b;c";proto="w\\ss"'},
                {"Forwarded": "for=192.0.2.60:443;proto=wss, for=10.0.0.1;proto=http"},
                {"Forwarded": ["for=a;proto=https", "proto=http"]},
                {"Forwarded": ";;proto=https"},
                {"X-Forwarded-SSL": "on"},
                {"X-Forwarded-Ssl": "ON"},
                {"HTTPS": "on"},
            ],
        )
        def it_is_true_if_a_proxy_says_so(self, headers):
            assert websocket.is_secure_request(Request("GET", "/", headers)) is True
            request = SimpleNamespace(method="GET", url="/", headers=headers)
            assert websocket.is_secure_request(request) is True

        @pytest.mark.parametrize(
            "wire",
            [
                SimpleNamespace(authorized=False),
                SimpleNamespace(secure=True),
                SimpleNamespace(getpeercert=lambda: None),
            ],
        )
        @pytest.mark.parametrize("name", ["connection", "socket"])
        def it_is_true_if_it_came_over_a_tls_socket(self, name, wire):
            request = SimpleNamespace(method="GET", url="/", headers={}, **{name: wire})
            assert websocket.is_secure_request(request) is True
            setattr(request, name, SimpleNamespace(authorized=None, secure=False))
            assert websocket.is_secure_request(request) is False

        def it_is_true_if_the_request_says_so(self):
            request = SimpleNamespace(method="GET", url="/", headers={}, secure=True)
            assert websocket.is_secure_request(request) is True

        @pytest.mark.parametrize(
            "headers",
            [
                {},
                {"X-Forwarded-Proto": "http"},
                {"X-Forwarded-Proto": "http, https"},
                {"X-Forwarded-Proto": "httpsx"},
                {"X-Forwarded-Proto": ""},
                {"X-Forwarded-Proto": ",https"},
                {"X-Forwarded-Scheme": "ws"},
                {"Forwarded": "proto=http"},
                {"Forwarded": "for=a, proto=https"},
                {"Forwarded": "for=a;proto=http;x=https"},
                {"Forwarded": 'for="proto=https'},
                {"Forwarded": ""},
                {"Forwarded": "https"},
                {"X-Forwarded-SSL": "off"},
                {"HTTPS": "https"},
            ],
        )
        def it_is_false_if_none_does(self, headers):
            assert websocket.is_secure_request(Request("GET", "/", headers)) is False

    class DescribeIsWebsocket:
        @pytest.mark.parametrize(
            ("method", "connection", "upgrade", "expected"),
            [
                ("GET", "Upgrade", "websocket", True),
                ("GET", "upgrade", "WebSocket", True),
                ("GET", "keep-alive, Upgrade", "websocket", True),
                ("GET", "keep-alive,Upgrade", "websocket", True),
                ("GET", "upgrade ,x", "websocket", True),
                ("GET", ["keep-alive", "Upgrade"], "websocket", True),
                ("GET", "close", "websocket", False),
                ("GET", "x-upgrade", "websocket", False),
                ("GET", "", "websocket", False),
                ("GET", None, "websocket", False),
                ("GET", "Upgrade", "h2c", False),
                ("GET", "Upgrade", "", False),
                ("GET", "Upgrade", None, False),
                ("POST", "Upgrade", "websocket", False),
                ("get", "Upgrade", "websocket", False),
            ],
        )
        def it_is_a_get_request_that_asks_for_the_upgrade(
            self, method, connection, upgrade, expected
        ):
            headers = {"CONNECTION": connection, "upGrade": upgrade}
            assert websocket.is_websocket(Request(method, "/", headers)) is expected
            assert (
                websocket.is_websocket(SimpleNamespace(method=method, url="/", headers=headers))
                is expected
            )

        def it_is_not_a_driver_that_has_no_request_yet(self):
            assert websocket.is_websocket(websocket.server()) is False


class DescribeFromWsgi:
    def it_is_the_request_of_an_environment(self):
        request = Request.from_wsgi(
            {
                "REQUEST_METHOD": "GET",
                "SCRIPT_NAME": "/app",
                "PATH_INFO": "/chat",
                "QUERY_STRING": "room=1&name=%20",
                "SERVER_NAME": "internal",
                "HTTP_HOST": "example.com",
                "HTTP_SEC_WEBSOCKET_KEY": "abc",
                "CONTENT_TYPE": "text/plain",
                "CONTENT_LENGTH": "0",
                "wsgi.url_scheme": "http",
                "wsgi.input": object(),
                "HTTPS": "off",
            }
        )
        assert request.method == "GET"
        assert request.url == "/app/chat?room=1&name=%20"
        assert request.headers == {
            "host": "example.com",
            "sec-websocket-key": "abc",
            "content-type": "text/plain",
            "content-length": "0",
        }
        assert request.secure is False

    def it_is_that_of_the_standard_librarys_server(self):
        request = Request.from_wsgi(environ())
        assert (request.method, request.url) == ("GET", "/")
        assert request.headers == {"host": "127.0.0.1"}

    @pytest.mark.parametrize(
        ("script", "path", "query", "url"),
        [
            ("", "/", "", "/"),
            ("", "", "", ""),
            ("/a", "", "", "/a"),
            ("/a", "/", "b", "/a/?b"),
            ("", "/a b", "", "/a%20b"),
            ("", "/a;b=c,d", "", "/a;b=c,d"),
            ("", "/a?b#c%", "", "/a%3Fb%23c%25"),
            # PEP 3333: the bytes of the path, decoded as Latin-1.
            ("", "/\u00c3\u00a4", "", "/%C3%A4"),
            ("", "/\r\n", "", "/%0D%0A"),
            ("", "/", "a=%C3%A4&b=c?d/e", "/?a=%C3%A4&b=c?d/e"),
        ],
    )
    def it_has_the_path_percent_encoded_again(self, script, path, query, url):
        request = Request.from_wsgi(environ(SCRIPT_NAME=script, PATH_INFO=path, QUERY_STRING=query))
        assert request.url == url
        assert request.malformed is False

    @pytest.mark.parametrize(
        ("scheme", "secure"), [("https", True), ("http", False), (None, False)]
    )
    def it_says_whether_it_came_over_tls(self, scheme, secure):
        request = Request.from_wsgi(environ() | {"wsgi.url_scheme": scheme})
        assert request.secure is secure
        assert websocket.is_secure_request(request) is secure

    def it_needs_not_much_of_an_environment(self):
        request = Request.from_wsgi({"REQUEST_METHOD": "GET"})
        assert (request.method, request.url, request.headers) == ("GET", "", {})

    @pytest.mark.parametrize("environ", [None, {}, [], "GET", {"PATH_INFO": "/"}])
    def it_refuses_anything_else(self, environ):
        with pytest.raises(TypeError) as error:
            Request.from_wsgi(environ)
        assert str(error.value) == (
            f"A WSGI environment must be a mapping with REQUEST_METHOD, not {environ!r}"
        )

    def it_leaves_out_a_content_type_and_a_length_that_are_empty(self):
        request = Request.from_wsgi(environ(CONTENT_TYPE="", CONTENT_LENGTH=""))
        assert request.headers == {"host": "127.0.0.1"}

    def it_is_one_that_a_driver_can_answer(self):
        headers = {
            "HTTP_" + name.upper().replace("-", "_"): value for name, value in HANDSHAKE.items()
        }
        driver = websocket.http(
            Request.from_wsgi(environ(PATH_INFO="/chat", **headers) | {"wsgi.url_scheme": "https"})
        )
        wire, events = Collector(), record(driver)
        driver.io.pipe(wire)

        assert driver.url == "wss://example.com/chat"
        assert driver.start() is True
        assert events == [("open",)]
        assert wire.bytes == (
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            b"\r\n"
        )
