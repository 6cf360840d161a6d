from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage

from tests.unlearn_job import documents
from unlearn_job.contract.key import release_key
from unlearn_job.provenance import provenance


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "text_encoder").mkdir()
    (tmp_path / "text_encoder" / "model.safetensors").write_bytes(b"tensors")
    (tmp_path / "probe.json").write_bytes(b"{}")
    return tmp_path


def statement(folder: Path, **more: Any) -> dict[str, Any]:
    text = provenance(documents.document(**more), folder, base_sha256="b" * 64, device="cpu")
    assert text == provenance(documents.document(**more), folder, base_sha256="b" * 64, device="cpu")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_it_is_an_in_toto_statement_about_every_file(folder: Path) -> None:
    found = statement(folder)
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"
    assert {subject["name"]: subject["digest"]["sha256"] for subject in found["subject"]} == {
        "probe.json": hashlib.sha256(b"{}").hexdigest(),
        "text_encoder/model.safetensors": hashlib.sha256(b"tensors").hexdigest(),
    }


def test_the_inputs_are_the_document_and_the_models(folder: Path) -> None:
    definition = statement(folder)["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["adds"][0]["concept"]["name"] == "cat"
    assert {item["name"]: item["uri"] for item in definition["resolvedDependencies"]} == {
        "pipeline": "file:///models/t2v",
        "surrogate": "file:///models/t2i",
        "judge": "file:///models/judge",
    }
    assert definition["internalParameters"]["parameters"], "defaults of the method are stated"


def test_models_for_features_are_inputs(folder: Path) -> None:
    found = statement(folder, features={"style": "s3://models/resnet"})
    inputs = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert {"name": "features.style", "uri": "s3://models/resnet"} in inputs
    assert "features.clip" not in {one["name"] for one in inputs}


def test_a_parent_is_an_input_with_its_digest(folder: Path) -> None:
    held = {"digest": "e" * 64, "name": "held", "concept": {"name": "dog"}}
    found = statement(
        folder,
        parent={"key": "a" * 64, "manifestSha256": "c" * 64},
        holds=[held],
        key=release_key(parent="a" * 64, adds=[documents.DIGEST]),
    )
    dependencies = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert dependencies[-1] == {
        "name": "parent",
        "uri": f"file:///releases/media.storyboard/releases/{'a' * 64}/manifest.json",
        "digest": {"sha256": "c" * 64},
    }


def test_no_time_and_no_host_is_in_it(folder: Path) -> None:
    run = statement(folder)["predicate"]["runDetails"]
    assert set(run) == {"builder", "metadata"}
    assert set(run["metadata"]) == {"invocationId"}
    assert {"torch", "transformers", "diffusers"} < set(run["builder"]["version"])


def parsed(folder: Path, **more: Any) -> tuple[StatementMessage, Provenance]:
    """Read a statement by the types of in-toto and SLSA, which refuse every field that they do not know."""
    found = statement(folder, **more)
    message = json_format.ParseDict(found, StatementMessage())
    return message, json_format.ParseDict(found["predicate"], Provenance())


def test_in_totos_own_types_read_and_accept_it(folder: Path) -> None:
    message, _ = parsed(folder)
    Statement.copy_from_pb(message).validate()


@pytest.mark.parametrize("parent", [None, {"key": "a" * 64, "manifestSha256": "c" * 64}])
def test_slsas_own_types_read_it_and_find_what_the_specification_requires(
    folder: Path, parent: dict[str, str] | None
) -> None:
    more: dict[str, Any] = {}
    if parent is not None:
        held = {"digest": "e" * 64, "name": "held", "concept": {"name": "dog"}}
        key = release_key(parent="a" * 64, adds=[documents.DIGEST])
        more = {"parent": parent, "holds": [held], "key": key}
    _, predicate = parsed(folder, **more)
    definition, details = predicate.build_definition, predicate.run_details
    assert definition.build_type.startswith("https://")
    assert definition.external_parameters["adds"]
    assert details.builder.id.startswith("https://")
    assert details.metadata.invocation_id
    for dependency in definition.resolved_dependencies:
        # in-toto v1: a resource is named by its address, its digest or its content.
        assert dependency.uri or dependency.digest or dependency.content
    assert ("parent" in {dependency.name for dependency in definition.resolved_dependencies}) is bool(parent)
