from __future__ import annotations

import pytest

from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.prompts import BUILT_IN, Templates, fill, mentions, names, without_style

OBJECT, CHARACTER, STYLE = ConceptKind.OBJECT, ConceptKind.CHARACTER, ConceptKind.STYLE


@pytest.mark.parametrize(
    ("template", "name", "kind", "text"),
    [
        ("a photo of a {}", "cat", OBJECT, "a photo of a cat"),
        ("a photo of a {}", "android", OBJECT, "a photo of an android"),
        ("a photo of an {}", "cat", OBJECT, "a photo of a cat"),
        ("a photo of {}", "cat", OBJECT, "a photo of a cat"),
        ("{} at night", "oak", OBJECT, "an oak at night"),
        ("a red {}", "cat", OBJECT, "a red cat"),
        ("a photo of a {}", "a thing", OBJECT, "a photo of a thing"),
        ("look at this {}", "a thing", OBJECT, "look at this thing"),
        ("a photo of {}", "captain comet", CHARACTER, "a photo of captain comet"),
        ("a photo of {}", "a man", CHARACTER, "a photo of a man"),
        ("a poster that shows {}", "a man", CHARACTER, "a poster that shows a man"),
        ("a cat in {} style", "pencil sketch", STYLE, "a cat in pencil sketch style"),
    ],
)
def test_a_name_gets_the_article_that_english_wants(
    template: str, name: str, kind: ConceptKind, text: str
) -> None:
    assert fill(template, name, kind).text == text


def test_a_prompt_remembers_where_the_name_stands() -> None:
    prompt = fill("a photo of {} at night", "captain comet", CHARACTER)
    assert (prompt.before, prompt.phrase, prompt.after) == ("a photo of", "captain comet", "at night")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a cat in {} style", "a cat"),
        ("a cat in {} style at night", "a cat at night"),
        ("a house in the style of {}", "a house"),
        ("a {} picture of a tree", "a picture of a tree"),
        ("a {} image of a boat", "an image of a boat"),
        ("a fish as a {}", "a fish"),
        ("mountains, {}", "mountains"),
        ("{}", ""),
    ],
)
def test_a_prompt_without_its_style_is_still_a_sentence(template: str, text: str) -> None:
    assert without_style(template).text == text


@pytest.mark.parametrize(
    ("text", "found"),
    [("a Cat at night", True), ("a catfish", False), ("kitty, asleep", True), ("a dog", False)],
)
def test_names_are_found_as_whole_words(text: str, *, found: bool) -> None:
    assert mentions(text, ("cat", "kitty")) is found


def test_aliases_belong_to_erased_concepts_alone() -> None:
    assert names(Concept(name="cat", aliases=("kitty",))) == ("cat", "kitty")
    assert names(KeptConcept(name="cat")) == ("cat",)


@pytest.mark.parametrize(
    ("template", "kind", "text"),
    [
        ("a cat in {}", ConceptKind.SCENE, "a cat in a desert"),
        ("a view of the {}", ConceptKind.SCENE, "a view of the desert"),
        ("a man {}", ConceptKind.ACTION, "a man desert"),
    ],
)
def test_a_scene_takes_an_article_and_an_action_none(template: str, kind: ConceptKind, text: str) -> None:
    assert fill(template, "desert", kind).text == text


@pytest.mark.parametrize("kind", ConceptKind)
def test_paraphrases_are_never_trained_on(kind: ConceptKind) -> None:
    templates = Templates.built_in()
    training, held_back = set(templates.training(kind)), set(templates.paraphrases(kind))
    assert held_back
    assert not training & held_back
    assert training | held_back == set(templates.probing(kind)) == set(BUILT_IN[kind])


@pytest.mark.parametrize("kind", ConceptKind)
def test_built_in_templates_are_valid_and_say_each_thing_once(kind: ConceptKind) -> None:
    assert all(template.count("{}") == 1 for template in BUILT_IN[kind])
    assert len(set(BUILT_IN[kind])) == len(BUILT_IN[kind])
