"""Both encoders of SDXL in one document: edited, probed, published, fetched and built upon as one release."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from cryptography.hazmat.primitives.asymmetric import ec
from diffusers import DiffusionPipeline
from torch import Tensor
from transformers import CLIPTextModel, CLIPTextModelWithProjection, PreTrainedModel

from erasure_operator.fetch import Wanted, fetch
from tests.unlearn_job import folders, tiny
from tests.unlearn_job.attacks.targets import SMALL
from tests.unlearn_job.families import pipelines
from tests.unlearn_job.families.family import encoded
from tests.unlearn_job.families.test_families import (
    ALIAS,
    ALIAS_ANCHOR,
    ANCHOR,
    KEPT,
    PROMPTS,
    TARGET,
)
from tests.unlearn_job.test_signing import write_key
from unlearn_job import api
from unlearn_job.attacks import Target, attempt
from unlearn_job.attacks.catalogue import load_attack
from unlearn_job.attacks.drawing import draw
from unlearn_job.attacks.inversion import Inversion
from unlearn_job.conditioning import UnsupportedEncoderError
from unlearn_job.contract.concept import Concept, KeptConcept
from unlearn_job.contract.document import JobInput, ParentRelease
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.probe_document import ProbeDocument
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.contract.sources import JudgeType, base_models
from unlearn_job.encoder import joint_digest, tensor_digest
from unlearn_job.foreign import open_foreign
from unlearn_job.generate import Sample, clips
from unlearn_job.judges.loading import open_judge
from unlearn_job.localise import localised
from unlearn_job.models import EncodersMissingError, Models, load_models
from unlearn_job.parent import ParentMismatchError
from unlearn_job.released import open_release, verify_release
from unlearn_job.run import run
from unlearn_job.settings import JobSettings
from unlearn_job.signing import SIGNATURE_NAME, SignatureInvalidError, verify_signature
from unlearn_job.store import open_store
from unlearn_job.store.release import read_manifest
from unlearn_job.unlearn import unlearn, unlearn_all

pytestmark = pytest.mark.torch
BOTH = ("text_encoder", "text_encoder_2")
CLASSES: dict[str, Any] = dict(zip(BOTH, (CLIPTextModel, CLIPTextModelWithProjection), strict=True))
Read = dict[str, tuple[Tensor, Tensor | None]]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AnimateDiff-SDXL to serve, SDXL as its surrogate, and judges that see one concept in everything."""
    root = tmp_path_factory.mktemp("pair")
    pipelines.save(pipelines.animate_diff_xl, root / "t2v")
    pipelines.save(pipelines.stable_diffusion_xl, root / "t2i")
    folders.save_judge(root / "judge", sees="captain comet")
    folders.save_judge(root / "other-judge", sees="pencil sketch")
    return root


def document(sources: Path, *adds: Any, encoders: tuple[str, ...] = BOTH, **more: Any) -> JobInput:
    base = base_models(
        surrogate=f"file://{sources / 't2i' / 'pipeline'}",
        pipeline=f"file://{sources / 't2v' / 'pipeline'}",
        encoders=encoders,
    )
    adds = adds or (tiny.erasure(tiny.COMET, tiny.FISH, KeptConcept(name="robot")),)
    method = MethodSpec(name="closed-form", parameters={"negatives": 48, "retainMass": "1"})
    return folders.document(
        sources, f"file://{sources / 'releases'}", *adds, **{"base": base, "method": method, **more}
    )


def read_all(pipeline: DiffusionPipeline) -> Read:
    return {prompt: encoded(pipeline, prompt) for prompt in PROMPTS}


@dataclasses.dataclass(frozen=True)
class Edited:
    document: JobInput
    models: Models
    encoders: dict[str, PreTrainedModel]
    before: Read
    after: Read


@pytest.fixture(scope="module")
def edited(sources: Path) -> Edited:
    asked = document(sources)
    models = load_models(asked, sources / "cache")
    encoders = models.by_component(unlearn_all(models, asked))
    before = read_all(models.pipeline)
    with models.using(models.pipeline, encoders):
        after = read_all(models.pipeline)
    return Edited(asked, models, encoders, before, after)


