import pytest

from lab.testbed.statistics import Share


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 32, 0.0, 0.107), (32, 32, 0.893, 1.0), (9, 32, 0.156, 0.454), (50, 100, 0.404, 0.596)],
)
def test_wilson_intervals_are_those_of_the_tables(hits: int, trials: int, low: float, high: float) -> None:
    assert Share(hits, trials).interval == pytest.approx((low, high), abs=1e-3)


def test_shares_pool_by_their_counts() -> None:
    pooled = Share(1, 2) + Share(9, 10)
    assert pooled == Share(10, 12)
    assert pooled.value == pytest.approx(10 / 12)


def test_without_trials_anything_is_possible() -> None:
    assert Share(0, 0).interval == (0.0, 1.0)


def test_a_share_reads_as_percent_interval_and_counts() -> None:
    assert str(Share(32, 32)) == "100.0 [89.3, 100.0] (32/32)"
