from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from tests.unlearn_job import folders, tiny  # noqa: E402
from unlearn_job.contract.gates import Gates, ResidualGate  # noqa: E402
from unlearn_job.encoder import save_encoder  # noqa: E402
from unlearn_job.judges.judge import Judge  # noqa: E402
from unlearn_job.models import Models  # noqa: E402
from unlearn_job.probing import answered, probed  # noqa: E402
from unlearn_job.settings import JobSettings  # noqa: E402


def test_an_encoder_is_measured_and_held_to_the_gates(tiny_models: Path, tmp_path: Path) -> None:
    save_encoder(tiny.encoder(seed=5), tmp_path / "other", torch.float32)
    document = folders.document(
        tiny_models, f"file://{tmp_path}", gates=Gates(residual=ResidualGate(max_percent=10))
    )
    found = probed(document, f"file://{tmp_path / 'other'}", JobSettings(cache_dir=tmp_path / "cache"))
    (erasure,) = found.report.figures.erasures
    # The judge of these models sees a cat in everything.
    assert erasure.images.hits == erasure.images.samples > 0
    assert any("residual" in sentence for sentence in found.broken)
    lines = found.text().splitlines()
    assert f"still shown by {erasure.images.hits} of {erasure.images.samples} images" in lines[0]
    assert lines[-1].strip() == found.broken[-1]
    (pace,) = [line for line in lines if line.startswith("  drew ")]
    assert pace.endswith(" clips a second with the new encoder")


def test_what_runs_out_of_memory_is_asked_again_with_a_leaner_plan(tiny_models: Path, tmp_path: Path) -> None:
    plans: list[str] = []

    def ask(models: Models, judge: Judge) -> str:
        plans.append(str(models.plan))
        if len(plans) == 1:
            raise MemoryError
        return "answered"

    document = folders.document(tiny_models, f"file://{tmp_path}")
    settings = JobSettings(cache_dir=tmp_path / "cache")
    assert answered(document, settings, ask) == "answered"
    first, second = plans
    assert first != second
