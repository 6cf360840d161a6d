"""The CustomResourceDefinitions are what the models say, and refuse what must not get in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.crd import KINDS, definition, generated_files, main, object_schema
from erasure_operator.api.schema import Schema
from erasure_operator.api.video_model import VideoModel
from tests.erasure_operator.api.conftest import (
    CONCEPT_ERASURE,
    ENCODER_RELEASE,
    VIDEO_MODEL,
    Manifest,
    changed,
)

ROOT = Path(__file__).parents[3]
Refusals = Callable[[Manifest], list[str]]


def test_the_checked_in_files_are_what_the_models_say() -> None:
    stale = [str(path) for path, text in generated_files(ROOT).items() if path.read_text() != text]
    assert not stale, "run `make generate`"


def test_the_command_reports_drift_and_repairs_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(root=tmp_path) == 1
    assert main(root=tmp_path, write=True) == 0
    assert main(root=tmp_path) == 0
    assert "stale" in capsys.readouterr().out


def test_the_files_hold_no_yaml_aliases_and_parse_to_the_definitions() -> None:
    for path, text in generated_files(ROOT).items():
        if path.suffix == ".yaml":
            assert "&id" not in text
            assert yaml.safe_load(text) in [definition(kind) for kind in KINDS]


def test_deleting_all_does_not_take_concepts_back_into_service() -> None:
    assert all("all" not in definition(kind)["spec"]["names"]["categories"] for kind in KINDS)


def test_every_printer_column_points_at_a_field_that_exists() -> None:
    for kind in KINDS:
        schema = object_schema(kind)
        for column in kind.columns:
            first, *rest = column.json_path.removeprefix(".").split("[")[0].split(".")
            part = schema["properties"][first]
            if first != "metadata":
                for name in rest:
                    part = part["properties"][name]


@pytest.mark.parametrize("manifest", [VIDEO_MODEL, CONCEPT_ERASURE, ENCODER_RELEASE], ids=lambda m: m["kind"])
def test_a_good_manifest_passes(manifest: Manifest, refusals: Refusals) -> None:
    assert refusals(manifest) == []


def examples() -> list[Any]:
    documents = [
        doc for path in (ROOT / "examples").rglob("*.yaml") for doc in yaml.safe_load_all(path.read_text())
    ]
    return [doc for doc in documents if doc and doc["apiVersion"].startswith("concept-erasure.io/")]


def test_every_example_passes(refusals: Refusals) -> None:
    assert examples()
    assert [refusals(manifest) for manifest in examples()] == [[] for _ in examples()]


BAD = [
    (CONCEPT_ERASURE, "spec.concept.name", ""),
    (CONCEPT_ERASURE, "spec.concept.name", "   "),
    (CONCEPT_ERASURE, "spec.concept.name", "x" * 101),
    (CONCEPT_ERASURE, "spec.concept.kind", "Animal"),
    (CONCEPT_ERASURE, "spec.concept.anchor", ""),
    (CONCEPT_ERASURE, "spec.concept.aliases", ["a"] * 17),
    (CONCEPT_ERASURE, "spec.videoModel", "Not A Name"),
    (CONCEPT_ERASURE, "spec.deletionPolicy", "Never"),
    (CONCEPT_ERASURE, "spec.gates", {"residual": {"maxPercent": 101}}),
    (VIDEO_MODEL, "spec.pipeline.source", "hf://org/name@main"),
    (VIDEO_MODEL, "spec.pipeline.source", "https://example.org/model"),
    (VIDEO_MODEL, "spec.encoder", "unet"),
    (VIDEO_MODEL, "spec.encoders", []),
    (VIDEO_MODEL, "spec.encoders", ["text_encoder", "unet"]),
    (VIDEO_MODEL, "spec.encoders", ["text_encoder", "text_encoder_2", "text_encoder_3", "text_encoder"]),
    (VIDEO_MODEL, "spec.judge.type", "oracle"),
    (VIDEO_MODEL, "spec.features", {"style": "models/resnet"}),
    (VIDEO_MODEL, "spec.gates.retention", {"minPercent": 95.5}),
    (VIDEO_MODEL, "spec.method", {"name": "closed-form", "parameters": {"scale": "x" * 65}}),
    (VIDEO_MODEL, "spec.prompts", {"Object": ["no place for the concept"]}),
    (VIDEO_MODEL, "spec.rollout.waves", []),
    (VIDEO_MODEL, "spec.rollout.waves", [{"targets": [{"selector": {"matchLabels": {}}}]}]),
    (VIDEO_MODEL, "spec.seed", 2**31),
    (VIDEO_MODEL, "spec.job.backoffLimit", -1),
    (ENCODER_RELEASE, "spec.document.key", "0123"),
]


@pytest.mark.parametrize(
    ("manifest", "path", "value"), BAD, ids=[f"{path}={value!r:.30}" for _, path, value in BAD]
)
def test_a_bad_value_is_refused_at_its_own_field(
    manifest: Manifest, path: str, value: object, refusals: Refusals
) -> None:
    refused = refusals(changed(manifest, path, value))
    assert refused
    assert all(where.startswith(path) for where in refused)


@pytest.mark.parametrize(
    ("manifest", "path"),
    [
        (CONCEPT_ERASURE, "videoModel"),
        (CONCEPT_ERASURE, "concept"),
        (VIDEO_MODEL, "pipeline"),
        (VIDEO_MODEL, "judge"),
        (VIDEO_MODEL, "storage"),
        (VIDEO_MODEL, "rollout"),
        (ENCODER_RELEASE, "document"),
    ],
)
def test_a_required_field_cannot_be_left_out(manifest: Manifest, path: str, refusals: Refusals) -> None:
    spec = {name: value for name, value in manifest["spec"].items() if name != path}
    assert refusals(manifest | {"spec": spec}) == ["spec"]


def with_defaults(schema: Schema, value: Any) -> Any:
    """Do what the API server does before it stores an object."""
    if isinstance(value, list):
        return [with_defaults(schema["items"], item) for item in value]
    if not isinstance(value, dict):
        return value
    filled = dict(value)
    for name, child in schema.get("properties", {}).items():
        if name not in filled and "default" in child:
            filled[name] = child["default"]
        if name in filled:
            filled[name] = with_defaults(child, filled[name])
    return filled


@pytest.mark.parametrize(
    ("model", "manifest"), [(VideoModel, VIDEO_MODEL), (ConceptErasure, CONCEPT_ERASURE)], ids=["t2v", "ce"]
)
def test_the_defaults_of_the_api_server_are_those_of_the_models(
    model: type[VideoModel | ConceptErasure], manifest: Manifest
) -> None:
    schema = next(object_schema(kind) for kind in KINDS if kind.model is model)
    stored = with_defaults(schema, manifest)
    assert model.from_object(stored) == model.from_object(manifest)


def test_what_enters_the_release_key_has_its_default_in_the_stored_object() -> None:
    kinds = {kind.name: object_schema(kind) for kind in KINDS}
    model = with_defaults(kinds["VideoModel"], VIDEO_MODEL)["spec"]
    bare = changed(CONCEPT_ERASURE, "spec.concept", {"name": "captain comet"})
    erasure = with_defaults(kinds["ConceptErasure"], bare)["spec"]
    assert model["method"] == {"name": "closed-form"}
    assert model["encoder"] == "text_encoder"
    assert model["seed"] == 0
    assert erasure["concept"]["kind"] == "Object"
    assert erasure["preserve"] == CONCEPT_ERASURE["spec"]["preserve"]
