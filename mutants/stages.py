"""mutmut's command line, made to fit the specs.

    python mutants/stages.py run

* Examples run in stages. Most mutants are killed by the first few examples, and pytest needs longer
  to collect a thousand of them than to run those. The examples that killed other mutants of the
  function come first, then some from everywhere, then all others.
* An exception in a callback of asyncio ends the example, which otherwise waits until it times out.
* Mutated functions of `node` accept surplus arguments. An emitter passes each listener as many
  arguments as it has parameters, and mutmut's replacement of a function has `*args`.
"""

from __future__ import annotations

import gc
import inspect
from asyncio import BaseEventLoop
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from mutmut.__main__ import cli
from mutmut.mutation import trampoline
from mutmut.runners.harness import PytestRunner
from mutmut.utils.file_utils import change_cwd

# How many examples the first two stages have.
KILLERS, FIRST = 20, 50
# The package in which methods are listeners.
LISTENERS = "websocket_driver.node."
Cache = type(lru_cache(str))
Function = Callable[..., Any]

replaced: Any = PytestRunner
loops: Any = BaseEventLoop
wrapping: Any = trampoline
wrap = wrapping.wrap_in_trampoline


class Killers:
    """A plugin of pytest that records the examples that fail, in a file for each mutated
    function."""

    def __init__(self, mutant: str) -> None:
        self._file = Path("killers", mutant.partition("__mutmut_")[0]).absolute()

    def names(self) -> list[str]:
        """The recorded examples, the latest first."""
        if not self._file.exists():
            return []
        noted = self._file.read_text(encoding="utf-8").splitlines()
        return [*dict.fromkeys(reversed(noted))]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest."""
        if report.failed:
            self._file.parent.mkdir(exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{report.nodeid}\n")


def run_in_stages(runner: PytestRunner, *, mutant_name: str | None, tests: Iterable[str]) -> int:
    forget()
    names = sorted(tests)
    if mutant_name is None and names:
        # All examples have just passed without a mutant, in the run that finds out what they call.
        return 0
    killers = Killers(mutant_name or "none")
    known = [name for name in killers.names() if name in names][:KILLERS]
    others = [name for name in names if name not in known]
    step = len(others) // FIRST or 1
    some = others[::step]
    rest = [name for number, name in enumerate(others) if number % step]
    for stage in (known, some, rest):
        if stage:
            status = run_stage(runner, stage, killers)
            if status:
                return status
    return 0 if names else run_stage(runner, names, killers)


def run_stage(runner: PytestRunner, examples: list[str], plugin: Killers) -> int:
    with change_cwd("mutants"):
        # mutmut's own methods accept no plugin.
        arguments = runner._pytest_args_regular_run(examples)  # noqa: SLF001
        return int(runner.execute_pytest(arguments, plugins=[plugin]))


def forget() -> None:
    """Clears the caches. The examples that ran before have filled them without the mutant."""
    for found in gc.get_objects():
        if isinstance(found, Cache):
            found.cache_clear()


def fail(loop: BaseEventLoop, context: dict[str, Any]) -> None:
    """Ends the example. asyncio does not catch `SystemExit`, and pytest reports it as a failure."""
    raise SystemExit(context["message"]) from context.get("exception")


def wrap_in_trampoline(
    mutants: object, is_classmethod: bool = False
) -> Callable[[Function], Function]:
    wrapped: Callable[[Any], Function] = wrap(mutants, is_classmethod)
    return lambda function: without_surplus(function, wrapped(function))


def without_surplus(function: object, wrapper: Function) -> Function:
    """Returns `wrapper`, without the positional arguments for which `function` has no
    parameters."""
    if not isinstance(function, FunctionType) or not function.__module__.startswith(LISTENERS):
        return wrapper
    code = function.__code__
    if code.co_flags & inspect.CO_VARARGS:
        return wrapper

    @wraps(function)
    def shorter(*arguments: object, **named: object) -> object:
        return wrapper(*arguments[: code.co_argcount], **named)

    return shorter


replaced.run_tests = run_in_stages
loops.default_exception_handler = fail
wrapping.wrap_in_trampoline = wrap_in_trampoline

if __name__ == "__main__":
    cli()
