"""The members of extensions, sessions and messages, for type checkers.

Each class exists in PEP 8's spelling and in that of the Node API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, TypedDict, TypeVar

from .errors import ExtensionError

# The value of a parameter (RFC 6455 9.1): `True` if it has none.
Value = bool | int | float | str
Params = dict[str, Value | list[Value]]

# The offer of a client session: parameters, alternatives, or nothing.
Offered = Mapping[str, object] | Sequence[Mapping[str, object]] | Literal[False] | None


class Bits(Protocol):
    """The first byte of a frame (RFC 6455 5.2)."""

    @property
    def rsv1(self) -> bool:
        """The first reserved bit."""
        ...

    @property
    def rsv2(self) -> bool:
        """The second reserved bit."""
        ...

    @property
    def rsv3(self) -> bool:
        """The third reserved bit."""
        ...

    @property
    def opcode(self) -> int:
        """The opcode of the first frame."""
        ...


class Message(Protocol):
    """A message on its way through the sessions, which change it in place."""

    rsv1: bool
    rsv2: bool
    rsv3: bool
    data: bytes

    @property
    def opcode(self) -> int:
        """The opcode of the first frame."""
        ...


# The callback of a session: gets an error of any kind, or `None` and the message.
Callback = Callable[[object, Message | None], object]

# The driver's own class of messages.
AnyMessage = TypeVar("AnyMessage", bound=Message)

# The callback of the pipeline: gets an error, or the message.
Outcome = Callable[[ExtensionError | None, AnyMessage | None], object]


class SessionOptions(TypedDict, total=False):
    """The options that are passed to an extension."""

    max_length: int


class Session(Protocol):
    """The methods of both client and server sessions."""

    def process_incoming_message(self, message: Message, callback: Callback, /) -> object:
        """Calls `callback(error, message)`, at once or later."""
        ...

    def process_outgoing_message(self, message: Message, callback: Callback, /) -> object:
        """Calls `callback(error, message)`, at once or later."""
        ...

    def close(self) -> object:
        """Releases the resources of the session. Called once."""
        ...


class ClientSession(Session, Protocol):
    """A session of a client."""

    def generate_offer(self) -> Offered:
        """Returns the parameters to offer, a list of alternatives, or `None`."""
        ...

    def activate(self, params: Params, /) -> bool:
        """Applies the parameters that the server accepted; true if they are acceptable."""
        ...


class ServerSession(Session, Protocol):
    """A session of a server."""

    def generate_response(self) -> Mapping[str, object]:
        """Returns the parameters of the response."""
        ...


class NodeSession(Protocol):
    """`Session`, in Node's spelling."""

    def processIncomingMessage(self, message: Message, callback: Callback, /) -> object:
        """Calls `callback(error, message)`, at once or later."""
        ...

    def processOutgoingMessage(self, message: Message, callback: Callback, /) -> object:
        """Calls `callback(error, message)`, at once or later."""
        ...

    def close(self) -> object:
        """Releases the resources of the session. Called once."""
        ...


class NodeClientSession(NodeSession, Protocol):
    """`ClientSession`, in Node's spelling."""

    def generateOffer(self) -> Offered:
        """Returns the parameters to offer, a list of alternatives, or `None`."""
        ...

    def activate(self, params: Params, /) -> bool:
        """Applies the parameters that the server accepted; true if they are acceptable."""
        ...


class NodeServerSession(NodeSession, Protocol):
    """`ServerSession`, in Node's spelling."""

    def generateResponse(self) -> Mapping[str, object]:
        """Returns the parameters of the response."""
        ...


AnyClientSession = ClientSession | NodeClientSession
AnyServerSession = ServerSession | NodeServerSession
AnySession = Session | NodeSession


class Described(Protocol):
    """The attributes of an extension: its name and type, and the reserved bits that it uses."""

    @property
    def name(self) -> str:
        """The name in the Sec-WebSocket-Extensions header, a token."""
        ...

    @property
    def type(self) -> str:
        """Always `"permessage"`."""
        ...

    @property
    def rsv1(self) -> bool:
        """The first reserved bit."""
        ...

    @property
    def rsv2(self) -> bool:
        """The second reserved bit."""
        ...

    @property
    def rsv3(self) -> bool:
        """The third reserved bit."""
        ...


class PythonExtension(Described, Protocol):
    """An extension. `websocket_driver.permessage_deflate`, a module, is one."""

    def create_client_session(
        self, options: SessionOptions, /
    ) -> AnyClientSession | Literal[False] | None:
        """Returns a session for a client, or `None`."""
        ...

    def create_server_session(
        self, offers: list[Params], options: SessionOptions, /
    ) -> AnyServerSession | Literal[False] | None:
        """Returns a session for one of the offers of a client (the preferred one first), or
        `None`."""
        ...


class NodeExtension(Described, Protocol):
    """`PythonExtension`, in Node's spelling."""

    def createClientSession(
        self, options: SessionOptions, /
    ) -> AnyClientSession | Literal[False] | None:
        """Returns a session for a client, or `None`."""
        ...

    def createServerSession(
        self, offers: list[Params], options: SessionOptions, /
    ) -> AnyServerSession | Literal[False] | None:
        """Returns a session for one of the offers of a client (the preferred one first), or
        `None`."""
        ...


Extension = PythonExtension | NodeExtension
