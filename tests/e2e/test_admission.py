"""What the API server itself answers to whoever applies a manifest: schemas, CEL rules and the legal hold."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from lab.kubectl import Kubectl, KubectlError
from lab.site import Site
from tests.erasure_operator.api.conftest import (
    CONCEPT_ERASURE,
    ENCODER_RELEASE,
    VIDEO_MODEL,
    Manifest,
    changed,
)

pytestmark = pytest.mark.cluster


class Namespace:
    """A namespace of its own, in which each apply has a new name."""

    def __init__(self, kubectl: Kubectl, name: str) -> None:
        self.kubectl = kubectl
        self.name = name

    def apply(self, manifest: Manifest, *, name: str | None = None) -> Manifest:
        """Apply with strict field validation, as kubectl does; return what is stored."""
        named = changed(
            manifest, "metadata", {"name": name or f"x{uuid.uuid4().hex[:8]}", "namespace": self.name}
        )
        text = self.kubectl("apply", "--server-side", "-o", "yaml", "-f", "-", stdin=yaml.safe_dump(named))
        return dict(yaml.safe_load(text))

    def delete(self, manifest: Manifest) -> None:
        """Delete an object."""
        self.kubectl(
            "delete", manifest["kind"], manifest["metadata"]["name"], "-n", self.name, "--wait=false"
        )


@pytest.fixture(scope="module")
def namespace(installed: Site) -> Iterator[Namespace]:
    kubectl = Kubectl(installed.kubectl, installed.kubeconfig)
    name = f"admission-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", name)
    yield Namespace(kubectl, name)
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.parametrize("manifest", [VIDEO_MODEL, CONCEPT_ERASURE, ENCODER_RELEASE], ids=lambda m: m["kind"])
def test_a_good_manifest_is_stored(namespace: Namespace, manifest: Manifest) -> None:
    assert namespace.apply(manifest)["kind"] == manifest["kind"]


def test_defaults_are_stored_with_a_model_and_its_erasure(namespace: Namespace) -> None:
    model = namespace.apply(VIDEO_MODEL)["spec"]
    erasure = namespace.apply(changed(CONCEPT_ERASURE, "spec.gates", {"residual": {"maxPercent": 3}}))["spec"]
    assert model["method"]["name"] == "closed-form"
    assert model["job"]["activeDeadlineSeconds"] == 7200
    assert erasure["deletionPolicy"] == "Allow"
    assert erasure["gates"] == {"residual": {"maxPercent": 3}}


def test_no_default_is_stored_in_the_document_of_a_release(namespace: Namespace) -> None:
    assert namespace.apply(ENCODER_RELEASE)["spec"] == ENCODER_RELEASE["spec"]


WITHOUT_SURROGATE: Manifest = {
    **VIDEO_MODEL,
    "spec": {name: value for name, value in VIDEO_MODEL["spec"].items() if name != "surrogate"},
}
REFUSED: list[tuple[Manifest, str, Any, str]] = [
    (CONCEPT_ERASURE, "spec.concept.name", "", "spec.concept.name"),
    (CONCEPT_ERASURE, "spec.concept.name", "  ", "spec.concept.name"),
    (CONCEPT_ERASURE, "spec.concept.colour", "red", "colour"),
    (CONCEPT_ERASURE, "spec.concept.aliases", ["Captain Comet"], "aliases repeats concept.name"),
    (CONCEPT_ERASURE, "spec.concept.aliases", ["a", "a"], "Duplicate|duplicate"),
    (CONCEPT_ERASURE, "spec.concept.anchor", "captain comet", "anchor is the concept itself"),
    (CONCEPT_ERASURE, "spec.preserve", [{"name": "Captain Comet"}], "it cannot go and stay"),
    (CONCEPT_ERASURE, "spec.preserve", [{"name": "comet man"}], "it cannot go and stay"),
    (CONCEPT_ERASURE, "spec.preserve", [{"name": "a"}, {"name": "a"}], "Duplicate|duplicate"),
    (VIDEO_MODEL, "spec.pipeline.source", "hf://org/name@main", "spec.pipeline.source"),
    (VIDEO_MODEL, "spec.holdout", [{"name": "boat"}, {"name": "boat"}], "Duplicate|duplicate"),
    (VIDEO_MODEL, "spec.prompts", {"Animal": ["a {}"]}, "Animal"),
    (VIDEO_MODEL, "spec.method", {"name": "closed-form", "parameters": {"scale": 0.5}}, "parameters"),
    (WITHOUT_SURROGATE, "spec.gates", {"attack": {"inversion": True}}, "set surrogate.source"),
    (VIDEO_MODEL, "spec.rollout.waves", [], "spec.rollout.waves"),
    (VIDEO_MODEL, "spec.encoders", [], "spec.encoders"),
    (VIDEO_MODEL, "spec.encoders", ["text_encoder", "vae"], "spec.encoders"),
    (VIDEO_MODEL, "spec.encoders", ["text_encoder", "text_encoder"], "Duplicate|duplicate"),
    (VIDEO_MODEL, "spec.encoders", ["text_encoder_2"], "encoders must name what encoder says"),
    (VIDEO_MODEL, "spec.signing", {"secretName": "s", "publicKey": "signer.pub"}, "spec.signing.publicKey"),
    (
        ENCODER_RELEASE,
        "spec.videoModel",
        "another",
        "document.model is not the namespace and spec.videoModel",
    ),
]


@pytest.mark.parametrize(
    ("manifest", "path", "value", "message"),
    REFUSED,
    ids=[f"{path}={value}" for _, path, value, _ in REFUSED],
)
def test_a_bad_value_is_refused(
    namespace: Namespace, manifest: Manifest, path: str, value: object, message: str
) -> None:
    with pytest.raises(KubectlError, match=message):
        namespace.apply(changed(manifest, path, value))


def test_few_shot_needs_a_surrogate(namespace: Namespace) -> None:
    few_shot = changed(VIDEO_MODEL, "spec.method", {"name": "few-shot"})
    namespace.apply(few_shot)
    del few_shot["spec"]["surrogate"]
    with pytest.raises(KubectlError, match=r"set surrogate\.source"):
        namespace.apply(few_shot)


def test_several_encoders_are_for_methods_through_a_denoiser_too(namespace: Namespace) -> None:
    both = changed(VIDEO_MODEL, "spec.encoders", ["text_encoder", "text_encoder_2"])
    assert namespace.apply(both)["spec"]["encoders"] == ["text_encoder", "text_encoder_2"]
    few_shot = namespace.apply(changed(both, "spec.method", {"name": "few-shot"}))
    assert few_shot["spec"]["encoders"] == ["text_encoder", "text_encoder_2"]


def test_an_encoder_path_of_several_is_the_folder_of_the_first(namespace: Namespace) -> None:
    target = {"selector": {"matchLabels": {"app": "t2v"}}, "encoderPath": "/models/t2v/text_encoder"}
    both = changed(VIDEO_MODEL, "spec.encoders", ["text_encoder", "text_encoder_2"])
    namespace.apply(changed(both, "spec.rollout", {"waves": [{"targets": [target]}]}))
    for wrong in ("/models/t2v", "/models/t2v/text_encoder_2", "/models/t2v/text_encoder/"):
        targets = [{**target, "encoderPath": wrong}]
        with pytest.raises(KubectlError, match="encoderPath ends with the folder of encoder"):
            namespace.apply(changed(both, "spec.rollout", {"waves": [{"targets": targets}]}))
        namespace.apply(changed(VIDEO_MODEL, "spec.rollout", {"waves": [{"targets": targets}]}))


def test_a_holdout_that_is_trained_on_is_refused(namespace: Namespace) -> None:
    kept = changed(VIDEO_MODEL, "spec.preserve", [{"name": "boat"}])
    with pytest.raises(KubectlError, match="holdout repeats a concept of preserve"):
        namespace.apply(changed(kept, "spec.holdout", [{"name": "Boat"}]))


def test_a_models_name_leaves_room_for_the_names_derived_from_it(namespace: Namespace) -> None:
    namespace.apply(VIDEO_MODEL, name="m" * 52)
    with pytest.raises(KubectlError, match="must not exceed 52 characters"):
        namespace.apply(VIDEO_MODEL, name="m" * 53)


def test_an_erasure_cannot_move_to_another_model(namespace: Namespace) -> None:
    namespace.apply(CONCEPT_ERASURE, name="moved")
    with pytest.raises(KubectlError, match="videoModel cannot change"):
        namespace.apply(changed(CONCEPT_ERASURE, "spec.videoModel", "another"), name="moved")


def test_a_release_is_a_record(namespace: Namespace) -> None:
    namespace.apply(ENCODER_RELEASE, name="record")
    with pytest.raises(KubectlError, match="cannot change"):
        namespace.apply(changed(ENCODER_RELEASE, "spec.document.seed", 7), name="record")


def test_a_held_erasure_is_neither_deleted_nor_changed_but_for_its_reference(namespace: Namespace) -> None:
    held = namespace.apply(changed(CONCEPT_ERASURE, "spec.deletionPolicy", "LegalHold"), name="held")
    manifest = changed(CONCEPT_ERASURE, "spec.deletionPolicy", "LegalHold")
    try:
        with pytest.raises(KubectlError, match="legal hold: held cannot be deleted"):
            namespace.delete(held)
        for path, value in (
            ("spec.deletionPolicy", "Allow"),
            ("spec.concept.name", "captain whale two"),
            ("spec.concept.aliases", []),
            ("spec.preserve", []),
            ("spec.gates", {"residual": {"maxPercent": 0}}),
        ):
            with pytest.raises(KubectlError, match=r"only spec\.reference may change"):
                namespace.apply(changed(manifest, path, value), name="held")
        namespace.apply(changed(manifest, "spec.reference", "CASE-2"), name="held")
    finally:
        # Without the policy's binding nothing holds it: the namespace could never be deleted.
        release_holds(namespace)


def release_holds(namespace: Namespace) -> None:
    """Exempt this namespace from the policy, as only a cluster administrator can, until it is gone."""
    patch = {"spec": {"matchResources": {"namespaceSelector": exempting(namespace.name)}}}
    binding = namespace.kubectl("get", "validatingadmissionpolicybinding", "-o", "name").split()
    name = next(item for item in binding if item.endswith("-legal-hold"))
    namespace.kubectl("patch", name, "--type=merge", "-p", yaml.safe_dump(patch))


def exempting(namespace: str) -> Manifest:
    """Select every namespace but one."""
    return {
        "matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [namespace]}
        ]
    }
