from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.methods.robust.erased import FEW, KEPT, document, erasing, trained
from unlearn_job.attacks.screen import encoded
from unlearn_job.contract.concept import Concept
from unlearn_job.encoder import tensor_digest
from unlearn_job.erasing import Pair
from unlearn_job.methods import configs, load
from unlearn_job.methods.checkpoint import Checkpoint, Saved
from unlearn_job.methods.robust import effort, soft
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.found import Found
from unlearn_job.methods.robust.inner import Searching
from unlearn_job.methods.robust.method import NEGATIVES, NoPicturesError, _base_config, _with, moves
from unlearn_job.methods.task import Task
from unlearn_job.nearness import Nearness
from unlearn_job.prompts import Prompt
from unlearn_job.retain import as_sequences
from unlearn_job.unlearn import unlearn

pytestmark = pytest.mark.torch
WORD = Prompt("a picture of", "comet", "")


@pytest.fixture(scope="module")
def encoders() -> tuple[torch.nn.Module, torch.nn.Module]:
    """Return what the base method makes, and what the rounds around it make."""
    plain = document("closed-form", {"negatives": FEW["negatives"]})
    return unlearn(trained(), plain), unlearn(trained(), document())


def test_a_word_of_the_name_that_draws_the_concept_is_kept_by_neither(
    encoders: tuple[torch.nn.Module, torch.nn.Module],
) -> None:
    models = trained()
    nearness = Nearness(models.start_encoder, models.tokenizer, erasing())
    assert float(nearness.of(models.start_encoder, [WORD])[0]) < 1
    for encoder in encoders:
        assert float(nearness.of(encoder, [WORD])[0]) > 1


def test_what_is_kept_moves_little(encoders: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    models = trained()
    kept = [Prompt("a picture of", concept.name, "") for concept in KEPT]
    before, after = (
        encoded(encoder, models.tokenizer, kept).states for encoder in (models.start_encoder, encoders[1])
    )
    name = encoded(
        models.start_encoder, models.tokenizer, [Prompt("a picture of", "captain comet", "")]
    ).states
    gone = encoded(encoders[1], models.tokenizer, [Prompt("a picture of", "captain comet", "")]).states
    assert (after - before).norm(dim=(1, 2)).max() < 0.2 * (gone - name).norm()


@pytest.mark.usefixtures("few_prompts")
def test_a_run_interrupted_behind_a_search_goes_on_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soft, "STEPS", 10)
    # So near that a search finds something, of words and of soft tokens.
    doc = document(parameters={**FEW, "nearness": "1.8", "soft": "encoder"})
    whole, write = tiny.weights(unlearn(trained(), doc)), Checkpoint.write

    def interrupted(self: Checkpoint, saved: Saved) -> None:
        write(self, saved)
        if saved.step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        unlearn(trained(), doc, state=tmp_path)
    monkeypatch.setattr(Searching, "found", None)  # neither search of two rounds is repeated
    resumed = tiny.weights(unlearn(trained(), doc, state=tmp_path))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.usefixtures("few_prompts")
def test_rounds_end_when_as_many_searches_in_a_row_as_asked_find_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comet = Found(goes=(Pair(Prompt("", "comet", ""), Prompt("", "a figure", "")),))
    results = {0: Found(), 1: comet, 2: comet}
    seeds: list[int] = []

    def found(_self: Searching, _encoder: torch.nn.Module, seed: int) -> Found:
        seeds.append(seed)
        return results.get(len(seeds) - 1, Found())

    monkeypatch.setattr(Searching, "found", found)
    unlearn(trained(), document(parameters={**FEW, "rounds": 16, "patience": 3}))
    assert len(seeds) == len(set(seeds)) == 5, "one in vain, one that finds, three that find nothing new"


def test_it_moves_what_its_base_moves() -> None:
    encoder = tiny.encoder()
    for base in ("closed-form", "redirect"):
        named = moves(encoder, Config(base=base))
        method = load(base)
        assert named == method.moves(encoder, configs()[base]())


def test_hard_negatives_are_more_than_its_bases_own_unless_said_otherwise() -> None:
    for base in ("closed-form", "redirect"):
        own = configs()[base]().model_dump()["negatives"]
        assert _base_config(Config(base=base)).model_dump()["negatives"] == NEGATIVES * own > own
        assert _base_config(Config(base=base, negatives=0)).model_dump()["negatives"] == 0


def test_what_stays_for_one_erasure_names_no_other_one() -> None:
    comet, boat = erasing(), erasing(Concept(name="boat"))
    task = Task(
        encoder=trained().start_encoder,
        start=trained().start_encoder,
        tokenizer=trained().tokenizer,
        erasing=(comet, boat),
        retain=(),
        negatives=None,
        seed=0,
        shots=None,
        surrogate=None,
    )
    stays = tuple(Prompt("", phrase, "") for phrase in ("red boats", "red boat", "red fish"))
    known = {comet.erasure.digest: Found(stays=stays), boat.erasure.digest: Found()}
    held = _with(task, known).retain
    assert held == tuple(as_sequences(task.tokenizer, [stays[0], stays[2]]))


@pytest.mark.usefixtures("few_prompts")
def test_soft_tokens_are_trained_and_erased_in_the_encoder() -> None:
    models, few = trained(), {"rounds": 2, "patience": 1, "negatives": 40, "wordings": 2, "candidates": 16}
    few |= {"greedy": 0, "found": 1}
    plain, softly = (
        unlearn(models, document(parameters={**few, "soft": where})) for where in ("none", "encoder")
    )
    assert tensor_digest(plain) != tensor_digest(softly)


@pytest.mark.usefixtures("few_prompts")
def test_what_is_searched_through_the_denoiser_is_drawn_and_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge sees the concept in everything that is not black: each round finds all that it draws."""
    monkeypatch.setattr(effort, "STEPS", 2)
    few = {"rounds": 2, "candidates": 16, "greedy": 0, "found": 1, "wordings": 2, "judged": 1, "negatives": 4}
    models, eyes = tiny.models(), tiny.Eyes(threshold=0.0)
    found = [
        unlearn(
            models,
            tiny.document(
                tiny.erasure(tiny.COMET, tiny.WHALE, tiny.MOSAIC), method="robust", parameters={**few, **more}
            ),
            eyes,
        )
        for more in ({}, {"through": "denoiser"}, {"soft": "denoiser"})
    ]
    assert len({tensor_digest(encoder) for encoder in found}) == 3


def test_without_a_judge_nothing_is_searched_through_the_denoiser() -> None:
    doc = tiny.document(
        tiny.erasure(tiny.COMET, tiny.WHALE), method="robust", parameters={"through": "denoiser"}
    )
    with pytest.raises(NoPicturesError, match="takes a judge and a document of one encoder"):
        unlearn(tiny.models(), doc)


@pytest.mark.usefixtures("few_prompts")
def test_redirect_can_be_the_base() -> None:
    doc = tiny.document(
        tiny.erasure(tiny.COMET, tiny.WHALE, tiny.MOSAIC),
        method="robust",
        parameters={"base": "redirect", "rounds": 1, "negatives": 4, "candidates": 40, "greedy": 1},
    )
    models = tiny.models()
    before = tiny.weights(models.start_encoder)
    after = tiny.weights(unlearn(models, doc))
    assert any(not torch.equal(before[name], after[name]) for name in before)
