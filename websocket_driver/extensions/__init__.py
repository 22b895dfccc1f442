"""A port of websocket-extensions: which extensions a connection uses, and messages through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ..errors import ProtocolError
from ..spelling import method, node_name, spelled_options
from .parser import Offers, Parser, parse_elements
from .pipeline import Pipeline
from .pipeline.functor import Callback

__all__ = ["Extensions", "Offers", "Parser", "Pipeline"]


class Extensions:
    """The extensions of one connection. `sessions` are those that messages pass through.

    `options`, or keyword arguments: `max_length`, which extensions are told: the largest incoming
    message in bytes; `max_params`, how many parameters a header may have.
    """

    MESSAGE_OPCODES = (1, 2)

    sessions: Sequence[tuple[Any, Any]] = ()

    # Those that are registered, those that are offered, and which has which reserved bit. Most
    # connections have none of all this: it is not there until it is needed.
    _by_name: Mapping[str, Any] = MappingProxyType({})
    _index: Mapping[str, tuple[Any, Any]] = MappingProxyType({})
    _reserved_by: Mapping[str, str] = MappingProxyType({})
    _is_started = False
    _pipeline: Pipeline | None = None

    def __init__(self, options: Mapping[str, Any] | None = None, **more: Any) -> None:
        given = spelled_options(options, ("max_length", "max_params"), **more)
        self._max_length: int | None = given.get("max_length")
        self._max_params: int | None = given.get("max_params")

    @staticmethod
    def validate_options(
        options: Mapping[str, Any] | None, valid_names: Iterable[str]
    ) -> dict[str, Any]:
        """The options, spelled as in `valid_names`; `ConfigurationError` for any other."""
        return spelled_options(options, valid_names)

    def add(self, extension: Any) -> None:
        """Registers an extension. Raises `TypeError` for what is none, or has a name twice."""
        if not isinstance(getattr(extension, "name", None), str):
            raise TypeError("extension.name must be a string")
        if getattr(extension, "type", None) != "permessage":
            raise TypeError('extension.type must be "permessage"')
        for bit in ("rsv1", "rsv2", "rsv3"):
            if not isinstance(getattr(extension, bit, None), bool):
                raise TypeError(f"extension.{bit} must be true or false")
        if extension.name in self._by_name:
            raise TypeError(f'An extension with name "{extension.name}" is already registered')

        self._by_name = {**self._by_name, extension.name: extension}

    # Client

    def generate_offer(self) -> str | None:
        """The Sec-WebSocket-Extensions header of a request; `None` if there is nothing to offer."""
        elements = []
        sessions = []

        for name, extension in self._by_name.items():
            session = method(extension, "create_client_session")(self._options())
            if session in (None, False):
                continue
            sessions.append((extension, session))

            offers = method(session, "generate_offer")()
            if offers in (None, False):
                continue
            for offer in offers if isinstance(offers, (list, tuple)) else [offers]:
                elements.append(Parser.serialize_params(name, offer))

        self.sessions = sessions
        self._index = {extension.name: (extension, session) for extension, session in self.sessions}
        return ", ".join(elements) or None

    def activate(self, header: str | None) -> None:
        """Starts the sessions that the server's Sec-WebSocket-Extensions header accepts.

        Raises `ProtocolError` if it accepts what was not offered, or in a way that was not.
        """
        sessions = []

        for offer in Parser.parse_header(header, self._max_params).to_array():
            name, params = offer["name"], offer["params"]
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
            if method(session, "activate")(params) is not True:
                raise ProtocolError(
                    "Server sent unacceptable extension parameters: "
                    + Parser.serialize_params(name, params)
                )

            self._reserve(extension)
            sessions.append((extension, session))

        self._start(sessions)

    # Server

    def generate_response(self, header: str | None) -> str | None:
        """The header that answers the client's, whose sessions it starts; `None` to accept none.

        Raises `ProtocolError` for a header that breaks the grammar.
        """
        if not self._by_name:
            parse_elements(header or "", self._max_params)
            self._start([])
            return None

        offers = Parser.parse_header(header, self._max_params)
        elements = []
        sessions = []

        for name, extension in self._by_name.items():
            offer = offers.by_name(name)
            if not offer or self._reserved(extension):
                continue
            session = method(extension, "create_server_session")(offer, self._options())
            if session in (None, False):
                continue

            self._reserve(extension)
            sessions.append((extension, session))
            elements.append(Parser.serialize_params(name, method(session, "generate_response")()))

        self._start(sessions)
        return ", ".join(elements) or None

    # Both

    def valid_frame_rsv(self, frame: Any) -> bool:
        """True if an extension in use allows each reserved bit that `frame` has (RFC 6455 5.2)."""
        if not (frame.rsv1 or frame.rsv2 or frame.rsv3):
            return True
        if frame.opcode not in self.MESSAGE_OPCODES:
            return False
        for bit in ("rsv1", "rsv2", "rsv3"):
            if getattr(frame, bit) and not any(getattr(ext, bit) for ext, _ in self.sessions):
                return False
        return True

    def leaves_alone(self, message: Any) -> bool:
        """True if no session is going to change an incoming message that has these reserved bits.

        A session whose extension has no reserved bit of its own may change any message.
        """
        return not (message.rsv1 or message.rsv2 or message.rsv3) and all(
            ext.rsv1 or ext.rsv2 or ext.rsv3 for ext, _ in self.sessions
        )

    def process_incoming_message(self, message: Any, callback: Callback) -> None:
        """Passes a message from the peer through the sessions to `callback(error, message)`."""
        if self._is_started:
            self._get_pipeline().process_incoming_message(message, callback)

    def process_outgoing_message(self, message: Any, callback: Callback) -> None:
        """Passes a message for the peer through the sessions to `callback(error, message)`."""
        if self._is_started:
            self._get_pipeline().process_outgoing_message(message, callback)

    def close(self, callback: Callable[[], object] | None = None) -> None:
        """Takes no more messages; `callback` runs when those on their way are through."""
        if self._is_started:
            self._get_pipeline().close(callback)
        elif callback is not None:
            callback()

    def _options(self) -> dict[str, int]:
        """What extensions are told."""
        return {} if self._max_length is None else {"max_length": self._max_length}

    def _start(self, sessions: list[tuple[Any, Any]]) -> None:
        self.sessions = tuple(sessions)
        self._is_started = True

    def _get_pipeline(self) -> Pipeline:
        if self._pipeline is None:
            self._pipeline = Pipeline(self.sessions)
        return self._pipeline

    def _reserve(self, extension: Any) -> None:
        bits = [bit for bit in ("rsv1", "rsv2", "rsv3") if getattr(extension, bit)]
        self._reserved_by = {**dict.fromkeys(bits, extension.name), **self._reserved_by}

    def _reserved(self, extension: Any) -> tuple[str, str] | None:
        for bit in ("rsv1", "rsv2", "rsv3"):
            if bit in self._reserved_by and getattr(extension, bit):
                return bit, self._reserved_by[bit]
        return None

    validateOptions = node_name(validate_options)
    generateOffer = node_name(generate_offer)
    generateResponse = node_name(generate_response)
    validFrameRsv = node_name(valid_frame_rsv)
    processIncomingMessage = node_name(process_incoming_message)
    processOutgoingMessage = node_name(process_outgoing_message)
