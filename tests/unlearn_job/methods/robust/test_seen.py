from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.unlearn_job import tiny
from tests.unlearn_job.methods.robust.erased import FEW, erasing, trained
from unlearn_job.attacks.trial import Hit
from unlearn_job.attacks.words import around
from unlearn_job.erasing import Erasing, Pair, erasings
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.found import Found
from unlearn_job.methods.robust.seen import WORDINGS, Seeing
from unlearn_job.methods.robust.worded import PARTS, Worded
from unlearn_job.methods.task import Task
from unlearn_job.prompts import Prompt, Templates, mentions
from unlearn_job.retain import as_reading, kept_concepts

pytestmark = pytest.mark.torch


def _seeing(own: Erasing | None = None, **more: object) -> Seeing:
    return Seeing(Worded(own or erasing(), trained().tokenizer), Config.model_validate({**FEW, **more}))


def _task(*hits: Hit, attack: str = "words", shown: Callable[[Prompt], bool] = lambda _: True) -> Task:
    """Return as much of a task as a search looks at: one attack finds something."""
    return SimpleNamespace(
        encoder=trained().start_encoder,
        component="text_encoder",
        look=lambda name, *_: hits if name == attack else (),
        shows=lambda _erasure, prompts, _seed: [shown(prompt) for prompt in prompts],
    )


def test_what_the_judge_sees_goes_to_the_anchor_unless_the_edit_opened_it() -> None:
    seeing = _seeing()
    old, new = Prompt("a picture of a", "trout kitty", ""), Prompt("", "boat boat", "")
    task = _task(Hit(old, opened=False), Hit(new, opened=True), shown=lambda p: p.phrase == "trout kitty")
    found = seeing.found(task, seed=1)
    assert all(mentions(pair.own.text, ["trout kitty"]) for pair in found.goes)
    # The bare phrase is one of the templates too, which makes room for the prompt that was drawn.
    assert len(found.goes) == WORDINGS * seeing.settings.wordings
    # The first word knows nothing of the others: it stays, as in the wordings of its own.
    assert found.goes[0] == Pair(
        Prompt("a picture of a trout", "kitty", ""), Prompt("a picture of a", "figure", "")
    )
    assert new in found.stays
    # In other wordings too: the edit opens it in more than the one that was drawn, the first of them here.
    assert len([prompt for prompt in found.stays if "boat boat" in prompt.text]) == PARTS
    assert {prompt.phrase for prompt in found.stays} == {"boat boat", "trout", "kitty"}


def test_what_the_base_draws_the_concept_for_goes_without_the_words_around_it() -> None:
    seeing = _seeing()
    hit = Hit(Prompt("a picture of", "trout kitty ice oak", ""), opened=False)
    found = seeing.found(_task(hit, shown=lambda p: mentions(p.text, ["kitty ice", "kitty oak"])), seed=1)
    gone = {pair.own.text for pair in found.goes}
    assert {"trout kitty ice oak", "a picture of trout kitty ice oak"} <= gone
    assert {"kitty oak", "a picture of kitty oak"} <= gone, "the words that draw it, and no fewer"
    assert not {"kitty", "oak"} & gone


@pytest.mark.parametrize("name", ["captain comet", "captain whale"])
def test_what_goes_without_the_words_around_it_is_no_name_and_nothing_kept(name: str) -> None:
    hit = Hit(Prompt("a picture of", name.replace(" ", " oak "), ""), opened=False)
    found = _seeing().found(_task(hit, shown=lambda prompt: prompt.phrase == name), seed=1)
    assert found.goes
    assert not [pair for pair in found.goes if mentions(pair.own.text, [name])]


def test_of_a_word_the_wordings_that_do_not_draw_the_concept_stay() -> None:
    hit = Hit(Prompt("a drawing of a green", "peter", ""), opened=False)
    found = _seeing().found(_task(hit, shown=lambda prompt: prompt.before == ""), seed=1)
    assert {prompt.phrase for prompt in found.stays} == {"peter"}
    assert not [prompt for prompt in found.stays if prompt.before == ""]
    assert [pair.own for pair in found.goes if pair.own.before != ""] == [hit.prompt]


