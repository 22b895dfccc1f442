"""The functions of emitter.py and driver/hybi/delivery.py, compiled."""

from collections.abc import Callable, Iterator

from .driver.hybi.delivery import Driver, Stream
from .events import MessageEvent

def deliver(
    messages: Iterator[str | bytes],
    driver: Driver,
    stream: Stream | None,
    event_type: type[MessageEvent],
) -> bool: ...
def emit_of(type: type) -> Callable[..., bool]: ...
