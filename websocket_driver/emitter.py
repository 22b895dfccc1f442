"""Event emitters: pyee's EventEmitter, with Node's names and rules in addition.

This is the only module that uses pyee. It overrides every public method of pyee's class, with its
own table of listeners, and uses no private names of pyee, so that it works with any version.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from threading import Lock
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

import pyee

from .speedups import chosen_method
from .spelling import node_name

if TYPE_CHECKING:
    import asyncio

    from typing_extensions import Self

Listener = Callable[..., object]
AnyListener = TypeVar("AnyListener", bound=Listener)

NOTHING: Any = object()

# Node's names of the events of every emitter, and their names here.
LISTENER_EVENTS = {"newListener": "new_listener", "removeListener": "remove_listener"}

# More positional arguments than any event has.
ANY_NUMBER = 255

# Flags of functions whose bodies a call does not run: it returns a generator.
GENERATORS: Final = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR

# asyncio has only weak references to tasks, so they are referenced here until they end.
_running: set[asyncio.Future[Any]] = set()


class EventEmitter(pyee.EventEmitter):
    """The base class of drivers and streams: `on(event, f)` as a call, `@on(event)` as a decorator.

    As in pyee, `on` returns the listener, and a listener added twice to an event is one listener.
    As in Node, removing a listener that was not added does nothing, and a listener may take fewer
    arguments than its event has. If a listener returns an awaitable (as coroutine functions do),
    that runs as a task on the running asyncio loop; without one, `emit` raises `RuntimeError`.
    """

    # Node's names of events, and their names here.
    _EVENT_NAMES: Mapping[str, str] = LISTENER_EVENTS

    # True if `emit("error", error)` raises the error if there is no listener.
    _unheard_errors_raise = True

    _max_listeners = 10

    # One lock for all emitters, held briefly while listeners are added or removed.
    _changing = Lock()

    def __init__(self) -> None:
        # pyee's own table is not used and not created. Tuples are replaced, never changed, so that
        # emit() can iterate over one while listeners are added and removed.
        self._table: dict[str, tuple[Listener, ...]] = {}

    # Emitting

    def emit(  # type: ignore[override]  # pyee lets the event be passed by name
        self, event: str, argument: object = NOTHING, /, *more: object, **named: object
    ) -> bool:
        """Calls the listeners of `event` in the order in which they were added; true if any.

        Exceptions from listeners propagate. `error` without a listener raises its argument.
        """
        listeners = self._table.get(event)
        if listeners is None and event != "error" and event not in self._EVENT_NAMES:
            return False
        if listeners is None or more or named:
            return self._emit_otherwise(event, argument, *more, **named)

        if argument is NOTHING:
            for listener in listeners:
                result = listener()
                if result is not None:
                    self._returned(listener, result)
        else:
            for listener in listeners:
                result = listener(argument)
                if result is not None:
                    self._returned(listener, result)
        return True

    def _emit_otherwise(
        self, event: str, argument: object = NOTHING, /, *more: object, **named: object
    ) -> bool:
        """Emits an event with more arguments, or without listeners."""
        if event not in self._table:
            return self._emit_unheard(event, argument, *more, **named)
        arguments = () if argument is NOTHING else (argument, *more)
        for listener in self._table[event]:
            result = listener(*arguments[: capacity(listener)], **named)
            if result is not None:
                self._returned(listener, result)
        return True

    def _emit_unheard(self, event: str, *arguments: object, **named: object) -> bool:
        if event in self._EVENT_NAMES:
            return self.emit(self._EVENT_NAMES[event], *arguments, **named)
        if event == "error" and self._unheard_errors_raise:
            error = arguments[0]
            if isinstance(error, BaseException):
                raise error
            text = "None" if error is NOTHING else repr(error)
            raise pyee.PyeeError(f"Uncaught, unspecified 'error' event: {text}")
        return False

    def _returned(self, listener: Listener, result: object) -> None:
        """Runs the result of a listener as a task, if it is awaitable."""
        if result.__class__ is not bool and inspect.isawaitable(result):
            task = start_task(original(listener), result)
            if task is not None:
                self._task_started(task)

    # Listeners

    @overload
    def on(self, event: str) -> Callable[[AnyListener], AnyListener]: ...
    @overload
    def on(self, event: str, f: AnyListener) -> AnyListener: ...
    def on(self, event: str, f: Listener = NOTHING) -> Any:
        """Adds the listener `f` and returns it. Without `f`, returns a decorator that adds one."""
        if f is NOTHING:
            return self._decorator(self.add_listener, event)
        return self.add_listener(event, f)

    @overload  # type: ignore[override]  # pyee's is not generic
    def once(self, event: str) -> Callable[[AnyListener], AnyListener]: ...
    @overload
    def once(self, event: str, f: AnyListener) -> AnyListener: ...
    def once(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, event: str, f: Listener = NOTHING
    ) -> Any:
        """The same as `on`, for a listener that is removed before it is called the first time."""
        if f is NOTHING:
            return self._decorator(self.once, event)
        self._add(event, f, Once(self, event, f))
        return f

    def listens_to(self, event: str) -> Callable[[AnyListener], AnyListener]:
        """Returns a decorator that adds a listener to `event`."""
        return self._decorator(self.add_listener, event)

    @staticmethod
    def _decorator(add: Callable[..., AnyListener], event: object) -> Callable[..., AnyListener]:
        """Returns `add` for listeners of `event`. Raises `TypeError` for a decorator without the
        name of an event, which receives the listener in its place."""
        if callable(event):
            raise TypeError(
                f"The name of an event must come first, as in @emitter.on('message'), not {event!r}"
            )
        return partial(add, event)

    def add_listener(self, event: str, f: AnyListener) -> AnyListener:
        """Emits `new_listener`, adds the listener `f` to `event` and returns it."""
        is_plain = f.__class__ is FunctionType and f.__code__.co_argcount
        self._add(event, f, f if is_plain else fitted(f))
        return f

    def prepend_listener(self, event: str, f: AnyListener) -> AnyListener:
        """The same as `add_listener`, in front of the listeners that `event` has."""
        self._add(event, f, fitted(f), first=True)
        return f

    def prepend_once_listener(self, event: str, f: AnyListener) -> AnyListener:
        """The same as `once`, in front of the listeners that `event` has."""
        self._add(event, f, Once(self, event, f), first=True)
        return f

    def remove_listener(self, event: str, f: Listener) -> None:
        """Removes the listener `f` from `event`, if it was added; then emits `remove_listener`."""
        event = self._EVENT_NAMES.get(event, event)
        with self._changing:
            listeners = self._table.get(event, ())
            remaining = tuple(entry for entry in listeners if original(entry) != f)
            if remaining:
                self._table[event] = remaining
            else:
                self._table.pop(event, None)
        if "remove_listener" in self._table and len(remaining) < len(listeners):
            self.emit("remove_listener", event, f)

    def off(self, event: str, f: Listener) -> None:
        """The same as `remove_listener`."""
        self.remove_listener(event, f)

    def remove_all_listeners(self, event: str | None = None) -> None:
        """Removes all listeners of `event`, or of every event.

        If `remove_listener` has listeners, they are called for each, beginning with the last added.
        """
        if "remove_listener" in self._table:
            self._remove_one_by_one(event)
            return
        with self._changing:
            if event is None:
                self._table.clear()
            else:
                self._table.pop(self._EVENT_NAMES.get(event, event), None)

    def _remove_one_by_one(self, event: str | None) -> None:
        if event is None:
            others = [name for name in self._table if name != "remove_listener"]
            names = [*others, "remove_listener"]
        else:
            names = [event]
        for name in names:
            for listener in reversed(self.listeners(name)):
                self.remove_listener(name, listener)

    def listeners(self, event: str) -> list[Listener]:
        """The listeners of `event`, as they were added."""
        return [original(entry) for entry in self._entries(event)]

    def raw_listeners(self, event: str) -> list[Listener]:
        """The same as `listeners`, but with the wrappers of those that were added with `once`.

        A wrapper has the listener as its attribute `listener`. A call of it removes the listener
        and calls it.
        """
        entries = self._entries(event)
        return [entry if isinstance(entry, Once) else original(entry) for entry in entries]

    def listener_count(self, event: str) -> int:
        """Returns the number of listeners of `event`."""
        return len(self._entries(event))

    def event_names(self) -> set[str]:
        """The events that have listeners."""
        return set(self._table)

    def set_max_listeners(self, number: int) -> Self:
        """Sets what `get_max_listeners()` returns. Node warns about more listeners of one event;
        here nothing does.
        """
        self._max_listeners = number
        return self

    def get_max_listeners(self) -> int:
        """The argument of `set_max_listeners()`, or 10."""
        return self._max_listeners

    def _entries(self, event: str) -> tuple[Listener, ...]:
        return self._table.get(self._EVENT_NAMES.get(event, event), ())

    def _add(self, event: str, f: Listener, entry: Listener, first: bool = False) -> None:
        if not callable(f):
            hint = ": pass the function itself, without calling it" if f is None else ""
            raise TypeError(f"A listener must be callable, not {f!r}{hint}")
        code = getattr(f, "__code__", None)
        if code is not None and code.co_flags & GENERATORS:
            raise generator_error("listener", f)
        event = self._EVENT_NAMES.get(event, event)
        if "new_listener" in self._table:
            self.emit("new_listener", event, f)
        alone = (entry,)
        if self._table.setdefault(event, alone) is not alone:
            self._add_another(event, f, entry, first)
        self._listener_added(event)

    def _add_another(self, event: str, f: Listener, entry: Listener, first: bool) -> None:
        """Adds an entry to those that an event has, or in place of the one for the same `f`."""
        with self._changing:
            entries = self._table.get(event, ())
            if any(original(other) == f for other in entries):
                entries = tuple(entry if original(other) == f else other for other in entries)
            else:
                entries = (entry, *entries) if first else (*entries, entry)
            self._table[event] = entries

    # For subclasses

    def emit_through(self, other: EventEmitter) -> None:
        """From now on, this emitter and `other` share their listeners."""
        self._table = other._table

    def _listener_added(self, event: str) -> None:
        """Called after a listener was added to `event`."""

    def _task_started(self, task: asyncio.Future[Any]) -> None:
        """Called when a listener's awaitable begins to run as `task`."""

    # pyee pickles and copies emitters without their lock. These emitters have no lock.

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)

    addListener: Final = node_name(add_listener)
    prependListener: Final = node_name(prepend_listener)
    prependOnceListener: Final = node_name(prepend_once_listener)
    removeListener: Final = node_name(remove_listener)
    removeAllListeners: Final = node_name(remove_all_listeners)
    rawListeners: Final = node_name(raw_listeners)
    listenerCount: Final = node_name(listener_count)
    eventNames: Final = node_name(event_names)
    setMaxListeners: Final = node_name(set_max_listeners)
    getMaxListeners: Final = node_name(get_max_listeners)


