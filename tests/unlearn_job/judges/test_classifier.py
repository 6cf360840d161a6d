from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ResNetConfig, ResNetForImageClassification

from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.judges.classifier import ClassifierJudge
from unlearn_job.judges.judge import Featured, UnknownConceptError, ZeroShot

pytestmark = pytest.mark.torch

LABELS = ("cat", "Captain_Comet", "mosaic")
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)


def save(folder: Path, problem_type: str, biases: tuple[float, ...]) -> ClassifierJudge:
    """Write and load a classifier whose logits are its biases."""
    config = ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8],
        depths=[1],
        layer_type="basic",
        problem_type=problem_type,
        id2label=dict(enumerate(LABELS)),
        label2id={label: i for i, label in enumerate(LABELS)},
    )
    model = ResNetForImageClassification(config)
    with torch.no_grad():
        model.classifier[1].weight.zero_()
        model.classifier[1].bias.copy_(torch.tensor(biases))
    model.save_pretrained(folder)
    processor = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": 32, "width": 32},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return ClassifierJudge.load(folder, "cpu")


def _seen(judge: ClassifierJudge, name: str, kind: ConceptKind = ConceptKind.OBJECT) -> list[bool]:
    return judge.sees(IMAGES, KeptConcept(name=name, kind=kind), ()).tolist()


def test_several_labels_may_hold_at_once(tmp_path: Path) -> None:
    judge = save(tmp_path, "multi_label_classification", (2.0, -2.0, 1.0))
    assert _seen(judge, "cat") == [True] * 5
    assert _seen(judge, "mosaic", ConceptKind.STYLE) == [True] * 5
    assert _seen(judge, "captain comet", ConceptKind.CHARACTER) == [False] * 5


def test_of_single_labels_the_largest_wins(tmp_path: Path) -> None:
    judge = save(tmp_path, "single_label_classification", (2.0, -2.0, 1.0))
    assert _seen(judge, "cat") == [True] * 5
    assert _seen(judge, "mosaic", ConceptKind.STYLE) == [False] * 5


def test_labels_are_found_whatever_their_case_and_hyphens(tmp_path: Path) -> None:
    judge = save(tmp_path, "multi_label_classification", (-1.0, 3.0, -1.0))
    assert _seen(judge, "captain comet", ConceptKind.CHARACTER) == [True] * 5


def test_a_concept_without_a_label_is_refused_by_name(tmp_path: Path) -> None:
    judge = save(tmp_path, "multi_label_classification", (0.0, 0.0, 0.0))
    with pytest.raises(UnknownConceptError, match="'dragon'"):
        _seen(judge, "dragon")


def test_features_stand_behind_the_labels_and_change_no_verdict(tmp_path: Path) -> None:
    judge = save(tmp_path, "single_label_classification", (2.0, -2.0, 1.0))
    assert isinstance(judge, Featured)
    assert not isinstance(judge, ZeroShot)
    looks = judge.look(IMAGES).clone()
    features = judge.features(looks)
    assert features.shape == (5, 8)
    assert looks.shape == (5, len(LABELS) + 8)
    assert not torch.allclose(features[0], features[1])
    # Features larger than any probability are no label.
    looks[:, len(LABELS) :] = 100.0
    assert judge.decide(looks, KeptConcept(name="cat"), ()).tolist() == [True] * 5
