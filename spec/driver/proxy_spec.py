from base64 import b64encode
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

import websocket_driver as websocket
from spec.support import Collector, one_by_one, record
from websocket_driver import ConfigurationError, ConnectEvent, ProtocolError
from websocket_driver.driver.client import Client
from websocket_driver.driver.proxy import Proxy
from websocket_driver.streams import Stream

EVENTS = ("data", "connect", "error", "close", "end", "drain")

OK = b"HTTP/1.1 200 OK\r\nVia: proxy\r\n\r\n"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nX-Why: a\r\nx-why: b\r\nContent-Length: 2\r\n\r\nno"

CONNECTED = [("connect",), ("close",), ("end",)]
REFUSED = [
    ("error", "Can't establish a connection to the server at ws://example.com/chat"),
    ("close",),
    ("end",),
]


@pytest.fixture
def client():
    return websocket.client("ws://example.com/chat")


@pytest.fixture
def proxy(client):
    return client.proxy("http://proxy.example.com:3128")


@pytest.fixture
def events(proxy):
    return record(proxy, *EVENTS)


def connect_request(url, origin="http://proxy.example.com"):
    """The request to the proxy at `origin` for a connection to `url`."""
    wire = Collector()
    proxy = websocket.client(url).proxy(origin)
    proxy.pipe(wire)
    assert proxy.start() is True
    return wire.bytes


