"""The forms of `listen` and `connect`. Arguments in any other form raise at the call."""

from __future__ import annotations

import pytest

from spec.node.support import node_error
from websocket_driver.errors import ConfigurationError
from websocket_driver.node import net
from websocket_driver.node.net.arguments import connect_arguments, listen_arguments, port_number


def callback():
    pass


class DescribeConnect:
    @pytest.mark.parametrize(
        ("arguments", "options"),
        [
            ((80,), {"port": 80}),
            (("80",), {"port": 80}),
            ((" 80 ",), {"port": 80}),
            ((80.0,), {"port": 80}),
            ((80, "host"), {"port": 80, "host": "host"}),
            ((80, None), {"port": 80}),
            ((80, "host", None), {"port": 80, "host": "host"}),
            (("/path",), {"path": "/path"}),
            (("name.sock",), {"path": "name.sock"}),
            (("/path", None), {"path": "/path"}),
            (({"port": "80", "host": "host"},), {"port": 80, "host": "host"}),
            (
                ({"path": "/path", "allowHalfOpen": True},),
                {"path": "/path", "allow_half_open": True},
            ),
            (({"port": 80, "localPort": "81"},), {"port": 80, "local_port": 81}),
            (("0x50",), {"port": 80}),
            (("8e1",), {"port": 80}),
            (("-80",), {"path": "-80"}),
            ((net.Address("::", 80, "IPv6"),), {"port": 80, "family": "IPv6"}),
        ],
    )
    def it_takes_nodes_forms(self, arguments, options):
        assert connect_arguments(arguments, {}) == (options, None)
        assert connect_arguments((*arguments, callback), {}) == (options, callback)

    def it_takes_options_as_keywords_too(self):
        assert connect_arguments((), {"port": 80, "localAddress": "127.0.0.1"}) == (
            {"port": 80, "local_address": "127.0.0.1"},
            None,
        )
        assert connect_arguments(({"port": 80}, callback), {"host": "host"}) == (
            {"port": 80, "host": "host"},
            callback,
        )
        assert connect_arguments((80,), {"timeout": 5}) == ({"port": 80, "timeout": 5}, None)

    @pytest.mark.parametrize(
        "arguments",
        [
            (None,),
            (True,),
            ([],),
            (b"80",),
            (object(),),
            (80, 5),
            (80, "host", 5),
            (80, "host", callback, callback),
            ("/path", "host"),
            ({"port": 80}, "host"),
            (callback, 80),
        ],
    )
    def it_refuses_other_forms(self, arguments):
        with pytest.raises(TypeError, match="connect takes") as caught:
            net.connect(*arguments)
        assert node_error(caught).code == "ERR_INVALID_ARG_TYPE"

    @pytest.mark.parametrize(
        "arguments", [(), ({},), ({"host": "x"},), (callback,), ({"port": None},)]
    )
    def it_needs_a_port_or_a_path(self, arguments):
        """test-net-connect-no-arg.js"""
        with pytest.raises(TypeError) as caught:
            net.connect(*arguments)
        error = node_error(caught)
        assert (error.code, error.message) == (
            "ERR_MISSING_ARGS",
            'The "options" or "port" or "path" argument must be specified',
        )

    @pytest.mark.parametrize(
        "port", [-1, 65536, 1.5, "70000", "1.5", "0x10000", "", " ", float("nan"), 1e300]
    )
    def it_refuses_a_port_out_of_range(self, port):
        with pytest.raises(ValueError, match="must be >= 0 and < 65536") as caught:
            net.connect(port)
        assert node_error(caught).code == "ERR_SOCKET_BAD_PORT"

    @pytest.mark.parametrize("name", ["port", "local_port"])
    @pytest.mark.parametrize("port", [True, [], b"80", {}])
    def it_refuses_a_port_that_is_no_number(self, name, port):
        with pytest.raises(TypeError, match="number or decimal text") as caught:
            net.connect({"port": 80, name: port})  # type: ignore[call-overload]
        assert node_error(caught).code == "ERR_INVALID_ARG_TYPE"

    def it_refuses_a_local_port_of_other_text(self):
        """test-net-localerror.js"""
        with pytest.raises(TypeError, match=r"`options\.local_port` must be a number or") as caught:
            net.connect({"port": 80, "localPort": "here"})
        assert node_error(caught).code == "ERR_INVALID_ARG_TYPE"

    @pytest.mark.parametrize("milliseconds", [0, -10, 0.5])
    def it_refuses_a_time_for_each_address_below_one(self, milliseconds):
        """test-net-socket-connect-invalid-autoselectfamilyattempttimeout.js"""
        with pytest.raises(ValueError, match="attempt_timeout` must be >= 1") as caught:
            net.connect({"port": 80, "autoSelectFamilyAttemptTimeout": milliseconds})
        assert node_error(caught).code == "ERR_OUT_OF_RANGE"

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("allow_half_open", 1),
            ("noDelay", "yes"),
            ("autoSelectFamily", 0),
            ("timeout", "5"),
            ("timeout", True),
            ("keepAliveInitialDelay", "5"),
            ("high_water_mark", []),
            ("host", 5),
            ("path", 5),
            ("lookup", "no function"),
        ],
    )
    def it_refuses_options_of_the_wrong_type(self, option, value):
        """test-net-options-lookup.js, test-net-socket-connect-invalid-autoselectfamily.js"""
        with pytest.raises(TypeError, match="must be"):
            net.connect({"port": 80, option: value})  # type: ignore[call-overload]

    @pytest.mark.parametrize("family", [5, -4, "4", "x", True, []])
    def it_refuses_an_invalid_family(self, family):
        with pytest.raises(TypeError, match=r"`options\.family` must be one of") as caught:
            net.connect({"port": 80, "family": family})
        assert node_error(caught).code == "ERR_INVALID_ARG_VALUE"

    @pytest.mark.parametrize("mark", [-1, 1.5, float("inf"), float("nan"), "5", True])
    def it_refuses_an_invalid_high_water_mark(self, mark):
        with pytest.raises(TypeError, match="must be an integer that is not negative") as caught:
            net.Socket({"highWaterMark": mark})
        assert node_error(caught).code == "ERR_INVALID_ARG_VALUE"
        assert net.Socket({"highWaterMark": 5.0}).readable_high_water_mark == 5  # type: ignore[arg-type]

    def it_refuses_unknown_options(self):
        with pytest.raises(ConfigurationError, match="Unrecognized option: hots"):
            net.connect(port=80, hots="x")  # type: ignore[call-overload]
        with pytest.raises(ConfigurationError):
            net.Socket(port=80)  # type: ignore[call-arg]

    def it_refuses_a_local_address_that_is_none(self):
        with pytest.raises(TypeError, match="Invalid IP address: here") as caught:
            net.connect({"port": 80, "localAddress": "here"})
        assert node_error(caught).code == "ERR_INVALID_IP_ADDRESS"