emit_in_python: Final = EventEmitter.emit
EventEmitter.emit = chosen_method("emit", EventEmitter, emit_in_python)  # type: ignore[method-assign]


def generator_error(kind: str, f: Listener) -> TypeError:
    """The error of a generator function where another function is expected."""
    return TypeError(f"The {kind} {f!r} is a generator function: its body never runs")


class Raised:
    """Collects exceptions from listeners, so that a call completes before one of them propagates.

        raised = Raised()
        with raised:
            ...             # each step runs whatever the steps before it raised
        raised.reraise()    # the first exception; the others are in its traceback

    A `BaseException` that is not an `Exception`, such as `KeyboardInterrupt`, propagates at once.
    """

    __slots__ = ("_first", "_last", "_seen")

    _last: BaseException

    def __init__(self, error: Exception | None = None) -> None:
        self._first: BaseException | None = None
        if error is not None:
            self.add(error)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self.add(error)
        return True

    def add(self, error: Exception) -> None:
        """Collects one more: it becomes the context of the last one, at the end of its chain."""
        if self._first is None:
            self._first = error
            self._seen: set[int] = set()
        chain = chain_of(error)
        if self._seen.isdisjoint(map(id, chain)):
            if error is not self._first:
                self._last.__context__ = error
                self._last.__suppress_context__ = False
            self._last = chain[-1]
            self._seen.update(map(id, chain))

    def reraise(self) -> None:
        """Raises the first exception, if there was one."""
        first, self._first = self._first, None
        if first is not None:
            # A frame of the traceback may refer to this object: a reference cycle.
            del self._last
            try:
                raise first
            finally:
                del first  # breaks the reference cycle with this frame


