"""Keys to mask frames with."""

import os

import pytest

from websocket_driver.driver.hybi import keys as masking
from websocket_driver.driver.hybi.keys import next_key


class DescribeNextKey:
    @pytest.fixture
    def random(self, monkeypatch):
        """The lengths that `os.urandom` is called with; no key has been taken from the pool yet."""
        asked = []

        def urandom(size):
            asked.append(size)
            return bytes(i % 251 for i in range(size))

        monkeypatch.setattr(masking, "_keys", [])
        monkeypatch.setattr(os, "urandom", urandom)
        return asked

    def it_is_4_bytes(self):
        assert [len(next_key()) for _ in range(600)] == [4] * 600

    def it_is_never_given_out_twice(self):
        keys = [next_key() for _ in range(600)]
        # Of 600 random keys two are alike once in 24,000 times, but not three.
        assert len(set(keys)) >= 599

    def it_asks_for_many_at_a_time(self, random):
        keys = [next_key() for _ in range(257)]
        assert random == [1024, 1024]
        block = bytes(i % 251 for i in range(1024))
        assert sorted(keys[:256]) == sorted(block[i : i + 4] for i in range(0, 1024, 4))

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def it_is_not_that_of_the_parent_in_a_child_process(self):
        next_key()
        unused = set(masking._keys)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, b"".join(next_key() for _ in range(255)))
            os._exit(0)
        os.waitpid(child, 0)
        keys = os.read(reading, 4096)
        os.close(reading)
        os.close(writing)
        assert len(keys) == 255 * 4
        # By chance one key is in both about once in 67,000 times.
        assert len({keys[i : i + 4] for i in range(0, len(keys), 4)} & unused) <= 1