class DescribeListen:
    @pytest.mark.parametrize(
        ("arguments", "options"),
        [
            ((), {"port": 0}),
            ((None,), {"port": 0}),
            ((80,), {"port": 80}),
            (("80",), {"port": 80}),
            ((80, "host"), {"port": 80, "host": "host"}),
            ((80, ""), {"port": 80}),
            ((80, None), {"port": 80}),
            ((80, None, 10), {"port": 80, "backlog": 10}),
            ((80, "host", 10), {"port": 80, "host": "host", "backlog": 10}),
            ((80, 10), {"port": 80, "backlog": 10}),
            ((80, "host", None), {"port": 80, "host": "host"}),
            (("/path",), {"path": "/path"}),
            (("/path", 10), {"path": "/path", "backlog": 10}),
            (("0x50",), {"port": 80}),
            (({"port": 80},), {"port": 80}),
            (({"port": None},), {"port": 0}),
            (({"path": "/path"},), {"path": "/path"}),
            (
                ({"port": "80", "host": "host", "backlog": 5},),
                {"port": 80, "host": "host", "backlog": 5},
            ),
        ],
    )
    def it_takes_nodes_forms(self, arguments, options):
        assert listen_arguments(arguments, {}) == (options, None)
        assert listen_arguments((*arguments, callback), {}) == (options, callback)

    def it_takes_options_as_keywords_too(self):
        assert listen_arguments((), {"port": 80}) == ({"port": 80}, None)
        assert listen_arguments((80,), {"ipv6Only": True}) == (
            {"port": 80, "ipv6_only": True},
            None,
        )
        assert listen_arguments(({"host": "x"},), {"port": 5}) == ({"port": 5, "host": "x"}, None)

    @pytest.mark.parametrize(
        "arguments",
        [
            (True,),
            ([],),
            (b"80",),
            (80, []),
            (80, "host", "host"),
            (80, "host", 10, 10),
            (80, callback, callback),
            ("/path", "host"),
            ({"port": 80}, "host"),
        ],
    )
    def it_refuses_other_forms(self, arguments):
        with pytest.raises(TypeError, match="listen takes") as caught:
            net.create_server().listen(*arguments)
        assert node_error(caught).code == "ERR_INVALID_ARG_VALUE"

    @pytest.mark.parametrize("options", [{}, {"host": "x"}, {"backlog": 5}, {"host": {}}])
    def it_needs_a_port_or_a_path(self, options):
        with pytest.raises(TypeError) as caught:
            net.create_server().listen(options)
        error = node_error(caught)
        assert (error.code, error.message) == (
            "ERR_INVALID_ARG_VALUE",
            f'The argument \'options\' must have the property "port" or "path". Received {options}',
        )

    @pytest.mark.parametrize("options", [{"port": False}, {"port": b"80"}, {"path": -1}])
    def it_refuses_ports_and_paths_of_another_type(self, options):
        with pytest.raises(TypeError, match=r"`options\.(port|path)` must be a") as caught:
            net.create_server().listen(options)
        assert node_error(caught).code == "ERR_INVALID_ARG_VALUE"

    def it_refuses_unknown_options(self):
        with pytest.raises(ConfigurationError, match="Unrecognized option: prot"):
            net.create_server().listen({"prot": 80})  # type: ignore[call-overload]

    @pytest.mark.parametrize("port", [-1, 65536, 1.5, "70000", "1.5", "", " "])
    def it_refuses_a_port_out_of_range(self, port):
        with pytest.raises(ValueError, match="must be >= 0 and < 65536"):
            net.create_server().listen(port)