def chain_of(error: BaseException) -> list[BaseException]:
    """The exceptions that a traceback of `error` shows, itself first."""
    chain = [error]
    while (following := chain[-1].__cause__ or chain[-1].__context__) and following not in chain:
        chain.append(following)
    return chain


class Wrapper:
    """The entry in the table for `listener`, which is called in its place."""

    __slots__ = ("listener",)

    def __init__(self, listener: Listener) -> None:
        self.listener: Listener = listener


class Short(Wrapper):
    """A listener that takes no arguments."""

    __slots__ = ()

    def __call__(self, *_: object) -> object:
        """Calls the listener."""
        return self.listener()


class Once(Wrapper):
    """A listener that is called once, even if it is removed while its event is being emitted."""

    __slots__ = ("_emitter", "_event")

    def __init__(self, emitter: EventEmitter, event: str, listener: Listener) -> None:
        super().__init__(listener)
        self._emitter: EventEmitter | None = emitter
        self._event = event

    def __call__(self, *arguments: object, **named: object) -> object:
        """Removes the listener and calls it, the first time."""
        emitter, self._emitter = self._emitter, None
        if emitter is None:
            return None
        emitter.remove_listener(self._event, self.listener)
        return self.listener(*arguments[: capacity(self.listener)], **named)


def original(entry: Listener) -> Listener:
    """The listener as it was added."""
    return entry.listener if isinstance(entry, Wrapper) else entry


