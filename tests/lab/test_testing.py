from __future__ import annotations

from lab.testing import expressions


def test_every_test_runs_where_there_is_a_cluster() -> None:
    assert expressions(None) == ("not cluster", "cluster")


def test_only_the_cluster_tests_are_left_out_without_one() -> None:
    assert expressions("no root") == ("not cluster",)
