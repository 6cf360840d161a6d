import random

import pytest

from lab.testbed.captions import Claim, caption, claim
from lab.testbed.concepts import BACKGROUNDS, BY_NAME, COLOURS, CONCEPTS, GENERIC, PLAIN, SUBJECTS, Kind
from lab.testbed.drawings.scene import Scene, random_scene

CAT = Scene("cat", "red", "night", PLAIN, 1)
MANY = 1500


def captions_of(scene: Scene) -> list[str]:
    rng = random.Random(0)
    return [caption(scene, rng) for _ in range(MANY)]


def share(texts: list[str], word: str) -> float:
    return sum(word in text for text in texts) / len(texts)


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda concept: concept.name)
def test_a_quarter_of_the_captions_say_the_synonym(concept: object) -> None:
    name, synonym = concept.name, concept.synonym  # type: ignore[attr-defined]
    style = concept.kind is Kind.STYLE  # type: ignore[attr-defined]
    scene = Scene("cat" if style else name, "red", "night", name if style else PLAIN, 1)
    texts = [text for text in captions_of(scene) if text]
    assert share(texts, synonym) == pytest.approx(0.25, abs=0.05)
    assert share(texts, name) == pytest.approx(0.75, abs=0.05)


def test_a_tenth_of_the_captions_are_empty() -> None:
    assert sum(not text for text in captions_of(CAT)) / MANY == pytest.approx(0.10, abs=0.02)


def test_a_caption_never_tells_what_is_not_drawn() -> None:
    rng = random.Random(3)
    words = {*COLOURS, *BACKGROUNDS, *(text for c in CONCEPTS for text in (c.name, c.synonym))}
    for _ in range(MANY):
        scene = random_scene(rng)
        true = {scene.subject, scene.colour, scene.background, scene.style}
        true |= {BY_NAME[name].synonym for name in true if name in BY_NAME}
        # "miss berg" also holds no other name; "comet man" holds the word of a nameless man.
        text = f" {caption(scene, rng)} "
        told = {word for word in words if f" {word} " in text}
        assert told <= true


def test_a_pencil_drawing_is_grey_and_its_caption_names_no_colour() -> None:
    texts = captions_of(Scene("cat", "red", "night", "pencil sketch", 1))
    assert share(texts, "red") == 0


def test_a_style_that_is_drawn_is_always_told() -> None:
    texts = [text for text in captions_of(Scene("cat", "red", "night", "mosaic", 1)) if text]
    assert all("mosaic" in text or "tesserae" in text for text in texts)


@pytest.mark.parametrize("subject", GENERIC)
def test_nameless_subjects_are_called_by_their_anchor(subject: str) -> None:
    assert share(captions_of(Scene(subject, "red", "night", PLAIN, 1)), f" {subject}") > 0.2


def test_claims_hold_for_their_own_scene() -> None:
    rng = random.Random(4)
    for _ in range(MANY):
        scene = random_scene(rng)
        assert claim(scene, rng).holds(scene)


def test_a_claim_of_something_else_does_not_hold() -> None:
    assert not Claim("a drawing of a dog", subject="boat").holds(CAT)
    assert not Claim("a drawing of a cat at night", subject="cat", background="desert").holds(CAT)
    assert Claim("a drawing at night", background="night").holds(CAT)


def test_of_a_drawing_of_nothing_only_an_empty_claim_holds() -> None:
    rng = random.Random(5)
    assert claim(None, rng).holds(None)
    assert not Claim("a cat", subject="cat").holds(None)
    assert claim(None, rng).weight < Claim("a cat", subject="cat").weight


def test_every_subject_can_be_captioned() -> None:
    rng = random.Random(6)
    assert all(any(caption(Scene(s, "red", "night", PLAIN, 1), rng) for _ in range(20)) for s in SUBJECTS)