@pytest.mark.parametrize(("before", "behind"), [("trout kitty", ""), ("", "red boat")])
def test_words_beside_a_name_that_the_judge_sees_go_with_it_in_more_wordings(
    before: str, behind: str
) -> None:
    seeing = _seeing()
    hit = Hit(around("a picture of {}", seeing.worded.erasing.erasure.concept, before, behind), opened=True)
    attack = "words-before" if before else "words-behind"
    found = seeing.found(_task(hit, attack=attack), seed=1)
    assert not found.stays, "whoever names the concept asks for it, whatever the base draws"
    assert found.goes[0].own == hit.prompt
    for name in seeing.worded.erasing.names:
        named = [pair for pair in found.goes if pair.own.phrase == name]
        assert seeing.settings.wordings <= len(named) <= seeing.settings.wordings + 1
        for pair in named:
            assert pair.own.text.startswith(before)
            assert pair.own.text.endswith(behind)
            alone = pair.own.text.removeprefix(before).removesuffix(behind).strip()
            assert pair.anchor.text == alone.replace(name, "a figure")


def test_a_misspelt_name_goes_in_more_wordings_unless_the_edit_opened_it() -> None:
    seeing = _seeing()
    old, new = Prompt("a picture of a", "captan comt", ""), Prompt("", "ciptain comet", "")
    task = _task(Hit(old, opened=False), Hit(new, opened=True), attack="misspelling")
    found = seeing.found(task, seed=1)
    assert found.goes[0] == Pair(old, Prompt("a picture of a", "figure", ""))
    assert {pair.own.phrase for pair in found.goes} == {"captan comt"}
    assert len(found.goes) == seeing.settings.wordings + 1
    assert found.stays == (new,)


def test_a_sentence_goes_with_every_name_without_its_own_words() -> None:
    hit = Hit(Prompt("please draw", "captain-comet", "again"), opened=True)
    found = _seeing().found(_task(hit, attack="paraphrase"), seed=1)
    assert [pair.own.text for pair in found.goes] == [
        f"please draw {name} again" for name in ("captain-comet", "captain comet", "comet man")
    ]
    assert {pair.anchor.text for pair in found.goes} == {"a figure"}


def test_of_a_sentence_with_a_style_all_but_the_style_stays() -> None:
    style = tiny.SKETCH.model_copy(update={"anchor": None})
    (own,) = erasings(
        doc := tiny.document(tiny.erasure(style, tiny.COMET)),
        Templates.of(doc),
        trained().start_encoder,
        trained().tokenizer,
        kept_concepts(doc),
    )
    hit = Hit(Prompt("a drawing of a man in please draw", style.name, "style"), opened=False)
    found = _seeing(own).found(_task(hit, attack="paraphrase"), seed=1)
    assert found.goes[0] == Pair(hit.prompt, Prompt("a drawing of a man in please draw", "", ""))


def test_prefixes_that_the_denoiser_finds_go_with_the_name() -> None:
    seeing = _seeing()
    hit = Hit(Prompt("trout deo a picture of", "captain comet", ""), opened=True)
    assert seeing.through_denoiser(_task(hit, attack="prefix"), seed=1) == Found()
    asked = _seeing(through="denoiser")
    found = asked.through_denoiser(_task(hit, attack="prefix"), seed=1)
    assert found == Found((Pair(hit.prompt, Prompt("a picture of", "a figure", "")),))


def test_soft_tokens_that_the_base_draws_go_and_those_that_the_edit_opened_stay() -> None:
    seeing, task = _seeing(), _task()
    vectors = ((1.0, 2.0), (3.0, 4.0))
    read = as_reading(trained().tokenizer, Prompt("", "captain comet", ""), vectors)
    asked = _seeing(soft="denoiser")
    for opened in (False, True):
        hit = Hit(Prompt("", "captain comet", ""), opened, {"text_encoder": read})
        task.look = lambda *_, hit=hit: (hit,)
        found = asked.soft(task, seed=1)
        some = found.opened if opened else found.goes
        assert len(some) == seeing.settings.wordings
        assert {(pair.soft, pair.own.phrase) for pair in some} == {(vectors, "captain comet")}
        assert len(found.inputs) == len(some)
    assert seeing.soft(task, seed=1) == Found()


def test_without_a_judge_nothing_is_drawn() -> None:
    assert _seeing().found(SimpleNamespace(encoder=None, look=None, shows=None), seed=1) == Found()
