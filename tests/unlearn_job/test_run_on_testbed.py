"""The example of examples/job, on the trained testbed: the concept goes, the others stay."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.evidence import Wording
from unlearn_job.contract.probe_document import ProbeDocument
from unlearn_job.contract.result import Outcome
from unlearn_job.contract.sources import Features
from unlearn_job.settings import JobSettings

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "lab" / "testbed" / "models"
pytestmark = pytest.mark.torch


def example(storage: Path) -> JobInput:
    text = (ROOT / "examples" / "job" / "captain-comet.json").read_text()
    document = JobInput.from_json(
        text.replace("file://$PWD/.releases", f"file://{storage}").replace("$PWD", str(ROOT))
    )
    # The fewest samples whose upper bound can hold the default gate: 0 of 35 is at most 9.9 %. Clips are
    # short: the demo draws whole ones.
    less = {
        "images": 36,
        "clips": 36,
        "retention_images": 96,
        "wording_images": 8,
        "image_steps": 4,
        "clip_steps": 4,
        "frames": 2,
    }
    fewer = document.probe.model_copy(update=less)
    features = Features(clip=f"file://{MODELS / 'judge-clip'}", style=f"file://{MODELS / 'judge-classifier'}")
    return document.model_copy(update={"probe": fewer, "features": features})


def test_the_example_takes_the_captain_out_of_images_and_clips(tmp_path: Path) -> None:
    from unlearn_job.run import run

    result = run(example(tmp_path / "releases"), JobSettings(cache_dir=tmp_path / "cache"))
    assert result.outcome is Outcome.BUILT, result.message
    assert result.figures is not None
    (captain,) = result.figures.erasures
    # The positive control: without it "never seen" would prove nothing.
    assert captain.base.rate >= 0.9
    assert captain.images.rate <= 0.02
    assert captain.clips.rate <= 0.05
    assert result.figures.preserved.percent >= 95
    assert result.figures.holdout.percent >= 95
    assert result.figures.worst is not None
    assert result.figures.worst.drop <= 25
    (path,) = (tmp_path / "releases").rglob("probe.json")
    check_evidence(path.read_text())


def check_evidence(text: str) -> None:
    schema = json.loads((ROOT / "docs" / "reference" / "probe.schema.json").read_text())
    jsonschema.validate(json.loads(text), schema, cls=jsonschema.Draft202012Validator)
    found = ProbeDocument.from_json(text)
    captain = found.concepts[0]
    ((digest, phrases),) = [(one.digest, one.phrases) for one in found.phrases]
    assert digest == captain.digest
    assert phrases
    assert "captain comet" not in phrases
    # Two concepts in a prompt: asked of both encoders, and counted only if the base draws the captain so.
    both = captain.by_wording[Wording.COMPOSITIONAL]
    assert both.base.samples == both.images.samples == 8
    assert both.images.hits == 0
    assert captain.by_wording[Wording.NAME].counted
    assert captain.clip_mean is not None
    assert captain.clip_mean.units == 36
    assert captain.reactivation_gap is not None
    # Pictures of what stays moved by far less than pictures of different concepts lie apart.
    assert found.quality is not None
    assert found.quality.drift is not None
    assert found.quality.drift.paired.bootstrap95[1] < 0.2 * found.quality.drift.between
    # In features of models that the document names beside its judge, which reads no text.
    assert found.quality.features == "image embedding of the CLIP model given as features.clip"
    assert found.quality.style == "hidden layers of the ResNetModel given as features.style"
    assert found.quality.fidelity is not None
    assert abs(found.quality.fidelity.change.value) < 0.1 * found.quality.fidelity.base.value
    assert found.quality.cpdm is not None
    assert found.quality.cpdm.erased is not None
    assert found.quality.cpdm.kept is not None
    assert found.quality.cpdm.erased.value > 10 * found.quality.cpdm.kept.value
