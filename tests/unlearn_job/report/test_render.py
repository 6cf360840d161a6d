from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from tests.unlearn_job import documents
from unlearn_job.contract.figures import ErasureFigures, Figures, RetentionFigures, Tally
from unlearn_job.probe.report import Picture, ProbeReport, Row
from unlearn_job.probe.subjects import Role, Wording
from unlearn_job.report import render_report

pytestmark = pytest.mark.torch
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed by its own end tag, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert not self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def tally(hits: int, samples: int) -> Tally:
    return Tally(hits=hits, samples=samples)


def report(hits: int = 0) -> ProbeReport:
    erased = Row(
        concept="cat",
        kind="Object",
        role=Role.ADDED,
        neighbour=False,
        digest=documents.DIGEST,
        base=tally(64, 64),
        images=tally(hits, 64),
        by_wording={Wording.NAME: tally(hits, 40), Wording.ALIAS: tally(0, 24)},
        invalid=tally(0, 104),
        base_clips=tally(8, 8),
        clips=tally(0, 40),
        false_positives=tally(1, 200),
    )
    kept = Row(
        concept="<script>alert(1)</script>",
        kind="Object",
        role=Role.PRESERVED,
        neighbour=True,
        digest=None,
        base=tally(30, 30),
        images=tally(29, 30),
        by_wording={},
        invalid=tally(0, 30),
    )
    keeps = RetentionFigures(base=kept.base, erased=kept.images)
    figures = Figures(
        erasures=(
            ErasureFigures(
                digest=documents.DIGEST, base=erased.base, images=erased.images, clips=tally(0, 40)
            ),
        ),
        preserved=keeps,
        holdout=keeps,
        neighbours=keeps,
    )
    pixels = np.zeros((2, 4, 4, 3), np.uint8)
    picture = Picture("cat", Role.ADDED, "a photo of a <cat>", 3, pixels, pixels, True, False)
    return ProbeReport(figures, (erased, kept), (picture,), {})


def render(report: ProbeReport, *broken: str, **more: Any) -> str:
    return render_report(
        documents.document(**more), report, broken, base_sha256="b" * 64, encoder_sha256="e" * 64
    )


def test_the_page_stands_alone_and_runs_nothing() -> None:
    text = render(report())
    page = Page(text)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert page.links
    assert {link.partition(",")[0] for link in page.links} == {
        "data:image/png;base64",
        "data:image/webp;base64",
    }
    assert not re.search(r"https?://|@import|url\(", re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL))
    assert "prefers-color-scheme: dark" in text


def test_names_and_prompts_are_text() -> None:
    page = Page(render(report()))
    assert "<script>alert(1)</script>" in page.text
    assert "a photo of a <cat>" in page.text


def test_a_verdict_comes_with_its_counts_and_interval() -> None:
    text = Page(render(report())).text
    assert "All gates hold." in text
    assert "0.0 % 0 of 64, 0.0 to 5.7 %" in text
    assert "by name: 0 of 40; by alias: 0 of 24" in text
    assert "1 of 200 base images of its siblings" in text
    assert "96.7 %" in text
    assert "broken" not in text


def test_a_broken_gate_is_said_at_the_top_and_in_its_row() -> None:
    text = Page(render(report(hits=9), "residual of dddddddddd in images: 9 of 64")).text
    assert "A gate is broken: this release is never served." in text
    assert "residual of dddddddddd in images: 9 of 64" in text
    assert "broken at most 10 %" in text


def test_the_page_says_how_to_reproduce_it() -> None:
    page = Page(render(report(), seed=7))
    assert "unlearn-job run document.json" in page.text
    assert "Base encoder " + "b" * 64 in page.text
    assert '"seed": 7' in page.text
    assert "The probe drew 188 images of 25 steps and 48 clips" in page.text


def test_the_same_input_gives_the_same_bytes() -> None:
    assert render(report()) == render(report())
