"""The server's side of the negotiation (RFC 7692 7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..spelling import node_name
from . import common
from .common import DeflateOptions
from .session import Session


class ServerSession(Session):
    """A session that responds to the offer `params`."""

    def __init__(
        self,
        options: DeflateOptions,
        params: Mapping[str, object],
        max_length: int | None = None,
    ) -> None:
        super().__init__(options, max_length)
        self._params = params

    @staticmethod
    def valid_params(params: Mapping[str, object]) -> bool:
        """Returns true if a client's offer may have these parameters (RFC 7692 7.1)."""
        if not common.valid_params(params):
            return False
        bits = params.get("client_max_window_bits", True)
        return bits is True or common.valid_window_bits(bits)

    def generate_response(self) -> dict[str, bool | int]:
        """Returns the negotiated parameters, and applies them."""
        params = self._params
        response: dict[str, bool | int] = {}

        # 7.1.1.1
        self._own_context_takeover = not (
            self._accept_no_context_takeover or "server_no_context_takeover" in params
        )
        if not self._own_context_takeover:
            response["server_no_context_takeover"] = True

        # 7.1.1.2
        self._peer_context_takeover = not (
            self._request_no_context_takeover or "client_no_context_takeover" in params
        )
        if not self._peer_context_takeover:
            response["client_no_context_takeover"] = True

        # 7.1.2.1: including the parameter accepts it. A client that did not send it need not
        # support it.
        self._own_window_bits = min(
            self._accept_max_window_bits or common.MAX_WINDOW_BITS,
            common.window_bits(params, "server_max_window_bits"),
        )
        if "server_max_window_bits" in params:
            response["server_max_window_bits"] = self._own_window_bits

        # 7.1.2.2: allowed only if the client sent the parameter.
        if "client_max_window_bits" in params:
            self._peer_window_bits = min(
                self._request_max_window_bits or common.MAX_WINDOW_BITS,
                common.window_bits(params, "client_max_window_bits"),
            )
        if self._peer_window_bits < common.MAX_WINDOW_BITS:
            response["client_max_window_bits"] = self._peer_window_bits

        return response

    validParams: Final = node_name(valid_params)
    generateResponse: Final = node_name(generate_response)
