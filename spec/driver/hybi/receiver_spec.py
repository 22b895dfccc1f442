"""Bytes to frames to messages, by named stages."""

import pytest

from websocket_driver.driver.hybi import receiver as module
from websocket_driver.driver.hybi import rules
from websocket_driver.driver.hybi.codec import MOST_BYTES, mask
from websocket_driver.driver.hybi.frame import Frame
from websocket_driver.driver.hybi.message import SHORT, Message
from websocket_driver.driver.hybi.receiver import DONE, HEAD, PAYLOAD, Receiver
from websocket_driver.driver.hybi.rules import Limits, Violation
from websocket_driver.driver.stream_reader import StreamReader
from websocket_driver.extensions import Extensions


@pytest.fixture
def reader():
    return StreamReader()


@pytest.fixture
def receiver(reader):
    return Receiver(reader, Extensions(), Limits(100, None))


class DescribeTheStages:
    def it_has_the_numbers_of_the_original(self):
        assert (HEAD, PAYLOAD, DONE) == (0, 4, 5)

    def it_reads_a_head_and_then_a_payload(self, reader, receiver):
        assert receiver.stage == HEAD
        assert receiver.receive() is None
        for chunk, stage in [
            (b"\x82", HEAD),
            (b"\x83", HEAD),
            (b"\x01\x02\x03", HEAD),
            (b"\x04", PAYLOAD),
            (b"\x60\x60", PAYLOAD),
        ]:
            reader.put(chunk)
            assert receiver.receive() is None
            assert receiver.stage == stage
        reader.put(b"\x60\x81")
        message = receiver.receive()
        assert isinstance(message, Message)
        assert (message.opcode, message.read()) == (2, b"abc")
        assert receiver.stage == HEAD
        assert receiver.receive() is None
        assert reader.peek(9) == b"\x81"

    @pytest.mark.parametrize("length", [125, 126, 65536])
    def it_reads_each_form_of_a_length(self, reader, length):
        receiver = Receiver(reader, Extensions(), Limits(65536, None))
        size = b"\x7d" if length == 125 else b"\x7e\x00\x7e"
        if length == 65536:
            size = b"\x7f" + length.to_bytes(8, "big")
        head = b"\x82" + size
        for octet in head:
            assert receiver.stage == HEAD
            reader.put(bytes([octet]))
            assert receiver.receive() is None
        assert receiver.stage == PAYLOAD
        reader.put(bytes(length))
        message = receiver.receive()
        assert isinstance(message, Message)
        assert message.read() == bytes(length)

    def it_discards_everything_once_it_is_done(self, reader, receiver):
        reader.put(b"\x01\x01a\x00\x05abc")
        assert receiver.receive() is None
        receiver.finish()
        assert receiver.stage == DONE
        assert len(reader) == 0


EMPTY_FRAGMENTS = b"\x01\x00" + b"\x00\x00" * 60


class DescribeAMessageThatWaits:
    """A message that is cut waits for the next chunk, as it arrived: with the headers of its
    frames. Of these there may be more than of its payload."""

    @pytest.fixture
    def receiver(self, reader):
        receiver = Receiver(reader, Extensions(), Limits(100, None))
        receiver.fast = False
        return receiver

    def it_lets_the_longest_message_and_a_header_wait(self, reader, receiver):
        cut = EMPTY_FRAGMENTS[:112] + b"\x80\x02"
        assert receiver.take_chunk(cut) is True
        assert receiver.is_waiting() is True
        assert len(reader) == 114
        assert list(receiver.taken) == []
        receiver.taken = module.NOTHING
        assert receiver.take_chunk(b"Hi") is True
        assert list(receiver.taken) == ["Hi"]

    def it_lets_no_more_wait(self, reader, receiver):
        assert receiver.take_chunk(EMPTY_FRAGMENTS[:115]) is False
        assert len(reader) == 0

    def it_lets_no_more_wait_behind_another_message(self, reader, receiver):
        assert receiver.take_chunk(b"\x81\x01a" + EMPTY_FRAGMENTS) is True
        assert (list(receiver.taken), receiver.is_waiting()) == (["a"], False)
        receiver.taken = module.NOTHING
        assert receiver.receive() is None
        assert len(reader) == 0

    def it_lets_no_more_wait_behind_one_that_has_waited(self, reader, receiver):
        assert receiver.take_chunk(b"\x81\x02H") is True
        assert list(receiver.taken) == []
        receiver.taken = module.NOTHING
        assert receiver.take_chunk(b"i" + EMPTY_FRAGMENTS) is True
        assert (list(receiver.taken), receiver.is_waiting()) == (["Hi"], False)

    def it_lets_as_much_wait_of_what_is_in_the_reader(self, reader, receiver):
        reader.put(b"\x81\x01a" + EMPTY_FRAGMENTS[:112] + b"\x80\x02")
        assert receiver.take_messages() is True
        assert (list(receiver.taken), receiver.is_waiting()) == (["a"], True)

    def it_lets_no_more_wait_of_what_is_in_the_reader(self, reader, receiver):
        reader.put(b"\x81\x01a" + EMPTY_FRAGMENTS)
        assert receiver.take_messages() is True
        assert (list(receiver.taken), receiver.is_waiting()) == (["a"], False)


