"""Errors with Node's codes.

Each error is an exception of the class that Python uses for that error (`ConnectionRefusedError`,
`TypeError`, ...), and also a `NodeError`, with the attributes that errors have in Node.
"""

from __future__ import annotations

import errno as numbers
import os
import socket
from collections.abc import Iterable, Mapping
from types import new_class
from typing import Any

from ..spelling import NodeName


class NodeError(Exception):
    """The base class of all errors of `websocket_driver.node`.

    | attribute | |
    | --- | --- |
    | `code` | Node's code: `"ECONNREFUSED"`, `"ERR_STREAM_WRITE_AFTER_END"` |
    | `message` | Node's text, which is also `str(error)` |
    | `syscall` | the system call that failed, or `None` |
    | `errno` | the number of a system error, positive as in Python, or `None` |
    | `address`, `port` | the address that the error is about, or `None` |
    | `hostname` | the name that has no address, or `None` |
    | `errors` | the errors of all attempts, where an error sums up several |
    | `reason`, `host`, `cert` | of a certificate that is not that of the host |
    | `host`, `path`, `local_address` | options of `tls.connect()`, if it ends in the handshake |
    """

    code: str
    message: str
    syscall: str | None = None
    errno: int | None = None
    address: str | None = None
    port: int | None = None
    hostname: str | None = None
    errors: list[NodeError]
    reason: str | None = None
    host: str | None = None
    path: str | None = None
    local_address: str | None = None
    cert: Mapping[str, object] | None = None

    def __str__(self) -> str:
        return self.message

    localAddress: NodeName[str | None] = NodeName("local_address")


# Node's names or texts for these differ from Python's.
_TEXTS = {
    "EADDRINUSE": "address already in use",
    "EADDRNOTAVAIL": "address not available",
    "EACCES": "permission denied",
    "EINVAL": "invalid argument",
    "ENOENT": "no such file or directory",
    "ENOTSOCK": "socket operation on non-socket",
    "EAFNOSUPPORT": "address family not supported",
}

# Numbers of errors of getaddrinfo, and Node's names for them.
_LOOKUP_CODES = {
    socket.EAI_NONAME: "ENOTFOUND",
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME): "ENOTFOUND",
    socket.EAI_AGAIN: "EAI_AGAIN",
    socket.EAI_FAIL: "EAI_FAIL",
    socket.EAI_MEMORY: "EAI_MEMORY",
    socket.EAI_FAMILY: "EAI_FAMILY",
    socket.EAI_SERVICE: "EAI_SERVICE",
}


_kinds: dict[type[Exception], type[NodeError]] = {}


def _kind(base: type[Exception]) -> type[NodeError]:
    """The class that is both `base` and a `NodeError`."""
    if base not in _kinds:
        members = {
            "__module__": __name__,
            "__doc__": base.__doc__,
            "__reduce__": _reduce,
            # Some classes define one that contains the number of the error.
            "__str__": NodeError.__str__,
        }
        _kinds[base] = new_class(
            base.__name__, (base, NodeError), exec_body=lambda names: names.update(members)
        )
    return _kinds[base]


def _reduce(error: NodeError) -> tuple[Any, ...]:
    bases = type(error).__mro__[1:2]
    return _rebuilt, (*bases, error.args, error.__dict__)


def _rebuilt(base: type[Exception], arguments: tuple[Any, ...], state: dict[str, Any]) -> NodeError:
    error = _kind(base)(*arguments)
    error.__dict__.update(state)
    return error


def make_error(base: type[Exception], code: str, message: str) -> NodeError:
    """A new error of the class `base` with Node's `code` and `message`."""
    error = _kind(base)(message)
    error.code = code
    error.message = message
    return error


def code_of(number: int) -> str:
    """The name of a system error: `"ECONNRESET"`."""
    return numbers.errorcode.get(number, f"E{number}")


def number_of(error: OSError) -> int:
    """The number of a system error; EINVAL for one of Python itself, such as that of a path that is
    too long, which has none."""
    return error.errno or numbers.EINVAL


