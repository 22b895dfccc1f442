"""The table of Node's own test files names existing specs, and each file once."""

from __future__ import annotations

import ast
from collections import Counter

from spec.node import node_tests


class DescribeTheTable:
    def it_names_specs_and_classes_that_exist(self):
        missing = []
        for spec, classes in node_tests.COVERED.items():
            tree = ast.parse((node_tests.HERE / spec).read_text())
            names = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
            missing += [f"{spec}::{name}" for name in classes if name not in names]
        assert missing == []

    def it_lists_each_file_once(self):
        listed = [
            *(
                name
                for classes in node_tests.COVERED.values()
                for names in classes.values()
                for name in names.split()
            ),
            *(name for names in node_tests.OUT_OF_SCOPE.values() for name in names.split()),
        ]
        assert [name for name, count in Counter(listed).items() if count > 1] == []
        assert sorted(node_tests.carried_over().keys() & set(listed)) == []

    def it_says_what_became_of_a_file(self):
        assert node_tests.fate("http-1.0-keep-alive") == "carried over: http/carried_over_spec.py"
        assert node_tests.fate("tls-multi-key") == (
            "covered: tls/identities_spec.py::DescribeIdentities"
        )
        assert node_tests.fate("http-agent-keepalive").startswith("out of scope: the HTTP client")
        assert node_tests.fate("nothing") == "not considered"
        assert ("tls-multi-key", node_tests.fate("tls-multi-key")) in node_tests.rows()