class DescribeReceive:
    def it_gives_control_frames_within_a_message(self, reader, receiver):
        reader.put(b"\x01\x02He\x89\x02Hi\x00\x02ll\x8a\x00\x80\x01o")
        frame = receiver.receive()
        assert isinstance(frame, Frame)
        assert (frame.opcode, frame.payload) == (9, b"Hi")
        frame = receiver.receive()
        assert (frame.opcode, frame.payload) == (10, b"")
        message = receiver.receive()
        assert (message.opcode, message.read_text()) == (1, "Hello")
        assert receiver.receive() is None

    def it_waits_for_all_of_a_control_frame(self, reader, receiver):
        reader.put(b"\x89\x82\x00\x00\x00\x00H")
        assert receiver.receive() is None
        assert receiver.stage == PAYLOAD
        reader.put(b"i")
        assert receiver.receive().payload == b"Hi"

    def it_takes_a_long_payload_in_steps(self, reader, monkeypatch):
        receiver = Receiver(reader, Extensions(), Limits(10**6, None))
        asked = []
        take = reader.take
        # A reader with slots cannot be patched: a stand-in counts what is asked for.
        monkeypatch.setattr(StreamReader, "take", lambda self, n: asked.append(n) or take(n))  # type: ignore[func-returns-value]
        data = bytes(range(256)) * 1024
        reader.put(b"\x82\x7f" + len(data).to_bytes(8, "big") + data)
        message = receiver.receive()
        assert isinstance(message, Message)
        assert message.read() == data
        assert max(asked) == 65536

    def it_discards_the_payload_of_a_frame_that_continues_nothing(self, reader, receiver):
        reader.put(b"\x00\x03ab")
        assert receiver.receive() is None
        assert len(reader) == 0
        reader.put(b"c")
        with pytest.raises(Violation, match="Received unexpected continuation frame"):
            receiver.receive()

    @pytest.mark.parametrize(
        ("input", "type"),
        [
            (b"\xc1", "protocol_error"),
            (b"\x83", "protocol_error"),
            (b"\x09", "protocol_error"),
            (b"\x89\x7e\x00\x7e", "protocol_error"),
            (b"\x82\x65", "too_large"),
            (b"\x82\x7e\x00\x65", "too_large"),
            (b"\x02\x40" + bytes(64) + b"\x00\x25", "too_large"),
            (b"\x81\x01\xff", "encoding_error"),
            (b"\x01\x00\x81", "protocol_error"),
        ],
    )
    def it_raises_as_soon_as_a_rule_is_broken(self, reader, receiver, input, type):
        for octet in input[:-1]:
            reader.put(bytes([octet]))
            assert receiver.receive() is None
        reader.put(input[-1:])
        with pytest.raises(Violation) as raised:
            receiver.receive()
        assert raised.value.type == type

    def it_joins_fragments_at_once(self, reader, receiver, monkeypatch):
        monkeypatch.setattr(Receiver, "_parse_head", None)
        message = Message()
        head = Frame(0x01)
        message.push_frame(head)
        receiver._message = message  # noqa: SLF001 - the first fragment has been read
        reader.put(b"\x00\x01a\x00\x02bc\x80")
        with pytest.raises(TypeError):  # the last frame is read step by step
            receiver.receive()
        assert reader.peek(9) == b"\x80"
        assert (message.length, message.read_text()) == (3, "abc")

    def it_joins_fragments_that_cut_a_character(self, reader, receiver):
        reader.put(b"\x01\x01\xe2")
        assert receiver.receive() is None
        reader.put(b"\x00\x01\x82\x00\x00\x80\x01\xac")
        message = receiver.receive()
        assert isinstance(message, Message)
        assert message.read_text() == "\u20ac"