def system_error(
    number: int,
    syscall: str,
    address: str | None = None,
    port: int | None = None,
    *,
    local: str | None = None,
) -> NodeError:
    """The error of a system call, of the class that Python has for `number`.

    Its text is Node's: `connect ECONNREFUSED 127.0.0.1:80 - Local (0.0.0.0:0)`; that of `listen`
    also explains the code.
    """
    code = code_of(number)
    text = f"{syscall} {code}"
    if syscall == "listen":
        text = f"{syscall} {code}: {_TEXTS.get(code) or os.strerror(number).lower()}"
    if address is not None:
        text += f" {address}:{port}" if port and port > 0 else f" {address}"
    if local is not None:
        text += f" - Local ({local})"

    error = _kind(type(OSError(number, text)))(number, text)
    error.code = code
    error.message = text
    error.syscall = syscall
    error.address = address
    error.port = port or None
    return error


def lookup_error(number: int, host: str) -> NodeError:
    """The error of a name that has no address (`ENOTFOUND`), a `socket.gaierror`."""
    code = _LOOKUP_CODES.get(number, "ENOTFOUND")
    text = f"getaddrinfo {code} {host}"
    error = _kind(socket.gaierror)(number, text)
    error.code = code
    error.message = text
    error.syscall = "getaddrinfo"
    error.hostname = host
    return error


def combined_error(errors: Iterable[NodeError]) -> NodeError:
    """One error for several attempts, of the class and with the code of the first of them.

    Its text contains the texts of all of them, and its `errors` are all of them.
    """
    parts = list(errors)
    first = parts[0]
    if len(parts) == 1:
        return first
    error = _rebuilt(type(first).__mro__[1], first.args, first.__dict__)
    error.errors = parts
    error.message = "; ".join(part.message for part in parts)
    return error


# Errors of the caller


class _UnknownEncoding(TypeError, LookupError):
    """A `LookupError` as in Python, and a `TypeError` as in Node."""


_UnknownEncoding.__name__ = "TypeError"


def invalid_argument(name: str, expected: str, value: object) -> NodeError:
    """`ERR_INVALID_ARG_TYPE`, a `TypeError`."""
    kind = "None" if value is None else f"{type(value).__name__} ({value!r:.64})"
    return make_error(TypeError, "ERR_INVALID_ARG_TYPE", f"`{name}` must be {expected}, not {kind}")


def invalid_value(name: str, expected: str, value: object) -> NodeError:
    """`ERR_INVALID_ARG_VALUE`, a `TypeError` as in Node."""
    return make_error(
        TypeError, "ERR_INVALID_ARG_VALUE", f"`{name}` must be {expected}, not {value!r:.64}"
    )


def out_of_range(name: str, expected: str, value: object) -> NodeError:
    """`ERR_OUT_OF_RANGE`, a `ValueError`."""
    return make_error(
        ValueError, "ERR_OUT_OF_RANGE", f"`{name}` must be {expected}, not {value!r:.64}"
    )


def unknown_encoding(encoding: object) -> NodeError:
    """`ERR_UNKNOWN_ENCODING`, a `TypeError` as in Node and a `LookupError` as in Python."""
    return make_error(_UnknownEncoding, "ERR_UNKNOWN_ENCODING", f"Unknown encoding: {encoding}")


def stream_destroyed(name: str) -> NodeError:
    """`ERR_STREAM_DESTROYED`, for a method `name` of a stream that was destroyed."""
    return make_error(
        RuntimeError, "ERR_STREAM_DESTROYED", f"Cannot call {name} after a stream was destroyed"
    )


def write_after_end() -> NodeError:
    """`ERR_STREAM_WRITE_AFTER_END`."""
    return make_error(RuntimeError, "ERR_STREAM_WRITE_AFTER_END", "write after end")


def premature_close() -> NodeError:
    """`ERR_STREAM_PREMATURE_CLOSE`: a stream was closed before its end."""
    return make_error(EOFError, "ERR_STREAM_PREMATURE_CLOSE", "Premature close")


def aborted() -> NodeError:
    """`ABORT_ERR`: a reader has left a stream before its end."""
    return make_error(RuntimeError, "ABORT_ERR", "The operation was aborted")


def multiple_callback() -> NodeError:
    """`ERR_MULTIPLE_CALLBACK`: a `done` was called twice."""
    return make_error(RuntimeError, "ERR_MULTIPLE_CALLBACK", "Callback called multiple times")
