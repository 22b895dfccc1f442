"""The modules that are mutated, each with the specs that test it."""

from __future__ import annotations

from typing import NamedTuple


class Module(NamedTuple):
    """Files of the package, as patterns, and their specs.

    `functions` selects the code in functions for mutation, `tables` the code outside functions.
    """

    files: tuple[str, ...]
    specs: tuple[str, ...]
    functions: bool = True
    tables: bool = False


# The folders of drivers are each tested as a whole, because users see only the driver.
MODULES = {
    "hybi": Module(
        ("websocket_driver/driver/hybi/*",),
        ("spec/driver", "spec/permessage_deflate/direct_spec.py"),
    ),
    "states": Module(
        ("websocket_driver/driver/states.py",),
        ("spec/driver/states_spec.py",),
        functions=False,
        tables=True,
    ),
    "flow": Module(("websocket_driver/flow.py",), ("spec/flow_spec.py",)),
    "grammar": Module(
        ("websocket_driver/grammar.py",),
        ("spec/grammar_spec.py", "spec/extensions/parser_spec.py", "spec/request_spec.py"),
        tables=True,
    ),
    "headers": Module(
        ("websocket_driver/driver/headers.py", "websocket_driver/header_map.py"),
        ("spec/driver/headers_spec.py", "spec/header_map_spec.py", "spec/request_spec.py"),
    ),
    "extensions": Module(("websocket_driver/extensions/*",), ("spec/extensions",)),
    "permessage_deflate": Module(
        ("websocket_driver/permessage_deflate/*",), ("spec/permessage_deflate",)
    ),
    "http_parser": Module(("websocket_driver/http_parser.py",), ("spec/http_parser_spec.py",)),
    "node_http": Module(("websocket_driver/node/http/*",), ("spec/node/http",)),
}

# Examples that test the compiled part, which no mutant changes, or read the source; those that cut
# the traffic of each rule, which take nine tenths of the time; and those that run Node.
NOT_RUN = (
    "not compiled and not it_has_some_for_each_function_of_the_rules "
    "and not it_holds_for_input_that_is_cut_anywhere "
    "and not it_holds_for_input_that_arrives_byte_by_byte "
    "and not it_does_what_node_does"
)
