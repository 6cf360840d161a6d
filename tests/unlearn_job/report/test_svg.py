from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from unlearn_job.report.svg import INK, NEW, PAGE_COLOURS, drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def bars(figure: Figure) -> None:
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=NEW, marker="o")
    axes.set_title("a < b & c", color=INK)


def test_it_is_one_element_that_needs_nothing_outside() -> None:
    text = drawn("chart", "a chart", bars)
    element = ET.fromstring(text)  # noqa: S314 (our own)
    assert element.tag == "svg"
    assert element.get("aria-label") == "a chart"
    assert not re.search(r"https?:|<style|<metadata|<!--|xlink|<\?xml", text)


def test_text_stays_text_in_the_pages_font() -> None:
    text = drawn("chart", "a chart", bars)
    assert "a &lt; b &amp; c" in text
    assert "font-family" not in text
    assert "DejaVu" not in text


def test_colours_are_the_pages() -> None:
    text = drawn("chart", "a chart", bars)
    assert "stroke: var(--new)" in text
    assert "fill: var(--ink)" in text
    assert not [mark for mark in PAGE_COLOURS if mark in text]
    # Nothing else is painted: any other colour would vanish on one of the two papers.
    assert not re.search(r"(?:fill|stroke): #", text)


def test_names_of_any_kind_are_drawn_as_they_are() -> None:
    def named(figure: Figure) -> None:
        figure.subplots().set_title("A$AP and Ke$ha \N{CJK UNIFIED IDEOGRAPH-732B}")

    assert "A$AP and Ke$ha \N{CJK UNIFIED IDEOGRAPH-732B}" in drawn("chart", "a chart", named)


def test_charts_of_one_page_share_no_identifier() -> None:
    one, other = (set(re.findall(r' id="([^"]+)"', drawn(name, "", bars))) for name in ("one", "other"))
    assert one
    assert not one & other


def test_the_label_is_text() -> None:
    text = drawn("chart", '"<script>"', bars)
    assert "<script>" not in text
    assert ET.fromstring(text).get("aria-label") == '"<script>"'  # noqa: S314


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert drawn("chart", "a chart", bars) == drawn("chart", "a chart", bars)
