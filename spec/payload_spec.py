from __future__ import annotations

from array import array

import pytest

from websocket_driver.payload import to_bytes, to_optional_payload, to_payload


class DescribeToBytes:
    @pytest.mark.parametrize(
        "chunk",
        [
            b"Hi\xff",
            bytearray(b"Hi\xff"),
            memoryview(b"Hi\xff"),
            memoryview(b"?H?i?\xff")[1::2],
            array("B", b"Hi\xff"),
            [72, 105, 255],
            (72, 105, 255),
        ],
    )
    def it_takes_anything_that_holds_bytes(self, chunk):
        result = to_bytes(chunk)
        assert result == b"Hi\xff"
        assert type(result) is bytes

    def it_takes_nothing(self):
        assert to_bytes(b"") == to_bytes([]) == to_bytes(bytearray()) == b""

    def it_copies_what_can_change(self):
        chunk = bytearray(b"Hi")
        result = to_bytes(chunk)
        chunk[:] = b"yo"
        assert result == b"Hi"

    def it_does_not_copy_bytes(self):
        chunk = b"a longer text"
        assert to_bytes(chunk) is chunk

    @pytest.mark.parametrize(
        ("chunk", "name"),
        [("Hi", "str"), (None, "NoneType"), (72, "int"), ({72}, "set"), (object(), "object")],
    )
    def it_refuses_anything_else(self, chunk, name):
        with pytest.raises(TypeError) as error:
            to_bytes(chunk)
        assert str(error.value) == f"Input must be bytes or a list of integers 0-255, not {name}"

    @pytest.mark.parametrize("chunk", [[256], [-1], (72, 1000)])
    def it_refuses_integers_that_are_no_bytes(self, chunk):
        with pytest.raises(ValueError):
            to_bytes(chunk)

    @pytest.mark.parametrize(
        ("chunk", "kind"),
        [
            (["H"], "a list with 'H'"),
            ([72, 7.5], "a list with 7.5"),
            ((72, None), "a tuple with None"),
        ],
    )
    def it_refuses_lists_of_anything_else(self, chunk, kind):
        with pytest.raises(TypeError) as error:
            to_bytes(chunk)
        assert str(error.value) == f"Input must be bytes or a list of integers 0-255, not {kind}"


class DescribeToPayload:
    def it_leaves_text_and_bytes_as_they_are(self):
        assert to_payload("Hi") == "Hi"
        assert to_payload(b"Hi") == b"Hi"

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (50, "50"),
            (0, "0"),
            (-7, "-7"),
            (2.5, "2.5"),
            (10.0, "10"),
            (-0.0, "0"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (0.000001, "0.000001"),
            (1e-7, "1e-7"),
            (0.1 + 0.2, "0.30000000000000004"),
            (float("nan"), "NaN"),
            (float("inf"), "Infinity"),
            (float("-inf"), "-Infinity"),
        ],
    )
    def it_writes_numbers_as_javascript_does(self, number, text):
        assert to_payload(number) == text

    @pytest.mark.parametrize(
        "data", [bytearray(b"Hi"), memoryview(b"Hi"), array("B", b"Hi"), [72, 105], (72, 105)]
    )
    def it_takes_anything_that_holds_bytes(self, data):
        result = to_payload(data)
        assert result == b"Hi"
        assert type(result) is bytes

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            (None, "NoneType"),
            (True, "bool"),
            ({}, "dict"),
            (object(), "object"),
            (1j, "complex"),
            ([72, "i"], "a list with 'i'"),
        ],
    )
    def it_refuses_anything_else(self, data, name):
        with pytest.raises(TypeError) as error:
            to_payload(data)
        assert str(error.value) == (
            f"A message must be text, bytes, a list of integers 0-255 or a number, not {name}"
        )

    def it_refuses_integers_that_are_no_bytes(self):
        with pytest.raises(ValueError):
            to_payload([256])


class DescribeToOptionalPayload:
    @pytest.mark.parametrize("data", [None, 0, 0.0, -0.0, "", b"", [], bytearray()])
    def it_is_empty_for_nothing(self, data):
        assert len(to_optional_payload(data)) == 0

    @pytest.mark.parametrize(
        ("data", "payload"),
        [("Hi", "Hi"), ("0", "0"), (b"\x00", b"\x00"), ([0], b"\x00"), (1, "1")],
    )
    def it_is_the_payload_of_anything_else(self, data, payload):
        assert to_optional_payload(data) == payload

    @pytest.mark.parametrize(
        ("data", "name"), [(False, "bool"), ({}, "dict"), (set(), "set"), (range(0), "range")]
    )
    def it_refuses_what_is_empty_and_not_a_payload(self, data, name):
        with pytest.raises(TypeError) as error:
            to_optional_payload(data)
        assert str(error.value) == (
            f"A message must be text, bytes, a list of integers 0-255 or a number, not {name}"
        )
