"""Listeners that are coroutine functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

# asyncio itself holds tasks weakly: these are kept until they end.
_running: set[Any] = set()


def start_task(listener: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Runs `listener(*args, **kwargs)`, a coroutine, as a task on the running asyncio loop.

    What it raises goes to the loop's exception handler. Raises `RuntimeError` if no loop runs.
    """
    import asyncio  # not at the top: who has no such listener need not wait for it to load

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            f"The listener {listener!r} is a coroutine function, which needs a running asyncio loop"
        ) from None

    coroutine = listener(*args, **kwargs)
    if coroutine is None:  # one of once(), which has run already
        return
    task = loop.create_task(coroutine)
    _running.add(task)
    task.add_done_callback(partial(_finish, listener))


def _finish(listener: Callable[..., Any], task: Any) -> None:
    _running.discard(task)
    if not task.cancelled() and task.exception() is not None:
        task.get_loop().call_exception_handler(
            {
                "message": f"Exception in the listener {listener!r}",
                "exception": task.exception(),
                "task": task,
            }
        )