class DescribeProxy:
    def it_is_a_stream(self, proxy):
        assert isinstance(proxy, Proxy)
        assert isinstance(proxy, Stream)
        assert (proxy.readable, proxy.writable) == (True, True)
        assert (proxy.status_code, proxy.headers) == (None, None)

    class DescribeStart:
        @pytest.mark.parametrize(
            ("url", "target"),
            [
                ("ws://example.com/chat?a=b#c", "example.com:80"),
                ("wss://example.com/chat", "example.com:443"),
                ("ws://example.com:80/", "example.com:80"),
                ("wss://example.com:80/", "example.com:80"),
                ("ws://EXAMPLE.com:8080/", "example.com:8080"),
                ("ws://[::1]/", "[::1]:80"),
                ("wss://[2001:DB8::1]:99/", "[2001:db8::1]:99"),
                ("ws://b\u00fccher.example", "xn--bcher-kva.example:80"),
                ("ws://user:secret@example.com/", "example.com:80"),
            ],
        )
        def it_asks_for_a_connection_to_where_the_client_goes(self, url, target):
            assert (
                connect_request(url)
                == (
                    f"CONNECT {target} HTTP/1.1\r\n"
                    f"Host: {target}\r\n"
                    "Connection: keep-alive\r\n"
                    "Proxy-Connection: keep-alive\r\n"
                    "\r\n"
                ).encode()
            )

        @pytest.mark.parametrize(
            ("userinfo", "authorization"),
            [
                ("user:pass", "Basic dXNlcjpwYXNz"),
                # "us er:p@ss", percent-decoded
                ("us%20er:p%40ss", "Basic dXMgZXI6cEBzcw=="),
                # in UTF-8
                ("\u00fc:\u00f6", "Basic w7w6w7Y="),
            ],
        )
        def it_sends_the_credentials_of_the_proxy_url(self, userinfo, authorization):
            request = connect_request("ws://example.com/", f"https://{userinfo}@proxy.example.com")
            assert (
                request
                == (
                    "CONNECT example.com:80 HTTP/1.1\r\n"
                    "Host: example.com:80\r\n"
                    "Connection: keep-alive\r\n"
                    "Proxy-Connection: keep-alive\r\n"
                    f"Proxy-Authorization: {authorization}\r\n"
                    "\r\n"
                ).encode()
            )

        @pytest.mark.parametrize("userinfo", [":@", "@", ""])
        def it_sends_no_credentials_if_there_are_none(self, userinfo):
            request = connect_request("ws://example.com/", f"http://{userinfo}proxy.example.com")
            assert b"Authorization" not in request

        @pytest.mark.parametrize(
            ("userinfo", "credentials"),
            [("token@", b"token:"), ("token:@", b"token:"), (":p@", b":p")],
        )
        def it_sends_credentials_without_a_password_or_a_user_name(self, userinfo, credentials):
            request = connect_request("ws://example.com/", f"http://{userinfo}proxy.example.com")
            expected = b"\r\nProxy-Authorization: Basic " + b64encode(credentials) + b"\r\n"
            assert expected in request

        def it_sends_the_request_once(self, proxy, events):
            assert proxy.start() is True
            assert proxy.start() is False
            assert [name for name, *_ in events] == ["data"]

        def it_does_not_start_the_client(self, client, proxy):
            proxy.start()
            proxy.write(OK)
            assert client.get_state() is None

    class DescribeSetHeader:
        def it_adds_a_header(self, proxy, events):
            assert proxy.set_header("User-Agent", "Chrome") is True
            assert proxy.set_header("X-Count", 10.0) is True
            proxy.start()
            assert events == [
                (
                    "data",
                    b"CONNECT example.com:80 HTTP/1.1\r\n"
                    b"Host: example.com:80\r\n"
                    b"Connection: keep-alive\r\n"
                    b"Proxy-Connection: keep-alive\r\n"
                    b"User-Agent: Chrome\r\n"
                    b"X-Count: 10\r\n"
                    b"\r\n",
                )
            ]

        def it_does_not_replace_one_that_is_set_already(self, proxy, events):
            assert proxy.set_header("Proxy-Connection", "other") is False
            proxy.start()
            assert b"other" not in events[0][1]

        @pytest.mark.parametrize("name", ["Host", "host"])
        def it_replaces_the_host_once(self, proxy, events, name):
            assert proxy.set_header(name, "other") is True
            assert proxy.set_header(name, "another") is False
            proxy.start()
            assert events[0][1] == (
                b"CONNECT example.com:80 HTTP/1.1\r\n" + name.encode() + b": other\r\n"
                b"Connection: keep-alive\r\nProxy-Connection: keep-alive\r\n\r\n"
            )

        def it_replaces_the_credentials_of_the_url(self):
            wire = Collector()
            proxy = websocket.client("ws://example.com/").proxy("http://user:pass@proxy.example")
            proxy.pipe(wire)
            assert proxy.set_header("Proxy-Authorization", "Bearer x") is True
            proxy.start()
            assert b"\r\nProxy-Authorization: Bearer x\r\n\r\n" in wire.bytes
            assert b"Basic" not in wire.bytes

        @pytest.mark.parametrize("status", [200, 201, 204, 299])
        def it_connects_with_any_2xx(self, proxy, events, status):
            proxy.start()
            events.clear()
            proxy.write(f"HTTP/1.1 {status} Hm\r\n\r\n".encode())
            assert events == [("connect",), ("close",), ("end",)]
            assert proxy.status_code == status

        def it_does_nothing_once_the_request_is_sent(self, proxy, events):
            proxy.start()
            assert proxy.set_header("User-Agent", "Chrome") is False
            assert proxy.setHeader("User-Agent", "Chrome") is False
            assert len(events) == 1

        @pytest.mark.parametrize(
            ("name", "value"), [("X", "a\r\nY: b"), ("X\r\n", "a"), ("X", "a\0"), ("a b", "c")]
        )
        def it_raises_for_what_would_break_the_request(self, proxy, name, value):
            with pytest.raises(ConfigurationError):
                proxy.set_header(name, value)

    @pytest.mark.parametrize("cut", [lambda data: [data], one_by_one], ids=["whole", "bytewise"])
    class DescribeTheAnswer:
        def it_is_a_connection_if_it_is_200(self, proxy, events, cut):
            assert [proxy.write(chunk) for chunk in cut(OK)] == [True] * len(cut(OK))
            assert events == CONNECTED
            assert proxy.status_code == 200
            assert proxy.headers == {"via": "proxy"}
            assert (proxy.readable, proxy.writable) == (False, False)

        def it_may_be_of_http_1_0(self, proxy, events, cut):
            for chunk in cut(b"HTTP/1.0 200 Connection established\r\n\r\n"):
                proxy.write(chunk)
            assert events == CONNECTED

        def it_may_follow_interim_answers(self, proxy, events, cut):
            for chunk in cut(b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 103 Hm\r\n\r\n" + OK):
                proxy.write(chunk)
            assert events == CONNECTED
            assert (proxy.status_code, proxy.headers) == (200, {"via": "proxy"})

        def it_is_an_error_if_it_is_anything_else(self, proxy, events, cut):
            for chunk in cut(FORBIDDEN):
                proxy.write(chunk)
            assert events == REFUSED
            assert proxy.status_code == 403
            assert proxy.headers == {"x-why": "a, b", "content-length": "2"}

        @pytest.mark.parametrize("status", [101, 301, 407, 502, 999])
        def it_is_an_error_with_any_other_code(self, proxy, events, cut, status):
            for chunk in cut(f"HTTP/1.1 {status} Hm\r\n\r\n".encode()):
                proxy.write(chunk)
            assert events == REFUSED
            assert (proxy.status_code, proxy.headers) == (status, {})

        @pytest.mark.parametrize(
            "answer",
            [
                b"SSH-2.0-OpenSSH\r\n",
                b"HTTP/1.1 2000 OK\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n",
                b"\x15\x03\x01\x00\x02\n",
            ],
        )
        def it_is_an_error_if_it_is_no_http(self, proxy, events, cut, answer):
            for chunk in cut(answer):
                proxy.write(chunk)
            assert events == REFUSED

        def it_may_have_a_head_of_64_kib(self, proxy, events, cut):
            head = b"HTTP/1.1 200 OK\r\nX: %b\r\n\r\n"
            for chunk in cut(head % (b"x" * (65_536 - len(head) + 2))):
                proxy.write(chunk)
            assert events == CONNECTED

        def it_is_an_error_if_its_head_is_longer(self, proxy, events, cut):
            head = b"HTTP/1.1 200 OK\r\nX: %b\r\n\r\n"
            for chunk in cut(head % (b"x" * (65_537 - len(head) + 2))):
                proxy.write(chunk)
            assert events == REFUSED

        def it_is_read_once(self, proxy, events, cut):
            results = [proxy.write(chunk) for chunk in cut(OK) + cut(OK) + cut(FORBIDDEN)]
            assert events == CONNECTED
            assert results == [True] * len(cut(OK)) + [False] * len(cut(OK) + cut(FORBIDDEN))
            assert proxy.status_code == 200

    class DescribeTheErrorText:
        @pytest.mark.parametrize(
            ("url", "href"),
            [
                ("ws://Example.com:80", "ws://example.com/"),
                ("wss://example.com:80/a/../b?c d#e", "wss://example.com:80/b?c%20d#e"),
                ("ws://u:p@[::1]/", "ws://[::1]/"),
            ],
        )
        def it_has_the_url_normalised_without_credentials_without_credentials(self, url, href):
            proxy = websocket.client(url).proxy("http://proxy.example.com")
            errors: list[Any] = []
            proxy.on("error", errors.append)
            proxy.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")

            [error] = errors
            assert isinstance(error, ProtocolError)
            assert error.message == f"Can't establish a connection to the server at {href}"

    class DescribeWhatFollowsTheAnswer:
        def it_is_dropped(self, proxy, events):
            # As in the original. A server does not speak before the client does.
            assert proxy.write(OK + b"following" + FORBIDDEN) is True
            assert events == CONNECTED

    class DescribeEvents:
        def it_emits_a_connect_event(self, proxy):
            seen: list[Any] = []
            proxy.on("connect", seen.append)
            proxy.write(OK)
            assert seen == [ConnectEvent()]

        def it_has_the_status_and_the_headers_by_then(self, proxy):
            seen = []
            proxy.on("connect", lambda _: seen.append((proxy.status_code, proxy.headers)))
            proxy.write(OK)
            assert seen == [(200, {"via": "proxy"})]

        def it_needs_no_listener_for_an_error(self, proxy):
            proxy.write(FORBIDDEN)
            assert proxy.writable is False

        def it_emits_close_and_end_once(self, proxy, events):
            proxy.write(OK)
            proxy.end()
            proxy.destroy()
            proxy.end(OK)
            assert events == CONNECTED

        def it_emits_connect_once_though_input_comes_while_it_does(self, proxy, events):
            # As where the connection to the proxy hands bytes over at once.
            proxy.once("connect", lambda _: proxy.write(b"HTTP/1.1 101 Switching\r\n\r\n"))
            proxy.write(OK)
            assert events == CONNECTED
            assert proxy.status_code == 200

        def it_can_be_destroyed_by_a_listener(self, proxy, events):
            proxy.on("connect", lambda _: proxy.destroy())
            proxy.write(OK)
            assert events == CONNECTED

        @pytest.mark.parametrize(
            ("event", "answer", "expected"),
            [("connect", OK, CONNECTED), ("close", OK, CONNECTED), ("error", FORBIDDEN, REFUSED)],
        )
        def it_emits_the_rest_when_a_listener_raises(self, proxy, events, event, answer, expected):
            proxy.on(event, Mock(side_effect=KeyError("listener")))
            with pytest.raises(KeyError, match="listener"):
                proxy.write(answer)
            assert events == expected
            assert (proxy.readable, proxy.writable) == (False, False)

    class DescribeEnd:
        @pytest.mark.parametrize("how", ["end", "destroy"])
        def it_emits_close_and_end_without_an_answer(self, proxy, events, how):
            getattr(proxy, how)()
            assert events == [("close",), ("end",)]
            assert (proxy.readable, proxy.writable) == (False, False)
            assert proxy.write(OK) is False
            assert events == [("close",), ("end",)]

        def it_takes_a_last_chunk(self, proxy, events):
            proxy.write(OK[:10])
            proxy.end(OK[10:])
            assert events == CONNECTED

        def it_takes_a_last_chunk_that_is_not_enough(self, proxy, events):
            proxy.end(OK[:-1])
            assert events == [("close",), ("end",)]

    class DescribeBackPressure:
        def it_returns_false_while_it_is_paused(self, proxy, events):
            proxy.pause()
            assert proxy.write(OK[:10]) is False
            proxy.resume()
            assert events == [("drain",)]
            assert proxy.write(OK[10:20]) is True

        def it_takes_what_is_written_while_it_is_paused(self, proxy, events):
            proxy.pause()
            assert proxy.write(OK) is False
            assert events == CONNECTED

    class DescribeInput:
        @pytest.mark.parametrize(
            "chunk", [OK, bytearray(OK), memoryview(OK), list(OK)], ids=lambda c: type(c).__name__
        )
        def it_takes_bytes_of_any_kind(self, proxy, events, chunk):
            proxy.write(chunk)
            assert events == CONNECTED

        def it_does_not_keep_a_buffer_that_can_change(self, proxy, events):
            buffer = bytearray(OK[:10])
            proxy.write(buffer)
            buffer[:] = b"x" * 10
            proxy.write(OK[10:])
            assert events == CONNECTED

        @pytest.mark.parametrize("chunk", ["HTTP/1.1 200 OK\r\n\r\n", None, 1, object()])
        def it_raises_for_what_holds_no_bytes(self, proxy, chunk):
            with pytest.raises(TypeError):
                proxy.write(chunk)

    class DescribeTheProxyUrl:
        @pytest.mark.parametrize(
            "origin",
            [
                "",
                "proxy.example.com",
                "proxy.example.com:3128",
                "http://",
                "http://a b/",
                "http://a:99999/",
                "ws://proxy.example.com",
                "wss://proxy.example.com",
                "socks5://proxy.example.com",
                None,
                42,
            ],
        )
        def it_raises_if_it_is_none(self, client, origin):
            with pytest.raises(ConfigurationError) as raised:
                client.proxy(origin)
            assert str(raised.value) == f"{origin} is not a valid proxy URL"

        def it_may_be_an_object_with_href(self, client):
            # As Node's URL has it.
            proxy = client.proxy(SimpleNamespace(href="http://user:pass@proxy.example.com"))
            wire = Collector()
            proxy.pipe(wire)
            proxy.start()
            assert b"\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n" in wire.bytes

        def it_has_no_options(self, client):
            assert isinstance(client.proxy("http://p/", {}), Proxy)
            with pytest.raises(ConfigurationError, match=r"^Unrecognized option: timeout$"):
                client.proxy("http://p/", {"timeout": 1})

    class DescribeInUse:
        def it_joins_a_client_to_a_server_through_a_connection(self, monkeypatch):
            monkeypatch.setattr(Client, "generate_key", lambda: "dGhlIHNhbXBsZSBub25jZQ==")
            client = websocket.client("ws://example.com/chat")
            proxy = client.proxy("http://proxy.example.com:3128")

            connection: Any = Stream()
            sent = Collector()
            connection.write = sent.write
            connection.end = lambda: None
            connection.pipe(proxy)
            proxy.pipe(connection, end=False)

            @proxy.on("connect")
            def on_connect(event):
                connection.pipe(client.io)
                client.io.pipe(connection)
                client.start()

            proxy.start()
            assert sent.bytes.startswith(b"CONNECT example.com:80 HTTP/1.1\r\n")
            sent.clear()

            connection.emit("data", OK)
            assert sent.bytes.startswith(b"GET /chat HTTP/1.1\r\nHost: example.com\r\n")
            assert client.get_state() == "connecting"

            connection.emit(
                "data",
                b"HTTP/1.1 101 Switching Protocols\r\n"
                b"Upgrade: websocket\r\n"
                b"Connection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            )
            assert client.get_state() == "open"

    class DescribeNodeSpelling:
        def it_is_the_same(self, client, proxy):
            proxy.write(OK)
            assert proxy.statusCode == 200
            url = Proxy.parseUrl("http://A/")
            assert url is not None
            assert url.href == "http://a/"
            assert Proxy.urlAuthorization(Proxy.parseUrl("http://u:p@a/")) == "Basic dTpw"
            assert Proxy.parse_url("nonsense") is None
            assert Proxy.url_authorization(None) is None
