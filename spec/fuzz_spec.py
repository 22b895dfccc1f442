"""The fuzz targets on their corpus, without a fuzzer."""

import subprocess
import sys

import pytest

from fuzz import drivers, seeds, targets
from fuzz.__main__ import CORPUS
from spec.wires import ROOT
from websocket_driver.driver.hybi import receiver

INPUTS = [
    pytest.param(target, path.read_bytes(), id=f"{name}-{path.name}")
    for name, target in targets.TARGETS.items()
    for path in sorted((CORPUS / name).iterdir())
]

TEXT = drivers.frame(0x81, b"Hello", b"\0\0\0\0")


class DescribeTargets:
    @pytest.mark.parametrize(("target", "data"), INPUTS)
    def it_holds_for_its_corpus(self, target, data):
        target(data)

    def it_has_its_seeds_in_the_corpus(self):
        for name in targets.TARGETS:
            for seed, data in getattr(seeds, name)().items():
                assert (CORPUS / name / seed).read_bytes() == data

    def it_has_a_small_corpus(self):
        assert sorted(path.name for path in CORPUS.iterdir()) == sorted(targets.TARGETS)
        assert len(INPUTS) < 200
        sizes = [len(data) for each in INPUTS for data in each.values if isinstance(data, bytes)]
        assert len(sizes) == len(INPUTS)
        assert max(sizes) <= 4096

    def it_notices_twins_that_differ(self, monkeypatch):
        def forge(chunk, *_):
            return ["forged"], len(chunk), 6, True, False

        monkeypatch.setattr(receiver, "take_messages", forge)
        with pytest.raises(AssertionError):
            targets.frames(b"\x23" + TEXT)

    def it_notices_an_exception(self, monkeypatch):
        monkeypatch.setattr(receiver, "take_messages", lambda chunk, *_: chunk[len(chunk)])
        with pytest.raises(IndexError):
            targets.frames(b"\x23" + TEXT)

    def it_notices_a_message_that_is_too_long(self, monkeypatch):
        def make(role, deflate, max_length, masked):
            return drivers.make(role, deflate, max_length + 4, masked)

        monkeypatch.setattr(targets, "make", make)
        with pytest.raises(AssertionError):
            targets.frames(b"\x05" + TEXT)

    def it_notices_a_second_close(self):
        with pytest.raises(AssertionError):
            drivers.check_order([("open",), ("close", 1000, ""), ("close", 1000, "")])


class DescribeTheCommand:
    def it_says_what_it_wants(self):
        result = subprocess.run(
            [sys.executable, "-m", "fuzz"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert result.returncode == 1
        assert "python -m fuzz TARGET SECONDS" in result.stderr

    def it_says_that_it_cannot_run_without_a_fuzzer(self, tmp_path):
        (tmp_path / "atheris.py").write_text("raise ImportError")
        result = subprocess.run(
            [sys.executable, "-c", "from fuzz.__main__ import fuzz; fuzz('frames', '1')"],
            cwd=ROOT,
            env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 1
        assert result.stderr.startswith("Cannot fuzz: atheris is not installed.")
