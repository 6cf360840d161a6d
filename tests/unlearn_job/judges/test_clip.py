from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig

from lab.testbed.tokenizer import save_tokenizer
from tests.unlearn_job import tiny
from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.judges.clip import ClipJudge
from unlearn_job.judges.judge import ZeroShot
from unlearn_job.prompts import Templates, without_style

pytestmark = pytest.mark.torch

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)


def save(folder: Path) -> None:
    """Write an untrained CLIP for 16 x 16 images."""
    torch.manual_seed(0)
    words = tiny.tokenizer()
    size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = CLIPTextConfig(
        **size,
        vocab_size=len(words),
        max_position_embeddings=24,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )
    vision = CLIPVisionConfig(**size, image_size=16, patch_size=8)
    config = CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=8)
    CLIPModel(config).save_pretrained(folder)
    save_tokenizer(folder)
    processor = {
        "image_processor_type": "CLIPImageProcessor",
        "do_resize": True,
        "size": {"height": 16, "width": 16},
        "do_center_crop": False,
        "do_rescale": True,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))


@pytest.fixture
def judge(tmp_path: Path) -> ClipJudge:
    save(tmp_path)
    return ClipJudge.load(tmp_path, "cpu", Templates.built_in())


def test_looks_have_norm_one(judge: ClipJudge) -> None:
    looks = judge.look(IMAGES)
    assert looks.shape == (4, 8)
    assert torch.allclose(looks.norm(dim=1), torch.ones(4), atol=1e-5)


def test_a_look_that_is_the_concepts_own_text_is_seen_as_it_and_as_nothing_else(judge: ClipJudge) -> None:
    among = (tiny.CAT, tiny.FISH, tiny.WHALE, tiny.MOSAIC)
    for concept in (tiny.CAT, tiny.FISH, tiny.WHALE):
        look = judge._text(judge._prompts(concept))[None]
        seen = {other.name for other in among[:3] if bool(judge.decide(look, other, among))}
        assert seen == {concept.name}


def test_a_picture_of_a_generic_subject_is_none_of_the_concepts(judge: ClipJudge) -> None:
    among = (tiny.CAT, tiny.WHALE)
    man = KeptConcept(name="a man", kind=ConceptKind.PERSON)
    look = judge._text(judge._prompts(man))[None]
    assert not any(bool(judge.decide(look, concept, among)) for concept in among)


def test_styles_compete_with_styles_and_with_no_style(judge: ClipJudge) -> None:
    cat = judge._text(judge._prompts(tiny.CAT))[None]
    with_cat, without_cat = (
        judge.decide(cat, tiny.MOSAIC, among) for among in ((tiny.SKETCH, tiny.CAT), (tiny.SKETCH,))
    )
    assert torch.equal(with_cat, without_cat)
    templates = Templates.built_in().probing(ConceptKind.STYLE)
    plain = judge._text(tuple(without_style(t).text for t in templates))[None]
    assert not bool(judge.decide(plain, tiny.MOSAIC, (tiny.SKETCH,)))


@pytest.mark.parametrize(
    ("kind", "neutral"), [(ConceptKind.SCENE, "a place"), (ConceptKind.ACTION, "standing")]
)
def test_scenes_and_actions_compete_with_their_like(
    judge: ClipJudge, kind: ConceptKind, neutral: str
) -> None:
    """Whoever is in the picture, and does it, makes no difference."""
    erased, other = KeptConcept(name="desert", kind=kind), KeptConcept(name="meadow", kind=kind)
    for concept in (erased, other):
        look = judge._text(judge._prompts(concept))[None]
        seen = [one for one in (erased, other) if bool(judge.decide(look, one, (erased, other, tiny.CAT)))]
        assert seen == [concept]
    nothing = judge._text(judge._prompts(KeptConcept(name=neutral, kind=kind)))[None]
    assert not bool(judge.decide(nothing, erased, (erased, other)))


def test_an_anchor_may_be_an_alternative_without_being_counted_twice(judge: ClipJudge) -> None:
    figure = KeptConcept(name="a figure", kind=ConceptKind.CHARACTER)
    look = judge._text(judge._prompts(figure))[None]
    assert not bool(judge.decide(look, tiny.COMET, (tiny.COMET, figure)))


def test_texts_and_pictures_lie_in_one_space(judge: ClipJudge) -> None:
    assert isinstance(judge, ZeroShot)
    prompts = [f"a drawing of a {word}" for word in ("cat", "fish", "house")]
    texts = judge.texts(prompts)
    assert texts.shape == judge.features(judge.look(IMAGES))[:3].shape
    assert torch.allclose(texts.norm(dim=1), torch.ones(3), atol=1e-5)
    assert torch.allclose(judge.texts(prompts[1:2])[0], texts[1], atol=1e-5)


def test_maps_keep_places_and_leave_the_class_token_out(judge: ClipJudge) -> None:
    (only,) = judge.maps(IMAGES)  # of one layer there is one depth
    assert only.shape == (4, 16, 4)
    moved = np.roll(IMAGES, 8, axis=1)
    assert not torch.allclose(judge.maps(moved)[0], only)
