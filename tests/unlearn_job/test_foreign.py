from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

from safetensors.torch import save_file  # noqa: E402

from tests.unlearn_job import folders, tiny  # noqa: E402
from unlearn_job.conditioning import Conditioning, attach, conditioning_of  # noqa: E402
from unlearn_job.contract.errors import PermanentFailure  # noqa: E402
from unlearn_job.encoder import named_tensors, save_encoder, tensor_digest  # noqa: E402
from unlearn_job.foreign import filled, open_foreign  # noqa: E402
from unlearn_job.models import Models, load_models  # noqa: E402
from unlearn_job.run import run  # noqa: E402
from unlearn_job.settings import JobSettings  # noqa: E402


@pytest.fixture
def models() -> Models:
    return tiny.models()


def opened(where: Path, models: Models, tmp_path: Path) -> Any:
    return open_foreign(f"file://{where}", tiny.document(tiny.erasure(tiny.CAT)), models, tmp_path / "cache")


def test_folder_file_and_pipeline_give_the_same_encoder(models: Models, tmp_path: Path) -> None:
    other = tiny.encoder(seed=5)
    save_encoder(other, tmp_path / "folder", torch.float32)
    save_encoder(other, tmp_path / "pipeline" / "text_encoder", torch.float32)
    save_file(
        {f"text_model.{n}": t.clone() for n, t in named_tensors(other).items()}, tmp_path / "x.safetensors"
    )
    for name in ("folder", "pipeline", "x.safetensors"):
        found = opened(tmp_path / name, models, tmp_path)
        assert tensor_digest(found) == tensor_digest(other), name
        assert not any(parameter.requires_grad for parameter in found.parameters())


def test_the_encoder_carries_what_the_pipeline_reads_of_the_base() -> None:
    base = tiny.encoder()
    attach(Conditioning(skipped=1), base)
    assert conditioning_of(filled(base, named_tensors(tiny.encoder(seed=5)), "it")).skipped == 1


def test_a_release_is_checked_and_opened(tiny_models: Path, tmp_path: Path) -> None:
    document = folders.document(tiny_models, f"file://{tmp_path / 'releases'}")
    result = run(document, JobSettings(cache_dir=tmp_path / "cache"))
    models = load_models(document, tmp_path / "cache")
    release = tmp_path / "releases" / document.release_prefix
    found = open_foreign(f"file://{release}", document, models, tmp_path / "other")
    assert tensor_digest(found) == result.encoder_sha256
    weights = release / "text_encoder" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    with pytest.raises(PermanentFailure, match="is not the file that was published"):
        open_foreign(f"file://{release}", document, models, tmp_path / "third")


def test_a_release_of_another_base_is_refused(tiny_models: Path, tmp_path: Path, models: Models) -> None:
    document = folders.document(tiny_models, f"file://{tmp_path / 'releases'}")
    run(document, JobSettings(cache_dir=tmp_path / "cache"))
    release = tmp_path / "releases" / document.release_prefix
    with pytest.raises(PermanentFailure, match="built from the base encoder"):
        open_foreign(f"file://{release}", document, models, tmp_path / "other")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nothing", "no such file or folder"),
        ("empty", "there is no model at"),
        ("weights-alone", "neither a release nor config.json"),
        ("text.safetensors", "holds no safetensors"),
        ("deeper", "no version of the base encoder: it has, beyond the base, 16 tensors"),
        ("shallower", "no version of the base encoder: it lacks 16 tensors"),
        ("wide.safetensors", "it differs in 1 tensors, such as final_layer_norm.weight"),
    ],
)
def test_what_is_no_version_of_the_base_is_named(
    name: str, sentence: str, models: Models, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "weights-alone").mkdir()
    save_file({"x": torch.zeros(1)}, tmp_path / "weights-alone" / "model.safetensors")
    (tmp_path / "text.safetensors").write_text("no tensors")
    save_encoder(tiny.encoder(layers=4), tmp_path / "deeper", torch.float32)
    save_encoder(tiny.encoder(layers=2), tmp_path / "shallower", torch.float32)
    wide = {n: t.clone() for n, t in named_tensors(models.base_encoder).items()}
    save_file(wide | {"final_layer_norm.weight": torch.zeros(3)}, tmp_path / "wide.safetensors")
    with pytest.raises(PermanentFailure, match=sentence) as raised:
        opened(tmp_path / name, models, tmp_path)
    assert "\n" not in str(raised.value)
