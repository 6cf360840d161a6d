"""Only an encoder that is the pipeline's kind, and the manifest's own, gets through."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from inference.released_encoder import EncoderRefusedError, load_released_encoders
from tests.inference import releases
from tests.unlearn_job import tiny
from tests.unlearn_job.families import pipelines
from unlearn_job.contract.manifest import Manifest
from unlearn_job.encoder import ModelUnreadableError, joint_digest, tensor_digest
from unlearn_job.pipelines import PipelineIndex

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PipelineIndex:
    return PipelineIndex(releases.save_pipeline(tmp_path_factory.mktemp("pipeline")))


def load(folder: Path, index: PipelineIndex) -> str | None:
    encoders, manifest = load_released_encoders(folder, index, "text_encoder")
    (encoder,) = encoders.values()
    assert tensor_digest(encoder) == tensor_digest(tiny.encoder(3, 7))
    return manifest.key if manifest else None


def test_a_release_as_fetch_encoder_leaves_it_is_loaded(tmp_path: Path, index: PipelineIndex) -> None:
    assert load(releases.save_release(tmp_path), index) == releases.KEY


def test_the_manifest_may_lie_above_as_in_the_storage(tmp_path: Path, index: PipelineIndex) -> None:
    folder = releases.save_release(tmp_path / "text_encoder")
    (folder / "manifest.json").rename(tmp_path / "manifest.json")
    assert load(folder, index) == releases.KEY


def test_an_encoder_without_a_manifest_is_loaded_as_nobodys_release(
    tmp_path: Path, index: PipelineIndex
) -> None:
    (releases.save_release(tmp_path) / "manifest.json").unlink()
    assert load(tmp_path, index) is None


def test_names_without_the_prefix_of_older_versions_are_the_same_encoder(
    tmp_path: Path, index: PipelineIndex
) -> None:
    tiny.encoder(3, 7).save_pretrained(tmp_path)
    assert load(tmp_path, index) is None


def test_another_architecture_is_refused_and_the_difference_named(
    tmp_path: Path, index: PipelineIndex
) -> None:
    releases.save_release(tmp_path, layers=2)
    with pytest.raises(EncoderRefusedError, match="num_hidden_layers is 2, the pipeline's encoder has 3"):
        load(tmp_path, index)


def test_a_release_of_another_base_is_refused(tmp_path: Path, index: PipelineIndex) -> None:
    releases.save_release(tmp_path, base_seed=5)
    with pytest.raises(EncoderRefusedError, match="was built from the base encoder"):
        load(tmp_path, index)


def test_a_changed_file_is_refused(tmp_path: Path, index: PipelineIndex) -> None:
    releases.save_release(tmp_path)
    weights = tmp_path / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(EncoderRefusedError, match=r"model\.safetensors .* is not the file"):
        load(tmp_path, index)


def test_a_file_that_nobody_vouches_for_is_refused(tmp_path: Path, index: PipelineIndex) -> None:
    (releases.save_release(tmp_path) / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(EncoderRefusedError, match=r"does not list: pytorch_model\.bin"):
        load(tmp_path, index)


def test_a_missing_file_is_refused(tmp_path: Path, index: PipelineIndex) -> None:
    (releases.save_release(tmp_path) / "config.json").unlink()
    with pytest.raises(EncoderRefusedError, match=r"lacks a file of the manifest: config\.json"):
        load(tmp_path, index)


def test_a_broken_manifest_is_refused(tmp_path: Path, index: PipelineIndex) -> None:
    releases.save_release(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(EncoderRefusedError, match="is not the manifest of a release"):
        load(tmp_path, index)


def test_pickled_weights_are_not_loaded(tmp_path: Path, index: PipelineIndex) -> None:
    encoder = tiny.encoder(3, 7)
    (tmp_path / "config.json").write_text(json.dumps(encoder.config.to_dict()))
    torch.save(encoder.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelUnreadableError):
        load(tmp_path, index)


def test_an_empty_folder_is_refused(tmp_path: Path, index: PipelineIndex) -> None:
    with pytest.raises(ModelUnreadableError):
        load(tmp_path, index)


@pytest.fixture(scope="module")
def xl(tmp_path_factory: pytest.TempPathFactory) -> PipelineIndex:
    return PipelineIndex(pipelines.save(pipelines.animate_diff_xl, tmp_path_factory.mktemp("xl")))


@pytest.fixture
def pair(xl: PipelineIndex, tmp_path: Path) -> Path:
    return releases.save_pair(tmp_path, xl.folder)


def test_both_encoders_of_a_release_are_loaded(pair: Path, xl: PipelineIndex) -> None:
    encoders, manifest = load_released_encoders(pair, xl, "text_encoder")
    assert tuple(encoders) == releases.BOTH
    assert manifest is not None
    assert joint_digest(encoders) == manifest.encoder_sha256


def test_the_manifest_of_both_may_lie_above_as_in_the_storage(pair: Path, xl: PipelineIndex) -> None:
    (pair / "text_encoder" / "manifest.json").rename(pair / "manifest.json")
    (pair / "text_encoder_2" / "manifest.json").unlink()
    assert load_released_encoders(pair, xl, "text_encoder")[1] is not None


def test_both_without_a_manifest_are_nobodys_release(pair: Path, xl: PipelineIndex) -> None:
    for name in releases.BOTH:
        (pair / name / "manifest.json").unlink()
    encoders, manifest = load_released_encoders(pair, xl, "text_encoder")
    assert (tuple(encoders), manifest) == (releases.BOTH, None)


def test_half_a_release_is_refused(pair: Path, xl: PipelineIndex) -> None:
    sentence = "has text_encoder and text_encoder_2, and .* holds one encoder"
    with pytest.raises(EncoderRefusedError, match=sentence):
        load_released_encoders(pair / "text_encoder", xl, "text_encoder")
    shutil.rmtree(pair / "text_encoder_2")
    with pytest.raises(EncoderRefusedError, match=r"and .* holds text_encoder$"):
        load_released_encoders(pair, xl, "text_encoder")


def test_encoders_of_two_releases_are_refused(pair: Path, xl: PipelineIndex) -> None:
    path = pair / "text_encoder_2" / "manifest.json"
    other = Manifest.from_json(path.read_bytes()).model_copy(update={"key": "b" * 64})
    path.write_text(other.to_json())
    with pytest.raises(EncoderRefusedError, match="are of different releases"):
        load_released_encoders(pair, xl, "text_encoder")
    path.unlink()
    with pytest.raises(EncoderRefusedError, match="not every encoder"):
        load_released_encoders(pair, xl, "text_encoder")


def test_a_changed_file_of_either_is_refused(pair: Path, xl: PipelineIndex) -> None:
    (pair / "text_encoder_2" / "config.json").write_text("{}")
    with pytest.raises(EncoderRefusedError, match=r"config\.json in .*text_encoder_2 is not the file"):
        load_released_encoders(pair, xl, "text_encoder")


def test_another_base_of_either_is_refused(pair: Path, xl: PipelineIndex, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(xl.folder, other)
    weights = (pair / "text_encoder_2" / "model.safetensors").read_bytes()
    (other / "text_encoder_2" / "model.safetensors").write_bytes(weights)
    with pytest.raises(EncoderRefusedError, match=r"the text_encoder and text_encoder_2 of .* is"):
        load_released_encoders(pair, PipelineIndex(other), "text_encoder")


def test_a_pipeline_without_the_second_is_refused(pair: Path, index: PipelineIndex) -> None:
    with pytest.raises(EncoderRefusedError, match="has text_encoder and text_encoder_2, and"):
        load_released_encoders(pair, index, "text_encoder")
