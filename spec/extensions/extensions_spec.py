import time
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, call

import pytest

from spec.allocations import allocations
from spec.doubles import FakeClock, Results, message
from websocket_driver import ConfigurationError, ProtocolError
from websocket_driver.extensions import ExtensionError, Extensions


def extension(name, session, **bits):
    rsv = {"rsv1": False, "rsv2": False, "rsv3": False, **bits}
    return SimpleNamespace(
        name=name,
        type="permessage",
        create_client_session=Mock(return_value=session),
        create_server_session=Mock(return_value=session),
        **rsv,
    )


def session_double(offer):
    return SimpleNamespace(
        generate_offer=Mock(return_value=offer),
        generate_response=Mock(return_value=offer),
        activate=Mock(return_value=True),
        close=Mock(),
    )


def tagged(tag):
    """A method of a session that leaves `tag` in the message."""

    def process(message, callback):
        message["frames"].append(tag)
        callback(None, message)

    return Mock(side_effect=process)


def failing(text):
    return Mock(side_effect=lambda message, callback: callback(SimpleNamespace(message=text), None))


@pytest.fixture
def extensions():
    return Extensions()


@pytest.fixture
def session():
    return session_double({"mode": "compress"})


@pytest.fixture
def conflict_session():
    return session_double({"gzip": True})


@pytest.fixture
def nonconflict_session():
    return session_double({"utf8": True})


@pytest.fixture
def ext(session):
    return extension("deflate", session, rsv1=True)


@pytest.fixture
def conflict(conflict_session):
    return extension("tar", conflict_session, rsv1=True)


@pytest.fixture
def nonconflict(nonconflict_session):
    return extension("reverse", nonconflict_session, rsv2=True)


class HandlesErrors:
    """Examples for an error that `emit_error(clock, callback)` makes of the incoming message 5."""

    emit_error: Any

    @pytest.fixture
    def messages(self, extensions, session, nonconflict_session):
        clock = FakeClock()
        extensions.activate("deflate, reverse")

        def appending(letter, time):
            return lambda message, callback: clock.set_timeout(
                lambda: callback(None, [*message, letter]), time
            )

        session.process_outgoing_message = appending("a", 100)
        nonconflict_session.process_outgoing_message = appending("b", 100)

        def process_incoming_message(message, callback):
            if message[0] == 5:
                self.emit_error(clock, callback)
            else:
                appending("c", 50)(message, callback)

        nonconflict_session.process_incoming_message = process_incoming_message
        session.process_incoming_message = appending("d", 100)

        messages = []

        def push(error, message):
            if error:
                extensions.close(lambda: messages.append("close"))
            messages.append(message)

        for n in (1, 2, 3):
            extensions.process_outgoing_message([n], push)
        for i, n in enumerate((4, 5, 6)):
            clock.set_timeout(
                lambda n=n: extensions.process_incoming_message([n], push),
                20 * i,
            )

        clock.tick(200)
        return messages

    def it_allows_the_message_before_the_error_through_to_the_end(self, messages):
        assert messages[0] == [4, "c", "d"]

    def it_yields_the_error_to_the_end_of_the_pipeline(self, messages):
        assert messages[1] is None

    def it_does_not_yield_the_message_after_the_error(self, messages):
        assert [6, "c", "d"] not in messages

    def it_yields_all_the_messages_in_the_direction_unaffected_by_the_error(self, messages):
        assert messages[2] == [1, "a", "b"]
        assert messages[3] == [2, "a", "b"]
        assert messages[4] == [3, "a", "b"]

    def it_closes_after_all_messages_are_processed(self, messages):
        assert messages[5] == "close"
        assert len(messages) == 6

    # Beyond the original's examples

    def it_closes_each_session_once(self, messages, session, nonconflict_session):
        assert session.close.call_args_list == [call()]
        assert nonconflict_session.close.call_args_list == [call()]


