"""The original's 352 examples are all here, and docs/ported-specs.md lists them."""

from __future__ import annotations

from spec.ported import PAGE, read_outline, render


class DescribeThePortedExamples:
    def it_has_each_of_the_originals(self) -> None:
        examples = read_outline()
        assert len(examples) == 352
        assert [example for example in examples if example.node_id is None] == []

    def it_has_none_twice(self) -> None:
        node_ids = [example.node_id for example in read_outline()]
        assert len(set(node_ids)) == len(node_ids)

    def it_has_a_page_that_is_up_to_date(self) -> None:
        assert PAGE.read_text(encoding="utf-8") == render(), "run: python spec/ported.py"
