"""The forms in which Node's `listen` and `connect` are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, cast

from ...spelling import spelled_options
from ..errors import NodeError, invalid_argument, invalid_value, make_error, out_of_range
from .address import Address, is_ip

Callback = Callable[..., object]
Options = dict[str, Any]

MAX_PORT = 65535

_PREFIXED = re.compile(r"\s*0(?:x[0-9a-f]+|o[0-7]+|b[01]+)\s*", re.ASCII | re.IGNORECASE)
_DECIMAL = re.compile(
    r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?\s*", re.ASCII | re.IGNORECASE
)
# A URL, or a host name or address with a port.
_ADDRESS = re.compile(r"[a-z]+://|(?:\[[0-9a-f:.]+\]|[\w.-]+):[0-9]{1,5}$", re.IGNORECASE)

# Options of a socket, and of connecting; of a server, and of listening.
SOCKET_OPTIONS = (
    "allow_half_open",
    "readable",
    "writable",
    "no_delay",
    "keep_alive",
    "keep_alive_initial_delay",
    "high_water_mark",
)
CONNECT_OPTIONS = (
    *SOCKET_OPTIONS,
    "port",
    "host",
    "path",
    "local_address",
    "local_port",
    "family",
    "hints",
    "lookup",
    "timeout",
    "auto_select_family",
    "auto_select_family_attempt_timeout",
)
SERVER_OPTIONS = (
    "allow_half_open",
    "pause_on_connect",
    "no_delay",
    "keep_alive",
    "keep_alive_initial_delay",
    "high_water_mark",
)
LISTEN_OPTIONS = (
    "port",
    "host",
    "path",
    "backlog",
    "exclusive",
    "ipv6_only",
    "readable_all",
    "writable_all",
)

_FLAGS = {
    "allow_half_open",
    "readable",
    "writable",
    "no_delay",
    "keep_alive",
    "pause_on_connect",
    "exclusive",
    "ipv6_only",
    "readable_all",
    "writable_all",
    "auto_select_family",
}
_NUMBERS = {
    "keep_alive_initial_delay",
    "timeout",
    "backlog",
    "hints",
    "auto_select_family_attempt_timeout",
}
_TEXTS = {"host", "path", "local_address"}
_FAMILIES = (0, 4, 6, "IPv4", "IPv6")


def checked_options(
    given: Mapping[str, object] | None, names: tuple[str, ...], **more: object
) -> Options:
    """The options by their Python names.

    Raises `ConfigurationError` for unknown ones, `TypeError` for values of the wrong type and
    `ValueError` for those that are out of range.
    """
    expect_mapping(given)
    options = spelled_options(given, names, **more)
    for name, value in options.items():
        if name in _FLAGS and not isinstance(value, bool):
            raise invalid_argument(f"options.{name}", "True or False", value)
        if name == "high_water_mark" and not _is_size(value):
            raise invalid_value(f"options.{name}", "an integer that is not negative", value)
        if name == "family" and (isinstance(value, bool) or value not in _FAMILIES):
            raise invalid_value("options.family", "one of 0, 4, 6, 'IPv4' and 'IPv6'", value)
        if name in _NUMBERS and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise invalid_argument(f"options.{name}", "a number", value)
        if name in _TEXTS and not isinstance(value, str):
            raise invalid_argument(f"options.{name}", "a str", value)
        if name == "lookup" and not callable(value):
            raise invalid_argument("options.lookup", "callable", value)
        if name == "lookup" and iscoroutinefunction(value):
            # Its coroutine would never run, and the socket would wait for ever.
            raise invalid_argument("options.lookup", "a plain function with a callback", value)
        if name == "auto_select_family_attempt_timeout" and cast("float", value) < 1:
            raise out_of_range(f"options.{name}", ">= 1", value)
    return options


def _is_size(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return value >= 0 and value == value // 1


def expect_mapping(options: object) -> None:
    """Raises `TypeError` for options that are neither a mapping nor `None`."""
    if options is not None and not isinstance(options, Mapping):
        is_port = isinstance(options, int) and not isinstance(options, bool)
        hint = " (a port is passed to listen() or connect())" if is_port else ""
        raise invalid_argument("options", f"a mapping{hint}", options)


def port_number(port: object, name: str = "port") -> int:
    """A port from a number, or from text that is one, in decimal or as in `0x50`.

    Raises `ERR_SOCKET_BAD_PORT`, a `ValueError`, if it is out of range, and `TypeError` if it is
    neither.
    """
    if isinstance(port, str):
        number = _number(port)
    elif isinstance(port, (int, float)) and not isinstance(port, bool):
        number = port
    else:
        raise invalid_argument(name, "a port number or decimal text", port)
    if number is None or not 0 <= number <= MAX_PORT or number != int(number):
        raise make_error(
            ValueError,
            "ERR_SOCKET_BAD_PORT",
            f"`{name}` must be >= 0 and < {MAX_PORT + 1}, not {port!r:.64}",
        )
    return int(number)


def _number(text: str) -> int | float | None:
    """The number that `text` is in JavaScript."""
    if _PREFIXED.fullmatch(text):
        return int(text, 0)
    return float(text) if _DECIMAL.fullmatch(text) else None


def _looks_like_port(value: object) -> bool:
    if isinstance(value, str):
        # As in Node, blank text is not a path, but an invalid port.
        number = _number(value)
        return not value.strip() or (number is not None and number >= 0)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_path(value: object) -> bool:
    """False for a URL, and for a host and port in one string, which Node would take for paths."""
    return isinstance(value, str) and bool(value) and not _ADDRESS.match(value)


def _bad_shape(method: str, forms: str, arguments: tuple[object, ...]) -> NodeError:
    given = ", ".join(f"{argument!r:.40}" for argument in arguments)
    code = "ERR_INVALID_ARG_VALUE" if method == "listen" else "ERR_INVALID_ARG_TYPE"
    return make_error(TypeError, code, f"{method} takes {forms}; not ({given})")


CONNECT_FORMS = "(port[, host][, callback]), (path[, callback]) or (options[, callback])"
LISTEN_FORMS = (
    "([port][, host][, backlog][, callback]), (path[, backlog][, callback]) "
    "or (options[, callback])"
)


def connect_arguments(
    arguments: tuple[object, ...],
    more: Mapping[str, object],
    names: tuple[str, ...] = CONNECT_OPTIONS,
) -> tuple[Options, Callback | None]:
    """The options and the callback of a `connect(...)`, whichever form it has."""
    rest, callback = _without_callback(arguments)
    options: Options
    if not rest:
        options = checked_options(None, names, **more)
    elif isinstance(rest[0], (Mapping, Address)) and len(rest) == 1:
        options = checked_options(_without_address(rest[0]), names, **more)
    elif _looks_like_port(rest[0]):
        host = rest[1] if len(rest) > 1 else None
        if rest[2:] or not isinstance(host, (str, type(None))):
            raise _bad_shape("connect", CONNECT_FORMS, arguments)
        options = checked_options({"port": rest[0], "host": host}, names, **more)
    elif _is_path(rest[0]) and all(part is None for part in rest[1:]):
        options = checked_options({"path": rest[0]}, names, **more)
    else:
        raise _bad_shape("connect", CONNECT_FORMS, arguments)
    if "port" not in options and "path" not in options:
        raise make_error(
            TypeError,
            "ERR_MISSING_ARGS",
            'The "options" or "port" or "path" argument must be specified',
        )
    if "port" in options:
        options["port"] = port_number(options["port"], "options.port")
    if "local_port" in options:
        if not _looks_like_port(options["local_port"]):
            raise invalid_argument(
                "options.local_port", "a number or decimal text", options["local_port"]
            )
        options["local_port"] = port_number(options["local_port"], "options.local_port")
    return options, callback


def _without_address(given: Mapping[str, object] | Address) -> Mapping[str, object]:
    """Options, or the result of `address()`, of which Node takes the port and the family."""
    if isinstance(given, Address):
        return {"port": given.port, "family": given.family}
    return given


def listen_arguments(
    arguments: tuple[object, ...], more: Mapping[str, object]
) -> tuple[Options, Callback | None]:
    """The options and the callback of a `listen(...)`, whichever form it has."""
    rest, callback = _without_callback(arguments)
    options: Options
    if rest and isinstance(rest[0], Mapping):
        if len(rest) > 1:
            raise _bad_shape("listen", LISTEN_FORMS, arguments)
        given = {**rest[0], **more}
        spelled_options(given, LISTEN_OPTIONS)
        _expect_port_or_path(given)
        options = checked_options(given, LISTEN_OPTIONS)
    elif not rest or rest[0] is None or _looks_like_port(rest[0]):
        options = checked_options(
            {"port": rest[0] if rest else None, **_host_and_backlog(arguments, rest[1:])},
            LISTEN_OPTIONS,
            **more,
        )
    elif isinstance(rest[0], str) and _is_path(rest[0]):
        backlog = _host_and_backlog(arguments, rest[1:])
        # A host in front of its port: Node would take it for the path of a Unix socket.
        is_host = "backlog" in backlog and (is_ip(rest[0]) or rest[0] == "localhost")
        if "host" in backlog or is_host:
            raise _bad_shape("listen", LISTEN_FORMS, arguments)
        options = checked_options({"path": rest[0], **backlog}, LISTEN_OPTIONS, **more)
    else:
        raise _bad_shape("listen", LISTEN_FORMS, arguments)
    if "path" not in options or "port" in options:
        options["port"] = port_number(options.get("port", 0), "options.port")
    return options, callback


def _expect_port_or_path(options: Mapping[str, object]) -> None:
    """Raises `ERR_INVALID_ARG_VALUE`, as `listen` does in Node."""
    port, path = options.get("port"), options.get("path")
    if "port" not in options and path is None:
        raise make_error(
            TypeError,
            "ERR_INVALID_ARG_VALUE",
            'The argument \'options\' must have the property "port" or "path". '
            f"Received {options!r:.64}",
        )
    if port is not None and (isinstance(port, bool) or not isinstance(port, (int, float, str))):
        raise invalid_value("options.port", "a port number or decimal text", port)
    if port is None and not isinstance(path, (str, type(None))):
        raise invalid_value("options.path", "a str", path)


def _host_and_backlog(arguments: tuple[object, ...], values: list[object]) -> Options:
    """The arguments of `listen` after the port: a host, a backlog, or both."""
    found: Options = {}
    if values and (values[0] is None or isinstance(values[0], str)):
        host = values.pop(0)
        if host:
            found["host"] = host
    if values and _looks_like_port(values[0]):
        found["backlog"] = int(_number(str(values.pop(0))) or 0)
    if values:
        raise _bad_shape("listen", LISTEN_FORMS, arguments)
    return found


def _without_callback(arguments: tuple[object, ...]) -> tuple[list[object], Callback | None]:
    callback: Callback | None = None
    last = arguments[-1] if arguments else None
    if callable(last):
        callback, arguments = last, arguments[:-1]
    while len(arguments) > 1 and arguments[-1] is None:
        arguments = arguments[:-1]
    return list(arguments), callback
