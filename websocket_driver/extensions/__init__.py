"""A port of websocket-extensions: negotiates extensions, and passes messages through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

from ..errors import ProtocolError
from ..grammar import UNSAFE, is_token
from ..spelling import method, node, node_name, pep8, spelled_options
from .errors import ExtensionError
from .interfaces import (
    AnyClientSession,
    AnyMessage,
    AnySession,
    Bits,
    Extension,
    Message,
    Outcome,
    SessionOptions,
)
from .parser import Offers, Parser, parse_elements
from .pipeline import Pipeline
from .pipeline.cell import close_session

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Extension", "ExtensionError", "Extensions", "Offers", "Parser", "Pipeline"]

# RFC 6455 5.2
RESERVED_BITS = ("rsv1", "rsv2", "rsv3")

# One is enough for an extension of clients or of servers only.
METHODS = tuple(
    spelling(name)
    for name in ("create_client_session", "create_server_session")
    for spelling in (pep8, node)
)


def element(name: str, params: Mapping[str, object]) -> str:
    """Returns the header element for a registered extension, whose parameters may be invalid.

    Raises `TypeError` and `ValueError`.
    """
    text = Parser.serialize_params(name, params)
    if UNSAFE.search(text):
        raise ValueError(f"Extension parameters must be one line without NUL, not {text!r}")
    return text


OPTIONS = ("max_length", "max_params")


class ExtensionsOptions(TypedDict, total=False):
    """The options of `Extensions`, in both spellings."""

    max_length: int | None
    max_params: int | None
    maxLength: int | None
    maxParams: int | None


class Extensions:
    """The extensions of one connection. `sessions` are those that messages pass through.

    Options, in a mapping or as keyword arguments:

    * `max_length`: the largest incoming message in bytes, which is passed to extensions
    * `max_params`: the largest number of parameters, and of elements without any, in a header
    """

    MESSAGE_OPCODES = (1, 2)  # RFC 6455 5.2: text, binary

    sessions: Sequence[tuple[Extension, AnySession]] = ()

    _max_length: int | None = None
    _max_params: int | None = None

    # The registered extensions, the offered ones, and the owners of the reserved bits. Created when
    # they are needed, because most connections have no extensions.
    _by_name: Mapping[str, Extension] = MappingProxyType({})
    _index: Mapping[str, tuple[Extension, AnyClientSession]] = MappingProxyType({})
    _reserved_by: Mapping[str, str] = MappingProxyType({})
    _is_started = False
    _pipeline: Pipeline | None = None

    def __init__(
        self, options: ExtensionsOptions | None = None, **more: Unpack[ExtensionsOptions]
    ) -> None:
        if options is not None or more:
            given = cast("ExtensionsOptions", spelled_options(options, OPTIONS, **more))
            self.limit(given.get("max_length"), given.get("max_params"))

    def limit(self, max_length: int | None, max_params: int | None) -> None:
        """Sets both options, to values that have been checked."""
        self._max_length = max_length
        self._max_params = max_params

    @staticmethod
    def validate_options(
        options: Mapping[str, object] | None, valid_names: Iterable[str]
    ) -> dict[str, Any]:
        """Returns the options, spelled as in `valid_names`; raises `ConfigurationError` for any
        other."""
        return spelled_options(options, valid_names)

    def add(self, extension: Extension) -> None:
        """Registers an extension.

        Raises `TypeError` if it is not an extension (an instance, not its class), or if its name
        is already registered.
        """
        if isinstance(extension, type):
            raise TypeError(f"extension must be an instance, not the class {extension.__name__}")
        name = getattr(extension, "name", None)
        if not isinstance(name, str):
            raise TypeError("extension.name must be a string")
        if not is_token(name):
            raise TypeError(f"extension.name must be a token (RFC 6455 9.1), not {name!r}")
        if getattr(extension, "type", None) != "permessage":
            raise TypeError('extension.type must be "permessage"')
        for bit in RESERVED_BITS:
            if not isinstance(getattr(extension, bit, None), bool):
                raise TypeError(f"extension.{bit} must be true or false")
        if not any(callable(getattr(extension, function, None)) for function in METHODS):
            raise TypeError(
                "extension.create_client_session and create_server_session must be functions"
            )
        if name in self._by_name:
            raise TypeError(f'An extension with name "{name}" is already registered')

        self._by_name = {**self._by_name, name: extension}

    # Client

    def generate_offer(self) -> str | None:
        """Returns the Sec-WebSocket-Extensions header of a request; `None` to offer nothing.

        Exceptions from extensions propagate: nothing has been sent or received.
        """
        elements = []
        sessions: list[tuple[Extension, AnyClientSession]] = []

        for name, extension in self._by_name.items():
            session = method(extension, "create_client_session")(self._session_options())
            if session is None or session is False:
                continue
            sessions.append((extension, session))

            offers = method(session, "generate_offer")()
            if offers is None or offers is False:
                continue
            for offer in offers if isinstance(offers, (list, tuple)) else [offers]:
                elements.append(element(name, offer))

        self.sessions = tuple(sessions)
        self._index = {extension.name: (extension, session) for extension, session in sessions}
        return ", ".join(elements) or None

    def activate(self, header: str | None) -> None:
        """Starts the sessions that the server's Sec-WebSocket-Extensions header accepts.

        Raises `ProtocolError` for a header that violates the grammar, or accepts an extension that
        was not offered, or with parameters that are not acceptable (RFC 6455 9.1); an
        `ExtensionError` if an extension raises an exception.
        """
        try:
            sessions = self._accepted(self._parse(header)) if header else []
        except ProtocolError:
            self._close_offered()
            raise

        accepted = [session for _, session in sessions]
        for extension, session in self._index.values():
            if session not in accepted:
                close_session(extension, session)
        self._start(sessions)

    def _accepted(self, responses: Offers) -> list[tuple[Extension, AnySession]]:
        sessions: list[tuple[Extension, AnySession]] = []

        for response in responses.to_array():
            name, params = response["name"], response["params"]
            if name not in self._index:
                raise ProtocolError(
                    f'Server sent an extension response for unknown extension "{name}"'
                )
            extension, session = self._index[name]

            if reserved := self._reserved(extension):
                bit, other = reserved
                raise ProtocolError(
                    "Server sent two extension responses that use the "
                    f'{bit.upper()} bit: "{other}" and "{name}"'
                )
            try:
                is_acceptable = method(session, "activate")(params)
            except Exception as exception:
                raise ExtensionError.raised(name, exception) from exception
            if is_acceptable is not True:
                raise ProtocolError(
                    "Server sent unacceptable extension parameters: "
                    + Parser.serialize_params(name, params)
                )

            self._reserve(extension)
            sessions.append((extension, session))

        return sessions

    # Server

    def generate_response(self, header: str | None) -> str | None:
        """Returns the header that answers the client's, and starts its sessions; `None` to accept
        no extension.

        Raises `ProtocolError` for a header that violates the grammar (RFC 6455 9.1), an
        `ExtensionError` if an extension raises an exception.
        """
        if not self._by_name:
            if header is not None:
                parse_elements(header, self._max_params)
            self._is_started = True
            return None

        offers = self._parse(header)
        elements = []
        sessions: list[tuple[Extension, AnySession]] = []

        for name, extension in self._by_name.items():
            offer = offers.by_name(name)
            if not offer or self._reserved(extension):
                continue
            try:
                session = method(extension, "create_server_session")(offer, self._session_options())
                if session is None or session is False:
                    continue
                sessions.append((extension, session))
                response = method(session, "generate_response")()
                elements.append(element(name, response))
            except Exception as exception:
                for other, session in sessions:
                    close_session(other, session)
                raise ExtensionError.raised(name, exception) from exception
            self._reserve(extension)

        self._start(sessions)
        return ", ".join(elements) or None

    # Both

    def valid_frame_rsv(self, frame: Bits) -> bool:
        """Returns true if extensions in use allow all reserved bits of `frame` (RFC 6455 5.2)."""
        if not (frame.rsv1 or frame.rsv2 or frame.rsv3):
            return True
        if frame.opcode not in self.MESSAGE_OPCODES:
            return False
        for bit in RESERVED_BITS:
            if getattr(frame, bit) and not any(getattr(ext, bit) for ext, _ in self.sessions):
                return False
        return True

    def leaves_alone(self, message: Bits) -> bool:
        """Returns true if no session will change an incoming message with these reserved bits.

        A session whose extension has no reserved bit of its own may change any message.
        """
        return not (message.rsv1 or message.rsv2 or message.rsv3) and all(
            ext.rsv1 or ext.rsv2 or ext.rsv3 for ext, _ in self.sessions
        )

    def process_incoming_message(self, message: AnyMessage, callback: Outcome[AnyMessage]) -> None:
        """Passes a message from the peer through the sessions to `callback(error, message)`.

        The message is `None` if there is an error, an `ExtensionError`.
        """
        if self._is_started:
            outcome = cast("Outcome[Message]", callback)
            self._get_pipeline().process_incoming_message(message, outcome)

    def process_outgoing_message(self, message: AnyMessage, callback: Outcome[AnyMessage]) -> None:
        """Passes a message for the peer through the sessions to `callback(error, message)`.

        The message is `None` if there is an error, an `ExtensionError`.
        """
        if self._is_started:
            outcome = cast("Outcome[Message]", callback)
            self._get_pipeline().process_outgoing_message(message, outcome)

    def close(self, callback: Callable[[], object] | None = None) -> None:
        """Accepts no more messages, and closes each session after the last message inside it.

        Then `callback` runs. Sessions that were offered and not accepted are closed at once.
        """
        if self._is_started:
            self._get_pipeline().close(callback)
            return
        self._close_offered()
        if callback is not None:
            callback()

    def _parse(self, header: str | None) -> Offers:
        return Parser.parse_header(header, self._max_params, ignore_empty=True)

    def _close_offered(self) -> None:
        offered, self._index = self._index, MappingProxyType({})
        for extension, session in offered.values():
            close_session(extension, session)

    def _session_options(self) -> SessionOptions:
        return {} if self._max_length is None else {"max_length": self._max_length}

    def _start(self, sessions: list[tuple[Extension, AnySession]]) -> None:
        self.sessions = tuple(sessions)
        self._is_started = True

    def _get_pipeline(self) -> Pipeline:
        if self._pipeline is None:
            self._pipeline = Pipeline(self.sessions)
        return self._pipeline

    def _reserve(self, extension: Extension) -> None:
        bits = [bit for bit in RESERVED_BITS if getattr(extension, bit)]
        self._reserved_by = {**dict.fromkeys(bits, extension.name), **self._reserved_by}

    def _reserved(self, extension: Extension) -> tuple[str, str] | None:
        for bit in RESERVED_BITS:
            if bit in self._reserved_by and getattr(extension, bit):
                return bit, self._reserved_by[bit]
        return None

    validateOptions: Final = node_name(validate_options)
    generateOffer: Final = node_name(generate_offer)
    generateResponse: Final = node_name(generate_response)
    validFrameRsv: Final = node_name(valid_frame_rsv)
    processIncomingMessage: Final = node_name(process_incoming_message)
    processOutgoingMessage: Final = node_name(process_outgoing_message)


# Shared by all open connections without extensions; no message passes through it.
NO_EXTENSIONS: Extensions = Extensions()