def test_rows_and_pooled_vector_go_to_the_anchor_and_kept_ones_stay(edited: Edited) -> None:
    for part in (0, 1):
        for own_prompt, anchor in ((TARGET, ANCHOR), (ALIAS, ALIAS_ANCHOR)):
            own, goal = edited.before[own_prompt][part], edited.before[anchor][part]
            now = edited.after[own_prompt][part]
            assert own is not None
            assert (now - goal).norm() < 0.6 * (own - goal).norm()
        way = (edited.before[TARGET][part] - edited.before[ANCHOR][part]).norm()
        for prompt in KEPT:
            assert (edited.after[prompt][part] - edited.before[prompt][part]).norm() < 0.3 * way


def test_the_columns_of_each_encoder_move_for_themselves(edited: Edited) -> None:
    width = edited.models.base_encoder.config.hidden_size
    for columns in (slice(0, width), slice(width, None)):
        own, goal, now = (
            read[prompt][0][:, columns]
            for read, prompt in (
                (edited.before, TARGET),
                (edited.before, ANCHOR),
                (edited.after, TARGET),
            )
        )
        assert (now - goal).norm() < 0.5 * (own - goal).norm()


def test_one_document_makes_the_encoders_that_two_would(sources: Path, edited: Edited) -> None:
    for name in BOTH:
        alone = document(sources, encoders=(name,))
        models = load_models(alone, sources / "cache")
        assert tensor_digest(unlearn(models, alone)) == tensor_digest(edited.encoders[name])


