from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from transformers import CLIPTokenizer, PreTrainedModel

from tests.unlearn_job import tiny
from tests.unlearn_job.families import texts
from unlearn_job.conditioning import Conditioning
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.methods import thinning
from unlearn_job.methods.states import hidden_states
from unlearn_job.methods.thinning import PADDING, SPARSEST, WHOLE, cut, row_weights, thinned
from unlearn_job.methods.tokens import Tokens, stack, tokenise
from unlearn_job.prompts import fill
from unlearn_job.unlearn import unlearn

pytestmark = pytest.mark.torch

SD = Conditioning()


def prompt(words: int, length: int = 77) -> Tokens:
    ids = (9, *range(20, 20 + words), *([8] * (length - words - 1)))
    return Tokens(ids, start=1, stop=2, end=words + 1, first=1, last=length, pad=8)


def test_a_long_padding_is_cut_behind_the_second() -> None:
    short = cut(prompt(5), SD)
    assert (len(short.ids), short.last, short.end) == (7 + PADDING, 7 + PADDING, 6)
    assert len(cut(prompt(5), SD, end=9).ids) == 10 + PADDING


@pytest.mark.parametrize(
    ("tokens", "reads"),
    [
        (prompt(5, length=24), SD),
        (prompt(60), SD),
        (prompt(5), Conditioning(causal=False)),
        (prompt(5), Conditioning(masked=True, end=8)),
        (prompt(5), Conditioning(padding=False)),
    ],
)
def test_little_padding_and_padding_that_others_see_stay(tokens: Tokens, reads: Conditioning) -> None:
    assert cut(tokens, reads) is tokens
    assert [one.tokens for one in thinned([tokens] * 40, reads)] == [tokens] * 40
    assert row_weights(thinned([tokens] * 40, reads), len(tokens.ids)) is None


@pytest.mark.parametrize("count", [1, WHOLE, 5 * WHOLE, 2 * SPARSEST * WHOLE])
def test_every_position_counts_as_much_as_before(count: int) -> None:
    prompts = [prompt(3 + index % 7) for index in range(count)]
    found = thinned(prompts, SD)
    weights = row_weights(found, 77)
    total = torch.zeros(77, dtype=torch.float64)
    for row, one in enumerate(found):
        own = torch.ones(77, dtype=torch.float64) if weights is None else weights[row]
        total += own * (torch.arange(77) < len(one.tokens.ids))
    whole = [one for one in found if len(one.tokens.ids) == 77]
    assert len(whole) >= min(count, WHOLE)
    assert total[:4].tolist() == [count] * 4
    # Of prompts of different lengths, the whole ones are a sample.
    assert total[20:].tolist() == pytest.approx([count] * 57, abs=SPARSEST)


@pytest.fixture
def long(tmp_path: Path) -> tuple[PreTrainedModel, CLIPTokenizer]:
    words = texts.clip_tokenizer(tmp_path)
    words.model_max_length = 77
    return texts.clip(words), words


@torch.no_grad()
def test_what_is_run_keeps_its_states(long: tuple[PreTrainedModel, CLIPTokenizer]) -> None:
    encoder, words = long
    whole = tokenise(words, fill("a picture of {}", "captain comet", ConceptKind.CHARACTER))
    short = cut(whole, SD)
    assert (len(whole.ids), len(short.ids)) == (77, whole.end + 1 + PADDING)
    states = hidden_states(encoder, stack([short]))
    assert torch.allclose(states, hidden_states(encoder, stack([whole]))[:, : len(short.ids)], atol=1e-5)


@torch.no_grad()
@pytest.mark.usefixtures("few_prompts")
def test_an_edit_from_thinned_prompts_holds_at_every_padding(
    long: tuple[PreTrainedModel, CLIPTokenizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, words = long
    models = dataclasses.replace(
        tiny.models(surrogate=False), base_encoder=encoder, start_encoder=encoder, tokenizer=words
    )
    doc = tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE, tiny.FISH), parameters={"negatives": 64})
    thin = unlearn(models, doc)
    monkeypatch.setattr(thinning, "LONG", 1000)
    full = unlearn(models, doc)
    own, goal, kept = (
        stack([tokenise(words, fill("a picture of {}", name, ConceptKind.CHARACTER))])
        for name in ("captain comet", "a figure", "captain whale")
    )
    way = (hidden_states(encoder, own) - hidden_states(encoder, goal))[0].norm(dim=1)
    for positions in (slice(4, 12), slice(12, 40), slice(40, 77)):
        left, drift = (
            [
                float((hidden_states(edited, ids) - hidden_states(encoder, wanted))[0, positions].norm())
                / float(way[positions].norm())
                for edited in (full, thin)
            ]
            for ids, wanted in ((own, goal), (kept, kept))
        )
        assert left[1] < left[0] + 0.1
        assert left[1] < 0.7
        # Random weights: nothing that trained ones have makes paddings alike, and the drift is large anyhow.
        assert drift[1] < 1.5 * drift[0] + 0.05
