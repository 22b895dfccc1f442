import zlib

import pytest

from spec.doubles import Results, ZlibDouble, compressor, decompressor, message
from websocket_driver import permessage_deflate


@pytest.fixture
def options():
    return {}


@pytest.fixture
def offer():
    return {}


@pytest.fixture
def double():
    return ZlibDouble()


@pytest.fixture
def session(options, double, offer):
    extension = permessage_deflate.configure(options)
    return extension.configure({"zlib": double}).create_server_session([offer])


@pytest.fixture
def response(session):
    return session.generate_response()


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


class DescribeServerSession:
    class DescribeWithDefaultOptions:
        class DescribeWithAnEmptyOffer:
            # The original's word is "emoty".
            def it_generates_an_empty_response(self, response):
                assert response == {}

            def it_uses_context_takeover_and_15_window_bits_for_inflating_incoming_messages(
                self, response, double, process_incoming_message
            ):
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(15)]
                assert double.closed == [0]

            def it_uses_context_takeover_and_15_window_bits_for_deflating_outgoing_messages(
                self, response, double, process_outgoing_message
            ):
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(15)]
                assert double.closed == [0]

        class DescribeWhenTheOfferIncludesServerNoContextTakeover:
            @pytest.fixture
            def offer(self):
                return {"server_no_context_takeover": True}

            def it_includes_server_no_context_takeover_in_the_response(self, response):
                assert response == {"server_no_context_takeover": True}

            def it_uses_no_context_takeover_and_15_window_bits_for_deflating_outgoing_messages(
                self, response, double, process_outgoing_message
            ):
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(15)] * 2
                assert double.closed == [1, 1]

            def it_catches_errors_thrown_by_zlib(self, response, double, process_outgoing_message):
                double.close_error = RuntimeError("unexpected close()")
                process_outgoing_message()
                assert double.closed == [1]

        class DescribeWhenTheOfferIncludesClientNoContextTakeover:
            @pytest.fixture
            def offer(self):
                return {"client_no_context_takeover": True}

            def it_includes_client_no_context_takeover_in_the_response(self, response):
                assert response == {"client_no_context_takeover": True}

            def it_uses_no_context_takeover_and_15_window_bits_for_inflating_incoming_messages(
                self, response, double, process_incoming_message
            ):
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(15)] * 2
                assert double.closed == [1, 1]

            def it_catches_errors_thrown_by_zlib(self, response, double, process_incoming_message):
                double.close_error = RuntimeError("unexpected close()")
                process_incoming_message()
                assert double.closed == [1]

        class DescribeWhenTheOfferIncludesServerMaxWindowBits:
            @pytest.fixture
            def offer(self):
                return {"server_max_window_bits": 13}

            def it_includes_server_max_window_bits_in_the_response(self, response):
                assert response == {"server_max_window_bits": 13}

            def it_uses_context_takeover_and_13_window_bits_for_deflating_outgoing_messages(
                self, response, double, process_outgoing_message
            ):
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(13)]
                assert double.closed == [0]

        class DescribeWhenTheOfferIncludesInvalidServerMaxWindowBits:
            @pytest.fixture
            def offer(self):
                return {"server_max_window_bits": 20}

            def it_does_not_create_a_session(self, session):
                assert session is None

        class DescribeWhenTheOfferIncludesClientMaxWindowBits:
            @pytest.fixture
            def offer(self):
                return {"client_max_window_bits": True}

            def it_does_not_include_a_client_max_window_bits_hint_in_the_response(self, response):
                assert response == {}

            def it_uses_context_takeover_and_15_window_bits_for_inflating_incoming_messages(
                self, response, double, process_incoming_message
            ):
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(15)]
                assert double.closed == [0]

        class DescribeWhenTheOfferIncludesAClientMaxWindowBitsHint:
            @pytest.fixture
            def offer(self):
                return {"client_max_window_bits": 13}

            def it_includes_a_client_max_window_bits_hint_in_the_response(self, response):
                assert response == {"client_max_window_bits": 13}

            def it_uses_context_takeover_and_13_window_bits_for_inflating_incoming_messages(
                self, response, double, process_incoming_message
            ):
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(13)]
                assert double.closed == [0]

        class DescribeWhenTheOfferIncludesInvalidClientMaxWindowBits:
            @pytest.fixture
            def offer(self):
                return {"client_max_window_bits": 20}

            def it_does_not_create_a_session(self, session):
                assert session is None

    class DescribeWithNoContextTakeover:
        @pytest.fixture
        def options(self):
            return {"no_context_takeover": True}

        class DescribeWithAnEmptyOffer:
            def it_includes_server_no_context_takeover_in_the_response(self, response):
                assert response == {"server_no_context_takeover": True}

            def it_uses_no_context_takeover_and_15_window_bits_for_deflating_outgoing_messages(
                self, response, double, process_outgoing_message
            ):
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(15)] * 2
                assert double.closed == [1, 1]

    class DescribeWithMaxWindowBits:
        @pytest.fixture
        def options(self):
            return {"max_window_bits": 12}

        class DescribeWithAnEmptyOffer:
            def it_does_not_include_server_max_window_bits_in_the_response(self, response):
                assert response == {}

            def it_uses_context_takeover_and_12_window_bits_for_deflating_outgoing_messages(
                self, response, double, process_outgoing_message
            ):
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(12)]
                assert double.closed == [0]

        class DescribeWhenTheOfferHasHigherServerMaxWindowBits:
            @pytest.fixture
            def offer(self):
                return {"server_max_window_bits": 13}

            def it_includes_server_max_window_bits_in_the_response(self, response):
                assert response == {"server_max_window_bits": 12}

            def it_uses_context_takeover_and_12_window_bits_for_deflating_outgoing_messages(
                self, response, double, process_outgoing_message
            ):
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(12)]
                assert double.closed == [0]

        class DescribeWhenTheOfferHasLowerServerMaxWindowBits:
            @pytest.fixture
            def offer(self):
                return {"server_max_window_bits": 11}

            def it_includes_server_max_window_bits_in_the_response(self, response):
                assert response == {"server_max_window_bits": 11}

            def it_uses_context_takeover_and_11_window_bits_for_deflating_outgoing_messages(
                self, response, double, process_outgoing_message
            ):
                process_outgoing_message()
                process_outgoing_message()
                assert double.compressors == [compressor(11)]
                assert double.closed == [0]

    class DescribeWithRequestNoContextTakeover:
        @pytest.fixture
        def options(self):
            return {"request_no_context_takeover": True}

        class DescribeWithAnEmptyOffer:
            def it_includes_client_no_context_takeover_in_the_response(self, response):
                assert response == {"client_no_context_takeover": True}

            def it_uses_no_context_takeover_and_15_window_bits_for_inflating_incoming_messages(
                self, response, double, process_incoming_message
            ):
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(15)] * 2
                assert double.closed == [1, 1]

    class DescribeWithRequestMaxWindowBits:
        @pytest.fixture
        def options(self):
            return {"request_max_window_bits": 11}

        class DescribeWithAnEmptyOffer:
            def it_does_not_include_client_max_window_bits_in_the_response(self, response):
                assert response == {}

            def it_uses_context_takeover_and_15_window_bits_for_inflating_incoming_messages(
                self, response, double, process_incoming_message
            ):
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(15)]
                assert double.closed == [0]

        class DescribeWhenTheOfferIncludesClientMaxWindowBits:
            @pytest.fixture
            def offer(self):
                return {"client_max_window_bits": True}

            def it_includes_client_max_window_bits_in_the_response(self, response):
                assert response == {"client_max_window_bits": 11}

            def it_uses_context_takeover_and_11_window_bits_for_inflating_incoming_messages(
                self, response, double, process_incoming_message
            ):
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(11)]
                assert double.closed == [0]

        class DescribeWhenTheOfferHasHigherClientMaxWindowBits:
            @pytest.fixture
            def offer(self):
                return {"client_max_window_bits": 12}

            def it_includes_client_max_window_bits_in_the_response(self, response):
                assert response == {"client_max_window_bits": 11}

            def it_uses_context_takeover_and_11_window_bits_for_inflating_incoming_messages(
                self, response, double, process_incoming_message
            ):
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(11)]
                assert double.closed == [0]

        class DescribeWhenTheOfferHasLowerClientMaxWindowBits:
            @pytest.fixture
            def offer(self):
                return {"client_max_window_bits": 10}

            def it_includes_client_max_window_bits_in_the_response(self, response):
                assert response == {"client_max_window_bits": 10}

            def it_uses_context_takeover_and_10_window_bits_for_inflating_incoming_messages(
                self, response, double, process_incoming_message
            ):
                process_incoming_message()
                process_incoming_message()
                assert double.decompressors == [decompressor(10)]
                assert double.closed == [0]

    class DescribeWithLevel:
        @pytest.fixture
        def options(self):
            return {"level": zlib.Z_BEST_SPEED}

        def it_sets_the_level_of_the_deflate_stream(
            self, response, double, process_outgoing_message
        ):
            process_outgoing_message()
            assert double.compressors == [compressor(15, level=1)]

    class DescribeWithMemLevel:
        @pytest.fixture
        def options(self):
            return {"mem_level": 5}

        # The original's name is "memLevel".
        def it_sets_the_mem_level_of_the_deflate_stream(
            self, response, double, process_outgoing_message
        ):
            process_outgoing_message()
            assert double.compressors == [compressor(15, mem_level=5)]

    class DescribeWithStrategy:
        @pytest.fixture
        def options(self):
            return {"strategy": zlib.Z_FILTERED}

        def it_sets_the_strategy_of_the_deflate_stream(
            self, response, double, process_outgoing_message
        ):
            process_outgoing_message()
            assert double.compressors == [compressor(15, strategy=1)]

    # Beyond the original's examples

    class DescribeWithMaxWindowBitsOf8:
        @pytest.fixture
        def options(self):
            return {"max_window_bits": 8, "request_max_window_bits": 8}

        @pytest.fixture
        def offer(self):
            return {"server_max_window_bits": 15, "client_max_window_bits": True}

        def it_says_8_in_the_response(self, response):
            assert response == {"server_max_window_bits": 8, "client_max_window_bits": 8}

        def it_uses_9_window_bits_for_zlib_has_no_8(
            self, response, double, process_incoming_message, process_outgoing_message
        ):
            process_incoming_message()
            process_outgoing_message()
            assert double.decompressors == [decompressor(9)]
            assert double.compressors == [compressor(9)]

    class DescribeWhenTheOfferIncludesEverything:
        @pytest.fixture
        def offer(self):
            return {
                "client_max_window_bits": 10,
                "server_max_window_bits": 11,
                "client_no_context_takeover": True,
                "server_no_context_takeover": True,
            }

        def it_includes_everything_in_the_response_in_order(self, response):
            assert list(response.items()) == [
                ("server_no_context_takeover", True),
                ("client_no_context_takeover", True),
                ("server_max_window_bits", 11),
                ("client_max_window_bits", 10),
            ]

    class DescribeWhenTheOfferHasTheWidestWindows:
        @pytest.fixture
        def offer(self):
            return {"client_max_window_bits": 15, "server_max_window_bits": 15}

        # The original leaves it out.
        def it_accepts_server_max_window_bits_by_including_it(self, response):
            assert response == {"server_max_window_bits": 15}

        def it_uses_15_window_bits_for_both_directions(
            self, response, double, process_incoming_message, process_outgoing_message
        ):
            process_incoming_message()
            process_outgoing_message()
            assert double.decompressors == [decompressor(15)]
            assert double.compressors == [compressor(15)]

    class DescribeSeveralOffers:
        def it_answers_the_first_that_is_valid(self):
            session = permessage_deflate.create_server_session(
                [
                    {"unknown": True},
                    {"server_max_window_bits": 20},
                    {"server_max_window_bits": 12},
                    {"server_max_window_bits": 11},
                ]
            )
            assert session is not None
            assert session.generate_response() == {"server_max_window_bits": 12}

        def it_does_not_create_a_session_if_none_is_valid(self):
            assert permessage_deflate.create_server_session([]) is None
            assert permessage_deflate.create_server_session([{"a": 1}, {"b": 2}]) is None

    class DescribeAnInvalidOffer:
        @pytest.mark.parametrize(
            "offer",
            [
                {"unknown": True},
                {"server_no_context_takeover": False},
                {"server_no_context_takeover": 1},
                {"server_no_context_takeover": "true"},
                {"client_no_context_takeover": [True, True]},
                {"server_max_window_bits": True},
                {"server_max_window_bits": 7},
                {"server_max_window_bits": 16},
                {"server_max_window_bits": 10.5},
                {"server_max_window_bits": "10"},
                {"server_max_window_bits": [10, 10]},
                {"client_max_window_bits": False},
                {"client_max_window_bits": 1},
                {"client_max_window_bits": 7},
                {"client_max_window_bits": 16},
                {"client_max_window_bits": "15"},
                {"client_max_window_bits": [True, 9]},
            ],
        )
        def it_makes_no_session(self, session, offer):
            assert session is None
            assert permessage_deflate.ServerSession.valid_params(offer) is False
            assert permessage_deflate.ServerSession.validParams(offer) is False

    class DescribeNodeSpelling:
        def it_is_the_same(self):
            session = permessage_deflate.createServerSession([{"server_max_window_bits": 12}])
            assert session is not None
            assert session.generateResponse() == {"server_max_window_bits": 12}
