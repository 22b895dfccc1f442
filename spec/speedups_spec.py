"""The selection between a compiled function and its Python version."""

import sys
from typing import Any

import pytest

from websocket_driver import speedups

_speedups: Any = speedups.compiled_part()


def twin() -> Any:
    return "in Python"


class Owner:
    ready_state: object


class DescribeTheChoice:
    @pytest.mark.skipif(_speedups is None, reason="_speedups is not compiled")
    def it_is_the_compiled_function_if_there_is_one(self, monkeypatch):
        monkeypatch.delenv("WEBSOCKET_DRIVER_PURE_PYTHON", raising=False)
        assert speedups.compiled_part() is _speedups
        assert _speedups is not None
        assert speedups.chosen("mask", twin) is _speedups.mask
        method: Any = speedups.chosen_method("emit", Owner, twin)
        assert (type(method), method.__objclass__) == (type(str.upper), Owner)

    def it_is_python_if_the_environment_asks_for_it(self, monkeypatch):
        monkeypatch.setenv("WEBSOCKET_DRIVER_PURE_PYTHON", "1")
        assert speedups.compiled_part() is None
        assert speedups.chosen("mask", twin) is twin
        assert speedups.chosen_method("emit", Owner, twin) is twin

    def it_is_python_if_nothing_is_compiled(self, monkeypatch):
        monkeypatch.delenv("WEBSOCKET_DRIVER_PURE_PYTHON", raising=False)
        monkeypatch.setitem(sys.modules, "websocket_driver._speedups", None)
        assert speedups.chosen("mask", twin) is twin
        assert speedups.chosen_method("emit", Owner, twin) is twin


@pytest.mark.skipif(_speedups is None, reason="_speedups is not compiled")
class DescribeTheCompiledMethods:
    @pytest.mark.parametrize(
        "name", ["binary_of", "emit_of", "frame_of", "on_header_of", "text_of"]
    )
    def it_is_made_for_a_class(self, name):
        with pytest.raises(TypeError, match=r"_of\(\) takes a class"):
            getattr(_speedups, name)(1)

    def it_raises_for_an_emitter_without_a_table(self):
        method = _speedups.emit_of(Owner)
        with pytest.raises(AttributeError, match="_table"):
            method(Owner(), "data", 1)
        with pytest.raises(AttributeError, match="_emit_otherwise"):
            method(Owner(), "data", 1, 2, three=3)

    def it_raises_for_a_driver_without_attributes(self):
        method = _speedups.frame_of(Owner)
        with pytest.raises(AttributeError, match="_direct"):
            method(Owner(), "Hello", "text")
        with pytest.raises(AttributeError, match="_frame_otherwise"):
            method(Owner(), b"Hello", "text")
        for name in ("text", "binary"):
            method = getattr(_speedups, f"{name}_of")(Owner)
            with pytest.raises(AttributeError, match="ready_state"):
                method(Owner(), "Hello")
            with pytest.raises(AttributeError, match=f"_{name}_otherwise"):
                method(Owner(), message="Hello")

    def it_raises_for_a_head_without_attributes(self):
        method = _speedups.on_header_of(Owner)
        with pytest.raises(AttributeError, match="KNOWN_NAMES"):
            method(Owner(), b"Host", b"example.com")
        with pytest.raises(AttributeError, match="_header_otherwise"):
            method(Owner(), b"Host")

        owner: Any = type("Head", (Owner,), {"KNOWN_NAMES": {b"Host": "host"}})()
        with pytest.raises(AttributeError, match="headers"):
            method(owner, b"Host", b"example.com")
        owner.headers = {}
        with pytest.raises(AttributeError, match="remaining"):
            method(owner, b"Host", b"example.com")
        owner.remaining = "many"
        with pytest.raises(TypeError, match="integer"):
            method(owner, b"Host", b"example.com")
        owner.remaining = 1
        with pytest.raises(TypeError, match="bytes"):
            method(owner, b"Host", "example.com")
        assert owner.headers == {}

    def it_raises_for_a_state_that_is_no_number(self):
        owner = Owner()
        owner.ready_state = "open"
        with pytest.raises(TypeError, match="integer"):
            _speedups.text_of(Owner)(owner, "Hello")

    def it_says_what_deliver_takes(self):
        for arguments in [(), (iter(()), None, None), (iter(()), None, None, 1)]:
            with pytest.raises(TypeError, match="takes messages, a driver, a stream and a class"):
                _speedups.deliver(*arguments)
