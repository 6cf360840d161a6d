"""Every family that can be edited, from its pipeline's folder to its pipeline with the published encoder.

Weights are random: this proves the plumbing (which state is read, masks, layers, names in files), not that a
concept goes from pictures. Distances are those of what the pipeline's own `encode_prompt` gives its denoiser.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import pytest
import torch
import transformers
from diffusers import DiffusionPipeline
from torch import Tensor
from transformers import PreTrainedModel

from tests.unlearn_job import folders, tiny
from tests.unlearn_job.families import pipelines
from tests.unlearn_job.families.family import FAMILIES, T5, Family, encoded
from tests.unlearn_job.few import make_few
from unlearn_job.conditioning import conditioning_of
from unlearn_job.contract.concept import KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.manifest import ENCODER_FOLDER, Manifest
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.contract.sources import BaseModels
from unlearn_job.encoder import save_encoder, tensor_digest
from unlearn_job.methods import configs, load
from unlearn_job.models import Models, load_models
from unlearn_job.publish import commit, upload
from unlearn_job.store import open_store
from unlearn_job.store.release import download_encoder
from unlearn_job.unlearn import unlearn

pytestmark = pytest.mark.torch

TARGET, ANCHOR = "a picture of captain comet", "a picture of a figure"
ALIAS, ALIAS_ANCHOR = "comet man in a city", "a figure in a city"
KEPT = ("a picture of a robot", "a fish")
PROMPTS = (TARGET, ANCHOR, ALIAS, ALIAS_ANCHOR, *KEPT)


@dataclass(frozen=True)
class Edited:
    """A family after its erasure.

    Attributes
    ----------
    folder: of the pipeline.
    before, after: rows and pooled vector of each prompt.

    """

    family: Family
    folder: Path
    document: JobInput
    models: Models
    encoder: PreTrainedModel
    before: dict[str, tuple[Tensor, Tensor | None]]
    after: dict[str, tuple[Tensor, Tensor | None]]


def _document(family: Family, folder: Path, surrogate: Path | None, root: Path, method: str) -> JobInput:
    base = BaseModels(
        surrogate=f"file://{surrogate}" if surrogate else None,
        pipeline=f"file://{folder}",
        encoder=family.encoder,
    )
    # The rate is small, because random weights drift at once, and the method refuses that.
    parameters: dict[str, int | str] = {"negatives": 48, "retainMass": "1"}
    if method == "redirect":
        few = {"negatives": 2, "conceptPrompts": 2, "retainPrompts": 4}
        parameters = {"steps": 2, "learningRate": "0.00001", **few}
    return folders.document(
        root,
        f"file://{root / 'releases'}",
        tiny.erasure(tiny.COMET, tiny.FISH, KeptConcept(name="robot")),
        base=base,
        method=MethodSpec(name=method, parameters=parameters),
    )


def _read_all(pipeline: DiffusionPipeline) -> dict[str, tuple[Tensor, Tensor | None]]:
    return {prompt: encoded(pipeline, prompt) for prompt in PROMPTS}


@pytest.fixture(scope="module", params=FAMILIES, ids=attrgetter("name"))
def edited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Edited:
    family: Family = request.param
    root = tmp_path_factory.mktemp(family.name)
    folder = pipelines.save(family.build, root / "t2v")
    surrogate = pipelines.save(family.surrogate, root / "t2i") if family.surrogate else None
    document = _document(family, folder, surrogate, root, "closed-form")
    models = load_models(document, root / "cache")
    before = _read_all(models.pipeline)
    with pytest.MonkeyPatch.context() as monkeypatch:
        if family.suffix == T5:  # hundreds of tokens in every prompt
            make_few(monkeypatch)
        encoder = unlearn(models, document)
    with models.using(models.pipeline, encoder):
        after = _read_all(models.pipeline)
    return Edited(family, folder, document, models, encoder, before, after)


def test_the_pipeline_reads_what_its_code_says(edited: Edited) -> None:
    for carrier in (edited.models.base_encoder, edited.models.start_encoder, edited.models.tokenizer):
        assert conditioning_of(carrier) == edited.family.reads


def test_only_the_named_weights_move(edited: Edited) -> None:
    old = tiny.weights(edited.models.start_encoder)
    moved = {
        name for name, value in tiny.weights(edited.encoder).items() if not torch.equal(value, old[name])
    }
    config = configs()["closed-form"].model_validate(edited.document.method.parameters)
    assert moved == load("closed-form").moves(edited.models.start_encoder, config)
    assert all(name.endswith(edited.family.suffix) for name in moved)
    numbers = {int(part) for name in moved for part in name.split(".") if part.isdigit() and part != "1"}
    assert numbers | {1} == {*edited.family.edited} | {1}
    assert len(moved) == len(edited.family.edited)


def _columns(edited: Edited, rows: Tensor) -> Tensor:
    """Return what comes of the edited encoder: SDXL puts the states of two side by side."""
    width = edited.models.base_encoder.config.hidden_size
    return rows[:, -width:] if edited.family.encoder.endswith("_2") else rows[:, :width]


def test_the_concept_goes_to_the_anchor_where_the_pipeline_reads_it(edited: Edited) -> None:
    for own, anchor in ((TARGET, ANCHOR), (ALIAS, ALIAS_ANCHOR)):
        base, goal, now = (
            _columns(edited, one[own_or_anchor][0])
            for one, own_or_anchor in ((edited.before, own), (edited.before, anchor), (edited.after, own))
        )
        assert (now - goal).norm() < 0.5 * (base - goal).norm()


def test_what_is_kept_stays_where_the_pipeline_reads_it(edited: Edited) -> None:
    way = (_columns(edited, edited.before[TARGET][0]) - _columns(edited, edited.before[ANCHOR][0])).norm()
    for prompt in KEPT:
        drift = _columns(edited, edited.after[prompt][0] - edited.before[prompt][0]).norm()
        assert drift < 0.15 * way


def test_the_pooled_vector_follows(edited: Edited) -> None:
    own, goal, now = edited.before[TARGET][1], edited.before[ANCHOR][1], edited.after[TARGET][1]
    if not edited.family.reads.pooled:
        assert own is None or now is None or torch.equal(own, now)
        return
    assert own is not None
    assert goal is not None
    assert now is not None
    assert (now - goal).norm() < 0.6 * (own - goal).norm()
    for prompt in KEPT:
        before, after = edited.before[prompt][1], edited.after[prompt][1]
        assert before is not None
        assert after is not None
        assert (after - before).norm() < 0.3 * (own - goal).norm()


def _published(edited: Edited, root: Path) -> Path:
    """Publish the encoder as the Job does, and fetch it as a pod does."""
    save_encoder(edited.encoder, root / "release" / ENCODER_FOLDER, edited.models.stored_dtype)
    store = open_store(f"file://{root / 'releases'}")
    digests = {"base_sha256": edited.models.base_sha256, "encoder_sha256": tensor_digest(edited.encoder)}
    manifest = Manifest(
        model=edited.document.model,
        key=edited.document.key,
        erasures=(),
        files=upload(store, edited.document.release_prefix, root / "release"),
        result=JobResult(key=edited.document.key, outcome=Outcome.BUILT, **digests),
        **digests,
    )
    commit(store, edited.document.release_prefix, manifest)
    download_encoder(store, edited.document.release_prefix, manifest, root / "fetched")
    return root / "fetched"


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
def test_from_pretrained_takes_the_published_encoder(edited: Edited, tmp_path: Path) -> None:
    fetched = _published(edited, tmp_path)
    kind = getattr(transformers, type(edited.encoder).__name__)
    encoder, loading = kind.from_pretrained(fetched, output_loading_info=True)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    pipeline = DiffusionPipeline.from_pretrained(edited.folder, **{edited.family.encoder: encoder})
    for prompt in PROMPTS:
        rows, pooled = encoded(pipeline, prompt)
        assert torch.equal(rows, edited.after[prompt][0])
        assert pooled is None or torch.equal(pooled, edited.after[prompt][1])


@pytest.mark.usefixtures("few_prompts")
def test_the_redirect_moves_what_the_pipeline_reads_and_no_table(edited: Edited, tmp_path: Path) -> None:
    document = _document(edited.family, edited.folder, None, tmp_path, "redirect")
    old = tiny.weights(edited.models.start_encoder)
    new = tiny.weights(unlearn(edited.models, document))
    moved = {name for name in old if not torch.equal(old[name], new[name])}
    assert any(name.endswith(edited.family.suffix) for name in moved)
    assert not [name for name in moved if "embed" in name or "shared" in name or "relative" in name]
    last = edited.models.base_encoder.config.num_hidden_layers - 1
    in_last = [name for name in moved if f".layers.{last}." in name or f".block.{last}." in name]
    assert bool(in_last) == (edited.family.reads.skipped == 0)


def test_both_encoders_of_sdxl_together_move_rows_and_pooled_vector(tmp_path: Path) -> None:
    """One document edits one encoder: two documents, and the pipeline takes both."""
    first, second = (family for family in FAMILIES if family.name.startswith("sdxl"))
    folder = pipelines.save(first.build, tmp_path / "t2v")
    new, before = {}, {}
    for family in (first, second):
        document = _document(family, folder, folder, tmp_path, "closed-form")
        models = load_models(document, tmp_path / "cache")
        before = _read_all(models.pipeline)
        new[family.encoder] = unlearn(models, document)
    models.pipeline.register_modules(**new)
    after = _read_all(models.pipeline)
    for part in (0, 1):
        own, goal, now = before[TARGET][part], before[ANCHOR][part], after[TARGET][part]
        assert own is not None
        assert (now - goal).norm() < 0.6 * (own - goal).norm()
        for prompt in KEPT:
            assert (after[prompt][part] - before[prompt][part]).norm() < 0.3 * (own - goal).norm()
