"""Errors: Python's classes, with Node's codes."""

from __future__ import annotations

import copy
import errno
import pickle
import socket

import pytest

from websocket_driver.node.errors import (
    NodeError,
    code_of,
    combined_error,
    invalid_argument,
    invalid_value,
    lookup_error,
    make_error,
    multiple_callback,
    out_of_range,
    stream_destroyed,
    system_error,
    unknown_encoding,
    write_after_end,
)


def parts(error):
    return (error.code, error.syscall, error.errno, error.address, error.port, str(error))


class DescribeSystemErrors:
    @pytest.mark.parametrize(
        ("number", "kind", "code"),
        [
            (errno.ECONNREFUSED, ConnectionRefusedError, "ECONNREFUSED"),
            (errno.ECONNRESET, ConnectionResetError, "ECONNRESET"),
            (errno.EPIPE, BrokenPipeError, "EPIPE"),
            (errno.ETIMEDOUT, TimeoutError, "ETIMEDOUT"),
            (errno.ENOENT, FileNotFoundError, "ENOENT"),
            (errno.EACCES, PermissionError, "EACCES"),
            (errno.EHOSTUNREACH, OSError, "EHOSTUNREACH"),
        ],
    )
    def it_has_the_class_that_python_has_for_it(self, number, kind, code):
        error = system_error(number, "connect", "127.0.0.1", 80)
        assert isinstance(error, kind)
        assert isinstance(error, NodeError)
        assert type(error).__name__ == kind.__name__
        assert parts(error) == (
            code,
            "connect",
            number,
            "127.0.0.1",
            80,
            f"connect {code} 127.0.0.1:80",
        )
        assert error.message == str(error)

    def it_says_where_it_came_from_if_that_is_known(self):
        error = system_error(errno.ENETUNREACH, "connect", "1.2.3.4", 80, local="0.0.0.0:0")
        assert str(error) == "connect ENETUNREACH 1.2.3.4:80 - Local (0.0.0.0:0)"

    def it_leaves_out_what_is_not_known(self):
        error = system_error(errno.ECONNRESET, "read")
        assert parts(error) == (
            "ECONNRESET",
            "read",
            errno.ECONNRESET,
            None,
            None,
            "read ECONNRESET",
        )

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (errno.EADDRINUSE, "listen EADDRINUSE: address already in use ::1:80"),
            (errno.EADDRNOTAVAIL, "listen EADDRNOTAVAIL: address not available ::1:80"),
            (errno.ENOTCONN, "listen ENOTCONN: transport endpoint is not connected ::1:80"),
        ],
    )
    def it_explains_those_of_listen(self, number, text):
        assert str(system_error(number, "listen", "::1", 80)) == text

    def it_has_a_path_in_place_of_a_port(self):
        error = system_error(errno.EACCES, "listen", "/a/b", -1)
        assert (str(error), error.port) == ("listen EACCES: permission denied /a/b", -1)

    def it_has_a_code_for_numbers_without_a_name(self):
        assert code_of(99999) == "E99999"

    def it_is_the_error_of_a_lookup(self):
        error = lookup_error(socket.EAI_NONAME, "nosuch.invalid")
        assert isinstance(error, socket.gaierror)
        assert parts(error)[:3] == ("ENOTFOUND", "getaddrinfo", socket.EAI_NONAME)
        assert str(error) == "getaddrinfo ENOTFOUND nosuch.invalid"
        assert error.hostname == "nosuch.invalid"
        assert lookup_error(socket.EAI_AGAIN, "x").code == "EAI_AGAIN"
        assert lookup_error(12345, "x").code == "ENOTFOUND"


class DescribeErrorsOfTheCaller:
    @pytest.mark.parametrize(
        ("error", "kind", "code", "text"),
        [
            (
                invalid_argument("port", "a number", "x"),
                TypeError,
                "ERR_INVALID_ARG_TYPE",
                "`port` must be a number, not str ('x')",
            ),
            (
                invalid_argument("port", "a number", None),
                TypeError,
                "ERR_INVALID_ARG_TYPE",
                "`port` must be a number, not None",
            ),
            (
                invalid_value("port", "even", 5),
                TypeError,
                "ERR_INVALID_ARG_VALUE",
                "`port` must be even, not 5",
            ),
            (
                out_of_range("port", ">= 0", -5),
                ValueError,
                "ERR_OUT_OF_RANGE",
                "`port` must be >= 0, not -5",
            ),
            (
                unknown_encoding("x"),
                LookupError,
                "ERR_UNKNOWN_ENCODING",
                "Unknown encoding: x",
            ),
            (
                stream_destroyed("write"),
                RuntimeError,
                "ERR_STREAM_DESTROYED",
                "Cannot call write after a stream was destroyed",
            ),
            (write_after_end(), RuntimeError, "ERR_STREAM_WRITE_AFTER_END", "write after end"),
            (
                multiple_callback(),
                RuntimeError,
                "ERR_MULTIPLE_CALLBACK",
                "Callback called multiple times",
            ),
        ],
    )
    def it_has_a_class_a_code_and_a_text(self, error, kind, code, text):
        assert isinstance(error, kind)
        assert (error.code, error.message, str(error)) == (code, text, text)


class DescribeCombinedErrors:
    def it_is_of_the_class_of_the_first_and_has_them_all(self):
        errors = [
            system_error(errno.ECONNREFUSED, "connect", "::1", 80),
            system_error(errno.ETIMEDOUT, "connect", "127.0.0.1", 80),
        ]
        error = combined_error(errors)
        assert isinstance(error, ConnectionRefusedError)
        assert parts(error)[:5] == ("ECONNREFUSED", "connect", errno.ECONNREFUSED, "::1", 80)
        assert str(error) == "connect ECONNREFUSED ::1:80; connect ETIMEDOUT 127.0.0.1:80"
        assert error.errors == errors

    def it_is_the_error_itself_if_there_is_one_only(self):
        error = system_error(errno.ECONNREFUSED, "connect", "::1", 80)
        assert combined_error([error]) is error


class DescribeNodeErrors:
    @pytest.mark.parametrize(
        "error",
        [
            system_error(errno.ECONNREFUSED, "connect", "::1", 80),
            lookup_error(socket.EAI_NONAME, "nosuch.invalid"),
            make_error(RuntimeError, "ERR_SERVER_NOT_RUNNING", "Server is not running."),
        ],
    )
    @pytest.mark.parametrize(
        "again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
    )
    def it_pickles_and_copies(self, error, again):
        copied = again(error)
        assert type(copied) is type(error)
        assert parts(copied) == parts(error)
        assert copied.args == error.args
