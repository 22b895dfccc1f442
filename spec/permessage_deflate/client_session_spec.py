import zlib

import pytest

from spec.doubles import Results, ZlibDouble, compressor, decompressor, message
from websocket_driver import ConfigurationError, permessage_deflate


@pytest.fixture
def options():
    return {}


@pytest.fixture
def response():
    return {}


@pytest.fixture
def double():
    return ZlibDouble()


@pytest.fixture
def session(options, double):
    extension = permessage_deflate.configure(options)
    return extension.configure({"zlib": double}).create_client_session()


@pytest.fixture
def activate(session, response):
    return lambda: session.activate(response)


@pytest.fixture
def process_incoming_message(session):
    def process():
        results = Results()
        session.process_incoming_message(message(b"hello", rsv1=True), results)
        assert results.calls == [(None, message(b"", rsv1=True))]

    return process


@pytest.fixture
def process_outgoing_message(session):
    def process():
        results = Results()
        session.process_outgoing_message(message(b"hello", rsv1=True), results)
        assert results.calls == [(None, message(b"", rsv1=True))]

    return process


class DescribeClientSession:
    class DescribeWithDefaultOptions:
        def it_indicates_support_for_client_max_window_bits(self, session):
            assert session.generate_offer() == {"client_max_window_bits": True}

        class DescribeWithAnEmptyResponse:
            def it_accepts_the_response(self, activate):
                assert activate() is True

            def it_uses_context_takeover_and_15_window_bits_for_inflating_incoming_messages(
                self, activate, double, process_incoming_message
            ):
                activate()
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(15)]
                assert double.closed == [0]

            def it_uses_context_takeover_and_15_window_bits_for_deflating_outgoing_messages(
                self, activate, double, process_outgoing_message
            ):
                activate()
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(15)]
                assert double.closed == [0]

        class DescribeWhenTheResponseIncludesServerNoContextTakeover:
            @pytest.fixture
            def response(self):
                return {"server_no_context_takeover": True}

            def it_accepts_the_response(self, activate):
                assert activate() is True

            # The original's word is "ues".
            def it_uses_no_context_takeover_and_15_window_bits_for_inflating_incoming_messages(
                self, activate, double, process_incoming_message
            ):
                activate()
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(15)] * 2
                assert double.closed == [1, 1]

            def it_catches_errors_thrown_by_zlib(self, activate, double, process_incoming_message):
                double.close_error = RuntimeError("unexpected close()")
                activate()
                process_incoming_message()
                assert double.closed == [1]

        class DescribeWhenTheResponseIncludesClientNoContextTakeover:
            @pytest.fixture
            def response(self):
                return {"client_no_context_takeover": True}

            def it_accepts_the_response(self, activate):
                assert activate() is True

            def it_uses_no_context_takeover_and_15_window_bits_to_deflate_outgoing_messages(
                self, activate, double, process_outgoing_message
            ):
                activate()
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(15)] * 2
                assert double.closed == [1, 1]

            def it_catches_errors_thrown_by_zlib(self, activate, double, process_outgoing_message):
                double.close_error = RuntimeError("unexpected close()")
                activate()
                process_outgoing_message()
                assert double.closed == [1]

        class DescribeWhenTheResponseIncludesServerMaxWindowBits:
            @pytest.fixture
            def response(self):
                return {"server_max_window_bits": 8}

            def it_accepts_the_response(self, activate):
                assert activate() is True

            def it_uses_context_takeover_and_9_window_bits_for_inflating_incoming_messages(
                self, activate, double, process_incoming_message
            ):
                activate()
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(9)]
                assert double.closed == [0]

        class DescribeWhenTheResponseIncludesInvalidServerMaxWindowBits:
            @pytest.fixture
            def response(self):
                return {"server_max_window_bits": 20}

            def it_rejects_the_response(self, activate):
                assert activate() is False

        class DescribeWhenTheResponseIncludesClientMaxWindowBits:
            @pytest.fixture
            def response(self):
                return {"client_max_window_bits": 8}

            def it_accepts_the_response(self, activate):
                assert activate() is True

            def it_uses_context_takeover_and_9_window_bits_for_deflating_outgoing_messages(
                self, activate, double, process_outgoing_message
            ):
                activate()
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(9)]
                assert double.closed == [0]

        class DescribeWhenTheResponseIncludesInvalidClientMaxWindowBits:
            @pytest.fixture
            def response(self):
                return {"client_max_window_bits": 20}

            def it_rejects_the_response(self, activate):
                assert activate() is False

    class DescribeWithNoContextTakeover:
        @pytest.fixture
        def options(self):
            return {"no_context_takeover": True}

        def it_sends_client_no_context_takeover(self, session):
            assert session.generate_offer() == {
                "client_no_context_takeover": True,
                "client_max_window_bits": True,
            }

        class DescribeWithAnEmptyResponse:
            def it_accepts_the_response(self, activate):
                assert activate() is True

            def it_uses_no_context_takeover_and_15_window_bits_for_deflating_outgoing_messages(
                self, activate, double, process_outgoing_message
            ):
                activate()
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(15)] * 2
                assert double.closed == [1, 1]

    class DescribeWithMaxWindowBits:
        @pytest.fixture
        def options(self):
            return {"max_window_bits": 9}

        def it_sends_client_max_window_bits(self, session):
            assert session.generate_offer() == {"client_max_window_bits": 9}

        class DescribeWithAnEmptyResponse:
            def it_accepts_the_response(self, activate):
                assert activate() is True

            def it_uses_context_takeover_and_9_window_bits_for_deflating_outgoing_messages(
                self, activate, double, process_outgoing_message
            ):
                activate()
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(9)]
                assert double.closed == [0]

        class DescribeWhenTheResponseHasHigherClientMaxWindowBits:
            @pytest.fixture
            def response(self):
                return {"client_max_window_bits": 10}

            def it_rejects_the_response(self, activate):
                assert activate() is False

        class DescribeWhenTheResponseHasLowerClientMaxWindowBits:
            @pytest.fixture
            def response(self):
                return {"client_max_window_bits": 8}

            def it_accepts_the_response(self, activate):
                assert activate() is True

            # zlib has no window of 8 bits: it is given 9.
            def it_uses_context_takeover_and_9_window_bits_for_deflating_outgoing_messages(
                self, activate, double, process_outgoing_message
            ):
                activate()
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(9)]
                assert double.closed == [0]

    class DescribeWithInvalidMaxWindowBits:
        @pytest.fixture
        def options(self):
            return {"max_window_bits": 20}

        def it_throws_when_generating_the_offer(self, session):
            with pytest.raises(ConfigurationError, match=r"^Invalid value for maxWindowBits$"):
                session.generate_offer()

    class DescribeWithRequestNoContextTakeover:
        @pytest.fixture
        def options(self):
            return {"request_no_context_takeover": True}

        def it_sends_server_no_context_takeover(self, session):
            assert session.generate_offer() == {
                "client_max_window_bits": True,
                "server_no_context_takeover": True,
            }

        class DescribeWithAnEmptyResponse:
            def it_rejects_the_response(self, activate):
                assert activate() is False

        class DescribeWhenTheResponseIncludesServerNoContextTakeover:
            @pytest.fixture
            def response(self):
                return {"server_no_context_takeover": True}

            def it_accepts_the_response(self, activate):
                assert activate() is True

            def it_uses_no_context_takeover_and_15_window_bits_for_inflating_incoming_messages(
                self, activate, double, process_incoming_message
            ):
                activate()
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(15)] * 2
                assert double.closed == [1, 1]

    class DescribeWithRequestMaxWindowBits:
        @pytest.fixture
        def options(self):
            return {"request_max_window_bits": 12}

        def it_sends_server_max_window_bits(self, session):
            assert session.generate_offer() == {
                "client_max_window_bits": True,
                "server_max_window_bits": 12,
            }

        class DescribeWithAnEmptyResponse:
            def it_rejects_the_response(self, activate):
                assert activate() is False

        class DescribeWhenTheResponseHasHigherServerMaxWindowBits:
            @pytest.fixture
            def response(self):
                return {"server_max_window_bits": 13}

            def it_rejects_the_response(self, activate):
                assert activate() is False

        class DescribeWhenTheResponseHasLowerServerMaxWindowBits:
            @pytest.fixture
            def response(self):
                return {"server_max_window_bits": 11}

            def it_accepts_the_response(self, activate):
                assert activate() is True

            def it_uses_context_takeover_and_11_window_bits_for_inflating_incoming_messages(
                self, activate, double, process_incoming_message
            ):
                activate()
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(11)]
                assert double.closed == [0]

    class DescribeWithInvalidRequestMaxWindowBits:
        @pytest.fixture
        def options(self):
            return {"request_max_window_bits": 20}

        def it_throws_when_generating_the_offer(self, session):
            with pytest.raises(
                ConfigurationError, match=r"^Invalid value for requestMaxWindowBits$"
            ):
                session.generate_offer()

    class DescribeWithLevel:
        @pytest.fixture
        def options(self):
            return {"level": zlib.Z_BEST_SPEED}

        def it_sets_the_level_of_the_deflate_stream(
            self, activate, double, process_outgoing_message
        ):
            activate()
            process_outgoing_message()
            assert double.compressors == [compressor(15, level=1)]

    class DescribeWithMemLevel:
        @pytest.fixture
        def options(self):
            return {"mem_level": 5}

        # The original's name is "memLevel".
        def it_sets_the_mem_level_of_the_deflate_stream(
            self, activate, double, process_outgoing_message
        ):
            activate()
            process_outgoing_message()
            assert double.compressors == [compressor(15, mem_level=5)]

    class DescribeWithStrategy:
        @pytest.fixture
        def options(self):
            return {"strategy": zlib.Z_FILTERED}

        def it_sets_the_strategy_of_the_deflate_stream(
            self, activate, double, process_outgoing_message
        ):
            activate()
            process_outgoing_message()
            assert double.compressors == [compressor(15, strategy=1)]

    # Beyond the original's examples

    class DescribeWithAllOptions:
        @pytest.fixture
        def options(self):
            return {
                "noContextTakeover": True,
                "maxWindowBits": 10,
                "requestNoContextTakeover": True,
                "requestMaxWindowBits": 11,
            }

        def it_sends_all_parameters_in_order(self, session):
            assert list(session.generate_offer().items()) == [
                ("client_no_context_takeover", True),
                ("client_max_window_bits", 10),
                ("server_no_context_takeover", True),
                ("server_max_window_bits", 11),
            ]

        @pytest.mark.parametrize(
            ("response", "accepted"),
            [
                ({"server_no_context_takeover": True, "server_max_window_bits": 11}, True),
                ({"server_no_context_takeover": True, "server_max_window_bits": 8}, True),
                ({"server_no_context_takeover": True, "server_max_window_bits": 12}, False),
                ({"server_no_context_takeover": True}, False),
                ({"server_max_window_bits": 11}, False),
                (
                    {
                        "server_no_context_takeover": True,
                        "server_max_window_bits": 11,
                        "client_max_window_bits": 10,
                        "client_no_context_takeover": True,
                    },
                    True,
                ),
            ],
        )
        def it_accepts_what_it_asked_for(self, activate, accepted):
            assert activate() is accepted

    class DescribeAnInvalidResponse:
        @pytest.mark.parametrize(
            "response",
            [
                {"unknown": True},
                {"server_no_context_takeover": False},
                {"server_no_context_takeover": 1},
                {"server_no_context_takeover": "true"},
                {"server_no_context_takeover": [True, True]},
                {"client_no_context_takeover": 0},
                {"server_max_window_bits": True},
                {"server_max_window_bits": 7},
                {"server_max_window_bits": 16},
                {"server_max_window_bits": 10.5},
                {"server_max_window_bits": "10"},
                {"server_max_window_bits": "x"},
                {"server_max_window_bits": [10, 10]},
                {"client_max_window_bits": True},
                {"client_max_window_bits": 7},
                {"client_max_window_bits": 16},
                {"client_max_window_bits": "15"},
                {"client_max_window_bits": [8, 9]},
            ],
        )
        def it_is_rejected(self, activate, response):
            assert activate() is False
            assert permessage_deflate.ClientSession.valid_params(response) is False
            assert permessage_deflate.ClientSession.validParams(response) is False

        @pytest.mark.parametrize("bits", [8, 9, 10, 11, 12, 13, 14, 15])
        def it_is_none_with_any_window_that_exists(self, session, bits):
            assert session.activate(
                {"server_max_window_bits": bits, "client_max_window_bits": bits}
            )

    class DescribeNodeSpelling:
        def it_is_the_same(self):
            session = permessage_deflate.createClientSession()
            assert session.generateOffer() == {"client_max_window_bits": True}

    # Beyond the original's examples

    class DescribeWithRequestMaxWindowBitsOf15:
        @pytest.fixture
        def options(self):
            return {"request_max_window_bits": 15}

        def it_asks_for_it(self, session):
            assert session.generate_offer()["server_max_window_bits"] == 15

        @pytest.mark.parametrize(
            "response", [{}, {"server_max_window_bits": 15}, {"server_max_window_bits": 9}]
        )
        def it_accepts_a_response_with_or_without_it(self, activate, response):
            # RFC 7692 7.1.2.1: without the parameter, the window is that of 15 bits.
            assert activate() is True

    @pytest.mark.parametrize("bits", [8, 9, 14])
    def it_accepts_no_response_without_a_smaller_window(self, bits):
        session = permessage_deflate.ClientSession({"request_max_window_bits": bits})
        session.generate_offer()
        assert session.activate({}) is False
        assert session.activate({"server_max_window_bits": bits + 1}) is False
        assert session.activate({"server_max_window_bits": bits}) is True
