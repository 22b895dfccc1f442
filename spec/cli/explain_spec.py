"""The words of the command line for failed connections that the other specs do not cause."""

import errno
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

import websocket_driver as websocket
from spec.cli.support import url_of
from spec.support import record
from websocket_driver.cli import explain
from websocket_driver.node.errors import lookup_error, make_error, system_error

WS = url_of("ws://user:secret@a:8080/b")
WSS = url_of("wss://a/b")


class DescribeCouldNotConnect:
    @pytest.mark.parametrize(
        ("number", "reason", "suggestion"),
        [
            (errno.ETIMEDOUT, "the host does not answer", "Is a proxy required (--proxy)?"),
            (errno.EHOSTUNREACH, "the host cannot be reached", "Is a proxy required (--proxy)?"),
            (errno.ENETUNREACH, "the network cannot be reached", "Is there a network?"),
        ],
    )
    def it_says_what_happened_in_words(self, number, reason, suggestion):
        error = system_error(number, "connect", "1.2.3.4", 80)
        first, second = explain.could_not_connect(error, WS)
        assert first == f"Could not connect to ws://a:8080/b: {reason}"
        assert second.startswith(suggestion)

    def it_knows_names_that_do_not_exist(self):
        error = lookup_error(-2, "a")
        assert explain.could_not_connect(error, WS) == [
            "Could not connect to ws://a:8080/b: there is no such host",
            "Is the name spelled correctly?",
        ]

    @pytest.mark.parametrize(("error", "text"), [(OSError("odd"), "odd"), (OSError(), "OSError")])
    def it_repeats_what_it_does_not_know(self, error, text):
        assert explain.could_not_connect(error, WSS) == [f"Could not connect to wss://a/b: {text}"]

    @pytest.mark.parametrize(
        ("code", "suggestion"),
        [
            (
                "ERR_TLS_CERT_ALTNAME_INVALID",
                "Use a name that the certificate is for, or accept any certificate with --insecure",
            ),
            ("CERT_HAS_EXPIRED", "Is the clock correct? --insecure accepts any certificate"),
            (
                "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                "Trust it, or who signed it, with --ca FILE, or accept any certificate with "
                "--insecure",
            ),
        ],
    )
    def it_says_what_to_do_about_a_certificate(self, code, suggestion):
        error = make_error(ssl.SSLCertVerificationError, code, "wrong")
        assert explain.could_not_connect(error, WSS) == [
            "Could not connect to wss://a/b: wrong",
            suggestion,
        ]

    def it_suspects_a_port_that_does_not_speak_tls(self):
        error = system_error(errno.ECONNRESET, "read")
        assert explain.could_not_connect(error, WSS) == [
            "Could not connect to wss://a/b: connection reset by the other side",
            "If that port does not speak TLS: did you mean ws://a/b?",
        ]
        assert len(explain.could_not_connect(error, WS)) == 1


def refusal(answer, url=WS, **options):
    driver = websocket.client(url.href, **options)
    errors = record(driver, "error")
    driver.start()
    driver.io.write(answer)
    assert driver.get_state() == "closed"
    [(_, error)] = errors
    return explain.refused(driver, url, answer, error)