class DescribeTheFastPath:
    @pytest.fixture
    def receiver(self, reader):
        result = Receiver(reader, Extensions(), Limits(100, None))
        result.fast = False  # open, but not to compressed messages
        return result

    def it_is_closed_at_first(self, reader):
        receiver = Receiver(reader, Extensions(), Limits(100, None))
        assert receiver.take_chunk(b"\x81\x01a") is False
        reader.put(b"\x81\x01a")
        assert receiver.take_messages() is False

    def it_takes_whole_messages(self, reader, receiver):
        reader.put(b"\x81\x01a\x82\x01b\x89\x00")
        assert receiver.take_messages() is True
        assert [*receiver.taken] == ["a", b"b"]
        assert reader.peek(9) == b"\x89\x00"
        assert receiver.take_messages() is False

    def it_takes_compressed_messages(self, reader):
        receiver = Receiver(reader, Extensions(), Limits(3, None))
        receiver.fast = True
        reader.put(b"\xc1\x03abc\xc2\x01x")
        assert receiver.take_messages() is True
        assert [*receiver.taken] == [(True, b"abc"), (False, b"x")]

    def it_asks_the_rules_for_messages_longer_than_any_whole_one(
        self, monkeypatch, reader, receiver
    ):
        asked = []
        check_frame = rules.check_frame

        def check(length, before, masked, limits):
            asked.append((length, before, masked))
            check_frame(length, before, masked, limits)

        monkeypatch.setattr(rules, "check_frame", check)
        assert receiver.take_chunk(b"\x82\x03abc\x82\x02de") is True
        receiver.taken = module.NOTHING
        assert asked == [(3, 0, False)]
        assert receiver.take_chunk(b"\x82\x03abc") is True
        receiver.taken = module.NOTHING
        assert asked == [(3, 0, False)]
        reader.put(b"\x02\x02ab\x00\x02cd\x00\x03efg")
        assert receiver.receive() is None
        assert asked[1:] == [(2, 0, False), (5, 2, False)]
        reader.put(b"\x80\x01h")
        assert isinstance(receiver.receive(), Message)
        del asked[:]
        reader.put(b"\x82\x04abcd\x82\x80")
        assert receiver.take_messages() is True
        assert asked == [(4, 0, False)]

    def it_waits_for_the_rest_of_a_message_behind_those_it_takes(self, reader):
        receiver = Receiver(reader, Extensions(), Limits(3, None))
        receiver.fast = False
        reader.put(b"\x82\x03abc\x82\x02x")
        assert receiver.take_messages() is True
        assert [*receiver.taken] == [b"abc"]
        receiver.taken = module.NOTHING
        assert receiver.is_waiting() is True
        assert receiver.take_chunk(b"y") is True
        assert [*receiver.taken] == [b"xy"]

    @pytest.mark.parametrize("limits", [Limits(0, None), Limits(9, True)])
    def it_leaves_what_breaks_a_rule(self, reader, limits):
        receiver = Receiver(reader, Extensions(), limits)
        receiver.fast = False  # open, but not to compressed messages
        input = b"\x81\x01a"
        assert receiver.take_chunk(input) is False
        reader.put(input)
        assert receiver.take_messages() is False
        with pytest.raises(Violation):
            receiver.receive()

    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize("payload", [b"", b"a"])
    def it_leaves_a_short_message_that_breaks_a_rule(self, reader, masked, payload):
        receiver = Receiver(reader, Extensions(), Limits(100, not masked))
        receiver.fast = False
        head = bytes([0x82, masked << 7 | len(payload)])
        chunk = head + (bytes(4) if masked else b"") + payload
        assert receiver.take_chunk(chunk) is False
        reader.put(chunk)
        with pytest.raises(Violation):
            receiver.receive()

    def it_leaves_what_comes_within_a_message(self, reader, receiver):
        reader.put(b"\x01\x01a")
        assert receiver.receive() is None
        assert receiver.take_messages() is False
        assert receiver.take_chunk(b"\x81\x01b") is False

    @pytest.mark.parametrize("begun", [b"\x01\x01x", b"\x89\x04", b"\x82\x04"])
    def it_leaves_what_looks_like_a_message_and_is_something_else(self, reader, receiver, begun):
        reader.put(begun)
        assert receiver.receive() is None
        reader.put(b"\x81\x01a")
        assert receiver.take_messages() is False
        assert [*receiver.taken] == []
        assert reader.peek(9) == b"\x81\x01a"

    def it_leaves_the_rest_of_a_frame(self, reader, receiver):
        reader.put(b"\x82\x02a")
        assert receiver.receive() is None
        assert receiver.take_chunk(b"b\x81\x01b") is False

    def it_takes_a_chunk_and_keeps_the_rest(self, reader, receiver):
        assert receiver.take_chunk(b"\x81\x01a\x81\x02b") is True
        assert [*receiver.taken] == ["a"]
        receiver.taken = module.NOTHING
        assert receiver.is_waiting() is True
        assert reader.peek(9) == b"\x81\x02b"
        assert receiver.take_chunk(b"c\x82\x00") is True
        assert [*receiver.taken] == ["bc", b""]
        receiver.taken = module.NOTHING
        assert receiver.is_waiting() is False
        assert len(reader) == 0

    def it_takes_a_compressed_message_that_was_cut(self, reader):
        receiver = Receiver(reader, Extensions(), Limits(100, None))
        receiver.fast = True
        assert receiver.take_chunk(b"\xc1\x03a") is True
        assert [*receiver.taken] == []
        receiver.taken = module.NOTHING
        assert receiver.is_waiting() is True
        assert receiver.take_chunk(b"bc\xc2\x01x\xc1\x02y") is True
        assert [*receiver.taken] == [(True, b"abc"), (False, b"x")]
        receiver.taken = module.NOTHING
        assert receiver.is_waiting() is True
        assert reader.peek(9) == b"\xc1\x02y"
        assert receiver.take_chunk(b"z") is True
        assert [*receiver.taken] == [(True, b"yz")]
        receiver.taken = module.NOTHING
        assert receiver.is_waiting() is False
        assert len(reader) == 0

    @pytest.mark.parametrize(
        ("behind", "taken", "left"),
        [
            (b"\x82\x03def", [b"abc", b"def"], b""),
            (b"\x82\x04defg", [b"abc"], b"\x82\x04defg"),
            (b"\x82\x81\x00\x00\x00\x00d", [b"abc"], b"\x82\x81\x00\x00\x00\x00d"),
        ],
    )
    def it_applies_the_rules_to_what_follows_a_message_that_was_cut(
        self, reader, behind, taken, left
    ):
        receiver = Receiver(reader, Extensions(), Limits(3, False))
        receiver.fast = False
        assert receiver.take_chunk(b"\x82\x03a") is True
        receiver.taken = module.NOTHING
        assert receiver.take_chunk(b"bc" + behind) is True
        assert [*receiver.taken] == taken
        receiver.taken = module.NOTHING
        assert receiver.is_waiting() is False
        assert reader.peek(9) == left
        if left:
            with pytest.raises(Violation):
                receiver.receive()

    @pytest.mark.parametrize(("limit", "taken"), [(6, True), (5, False)])
    def it_applies_the_limit_to_all_fragments_of_a_message_that_was_cut(self, reader, limit, taken):
        receiver = Receiver(reader, Extensions(), Limits(limit, None))
        receiver.fast = False
        assert receiver.take_chunk(b"\x02\x03abc\x00") is True
        assert [*receiver.taken] == []
        receiver.taken = module.NOTHING
        rest = b"\x03def\x80\x00"
        assert receiver.take_chunk(rest) is taken
        if taken:
            assert [*receiver.taken] == [b"abcdef"]
            return
        receiver.stop_waiting()
        reader.put(rest)
        with pytest.raises(Violation, match="too large"):
            receiver.receive()

    def it_takes_no_chunk_while_messages_are_being_emitted(self, receiver):
        assert receiver.take_chunk(b"\x81\x01a") is True
        assert receiver.take_chunk(b"\x81\x01b") is False

    def it_reads_step_by_step_what_waits_too_long(self, reader, receiver):
        assert receiver.take_chunk(b"\x81\x03a") is True
        receiver.taken = module.NOTHING
        assert receiver.take_chunk(b"b") is False
        reader.put(b"b")
        receiver.stop_waiting()
        assert receiver.is_waiting() is False
        assert receiver.receive() is None
        assert receiver.stage == PAYLOAD
        reader.put(b"c")
        assert receiver.receive().read_text() == "abc"

    def it_lets_a_message_wait_behind_a_frame_that_is_read_step_by_step(self, reader, receiver):
        assert receiver.take_chunk(b"\x81\x02H") is True
        receiver.taken = module.NOTHING
        receiver.stop_waiting()
        reader.put(b"i\x81\x02H")
        assert receiver.receive().read_text() == "Hi"
        assert receiver.take_messages() is True
        assert ([*receiver.taken], receiver.is_waiting()) == ([], True)

    def it_leaves_what_waited_and_turned_out_invalid(self, reader, receiver):
        assert receiver.take_chunk(b"\x81\x02\xc3") is True
        receiver.taken = module.NOTHING
        assert receiver.is_waiting() is True
        assert receiver.take_chunk(b"\xff") is False

    def it_has_nothing_taken_at_first(self, receiver):
        assert [*receiver.taken] == []
        assert receiver.taken is module.NOTHING


