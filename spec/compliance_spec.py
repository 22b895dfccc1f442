"""The programs that run the Autobahn test suite, here without the suite itself."""

import json
import signal
import socket
import threading
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect
from websockets.sync.server import serve

from spec.wires import PATIENCE, finish, free_port, port_of, program


@contextmanager
def suite(*cases):
    """A stand-in for the fuzzing server, with its arguments and results once it has ended."""
    log = []
    threads = []

    def handler(connection):
        threads.append(threading.current_thread())
        path, _, query = connection.request.path.partition("?")
        offer = connection.request.headers["Sec-WebSocket-Extensions"]
        extensions = [extension.name for extension in connection.protocol.extensions]
        entry = [connection.request.path, offer, extensions]
        log.append(entry)
        if path == "/getCaseCount":
            connection.send(str(len(cases)))
        elif path == "/runCase":
            number = int(query.split("&")[0].removeprefix("case="))
            entry.append(cases[number - 1](connection))

    with serve(handler, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.socket.getsockname()[1], log
        finally:
            server.shutdown()
            for each in (thread, *threads):
                each.join()


def messages(connection):
    """A case: messages of both types, which come back."""
    for message in ("Gr\u00fc\u00df Gott", b"\x00\xff", "", b""):
        connection.send(message)
        assert connection.recv(PATIENCE) == message
    return "echoed"


def fragments(connection):
    """A case: a message in three frames, which comes back as one."""
    connection.send(["x" * 1000, "y" * 1000, "z"])
    return connection.recv(PATIENCE)


def reserved_opcode(connection):
    """A case: a frame that the other side has to refuse."""
    connection.socket.sendall(b"\x8b\x00")
    with pytest.raises(ConnectionClosed) as raised:
        connection.recv(PATIENCE)
    assert raised.value.rcvd
    return raised.value.rcvd.code


class DescribeServer:
    @pytest.fixture
    def url(self):
        with program("compliance/server.py", free_port()) as server:
            yield f"ws://127.0.0.1:{port_of(server)}/"
            server.send_signal(signal.SIGINT)
            finish(server)

    def it_sends_messages_back_with_their_types(self, url):
        with connect(url) as client:
            for message in ("Gr\u00fc\u00df Gott", b"\x00\xff", "", b""):
                client.send(message)
                assert client.recv(PATIENCE) == message

    def it_takes_16_mib_the_largest_message_of_the_suite(self, url):
        with connect(url, compression=None, max_size=None) as client:
            client.send(b"\xfe" * 2**24)
            assert client.recv(PATIENCE) == b"\xfe" * 2**24

    @pytest.mark.parametrize(
        ("wishes", "response"),
        [
            ({}, "permessage-deflate"),
            (
                {"server_no_context_takeover": True},
                "permessage-deflate; server_no_context_takeover",
            ),
            ({"server_max_window_bits": 9}, "permessage-deflate; server_max_window_bits=9"),
            (
                {"server_no_context_takeover": True, "server_max_window_bits": 9},
                "permessage-deflate; server_no_context_takeover; server_max_window_bits=9",
            ),
        ],
    )
    def it_deflates_as_the_client_wishes(self, url, wishes, response):
        deflate = ClientPerMessageDeflateFactory(**wishes)
        with connect(url, compression=None, extensions=[deflate]) as client:
            assert client.response is not None
            assert client.response.headers["Sec-WebSocket-Extensions"] == response
            for message in ("x" * 10000, b"\x00\xff" * 10000):
                client.send(message)
                assert client.recv(PATIENCE) == message

    def it_says_when_it_cannot_listen(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with program("compliance/server.py", port) as server:
                output, errors = server.communicate(timeout=PATIENCE)
        assert (server.returncode, output) == (1, "")
        assert errors.startswith("Cannot listen: listen EADDRINUSE: ")
        assert len(errors.splitlines()) == 1


class DescribeClient:
    def it_takes_each_case_and_has_the_reports_written(self):
        with (
            suite(messages, fragments, reserved_opcode) as (port, log),
            program("compliance/client.py", "127.0.0.1", port) as client,
        ):
            assert finish(client) == "3 cases\n"
        deflate = ("permessage-deflate; client_max_window_bits", ["permessage-deflate"])
        assert log == [
            ["/getCaseCount", *deflate],
            ["/runCase?case=1&agent=client", *deflate, "echoed"],
            ["/runCase?case=2&agent=client", *deflate, "x" * 1000 + "y" * 1000 + "z"],
            ["/runCase?case=3&agent=client", *deflate, 1002],
            ["/updateReports?agent=client", *deflate],
        ]

    def it_says_when_it_cannot_connect(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with program("compliance/client.py", "127.0.0.1", port) as client:
            output, errors = client.communicate(timeout=PATIENCE)
        assert (client.returncode, output) == (1, "")
        assert errors.startswith("Could not connect: ")
        assert len(errors.splitlines()) == 1


# How many cases the suite has in each section.
SECTIONS = {
    "1": 16,
    "2": 11,
    "3": 7,
    "4": 10,
    "5": 20,
    "6": 145,
    "7": 37,
    "9": 54,
    "10": 1,
    "12": 90,
    "13": 126,
}


def result(behavior="OK", close="OK"):
    return {"behavior": behavior, "behaviorClose": close, "remoteCloseCode": 1000, "duration": 2}


def complete():
    """The results of all cases, each of them OK."""
    return {
        f"{section}.1.{number}": result()
        for section, count in SECTIONS.items()
        for number in range(1, count + 1)
    }


class DescribeSummarize:
    @pytest.fixture
    def summarize(self, tmp_path):
        def run(*reports, status):
            paths = [tmp_path / f"{number}.json" for number in range(len(reports))]
            for path, report in zip(paths, reports, strict=True):
                path.write_text(json.dumps(report))
            with program("compliance/summarize.py", *paths) as process:
                return finish(process, status)

        return run

    def it_makes_a_table_with_a_column_for_each_agent(self, summarize):
        server, client = complete(), complete()
        server["7.1.6"] = result("INFORMATIONAL", "INFORMATIONAL")
        server["6.1.12"] = server["6.1.3"] = result("NON-STRICT")
        client["13.1.126"] = result("OK", "UNCLEAN")
        client["3.1.7"] = result("FAILED", "FAILED")
        del client["12.1.90"], client["12.1.1"]

        assert summarize({"server": server}, {"client": client}, status=1) == (
            "| section | cases | server | client |\n"
            "| --- | ---: | --- | --- |\n"
            "| 1 Framing | 16 | 16 OK | 16 OK |\n"
            "| 2 Pings and pongs | 11 | 11 OK | 11 OK |\n"
            "| 3 Reserved bits | 7 | 7 OK | 6 OK, 1 FAILED |\n"
            "| 4 Opcodes | 10 | 10 OK | 10 OK |\n"
            "| 5 Fragmentation | 20 | 20 OK | 20 OK |\n"
            "| 6 UTF-8 | 145 | 143 OK, 2 NON-STRICT | 145 OK |\n"
            "| 7 Closing | 37 | 36 OK, 1 INFORMATIONAL | 37 OK |\n"
            "| 9 Limits and performance | 54 | 54 OK | 54 OK |\n"
            "| 10 Automatic fragmentation | 1 | 1 OK | 1 OK |\n"
            "| 12 Compression, by payload | 90 | 90 OK | 88 OK, 2 missing |\n"
            "| 13 Compression, by parameters | 126 | 126 OK | 125 OK, 1 UNCLEAN in closing |\n"
            "| all | 517 | 514 OK, 1 INFORMATIONAL, 2 NON-STRICT |"
            " 513 OK, 1 FAILED, 1 UNCLEAN in closing, 2 missing |\n"
            "\n"
            "- server, INFORMATIONAL: 7.1.6\n"
            "- server, NON-STRICT: 6.1.3, 6.1.12\n"
            "- client, FAILED: 3.1.7\n"
            "- client, UNCLEAN in closing: 13.1.126\n"
        )

    @pytest.mark.parametrize(
        "exception", [result(), result("INFORMATIONAL", "INFORMATIONAL"), result("INFORMATIONAL")]
    )
    def it_is_content_with_what_is_ok_or_informational(self, summarize, exception):
        summarize({"server": {**complete(), "7.1.6": exception}}, status=0)

    @pytest.mark.parametrize(
        "exception",
        [
            result("FAILED", "FAILED"),
            result("NON-STRICT"),
            result("UNIMPLEMENTED"),
            result("OK", "FAILED"),
            result("OK", "UNCLEAN"),
            result("OK", "WRONG CODE"),
            result("INFORMATIONAL", "FAILED BY CLIENT"),
        ],
    )
    def it_exits_with_1_for_any_other_verdict(self, summarize, exception):
        summarize({"server": {**complete(), "7.1.6": exception}}, status=1)

    def it_exits_with_1_if_a_case_is_missing(self, summarize):
        results = complete()
        del results["10.1.1"]
        summarize({"server": complete(), "client": results}, status=1)

    def it_exits_with_1_for_a_report_of_nobody(self, summarize):
        summarize({}, status=1)
