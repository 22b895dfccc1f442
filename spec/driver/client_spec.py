"""The original's examples keep their names, including their spelling."""

from __future__ import annotations

import pytest

from spec.support import Collector, WholeAndBytewise, record
from websocket_driver import ConfigurationError
from websocket_driver.driver.client import Client

PROXY_EVENTS = ("data", "connect", "error", "close", "end")


class DescribeClient:
    @pytest.fixture
    def protocols(self):
        return None

    @pytest.fixture
    def options(self, protocols):
        return {"protocols": protocols}

    @pytest.fixture
    def url(self):
        return "ws://www.example.com/socket"

    @pytest.fixture(autouse=True)
    def key(self, monkeypatch):
        monkeypatch.setattr(Client, "generate_key", lambda: "2vBVWg4Qyk3ZoM/5d3QD9Q==")

    @pytest.fixture
    def driver(self, url, options, key):
        return Client(url, options)

    @pytest.fixture
    def events(self, driver):
        return record(driver)

    @pytest.fixture
    def wire(self, driver):
        return driver.io.pipe(Collector())

    @pytest.fixture
    def response(self):
        return (
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: QV3I5XUXU2CdhtjixE7QCkCcMZM=\r\n"
            b"\r\n"
        )

    class DescribeInTheBeginningState:
        def it_starts_in_no_state(self, driver):
            assert driver.get_state() is None

        class DescribeClose:
            def it_changes_the_state_to_closed(self, driver, events):
                assert driver.close() is True
                assert driver.get_state() == "closed"
                assert events == [("close", 1000, "")]

        class DescribeStart:
            def it_writes_the_handshake_request_to_the_socket(self, driver, wire):
                driver.start()
                assert wire.chunks == [
                    b"GET /socket HTTP/1.1\r\n"
                    b"Host: www.example.com\r\n"
                    b"Upgrade: websocket\r\n"
                    b"Connection: Upgrade\r\n"
                    b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n"
                    b"Sec-WebSocket-Version: 13\r\n"
                    b"\r\n"
                ]

            def it_returns_true(self, driver):
                assert driver.start() is True

            class DescribeWithSubprotocols:
                @pytest.fixture
                def protocols(self):
                    return ["foo", "bar", "xmpp"]

                def it_writes_the_handshake_with_sec_websocket_protocol(self, driver, wire):
                    driver.start()
                    assert wire.chunks == [
                        b"GET /socket HTTP/1.1\r\n"
                        b"Host: www.example.com\r\n"
                        b"Upgrade: websocket\r\n"
                        b"Connection: Upgrade\r\n"
                        b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n"
                        b"Sec-WebSocket-Version: 13\r\n"
                        b"Sec-WebSocket-Protocol: foo, bar, xmpp\r\n"
                        b"\r\n"
                    ]

            class DescribeWithBasicAuth:
                @pytest.fixture
                def url(self):
                    return "ws://user:pass@www.example.com/socket"

                def it_writes_the_handshake_with_authorization(self, driver, wire):
                    driver.start()
                    assert wire.chunks == [
                        b"GET /socket HTTP/1.1\r\n"
                        b"Host: www.example.com\r\n"
                        b"Upgrade: websocket\r\n"
                        b"Connection: Upgrade\r\n"
                        b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n"
                        b"Sec-WebSocket-Version: 13\r\n"
                        b"Authorization: Basic dXNlcjpwYXNz\r\n"
                        b"\r\n"
                    ]

            class DescribeWithAnInvalidUrl:
                def it_throws_an_error(self, options):
                    with pytest.raises(ConfigurationError) as error:
                        Client("stream.wikimedia.org/rc", options)
                    assert (
                        str(error.value) == "stream.wikimedia.org/rc is not a valid WebSocket URL"
                    )

            class DescribeWithCustomHeaders:
                @pytest.fixture(autouse=True)
                def set_header(self, driver):
                    assert driver.set_header("User-Agent", "Chrome") is True

                def it_writes_the_handshake_with_custom_headers(self, driver, wire):
                    driver.start()
                    assert wire.chunks == [
                        b"GET /socket HTTP/1.1\r\n"
                        b"Host: www.example.com\r\n"
                        b"Upgrade: websocket\r\n"
                        b"Connection: Upgrade\r\n"
                        b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n"
                        b"Sec-WebSocket-Version: 13\r\n"
                        b"User-Agent: Chrome\r\n"
                        b"\r\n"
                    ]

            def it_changes_the_state_to_connecting(self, driver):
                driver.start()
                assert driver.get_state() == "connecting"

    class DescribeUsingAProxy:
        def it_sends_a_connect_request(self, driver):
            proxy = driver.proxy("http://proxy.example.com")
            events = record(proxy, *PROXY_EVENTS)
            proxy.start()
            assert events == [
                (
                    "data",
                    b"CONNECT www.example.com:80 HTTP/1.1\r\n"
                    b"Host: www.example.com:80\r\n"
                    b"Connection: keep-alive\r\n"
                    b"Proxy-Connection: keep-alive\r\n"
                    b"\r\n",
                )
            ]

        def it_sends_an_authenticated_connect_request(self, driver):
            proxy = driver.proxy("http://user:pass@proxy.example.com")
            events = record(proxy, *PROXY_EVENTS)
            proxy.start()
            assert events == [
                (
                    "data",
                    b"CONNECT www.example.com:80 HTTP/1.1\r\n"
                    b"Host: www.example.com:80\r\n"
                    b"Connection: keep-alive\r\n"
                    b"Proxy-Connection: keep-alive\r\n"
                    b"Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"
                    b"\r\n",
                )
            ]

        def it_sends_a_connect_request_with_custom_headers(self, driver):
            proxy = driver.proxy("http://user:pass@proxy.example.com")
            events = record(proxy, *PROXY_EVENTS)
            assert proxy.set_header("User-Agent", "Chrome") is True
            proxy.start()
            assert events == [
                (
                    "data",
                    b"CONNECT www.example.com:80 HTTP/1.1\r\n"
                    b"Host: www.example.com:80\r\n"
                    b"Connection: keep-alive\r\n"
                    b"Proxy-Connection: keep-alive\r\n"
                    b"Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"
                    b"User-Agent: Chrome\r\n"
                    b"\r\n",
                )
            ]

        class DescribeReceivingAResponse(WholeAndBytewise):
            @pytest.fixture
            def proxy(self, driver):
                return driver.proxy("http://proxy.example.com")

            @pytest.fixture
            def proxy_events(self, proxy):
                return record(proxy, *PROXY_EVENTS)

            def it_returns_true_when_the_response_is_written(self, proxy, cut):
                # so that no stream that is piped into it stops for no reason
                chunks = cut(b"HTTP/1.1 200 OK\r\n\r\n")
                assert all(proxy.write(chunk) is True for chunk in chunks)

            def it_emits_a_connect_event_when_the_proxy_connects(self, proxy, proxy_events, cut):
                for chunk in cut(b"HTTP/1.1 200 OK\r\n\r\n"):
                    proxy.write(chunk)
                assert proxy_events == [("connect",), ("close",), ("end",)]

            def it_emits_an_error_event_if_the_proxy_does_not_connect(
                self, proxy, proxy_events, cut
            ):
                for chunk in cut(b"HTTP/1.1 403 Forbidden\r\n\r\n"):
                    proxy.write(chunk)
                assert proxy_events == [
                    (
                        "error",
                        "Can't establish a connection to the server at ws://www.example.com/socket",
                    ),
                    ("close",),
                    ("end",),
                ]

    class DescribeInTheConnectingState(WholeAndBytewise):
        @pytest.fixture(autouse=True)
        def start(self, driver, events, wire):
            driver.start()
            wire.clear()

        class DescribeWithAValidResponse:
            @pytest.fixture(autouse=True)
            def respond(self, start, feed, response):
                feed(response)

            def it_changes_the_state_to_open(self, driver, events):
                assert events == [("open",)]
                assert driver.get_state() == "open"

            def it_makes_the_response_status_available(self, driver):
                assert driver.status_code == 101

            def it_makes_the_response_headers_available(self, driver):
                assert driver.headers == {
                    "upgrade": "websocket",
                    "connection": "Upgrade",
                    "sec-websocket-accept": "QV3I5XUXU2CdhtjixE7QCkCcMZM=",
                }

        class DescribeWithAValidResponseFollowedByAFrame:
            @pytest.fixture(autouse=True)
            def respond(self, start, feed, response):
                feed(response + b"\x81\x02Hi")

            def it_changes_the_state_to_open(self, driver, events):
                assert events[0] == ("open",)
                assert driver.get_state() == "open"

            def it_parses_the_frame(self, events):
                assert events[1:] == [("message", "Hi")]

        class DescribeWithABadStatusLine:
            @pytest.fixture(autouse=True)
            def respond(self, start, feed, response):
                feed(response.replace(b"101", b"4"))

            def it_changes_the_state_to_closed(self, driver, events):
                assert events == [
                    ("error", "Error during WebSocket handshake: Parse Error"),
                    ("close", 1002, "Error during WebSocket handshake: Parse Error"),
                ]
                assert driver.get_state() == "closed"

        class DescribeWithABadUpgradeHeader:
            @pytest.fixture(autouse=True)
            def respond(self, start, feed, response):
                feed(response.replace(b"websocket", b"wrong"))

            def it_changes_the_state_to_closed(self, driver, events):
                reason = (
                    "Error during WebSocket handshake: 'Upgrade' header value is not 'WebSocket'"
                )
                assert events == [("error", reason), ("close", 1002, reason)]
                assert driver.get_state() == "closed"

        class DescribeWithABadAcceptHeader:
            @pytest.fixture(autouse=True)
            def respond(self, start, feed, response):
                feed(response.replace(b"QV3", b"wrong"))

            def it_changes_the_state_to_closed(self, driver, events):
                reason = "Error during WebSocket handshake: Sec-WebSocket-Accept mismatch"
                assert events == [("error", reason), ("close", 1002, reason)]
                assert driver.get_state() == "closed"

        class DescribeWithValidSubprotocols:
            @pytest.fixture
            def protocols(self):
                return ["foo", "xmpp"]

            @pytest.fixture(autouse=True)
            def respond(self, start, feed, response):
                feed(response[:-2] + b"Sec-WebSocket-Protocol: xmpp\r\n\r\n")

            def it_changs_the_state_to_open(self, driver, events):
                assert events == [("open",)]
                assert driver.get_state() == "open"

            def it_selects_the_subprotocol(self, driver):
                assert driver.protocol == "xmpp"

        class DescribeWithInvalidSubprotocols:
            @pytest.fixture
            def protocols(self):
                return ["foo", "xmpp"]

            @pytest.fixture(autouse=True)
            def respond(self, start, feed, response):
                feed(response[:-2] + b"Sec-WebSocket-Protocol: irc\r\n\r\n")

            def it_changs_the_state_to_closed(self, driver, events):
                reason = "Error during WebSocket handshake: Sec-WebSocket-Protocol mismatch"
                assert events == [("error", reason), ("close", 1002, reason)]
                assert driver.get_state() == "closed"

            def it_selects_no_subprotocol(self, driver):
                assert driver.protocol is None

    class DescribeBeyondTheOriginal:
        """Of these the original has no examples."""

        class DescribeStart:
            @pytest.fixture
            def url(self):
                return "wss://EXAMPLE.com:8443/a?b=c#d"

            def it_asks_for_the_path_and_the_query(self, driver, wire):
                driver.start()
                assert wire.chunks == [
                    b"GET /a?b=c HTTP/1.1\r\n"
                    b"Host: example.com:8443\r\n"
                    b"Upgrade: websocket\r\n"
                    b"Connection: Upgrade\r\n"
                    b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n"
                    b"Sec-WebSocket-Version: 13\r\n"
                    b"\r\n"
                ]

            def it_returns_false_the_second_time(self, driver, wire):
                driver.start()
                wire.clear()
                assert driver.start() is False
                assert wire.chunks == []

        class DescribeReceivingAResponse(WholeAndBytewise):
            @pytest.fixture(autouse=True)
            def start(self, driver, events, wire):
                driver.start()
                wire.clear()

            @pytest.mark.parametrize(
                ("line", "replacement", "reason"),
                [
                    (
                        b"101 Switching Protocols",
                        b"200 OK",
                        "Unexpected response code: 200",
                    ),
                    (b"Upgrade: websocket\r\n", b"", "'Upgrade' header is missing"),
                    (b"Connection: Upgrade\r\n", b"", "'Connection' header is missing"),
                    (
                        b"Connection: Upgrade",
                        b"Connection: close",
                        "'Connection' header value is not 'Upgrade'",
                    ),
                    (
                        b"Sec-WebSocket-Accept: QV3I5XUXU2CdhtjixE7QCkCcMZM=\r\n",
                        b"",
                        "Sec-WebSocket-Accept mismatch",
                    ),
                    (
                        b"\r\n\r\n",
                        b"\r\nSec-WebSocket-Extensions: foo\r\n\r\n",
                        'Server sent an extension response for unknown extension "foo"',
                    ),
                ],
            )
            def it_fails_the_connection(
                self, driver, feed, events, wire, response, line, replacement, reason
            ):
                feed(response.replace(line, replacement))
                reason = f"Error during WebSocket handshake: {reason}"
                assert events == [("error", reason), ("close", 1002, reason)]
                assert wire.chunks == []
                assert driver.get_state() == "closed"

        class DescribeUsingAProxy:
            @pytest.fixture
            def proxy(self, driver):
                return driver.proxy("http://proxy.example.com")

            @pytest.fixture
            def proxy_events(self, proxy):
                return record(proxy, *PROXY_EVENTS)

            def it_starts_once(self, proxy, proxy_events):
                assert proxy.start() is True
                assert proxy.start() is False
                assert proxy.set_header("X-Color", "red") is False
                assert [event[0] for event in proxy_events] == ["data"]

            def it_has_the_status_and_the_headers_of_the_response(self, proxy):
                assert proxy.status_code is None
                assert proxy.headers is None
                proxy.write(b"HTTP/1.1 200 OK\r\nVia: 1.1 a\r\n\r\n")
                assert proxy.status_code == 200
                assert proxy.headers == {"via": "1.1 a"}

            def it_takes_nothing_after_the_response(self, proxy, proxy_events):
                proxy.write(b"HTTP/1.1 200 OK\r\n\r\n")
                assert proxy.write(b"more") is False
                assert proxy_events == [("connect",), ("close",), ("end",)]

            def it_says_so_if_it_is_to_wait(self, proxy):
                proxy.pause()
                assert proxy.write(b"HTTP/1.1 ") is False
                proxy.resume()
                assert proxy.write(b"200 OK\r\n") is True

            def it_ends_with_a_last_chunk(self, proxy, proxy_events):
                proxy.end(b"HTTP/1.1 200 OK\r\n\r\n")
                assert proxy_events == [("connect",), ("close",), ("end",)]

            @pytest.mark.parametrize("name", ["end", "destroy"])
            def it_ends_once(self, proxy, proxy_events, name):
                getattr(proxy, name)()
                getattr(proxy, name)()
                assert proxy_events == [("close",), ("end",)]
                assert (proxy.readable, proxy.writable) == (False, False)
