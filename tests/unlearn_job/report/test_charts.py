from __future__ import annotations

import re

from unlearn_job.contract.evidence import Share
from unlearn_job.contract.figures import Tally
from unlearn_job.report.charts import Change, changes, frames, heat


def share(hits: int, samples: int) -> Share:
    return Share.of(Tally(hits=hits, samples=samples))


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_every_row_is_named_and_a_broken_one_has_its_colour() -> None:
    rows = [Change("cat, images", share(64, 64), share(0, 64)), Change("cat, clips", None, share(9, 40))]
    held = changes("c", "label", rows, gate=10)
    assert {"cat, images", "cat, clips", "near the gate at 10 %"} <= set(texts(held))
    assert "var(--bad)" not in held
    assert "var(--bad)" in changes("c", "label", [Change("cat", None, share(9, 40), broken=True)], gate=10)


def test_without_a_gate_there_is_no_view_from_near() -> None:
    rows = [Change("fish", share(10, 10), share(9, 10))]
    assert "near the gate" not in " ".join(texts(changes("c", "label", rows)))


def test_a_count_of_nothing_draws_nothing() -> None:
    empty = changes("c", "label", [Change("fish", share(0, 0), share(0, 0))])
    assert "var(--new)" not in empty
    assert "var(--old)" not in empty


def test_frames_have_a_panel_for_each_concept_up_to_twelve() -> None:
    panels = [(f"concept {i}", [share(4, 4)] * 8, [share(i, 40)] * 8) for i in range(14)]
    found = [text for text in texts(frames("f", "label", panels)) if text.startswith("concept")]
    assert found == [f"concept {i}" for i in range(12)]


def test_a_cell_tells_its_share() -> None:
    table = heat("h", "label", [("attention", ["name", "all"], [[0.25, 0.5], [0.0, 1.0]])])
    assert {"attention", "name", "all", "0.25", "0.50", "0.00", "1.00"} <= set(texts(table))
