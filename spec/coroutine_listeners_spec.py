"""Listeners that are coroutine functions: difference 11 in docs/differences.md."""

import asyncio
import gc
from typing import Any

import pytest

import websocket_driver as websocket
from spec.wires import PATIENCE
from websocket_driver.emitter import EventEmitter
from websocket_driver.node import net, process, timers

REQUEST = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "2vBVWg4Qyk3ZoM/5d3QD9Q==",
    "Sec-WebSocket-Version": "13",
}


class DescribeCoroutineListeners:
    def it_runs_them_as_tasks_on_the_running_loop(self):
        async def main():
            driver = websocket.http(websocket.Request("GET", "/", REQUEST), require_masking=False)
            messages = []
            done = asyncio.Event()

            @driver.on("message")
            async def on_message(event):
                await asyncio.sleep(0)
                messages.append(event.data)
                done.set()

            driver.start()
            driver.parse(b"\x81\x02Hi")
            assert messages == []
            await asyncio.wait_for(done.wait(), 5)
            assert messages == ["Hi"]

        asyncio.run(main())

    def it_keeps_them_alive_until_they_end(self):
        async def main():
            emitter = EventEmitter()
            results = []

            async def listener(future):
                results.append(await future)

            emitter.on("data", listener)
            future = asyncio.get_running_loop().create_future()
            emitter.emit("data", future)
            await asyncio.sleep(0)
            gc.collect()
            future.set_result("done")
            for _ in range(3):
                await asyncio.sleep(0)
            assert results == ["done"]

        asyncio.run(main())

    def it_gives_their_exceptions_to_the_exception_handler_of_the_loop(self):
        async def main():
            emitter = EventEmitter()
            contexts = []
            asyncio.get_running_loop().set_exception_handler(
                lambda loop, context: contexts.append(context)
            )

            @emitter.on("data")
            async def listener():
                raise ValueError("no good")

            assert emitter.emit("data") is True
            for _ in range(3):
                await asyncio.sleep(0)
            assert [str(context["exception"]) for context in contexts] == ["no good"]
            assert "listener" in contexts[0]["message"]

        asyncio.run(main())

    def it_leaves_cancelled_ones_alone(self):
        async def main():
            emitter = EventEmitter()
            contexts = []
            tasks: list[Any] = []
            asyncio.get_running_loop().set_exception_handler(
                lambda loop, context: contexts.append(context)
            )

            @emitter.on("data")
            async def listener():
                tasks.append(asyncio.current_task())
                await asyncio.sleep(60)

            emitter.emit("data")
            await asyncio.sleep(0)
            tasks[0].cancel()
            for _ in range(3):
                await asyncio.sleep(0)
            assert tasks[0].cancelled()
            assert contexts == []

        asyncio.run(main())

    def it_raises_at_the_emit_where_no_loop_runs(self):
        emitter = EventEmitter()

        @emitter.on("data")
        async def listener():
            pass

        with pytest.raises(RuntimeError, match=r"listener.* needs a running asyncio loop"):
            emitter.emit("data")

    @pytest.mark.parametrize("add", ["on", "once", "prepend_listener"])
    def it_raises_for_a_generator_function_whose_body_would_not_run(self, add):
        async def asynchronous(event):
            yield event

        def synchronous(event):
            yield event

        for listener in (asynchronous, synchronous):
            emitter = EventEmitter()
            with pytest.raises(TypeError) as error:
                getattr(emitter, add)("data", listener)
            assert emitter.event_names() == set()
            text = f"The listener {listener!r} is a generator function: its body never runs"
            assert str(error.value) == text

    def it_takes_a_generator_that_a_listener_returns(self):
        emitter = EventEmitter()
        emitter.on("data", lambda items: (item for item in items))
        assert emitter.emit("data", [1]) is True

    def it_runs_them_once_where_that_was_asked_for(self):
        async def main():
            emitter = EventEmitter()
            calls = []

            async def listener(value):
                calls.append(value)

            emitter.once("data", listener)
            assert emitter.emit("data", 1) is True
            assert emitter.emit("data", 2) is False
            await asyncio.sleep(0)
            assert calls == [1]

        asyncio.run(main())

    def it_removes_them_by_the_function_that_was_added(self):
        emitter = EventEmitter()

        async def listener():
            pass

        emitter.on("data", listener)
        assert emitter.listeners("data") == [listener]
        emitter.off("data", listener)
        assert emitter.emit("data") is False


