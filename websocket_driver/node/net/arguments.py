"""The forms in which Node's `listen` and `connect` are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...spelling import spelled_options
from ..errors import NodeError, invalid_argument, make_error
from .address import is_ip

Callback = Callable[..., object]
Options = dict[str, Any]

MAX_PORT = 65535

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
    "high_water_mark",
    "timeout",
    "backlog",
    "hints",
    "auto_select_family_attempt_timeout",
}
_TEXTS = {"host", "path", "local_address"}


def checked_options(
    given: Mapping[str, object] | None, names: tuple[str, ...], **more: object
) -> Options:
    """The options by their Python names.

    Raises `ConfigurationError` for unknown ones and `TypeError` for values of the wrong type.
    """
    options = spelled_options(given, names, **more)
    for name, value in options.items():
        if name in _FLAGS and not isinstance(value, bool):
            raise invalid_argument(f"options.{name}", "True or False", value)
        if name in _NUMBERS and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise invalid_argument(f"options.{name}", "a number", value)
        if name in _TEXTS and not isinstance(value, str):
            raise invalid_argument(f"options.{name}", "a str", value)
        if name == "lookup" and not callable(value):
            raise invalid_argument("options.lookup", "callable", value)
    return options


def port_number(port: object, name: str = "port") -> int:
    """A port from a number or decimal text.

    Raises `ERR_SOCKET_BAD_PORT`, a `ValueError`, if it is out of range, and `TypeError` if it is
    neither.
    """
    if isinstance(port, str):
        text = port.strip()
        number: int | float = int(text) if text.isascii() and text.isdecimal() else -1
    elif isinstance(port, (int, float)) and not isinstance(port, bool):
        number = port
    else:
        raise invalid_argument(name, "a port number or decimal text", port)
    if not 0 <= number <= MAX_PORT or number != int(number):
        raise make_error(
            ValueError,
            "ERR_SOCKET_BAD_PORT",
            f"`{name}` must be >= 0 and < {MAX_PORT + 1}, not {port!r:.64}",
        )
    return int(number)


def _looks_like_port(value: object) -> bool:
    if isinstance(value, str):
        text = value.strip()
        return text.isascii() and text.isdecimal()
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _bad_shape(method: str, forms: str, arguments: tuple[object, ...]) -> NodeError:
    given = ", ".join(f"{argument!r:.40}" for argument in arguments)
    return make_error(TypeError, "ERR_INVALID_ARG_TYPE", f"{method} takes {forms}; not ({given})")


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
    elif isinstance(rest[0], Mapping) and len(rest) == 1:
        options = checked_options(rest[0], names, **more)
    elif _looks_like_port(rest[0]):
        host = rest[1] if len(rest) > 1 else None
        if rest[2:] or not isinstance(host, (str, type(None))):
            raise _bad_shape("connect", CONNECT_FORMS, arguments)
        options = checked_options({"port": rest[0], "host": host}, names, **more)
    elif isinstance(rest[0], str) and rest[0] and all(part is None for part in rest[1:]):
        options = checked_options({"path": rest[0]}, names, **more)
    else:
        raise _bad_shape("connect", CONNECT_FORMS, arguments)
    if "port" not in options and "path" not in options:
        raise make_error(TypeError, "ERR_MISSING_ARGS", "connect needs the option `port` or `path`")
    if "port" in options:
        options["port"] = port_number(options["port"], "options.port")
    if "local_port" in options:
        options["local_port"] = port_number(options["local_port"], "options.local_port")
    return options, callback


def listen_arguments(
    arguments: tuple[object, ...], more: Mapping[str, object]
) -> tuple[Options, Callback | None]:
    """The options and the callback of a `listen(...)`, whichever form it has."""
    rest, callback = _without_callback(arguments)
    options: Options
    if rest and isinstance(rest[0], Mapping):
        if len(rest) > 1:
            raise _bad_shape("listen", LISTEN_FORMS, arguments)
        options = checked_options(rest[0], LISTEN_OPTIONS, **more)
        given = {**rest[0], **more}
        if "port" not in given and "path" not in options:
            raise make_error(
                TypeError, "ERR_INVALID_ARG_VALUE", "listen needs the option `port` or `path`"
            )
    elif not rest or rest[0] is None or _looks_like_port(rest[0]):
        options = checked_options(
            {"port": rest[0] if rest else None, **_host_and_backlog(arguments, rest[1:])},
            LISTEN_OPTIONS,
            **more,
        )
    elif isinstance(rest[0], str) and rest[0]:
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


def _host_and_backlog(arguments: tuple[object, ...], values: list[object]) -> Options:
    """The arguments of `listen` after the port: a host, a backlog, or both."""
    found: Options = {}
    if values and (values[0] is None or isinstance(values[0], str)):
        host = values.pop(0)
        if host:
            found["host"] = host
    if values and _looks_like_port(values[0]):
        found["backlog"] = int(str(values.pop(0)))
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
