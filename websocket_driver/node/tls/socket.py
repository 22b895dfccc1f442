"""`tls.TLSSocket`: a TLS connection that is a stream."""

from __future__ import annotations

import socket as bsd
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypedDict, cast

from ...spelling import NodeName, node_name
from ..errors import (
    NodeError,
    invalid_argument,
    make_error,
    multiple_callback,
)
from ..loop import Loop
from ..net.arguments import SOCKET_OPTIONS
from ..net.socket import Socket
from ..net.transport import Transport
from ..phases import TIMEOUT_MAX, Timeout
from ..stream import Done, Duplex
from .certificates import PeerCertificate, describe, describe_chain
from .ciphers import standard_name
from .failures import TARGET, disconnected, handshake_timeout, hung_up, tls_error
from .records import RecordLayer
from .sides import DEFAULT_HOST, UNVERIFIED, Side, client_side, server_side, tls_options
from .stream_transport import ByteStream, StreamTransport
from .transport import TLSTransport

if TYPE_CHECKING:
    from typing import Protocol

    from typing_extensions import Self, Unpack

    from ..net.options import SocketOptions
    from ..net.socket import Owner
    from .listeners import TLSSocketListeners
    from .options import TLSSocketOptions

    class SecureOwner(Owner, Protocol):
        """The TLS server of a socket."""

        def secured(self, socket: TLSSocket, /) -> None:
            """A handshake is complete."""

        def failed(self, socket: TLSSocket, error: BaseException, /) -> None:
            """A handshake has failed."""


# How much is read at once: a long message is decrypted in few steps, as on asyncio.
READ_SIZE = 262144


class Cipher(TypedDict):
    """The result of `get_cipher()`: OpenSSL's name, that of the RFCs, and the version that defines
    it."""

    name: str
    standardName: str
    standard_name: str
    version: str


