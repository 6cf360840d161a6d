from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from tests.unlearn_job import documents
from unlearn_job.contract.aliases import FoundAlias
from unlearn_job.contract.evidence import Role, Wording
from unlearn_job.contract.figures import (
    ErasureFigures,
    Figures,
    RetentionFigures,
    Tally,
    WorstFigures,
)
from unlearn_job.contract.neighbours import FoundNeighbour
from unlearn_job.contract.trials import AttackTrial
from unlearn_job.probe.report import Picture, ProbeReport, Row
from unlearn_job.report.render import render_report

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]
VOID = {"meta", "img", "br", "path", "use"}
"""Those of SVG close themselves."""


class Page(HTMLParser):
    """Reads a page strictly: every element is closed by its own end tag, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        assert not self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.stack):
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
        base_by_wording={Wording.NAME: tally(40, 40), Wording.ALIAS: tally(24, 24)},
        counted=frozenset((Wording.NAME, Wording.ALIAS)),
        invalid=tally(0, 104),
        base_clips=tally(8, 8),
        clips=tally(0, 40),
        base_positions=(tally(8, 8), tally(7, 8)),
        positions=(tally(0, 40), tally(0, 40)),
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
        worst=WorstFigures(concept=kept.concept, base=kept.base, erased=kept.images),
    )
    pixels = np.zeros((2, 4, 4, 3), np.uint8)
    picture = Picture("cat", Role.ADDED, "a photo of a <cat>", 3, pixels, pixels, True, False)
    found = FoundAlias(digest=documents.DIGEST, name="tabby", shown=tally(11, 12))
    near = FoundNeighbour(
        digest=documents.DIGEST, name="lynx", shown=tally(8, 8), by_text=True, by_image=False
    )
    return ProbeReport(
        figures,
        (erased, kept),
        (picture,),
        {"seed": 0},
        aliases=(found,),
        found_neighbours=(near,),
        phrases={documents.DIGEST: ("<tabby> cta",)},
        parameters={"encoder": 1234567},
        versions={"torch": "2.15.0"},
    )


def attacked(hits: int) -> ProbeReport:
    """Add the trials of two attacks, one of which found nothing to try."""
    trials = (("paraphrase", "", tally(0, 0)), ("words", "a <tabby> boat", tally(hits, 64)))
    return report().attacked(
        tuple(
            AttackTrial(
                digest=documents.DIGEST,
                attack=attack,
                prompt=prompt,
                edited=edited,
                base=tally(2, 64) if prompt else edited,
                named=tally(32, 32),
                plain=tally(0, 32),
                tried=tally(3, 96) if prompt else edited,
                candidates=48 if prompt else 0,
            )
            for attack, prompt, edited in trials
        )
    )


PLACES = {
    "concept": "cat",
    "anchor": "a fish",
    "prompts": 4,
    "layers": [0, 1],
    "parts": ["attention", "mlp"],
    "positions": ["name", "all"],
    "recovered": [[[0.25, 0.5], [0.3, 0.6]], [[0.1, 0.2], [0.4, 1.0]]],
}


def render(report: ProbeReport, *broken: str, **more: Any) -> str:
    return render_report(
        documents.document(**more), report, broken, base_sha256="b" * 64, encoder_sha256="e" * 64
    )


def everything() -> ProbeReport:
    return attacked(1).localised([PLACES])


def test_the_page_stands_alone_and_runs_nothing() -> None:
    text = render(everything())
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "metadata"} & set(page.tags)
    assert {link.partition(",")[0] for link in page.links if not link.startswith("#")} == {
        "data:image/png;base64",
        "data:image/webp;base64",
    }
    inner = [link.removeprefix("#") for link in page.links if link.startswith("#")]
    assert set(inner) <= set(page.ids)
    outside = re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    assert not re.search(r"https?://|@import|@font-face|url\((?!#)", outside)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_no_identifier_stands_twice() -> None:
    ids = Page(render(everything())).ids
    assert ids
    assert len(ids) == len(set(ids))


def test_names_and_prompts_are_text() -> None:
    page = Page(render(everything()))
    assert "<script>alert(1)</script>" in page.text
    assert "a photo of a <cat>" in page.text
    assert "a <tabby> boat" in page.text


def test_a_verdict_is_a_sentence_with_count_interval_gate_and_control() -> None:
    text = Page(render(report())).text
    assert "All gates hold." in text
    assert (
        "cat : held. No longer drawn: the judge sees it in 0 of 64 images (95 % interval 0.0 to 5.7 %) and "
        "in any frame of 0 of 40 clips (0.0 to 8.8 %); the gate allows intervals up to 10 %, and the "
        "unchanged model draws it in 64 of 64 images."
    ) in text
    assert "keeps 96.7 % over the concepts that the erasures name to be kept" in text
    assert "The judge sees it in base images of its siblings: 0.5 % 1 of 200" in text
    assert "broken" not in text


def test_a_broken_gate_is_said_at_the_top_and_in_its_row() -> None:
    text = Page(render(report(hits=9), "residual of dddddddddd in images: 9 of 64")).text
    assert "A gate is broken: this release is never served. residual of dddddddddd" in text
    assert "cat : broken. Still drawn more often than the gate allows: the judge sees it in 9 of 64" in text
    assert "broken at most 10 %" in text


def test_what_identification_found_is_said() -> None:
    text = Page(render(report())).text
    assert "tabby cat 91.7 % 11 of 12, 64.6 to 98.5 % erased as well" in text
    assert "1 phrases that went with cat" in text
    assert "<tabby> cta" in text
    assert "lynx cat 100.0 % 8 of 8, 67.6 to 100.0 % in the encoder" in text


def test_attacks_come_with_their_prompt_and_the_base_as_control() -> None:
    gates = {"attack": {"maxPercent": 10}}
    text = Page(render(attacked(1), gates=gates)).text
    assert (
        "The strongest of 2 attacks by text (words) brings it back in 1 of 64 images (0.3 to 8.3 %), where "
        "the gate allows intervals up to 10 %; the unchanged model draws it for the same prompt in 2 of 64."
    ) in text
    assert "words a <tabby> boat 1.6 % 1 of 64, 0.3 to 8.3 % 3.1 % 2 of 64" in text
    assert "48 prompts, seen in 3 of 96 images" in text
    assert re.search(r"paraphrase (\W ){3}0 prompts", text)
    broken = Page(render(attacked(20), "attack words on dddddddddd", gates=gates)).text
    assert "20 of 64 images (21.2 to 43.4 %)" in broken
    assert "cat : broken. No longer drawn" in broken


def test_without_attacks_it_is_said_that_none_was_made() -> None:
    text = Page(render(report())).text
    assert "None was made: no gate asks for them" in text
    assert "The strongest of" not in text


def test_a_gate_on_attacks_does_not_hold_where_none_was_made() -> None:
    text = Page(render(report(), "attacks: none", gates={"attack": {"maxPercent": 5}})).text
    assert "No attack was made, so the gate on attacks does not hold." in text


def test_the_page_says_how_to_reproduce_it_and_what_it_cost() -> None:
    page = Page(render(report(), seed=7))
    assert "unlearn-job run document.json" in page.text
    assert "unlearn-job verify file:///releases/media.storyboard/releases/" in page.text
    assert "Base encoder " + "b" * 64 in page.text
    assert '"seed": 7' in page.text
    assert "188 images of 25 steps and 48 clips of 16 frames" in page.text
    assert "text encoder: 1234567 parameters" in page.text
    assert "torch 2.15.0" in page.text


def test_charts_show_what_there_is() -> None:
    assert render(report()).count("<svg") == 3  # residual, preserved, frames
    assert render(everything()).count("<svg") == 5  # attacks and localisation as well
    assert 'aria-label="Where the encoder carried cat"' in render(everything())


def test_every_number_is_one_of_probe_json_or_of_the_document() -> None:
    report = everything()
    document = documents.document()
    page = re.sub(r"<(style|pre|svg|head)\b.*?</\1>", "", render(report), flags=re.DOTALL)
    # Digests, the release's key and versions are no measurements.
    text = re.sub(r"\b[0-9a-f]{10,}\b|\d+\.\d+\.\d+", "", Page(page).text)
    allowed = {"95"} | {
        form
        for number in numbers(json.loads(report.to_json()), document.model_dump(mode="json"))
        for form in (f"{number:g}", str(number), f"{100 * number:.1f}", f"{number:.1f}", f"{number:.4f}")
    }
    # Sums over concepts, and how many concepts and attacks there are.
    allowed |= {"188", "48", "1", "2"}
    assert "5.7" in text
    assert set(re.findall(r"(?<![\w.])\d+(?:\.\d+)*(?![\w.])", text)) <= allowed


def numbers(*values: object) -> list[float]:
    found: list[float] = []
    for value in values:
        if isinstance(value, dict):
            found += numbers(*value.values())
        elif isinstance(value, list):
            found += numbers(*value)
        elif isinstance(value, int | float):
            found.append(value)
        elif isinstance(value, str):
            found += [float(text) for text in re.findall(r"\d+(?:\.\d+)?", value)]
    return found


def test_the_same_input_gives_the_same_bytes() -> None:
    assert render(everything()) == render(everything())
