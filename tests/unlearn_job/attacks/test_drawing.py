from __future__ import annotations

import numpy as np
import pytest

from tests.unlearn_job.attacks.targets import target
from unlearn_job.attacks import Candidate
from unlearn_job.attacks.drawing import NoSurrogateError, draw, shown
from unlearn_job.methods.states import token_table
from unlearn_job.methods.tokens import tokenise
from unlearn_job.prompts import Prompt
from unlearn_job.retain import Reading

pytestmark = pytest.mark.torch
COMET = Prompt("a picture of", "captain comet", "")


def test_embeddings_of_the_own_tokens_draw_what_the_text_draws() -> None:
    victim = target()
    tokens = tokenise(victim.tokenizer, COMET)
    table = token_table(victim.edited).weight
    patches = {at: table[tokens.ids[at]] for at in range(tokens.start, tokens.stop)}
    text, soft = Candidate(COMET, 0.0), Candidate(COMET, 0.0, {"text_encoder": Reading(tokens, patches)})
    other = Candidate(Prompt("a picture of", "captain whale", ""), 0.0)
    pixels = draw(victim, victim.edited, [(soft, 5), (text, 5), (other, 5), (text, 6)])
    assert np.abs(pixels[0].astype(int) - pixels[1].astype(int)).max() <= 1
    assert not np.array_equal(pixels[1], pixels[2])
    assert not np.array_equal(pixels[1], pixels[3])


def test_the_two_encoders_draw_differently() -> None:
    victim = target()
    one, two = (
        draw(victim, encoder, [(Candidate(COMET, 0.0), 5)]) for encoder in (victim.base, victim.edited)
    )
    assert not np.array_equal(one, two)


def test_broken_pictures_show_nothing() -> None:
    # An untrained model draws noise, and this judge sees the concept in every picture that is not black.
    victim = target(threshold=-1.0)
    pixels = draw(victim, victim.base, [(Candidate(COMET, 0.0), i) for i in range(4)])
    broken = _broken(pixels)
    flags = shown(victim, victim.base, [(Candidate(COMET, 0.0), i) for i in range(4)])
    assert flags == [not b for b in broken]


def _broken(pixels: np.ndarray) -> list[bool]:
    from unlearn_job.judges.validity import invalid

    return invalid(pixels).tolist()


def test_soft_inputs_need_the_text_to_image_model_and_texts_do_not() -> None:
    victim = target(surrogate=False)
    assert len(draw(victim, victim.edited, [(Candidate(COMET, 0.0), 1)])) == 1
    soft = Candidate(COMET, 0.0, {"text_encoder": Reading(tokenise(victim.tokenizer, COMET))})
    with pytest.raises(NoSurrogateError):
        draw(victim, victim.edited, [(soft, 1)])