class DescribeMaxTasks:
    """The wire must pause while more than `max_tasks` tasks of a driver's listeners run."""

    @staticmethod
    def server(**options):
        request = websocket.Request("GET", "/", REQUEST)
        driver = websocket.http(request, require_masking=False, **options)
        drains = []
        driver.io.on("drain", lambda: drains.append(driver.io.flow.may_read))
        driver.start()
        return driver, drains

    @pytest.mark.parametrize("where", ["driver", "messages"])
    def it_asks_for_a_pause_past_the_limit_and_drains_below_it(self, where):
        async def main():
            driver, drains = self.server(max_tasks=2)
            gates = [asyncio.Event() for _ in range(4)]
            waiting = iter(gates)

            async def listener(_):
                await next(waiting).wait()

            emitter, event = (driver, "message") if where == "driver" else (driver.messages, "data")
            emitter.on(event, listener)
            results = []
            for _ in gates:
                results.append(driver.io.write(b"\x81\x02Hi"))
                await asyncio.sleep(0)  # each has taken its gate
            assert results == [True, True, False, False]

            gates[0].set()
            await turns()
            assert drains == []
            gates[1].set()
            await settled(lambda: drains)
            assert drains == [True]
            assert driver.io.write(b"\x89\x00") is True
            gates[2].set()
            gates[3].set()
            await turns()
            assert drains == [True]

        asyncio.run(main())

    def it_counts_those_of_all_listeners(self):
        async def main():
            driver, drains = self.server(max_tasks=1)
            gate = asyncio.Event()

            async def listener(_=None):
                await gate.wait()

            driver.on("ping", listener)
            driver.messages.on("data", listener)
            assert driver.io.write(b"\x89\x00") is True
            assert driver.io.write(b"\x81\x00") is False
            gate.set()
            await settled(lambda: drains)
            assert drains == [True]

        asyncio.run(main())

    def it_is_1024_if_it_is_not_given(self):
        async def main():
            driver, drains = self.server()
            gate = asyncio.Event()
            driver.on("message", lambda _: gate.wait())
            assert driver.io.write(b"\x81\x00" * 1024) is True
            assert driver.io.write(b"\x81\x00") is False
            gate.set()
            await settled(lambda: drains)
            assert drains == [True]

        asyncio.run(main())

    def it_does_not_hold_up_a_connection_that_is_closed(self):
        async def main():
            driver, drains = self.server(max_tasks=0)
            gate = asyncio.Event()
            driver.on("message", lambda _: gate.wait())
            assert driver.io.write(b"\x81\x00") is False
            assert driver.io.write(b"\x88\x00") is True
            assert drains == [True]
            gate.set()
            await turns()
            assert drains == [True]

        asyncio.run(main())


async def turns():
    """Runs tasks until those that can end have ended."""
    for _ in range(10):
        await asyncio.sleep(0)


async def settled(condition):
    """Waits until a condition holds, with a timeout."""

    async def poll():
        while not condition():
            await asyncio.sleep(0)

    await asyncio.wait_for(poll(), PATIENCE)


class DescribeCoroutineCallbacks:
    """A callback that is a coroutine function runs as a task too."""

    def it_is_that_of_a_ping(self):
        async def main():
            driver = websocket.http(websocket.Request("GET", "/", REQUEST), require_masking=False)
            driver.start()
            calls = list[str]()

            async def callback():
                await asyncio.sleep(0)
                calls.append("pong")

            driver.ping("a", callback)
            driver.parse(b"\x8a\x01a")
            assert calls == []
            await asyncio.sleep(0.01)
            assert calls == ["pong"]

        asyncio.run(main())

    @pytest.mark.parametrize(
        "schedule",
        [
            lambda callback: timers.set_timeout(callback, 1, 7),
            lambda callback: timers.set_interval(callback, 1, 7).unref(),
            lambda callback: timers.set_immediate(callback, 7),
            lambda callback: process.next_tick(callback, 7),
        ],
        ids=["timeout", "interval", "immediate", "tick"],
    )
    def it_is_that_of_a_timer_or_a_tick(self, schedule):
        async def main():
            called = asyncio.get_running_loop().create_future()

            async def callback(number):
                timers.clear_interval(handle)
                await asyncio.sleep(0)
                called.set_result(number)

            handle = schedule(callback)
            assert await asyncio.wait_for(called, 15) == 7

        asyncio.run(main())

    def it_reports_a_generator_function_whose_body_would_not_run(self):
        async def main():
            contexts = list[dict[str, Any]]()
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: contexts.append(context))

            def callback():
                yield

            timers.set_timeout(callback, 1)
            process.next_tick(callback)
            await asyncio.sleep(0.05)
            text = f"The callback {callback!r} is a generator function: its body never runs"
            errors = [context["exception"] for context in contexts]
            assert [(type(error), str(error)) for error in errors] == [(TypeError, text)] * 2

        asyncio.run(main())

    def it_reports_what_one_raises(self):
        async def main():
            contexts = list[dict[str, Any]]()
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: contexts.append(context))

            async def callback():
                raise ValueError("no")

            timers.set_timeout(callback, 1)
            await asyncio.sleep(0.05)
            assert [str(context["exception"]) for context in contexts] == ["no"]

        asyncio.run(main())

    def it_is_that_of_a_write(self):
        async def main():
            errors = list[object]()

            async def callback(error):
                await asyncio.sleep(0)
                errors.append(error and error.code)

            socket = net.Socket()
            socket.on("error", lambda error: None)
            socket.end()
            socket.write("late", callback)
            await asyncio.sleep(0.05)
            assert errors == ["ERR_STREAM_WRITE_AFTER_END"]

        asyncio.run(main())
