"""The certificates of a server for the names that its clients ask for (RFC 6066 3)."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable

from ..errors import make_error
from .secure_context import SecureContext

AnyContext = SecureContext | ssl.SSLContext

# sni_callback(servername, callback), which calls callback(error, context) now or later.
SNICallback = Callable[..., object]


class ServerNames:
    """Contexts by the names that they are for. A name may have wildcards: `*.example.com`."""

    def __init__(self) -> None:
        self._entries: list[tuple[re.Pattern[str], AnyContext]] = []

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, name: str, context: AnyContext) -> None:
        """Adds `context` for `name`. Where several fit, the last one added counts.

        Raises `ERR_TLS_REQUIRED_SERVER_NAME` for an empty name.
        """
        if not name:
            raise make_error(
                ValueError,
                "ERR_TLS_REQUIRED_SERVER_NAME",
                '"servername" is required parameter for Server.addContext',
            )
        pattern = "[^.]*".join(map(re.escape, name.split("*")))
        self._entries.append((re.compile(pattern, re.IGNORECASE), context))

    def select(self, name: str, callback: Callable[..., object]) -> None:
        """An `sni_callback`."""
        for pattern, context in reversed(self._entries):
            if pattern.fullmatch(name):
                callback(None, context)
                return
        callback(None, None)
