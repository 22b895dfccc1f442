"""The fast path of a connection whose only extension is permessage-deflate."""

from types import SimpleNamespace

import pytest

from websocket_driver.extensions import ExtensionError
from websocket_driver.permessage_deflate.direct import Direct
from websocket_driver.permessage_deflate.server_session import ServerSession


class Changed(ServerSession):
    """A session of a subclass."""


def extension(*bits):
    rsv1, rsv2, rsv3 = bits or (True, False, False)
    return SimpleNamespace(name="permessage-deflate", rsv1=rsv1, rsv2=rsv2, rsv3=rsv3)


def session(kind=ServerSession, **replaced):
    result = kind({}, {}, 100)
    result.generate_response()
    vars(result).update(replaced)
    return result


def direct_of(session):
    direct = Direct.of([(extension(), session)])
    assert direct is not None
    return direct


class DescribeDirect:
    class DescribeOf:
        def it_is_there_for_one_session_of_ours(self):
            assert isinstance(Direct.of([(extension(), session())]), Direct)

        @pytest.mark.parametrize(
            "sessions",
            [
                [],
                [(extension(), session()), (extension(), session())],
                [(extension(False, False, False), session())],
                [(extension(True, True, False), session())],
                [(extension(), session(Changed))],
                [(extension(), session(process_incoming_message=print))],
                [(extension(), session(processOutgoingMessage=print))],
                [(extension(), SimpleNamespace())],
            ],
        )
        def it_is_not_there_for_any_other(self, sessions):
            assert Direct.of(sessions) is None

    def it_compresses_and_decompresses(self):
        direct = direct_of(session())
        payload = direct.compress(b"Hello")
        assert payload == b"\xf2\x48\xcd\xc9\xc9\x07\x00"
        assert direct_of(session()).decompress(payload) == b"Hello"

    def it_raises_what_the_pipeline_passes_on(self):
        direct = direct_of(session())
        with pytest.raises(
            ExtensionError, match="permessage-deflate: invalid block type"
        ) as raised:
            direct.decompress(b"\xff\xff")
        assert raised.value.__context__ is None

        broken = session()
        broken.compress = broken.decompress = None
        direct = direct_of(broken)
        for method in (direct.compress, direct.decompress):
            with pytest.raises(
                ExtensionError, match="permessage-deflate: The extension failed"
            ) as raised:
                method(b"Hello")
            assert isinstance(raised.value.__cause__, TypeError)
