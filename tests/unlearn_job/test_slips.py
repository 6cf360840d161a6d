from __future__ import annotations

from unlearn_job.slips import slips


def test_slips_drop_double_swap_replace_tear_and_join() -> None:
    found = set(slips("the cat"))
    assert {"te cat", "tthe cat", "hte cat", "the bat", "the c at", "thecat", "the-cat"} <= found
    assert "the cat" not in found
