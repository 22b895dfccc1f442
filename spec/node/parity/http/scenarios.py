"""Scenarios for the http server of Node and for this one.

A scenario is data: `options` of `createServer`, attributes that are `set`, `on`, the operations of
the server at each event (`server.request`, `req.data`, `server.request#2` for the second time), and
`client`, the steps of a raw client. See replay.js for the operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

CRLF = "\r\n"


def request(line: str = "GET / HTTP/1.1", *headers: str, host: bool = True, body: str = "") -> str:
    lines = [line, *(["Host: a"] if host else []), *headers]
    return CRLF.join([*lines, "", ""]) + body


GET = request()
CLOSE = request("GET / HTTP/1.1", "Connection: close")
OLD = request("GET / HTTP/1.0")


# Names of headers, each of which comes twice.
REPEATED = (
    *("Age", "Authorization", "Content-Type", "ETag", "Expires", "From"),
    *(
        "If-Modified-Since",
        "If-Unmodified-Since",
        "Last-Modified",
        "Location",
        "Max-Forwards",
        "Proxy-Authorization",
    ),
    *("Referer", "Retry-After", "Server", "User-Agent", "Accept", "Accept-Encoding"),
    *("Origin", "X-Forwarded-For", "Date", "Vary", "Via", "Sec-WebSocket-Protocol"),
    *("Sec-WebSocket-Key", "Upgrade", "Trailer"),
)


def text(body: str = "Hello") -> list[Any]:
    return [["res.end", body]]


def make() -> Iterator[dict[str, Any]]:
    ops: Any
    sent: Any
    data: Any

    def on(ops: list[Any], *sent: str, name: str, **more: Any) -> dict[str, Any]:
        steps: list[Any] = []
        for chunk in sent or (GET,):
            steps += [["send", chunk], ["wait"]]
        more.setdefault("client", steps)
        return {"name": name, "on": {"server.request": ops, **more.pop("also", {})}, **more}

    # Answers
    for kind, head in {
        "1.1": GET,
        "1.1 close": CLOSE,
        "1.0": OLD,
        "1.0 keep-alive": request("GET / HTTP/1.0", "Connection: keep-alive"),
        "HEAD": request("HEAD / HTTP/1.1"),
        "HEAD 1.0": request("HEAD / HTTP/1.0"),
        "POST": request("POST / HTTP/1.1", "Content-Length: 3", body="abc"),
        "POST chunked": request(
            "POST / HTTP/1.1", "Transfer-Encoding: chunked", body="3\r\nabc\r\n0\r\n\r\n"
        ),
    }.items():
        for what, ops in {
            "end(text)": text(),
            "end()": [["res.end"]],
            "end('')": [["res.end", ""]],
            "write, end": [["res.write", "He"], ["res.end", "llo"]],
            "write, write, end()": [["res.write", "He"], ["res.write", "llo"], ["res.end"]],
            "write later": [["res.write", "He"], ["later", 10, [["res.end", "llo"]]]],
            "write('')": [["res.write", ""], ["res.end"]],
            "flushHeaders": [["res.flushHeaders"], ["later", 10, [["res.end", "Hello"]]]],
            "writeHead": [
                ["res.writeHead", 200, {"Content-Type": "text/plain", "Content-Length": 5}],
                ["res.end", "Hello"],
            ],
            "Content-Length, write, end": [
                ["res.setHeader", "Content-Length", 5],
                ["res.write", "He"],
                ["res.end", "llo"],
            ],
            "Connection: close": [["res.setHeader", "Connection", "close"], ["res.end", "Hello"]],
            "Connection: keep-alive": [
                ["res.setHeader", "Connection", "keep-alive"],
                ["res.end", "Hello"],
            ],
            "Transfer-Encoding": [
                ["res.setHeader", "Transfer-Encoding", "chunked"],
                ["res.end", "Hello"],
            ],
            "removed Transfer-Encoding": [
                ["res.removeHeader", "Transfer-Encoding"],
                ["res.write", "He"],
                ["res.end", "llo"],
            ],
            "removed Content-Length": [
                ["res.removeHeader", "Content-Length"],
                ["res.end", "Hello"],
            ],
            "removed Connection": [["res.removeHeader", "Connection"], ["res.end", "Hello"]],
            "removed Date": [["res.removeHeader", "Date"], ["res.end", "Hello"]],
            "sendDate false": [["set", "res.sendDate", False], ["res.end", "Hello"]],
            **{
                f"status {code}": [["set", "res.statusCode", code], ["res.end", "Hello"]]
                for code in (204, 304, 404, 205, 100, 101, 103, 199, 299, 799, 999)
            },
            "204 chunked": [
                ["res.writeHead", 204, {"Transfer-Encoding": "chunked"}],
                ["res.write", "x"],
                ["res.end"],
            ],
            "204 length": [["res.writeHead", 204, {"Content-Length": 0}], ["res.end"]],
            "304 chunked": [["res.writeHead", 304, {"Transfer-Encoding": "chunked"}], ["res.end"]],
            "304 length": [["res.writeHead", 304, {"Content-Length": 7}], ["res.end"]],
            "trailers": [
                ["res.setHeader", "Trailer", "X-A"],
                ["res.write", "Hello"],
                ["res.addTrailers", {"X-A": "b"}],
                ["res.end"],
            ],
            "trailers, end only": [
                ["res.setHeader", "Trailer", "X-A"],
                ["res.addTrailers", {"X-A": "b"}],
                ["res.end", "Hello"],
            ],
        }.items():
            yield on(ops, head, head, name=f"answer: {kind}: {what}")

    # Headers of responses, and mistakes of callers
    for what, ops in {
        "setHeader": [
            ["res.setHeader", "X-A", "b"],
            ["res.setHeader", "x-a", 5],
            ["get", "res.headersSent"],
            ["res.end"],
            ["get", "res.headersSent"],
        ],
        "setHeader list": [
            ["res.setHeader", "Set-Cookie", ["a=1", "b=2"]],
            ["res.setHeader", "X-A", ["1", 2]],
            ["res.getHeader", "set-cookie"],
            ["res.getHeader", "X-A"],
            ["res.end"],
        ],
        "cookie list": [["res.setHeader", "Cookie", ["a=1", "b=2"]], ["res.end"]],
        "getHeader": [
            ["res.setHeader", "X-A", 5],
            ["res.getHeader", "x-a"],
            ["res.getHeaders"],
            ["res.getHeaderNames"],
            ["res.getRawHeaderNames"],
            ["res.hasHeader", "X-a"],
            ["res.hasHeader", "x-b"],
            ["res.getHeader", "none"],
            ["res.end"],
            ["res.getHeaders"],
        ],
        "appendHeader": [
            ["res.appendHeader", "X-A", "1"],
            ["res.appendHeader", "x-a", "2"],
            ["res.getHeader", "x-a"],
            ["res.appendHeader", "X-A", ["3", "4"]],
            ["res.getHeader", "x-a"],
            ["res.end"],
        ],
        "appendHeader after set": [
            ["res.setHeader", "X-A", ["1"]],
            ["res.appendHeader", "x-a", "2"],
            ["res.end"],
        ],
        "setHeaders": [
            ["res.setHeader", "X", "1"],
            ["res.removeHeader", "x"],
            ["res.getHeader", "X"],
            ["res.removeHeader", "none"],
            ["res.end"],
        ],
        "after sent": [
            ["res.write", "a"],
            ["res.setHeader", "X", "1"],
            ["res.appendHeader", "X", "1"],
            ["res.removeHeader", "X"],
            ["res.writeHead", 200],
            ["res.flushHeaders"],
            ["res.writeContinue"],
            ["res.writeEarlyHints", {"link": "</a>; rel=preload"}],
            ["res.end"],
        ],
        "after end": [
            ["res.end", "a"],
            ["res.setHeader", "X", "1"],
            ["res.writeHead", 200],
            ["res.flushHeaders"],
        ],
        "writeHead twice": [["res.writeHead", 200], ["res.writeHead", 200], ["res.end"]],
        "writeHead then setHeader": [
            ["res.writeHead", 200],
            ["res.setHeader", "X", "1"],
            ["get", "res.headersSent"],
            ["res.end"],
        ],
        "writeHead message": [["res.writeHead", 200, "Fine"], ["res.end"]],
        "writeHead message headers": [
            ["res.writeHead", 404, "Gone Fishing", {"X-A": 1}],
            ["get", "res.statusMessage"],
            ["get", "res.statusCode"],
            ["res.end"],
        ],
        "writeHead none message": [["res.writeHead", 200, {"$none": 1}, {"X-A": 1}], ["res.end"]],
        "writeHead merges": [
            ["res.setHeader", "X-A", "1"],
            ["res.setHeader", "X-B", "2"],
            ["res.writeHead", 200, {"x-a": "3", "X-C": "4"}],
            ["res.getHeaders"],
            ["res.end"],
        ],
        "writeHead flat": [
            ["res.writeHead", 200, ["X-A", "1", "X-B", "2", "x-a", "3"]],
            ["res.getHeader", "x-a"],
            ["res.end"],
        ],
        "writeHead flat merges": [
            ["res.setHeader", "X-A", "0"],
            ["res.writeHead", 200, ["X-A", "1", "X-B", "2", "x-a", "3"]],
            ["res.getHeader", "x-a"],
            ["res.end"],
        ],
        "writeHead flat odd": [["res.writeHead", 200, ["X-A", "1", "X-B"]], ["res.end"]],
        "writeHead pairs": [["res.writeHead", 200, [["X-A", "1"], ["X-B", "2"]]], ["res.end"]],
        "writeHead pairs merges": [
            ["res.setHeader", "X-A", "0"],
            ["res.writeHead", 200, [["X-A", "1"], ["X-B", "2"]]],
            ["res.end"],
        ],
        "writeHead list value": [
            ["res.writeHead", 200, {"Set-Cookie": ["a", "b"], "X": 1.5}],
            ["res.end"],
        ],
        "writeHead length and te": [
            ["res.writeHead", 200, {"Content-Length": 5, "Transfer-Encoding": "chunked"}],
            ["res.end", "Hello"],
        ],
        "statusMessage": [["set", "res.statusMessage", "Great"], ["res.end"]],
        "statusMessage bad": [
            ["set", "res.statusMessage", "Gre\r\nat"],
            ["res.end"],
            ["destroy"] if False else ["res.destroy"],
        ],
        "statusCode text": [["set", "res.statusCode", "404"], ["res.end"]],
        "no ops": [],
        "setHeader undefined": [["res.setHeader", "X"], ["res.end"]],
        "setHeader null": [["res.setHeader", "X", None], ["res.end"]],
        "setHeader true": [["res.setHeader", "X", True], ["res.end"]],
        "unicode": [["res.setHeader", "X", "\xe9"], ["res.end", "\xe9"]],
        "write unicode": [
            ["res.write", "h\xe9llo"],
            ["res.write", "h\xe9llo", "latin1"],
            ["res.write", "68e9", "hex"],
            ["res.write", "aGk=", "base64"],
            ["res.end", "\u20ac", "utf16le"],
        ],
        "end encoding": [["res.end", "\xe9", "latin1"]],
        "write bad": [
            ["res.write", 5],
            ["res.write", None],
            ["res.write", {"a": 1}],
            ["res.write"],
            ["res.end", 5],
            ["res.end"],
        ],
        "write callbacks": [
            ["res.write", "a", {"$callback": "w1"}],
            ["res.write", "b", "utf8", {"$callback": "w2"}],
            ["res.end", "c", {"$callback": "e"}],
        ],
        "end callback": [["res.end", {"$callback": "e"}]],
        "end twice": [["res.end", "a"], ["res.end"], ["res.end", {"$callback": "e2"}]],
        "end twice with data": [["res.end", "a"], ["res.end", "b"]],
        "end encoding callback": [
            ["res.end", "a", "latin1", {"$callback": "e"}],
            ["get", "res.writableEnded"],
            ["get", "res.finished"],
            ["get", "res.writableFinished"],
        ],
        "write after end": [["res.end", "a"], ["res.write", "b"]],
        "write after end callback": [["res.end", "a"], ["res.write", "b", {"$callback": "w"}]],
        "write after end later": [
            ["res.end", "a"],
            [
                "later",
                10,
                [
                    ["res.write", "b"],
                    ["res.end", "c"],
                    ["get", "res.socket"],
                    ["get", "res.destroyed"],
                    ["get", "res.writableFinished"],
                ],
            ],
        ],
        "destroy": [["res.destroy"], ["get", "res.destroyed"], ["res.write", "x"], ["res.end"]],
        "destroy and end": [["res.destroy"], ["res.end", "x"], ["get", "res.headersSent"]],
        "destroy after write": [["res.write", "x"], ["res.destroy"], ["get", "res.destroyed"]],
        "destroy error": [["res.destroy", {"$error": "boom"}]],
        "req destroy": [["req.destroy"], ["get", "req.destroyed"], ["res.end", "x"]],
        "req destroy error": [["req.destroy", {"$error": "boom"}]],
        "socket destroy": [["socket.destroy"], ["res.end", "x"]],
        "socket end": [["socket.end"], ["res.end", "x"]],
        "socket write": [["socket.write", "HTTP/1.1 200 OK\r\n\r\n"], ["socket.end"]],
        "write then socket end": [["res.write", "x"], ["socket.end"]],
        "writeContinue": [["res.writeContinue", {"$callback": "c"}], ["res.end"]],
        "writeProcessing": [["res.writeProcessing"], ["res.end"]],
        "writeEarlyHints": [
            ["res.writeEarlyHints", {"link": "</a>; rel=preload", "X-A": "b"}, {"$callback": "c"}],
            ["res.end"],
        ],
        "writeEarlyHints list": [
            ["res.writeEarlyHints", {"link": ["</a>; rel=preload", "</b>; rel=preload"]}],
            ["res.end"],
        ],
        "writeEarlyHints no link": [["res.writeEarlyHints", {"X-A": "b"}], ["res.end"]],
        "writeEarlyHints bad": [["res.writeEarlyHints", {"link": "bad"}], ["res.end"]],
        "writeEarlyHints none": [["res.writeEarlyHints", None], ["res.end"]],
        "props": [
            ["get", "res.statusCode"],
            ["get", "res.statusMessage"],
            ["get", "res.sendDate"],
            ["get", "res.headersSent"],
            ["get", "res.finished"],
            ["get", "res.writableEnded"],
            ["get", "res.writableFinished"],
            ["get", "res.socket"],
            ["get", "res.req"],
            ["get", "res.writable"],
            ["get", "res.writableHighWaterMark"],
            ["get", "res.writableLength"],
            ["get", "res.writableObjectMode"],
            ["get", "res.writableCorked"],
            ["get", "res.writableNeedDrain"],
            ["get", "res.shouldKeepAlive"],
            ["get", "res.chunkedEncoding"],
            ["get", "res.strictContentLength"],
            ["get", "res.connection"],
            ["get", "res.closed"],
            ["get", "res.errored"],
            ["get", "res.destroyed"],
            ["res.end"],
            ["get", "res.writable"],
            ["get", "res.writableLength"],
            ["get", "res.finished"],
            ["get", "res.writableEnded"],
            ["get", "res.writableFinished"],
            ["get", "res.statusMessage"],
            ["get", "res.socket"],
            [
                "later",
                10,
                [
                    ["get", "res.closed"],
                    ["get", "res.destroyed"],
                    ["get", "res.socket"],
                    ["get", "res.writableFinished"],
                    ["get", "res.writable"],
                ],
            ],
        ],
        "req props": [
            ["get", "req.method"],
            ["get", "req.url"],
            ["get", "req.httpVersion"],
            ["get", "req.httpVersionMajor"],
            ["get", "req.httpVersionMinor"],
            ["get", "req.headers"],
            ["get", "req.rawHeaders"],
            ["get", "req.trailers"],
            ["get", "req.rawTrailers"],
            ["get", "req.headersDistinct"],
            ["get", "req.complete"],
            ["get", "req.aborted"],
            ["get", "req.socket"],
            ["get", "req.connection"],
            ["get", "req.upgrade"],
            ["get", "req.statusCode"],
            ["get", "req.statusMessage"],
            ["get", "req.readable"],
            ["get", "req.readableFlowing"],
            ["get", "req.destroyed"],
            ["get", "req.readableEnded"],
            ["res.end"],
            [
                "later",
                10,
                [
                    ["get", "req.complete"],
                    ["get", "req.destroyed"],
                    ["get", "req.readableEnded"],
                    ["get", "req.readable"],
                    ["get", "req.closed"],
                ],
            ],
        ],
        "strictContentLength write": [
            ["set", "res.strictContentLength", True],
            ["res.setHeader", "Content-Length", 2],
            ["res.write", "abc"],
            ["res.end"],
        ],
        "strictContentLength end": [
            ["set", "res.strictContentLength", True],
            ["res.setHeader", "Content-Length", 2],
            ["res.end", "a"],
            ["res.destroy"],
        ],
        "length too short": [["res.setHeader", "Content-Length", 2], ["res.end", "abc"]],
        "cork": [
            ["res.cork"],
            ["res.write", "a"],
            ["res.write", "b"],
            ["res.uncork"],
            ["res.write", "c"],
            ["res.end"],
        ],
        "cork end": [["res.cork"], ["res.write", "a"], ["res.write", "b"], ["res.end", "d"]],
        "write in two ticks": [["res.write", "a"], ["tick", [["res.write", "b"], ["res.end"]]]],
        "trailers after": [
            ["res.write", "a"],
            ["res.addTrailers", [["X", "1"], ["Y", "2"]]],
            ["res.end"],
        ],
        "trailers bad": [
            ["res.addTrailers", {"b ad": "x"}],
            ["res.addTrailers", {"bad": "\r\n"}],
            ["res.end"],
        ],
        "drain": [
            ["get", "res.writableNeedDrain"],
            ["res.write", {"$fill": 3000000}],
            ["get", "res.writableNeedDrain"],
            ["get", "res.writableLength"],
            ["res.end"],
        ],
    }.items():
        yield on(
            ops, GET, name=f"response: {what}", watch={"res": ["finish", "close", "error", "drain"]}
        )

    for name in ("", "a b", "a:", "\xe9", "X\r\n", "a(b)", "@", "!#$%&'*+-.^_`|~0", 5, None, True):
        for method in ("setHeader", "appendHeader"):
            yield on(
                [[f"res.{method}", name, "x"], ["res.end"]], name=f"response: {method}({name!r})"
            )
        yield on(
            [["res.writeHead", 200, {str(name): "x"}], ["res.end"]],
            name=f"response: writeHead name {name!r}",
        )
        yield on(
            [["res.writeHead", 200, [name, "x"]], ["res.end"]],
            name=f"response: writeHead flat name {name!r}",
        )
        yield on(
            [
                ["res.getHeader", name],
                ["res.hasHeader", name],
                ["res.removeHeader", name],
                ["res.end"],
            ],
            name=f"response: getHeader({name!r})",
        )
    for value in (
        "",
        " a ",
        "a\r\nb",
        "a\nb",
        "\0",
        "\x7f",
        "\x1f",
        "\t",
        "\u0100",
        "\xff",
        0,
        1.5,
        -1,
        False,
        [],
        [""],
        ["a\r\n"],
        [[1]],
    ):
        for method in ("setHeader", "appendHeader"):
            yield on(
                [[f"res.{method}", "X", value], ["res.getHeader", "X"], ["res.end"]],
                name=f"response: {method} value {value!r}",
            )
        yield on(
            [["res.writeHead", 200, {"X": value}], ["res.end"]],
            name=f"response: writeHead value {value!r}",
        )
        yield on(
            [["res.setHeader", "Y", "y"], ["res.writeHead", 200, {"X": value}], ["res.end"]],
            name=f"response: writeHead merged value {value!r}",
        )
    for status in (99, 100, 1000, 999, 0, -1, 200.7, "200", "abc", None, True, 2**31 + 200, 1e10):
        yield on(
            [["res.writeHead", status], ["get", "res.statusCode"], ["res.end"]],
            name=f"response: writeHead({status!r})",
        )
        yield on(
            [["set", "res.statusCode", status], ["res.end"], ["get", "res.statusCode"]],
            name=f"response: statusCode {status!r}",
        )
    for message in ("", " ", "\xe9", "\u0100", "a\r\nb", "a\tb", 5, None, True, "\0"):
        yield on(
            [["res.writeHead", 200, message], ["get", "res.statusMessage"], ["res.end"]],
            name=f"response: writeHead message {message!r}",
        )
        yield on(
            [["set", "res.statusMessage", message], ["res.end"]],
            name=f"response: statusMessage {message!r}",
        )

    # Requests
    show = [["get", "req.headers"], ["get", "req.rawHeaders"], ["res.end"]]
    for lines in (
        ["A: b"],
        ["A:b"],
        ["A: \t b \t"],
        ["A:"],
        ["A: b", "a: c"],
        ["Cookie: a=1", "cookie: b=2"],
        ["Set-Cookie: a", "Set-Cookie: b"],
        ["Set-Cookie: a"],
        *([f"{n}: x1", f"{n}: x2"] for n in REPEATED),
        ["A: \xe9\xff"],
        ["__proto__: x"],
        ["constructor: x"],
        ["X-#$%&'*+.^_`|~9: b"],
        ["A: b: c"],
        ["Connection: close"],
        ["Connection: keep-alive"],
        ["Connection: foo"],
        ["Connection: close, keep-alive"],
        ["Connection: Close"],
        ["Connection: upgrade"],
        ["Connection: Upgrade, close"],
        ["Content-Length: 0"],
        ["Content-Length: 00"],
        ["Content-Length: +1"],
        ["Content-Length: -1"],
        ["Content-Length: 1x"],
        ["Content-Length: 0, 0"],
        ["Content-Length: 0", "Content-Length: 0"],
        ["Content-Length: "],
        ["Content-Length: 99999999999999999999"],
        ["Content-Length:0 "],
        ["Content-Length: 0", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 0"],
        ["Transfer-Encoding: gzip"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked, gzip"],
        ["Transfer-Encoding: chunked, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: Chunked"],
        ["Transfer-Encoding: "],
        ["Host: b"],
        ["host: a"],
        ["A : b"],
        [" A: b"],
        ["A: b", " c"],
        ["A: b\x00c"],
        ["A: b\x7f"],
        ["A: b\x01"],
        ["A: b\tc"],
        ["A\x00: b"],
        ["A\xe9: b"],
        [": b"],
        ["Ab"],
        ["A: b\rC: d"],
        ["A: b\nC: d"],
        [f"X{i}: {i}" for i in range(127)],
        [f"X{i}: {i}" for i in range(128)],
        [f"X{i}: {i}" for i in range(200)],
        ["X: " + "x" * 15000],
        ["X: " + "x" * 16384],
        ["X: " + "x" * 65000],
        ["X: " + "x" * 66000],
        ["X" * 16000 + ": a"],
        ["X" * 66000 + ": a"],
    ):
        shown = repr(lines)[:60]
        yield on(show, request("GET / HTTP/1.1", *lines), "", name=f"request: {shown}")
        yield on(
            show,
            request("GET / HTTP/1.1", *lines) + GET,
            name=f"request, listener: {shown}",
            listen=["clientError"],
        )
    for line in (
        "GET / HTTP/1.1",
        "GET /",
        "GET / HTTP/0.9",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET / HTTP/3",
        "GET / HTTP/1.1 ",
        "GET  / HTTP/1.1",
        " GET / HTTP/1.1",
        "get / HTTP/1.1",
        "FOO / HTTP/1.1",
        "GET/ HTTP/1.1",
        "GET * HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET http://a/b?c HTTP/1.1",
        "GET http://b/b?c HTTP/1.1",
        "GET /\xe9 HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /#f HTTP/1.1",
        "GET /\x00 HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "GET a HTTP/1.1",
        "GET ?a HTTP/1.1",
        "M-SEARCH / HTTP/1.1",
        "QUERY / HTTP/1.1",
        "SOURCE / HTTP/1.1",
        "PRI * HTTP/2.0",
        "GET / http/1.1",
        "GET / RTSP/1.0",
        "GET / ICE/1.0",
        "GET /" + "x" * 15000 + " HTTP/1.1",
        "GET /" + "x" * 66000 + " HTTP/1.1",
        "PUT / HTTP/1.1",
        "DELETE / HTTP/1.1",
        "PATCH / HTTP/1.1",
        "TRACE / HTTP/1.1",
        "PROPFIND / HTTP/1.1",
    ):
        shown = repr(line)[:60]
        yield on(
            [
                ["get", "req.method"],
                ["get", "req.url"],
                ["get", "req.httpVersion"],
                ["res.end", "x"],
            ],
            request(line),
            "",
            name=f"request line: {shown}",
            listen=["clientError"],
        )
        yield on([["res.end", "x"]], request(line), "", name=f"request line, no listener: {shown}")
    for what, data in {
        "no host": request(host=False),
        "no host 1.0": request("GET / HTTP/1.0", host=False),
        "empty host": "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "bad host": "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "bad host 2": "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "no host listener": request(host=False) + GET,
        "bare LF": "GET / HTTP/1.1\nHost: a\n\n",
        "bare LF after": "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "CRs": "\r\r\r" + GET,
        "LFs": "\n\n" + GET,
        "CRLFs": "\r\n\r\n" + GET,
        "many CRLFs": "\r\n" * 40000 + GET,
        "CRLF between": GET + "\r\n" + GET,
        "CRLFs between": GET + "\r\n\r\n\r\n" + GET,
        "garbage": "\x16\x03\x01\x02\x00",
        "garbage after": GET + "garbage\r\n\r\n",
        "nothing": "",
        "half": "GET / HT",
        "half headers": "GET / HTTP/1.1\r\nHost: a\r\nX: ",
    }.items():
        for listen in ([], ["clientError"]):
            yield on(text("x"), data, name=f"raw: {what} {listen}", listen=listen)
            yield on(
                text("x"),
                name=f"raw: {what}, end {listen}",
                listen=listen,
                client=[["send", data], ["end"], ["wait"]],
            )

    # Bodies of requests
    reading = [["res.end", "done"]]
    data = {"req.data": [], "req.end": reading}
    post = "POST / HTTP/1.1"
    for what, sent in {
        "length": request(post, "Content-Length: 5", body="Hello"),
        "length 0": request(post, "Content-Length: 0"),
        "none": request(post),
        "chunked": request(
            post, "Transfer-Encoding: chunked", body="3\r\nHel\r\n2\r\nlo\r\n0\r\n\r\n"
        ),
        "chunked empty": request(post, "Transfer-Encoding: chunked", body="0\r\n\r\n"),
        "chunk extension": request(
            post, "Transfer-Encoding: chunked", body="3;a=b\r\nHel\r\n2;x\r\nlo\r\n0\r\n\r\n"
        ),
        "chunk quoted extension": request(
            post, "Transfer-Encoding: chunked", body='3;a="b;\\"c"\r\nHel\r\n0\r\n\r\n'
        ),
        "trailers": request(
            post, "Transfer-Encoding: chunked", body="3\r\nHel\r\n0\r\nX-A: b\r\nx-a: c\r\n\r\n"
        ),
        "bad chunk": request(post, "Transfer-Encoding: chunked", body="x\r\n"),
        "bad chunk 2": request(post, "Transfer-Encoding: chunked", body="3\r\nHello\r\n"),
        "chunk LF": request(post, "Transfer-Encoding: chunked", body="3\nHel\r\n0\r\n\r\n"),
        "chunk data LF": request(post, "Transfer-Encoding: chunked", body="3\r\nHel\n0\r\n\r\n"),
        "chunk space": request(post, "Transfer-Encoding: chunked", body="3 \r\nHel\r\n0\r\n\r\n"),
        "chunk 0x": request(post, "Transfer-Encoding: chunked", body="0x3\r\nHel\r\n0\r\n\r\n"),
        "chunk huge": request(
            post, "Transfer-Encoding: chunked", body="fffffffffffffffff\r\nHel\r\n0\r\n\r\n"
        ),
        "chunk negative": request(
            post, "Transfer-Encoding: chunked", body="-3\r\nHel\r\n0\r\n\r\n"
        ),
        "chunk upper": request(
            post, "Transfer-Encoding: chunked", body="A\r\n0123456789\r\n0\r\n\r\n"
        ),
        "chunk leading zeros": request(
            post, "Transfer-Encoding: chunked", body="0003\r\nHel\r\n000\r\n\r\n"
        ),
        "long extension": request(
            post, "Transfer-Encoding: chunked", body="3;" + "a" * 20000 + "\r\nHel\r\n0\r\n\r\n"
        ),
        "bad trailer": request(post, "Transfer-Encoding: chunked", body="0\r\nb ad: x\r\n\r\n"),
        "long trailer": request(
            post, "Transfer-Encoding: chunked", body="0\r\nA: " + "x" * 70000 + "\r\n\r\n"
        ),
        "GET with length": request("GET / HTTP/1.1", "Content-Length: 5", body="Hello"),
        "chunked 1.0": request(
            "POST / HTTP/1.0", "Transfer-Encoding: chunked", body="3\r\nHel\r\n0\r\n\r\n"
        ),
        "length 1.0": request("POST / HTTP/1.0", "Content-Length: 3", body="Hel"),
        "large": request(post, "Content-Length: 200000", body="x" * 200000),
    }.items():
        yield on(
            [],
            sent,
            name=f"body: {what}",
            also=data,
            listen=["clientError"] if "bad" in what or "chunk" in what or "long" in what else [],
        )
        yield on([], sent + GET, name=f"body, next: {what}", also=data)
        if len(sent) < 500:
            yield on(
                [], name=f"body, trickled: {what}", also=data, client=[["trickle", sent], ["wait"]]
            )
    half = request(post, "Content-Length: 10", body="Hello")
    chunky = request(post, "Transfer-Encoding: chunked", body="5\r\nHello\r\n")
    for what, sent in {"length": half, "chunked": chunky}.items():
        for how in ("end", "reset", "destroy"):
            for watched in (["end", "close", "error", "aborted"], ["end", "close", "aborted"]):
                yield on(
                    [],
                    name=f"abort: {what}, {how}, {len(watched)}",
                    also={"req.data": []},
                    watch={"req": watched},
                    client=[["send", sent], ["wait"], [how], ["wait"]],
                    listen=["clientError"],
                )
                yield on(
                    [["res.write", "x"]],
                    name=f"abort, writing: {what}, {how}, {len(watched)}",
                    also={"req.data": []},
                    watch={"req": watched},
                    client=[["send", sent], ["wait"], [how], ["wait"]],
                    listen=["clientError"],
                )
                yield on(
                    [["res.end", "x"]],
                    name=f"abort, answered: {what}, {how}, {len(watched)}",
                    also={"req.data": []},
                    watch={"req": watched},
                    client=[["send", sent], ["wait"], [how], ["wait"]],
                    listen=["clientError"],
                )
            yield on(
                [],
                name=f"abort, unread: {what}, {how}",
                client=[["send", sent], ["wait"], [how], ["wait"]],
            )
            yield on(
                [["get", "req.aborted"], ["get", "req.complete"]],
                name=f"abort, no listener: {what}, {how}",
                watch={"req": [], "res": []},
                client=[
                    ["send", sent],
                    ["wait"],
                    [how],
                    ["wait"],
                    [
                        "do",
                        [
                            ["get", "req1.aborted"],
                            ["get", "req1.complete"],
                            ["get", "req1.destroyed"],
                            ["get", "req1.readableEnded"],
                            ["get", "res1.destroyed"],
                        ],
                    ],
                ],
            )
        yield on(
            text(), sent, "World" if what == "length" else "0\r\n\r\n", GET, name=f"unread: {what}"
        )
        yield on(
            [["res.end", "x"], ["later", 20, [["req.resume"]]]],
            sent,
            "World" if what == "length" else "0\r\n\r\n",
            GET,
            name=f"unread, resumed: {what}",
        )
        yield on(
            [["req.pause"], ["later", 100, [["req.resume"]]]],
            sent,
            "World" if what == "length" else "0\r\n\r\n",
            ["x"][0] and "",
            name=f"paused: {what}",
            also=data,
        )
        yield on(
            [["req.setEncoding", "utf8"]],
            sent,
            "World" if what == "length" else "0\r\n\r\n",
            name=f"setEncoding: {what}",
            also=data,
        )
        yield on(
            [["res.writeHead", 200], ["req.pipe", {"$ref": "res"}]],
            sent,
            "World" if what == "length" else "0\r\n\r\n",
            GET,
            name=f"echo by pipe: {what}",
        )
        yield on([["req.destroy"]], sent, name=f"destroyed: {what}", also={"req.data": []})
        yield on([], sent, name=f"destroyed at data: {what}", also={"req.data": [["req.destroy"]]})
        yield on(
            [],
            sent,
            name=f"destroyed with error at data: {what}",
            also={"req.data": [["req.destroy", {"$error": "boom"}]]},
        )
    yield on(
        [["get", "req.trailers"], ["get", "req.rawTrailers"]],
        request(
            post,
            "Transfer-Encoding: chunked",
            body="3\r\nHel\r\n0\r\nX-A: b\r\nx-a: c\r\nCookie: d\r\n\r\n",
        ),
        name="trailers",
        also={
            "req.data": [],
            "req.end": [
                ["get", "req.trailers"],
                ["get", "req.rawTrailers"],
                ["get", "req.complete"],
                ["res.end"],
            ],
        },
    )
    for how in ("end", "reset", "destroy"):
        for ops in ([], [["res.write", "x"]], [["res.flushHeaders"]], text()):
            yield on(
                ops,
                name=f"client goes: {how}, {ops}",
                client=[["send", GET], ["wait"], [how], ["wait"]],
                watch={"res": ["finish", "close", "error"], "socket": ["end", "close", "error"]},
                listen=["clientError", "connection"],
            )
            yield on(
                [
                    *ops,
                    [
                        "later",
                        150,
                        [["res.write", "y"], ["get", "res.destroyed"], ["res.end", "z"]],
                    ],
                ],
                name=f"client goes, then written: {how}, {ops}",
                client=[["send", GET], ["wait"], [how], ["wait"], ["sleep", 150], ["wait"]],
                watch={"res": ["finish", "close", "error"]},
                listen=["clientError"],
            )

    # Pipelining
    slow = {
        "server.request#1": [["later", 20, [["res.end", "first"]]]],
        "server.request#2": [["res.end", "second"]],
        "server.request#3": [["res.write", "th"], ["res.end", "ird"]],
    }
    yield on([], GET * 3, name="pipeline: slow first", also=slow)
    yield on([], GET, GET + GET, name="pipeline: slow first, apart", also=slow)
    yield on(text(), GET * 10, name="pipeline: ten")
    yield on(
        text(),
        GET + request(post, "Content-Length: 5", body="Hello") + GET,
        name="pipeline: unread body between",
    )
    yield on(text(), GET + CLOSE + GET, name="pipeline: close in the middle")
    yield on(text(), GET + OLD + GET, name="pipeline: 1.0 in the middle")
    yield on(
        [["res.setHeader", "Connection", "close"], ["res.end", "x"]],
        GET * 3,
        name="pipeline: server closes",
    )
    yield on([], GET * 2 + "garbage", name="pipeline: garbage behind slow", also=slow)
    yield on(
        [],
        GET * 2 + "garbage",
        name="pipeline: garbage behind slow, listener",
        also=slow,
        listen=["clientError"],
    )
    yield on(
        [],
        GET * 2,
        name="pipeline: second ends before first",
        also={
            "server.request#1": [
                ["later", 20, [["res.write", "a"], ["later", 20, [["res.end", "b"]]]]]
            ],
            "server.request#2": [
                ["res.write", "c"],
                ["get", "res.writableLength"],
                ["get", "res.socket"],
                ["res.end", "d", {"$callback": "d"}],
            ],
        },
    )
    yield on(
        [],
        GET * 2,
        name="pipeline: first destroyed",
        also={
            "server.request#1": [["later", 20, [["res.destroy"]]]],
            "server.request#2": [["res.end", "second"]],
        },
    )
    yield on(
        [],
        GET * 2,
        name="pipeline: second destroyed",
        also={
            "server.request#1": [["later", 20, [["res.end", "first"]]]],
            "server.request#2": [["res.destroy"]],
        },
    )
    yield on(
        [], name="pipeline: client ends", also=slow, client=[["send", GET * 3], ["end"], ["wait"]]
    )
    yield on(
        [],
        name="pipeline: client resets",
        also=slow,
        client=[["send", GET * 3], ["wait"], ["reset"], ["wait"]],
    )
    yield on([["later", 30, [["res.end", "x"]]]], GET * 1000, name="pipeline: a thousand")
    yield on([["res.end", {"$fill": 100000}]], GET * 20, name="pipeline: large answers")
    yield on(
        [],
        name="pipeline: half-close while slow",
        also=slow,
        client=[["send", GET], ["end"], ["wait"]],
    )

    # Upgrade and CONNECT
    up = request("GET /up HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")
    hello = [["socket.write", "HTTP/1.1 101 Hello\r\n\r\n"]]
    listeners = {"server.upgrade": hello, "socket.data": [], "socket.end": [["socket.end"]]}
    for what, sent in {
        "plain": up,
        "with head": up + "\x81\x00rest",
        "with a second head": up + GET,
        "with length": request(
            "GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: x", "Content-Length: 5", body="Hello"
        )
        + GET,
        "with chunked": request(
            "POST / HTTP/1.1",
            "Connection: Upgrade",
            "Upgrade: x",
            "Transfer-Encoding: chunked",
            body="3\r\nHel\r\n0\r\n\r\n",
        )
        + GET,
        "without connection": request("GET / HTTP/1.1", "Upgrade: x") + GET,
        "without upgrade": request("GET / HTTP/1.1", "Connection: upgrade") + GET,
        "1.0": request("GET / HTTP/1.0", "Connection: Upgrade", "Upgrade: x"),
        "close": request("GET / HTTP/1.1", "Connection: close, Upgrade", "Upgrade: x"),
        "after GET": GET + up + "\x81\x00",
        "h2c": request("GET / HTTP/1.1", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")
        + GET,
        "keep-alive": request(
            "GET / HTTP/1.1", "Connection: keep-alive, Upgrade", "Upgrade: websocket"
        )
        + "abc",
        "CONNECT": "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\nabc",
        "CONNECT after GET": GET + "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\nabc",
        "CONNECT with length": "CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "CONNECT 1.0": "CONNECT a:80 HTTP/1.0\r\n\r\nabc",
        "CONNECT without host": "CONNECT a:80 HTTP/1.1\r\n\r\nabc",
        "upgrade without host": "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc",
        "CONNECT bad": "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "expect": request(
            "GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: x", "Expect: 100-continue"
        )
        + "abc",
        "upgrade without Upgrade value": request(
            "GET / HTTP/1.1", "Connection: upgrade", "Upgrade:"
        )
        + "abc",
    }.items():
        yield on(
            text(),
            sent,
            "more",
            name=f"upgrade: {what}",
            also=listeners | {"server.connect": hello},
        )
        yield on(text(), sent, "more", name=f"upgrade, none listens: {what}")
        yield on(
            text(),
            name=f"upgrade, trickled: {what}",
            also=listeners | {"server.connect": hello},
            client=[["trickle", sent], ["wait"]],
        )
        yield on(
            text(),
            name=f"upgrade, trickled, none listens: {what}",
            client=[["trickle", sent], ["wait"]],
        )
    yield on(
        text(),
        up,
        name="upgrade: refused",
        also={"server.upgrade": [["socket.end", "HTTP/1.1 403 Forbidden\r\n\r\n"]]},
        watch={"socket": ["end", "close", "error"]},
    )
    yield on(
        text(),
        up,
        name="upgrade: written and destroyed",
        also={
            "server.upgrade": [
                ["socket.write", "HTTP/1.1 401 Unauthorized\r\n\r\n"],
                ["socket.destroy"],
            ]
        },
        watch={"socket": ["end", "close", "error"]},
    )
    yield on(
        text(),
        up,
        "hello",
        name="upgrade: flags",
        also={
            "server.upgrade": [
                ["get", "socket.readableFlowing"],
                ["get", "socket.timeout"],
                ["get", "socket.readable"],
                ["get", "socket.writable"],
                ["get", "req.upgrade"],
                ["get", "req.complete"],
                ["later", 10, [["get", "req.complete"], ["get", "req.destroyed"]]],
            ]
        },
    )
    yield on(
        text(),
        up,
        "hello",
        "world",
        name="upgrade: nobody reads",
        also={"server.upgrade": [["later", 200, [["listen", "socket", "data", []]]]]},
    )
    yield on(
        text(),
        up,
        name="upgrade: client ends",
        also=listeners,
        client=[["send", up], ["wait"], ["end"], ["wait"]],
        watch={"socket": ["end", "close", "error"]},
    )
    yield on(
        text(),
        up,
        name="upgrade: client resets",
        also=listeners,
        client=[["send", up], ["wait"], ["reset"], ["wait"]],
        watch={"socket": ["end", "close", "error"]},
    )
    yield on(
        text(),
        up,
        name="upgrade: client resets, no error listener",
        also={"server.upgrade": hello},
        client=[["send", up], ["wait"], ["reset"], ["wait"]],
        throws=True,
        watch={"socket": ["end", "close"]},
    )
    yield on(
        text(),
        name="upgrade: server closes",
        also=listeners,
        client=[
            ["send", up],
            ["wait"],
            ["do", [["server.close", {"$callback": "closed"}], ["server.closeAllConnections"]]],
            ["wait"],
            ["send", "x"],
            ["wait"],
            ["end"],
            ["wait"],
        ],
        watch={"socket": ["end", "close", "error"]},
        listen=["close"],
    )
    yield on(
        [["later", 20, [["res.end", "first"]]]],
        GET + up + "abc",
        name="upgrade: while a response is open",
        also=listeners,
    )
    yield on(
        text(),
        up,
        name="upgrade: pipe",
        also={
            "server.upgrade": [
                ["socket.write", "HTTP/1.1 101 A\r\n\r\n"],
                ["socket.pipe", {"$ref": "socket"}],
            ]
        },
        client=[["send", up], ["wait"], ["send", "echo"], ["wait"], ["end"], ["wait"]],
        watch={"socket": ["end", "close", "error"]},
    )

    # Expect
    for value in (
        "100-continue",
        "100-Continue",
        "200-ok",
        "100-continue, x",
        "x100-continuex",
        "",
    ):
        for version in ("1.1", "1.0"):
            sent = request(f"POST / HTTP/{version}", f"Expect: {value}", "Content-Length: 3")
            yield on([], sent, "abc", name=f"expect: {value} {version}", also=data)
            yield on(
                [],
                sent,
                "abc",
                name=f"expect, checkContinue: {value} {version}",
                also=data | {"server.checkContinue": [["res.writeContinue"]]},
            )
            yield on(
                [],
                sent,
                "abc",
                name=f"expect, checkExpectation: {value} {version}",
                also=data
                | {"server.checkExpectation": [["set", "res.statusCode", 400], ["res.end"]]},
            )
    yield on(
        text(),
        request(post, "Expect: 100-continue", "Content-Length: 3"),
        "abc",
        GET,
        name="expect: answered without reading",
    )
    yield on(
        text(),
        request(post, "Expect: 100-continue", "Content-Length: 3"),
        GET,
        name="expect, checkContinue: refused",
        also={"server.checkContinue": [["res.writeHead", 413], ["res.end", "no"]]},
    )
    yield on(text(), request("GET / HTTP/1.1", "Expect: 100-continue"), GET, name="expect: GET")
    yield on(
        text(),
        request(post, "Expect: 100-continue", "Content-Length: 3", body="abc") + GET,
        name="expect: body follows at once",
    )

    # Time limits
    for what, sent, _ in (
        ("nothing", "", True),
        ("half", "GET / HT", True),
        ("half headers", "GET / HTTP/1.1\r\nHost: a\r\n", True),
        ("half body", half, True),
        ("half chunked", chunky, True),
    ):
        for listen in ([], ["clientError"]):
            for ops in ([], text(), [["res.write", "x"]]):
                if "body" not in what and ops:
                    continue
                yield on(
                    ops,
                    name=f"time: {what}, {listen}, {ops}",
                    options={
                        "headersTimeout": 100,
                        "requestTimeout": 150,
                        "connectionsCheckingInterval": 10,
                        "keepAliveTimeout": 60000,
                    },
                    listen=listen,
                    client=[
                        ["connect"],
                        *([["send", sent]] if sent else []),
                        ["sleep", 250],
                        ["wait"],
                    ],
                    watch={"req": ["aborted", "error", "close"], "socket": ["close"]},
                    also={"req.data": []},
                )
    yield on(
        text(),
        name="time: keep-alive",
        set={"keepAliveTimeout": 100},
        client=[["send", GET], ["wait"], ["sleep", 1300], ["wait"]],
        watch={"socket": ["close", "timeout"]},
    )
    yield on(
        text(),
        name="time: keep-alive 1.4 s",
        set={"keepAliveTimeout": 1400},
        client=[["send", GET], ["wait"]],
    )
    yield on(
        text(),
        name="time: keep-alive 0",
        set={"keepAliveTimeout": 0},
        client=[["send", GET], ["wait"], ["sleep", 300], ["wait"]],
    )
    yield on(
        text(),
        name="time: keep-alive used",
        set={"keepAliveTimeout": 1000},
        client=[
            ["send", GET],
            ["sleep", 60],
            ["send", GET],
            ["sleep", 60],
            ["send", GET],
            ["wait"],
        ],
    )
    yield on(
        text(),
        name="time: keep-alive, half a request",
        options={"keepAliveTimeout": 250, "headersTimeout": 2000},
        client=[
            ["send", GET],
            ["wait"],
            ["send", "GET / "],
            ["sleep", 300],
            ["send", "HTTP/1.1\r\nHost: a\r\n\r\n"],
            ["wait"],
        ],
    )
    yield on(
        [],
        name="time: server.setTimeout",
        client=[["do", [["server.setTimeout", 100]]], ["send", GET], ["sleep", 200], ["wait"]],
        watch={"socket": ["close", "timeout"]},
    )
    yield on(
        [],
        name="time: server.timeout with listener",
        client=[["do", [["server.setTimeout", 100]]], ["send", GET], ["sleep", 200], ["wait"]],
        listen=["timeout"],
        watch={"socket": ["close", "timeout"]},
    )
    yield on(
        [["res.setTimeout", 100], ["listen", "res", "timeout", [["res.end", "late"]]]],
        name="time: res.setTimeout",
        client=[["send", GET], ["sleep", 200], ["wait"]],
    )
    yield on(
        [["req.setTimeout", 100, {"$callback": "t"}]],
        name="time: req.setTimeout",
        client=[["send", GET], ["sleep", 200], ["wait"]],
    )
    for name in (
        "timeout",
        "keepAliveTimeout",
        "headersTimeout",
        "requestTimeout",
        "maxHeadersCount",
        "maxRequestsPerSocket",
        "connectionsCheckingInterval",
        "listening",
        "requireHostHeader",
        "httpAllowHalfOpen",
    ):
        yield {"name": f"server property: {name}", "client": [["do", [["get", f"server.{name}"]]]]}

    # Closing
    for ops in ([], [["res.write", "x"]], text()):
        for how in ("close", "closeIdleConnections", "closeAllConnections"):
            yield on(
                ops,
                name=f"closing: {how}, {ops}",
                client=[
                    ["send", GET],
                    ["connect", "c1"],
                    ["wait"],
                    ["send", "GET /h", "c2"],
                    ["wait"],
                    [
                        "do",
                        [
                            [
                                f"server.{how}",
                                *([{"$callback": "closed"}] if how == "close" else []),
                            ],
                            ["get", "server.listening"],
                        ],
                    ],
                    ["wait"],
                    ["do", [["res1.end", "late"]]],
                    ["wait"],
                    ["destroy", "c2"],
                    ["wait"],
                    ["destroy", "c1"],
                    ["wait"],
                ],
                listen=["close", "clientError"],
                watch={"socket": ["close", "end", "error"]},
            )
    yield on(
        text(),
        name="closing: twice",
        client=[
            [
                "do",
                [["server.close", {"$callback": "one"}], ["server.close", {"$callback": "two"}]],
            ],
            ["wait"],
        ],
        listen=["close"],
    )
    yield on(
        [["server.close"], ["res.end", "x"]], GET, name="closing: while answering", listen=["close"]
    )
    yield on(
        [["res.end", "x"]],
        GET,
        GET,
        GET,
        name="maxRequestsPerSocket",
        set={"maxRequestsPerSocket": 2},
        listen=["dropRequest"],
    )
    yield on(
        [["res.end", "x"]],
        GET * 4,
        name="maxRequestsPerSocket pipelined",
        set={"maxRequestsPerSocket": 2},
        listen=["dropRequest"],
    )

    # Errors
    for what, ops in {
        "answer": [["socket.end", "HTTP/1.1 400 Mine\r\n\r\n"]],
        "destroy": [["socket.destroy"]],
        "nothing": [],
        "flags": [
            ["get", "socket.writable"],
            ["get", "error.message"],
            ["get", "error.bytesParsed"],
            ["get", "error.rawPacket"],
            ["get", "error.reason"],
            ["socket.destroy"],
        ],
    }.items():
        for kind, sent in {
            "garbage": "garbage",
            "overflow": "GET / HTTP/1.1\r\nHost: a\r\nX: " + "x" * 70000,
            "after": GET + "garbage",
            "body": request(post, "Transfer-Encoding: chunked", body="x\r\n"),
        }.items():
            yield on(
                text() if kind == "after" else [],
                sent,
                "more",
                name=f"clientError: {what}, {kind}",
                also={"server.clientError": ops},
                watch={"socket": ["close"]},
            )
    yield on(
        [["res.write", "x"]],
        request(post, "Transfer-Encoding: chunked", body="x\r\n"),
        name="error: response begun",
    )
    yield on(
        [["res.write", "x"]],
        request(post, "Transfer-Encoding: chunked"),
        "x\r\n",
        name="error: response begun, later",
    )
    yield on([["res.write", "x"]], GET, "garbage", name="error: garbage behind a begun response")
    yield on([], GET, "garbage", name="error: garbage behind a request without response")
    yield on(text(), GET, "garbage", name="error: garbage behind an answered one")
    yield on([["throw"]], GET, name="error: listener throws", throws=True)
    yield on([["later", 10, [["throw"]]]], GET, name="error: listener throws later", throws=True)
    yield on(
        [["res.write", {"$fill": 5000000}], ["res.write", {"$fill": 5000000}], ["res.end"]],
        name="slow reader",
        client=[
            ["connect"],
            ["pause"],
            ["send", GET],
            ["sleep", 100],
            [
                "do",
                [
                    ["get", "res1.writableNeedDrain"],
                    ["get", "res1.writableFinished"],
                    ["get", "res1.writableEnded"],
                ],
            ],
            ["resume"],
            ["wait"],
        ],
        watch={"res": ["finish", "close", "drain"]},
    )
    yield on(
        [["res.write", {"$fill": 5000000}]],
        name="slow reader: drain",
        client=[
            ["connect"],
            ["pause"],
            ["send", GET],
            ["sleep", 100],
            ["do", [["get", "res1.writableNeedDrain"]]],
            ["resume"],
            ["wait"],
        ],
        watch={"res": ["finish", "close", "drain"]},
        also={"res.drain": [["get", "res.writableNeedDrain"], ["res.end"]]},
    )
    yield {"name": "no listener", "client": [["send", GET], ["wait"]]}
