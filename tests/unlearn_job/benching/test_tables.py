from __future__ import annotations

from pathlib import Path

from tests.unlearn_job.benching import results as lines
from unlearn_job.benching.tables import Results, by_attack, by_kind, by_method, by_run, markdown, percent


def results(tmp_path: Path) -> Results:
    return Results.of(lines.write(tmp_path))


def test_runs_of_a_method_are_pooled(tmp_path: Path) -> None:
    heading, rule, first, second = by_method(results(tmp_path).runs).splitlines()
    assert heading.count("|") == rule.count("|") == first.count("|")
    assert first.startswith("| closed-form | 2 | 2/128 ")
    assert "162/200 [75.0, 85.8], 90.0 % of base" in first
    assert first.endswith("| 90 % of base | fish 50 % | 5.5 to 5.5 | 700 |")
    assert second.startswith("| few-shot | 1 | 30/64 ")


def test_kinds_leave_out_runs_of_several(tmp_path: Path) -> None:
    rows = by_kind(results(tmp_path)).splitlines()[2:]
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| closed-form, Object", "1"],
        ["| few-shot, Object", "1"],
    ]


def test_a_file_without_memory_is_read_too(tmp_path: Path) -> None:
    runs = [
        {name: text for name, text in row.items() if name != "peakMebibytes"}
        for row in results(tmp_path).runs
    ]
    assert by_method(runs).splitlines()[2].endswith("| - |")


def test_what_a_prompt_holds_breaks_no_table(tmp_path: Path) -> None:
    row = by_attack(results(tmp_path).attacks).splitlines()[2]
    assert "| 3/8 [13.7, 69.4] | 8/8 " in row
    assert "a \\| b" in row


def test_the_page_has_all_tables(tmp_path: Path) -> None:
    found = results(tmp_path)
    text = markdown(found)
    assert by_run(found.runs) in text
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## Methods", "## Methods, kind by kind", "## Runs", "## Kept concepts", "## Attacks"]
    assert "| fish | closed-form | 20/24 " in text
    assert round(percent(found.runs, "preserved")) == 90
