"""The settings of one side of a connection. The specs of `tls.connect()` and `tls.Server` cover the
rest."""

import pytest

from websocket_driver.node.tls.sides import HANDSHAKE_TIMEOUT, client_side


class DescribeClientSide:
    @pytest.mark.parametrize(
        "host, name, server_name",
        [
            ("example.com", "example.com", "example.com"),
            ("example.com.", "example.com", "example.com"),
            ("127.0.0.1", "127.0.0.1", None),
            ("::1", "::1", None),
            ("fe80::1%eth0", "fe80::1", None),
        ],
    )
    def it_has_the_name_that_the_certificate_must_have(self, host, name, server_name):
        side = client_side({}, host, {})
        assert (side.name, side.server_name) == (name, server_name)
        assert side.handshake_timeout == HANDSHAKE_TIMEOUT == 120_000

    def it_needs_none_if_nothing_is_verified(self):
        side = client_side({"reject_unauthorized": False}, None, {})
        assert (side.name, side.server_name) == (None, None)
