from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from unlearn_job.contract.figures import Figures, RetentionFigures, Tally, WorstFigures


def tally(hits: int, samples: int) -> Tally:
    return Tally(hits=hits, samples=samples)


def test_more_hits_than_samples_are_refused() -> None:
    with pytest.raises(ValidationError, match="3 hits in 2 samples"):
        tally(3, 2)


@pytest.mark.parametrize(
    ("hits", "samples", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3: the score interval.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_literature(hits: int, samples: int, low: float, high: float) -> None:
    assert tally(hits, samples).wilson() == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_the_rate(hits: int, samples: int) -> None:
    counted = tally(min(hits, samples), samples)
    low, high = counted.wilson()
    assert 0 <= low <= counted.rate + 1e-12
    assert counted.rate - 1e-12 <= high <= 1


def test_without_samples_nothing_is_known() -> None:
    assert tally(0, 0).wilson() == (0.0, 1.0)
    assert tally(0, 0).rate == 0


def test_tallies_add_up() -> None:
    assert tally(1, 4) + tally(2, 6) == tally(3, 10)


def test_retention_is_the_share_of_the_bases_hits() -> None:
    assert RetentionFigures(base=tally(8, 10), erased=tally(6, 10)).percent == pytest.approx(75)
    assert RetentionFigures(base=tally(0, 10), erased=tally(0, 10)).percent == 100
    assert RetentionFigures(base=tally(0, 0), erased=tally(0, 0)).percent == 100


def test_a_drop_is_in_points_of_percent_and_not_relative() -> None:
    assert WorstFigures(concept="cat", base=tally(12, 24), erased=tally(6, 24)).drop == pytest.approx(25)
    assert WorstFigures(concept="cat", base=tally(6, 24), erased=tally(12, 24)).drop == pytest.approx(-25)


def test_figures_of_older_and_newer_jobs_are_read() -> None:
    kept = RetentionFigures(base=tally(8, 10), erased=tally(6, 10))
    older = Figures(erasures=(), preserved=kept, holdout=kept, neighbours=kept)
    assert "worst" not in older.to_json()
    assert Figures.from_json(older.to_json()).worst is None
    newer = older.to_json().replace('"hits":8', '"hits":8,"weight":3').replace("{", '{"novelty":[1],', 1)
    assert Figures.from_json(newer) == older
