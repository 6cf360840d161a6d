from __future__ import annotations

from typing import Any

import pytest

from erasure_operator.plan.snapshot import Snapshot
from erasure_operator.plan.targets import Selected, select, wanted_mount
from tests.erasure_operator.plan.builders import erasure, release, video_model, workload


def selected(**fields: Any) -> Selected:
    return select(Snapshot(model=video_model(), workloads=(workload(**fields),)))[0]


@pytest.mark.parametrize(
    ("fields", "settled"),
    [
        ({}, True),
        ({"wanted": 0, "total": 0, "updated": 0, "ready": 0, "available": 0}, True),
        ({"generation": 2}, False),
        ({"updated": 1}, False),
        ({"ready": 1}, False),
        ({"available": 1}, False),
        ({"total": 3}, False),
        ({"terminating": 1}, False),
    ],
    ids=str,
)
def test_settled_means_every_pod_and_no_older_one(fields: dict[str, Any], settled: bool) -> None:
    assert selected(**fields).settled is settled


def test_pods_on_a_template_that_was_not_observed_do_not_count() -> None:
    assert selected(generation=2).pods == 0
    assert selected(updated=1, total=3).pods == 1


def test_labels_select_and_the_first_target_wins() -> None:
    waves = [
        {
            "targets": [
                {"selector": {"matchLabels": {"app": "t2v", "tier": "canary"}}, "container": "first"},
                {"selector": {"matchLabels": {"app": "t2v"}}},
            ]
        }
    ]
    found = select(
        Snapshot(
            model=video_model(rollout={"waves": waves}),
            workloads=(
                workload("b"),
                workload("a", labels={"app": "t2v", "tier": "canary"}),
                workload("c", labels={"app": "other"}),
                workload("d", kind="StatefulSet"),
            ),
        )
    )
    assert [(item.workload.name, item.container) for item in found] == [("a", "first"), ("b", "server")]


def test_another_owner_and_a_missing_container_are_problems() -> None:
    assert "media/other" in selected(owner="media/other").problem
    assert selected(owner="media/storyboard").problem == ""
    named = {"waves": [{"targets": [{"selector": {"matchLabels": {"app": "t2v"}}, "container": "gpu"}]}]}
    found = select(Snapshot(model=video_model(rollout=named), workloads=(workload(),)))[0]
    assert "no container gpu" in found.problem


def test_a_mount_says_where_the_release_is_and_how_to_reach_it() -> None:
    built = release([erasure("comet")])
    mount = wanted_mount(built, selected(), video_model())
    assert mount is not None
    assert mount.key == built.key
    assert mount.uri == built.status.uri
    assert built.status.result is not None
    assert mount.manifest_sha256 == built.status.result.manifest_sha256
    assert (mount.container, mount.path) == ("server", "/var/run/concept-erasure/text_encoder")
    assert mount.credentials_secret == "s3"
    assert wanted_mount(None, selected(), video_model()) is None


@pytest.mark.parametrize(
    ("encoder_path", "one", "several"),
    [
        (None, "/var/run/concept-erasure/text_encoder", "/var/run/concept-erasure"),
        ("/models/t2v/text_encoder", "/models/t2v/text_encoder", "/models/t2v"),
        ("/text_encoder", "/text_encoder", "/"),
    ],
)
def test_several_encoders_are_mounted_beside_the_folder_of_the_first(
    encoder_path: str | None, one: str, several: str
) -> None:
    target = {"selector": {"matchLabels": {"app": "t2v"}}, "encoderPath": encoder_path}
    model = video_model(
        encoders=["text_encoder_2", "text_encoder"], rollout={"waves": [{"targets": [target]}]}
    )
    workload_ = select(Snapshot(model=model, workloads=(workload(),)))[0]
    pair = wanted_mount(release([erasure("comet")], model=model), workload_, model)
    assert pair is not None
    assert (pair.path, pair.components) == (several, ("text_encoder", "text_encoder_2"))
    # A release of one encoder, from before the model named two: served under the same path as ever.
    alone = wanted_mount(release([erasure("comet")]), workload_, model)
    assert alone is not None
    assert (alone.path, alone.components) == (one, ())


@pytest.mark.parametrize("public_key", [None, "PEM"])
def test_a_mount_asks_for_a_signature_where_the_model_names_a_key_to_tell_it_by(
    public_key: str | None,
) -> None:
    model = video_model(signing={"secret_name": "encoder-signing"})
    assert model.spec.signing is not None
    signing = model.spec.signing.model_copy(update={"public_key": public_key})
    model = model.model_copy(update={"spec": model.spec.model_copy(update={"signing": signing})})
    mount = wanted_mount(release([erasure("comet")]), selected(), model)
    assert mount is not None
    assert mount.public_key == public_key
