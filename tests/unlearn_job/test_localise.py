from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import CLIPTextModel, CLIPTokenizer

from tests.unlearn_job import tiny
from tests.unlearn_job.families.readers import Encoder, clip, erasing, sdxl, t5, umt5
from unlearn_job.contract.concept import Concept, ConceptKind
from unlearn_job.localise import Localisation, Part, Positions, localise, localised

pytestmark = pytest.mark.torch

T2I = Path(__file__).parents[2] / "lab" / "testbed" / "models" / "t2i"
ANY = pytest.mark.parametrize("build", [clip, sdxl, t5, umt5])


@ANY
def test_positions_share_what_the_last_layer_holds(build: Callable[[Path], Encoder], tmp_path: Path) -> None:
    encoder, words = build(tmp_path)
    found = localise(encoder, words, erasing(), prompts=3)
    singles = [p for p in found.positions if p is not Positions.ALL]
    last = [found.of(Part.RESIDUAL, positions)[-1] for positions in singles]
    # Behind the last layer no position sees another one.
    assert sum(last) == pytest.approx(1.0, abs=1e-6)
    assert all(0.0 <= x <= 1.0 for table in found.recovered for row in table for x in row)
    assert (Positions.EARLIER in found.positions) == (build in (t5, umt5))


def test_the_encoder_is_left_as_it_was(tmp_path: Path) -> None:
    encoder, words = t5(tmp_path)
    forwards = {name for name, module in encoder.named_modules() if "forward" in module.__dict__}
    localise(encoder, words, erasing(), prompts=1)
    assert not forwards
    assert not [name for name, module in encoder.named_modules() if "forward" in module.__dict__]


def test_a_concept_that_is_its_anchor_has_no_place() -> None:
    same = erasing("captain comet")
    found = localise(tiny.encoder(), tiny.tokenizer(), dataclasses.replace(same, pairs=same.pairs[:2]))
    assert not any(x for table in found.recovered for row in table for x in row)


def test_a_style_that_turns_into_nothing_has_places() -> None:
    models = tiny.models(surrogate=False)
    (found,) = localised(models, tiny.document(tiny.erasure(tiny.SKETCH, tiny.FISH)))
    assert found.anchor is None
    assert found.of(Part.RESIDUAL, Positions.ALL)[-1] == 1.0


def test_the_table_goes_into_json_with_its_labels() -> None:
    found = localise(tiny.encoder(), tiny.tokenizer(), erasing())
    plain = json.loads(json.dumps(found.as_json()))
    assert plain["concept"] == "captain comet"
    assert plain["parts"] == ["attention", "mlp", "residual"]
    assert plain["positions"][-1] == "all"
    assert plain["layers"] == [0, 1, 2]
    assert [len(plain["recovered"]), len(plain["recovered"][0]), len(plain["recovered"][0][0])] == [3, 4, 3]
    assert plain["recovered"][2][-1][-1] == 1.0


@pytest.fixture(scope="module")
def trained() -> Localisation:
    encoder = CLIPTextModel.from_pretrained(T2I / "text_encoder", dtype=torch.float32).eval()
    encoder.requires_grad_(requires_grad=False)
    words = CLIPTokenizer.from_pretrained(T2I / "tokenizer")
    models = dataclasses.replace(
        tiny.models(), base_encoder=encoder, start_encoder=encoder, tokenizer=words, surrogate=None
    )
    berg = Concept(name="anna berg", kind=ConceptKind.PERSON, aliases=("miss berg",), anchor="a woman")
    started = time.monotonic()
    (found,) = localised(models, tiny.document(tiny.erasure(berg, tiny.WHALE, tiny.FISH)))
    assert time.monotonic() - started < 10  # 2 s where nothing else runs
    return found


def test_the_first_attention_of_the_trained_encoder_spreads_a_name_over_the_prompt(
    trained: Localisation,
) -> None:
    attention = trained.of(Part.ATTENTION, Positions.ALL)
    assert attention[0] > 0.8
    assert max(attention[1:]) < 0.4
    name, end = (trained.of(Part.RESIDUAL, at) for at in (Positions.NAME, Positions.END))
    assert name[0] > name[-1]
    assert end[0] < end[-1]
    assert trained.of(Part.RESIDUAL, Positions.ALL)[-1] == 1.0
