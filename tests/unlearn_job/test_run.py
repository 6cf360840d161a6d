"""The whole Job on untrained models: what is published, what a repetition does, and what failures leave."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from structlog.testing import capture_logs
from transformers import CLIPTextModel

from tests.unlearn_job import folders, tiny
from unlearn_job.contract.document import ParentRelease
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.encoder import load_encoder, tensor_digest
from unlearn_job.run import run
from unlearn_job.settings import JobSettings
from unlearn_job.store import Store, open_store
from unlearn_job.store.release import download_encoder, read_manifest, release_prefix

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]
STRICT = {"residual": {"max_percent": 0}, "retention": {"min_percent": 0}}


@pytest.fixture
def settings(tmp_path: Path) -> JobSettings:
    return JobSettings(cache_dir=tmp_path / "cache", termination_log=tmp_path / "message")


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"file://{tmp_path / 'releases'}"


def published(store: Store, result: JobResult) -> dict[str, bytes]:
    prefix = release_prefix("tiny", result.key)
    manifest = read_manifest(store, prefix, result.manifest_sha256)
    found = {entry.name.removeprefix(f"{prefix}/"): store.read(entry.name) for entry in store.list(prefix)}
    assert found.keys() == {file.path for file in manifest.files} | {"manifest.json"}
    for file in manifest.files:
        assert hashlib.sha256(found[file.path]).hexdigest() == file.sha256
        assert len(found[file.path]) == file.size
    return found


def test_a_release_is_built_published_and_answered_again(
    tiny_models: Path, settings: JobSettings, uri: str, tmp_path: Path
) -> None:
    document = folders.document(tiny_models, uri)
    result = run(document, settings)
    assert result.outcome is Outcome.BUILT
    assert set(result.seconds) == {"load", "identify", "localise", "unlearn", "probe", "report", "publish"}
    store = open_store(uri)
    files = published(store, result)
    assert set(files) == {
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "probe.json",
        "report.html",
        "provenance.json",
        "manifest.json",
    }
    # Probed, hashed and served are one: what a plain reader loads has the digest of the result.
    prefix = release_prefix("tiny", result.key)
    manifest = read_manifest(store, prefix)
    download_encoder(store, prefix, manifest, tmp_path / "fetched")
    served = CLIPTextModel.from_pretrained(tmp_path / "fetched")
    assert tensor_digest(served) == result.encoder_sha256 == manifest.encoder_sha256
    assert result.base_sha256 == tensor_digest(tiny.encoder()) != result.encoder_sha256
    assert manifest.result.figures == result.figures
    assert [erasure.concept for erasure in manifest.erasures] == ["cat"]
    assert not [*settings.cache_dir.glob("release-*")]
    # A repetition answers without a model in sight.
    elsewhere = folders.changed(document, base={"pipeline": "file:///gone"})
    with capture_logs() as lines:
        assert run(elsewhere, settings) == result
    assert [line["event"] for line in lines] == ["release is published already"]


def test_the_same_input_gives_the_same_bytes(
    tiny_models: Path, settings: JobSettings, tmp_path: Path
) -> None:
    found = []
    uri = f"file://{tmp_path / 'releases'}"
    for name in ("one", "two"):
        result = run(folders.document(tiny_models, uri), settings)
        found.append(published(open_store(uri), result))
        (tmp_path / "releases").rename(tmp_path / name)
    assert found[0].keys() == found[1].keys()
    # Only the manifest may differ: the result in it has the seconds.
    assert {name for name in found[0] if found[0][name] != found[1][name]} <= {"manifest.json"}


@pytest.mark.s3
def test_a_broken_gate_is_published_to_s3_and_says_so(
    tiny_models: Path, settings: JobSettings, s3_environment: Any
) -> None:
    uri = f"s3://{s3_environment.bucket}/gate"
    storage = {"uri": uri, "endpoint": s3_environment.endpoint}
    result = run(folders.document(tiny_models, uri, gates=STRICT, storage=storage), settings)
    assert result.outcome is Outcome.GATE_FAILED
    assert result.message.startswith("residual of ")
    files = published(open_store(uri, endpoint=s3_environment.endpoint), result)
    assert b"A gate is broken" in files["report.html"]


def test_a_concept_that_the_model_does_not_draw_publishes_nothing(
    tiny_models: Path, settings: JobSettings, uri: str, tmp_path: Path
) -> None:
    folders.save_judge(tmp_path / "blind", sees="fish")
    judge = {"type": "classifier", "source": f"file://{tmp_path / 'blind'}"}
    document = folders.document(tiny_models, uri, judge=judge)
    result = run(document, settings)
    assert result.outcome is Outcome.NOT_PRESENT
    assert result.not_present == (document.adds[0].digest,)
    assert result.message == "the base model does not draw cat"
    assert result.manifest_sha256 is None
    assert not (tmp_path / "releases").exists()


def test_a_second_erasure_builds_on_the_first(
    tiny_models: Path, settings: JobSettings, uri: str, tmp_path: Path
) -> None:
    first = run(folders.document(tiny_models, uri), settings)
    assert first.manifest_sha256 is not None
    judge = {"type": "classifier", "source": f"file://{tmp_path / 'judge'}"}
    # A style, because this judge sees the same in everything: another thing would be its false positive.
    folders.save_judge(tmp_path / "judge", sees="pencil sketch")
    document = folders.document(
        tiny_models,
        uri,
        tiny.erasure(tiny.SKETCH),
        parent=ParentRelease(key=first.key, manifest_sha256=first.manifest_sha256),
        holds=(tiny.erasure(tiny.CAT),),
        judge=judge,
    )
    second = run(document, settings)
    assert second.outcome is Outcome.BUILT
    assert second.base_sha256 == first.base_sha256
    assert second.encoder_sha256 != first.encoder_sha256
    manifest = read_manifest(open_store(uri), release_prefix("tiny", second.key))
    assert manifest.parent == first.key
    assert [erasure.concept for erasure in manifest.erasures] == ["cat", "pencil sketch"]
    assert second.figures is not None
    assert len(second.figures.erasures) == 2
    provenance = json.loads(open_store(uri).read(f"{release_prefix('tiny', second.key)}/provenance.json"))
    assert provenance["predicate"]["buildDefinition"]["resolvedDependencies"][-1]["name"] == "parent"


def test_the_models_precision_is_the_releases(
    tiny_models: Path, settings: JobSettings, uri: str, tmp_path: Path
) -> None:
    import shutil

    from unlearn_job.encoder import save_encoder

    for name in ("t2i", "t2v"):
        shutil.copytree(tiny_models / name, tmp_path / "half" / name)
        save_encoder(tiny.encoder(), tmp_path / "half" / name / "text_encoder", torch.float16)
    shutil.copytree(tiny_models / "judge", tmp_path / "half" / "judge")
    result = run(folders.document(tmp_path / "half", uri), settings)
    prefix = release_prefix("tiny", result.key)
    download_encoder(open_store(uri), prefix, read_manifest(open_store(uri), prefix), tmp_path / "fetched")
    encoder = load_encoder(tmp_path / "fetched", "CLIPTextModel")
    assert encoder.dtype == torch.float16
    assert tensor_digest(encoder) == result.encoder_sha256


@pytest.mark.parametrize("broken", ["base", "judge"])
def test_a_source_that_is_missing_publishes_nothing(
    broken: str, tiny_models: Path, settings: JobSettings, uri: str, tmp_path: Path
) -> None:
    fields: dict[str, Any] = {
        "base": {"pipeline": "file:///there/is/no/model"},
        "judge": {"type": "classifier", "source": "file:///there/is/no/model"},
    }
    with pytest.raises(PermanentFailure, match="there is no model at file:///there/is/no/model"):
        run(folders.document(tiny_models, uri, **{broken: fields[broken]}), settings)
    assert not (tmp_path / "releases").exists()


def test_a_job_that_runs_out_of_memory_is_built_with_a_leaner_plan(
    tiny_models: Path, settings: JobSettings, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is in no key and changes no weight: the release is the one that a larger machine makes."""
    solve, left = torch.linalg.solve, 1

    def solving(*args: Any) -> torch.Tensor:
        nonlocal left
        if left:
            left -= 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return solve(*args)

    plain = run(folders.document(tiny_models, f"file://{tmp_path / 'elsewhere'}"), settings)
    monkeypatch.setattr(torch.linalg, "solve", solving)
    with capture_logs() as lines:
        lean = run(folders.document(tiny_models, uri), settings)
    assert [line["log_level"] for line in lines].count("warning") == 1
    assert plain.memory is not None
    assert lean.memory is not None
    assert (plain.memory.plan, lean.memory.plan) == (
        "float32",
        "float32, vae slicing, gradient checkpointing",
    )
    assert lean.memory.process_mebibytes > 100
    assert (lean.key, lean.encoder_sha256) == (plain.key, plain.encoder_sha256)
    assert lean.figures == plain.figures


def test_memory_that_runs_out_twice_ends_the_job(
    tiny_models: Path, settings: JobSettings, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def solving(*_: Any) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch.linalg, "solve", solving)
    with pytest.raises(torch.OutOfMemoryError):
        run(folders.document(tiny_models, uri), settings)
    assert not list(open_store(uri).list(""))