class DescribeExtensions:
    class DescribeAdd:
        def it_does_not_throw_on_valid_extensions(self, extensions, ext):
            extensions.add(ext)

        def it_throws_if_ext_name_is_not_a_string(self, extensions, ext):
            ext.name = 42
            with pytest.raises(TypeError, match=r"^extension\.name must be a string$"):
                extensions.add(ext)

        def it_throws_if_ext_rsv1_is_not_a_boolean(self, extensions, ext):
            ext.rsv1 = 42
            with pytest.raises(TypeError, match=r"^extension\.rsv1 must be true or false$"):
                extensions.add(ext)

        def it_throws_if_ext_rsv2_is_not_a_boolean(self, extensions, ext):
            ext.rsv2 = 42
            with pytest.raises(TypeError, match=r"^extension\.rsv2 must be true or false$"):
                extensions.add(ext)

        def it_throws_if_ext_rsv3_is_not_a_boolean(self, extensions, ext):
            ext.rsv3 = 42
            with pytest.raises(TypeError, match=r"^extension\.rsv3 must be true or false$"):
                extensions.add(ext)

        # Beyond the original's examples

        def it_throws_if_ext_type_is_not_permessage(self, extensions, ext):
            ext.type = "perframe"
            with pytest.raises(TypeError, match=r'^extension\.type must be "permessage"$'):
                extensions.add(ext)

        @pytest.mark.parametrize("value", [None, 42, "deflate", object(), {"name": "deflate"}])
        def it_throws_on_an_object_that_is_no_extension(self, extensions, value):
            with pytest.raises(TypeError, match=r"^extension\.name must be a string$"):
                extensions.add(value)

        def it_throws_if_ext_has_no_type(self, extensions, ext):
            del ext.type
            with pytest.raises(TypeError, match=r'^extension.type must be "permessage"$'):
                extensions.add(ext)

        def it_throws_on_a_class_in_place_of_an_instance(self, extensions):
            class Deflate:
                name = "deflate"
                type = "permessage"
                rsv1 = rsv2 = rsv3 = False

                def create_client_session(self, options):
                    raise AssertionError

            with pytest.raises(TypeError) as raised:
                extensions.add(Deflate)
            assert str(raised.value) == "extension must be an instance, not the class Deflate"
            extensions.add(Deflate())

        @pytest.mark.parametrize("name", ["", "a b", "a,b", "x\r\ny", "gr\u00fcn"])
        def it_throws_if_ext_name_is_not_a_token(self, extensions, ext, name):
            ext.name = name
            with pytest.raises(TypeError) as raised:
                extensions.add(ext)
            assert str(raised.value) == (
                f"extension.name must be a token (RFC 6455 9.1), not {name!r}"
            )

        def it_throws_if_ext_cannot_make_a_session(self, extensions, ext):
            del ext.create_client_session
            extensions.add(ext)
            ext.name = "other"
            ext.create_server_session = None
            with pytest.raises(TypeError) as raised:
                extensions.add(ext)
            assert str(raised.value) == (
                "extension.create_client_session and create_server_session must be functions"
            )

        @pytest.mark.parametrize("value", [0, 1, None, "true"])
        def it_takes_no_substitute_for_a_boolean(self, extensions, ext, value):
            ext.rsv2 = value
            with pytest.raises(TypeError, match=r"^extension\.rsv2 must be true or false$"):
                extensions.add(ext)

        def it_throws_on_a_second_extension_of_the_same_name(self, extensions, ext, nonconflict):
            extensions.add(ext)
            nonconflict.name = "deflate"
            with pytest.raises(
                TypeError, match=r'^An extension with name "deflate" is already registered$'
            ):
                extensions.add(nonconflict)

        def it_does_not_add_what_it_throws_on(self, extensions, ext):
            ext.rsv3 = 42
            with pytest.raises(TypeError):
                extensions.add(ext)
            assert extensions.generate_offer() is None

    class DescribeClientSessions:
        @pytest.fixture(autouse=True)
        def _added(self, extensions, ext):
            extensions.add(ext)

        class DescribeGenerateOffer:
            def it_asks_the_extension_to_create_a_client_session(self, extensions, ext):
                extensions.generate_offer()
                assert ext.create_client_session.call_args_list == [call({})]

            def it_asks_the_session_to_generate_an_offer(self, extensions, session):
                extensions.generate_offer()
                assert session.generate_offer.call_args_list == [call()]

            def it_does_not_ask_the_session_to_generate_an_offer_if_the_extension_doesnt_build_a_session(  # noqa: E501
                self, extensions, ext, session
            ):
                ext.create_client_session.return_value = None
                assert extensions.generate_offer() is None
                assert session.generate_offer.call_args_list == []

            def it_returns_the_serialized_offer_from_the_session(self, extensions):
                assert extensions.generate_offer() == "deflate; mode=compress"

            def it_returns_a_null_offer_from_the_session(self, extensions, session):
                session.generate_offer.return_value = None
                assert extensions.generate_offer() is None

            def it_returns_multiple_serialized_offers_from_the_session(self, extensions, session):
                session.generate_offer.return_value = [{"mode": "compress"}, {}]
                assert extensions.generate_offer() == "deflate; mode=compress, deflate"

            def it_returns_serialized_offers_from_multiple_sessions(self, extensions, nonconflict):
                extensions.add(nonconflict)
                assert extensions.generate_offer() == "deflate; mode=compress, reverse; utf8"

            def it_generates_offers_for_potentially_conflicting_extensions(
                self, extensions, conflict
            ):
                extensions.add(conflict)
                assert extensions.generate_offer() == "deflate; mode=compress, tar; gzip"

            # Beyond the original's examples

            def it_takes_false_for_no_session_and_for_no_offer(self, extensions, ext, session):
                session.generate_offer.return_value = False
                assert extensions.generate_offer() is None
                ext.create_client_session.return_value = False
                assert extensions.generate_offer() is None

            def it_asks_the_extensions_behind_one_that_offers_nothing(
                self, extensions, ext, session, nonconflict
            ):
                extensions.add(nonconflict)
                session.generate_offer.return_value = None
                assert extensions.generate_offer() == "reverse; utf8"
                ext.create_client_session.return_value = None
                assert extensions.generate_offer() == "reverse; utf8"

            def it_allows_the_reserved_bits_of_its_offers_until_it_is_answered(
                self, extensions, session
            ):
                extensions.generate_offer()
                assert extensions.valid_frame_rsv(message(rsv1=True)) is True
                extensions.activate("")
                assert extensions.valid_frame_rsv(message(rsv1=True)) is False

            def it_returns_an_offer_without_params(self, extensions, session):
                session.generate_offer.return_value = {}
                assert extensions.generate_offer() == "deflate"

            def it_tells_the_extension_the_options(self, ext):
                extensions = Extensions(max_length=100)
                extensions.add(ext)
                extensions.generate_offer()
                assert ext.create_client_session.call_args_list == [call({"max_length": 100})]

        class DescribeActivate:
            @pytest.fixture(autouse=True)
            def _offered(self, extensions, conflict, nonconflict):
                extensions.add(conflict)
                extensions.add(nonconflict)
                extensions.generate_offer()

            def it_throws_if_given_unregistered_extensions(self, extensions):
                with pytest.raises(ProtocolError) as raised:
                    extensions.activate("xml")
                assert raised.value.message == (
                    'Server sent an extension response for unknown extension "xml"'
                )

            def it_does_not_throw_if_given_registered_extensions(self, extensions):
                extensions.activate("deflate")

            def it_does_not_throw_if_given_only_one_potentially_conflicting_extension(
                self, extensions
            ):
                extensions.activate("tar")

            def it_throws_if_two_extensions_conflict_on_rsv_bits(self, extensions):
                with pytest.raises(ProtocolError) as raised:
                    extensions.activate("deflate, tar")
                assert raised.value.message == (
                    'Server sent two extension responses that use the RSV1 bit: "deflate" and "tar"'
                )

            def it_does_not_throw_if_given_two_non_conflicting_extensions(self, extensions):
                extensions.activate("deflate, reverse")

            def it_activates_one_session_with_no_params(self, extensions, session):
                extensions.activate("deflate")
                assert session.activate.call_args_list == [call({})]

            def it_activates_one_session_with_a_boolean_param(self, extensions, session):
                extensions.activate("deflate; gzip")
                assert session.activate.call_args_list == [call({"gzip": True})]

            def it_activates_one_session_with_a_string_param(self, extensions, session):
                extensions.activate("deflate; mode=compress")
                assert session.activate.call_args_list == [call({"mode": "compress"})]

            def it_activates_multiple_sessions(self, extensions, session, nonconflict_session):
                extensions.activate("deflate; a, reverse; b")
                assert session.activate.call_args_list == [call({"a": True})]
                assert nonconflict_session.activate.call_args_list == [call({"b": True})]

            def it_does_not_activate_sessions_not_named_in_the_header(
                self, extensions, session, nonconflict_session
            ):
                extensions.activate("reverse")
                assert session.activate.call_args_list == []
                assert nonconflict_session.activate.call_args_list == [call({})]

            def it_throws_if_session_activate_does_not_return_true(self, extensions, session):
                session.activate.return_value = "yes"
                with pytest.raises(ProtocolError) as raised:
                    extensions.activate("deflate")
                assert raised.value.message == (
                    "Server sent unacceptable extension parameters: deflate"
                )

            # Beyond the original's examples

            def it_says_which_parameters_are_not_acceptable(self, extensions, session):
                session.activate.return_value = False
                with pytest.raises(ProtocolError) as raised:
                    extensions.activate('deflate; a="b c"; d=10.0')
                assert raised.value.message == (
                    'Server sent unacceptable extension parameters: deflate; a="b c"; d=10'
                )

            def it_throws_if_the_same_extension_comes_twice(self, extensions, session):
                with pytest.raises(ProtocolError) as raised:
                    extensions.activate("deflate, deflate")
                assert raised.value.message == (
                    "Server sent two extension responses that use the RSV1 bit: "
                    '"deflate" and "deflate"'
                )
                assert session.activate.call_args_list == [call({})]

            @pytest.mark.parametrize(
                "header", ["deflate;", "deflate mode", '"deflate"', "=", "deflate; mode="]
            )
            def it_throws_on_an_invalid_header(self, extensions, header):
                with pytest.raises(ProtocolError) as raised:
                    extensions.activate(header)
                assert raised.value.message == f"Invalid Sec-WebSocket-Extensions header: {header}"

            @pytest.mark.parametrize(
                "header", ["deflate,", ",deflate", ", ,deflate,\t,", ",, deflate"]
            )
            def it_ignores_empty_elements(self, extensions, session, header):
                extensions.activate(header)
                assert session.activate.call_args_list == [call({})]

            def it_closes_the_sessions_that_are_not_accepted(
                self, extensions, session, nonconflict_session
            ):
                extensions.activate("deflate")
                assert session.close.call_args_list == []
                assert nonconflict_session.close.call_args_list == [call()]

            def it_closes_all_sessions_if_it_fails(self, extensions, session, nonconflict_session):
                with pytest.raises(ProtocolError):
                    extensions.activate("deflate, other")
                assert session.close.call_args_list == [call()]
                assert nonconflict_session.close.call_args_list == [call()]

            def it_tells_the_peer_nothing_of_an_exception(self, extensions, session):
                session.activate.side_effect = OSError("/etc/secret")
                with pytest.raises(ExtensionError) as raised:
                    extensions.activate("deflate")
                assert raised.value.message == "deflate: The extension failed"
                assert raised.value.__cause__ is session.activate.side_effect
                assert session.close.call_args_list == [call()]

            @pytest.mark.parametrize("header", [None, ""])
            def it_activates_nothing_without_a_header(self, extensions, session, header):
                results = Results()
                extensions.activate(header)
                extensions.process_incoming_message({"frames": []}, results)

                assert session.activate.call_args_list == []
                assert results.calls == [(None, {"frames": []})]

            def it_throws_for_a_name_in_another_case(self, extensions):
                with pytest.raises(ProtocolError):
                    extensions.activate("Deflate")

        class DescribeProcessIncomingMessage:
            @pytest.fixture(autouse=True)
            def _offered(self, extensions, conflict, nonconflict, session, nonconflict_session):
                extensions.add(conflict)
                extensions.add(nonconflict)
                extensions.generate_offer()
                session.process_incoming_message = tagged("deflate")
                nonconflict_session.process_incoming_message = tagged("reverse")

            def it_processes_messages_in_the_reverse_order_given_in_the_servers_response(
                self, extensions
            ):
                results = Results()
                extensions.activate("deflate, reverse")
                extensions.process_incoming_message({"frames": []}, results)
                assert results.calls == [(None, {"frames": ["reverse", "deflate"]})]

            def it_yields_an_error_if_a_session_yields_an_error(self, extensions, session):
                results = Results()
                extensions.activate("deflate")
                session.process_incoming_message = failing("ENOENT")
                extensions.process_incoming_message({"frames": []}, results)
                assert results.errors == ["deflate: ENOENT"]
                assert results.messages == [None]

            def it_does_not_call_sessions_after_one_has_yielded_an_error(
                self, extensions, session, nonconflict_session
            ):
                extensions.activate("deflate, reverse")
                nonconflict_session.process_incoming_message = failing("ENOENT")
                extensions.process_incoming_message({"frames": []}, Results())
                assert session.process_incoming_message.call_args_list == []

        class DescribeProcessOutgoingMessage:
            @pytest.fixture(autouse=True)
            def _offered(self, extensions, conflict, nonconflict, session, nonconflict_session):
                extensions.add(conflict)
                extensions.add(nonconflict)
                extensions.generate_offer()
                session.process_outgoing_message = tagged("deflate")
                nonconflict_session.process_outgoing_message = tagged("reverse")

            class DescribeErrorHandling:
                class DescribeWithASyncError(HandlesErrors):
                    def emit_error(self, clock, callback):
                        raise RuntimeError("sync error")

                class DescribeWithAnAsyncError(HandlesErrors):
                    def emit_error(self, clock, callback):
                        clock.set_timeout(lambda: callback(RuntimeError("async error"), None), 10)

            class DescribeAsyncProcessors:
                @pytest.fixture(autouse=True)
                def clock(self, session, nonconflict_session):
                    clock = FakeClock()
                    tags = iter("abcd")

                    def slow_for(length):
                        def process(message, callback):
                            time = 100 if len(message["frames"]) == length else 20
                            message["frames"].append(next(tags))
                            clock.set_timeout(lambda: callback(None, message), time)

                        return process

                    session.process_outgoing_message = slow_for(0)
                    nonconflict_session.process_outgoing_message = slow_for(1)
                    return clock

                def it_processes_messages_in_order_even_if_upstream_emits_them_out_of_order(
                    self, extensions, clock
                ):
                    extensions.activate("deflate, reverse")

                    out = Results()
                    extensions.process_outgoing_message({"frames": []}, out)
                    extensions.process_outgoing_message({"frames": [1]}, out)
                    clock.tick(200)

                    assert out.calls == [
                        (None, {"frames": ["a", "c"]}),
                        (None, {"frames": [1, "b", "d"]}),
                    ]

                def it_defers_closing_until_the_extension_has_finished_processing(
                    self, extensions, session, clock
                ):
                    extensions.activate("deflate")
                    notified = Mock()

                    extensions.process_outgoing_message({"frames": []}, Results())
                    extensions.close(notified)

                    clock.tick(50)
                    assert (session.close.call_count, notified.call_count) == (0, 0)

                    clock.tick(50)
                    assert (session.close.call_count, notified.call_count) == (1, 1)

                def it_closes_each_session_as_soon_as_it_finishes_processing(
                    self, extensions, session, nonconflict_session, clock
                ):
                    extensions.activate("deflate, reverse")
                    notified = Mock()
                    closers = [session.close, nonconflict_session.close, notified]

                    extensions.process_outgoing_message({"frames": []}, Results())
                    extensions.close(notified)

                    clock.tick(50)
                    assert [closer.call_count for closer in closers] == [0, 0, 0]

                    clock.tick(100)
                    assert [closer.call_count for closer in closers] == [1, 0, 0]

                    clock.tick(50)
                    assert [closer.call_count for closer in closers] == [1, 1, 1]

                # The original's word is "immeidately".
                def it_notifies_of_closure_immediately_if_already_closed(
                    self, extensions, session, clock
                ):
                    extensions.activate("deflate")

                    extensions.process_outgoing_message({"frames": []}, Results())
                    extensions.close()
                    clock.tick(100)

                    notified = Mock()
                    extensions.close(notified)
                    assert notified.call_args_list == [call()]
                    assert session.close.call_args_list == [call()]

            def it_processes_messages_in_the_order_given_in_the_servers_response(self, extensions):
                results = Results()
                extensions.activate("deflate, reverse")
                extensions.process_outgoing_message({"frames": []}, results)
                assert results.calls == [(None, {"frames": ["deflate", "reverse"]})]

            def it_processes_messages_in_the_servers_order_not_the_clients_order(self, extensions):
                results = Results()
                extensions.activate("reverse, deflate")
                extensions.process_outgoing_message({"frames": []}, results)
                assert results.calls == [(None, {"frames": ["reverse", "deflate"]})]

            def it_yields_an_error_if_a_session_yields_an_error(self, extensions, session):
                results = Results()
                extensions.activate("deflate")
                session.process_outgoing_message = failing("ENOENT")
                extensions.process_outgoing_message({"frames": []}, results)
                assert results.errors == ["deflate: ENOENT"]
                assert results.messages == [None]

            def it_does_not_call_sessions_after_one_has_yielded_an_error(
                self, extensions, session, nonconflict_session
            ):
                extensions.activate("deflate, reverse")
                session.process_outgoing_message = failing("ENOENT")
                extensions.process_outgoing_message({"frames": []}, Results())
                assert nonconflict_session.process_outgoing_message.call_args_list == []

    class DescribeServerSessions:
        @pytest.fixture(autouse=True)
        def _added(self, extensions, ext, conflict, nonconflict):
            extensions.add(ext)
            extensions.add(conflict)
            extensions.add(nonconflict)

        class DescribeGenerateResponse:
            def it_asks_the_extension_for_a_server_session_with_the_offer(self, extensions, ext):
                extensions.generate_response("deflate; flag")
                assert ext.create_server_session.call_args_list == [call([{"flag": True}], {})]

            def it_asks_the_extension_for_a_server_session_with_multiple_offers(
                self, extensions, ext
            ):
                extensions.generate_response("deflate; a, deflate; b")
                assert ext.create_server_session.call_args_list == [
                    call([{"a": True}, {"b": True}], {})
                ]

            def it_asks_the_session_to_generate_a_response(self, extensions, session):
                extensions.generate_response("deflate")
                assert session.generate_response.call_args_list == [call()]

            def it_asks_multiple_sessions_to_generate_a_response(
                self, extensions, session, nonconflict_session
            ):
                extensions.generate_response("deflate, reverse")
                assert session.generate_response.call_args_list == [call()]
                assert nonconflict_session.generate_response.call_args_list == [call()]

            def it_does_not_ask_the_session_to_generate_a_response_if_the_extension_doesnt_build_a_session(  # noqa: E501
                self, extensions, ext, session
            ):
                ext.create_server_session.return_value = None
                assert extensions.generate_response("deflate") is None
                assert session.generate_response.call_args_list == []

            def it_does_not_ask_the_extension_to_build_a_session_for_unoffered_extensions(
                self, extensions, nonconflict
            ):
                extensions.generate_response("deflate")
                assert nonconflict.create_server_session.call_args_list == []

            def it_does_not_ask_the_extension_to_build_a_session_for_conflicting_extensions(
                self, extensions, conflict
            ):
                extensions.generate_response("deflate, tar")
                assert conflict.create_server_session.call_args_list == []

            def it_returns_the_serialized_response_from_the_session(self, extensions):
                assert extensions.generate_response("deflate") == "deflate; mode=compress"

            def it_returns_serialized_responses_from_multiple_sessions(self, extensions):
                assert extensions.generate_response("deflate, reverse") == (
                    "deflate; mode=compress, reverse; utf8"
                )

            def it_returns_responses_in_registration_order(self, extensions):
                assert extensions.generate_response("reverse, deflate") == (
                    "deflate; mode=compress, reverse; utf8"
                )

            def it_does_not_return_responses_for_unoffered_extensions(self, extensions):
                assert extensions.generate_response("reverse") == "reverse; utf8"

            def it_does_not_return_responses_for_conflicting_extensions(self, extensions):
                assert extensions.generate_response("deflate, tar") == "deflate; mode=compress"

            def it_throws_an_error_if_the_header_is_invalid(self, extensions):
                with pytest.raises(ProtocolError) as raised:
                    extensions.generate_response("x-webkit- -frame")
                assert raised.value.message == (
                    "Invalid Sec-WebSocket-Extensions header: x-webkit- -frame"
                )

            def it_returns_a_response_for_potentially_conflicting_extensions_if_their_preceding_extensions_dont_build_a_session(  # noqa: E501
                self, extensions, ext
            ):
                ext.create_server_session.return_value = None
                assert extensions.generate_response("deflate, tar") == "tar; gzip"

            # Beyond the original's examples

            def it_takes_false_for_no_session(self, extensions, ext):
                ext.create_server_session.return_value = False
                assert extensions.generate_response("deflate, tar") == "tar; gzip"

            @pytest.mark.parametrize("header", [None, "", "xml", "xml; deflate, reversed"])
            def it_returns_no_response_if_nothing_known_is_offered(
                self, extensions, ext, conflict, nonconflict, header
            ):
                assert extensions.generate_response(header) is None
                assert ext.create_server_session.call_args_list == []
                assert conflict.create_server_session.call_args_list == []
                assert nonconflict.create_server_session.call_args_list == []

            def it_passes_messages_on_as_they_are_if_nothing_was_added(self):
                extensions, results = Extensions(), Results()
                assert extensions.generate_response("deflate") is None
                outgoing, incoming = message(b"a"), message(b"b", rsv1=True)
                extensions.process_outgoing_message(outgoing, results)
                extensions.process_incoming_message(incoming, results)
                assert results.calls == [(None, outgoing), (None, incoming)]
                assert (outgoing, incoming) == (message(b"a"), message(b"b", rsv1=True))

            def it_tells_the_extension_the_options(self, ext):
                extensions = Extensions({"maxLength": 100})
                extensions.add(ext)
                extensions.generate_response("deflate")
                assert ext.create_server_session.call_args_list == [call([{}], {"max_length": 100})]

            def it_passes_messages_through_the_sessions_that_it_responds_for(
                self, extensions, session, nonconflict_session
            ):
                for double, tag in ((session, "deflate"), (nonconflict_session, "reverse")):
                    double.process_incoming_message = tagged(tag)
                    double.process_outgoing_message = tagged(tag)
                results = Results()

                extensions.generate_response("reverse, deflate")
                extensions.process_outgoing_message({"frames": []}, results)
                extensions.process_incoming_message({"frames": []}, results)

                assert results.calls == [
                    (None, {"frames": ["deflate", "reverse"]}),
                    (None, {"frames": ["reverse", "deflate"]}),
                ]

    # Beyond the original's examples

    class DescribeFailures:
        """Exceptions of an extension are not for the peer; its words are."""

        @pytest.mark.parametrize("method", ["create_client_session", "generate_offer"])
        def it_lets_those_before_anything_was_sent_through(self, extensions, ext, session, method):
            error = OSError("/etc/secret")
            owner = ext if method == "create_client_session" else session
            setattr(owner, method, Mock(side_effect=error))
            extensions.add(ext)
            with pytest.raises(OSError, match="/etc/secret"):
                extensions.generate_offer()

        @pytest.mark.parametrize("value", ["a\rb", "a\nb", "\0", "\ud800"])
        def it_offers_nothing_that_is_not_one_line(self, extensions, ext, session, value):
            session.generate_offer = Mock(return_value={"mode": value})
            extensions.add(ext)
            with pytest.raises(ValueError, match=r"^Extension parameters must be one line"):
                extensions.generate_offer()

        def it_shows_any_parameters_that_are_not_acceptable(self, extensions, ext, session):
            session.activate.return_value = False
            extensions.add(ext)
            extensions.generate_offer()
            with pytest.raises(ProtocolError) as raised:
                extensions.activate('deflate; a="\\\r\\\0"')
            assert raised.value.message == (
                'Server sent unacceptable extension parameters: deflate; a="\r\0"'
            )

        @pytest.mark.parametrize("method", ["create_server_session", "generate_response"])
        def it_tells_the_peer_nothing_of_those_in_a_handshake(
            self, extensions, ext, session, nonconflict, nonconflict_session, method
        ):
            error = OSError("/etc/secret")
            owner = ext if method == "create_server_session" else session
            setattr(owner, method, Mock(side_effect=error))
            extensions.add(nonconflict)
            extensions.add(ext)
            with pytest.raises(ExtensionError) as raised:
                extensions.generate_response("deflate, reverse")
            assert raised.value.message == "deflate: The extension failed"
            assert raised.value.__cause__ is error
            assert nonconflict_session.close.call_args_list == [call()]

        @pytest.mark.parametrize(
            "response", [None, 5, {"a b": True}, {"a": None}, {"a": "x\r\ny"}, {"a": object()}]
        )
        def it_lets_no_response_through_that_is_none(self, extensions, ext, session, response):
            session.generate_response = Mock(return_value=response)
            extensions.add(ext)
            with pytest.raises(ExtensionError, match=r"^deflate: The extension failed$"):
                extensions.generate_response("deflate")
            assert session.close.call_args_list == [call()]

        @pytest.mark.parametrize("end", ["not accepted", "refused", "closed", "failed"])
        def it_logs_the_name_of_an_extension_whose_session_cannot_be_closed(
            self, extensions, ext, session, nonconflict, nonconflict_session, caplog, end
        ):
            session.close = Mock(side_effect=OSError("no"))
            nonconflict_session.generate_response = Mock(side_effect=OSError("no"))
            extensions.add(ext)
            extensions.add(nonconflict)
            extensions.generate_offer()
            if end == "not accepted":
                extensions.activate("reverse")
            elif end == "refused":
                with pytest.raises(ProtocolError):
                    extensions.activate("x")
            elif end == "closed":
                extensions.close()
            else:
                with pytest.raises(ExtensionError):
                    extensions.generate_response("deflate, reverse")
            assert caplog.messages == ["The session of the extension deflate failed to close"]

    class DescribeTheLimit:
        """Parameters, and elements without any, count."""

        @pytest.mark.parametrize(
            ("header", "count"),
            [
                ("a", 1),
                ("a, b, c", 3),
                ("a; x", 1),
                ("a; x; y", 2),
                ("a; x; x; x", 3),
                ("a; x, b", 2),
                ("a; x; y, b; x", 3),
                (",", 2),
                (",,,", 4),
                ("a,", 2),
                ("", 0),
            ],
        )
        @pytest.mark.parametrize("registered", [True, False])
        def it_is_tested_at_the_limit_and_one_past_it(self, ext, header, count, registered):
            for limit in (count, count - 1):
                extensions = Extensions(max_params=limit)
                if registered:
                    extensions.add(ext)
                if limit == count:
                    extensions.generate_response(header)
                elif count:
                    with pytest.raises(ProtocolError) as raised:
                        extensions.generate_response(header)
                    assert raised.value.message == (
                        "Too many parameters in the Sec-WebSocket-Extensions header"
                    )

        @pytest.mark.parametrize(
            "element", ["a,", ",", "a; b,", "a; b; c,", "a; b", ";", ' a; b="c",']
        )
        def it_keeps_long_headers_cheap(self, element):
            extensions = Extensions(max_params=64)
            header = (element * 65536)[:65536]
            with allocations() as memory:
                started = time.process_time()
                with pytest.raises(ProtocolError):
                    extensions.generate_response(header)
                assert time.process_time() - started < 0.05
                assert memory.peak() < 200_000

    class DescribeCloseBeforeAnythingIsAgreed:
        def it_closes_sessions_that_were_offered(self, extensions, ext, session):
            extensions.add(ext)
            extensions.generate_offer()
            closed = Mock()
            extensions.close(closed)
            extensions.close()
            assert session.close.call_args_list == [call()]
            assert closed.call_args_list == [call()]

    class DescribeValidFrameRsv:
        @pytest.fixture(autouse=True)
        def _added(self, extensions, ext, nonconflict):
            extensions.add(ext)
            extensions.add(nonconflict)

        def it_allows_no_bit_before_extensions_are_chosen(self, extensions):
            assert extensions.valid_frame_rsv(message()) is True
            assert extensions.valid_frame_rsv(message(rsv1=True)) is False

        def it_allows_the_bits_of_extensions_in_use(self, extensions):
            extensions.generate_response("deflate")
            assert extensions.valid_frame_rsv(message(opcode=1, rsv1=True)) is True
            assert extensions.valid_frame_rsv(message(opcode=2, rsv1=True)) is True

            assert extensions.valid_frame_rsv(message(rsv2=True)) is False
            assert extensions.valid_frame_rsv(message(rsv3=True)) is False
            assert extensions.valid_frame_rsv(message(rsv1=True, rsv2=True)) is False

        def it_allows_no_bit_of_extensions_that_are_not_in_use_any_more(self, extensions):
            extensions.generate_response("deflate")
            extensions.generate_response("")
            assert extensions.valid_frame_rsv(message(opcode=1, rsv1=True)) is False

        def it_allows_the_bits_of_several_extensions_at_once(self, extensions):
            extensions.generate_response("deflate, reverse")
            assert extensions.valid_frame_rsv(message(rsv1=True, rsv2=True)) is True
            assert extensions.valid_frame_rsv(message(rsv1=True, rsv2=True, rsv3=True)) is False

        @pytest.mark.parametrize("opcode", [0, 8, 9, 10])
        def it_allows_no_bit_on_a_frame_that_does_not_begin_a_message(self, extensions, opcode):
            extensions.generate_response("deflate, reverse")
            assert extensions.valid_frame_rsv(message(opcode=opcode)) is True
            assert extensions.valid_frame_rsv(message(opcode=opcode, rsv1=True)) is False
            assert extensions.valid_frame_rsv(message(opcode=opcode, rsv2=True)) is False

    class DescribeLeavesAlone:
        """A session with a reserved bit changes the messages that have it, and no others."""

        @pytest.fixture(autouse=True)
        def _added(self, extensions, ext, nonconflict):
            extensions.add(ext)
            extensions.add(nonconflict)
            extensions.add(extension("third", session_double({}), rsv3=True))
            extensions.add(extension("none", session_double({})))

        @pytest.mark.parametrize("header", ["", "deflate", "reverse", "third", "deflate, third"])
        def it_is_true_for_a_message_without_reserved_bits(self, extensions, header):
            extensions.generate_response(header)
            assert extensions.leaves_alone(message()) is True

        @pytest.mark.parametrize("bit", ["rsv1", "rsv2", "rsv3"])
        def it_is_false_for_a_message_with_one(self, extensions, bit):
            extensions.generate_response("deflate, reverse, third")
            assert extensions.leaves_alone(message(**{bit: True})) is False

        @pytest.mark.parametrize("header", ["none", "deflate, none"])
        def it_is_false_if_an_extension_has_none(self, extensions, header):
            extensions.generate_response(header)
            assert extensions.leaves_alone(message()) is False

    class DescribeClose:
        def it_calls_back_at_once_if_no_extensions_were_negotiated(self, extensions):
            notified = Mock()
            extensions.close(notified)
            assert notified.call_args_list == [call()]

        def it_needs_no_callback(self, extensions):
            extensions.close()

        def it_calls_back_at_once_if_no_extensions_are_in_use(self, extensions):
            notified = Mock()
            extensions.activate(None)
            extensions.close(notified)
            assert notified.call_args_list == [call()]

        def it_takes_no_message_afterwards(self, extensions):
            results = Results()
            extensions.activate(None)
            extensions.close()
            extensions.process_incoming_message({"frames": []}, results)
            extensions.process_outgoing_message({"frames": []}, results)
            assert results.calls == []

    class DescribeOptions:
        def it_takes_a_mapping_or_keyword_arguments_or_both(self, ext):
            for extensions in (
                Extensions({"max_length": 5}),
                Extensions({"maxLength": 5}),
                Extensions(max_length=5),
                Extensions(maxLength=5),
                Extensions({}, max_length=5),
                Extensions(max_length=5, max_params=9),
            ):
                extensions.add(ext)
                extensions.generate_offer()
            assert ext.create_client_session.call_args_list == [call({"max_length": 5})] * 6

        def it_throws_on_an_unknown_option(self):
            wrong: Any = {"length": 5}
            with pytest.raises(ConfigurationError, match=r"^Unrecognized option: length$"):
                Extensions(wrong)
            with pytest.raises(ConfigurationError, match=r"^Unrecognized option: length$"):
                Extensions(wrong, max_length=5, max_params=9)

        def it_validates_options_for_others(self):
            assert Extensions.validate_options({"maxLength": 5}, ["max_length"]) == {
                "max_length": 5
            }
            with pytest.raises(ConfigurationError, match=r"^Unrecognized option: x$"):
                Extensions.validate_options({"x": 1}, ["max_length"])

    class DescribeNodeSpelling:
        def it_is_understood_in_an_extension_and_its_session(self):
            session = SimpleNamespace(
                generateOffer=lambda: {"a": True},
                generateResponse=lambda: {"b": True},
                activate=Mock(return_value=True),
                processIncomingMessage=tagged("in"),
                processOutgoingMessage=tagged("out"),
                close=Mock(),
            )
            node = SimpleNamespace(
                name="node",
                type="permessage",
                rsv1=False,
                rsv2=False,
                rsv3=True,
                createClientSession=lambda options: session,
                createServerSession=lambda offers, options: session,
            )

            client = Extensions()
            client.add(node)
            assert client.generateOffer() == "node; a"
            client.activate("node; b")
            assert session.activate.call_args_list == [call({"b": True})]

            results = Results()
            outgoing: Any = {"frames": []}
            incoming: Any = {"frames": []}
            client.processOutgoingMessage(outgoing, results)
            client.processIncomingMessage(incoming, results)
            assert results.calls == [(None, {"frames": ["out"]}), (None, {"frames": ["in"]})]

            server = Extensions()
            server.add(node)
            assert server.generateResponse("node; a") == "node; b"
            assert server.validFrameRsv(message(rsv3=True)) is True
            server.close()
            assert session.close.call_args_list == [call()]

            assert Extensions.validateOptions({}, []) == {}

        def it_follows_an_override_in_a_subclass(self):
            class Loud(Extensions):
                def generate_offer(self):
                    return "loud"

            assert Loud().generateOffer() == "loud"

    class DescribeBeforeAnythingIsAgreed:
        def it_passes_no_message_on(self):
            extensions, results = Extensions(), Results()
            extensions.process_incoming_message(message(), results)
            extensions.process_outgoing_message(message(), results)
            assert results.calls == []

        def it_closes_at_once(self):
            closed = Mock()
            extensions = Extensions()
            extensions.close()
            extensions.close(closed)
            assert closed.call_args_list == [call()]
