"""The main job, told as one story: each test goes on where the one before ended."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.e2e.story import Story

pytestmark = pytest.mark.cluster
REPLICAS = 2


@pytest.fixture(scope="module")
def original_pod_spec(story: Story) -> dict[str, object]:
    return dict(story.deployment()["spec"]["template"])


@pytest.fixture(scope="module")
def signing(story: Story) -> dict[str, str]:
    """A key that Jobs sign with, and its other half, by which pods tell."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    story.stage.apply_objects(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "encoder-signing", "namespace": story.namespace},
            "stringData": {"key.pem": pem},
        }
    )
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {"secretName": "encoder-signing", "publicKey": public.decode()}


def test_an_erasure_reaches_every_pod_signed(
    story: Story, original_pod_spec: dict[str, object], signing: dict[str, str]
) -> None:
    story.apply_model(signing=signing)
    erasure = story.wait_erased(
        story.erase("captain comet", "Character", aliases=["comet man"], anchor="a figure")
    )
    assert story.served_concepts() == [{"captain comet"}] * 2
    assert erasure["status"]["pods"] == "2/2"
    assert erasure["status"]["residual"]
    (fetching,) = story.deployment()["spec"]["template"]["spec"]["initContainers"]
    assert fetching["args"][-2:] == ["--public-key", signing["publicKey"]]


def test_the_published_release_is_what_its_manifest_says(story: Story) -> None:
    keys = story.stage.objects(story.stage.release_prefix)
    manifests = [key for key in keys if key.endswith("/manifest.json")]
    assert len(manifests) == 1
    assert manifests[0].replace("manifest.json", "model.sig") in keys
    manifest = json.loads(story.stage.read_object(manifests[0]))
    folder = manifests[0].removesuffix("manifest.json")
    assert {folder + file["path"]: file["size"] for file in manifest["files"]} == {
        key: size for key, size in keys.items() if key != manifests[0]
    }


def test_a_second_erasure_builds_on_the_first(story: Story) -> None:
    # One pod from here on: each costs ten seconds of a processor, and two were seen to change together.
    story.scale(1)
    story.wait_erased(story.erase("mosaic", "Style", aliases=["tesserae"]))
    assert story.served_concepts() == [{"captain comet", "mosaic"}]
    parents = [
        release["spec"]["document"].get("parent")
        for release in story.stage.kubectl.list("encoderReleases", story.namespace)
    ]
    assert len([parent for parent in parents if parent]) == 1


def test_taking_the_first_back_serves_the_second_alone(story: Story) -> None:
    story.take_back("captain-comet")
    story.stage.wait_ready("videoModel", "storyboard", 240)
    assert story.served_concepts() == [{"mosaic"}]


def test_applying_the_first_again_needs_no_job(story: Story) -> None:
    jobs, releases = story.jobs(), story.releases()
    story.erase("captain comet", "Character", aliases=["comet man"], anchor="a figure")
    story.wait_erased("captain-comet", 120)
    assert story.served_concepts() == [{"captain comet", "mosaic"}]
    assert (story.jobs(), story.releases()) == (jobs, releases)


def test_taking_all_back_leaves_the_deployment_as_it_was(
    story: Story, original_pod_spec: dict[str, object]
) -> None:
    jobs = story.jobs()
    story.take_back("captain-comet")
    story.take_back("mosaic")
    story.stage.wait_ready("videoModel", "storyboard", 120)
    assert story.deployment()["spec"]["template"] == original_pod_spec
    assert story.served_concepts() == [frozenset()]
    assert story.jobs() == jobs
