"""The settings that the server and its peers share."""

from __future__ import annotations

import resource
from dataclasses import dataclass

HOST = "127.0.0.1"

# The peers have many addresses: one alone has too few ports for those that wait in TIME_WAIT.
SOURCES = [f"127.0.1.{number}" for number in range(1, 33)]

LARGEST = 100 * 1024
MAX_LENGTH = 256 * 1024

# Beside the connections: standard streams, the loop's own, and what is being opened or closed.
SPARE_FILES = 200


@dataclass(frozen=True)
class Plan:
    """The size of a test. `life` and `pause` (between messages) are means, times in seconds."""

    connections: int
    seconds: float
    life: float
    pause: float
    patience: float
    seed: int


def allow_files(connections: int) -> bool:
    """Lets this process have the open files for so many connections; false if it may not."""
    wanted = connections + connections // 5 + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return True
    if wanted > hard != resource.RLIM_INFINITY:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return True