def test_all_encoders_turn_a_concept_into_one_anchor_and_none_is_judged_alone(
    edited: Edited, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unlearn_job import unlearn as step

    anchors, judges = [], []

    def noted(models: Models, doc: JobInput, judge: Any = None, **_: Any) -> PreTrainedModel:
        anchors.append(doc.adds[0].concept.anchor)
        judges.append(judge)
        return models.start_encoder

    monkeypatch.setattr(step, "unlearn", noted)
    unnamed = tiny.COMET.model_copy(update={"anchor": None})
    kept = (tiny.WHALE, KeptConcept(name="lady dora", kind=unnamed.kind))
    unlearn_all(edited.models, tiny.document(tiny.erasure(unnamed, *kept)), tiny.Eyes())
    assert len(anchors) == len(BOTH)
    assert len(set(anchors)) == 1
    assert anchors[0] in {"captain whale", "lady dora"}
    assert judges == [None, None]


def test_every_encoder_is_localised_under_its_name(edited: Edited) -> None:
    found = localised(edited.models, edited.document, prompts=1)
    assert [(one.encoder, one.concept) for one in found] == [(name, "captain comet") for name in BOTH]
    # As many as the pipeline reads of each: all but the last.
    assert [len(one.layers) for one in found] == [3, 5]


def test_a_clip_is_drawn_with_all_encoders_at_once(edited: Edited) -> None:
    probe = edited.document.probe
    samples = [Sample(TARGET, 1)]

    def drawn(encoders: Any) -> Any:
        with edited.models.using(edited.models.pipeline, encoders) as pipeline:
            return clips(pipeline, samples, probe)

    base = edited.models.base
    assert isinstance(base, dict)
    pictures = [
        drawn(base),
        *(drawn({**base, name: edited.encoders[name]}) for name in BOTH),
        drawn(edited.encoders),
    ]
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    with pytest.raises(EncodersMissingError, match="text_encoder, text_encoder_2 are edited"):
        drawn(edited.encoders["text_encoder"])


def test_an_attack_searches_every_encoder_and_draws_with_all(edited: Edited) -> None:
    eyes = tiny.Eyes(threshold=0.0)
    target = Target.of(edited.models, edited.encoders, eyes, edited.document, edited.document.adds[0])
    assert [tensor_digest(part.edited) for part in target.parts] == [
        tensor_digest(edited.encoders[name]) for name in BOTH
    ]
    outcome = attempt(load_attack("words"), target, SMALL, 1)
    assert outcome.candidates > 0
    assert outcome.edited.samples == SMALL.fresh


def test_a_prefix_is_searched_with_the_loss_of_all_that_the_denoiser_reads(edited: Edited) -> None:
    eyes = tiny.Eyes(threshold=0.0)
    target = Target.of(edited.models, edited.encoders, eyes, edited.document, edited.document.adds[0])
    budget, prefix = SMALL.model_copy(update={"steps": 2}), load_attack("prefix")
    first, second = target.parts
    other = dataclasses.replace(first, others={"text_encoder_2": second.base})
    found, changed = (prefix.search(part, budget, 1) for part in (first, other))
    starts, others = ({one.prompt.text: one.score for one in some} for some in (found, changed))
    same = starts.keys() & others.keys()
    assert same, "both begin at the same prefixes"
    assert all(starts[text] != others[text] for text in same)
    assert prefix.search(second, budget, 1)


def test_soft_tokens_are_trained_and_drawn_in_all_encoders_that_the_denoiser_reads(edited: Edited) -> None:
    eyes = tiny.Eyes(threshold=0.0)
    target = Target.of(edited.models, edited.encoders, eyes, edited.document, edited.document.adds[0])
    few, many = (SMALL.model_copy(update={"steps": steps, "batch": 4}) for steps in (2, 30))
    inversion = Inversion(starts=("noise",))
    (start,), (found,) = (inversion.search(target, budget, 1) for budget in (few, many))
    assert found.score < start.score
    assert found.soft is not None
    assert start.soft is not None
    assert found.soft.keys() == {*BOTH}
    for name, reading in found.soft.items():
        moved = [not torch.equal(v, start.soft[name].patches[at]) for at, v in reading.patches.items()]
        assert moved
        assert all(moved)
    one_alone = [dataclasses.replace(found, soft={name: found.soft[name]}) for name in BOTH]
    text = dataclasses.replace(found, soft=None)
    pictures = draw(target, edited.encoders, [(one, 5) for one in (found, *one_alone, text)])
    assert len({picture.tobytes() for picture in pictures}) == 4
    outcome = attempt(inversion, target, few, 1)
    assert (outcome.candidates, outcome.soft, outcome.edited.samples) == (1, True, SMALL.fresh)


@dataclasses.dataclass(frozen=True)
class Built:
    document: JobInput
    settings: JobSettings
    result: JobResult
    folder: Path
    public_key: Path


@pytest.fixture(scope="module")
def built(sources: Path) -> Built:
    key = write_key(sources, "key", ec.generate_private_key(ec.SECP256R1()))
    settings = JobSettings(cache_dir=sources / "cache", termination_log=sources / "message", signing_key=key)
    asked = document(sources, tiny.erasure(tiny.COMET))
    folder = sources / "releases" / asked.release_prefix
    return Built(asked, settings, run(asked, settings), folder, key.with_suffix(".pub"))


def test_one_release_has_a_folder_for_each_and_one_manifest_over_all(built: Built) -> None:
    assert built.result.outcome is Outcome.BUILT
    manifest = read_manifest(open_store(built.document.storage.uri), built.document.release_prefix)
    assert (manifest.version, manifest.encoders) == (2, BOTH)
    assert {file.path for file in manifest.files} == {
        *(f"{name}/{file}" for name in BOTH for file in ("config.json", "model.safetensors")),
        *("probe.json", "report.html", "provenance.json", SIGNATURE_NAME),
    }
    probe = ProbeDocument.from_json((built.folder / "probe.json").read_bytes())
    assert [one.encoder for one in probe.localisation] == list(BOTH)
    statement = json.loads((built.folder / "provenance.json").read_text())
    pipeline = statement["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    assert pipeline["annotations"] == {
        "encoders": list(BOTH),
        "tensorsSha256": built.result.base_sha256,
    }
    assert "text_encoder and text_encoder_2 together" in (built.folder / "report.html").read_text()


def fetched(built: Built, to: Path) -> Path:
    assert built.result.manifest_sha256 is not None
    wanted = Wanted(f"file://{built.folder}", built.document.key, built.result.manifest_sha256)
    assert fetch(wanted, to) is True
    assert fetch(wanted, to) is False
    return to


def test_it_is_verified_as_a_whole_and_no_encoder_can_be_exchanged(
    built: Built, sources: Path, tmp_path: Path
) -> None:
    found = verify_release(open_release(f"file://{built.folder}"), built.public_key)
    assert (found.files, found.signed) == (8, True)
    signature, pod = built.folder / SIGNATURE_NAME, fetched(built, tmp_path / "pod")
    # The release as it lies in the storage, and what of it a pod has.
    for folder in (built.folder, pod):
        verify_signature(folder, signature, built.public_key)
    base = sources / "t2v" / "pipeline" / "text_encoder_2" / "model.safetensors"
    (pod / "text_encoder_2" / "model.safetensors").write_bytes(base.read_bytes())
    with pytest.raises(SignatureInvalidError):
        verify_signature(pod, signature, built.public_key)


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
def test_what_a_pod_fetches_is_loaded_by_from_pretrained(built: Built, sources: Path, tmp_path: Path) -> None:
    folder = fetched(built, tmp_path / "fetched")
    encoders = {}
    for name, kind in CLASSES.items():
        encoders[name], loading = kind.from_pretrained(folder / name, output_loading_info=True)
        assert not loading["missing_keys"]
        assert not loading["unexpected_keys"]
    assert joint_digest(encoders) == built.result.encoder_sha256 != built.result.base_sha256
    pipeline = DiffusionPipeline.from_pretrained(sources / "t2v" / "pipeline", **encoders)
    base = DiffusionPipeline.from_pretrained(sources / "t2v" / "pipeline")
    now, before = encoded(pipeline, TARGET), encoded(base, TARGET)
    width = encoders["text_encoder"].config.hidden_size
    assert not torch.equal(now[0][:, :width], before[0][:, :width])
    assert not torch.equal(now[0][:, width:], before[0][:, width:])
    assert now[1] is not None
    assert before[1] is not None
    assert not torch.equal(now[1], before[1])


def child(built: Built, sources: Path, **more: Any) -> JobInput:
    assert built.result.manifest_sha256 is not None
    return document(
        sources,
        tiny.erasure(tiny.SKETCH),
        parent=ParentRelease(key=built.document.key, manifest_sha256=built.result.manifest_sha256),
        holds=built.document.adds,
        judge={"type": "classifier", "source": f"file://{sources / 'other-judge'}"},
        **more,
    )


@pytest.mark.usefixtures("few_prompts")
def test_a_further_release_starts_from_both(built: Built, sources: Path, tmp_path: Path) -> None:
    asked = child(built, sources)
    models = load_models(asked, sources / "cache")
    starts = {part.encoder_name: part.start_encoder for part in models.parts}
    assert joint_digest(starts) == built.result.encoder_sha256
    result = run(asked, built.settings)
    assert result.outcome is Outcome.BUILT
    assert result.base_sha256 == built.result.base_sha256
    assert result.encoder_sha256 not in {built.result.encoder_sha256, built.result.base_sha256}
    manifest = read_manifest(open_store(asked.storage.uri), asked.release_prefix)
    assert [erasure.concept for erasure in manifest.erasures] == ["captain comet", "pencil sketch"]


def test_a_document_of_one_encoder_takes_no_release_of_two(built: Built, sources: Path) -> None:
    with pytest.raises(ParentMismatchError, match="holds text_encoder and text_encoder_2, and the document"):
        load_models(child(built, sources, encoders=("text_encoder",)), sources / "cache")


def test_anybodys_pair_is_opened_from_a_release_and_from_a_pipeline(
    built: Built, sources: Path, edited: Edited, tmp_path: Path
) -> None:
    found = open_foreign(f"file://{built.folder}", built.document, edited.models, tmp_path / "cache")
    assert joint_digest(edited.models.by_component(found)) == built.result.encoder_sha256
    base = f"file://{sources / 't2v' / 'pipeline'}"
    same = open_foreign(base, built.document, edited.models, tmp_path / "cache")
    assert joint_digest(edited.models.by_component(same)) == built.result.base_sha256


@pytest.mark.usefixtures("few_prompts")
def test_erase_in_memory_gives_all_encoders_and_changes_no_pipeline(sources: Path) -> None:
    pipeline, surrogate = (
        DiffusionPipeline.from_pretrained(sources / name / "pipeline") for name in ("t2v", "t2i")
    )
    for one in (pipeline, surrogate):
        one.set_progress_bar_config(disable=True)
    judge = open_judge(JudgeType.CLASSIFIER, sources / "judge", "cpu")
    own = {name: tensor_digest(getattr(pipeline, name)) for name in BOTH}
    asked: dict[str, Any] = {
        "concept": Concept(**tiny.COMET.model_dump()),
        "judge": judge,
        "preserve": ["fish"],
        "probe": tiny.document(tiny.erasure(tiny.CAT)).probe,
    }
    erased = api.erase(pipeline, surrogate=surrogate, encoder=BOTH, **asked)
    assert tuple(erased.encoders) == BOTH
    assert erased.encoder is erased.encoders["text_encoder"]
    assert {name: tensor_digest(getattr(pipeline, name)) for name in BOTH} == own
    assert all(tensor_digest(erased.encoders[name]) != own[name] for name in BOTH)
    pipeline.register_modules(**erased.encoders)
    with pytest.raises(UnsupportedEncoderError, match="has no component text_encoder_3"):
        api.identify(pipeline, encoder=("text_encoder", "text_encoder_3"), **asked)