def fitted(f: AnyListener) -> AnyListener | Short:
    """`f`, or a wrapper that accepts one argument, as most events have."""
    return f if capacity(f) else Short(f)


def capacity(f: Listener) -> int:
    """The number of positional arguments that `f` can be called with."""
    f = original(f)
    bound = 0
    if isinstance(f, MethodType) and isinstance(f.__func__, FunctionType):
        f, bound = f.__func__, 1
    if isinstance(f, FunctionType):
        code = f.__code__
        return ANY_NUMBER if code.co_flags & inspect.CO_VARARGS else code.co_argcount - bound
    if isinstance(f, BuiltinFunctionType):
        return _capacity_of_builtin(f)
    return _positional(f)


# The capacity of each builtin function seen so far, because inspecting one is slow.
_builtins: dict[tuple[str | None, str], int] = {}


def _capacity_of_builtin(f: BuiltinFunctionType) -> int:
    key = (f.__module__, f.__qualname__)
    if key not in _builtins:
        _builtins[key] = _positional(f)
    return _builtins[key]


def _positional(f: Listener) -> int:
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # a callable without a signature
        return ANY_NUMBER
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return ANY_NUMBER
    return sum(
        kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for kind in kinds
    )


def start_task(listener: Listener, awaitable: Awaitable[Any]) -> asyncio.Future[Any] | None:
    """Runs the result of `listener` as a task on the running asyncio loop.

    Its exceptions go to the loop's exception handler. Without a running loop, raises `RuntimeError`
    for a coroutine, and ignores any other awaitable.
    """
    import asyncio  # here, so that programs without such listeners need not load it

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        if not inspect.iscoroutine(awaitable):
            return None
        awaitable.close()
        raise RuntimeError(
            f"The listener {listener!r} returned a coroutine, which needs a running asyncio loop"
        ) from None

    task = asyncio.ensure_future(awaitable, loop=loop)
    _running.add(task)
    task.add_done_callback(partial(_finish, listener))
    return task


def _finish(listener: Listener, task: asyncio.Future[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and task.exception() is not None:
        task.get_loop().call_exception_handler(
            {
                "message": f"Exception in the listener {listener!r}",
                "exception": task.exception(),
                "task": task,
            }
        )
