"""A clip depends on prompt, seed and the encoder that is served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.service import ClipRequest, Service, UnsuitablePipelineError, load_service
from inference.settings import ServerSettings
from tests.inference import releases
from tests.unlearn_job import tiny
from tests.unlearn_job.families import pipelines
from unlearn_job.contract.document import Device
from unlearn_job.encoder import tensor_digest
from unlearn_job.sources import SourceMissingError

pytestmark = pytest.mark.torch

REQUEST = ClipRequest("a drawing of a cat", seed=1, frames=3, steps=2, guidance=2.0)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return releases.save_pipeline(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture(scope="module")
def service(pipeline: Path) -> Service:
    return load_service(settings(pipeline))


def settings(pipeline: Path, **given: object) -> ServerSettings:
    return ServerSettings(pipeline=str(pipeline), device=Device.CPU, **given)  # type: ignore[arg-type]


def test_a_clip_has_the_frames_asked_for(service: Service) -> None:
    frames = service.generate(REQUEST)
    assert frames.shape == (3, 16, 16, 3)
    assert frames.dtype == np.uint8
    assert frames.std() > 0


def test_the_same_request_gives_the_same_frames(service: Service) -> None:
    assert np.array_equal(service.generate(REQUEST), service.generate(REQUEST))


@pytest.mark.parametrize("change", [{"seed": 2}, {"prompt": "a drawing of a boat"}], ids=str)
def test_another_seed_or_prompt_gives_other_frames(service: Service, change: dict[str, object]) -> None:
    other = replace(REQUEST, **change)  # type: ignore[arg-type]
    assert not np.array_equal(service.generate(REQUEST), service.generate(other))


def test_without_an_encoder_the_base_is_served(service: Service) -> None:
    assert service.manifest is None
    assert service.encoder_sha256 == tensor_digest(tiny.encoder())


def test_the_encoder_of_a_release_is_what_draws(pipeline: Path, service: Service, tmp_path: Path) -> None:
    released = load_service(settings(pipeline, text_encoder_path=releases.save_release(tmp_path)))
    assert released.manifest is not None
    assert released.encoder_sha256 == released.manifest.encoder_sha256
    assert not np.array_equal(released.generate(REQUEST), service.generate(REQUEST))


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
def test_both_encoders_of_a_release_draw(tmp_path: Path) -> None:
    pipeline = pipelines.save(pipelines.animate_diff_xl, tmp_path / "xl")
    pair = releases.save_pair(tmp_path / "pair", pipeline)
    base, released = (
        load_service(settings(pipeline)),
        load_service(settings(pipeline, text_encoder_path=pair)),
    )
    assert released.manifest is not None
    assert released.encoder_sha256 == released.manifest.encoder_sha256
    for name in releases.BOTH:
        assert tensor_digest(getattr(released.pipeline, name)) != tensor_digest(getattr(base.pipeline, name))
    assert not np.array_equal(released.generate(REQUEST), base.generate(REQUEST))


def test_a_pipeline_of_images_is_refused(tmp_path: Path) -> None:
    surrogate = tiny.models().surrogate
    assert surrogate is not None
    surrogate.save_pretrained(tmp_path)
    with pytest.raises(
        UnsuitablePipelineError, match="no text-to-video pipeline: it does not take num_frames"
    ):
        load_service(settings(tmp_path))


def test_a_pipeline_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="there is no model at"):
        load_service(settings(tmp_path / "nowhere"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_asked_for_and_missing_is_said_so(pipeline: Path) -> None:
    with pytest.raises(UnsuitablePipelineError, match="no GPU"):
        load_service(ServerSettings(pipeline=str(pipeline), device=Device.CUDA))
