import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed import judge_classifier as judge  # noqa: E402
from lab.testbed.concepts import BACKGROUNDS, COLOURS, CONCEPTS, PLAIN  # noqa: E402
from lab.testbed.drawings.scene import Scene  # noqa: E402


def said(targets: tuple[list[float], list[float]]) -> tuple[set[str], set[str]]:
    wanted, weight = targets
    told = {label for label, value in zip(judge.LABELS, wanted, strict=True) if value}
    silent = {label for label, value in zip(judge.LABELS, weight, strict=True) if not value}
    return told, silent


def test_labels_begin_with_all_concepts_by_name() -> None:
    model = judge.new_classifier()
    labels = [model.config.id2label[row] for row in range(len(judge.LABELS))]
    assert labels[: len(CONCEPTS)] == [concept.name for concept in CONCEPTS]
    assert model.config.problem_type == "multi_label_classification"


def test_a_plain_object_is_told_with_colour_and_background() -> None:
    assert said(judge.targets(Scene("cat", "red", "night", PLAIN, 1))) == ({"cat", "red", "night"}, set())


def test_a_pencil_drawing_has_a_style_but_no_colour() -> None:
    told, silent = said(judge.targets(Scene("cat", "red", "night", "pencil sketch", 1)))
    assert told >= {"cat", "pencil sketch"}
    assert silent == {*COLOURS, *BACKGROUNDS}


def test_the_nameless_have_no_label_of_their_own() -> None:
    assert said(judge.targets(Scene("man", "red", "desert", PLAIN, 1))) == ({"desert"}, set())


def test_nothing_has_at_most_a_style() -> None:
    assert said(judge.nothing_targets("mosaic"))[0] == {"mosaic"}
    assert said(judge.nothing_targets(PLAIN))[0] == set()


def test_a_generated_nameless_picture_has_no_name_and_no_style_but_its_own() -> None:
    told, silent = said(judge.nameless_targets(Scene("man", "red", "night", "mosaic", 1)))
    assert told == set()
    assert silent == {"mosaic", *COLOURS, *BACKGROUNDS}


def test_it_takes_drawings_of_twice_their_size() -> None:
    images = judge.prepare(torch.rand(2, 3, 32, 32) * 2 - 1)
    assert images.shape == (2, 3, 64, 64)
    assert judge.new_classifier().eval()(images).logits.shape == (2, len(judge.LABELS))