class DescribeRefused:
    def it_shows_the_headers_that_matter_and_the_body(self):
        answer = (
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=a\r\n"
            b"www-authenticate: Bearer\r\nLocation: https://u:p@b/\r\n\r\nWho\r\n\r\nare you?\r\n"
        )
        assert refusal(answer) == [
            "ws://a:8080/b refused the WebSocket: 401 Unauthorized",
            "  Location: https://b/",
            "  WWW-Authenticate: Basic realm=a",
            "  WWW-Authenticate: Bearer",
            "  Who",
            "  are you?",
            "Give a user name and password in the URL, ws://USER:PASSWORD@HOST/, or a token, "
            "--header 'Authorization: Bearer TOKEN'",
        ]

    @pytest.mark.parametrize(
        ("body", "shown"),
        [
            (b"x" * 1001, ["  " + "x" * 1000, "  ..."]),
            (b"x\n" * 11, ["  x"] * 10 + ["  ..."]),
            (b"\xff\n", ["  \ufffd"]),
            (b"\n", []),
        ],
    )
    def it_cuts_the_body(self, body, shown):
        answer = b"HTTP/1.1 500 Internal Server Error\r\n\r\n" + body
        assert refusal(answer)[1:] == shown

    @pytest.mark.parametrize(
        ("location", "suggestion"),
        [
            ("https://u:p@b/c", ["Did you mean wss://b/c?"]),
            ("http://b/c", ["Did you mean ws://b/c?"]),
            ("wss://b/c", ["Did you mean wss://b/c?"]),
            ("/c?d", ["Did you mean ws://a:8080/c?d?"]),
            ("c", ["Did you mean ws://a:8080/c?"]),
            ("mailto:b", []),
            ("ftp://b/", []),
            ("http://[::1", []),
            ("//[b/", []),
            ("http://b:99999/", []),
            ("", []),
            ("http://a:8080/b", []),
        ],
    )
    def it_suggests_where_a_redirection_leads(self, location, suggestion):
        answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode()
        assert refusal(answer)[2:] == suggestion

    @given(st.text("htps:/[]@%#?.1a\\\t \xe9", max_size=12))
    def it_shows_any_location(self, location):
        answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode("latin-1")
        assert refusal(answer)[0] == "ws://a:8080/b refused the WebSocket: 302 Found"

    def it_has_no_suggestion_for_a_redirection_without_target(self):
        assert refusal(b"HTTP/1.1 300 Multiple Choices\r\n\r\n") == [
            "ws://a:8080/b refused the WebSocket: 300 Multiple Choices"
        ]

    def it_knows_unknown_codes(self):
        assert refusal(b"HTTP/1.1 599\r\n\r\n") == ["ws://a:8080/b refused the WebSocket: 599"]

    def it_suggests_a_subprotocol_that_the_server_insists_on(self):
        driver = websocket.client(WS.href)
        answer = (
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {driver.generate_accept('x' * 22 + '==')}\r\n"
            "Sec-WebSocket-Protocol: chat\r\n\r\n"
        ).encode()
        first, *more = refusal(answer)
        assert first == "ws://a:8080/b violates the protocol: Sec-WebSocket-Accept mismatch"
        assert more == ["It chose the subprotocol chat: did you mean --subprotocol chat?"]

    def it_says_what_is_wrong_with_an_acceptance(self):
        answer = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
        assert refusal(answer) == [
            "ws://a:8080/b violates the protocol: 'Upgrade' header is missing"
        ]

    def it_says_that_a_response_is_too_long(self):
        answer = b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"
        assert refusal(answer) == ["ws://a:8080/b violates the protocol: max header size exceeded"]

    def it_shows_what_is_not_http(self):
        assert refusal(b"SSH-2.0-OpenSSH\r\n" + b"x" * 100) == [
            "ws://a:8080/b does not answer in HTTP: 'SSH-2.0-OpenSSH'"
        ]


class DescribeRefusedByProxy:
    ORIGIN = url_of("http://u:secret@p:3128")

    def refusal(self, answer):
        driver = websocket.client(WS.href)
        proxy = driver.proxy(self.ORIGIN.href)
        proxy.start()
        proxy.write(answer)
        return explain.refused_by_proxy(proxy, self.ORIGIN, WS)

    def it_shows_the_status(self):
        assert self.refusal(b"HTTP/1.1 403 Forbidden\r\n\r\n") == [
            "The proxy http://p:3128/ does not connect to ws://a:8080/b: 403 Forbidden"
        ]

    def it_shows_that_it_is_no_proxy(self):
        assert self.refusal(b"SSH-2.0-OpenSSH\r\n\r\n") == [
            "The proxy http://p:3128/ does not answer in HTTP"
        ]


class DescribeNoAnswer:
    def it_suspects_a_port_that_speaks_tls(self):
        assert explain.no_answer(WS, b"") == [
            "ws://a:8080/b closed the connection without an answer",
            "If that port speaks TLS: did you mean wss://a:8080/b?",
        ]
        assert explain.no_answer(WSS, b"") == ["wss://a/b closed the connection without an answer"]
