"""The client's side of the negotiation (RFC 7692 7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..errors import ConfigurationError
from ..spelling import node, node_name
from . import common
from .session import Session


class ClientSession(Session):
    """A session that makes an offer, and accepts or refuses the server's response to it."""

    @staticmethod
    def valid_params(params: Mapping[str, object]) -> bool:
        """Returns true if a server's response may have these parameters (RFC 7692 7.1)."""
        if not common.valid_params(params):
            return False
        bits = params.get("client_max_window_bits")
        return bits is None or common.valid_window_bits(bits)

    def generate_offer(self) -> dict[str, bool | int]:
        """Returns the parameters to offer. Raises `ConfigurationError` for an invalid window."""
        offer: dict[str, bool | int] = {}

        # 7.1.1.2
        if self._accept_no_context_takeover:
            offer["client_no_context_takeover"] = True

        # 7.1.2.2: without a value, the client supports any window that the server may name.
        bits = self._window_bits("max_window_bits", self._accept_max_window_bits)
        offer["client_max_window_bits"] = True if bits is None else bits

        # 7.1.1.1
        if self._request_no_context_takeover:
            offer["server_no_context_takeover"] = True

        # 7.1.2.1
        bits = self._window_bits("request_max_window_bits", self._request_max_window_bits)
        if bits is not None:
            offer["server_max_window_bits"] = bits

        return offer

    def activate(self, params: Mapping[str, object]) -> bool:
        """Applies the parameters of the server's response; `False` if they are not acceptable."""
        if not self.valid_params(params):
            return False

        client_bits = common.window_bits(params, "client_max_window_bits")
        server_bits = common.window_bits(params, "server_max_window_bits")

        own_limit = self._accept_max_window_bits or common.MAX_WINDOW_BITS
        peer_limit = self._request_max_window_bits or common.MAX_WINDOW_BITS

        if "client_max_window_bits" in params and client_bits > own_limit:
            return False
        if self._request_no_context_takeover and "server_no_context_takeover" not in params:
            return False
        # A response without the parameter has the largest window (7.1.2.1), which may be the limit.
        if server_bits > peer_limit:
            return False

        self._own_context_takeover = not (
            self._accept_no_context_takeover or "client_no_context_takeover" in params
        )
        self._own_window_bits = min(own_limit, client_bits)
        self._peer_context_takeover = "server_no_context_takeover" not in params
        self._peer_window_bits = server_bits

        return True

    @staticmethod
    def _window_bits(option: str, bits: int | None) -> int | None:
        if bits is not None and not common.valid_window_bits(bits):
            raise ConfigurationError(f"Invalid value for {node(option)}")
        return bits

    validParams: Final = node_name(valid_params)
    generateOffer: Final = node_name(generate_offer)
