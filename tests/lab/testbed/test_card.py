from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed import card  # noqa: E402
from lab.testbed.concepts import CONCEPTS  # noqa: E402
from lab.testbed.statistics import Share  # noqa: E402


def test_figures_come_back_as_they_were_kept(tmp_path: Path) -> None:
    figures = {"images": {"object cat": Share(47, 48)}}
    card.save_figures(figures, tmp_path / "figures.json")
    assert card.load_figures(tmp_path / "figures.json") == figures


def test_a_measurement_holds_unless_chance_cannot_explain_it() -> None:
    assert card.holds(Share(45, 48), Share(48, 48))
    assert not card.holds(Share(20, 48), Share(48, 48))


def test_the_card_shows_its_figures(tmp_path: Path) -> None:
    figures = card.load_figures()
    card.write_card(figures, tmp_path / "card.md")
    assert (tmp_path / "card.md").read_text("utf-8") == card.CARD.read_text("utf-8")
    for share in card.summary(figures).values():
        assert str(share) in card.CARD.read_text("utf-8")


def test_every_concept_was_measured_in_images_and_clips() -> None:
    figures = card.load_figures()
    for concept in CONCEPTS:
        kind = concept.kind.value.lower()
        assert figures["images"][f"{kind} {concept.name}"].trials >= 40
        assert figures["images"][f"synonym {concept.synonym}"].trials >= 20
        assert figures["clips"][f"any frame {kind} {concept.name}"].trials >= 8