class TLSSocket(Socket):
    """A TLS connection, made by `tls.connect()`, or by a server for its `secure_connection` event.

    It is a `net.Socket` that also emits, when the handshake is complete, `secure`, and before that
    `secure_connect` if it is a client. A client emits `session`, with an `ssl.SSLSession`, for each
    that a connection to come can resume. `end()` sends the end of TLS and of the connection under
    it; what the peer sends after that is still received.
    """

    __slots__ = (
        "_alarm",
        "_alpn_protocol",
        "_authorization_error",
        "_authorized",
        "_secure",
        "_secure_owner",
        "_server_name",
        "_side",
        "_stream",
        "_target",
        "_tls",
    )

    if TYPE_CHECKING:
        on: TLSSocketListeners  # pyright: ignore[reportIncompatibleVariableOverride]
        once: TLSSocketListeners  # pyright: ignore[reportIncompatibleVariableOverride]

    _EVENT_NAMES: Mapping[str, str] = {
        **Socket._EVENT_NAMES,  # noqa: SLF001 - of the base class
        "secureConnect": "secure_connect",
    }

    def __init__(
        self,
        stream: ByteStream | None = None,
        options: TLSSocketOptions | Side | None = None,
        **more: Unpack[TLSSocketOptions],
    ) -> None:
        """Runs TLS over `stream`, which nobody else may read or write from now on.

        The option `is_server` makes it a server. Raises `TypeError` or `ConfigurationError` for
        options that cannot be used.
        """
        side = options if isinstance(options, Side) else _side(options, more)
        if isinstance(stream, Duplex):
            chosen = {"allow_half_open": stream.allow_half_open, **side.socket_options}
        else:
            chosen = side.socket_options
        super().__init__(cast("SocketOptions", chosen))
        self._side = side
        self._stream = stream
        # Options of `tls.connect()`, for the error of a handshake that the server has ended.
        self._target: Mapping[str, object] = {}
        self._tls: TLSTransport | None = None
        self._alarm: Timeout | None = None
        # The server that has not been told yet whether the handshake succeeds.
        self._secure_owner: SecureOwner | None = None
        self._secure = self._authorized = False
        self._authorization_error: str | None = None
        self._alpn_protocol: str | Literal[False] | None = None
        self._server_name: str | Literal[False] | None = None
        if stream is not None:
            self._run_over(stream)

    # The connection under it

    def _new_transport(self, loop: Loop) -> TLSTransport:
        tls = self._new_tls(loop)
        tls.lower = Transport(loop, tls.received, tls.lower_ended, READ_SIZE)
        return tls

    def _new_tls(self, loop: Loop) -> TLSTransport:
        side = self._side
        records = RecordLayer(
            side.context,
            server_side=side.server_side,
            server_hostname=side.name,
            protocols=side.protocols,
            session=side.session,
            selects=side.sni_callback is not None,
        )
        self._tls = TLSTransport(
            loop,
            records,
            on_data=self._received,
            on_end=self._input_ended,
            on_secure=self._secured,
            on_failure=self._failed,
        )
        if side.server_side:
            self._tls.on_name = self._select_context
        else:
            self._tls.on_ticket = self._offer_session
        return self._tls

    def _run_over(self, stream: ByteStream) -> None:
        self._transport = tls = self._new_tls(self._home)
        tls.lower = StreamTransport(stream, tls.received, tls.lower_ended)
        stream.on("error", self._stream_failed)
        stream.on("close", self._stream_closed)
        if getattr(stream, "destroyed", False) is True:
            self._tick(self.destroy)
        elif isinstance(stream, Socket) and stream.pending:
            # It connects already, or is going to.
            self._connecting = True
            stream.on("connect", self._stream_connected)
        else:
            self._tick(self._begin)

    def _stream_connected(self) -> None:
        if self._connecting:
            self._connecting = False
            self._fire("connect")
            self._begin()

    def _stream_failed(self, error: BaseException) -> None:
        # As in Node, where both streams emit the error, and `close` comes from below.
        if not self.destroyed:
            self._fire("error", error)

    def _stream_closed(self) -> None:
        # A stream that has ended on both sides closes by itself, while what it has carried may
        # still have to be read.
        stream = self._stream
        if not (isinstance(stream, Duplex) and stream.readable_ended and stream.writable_finished):
            self.destroy()

    def _connected(self, error: NodeError | None) -> None:
        super()._connected(error)
        if error is None:
            self._begin()

    def accept_from(
        self, loop: Loop, system_socket: bsd.socket, owner: SecureOwner, paused: bool
    ) -> None:
        """Takes over a socket of the system. For a server, which is told how the handshake ends."""
        self._secure_owner = owner
        self.accept(loop, system_socket, owner, paused)
        self._begin()

    def connects_to(self, target: Mapping[str, object]) -> None:
        """Notes options of `tls.connect()`. For that."""
        self._target = {name: target[name] for name in TARGET if name in target}

    def wait_for(self, owner: SecureOwner) -> None:
        """Tells a server how the handshake ends. For a server that was given a stream."""
        self._secure_owner = owner

    # The handshake

    def _begin(self) -> None:
        if self._tls is None:
            return
        if self._side.handshake_timeout:
            self._alarm = Timeout(
                self._home,
                self._handshake_timed_out,
                min(self._side.handshake_timeout, TIMEOUT_MAX),
                referenced=False,
            )
        self._tls.begin()
        if self._stream is not None:
            self._read_first()
            if getattr(self._stream, "readable_ended", False) is True:
                self._tick(self._tls.lower_ended, None)

    def _handshake_timed_out(self) -> None:
        self._give_up(handshake_timeout())

    def _stop_alarm(self) -> None:
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            alarm.close()

    def _secured(self, records: RecordLayer) -> None:
        self._stop_alarm()
        side = self._side
        self._secure = True
        self._alpn_protocol = records.protocol or False
        if side.server_side:
            self._server_name = records.server_name or False
            asked = side.context.verify_mode != ssl.CERT_NONE
            self._authorized = asked and records.certificate() is not None
            if asked and not self._authorized:
                self._authorization_error = "UNABLE_TO_GET_ISSUER_CERT"
        else:
            self._server_name = side.server_name or False
            self._authorized = side.context.verify_mode != ssl.CERT_NONE
            if not self._authorized:
                self._authorization_error = UNVERIFIED
            elif not self._has_identity(records):
                return
            self._fire("secure_connect")
            self._offer_session(records)
        owner, self._secure_owner = self._secure_owner, None
        if owner is not None:
            owner.secured(self)
        self._fire("secure")

    def _has_identity(self, records: RecordLayer) -> bool:
        """Asks `check_server_identity`, if there is one; false if it was refused."""
        check = self._side.check_identity
        # As in Node, what was checked when the session began is not checked again.
        if check is None or records.resumed:
            return True
        try:
            error = check(self._side.name or DEFAULT_HOST, describe_chain(records.chain()))
        except Exception as raised:
            error = raised
        if not error:
            return True
        if not isinstance(error, BaseException):
            error = make_error(
                TypeError,
                "ERR_INVALID_ARG_VALUE",
                f"`check_server_identity` must return an error or None, not {error!r:.64}",
            )
        self._authorized = False
        self._authorization_error = getattr(error, "code", None) or str(error)
        self.destroy(error)
        return False

    def _select_context(self, name: str) -> None:
        """Asks `sni_callback` for the certificate of a server."""
        answered = False

        def answer(error: BaseException | None = None, context: object = None) -> None:
            nonlocal answered
            if answered:
                self._give_up(multiple_callback())
                return
            answered = True
            if error is not None:
                self._give_up(error)
            elif self._tls is not None:
                try:
                    chosen = None if context is None else self._side.context_of(context)
                except (TypeError, ValueError) as unusable:
                    self._give_up(unusable)
                else:
                    self._tls.select(chosen)

        callback = self._side.sni_callback
        assert callback is not None  # for other servers the handshake does not stop
        try:
            result = callback(name, answer)
        except Exception as raised:
            self._give_up(raised)
        else:
            self._returned(callback, result)

    def _offer_session(self, records: RecordLayer) -> None:
        """There may be a new session."""
        session = records.session if self.listener_count("session") else None
        if session is not None and (session.has_ticket or records.version != "TLSv1.3"):
            self._fire("session", session)

    def _failed(self, raised: ssl.SSLError) -> None:
        """OpenSSL has found an error."""
        error = tls_error(raised, self._side.name)
        if isinstance(raised, ssl.SSLCertVerificationError):
            self._authorization_error = error.code
            if self._side.server_side:
                error = hung_up(error)
        if not self._secure:
            self._give_up(error)
            return
        # As in Node: the socket is not destroyed, but nothing more can come.
        self._fire("error", error)
        if self._tls is not None:
            self._input_ended(None)

    def _give_up(self, error: BaseException) -> None:
        """The handshake has failed."""
        self._note_server_name()
        owner, self._secure_owner = self._secure_owner, None
        if owner is None:
            self.destroy(error)
            return
        # As in Node, the server is told and the socket emits no error.
        owner.failed(self, error)
        self.destroy()

    def _note_server_name(self) -> None:
        """As in Node, a listener for `tls_client_error` knows the name that the client asked
        for."""
        if self._side.server_side and not self._secure and self._tls is not None:
            self._server_name = self._tls.records.server_name

    def _input_ended(self, error: NodeError | None) -> None:
        if self._secure:
            super()._input_ended(error)
        elif error is not None:
            self._give_up(error)
        elif self._secure_owner is not None:
            self._give_up(hung_up())
        else:
            # As in Node, no error if it is a server of its own.
            super()._input_ended(None)

    def _before_end(self) -> None:
        super()._before_end()
        if not self._secure and not self._side.server_side:
            self.destroy(disconnected(self._target))

    def _destroy(self, error: BaseException | None, done: Done) -> None:
        self._stop_alarm()
        self._note_server_name()
        self._tls = None
        super()._destroy(error, done)
        owner, self._secure_owner = self._secure_owner, None
        if owner is not None:
            owner.failed(self, hung_up())

    def reset_and_destroy(self) -> Self:
        """Raises `TypeError`, as in Node: only a TCP socket can be reset. Without a connection,
        emits `ERR_SOCKET_CLOSED`."""
        if self._transport is not None:
            raise make_error(
                TypeError, "ERR_INVALID_HANDLE_TYPE", "This handle type cannot be reset"
            )
        return super().reset_and_destroy()

    def _closed_at_last(self, had_error: bool) -> None:
        # The stream holds its listeners, and they hold it.
        self._stream = None
        super()._closed_at_last(had_error)

    def _unheard(self, error: Exception) -> None:
        if self._secure:
            super()._unheard(error)
        else:
            self._home.fail("Unhandled 'error' event of a socket that cannot connect", error)

    # What is known about it

    @property
    def encrypted(self) -> Literal[True]:
        """True."""
        return True

    @property
    def authorized(self) -> bool:
        """True if the certificate of the other side was verified."""
        return self._authorized

    @property
    def authorization_error(self) -> str | None:
        """The reason why `authorized` is false, if a certificate was requested: Node's code."""
        return self._authorization_error

    @property
    def alpn_protocol(self) -> str | Literal[False] | None:
        """The protocol that both sides speak (RFC 7301); `False` if none was selected, `None`
        before the handshake is complete."""
        return self._alpn_protocol

    @property
    def servername(self) -> str | Literal[False] | None:
        """The name that the client asked for (RFC 6066 3); `False` if it did not, `None` before the
        handshake is complete. A server also has it once the handshake has failed."""
        return self._server_name

    def get_peer_certificate(self, detailed: bool = False) -> PeerCertificate:
        """The certificate of the other side, verified or not; empty if there is none, before the
        handshake is complete, and after the end of the connection.

        With `detailed` its `issuer_certificate` is the one above it, and so on; the uppermost is
        its own. Before Python 3.13 only the authorities of this side are known besides the first.
        """
        if self._tls is None:
            return {}
        if detailed:
            chain = self._tls.records.chain()
            return describe_chain(chain) if chain else {}
        raw = self._tls.records.certificate()
        return {} if raw is None else describe(raw)

    def get_session(self) -> ssl.SSLSession | None:
        """The session, for the option `session` of connections to come; `None` without a
        connection. With TLS 1.3 it can be resumed from the event `session` on."""
        return None if self._tls is None else self._tls.records.session

    def is_session_reused(self) -> bool:
        """True if the handshake resumed the session of an earlier connection."""
        return self._tls is not None and self._tls.records.resumed

    def get_protocol(self) -> str | None:
        """`"TLSv1.3"` or the like, while there is a connection."""
        return None if self._tls is None else self._tls.records.version

    def get_cipher(self) -> Cipher | None:
        """The cipher, while there is a connection."""
        cipher = None if self._tls is None else self._tls.records.cipher
        if cipher is None:
            return None
        standard = standard_name(cipher[0])
        return {
            "name": cipher[0],
            "standardName": standard,
            "standard_name": standard,
            "version": cipher[1],
        }

    authorizationError: NodeName[str | None] = NodeName("authorization_error")
    alpnProtocol: NodeName[str | Literal[False] | None] = NodeName("alpn_protocol")
    getPeerCertificate: Final = node_name(get_peer_certificate)
    getSession: Final = node_name(get_session)
    isSessionReused: Final = node_name(is_session_reused)
    getProtocol: Final = node_name(get_protocol)
    getCipher: Final = node_name(get_cipher)


def _side(options: Mapping[str, object] | None, more: Mapping[str, object]) -> Side:
    """The options of the constructor."""
    mine, others = tls_options(options, ("is_server", "server", *SOCKET_OPTIONS), more)
    is_server = others.pop("is_server", False)
    # Programs for Node pass their server, whose events for sessions are not here.
    others.pop("server", None)
    if not isinstance(is_server, bool):
        raise invalid_argument("options.is_server", "True or False", is_server)
    return server_side(mine, others) if is_server else client_side(mine, None, others)
