from __future__ import annotations

from pathlib import Path

from unlearn_job.benching.tabular import append, read, share, tally
from unlearn_job.contract.figures import Tally


def test_lines_come_back_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    assert read(path) == []
    append(path, ("a", "b"), [{"a": 1, "b": "x, y"}])
    append(path, ("a", "b"), [{"a": 2, "b": ""}])
    assert read(path) == [{"a": "1", "b": "x, y"}, {"a": "2", "b": ""}]


def test_a_file_of_an_older_bench_keeps_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    append(path, ("a", "b"), [{"a": 1, "b": 2}])
    append(path, ("a", "new", "b"), [{"a": 3, "new": 9, "b": 4}])
    assert read(path)[1] == {"a": "3", "b": "4"}


def test_a_torn_line_does_not_count_and_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    append(path, ("a", "b", "c"), [{"a": 1, "b": 2, "c": 3}])
    path.write_text(path.read_text() + "4,5")
    assert len(read(path)) == 1
    append(path, ("a", "b", "c"), [{"a": 7, "b": 8, "c": 9}])
    assert [row["a"] for row in read(path)] == ["1", "7"]


def test_columns_add_up_to_a_share() -> None:
    rows = [{"hits": "1", "samples": "8"}, {"hits": "0", "samples": "8"}]
    assert tally(rows, "hits", "samples") == Tally(hits=1, samples=16)
    assert share(Tally(hits=1, samples=16)) == "1/16 [1.1, 28.3]"