class DescribeTheMiddleOfALongFrame:
    """Chunks of it are taken at once if they are neither short nor huge, and binary or ASCII."""

    FIRST, LENGTH, KEY = 5001, 500_000, b"\x01\x02\x03\x04"

    def begin(self, reader, first, payload, masked):
        """A receiver that has received the first piece, and the rest of the payload as sent."""
        receiver = Receiver(reader, Extensions(), Limits(self.LENGTH, None))
        receiver.fast = False
        key = self.KEY if masked else b""
        sent = mask(payload, key) if masked else payload
        head = bytes([first, masked << 7 | 127]) + len(payload).to_bytes(8, "big") + key
        reader.put(head + sent[: self.FIRST])
        assert receiver.receive() is None
        return receiver, sent[self.FIRST :]

    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize(
        ("first", "filler"), [(0x82, b"\xff"), (0x82, b"x"), (0x81, b"x"), (0x02, b"x")]
    )
    @pytest.mark.parametrize(
        ("size", "taken"),
        [(SHORT - 1, False), (SHORT, True), (MOST_BYTES, True), (MOST_BYTES + 1, False)],
    )
    def it_is_taken_at_once(self, reader, masked, first, filler, size, taken):
        payload = filler * self.LENGTH
        receiver, rest = self.begin(reader, first, payload, masked)
        assert receiver.take_chunk(rest[:size]) is taken
        if not taken:
            reader.put(rest[:size])
            assert receiver.receive() is None
        assert len(reader) == 0
        assert receiver.take_chunk(rest[size:]) is False
        reader.put(rest[size:])
        message = receiver.receive()
        if first == 0x02:
            assert message is None
            reader.put(b"\x80\x00")
            message = receiver.receive()
        if first == 0x81:
            assert message.read_text() == payload.decode()
        else:
            assert message.read() == payload

    def it_is_not_its_end(self, reader):
        receiver, rest = self.begin(reader, 0x82, b"x" * (self.FIRST + 2 * SHORT), False)
        assert receiver.take_chunk(rest[:SHORT]) is True
        assert receiver.take_chunk(rest[SHORT:]) is False

    @pytest.mark.parametrize("masked", [False, True])
    def it_is_read_step_by_step_if_it_is_not_ascii(self, reader, masked):
        payload = b"x" * self.FIRST + "\u00fc".encode() * 20_000
        receiver, rest = self.begin(reader, 0x81, payload, masked)
        for start in range(0, len(rest), 4999):
            chunk = rest[start : start + 4999]
            assert receiver.take_chunk(chunk) is False
            reader.put(chunk)
            message = receiver.receive()
        assert message.read_text() == payload.decode()

    def it_is_read_step_by_step_behind_text_that_is_not_ascii(self, reader):
        payload = "\u00fc".encode() + b"x" * 20_000
        receiver, rest = self.begin(reader, 0x81, payload, False)
        assert receiver.take_chunk(rest[:5000]) is False

    def it_fails_at_once_if_it_is_not_text(self, reader):
        receiver, rest = self.begin(reader, 0x81, b"x" * 10_000 + b"\xff" + b"x" * 9999, False)
        assert receiver.take_chunk(rest[:5000]) is False
        reader.put(rest[:5000])
        with pytest.raises(Violation, match="UTF-8"):
            receiver.receive()

    def it_is_discarded_if_the_frame_continues_nothing(self, reader):
        receiver, rest = self.begin(reader, 0x80, b"x" * 20_000, False)
        for start in range(0, 10_000, 5000):
            assert receiver.take_chunk(rest[start : start + 5000]) is False
            reader.put(rest[start : start + 5000])
            assert receiver.receive() is None
        reader.put(rest[10_000:])
        with pytest.raises(Violation, match="unexpected continuation"):
            receiver.receive()
