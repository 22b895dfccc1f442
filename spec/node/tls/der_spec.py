"""The parts of DER that certificates need."""

import pytest

from websocket_driver.node.tls.der import content, elements, identifier, text


class DescribeElements:
    def it_has_tags_and_contents(self):
        long = b"x" * 300
        data = b"\x02\x01\x05" + b"\x0c\x82\x01\x2c" + long + b"\x30\x00"
        assert list(elements(data)) == [(2, b"\5"), (12, long), (48, b"")]
        assert list(elements(b"")) == []

    @pytest.mark.parametrize("data", [b"\2", b"\2\1", b"\2\x81", b"\2\x82\1", b"\2\x81\2x"])
    def it_refuses_what_is_cut_off(self, data):
        with pytest.raises(ValueError, match="too short"):
            print(list(elements(data)))


class DescribeContent:
    def it_is_that_of_the_first_element(self):
        assert content(b"\4\2hi\4\1x") == b"hi"
        with pytest.raises(ValueError, match="empty"):
            content(b"")


class DescribeIdentifier:
    @pytest.mark.parametrize(
        "value, expected",
        [
            (b"\x55\x04\x03", "2.5.4.3"),
            (b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "1.2.840.113549.1.9.1"),
            (b"\x09\x92\x26", "0.9.2342"),
            (b"\x88\x37\x03", "2.999.3"),
        ],
    )
    def it_has_dots(self, value, expected):
        assert identifier(value) == expected

    @pytest.mark.parametrize("value", [b"", b"\x88", b"\1" * 65])
    def it_must_be_complete_and_short(self, value):
        with pytest.raises(ValueError, match=r"empty|too long"):
            identifier(value)


class DescribeText:
    @pytest.mark.parametrize(
        "tag, value",
        [
            (0x0C, b"Caf\xc3\xa9"),
            (0x14, b"Caf\xe9"),
            (0x1E, b"\0C\0a\0f\0\xe9"),
            (0x1C, b"\0\0\0C\0\0\0a\0\0\0f\0\0\0\xe9"),
            (0x99, b"Caf\xe9"),
        ],
    )
    def it_is_decoded_by_its_type(self, tag, value):
        assert text((tag, value)) == "Caf\u00e9"

    def it_replaces_what_cannot_be_decoded(self):
        assert text((0x0C, b"a\xff")) == "a\ufffd"