class DescribeCreateServer:
    @pytest.mark.parametrize(
        "arguments", [(5,), ("x",), ({}, 5), (callback, callback), (None, "x")]
    )
    def it_refuses_other_forms(self, arguments):
        """test-net-server-options.js"""
        with pytest.raises(TypeError) as caught:
            net.create_server(*arguments)
        assert node_error(caught).code == "ERR_INVALID_ARG_TYPE"

    def it_refuses_unknown_options(self):
        with pytest.raises(ConfigurationError, match="Unrecognized option: port"):
            net.create_server({"port": 80})  # type: ignore[call-overload]

    def it_takes_options_and_a_listener(self):
        server = net.create_server({"allowHalfOpen": True}, callback)
        assert (server.allow_half_open, server.listeners("connection")) == (True, [callback])
        server = net.createServer(None, callback, pause_on_connect=True)
        assert (server.pauseOnConnect, server.listeners("connection")) == (True, [callback])
        assert net.create_server().listeners("connection") == []


class DescribePortNumber:
    def it_is_a_number(self):
        assert [port_number(port) for port in (0, "0", 65535, "65535", 80.0)] == [
            0,
            0,
            65535,
            65535,
            80,
        ]

    def it_names_what_was_wrong(self):
        with pytest.raises(ValueError, match=r"`options\.port` must be"):
            port_number(70000, "options.port")


def it_has_nodes_names():
    assert net.create_connection is net.createConnection is net.connect
    assert net.createServer is net.create_server
