import random

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed import evaluate  # noqa: E402
from lab.testbed.concepts import COLOURS  # noqa: E402
from lab.testbed.judging import Classifier, Clip  # noqa: E402
from lab.testbed.statistics import Share  # noqa: E402


def test_prompts_say_what_they_ask_for() -> None:
    for text, colour, background in evaluate.prompts_for("cat", 16, random.Random(0)):
        assert colour in text
        assert text.startswith("a drawing of a")
        assert bool(background) == any(word in text for word in ("paper", "night", "meadow", "desert"))


def test_characters_have_no_article_and_no_colour() -> None:
    asked = evaluate.prompts_for("captain comet", 8, random.Random(0))
    assert all("drawing of captain comet" in text for text, _, _ in asked)
    assert not any(colour in text for text, _, _ in asked for colour in COLOURS)


def test_a_synonym_stands_in_place_of_the_name() -> None:
    asked = evaluate.prompts_for("cat", 4, random.Random(0), word="kitty")
    assert all("kitty" in text and "cat" not in text for text, _, _ in asked)


def test_pooling_goes_by_the_beginning_of_the_name() -> None:
    shares = {"object cat": Share(1, 2), "object boat": Share(2, 2), "colour red": Share(0, 9)}
    assert evaluate.pooled(shares, "object ") == Share(3, 4)


def test_the_judges_tell_held_out_drawings() -> None:
    shares = evaluate.evaluate_classifier(Classifier(), count=300)
    assert evaluate.pooled(shares, "recall ").value >= 0.97
    assert evaluate.pooled(shares, "silence ").value >= 0.98
    assert evaluate.pooled(evaluate.evaluate_clip(Clip(), count=200), "zero-shot ").value >= 0.93
