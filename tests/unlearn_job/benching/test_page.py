from __future__ import annotations

import re
from pathlib import Path

from tests.unlearn_job.benching import results as lines
from unlearn_job.benching.page import write_results


def test_one_page_has_charts_and_tables_and_needs_nothing_else(tmp_path: Path) -> None:
    markdown, page = write_results(lines.write(tmp_path))
    text = page.read_text()
    assert text.count("<svg") == 3
    assert "closed-form, Object" in text
    assert "a | b" in text
    assert text.count('<div class="table"><table>') == text.count("<table>") > 0
    assert not re.findall(r"<script|(?:src|href)=\"https?:|url\(http", text)
    assert markdown.read_text().startswith("# Measured")


def test_the_same_lines_give_the_same_bytes(tmp_path: Path) -> None:
    _, page = write_results(lines.write(tmp_path))
    first = page.read_bytes()
    write_results(tmp_path)
    assert page.read_bytes() == first


def test_a_folder_without_results_has_an_empty_page(tmp_path: Path) -> None:
    _, page = write_results(tmp_path)
    assert "<svg" not in page.read_text()
