"""TLS without the I/O: encrypted bytes in and out, plain bytes in and out.

    records = RecordLayer(context, server_hostname="example.com")
    records.shake_hands()
    stream.write(records.output())       # after a call of any other method
    plain = records.receive(encrypted)   # nothing until `established` is true

It uses `ssl.SSLObject` with two `ssl.MemoryBIO`s, so it runs on any stream.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress

from .certificates import complete
from .client_hello import ClientHello, ClientHelloReader

# The most plain text in one record (RFC 8446 5.1): one read returns no more. OpenSSL is given no
# more at a time either, because its buffers keep the largest size that they ever had.
RECORD_LENGTH = 0x4000

# RFC 8446 5.1, RFC 6520 for heartbeats (24), and RFC 5246 6.2.3 for what encryption may add.
RECORD_TYPES = range(20, 25)
HEADER_LENGTH = 5
MAX_RECORD_LENGTH = HEADER_LENGTH + RECORD_LENGTH + 2048

# RFC 8446 6: a fatal alert in a record of its own. RFC 7301 3.2: no_application_protocol.
NO_APPLICATION_PROTOCOL = bytes([21, 3, 3, 0, 2, 2, 120])


class RecordLayer:
    """One side of a TLS connection.

    Never raises because of input from the peer: sets `error`, and returns everything before it.
    """

    __slots__ = (
        "_hello",
        "_incoming",
        "_outgoing",
        "_output",
        "_protocols",
        "_rest",
        "_selects",
        "_tls",
        "_unread",
        "closed",
        "ended",
        "error",
        "established",
        "selecting",
        "server_name",
        "server_side",
        "ticketed",
    )

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
        protocols: Iterable[str] = (),
        session: ssl.SSLSession | None = None,
        selects: bool = False,
    ) -> None:
        """A client verifies that the certificate is that of `server_hostname`, if `context` has
        `check_hostname`, and tries to resume `session`. A server refuses clients that offer other
        `protocols` only. If it `selects`, it waits for `select()` when a client asks for a name.

        Raises `ValueError` for an invalid host name or the session of another context, and
        `ssl.SSLError` for a context of the wrong side.
        """
        self.server_side: bool = server_side
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_hostname
        )
        if session is not None:
            self._tls.session = session
        # A server reads the ClientHello on its own; None once it has.
        self._hello = ClientHelloReader() if server_side else None
        self._protocols = {protocol.encode() for protocol in protocols}
        # Encrypted bytes that are not in `_outgoing` any more; the beginning of a record, or what
        # came behind the handshake; plain bytes that close() met.
        self._output: list[bytes] = []
        self._rest = b""
        self._unread: list[bytes] = []
        # The name that a client asked for (RFC 6066 3).
        self.server_name: str | None = None
        # The handshake waits for `select()`.
        self._selects = selects
        self.selecting: bool = False
        # A record without data has arrived: there may be a new session (RFC 8446 4.6.1).
        self.ticketed: bool = False
        # The handshake is complete: read() and write() may be called.
        self.established: bool = False
        # The peer's close_notify has arrived; this side's has been written (RFC 8446 6.1).
        self.ended: bool = False
        self.closed: bool = False
        # The first error, of OpenSSL or of this class. Nothing works afterwards.
        self.error: ssl.SSLError | None = None

    # Receiving

    @property
    def held(self) -> int:
        """How many bytes wait for `select()`, or for the rest of a record."""
        return len(self._rest)

    def receive(self, data: bytes) -> list[bytes]:
        """Takes encrypted bytes; returns the plain bytes in them, in pieces.

        If `data` completes the handshake, returns nothing, so that the caller can announce this
        first: `receive(b"")` then returns what came behind it.
        """
        if self._rest:
            data = self._rest + data
        if self.selecting:
            self._rest = data
            return []
        pieces, self._unread = self._unread, []
        shaking_hands = not self.established
        start, length = 0, len(data)
        # Slices of a view are not copied.
        source = memoryview(data) if length > MAX_RECORD_LENGTH else data
        # One record at a time, as long as it is: OpenSSL then has no reason to ask for more, which
        # would be an exception, and takes as long as decrypting a short message.
        while length >= start + HEADER_LENGTH and self.error is None and not self.ended:
            end = start + HEADER_LENGTH + (data[start + 3] << 8 | data[start + 4])
            if data[start] not in RECORD_TYPES or end - start > MAX_RECORD_LENGTH:
                end = length  # OpenSSL is going to refuse it.
            elif end > length:
                break
            record = source[start:end]
            start = end
            self._incoming.write(record)
            if not shaking_hands:
                self._decrypt(pieces)
            elif self._hello is not None:
                self._read_hello(self._hello, bytes(record))
                if self.selecting:
                    break
            else:
                self.shake_hands()
                if self.established:
                    break
        self._rest = data[start:]
        return pieces

    def shake_hands(self) -> None:
        """Carries the handshake on as far as possible. A client calls it once, to begin."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLCertVerificationError as error:
            # Node verifies after the handshake: its peer gets no alert, but the end of the stream.
            self._outgoing.read()
            self.error = error.with_traceback(None)
        except ssl.SSLError as error:
            self.error = error.with_traceback(None)
        else:
            self.established = True

    def _read_hello(self, reader: ClientHelloReader, data: bytes) -> None:
        """Looks at the ClientHello as it arrives, before OpenSSL does."""
        reader.receive(data)
        if reader.hello is None:
            return
        self._hello = None
        self.server_name = reader.hello.server_name
        if self._protocols and not self._shares_protocol(reader.hello):
            self.error = ssl.SSLError(ssl.SSL_ERROR_SSL, "no application protocol")
            self.error.reason = "NO_APPLICATION_PROTOCOL"
            self._output.append(NO_APPLICATION_PROTOCOL)
        elif self._selects and self.server_name:
            self.selecting = True
        else:
            self.shake_hands()

    def select(self, context: ssl.SSLContext | None) -> None:
        """Goes on with the handshake: with `context` in place of the first one, if it is given."""
        self.selecting = False
        if context is not None:
            # OpenSSL has seen nothing of the connection yet.
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.shake_hands()

    def _shares_protocol(self, hello: ClientHello) -> bool:
        return not hello.protocols or not self._protocols.isdisjoint(hello.protocols)

    def _decrypt(self, pieces: list[bytes]) -> None:
        """Reads the record that OpenSSL was given into `pieces`: one read takes a whole one."""
        try:
            piece = self._tls.read(RECORD_LENGTH)
        except ssl.SSLWantReadError:
            self.ticketed = True
        except ssl.SSLZeroReturnError:  # the end of the peer, after the end of this side
            self.ended = True
        except ssl.SSLError as error:
            self.error = error.with_traceback(None)
        else:
            if piece:
                pieces.append(piece)
            else:
                self.ended = True

    # Sending

    def write(self, data: bytes) -> int:
        """Encrypts `data`; returns how much of it, which is less only if the peer wants a new
        handshake (TLS 1.2): the rest must be given again after the next `receive()`."""
        taken, length = 0, len(data)
        # Slices of a view are not copied.
        source = memoryview(data) if length > RECORD_LENGTH else data
        try:
            while taken < length:
                if taken:
                    self._output.append(self._outgoing.read())
                taken += self._tls.write(source[taken : taken + RECORD_LENGTH])
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.error = error.with_traceback(None)
        return taken

    def close(self) -> None:
        """Writes close_notify: this side sends nothing more, but still receives."""
        self.closed = True
        # OpenSSL looks for the peer's close_notify as well, and fails if it meets data.
        self._unread = self.receive(b"")
        with suppress(ssl.SSLError):  # that it has not arrived yet
            self._tls.unwrap()

    def output(self) -> bytes:
        """The encrypted bytes to send now."""
        output = self._outgoing.read()
        if self._output:
            output = b"".join([*self._output, output])
            self._output.clear()
        return output

    # The connection

    @property
    def protocol(self) -> str | None:
        """The protocol that was selected (RFC 7301)."""
        return self._tls.selected_alpn_protocol()

    @property
    def version(self) -> str | None:
        """`TLSv1.3` or the like, once the handshake is complete."""
        return self._tls.version()

    @property
    def cipher(self) -> tuple[str, str, int] | None:
        """OpenSSL's name of the cipher, the version that defines it, and its strength in bits."""
        return self._tls.cipher()

    def certificate(self) -> bytes | None:
        """The peer's certificate as DER, whether it was verified or not, after the handshake."""
        return self._tls.getpeercert(binary_form=True) if self.established else None

    def chain(self) -> list[bytes]:
        """The peer's certificate and those above it, as DER.

        Before Python 3.13, and of a resumed session, only those of `ca` are known besides the
        first.
        """
        leaf = self.certificate()
        if leaf is None:
            return []
        sent: Callable[[], Iterable[bytes]] | None = getattr(
            self._tls, "get_unverified_chain", None
        )
        chain = list(sent()) if sent is not None else []
        return complete(chain or [leaf], self._tls.context.get_ca_certs(binary_form=True))

    @property
    def session(self) -> ssl.SSLSession | None:
        """The session, for connections to come."""
        return self._tls.session

    @property
    def resumed(self) -> bool:
        """True if this is the continuation of a session."""
        return bool(self._tls.session_reused)
