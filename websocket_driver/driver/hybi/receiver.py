"""Bytes to frames to messages (RFC 6455 5 and 6.2), by named stages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from ...extensions import Extensions
from ..stream_reader import StreamReader
from . import rules
from .codec import (
    KEY_SIZE,
    LENGTH,
    LENGTH_IN_2_BYTES,
    MASK,
    MAX_HEAD_LENGTH,
    MAX_SHORT_LENGTH,
    MIN_HEAD_LENGTH,
    MOST_BYTES,
    Opcode,
    Taken,
    missing,
    take_fragments,
    take_messages,
)
from .frame import Frame
from .message import SHORT, Message
from .rules import Limits, Violation

# The stages, with the numbers of the original. Its stages 1 to 3 are the rest of the header, which
# is one stage here.
HEAD: Final = 0
PAYLOAD: Final = 4
DONE: Final = 5
Stage = Literal[0, 4, 5]

# Whether the message that is cut at the end of the input may wait, to be taken at once with the
# next chunk. It does that once: however small the chunks are, each byte is looked at a few times.
MAY_WAIT: Final = 0
WAITING: Final = 1
HAS_WAITED: Final = 2
Wait = Literal[0, 1, 2]

NOTHING: Iterator[Taken] = iter(())


class Receiver:
    """Reads frames and messages from `reader`, as far as they have arrived.

    It stores the current frame and message, and `taken`, the messages that the fast path has parsed
    and that are not emitted yet; the caller sets it to `NOTHING` once they are. Its methods raise
    `Violation` if the peer violates a rule.

    There are two paths. `take_chunk` and `take_messages` are the fast path, which parses many
    complete messages at the front of the input at once. `receive` handles anything else, step by
    step. Both apply the same rules: see `rules.check_frame`. `fast` is `None` if the fast path is
    disabled; otherwise it is true if that accepts messages with RSV1.
    """

    __slots__ = (
        "_frame",
        "_message",
        "_reader",
        "_wait",
        "extensions",
        "fast",
        "limits",
        "stage",
        "taken",
    )

    def __init__(self, reader: StreamReader, extensions: Extensions, limits: Limits) -> None:
        self._reader = reader
        self.extensions: Extensions = extensions
        self.limits: Limits = limits
        self._frame: Frame | None = None
        self._message: Message | None = None
        self._wait: Wait = MAY_WAIT
        self.stage: Stage = HEAD
        self.taken: Iterator[Taken] = NOTHING
        self.fast: bool | None = None

    def finish(self) -> None:
        """Set after a failure or a close frame: further input is discarded (RFC 6455 1.4)."""
        self.stage = DONE
        self._frame = self._message = None
        self.taken = NOTHING
        self._reader.clear()

    def take_chunk(self, chunk: bytes) -> bool:
        """Fast path: takes the messages at the front of new input into `taken`, together with the
        one that waits, if nothing else that came before is unfinished.

        The rest of the chunk is left in the reader, where a message that is cut waits for the next
        chunk. Returns false, and leaves all of the chunk to the caller, if there are none.
        """
        if self.fast is None or self.taken is not NOTHING:
            return False
        if self._frame is not None:
            return self._take_middle(self._frame, chunk)
        if self._message is not None:
            return False
        if self._reader.chunk:
            return self._take_with_what_waits(chunk)

        messages, end, longest, masked, waits = take_messages(chunk, 0, self.fast)
        # In the usual case nothing has to be called.
        if end < len(chunk) or longest > self.limits.accepted[masked]:
            waits = waits and self._may_wait(len(chunk) - end)
            if not (messages or waits) or not self._accepts(longest, 0, masked):
                return False
            self._keep(chunk, end, waits)
        self.taken = iter(messages)
        return True

    def _take_middle(self, frame: Frame, chunk: bytes) -> bool:
        """Fast path: takes a chunk from the middle of a long frame, binary or ASCII."""
        message = self._message
        if message is None or frame.is_control or self._reader.chunk:
            return False
        if not SHORT <= len(chunk) <= MOST_BYTES or len(chunk) >= frame.missing:
            return False
        if message.opcode == Opcode.TEXT and not message.ends_in_ascii():
            return False

        key, missing = frame.masking_key if frame.masked else b"", frame.missing
        piece = frame.unmask(chunk)
        if message.opcode != Opcode.TEXT:
            message.push(piece)
        elif not message.push_ascii(piece):
            frame.missing = missing
            frame.masking_key = key
            return False
        return True

    def _take_with_what_waits(self, chunk: bytes) -> bool:
        if self._wait != WAITING:
            return False
        messages, end = self._complete(self._reader.peek(len(self._reader)), chunk)
        if not messages:
            return False
        waits = False
        more, where, longest, masked, more_waits = take_messages(chunk, end, self.fast is True)
        if (more or more_waits) and self._accepts(longest, 0, masked):
            messages += more
            end, waits = where, more_waits and self._may_wait(len(chunk) - where)

        self._reader.clear()
        self._keep(chunk, end, waits)
        self.taken = iter(messages)
        return True

    def _may_wait(self, size: int) -> bool:
        """True if the beginning of a message may wait, whose frames have `size` bytes so far: no
        more is kept than the longest message and one header."""
        return size <= self.limits.max_length + MAX_HEAD_LENGTH

    def _keep(self, chunk: bytes, end: int, waits: bool) -> None:
        """Puts what has not been taken of a chunk into the reader, which is empty."""
        self._wait = WAITING if waits else MAY_WAIT
        if waits:
            self._reader.put(chunk[end:])  # not all of the chunk
        elif end < len(chunk):
            self._reader.put(chunk)
            self._reader.advance(end)

    def _complete(self, tail: bytes, chunk: bytes) -> tuple[list[Taken], int]:
        """The message that begins with `tail` and ends in `chunk`, and where. None, if it cannot
        be taken at once: it is read step by step then, so that no byte is looked at often."""
        end = missing(tail, chunk)
        if end:
            whole = tail + chunk[:end]
            messages, size, longest, masked, _ = take_messages(whole, 0, self.fast is True)
            if size == len(whole) and self._accepts(longest, 0, masked):
                return messages, end
        return [], 0

    def take_messages(self) -> bool:
        """Fast path: takes the messages at the front of the input into `taken`.

        Returns false if there are none; `receive` handles what is there.
        """
        reader = self._reader
        if self.fast is None or self.stage != HEAD or self._message is not None:
            return False
        messages, end, longest, masked, waits = take_messages(
            reader.chunk, reader.offset, self.fast is True
        )
        waits = waits and self._wait == MAY_WAIT and reader.is_one_chunk()
        waits = waits and self._may_wait(len(reader.chunk) - end)
        if not (messages or waits) or not self._accepts(longest, 0, masked):
            return False
        reader.advance(end)
        self._wait = WAITING if waits else MAY_WAIT
        self.taken = iter(messages)
        return True

    def is_waiting(self) -> bool:
        """True if all that is there is the beginning of an ordinary message, which waits for the
        next chunk."""
        return self._wait == WAITING

    def stop_waiting(self) -> None:
        """From now on, the waiting input is read step by step."""
        if self._wait == WAITING:
            self._wait = HAS_WAITED

    def receive(self) -> Message | Frame | None:
        """Takes the next message, or the next control frame; `None` if more input must come first.

        A text message that no extension changes has been checked to be UTF-8.
        """
        while self._reader.chunk:
            if self.stage == HEAD and not (self._take_fragments() or self._parse_head()):
                return None
            if self.stage == PAYLOAD:
                complete = self._parse_payload()
                if complete is not None or self.stage == PAYLOAD:
                    return complete
        return None

    def _accepts(self, length: int, before: int, masked: bool) -> bool:
        """True if the messages of a fast path violate no rule. Otherwise their frames are read
        again step by step, which emits those before the violation."""
        accepted = self.limits.accepted
        if before or length > accepted[masked]:
            try:
                rules.check_frame(length, before, masked, self.limits)
            except Violation:
                return False
            if not before:
                accepted[masked] = length
        return True

    def _take_fragments(self) -> bool:
        """Fast path: takes complete fragments in the middle of a message."""
        reader, message = self._reader, self._message
        if message is None:
            return False
        payload, end, count, masked = take_fragments(reader.chunk, reader.offset)
        if not count or not self._accepts(len(payload), message.length, masked):
            return False
        reader.advance(end)
        message.length += len(payload)
        self._push(message, payload, False)
        return True

    # The head of a frame

    def _parse_head(self) -> bool:
        """Reads the head of a frame, and each byte as soon as it is there; false if some are
        missing."""
        head = self._reader.peek(MAX_HEAD_LENGTH)
        frame = self._parse_opcode(head[0])
        if len(head) < MIN_HEAD_LENGTH:
            return False
        self._parse_length(frame, head[1])

        end = MIN_HEAD_LENGTH + frame.length_bytes
        if len(head) < end:
            return False
        if frame.length_bytes:
            self._parse_extended_length(frame, head[MIN_HEAD_LENGTH:end])
        if frame.masked:
            end += KEY_SIZE
            if len(head) < end:
                return False
            frame.masking_key = head[end - KEY_SIZE : end]

        self._reader.advance(self._reader.offset + end)
        frame.missing = frame.length
        self._frame = frame
        self._wait = MAY_WAIT
        self.stage = PAYLOAD
        self._begin_message(frame)
        return True

    def _parse_opcode(self, octet: int) -> Frame:
        frame = Frame(octet)
        if frame.has_rsv:
            rules.check_reserved_bits(frame, self.extensions.valid_frame_rsv(frame))
        rules.check_opcode(frame)
        rules.check_fragmentation(frame, self._message is not None)
        return frame

    def _parse_length(self, frame: Frame, octet: int) -> None:
        frame.masked = octet & MASK != 0
        frame.length = octet & LENGTH
        if frame.length > MAX_SHORT_LENGTH:
            frame.length_bytes = 2 if frame.length == LENGTH_IN_2_BYTES else 8
            rules.check_masking(frame.masked, self.limits)
        else:
            self._check_frame_length(frame)

    def _parse_extended_length(self, frame: Frame, length: bytes) -> None:
        frame.length = int.from_bytes(length, "big")
        self._check_frame_length(frame)

    def _check_frame_length(self, frame: Frame) -> None:
        if frame.is_control:
            rules.check_control_length(frame.length)
            rules.check_masking(frame.masked, self.limits)
        else:
            before = 0 if self._message is None else self._message.length
            rules.check_frame(frame.length, before, frame.masked, self.limits)

    def _begin_message(self, frame: Frame) -> None:
        if frame.is_control:
            return
        if frame.opcode != Opcode.CONTINUATION:
            self._message = Message()
        if self._message is not None:
            self._message.push_frame(frame)

    # The payload of a frame

    def _parse_payload(self) -> Message | Frame | None:
        """Takes what has arrived of a data frame, or all of a control frame.

        Returns the control frame, or the message that is complete. The stage stays PAYLOAD if part
        of the frame is missing.
        """
        frame, reader = self._frame, self._reader
        assert frame is not None
        if frame.is_control:
            return self._parse_control_payload(frame)

        while True:
            piece = frame.unmask(reader.take(min(frame.missing, MOST_BYTES)))
            if frame.missing == 0:
                self._frame = None
                self.stage = HEAD
            complete = self._continue_message(frame, piece)
            if frame.missing == 0 or not reader.chunk:
                return complete

    def _parse_control_payload(self, frame: Frame) -> Frame | None:
        if len(self._reader) < frame.length:
            return None
        frame.payload = frame.unmask(self._reader.take(frame.length))
        self._frame = None
        self.stage = HEAD
        return frame

    def _continue_message(self, frame: Frame, piece: bytes) -> Message | None:
        message, is_complete = self._message, frame.missing == 0
        if message is None:
            # As in the original, once the frame is complete: its payload is discarded until then.
            if is_complete:
                rules.check_continuation(False)
            return None

        final = frame.final and is_complete
        self._push(message, piece, final)
        if not final:
            return None
        self._message = None
        return message

    def _push(self, message: Message, piece: bytes, final: bool) -> None:
        """Adds a piece to a message, and checks the text of one that no extension changes."""
        if message.opcode == Opcode.TEXT and self.extensions.leaves_alone(message):
            if self.fast is False and message.push_ascii(piece):
                return
            rules.check_text(message.is_text(piece, final))
        message.push(piece)
