from __future__ import annotations

from operator import attrgetter
from pathlib import Path

import pytest

from erasure_operator.api.encoder_release import EncoderRelease
from erasure_operator.api.video_model import VideoModel
from erasure_operator.render_job import DOCUMENT, render_config_map, render_job, render_release
from tests.erasure_operator import golden
from unlearn_job.contract.document import JobInput

IMAGE = "registry.example/unlearn-job:1"


def load(case: Path) -> tuple[VideoModel, EncoderRelease]:
    model, release = golden.load(case)
    return VideoModel.from_object(model), EncoderRelease.from_object(release)


@pytest.mark.parametrize("case", golden.cases("job"), ids=attrgetter("name"))
def test_rendered_job_matches_golden(case: Path) -> None:
    model, release = load(case)
    golden.check(case, render_job(release, model, default_image=IMAGE))


def test_the_config_map_holds_the_document_that_the_job_reads() -> None:
    _, release = load(golden.GOLDEN / "job" / "small")
    config_map = render_config_map(release)
    assert JobInput.from_json(config_map["data"][DOCUMENT]) == release.spec.document
    assert config_map["immutable"] is True
    assert config_map["metadata"]["name"] == release.metadata.name


def test_what_is_built_goes_with_its_release_and_a_release_with_its_model() -> None:
    model, release = load(golden.GOLDEN / "job" / "small")
    owners = [
        manifest["metadata"]["ownerReferences"][0]
        for manifest in (
            render_job(release, model, default_image=IMAGE),
            render_config_map(release),
            render_release(release.metadata.name, release.spec, model),
        )
    ]
    assert [(owner["kind"], owner["uid"], owner["blockOwnerDeletion"]) for owner in owners] == [
        ("EncoderRelease", "uid-release", True),
        ("EncoderRelease", "uid-release", True),
        ("VideoModel", "uid-model", False),
    ]


def test_a_rendered_release_reads_back_as_it_was() -> None:
    model, release = load(golden.GOLDEN / "job" / "full")
    again = EncoderRelease.from_object(render_release(release.metadata.name, release.spec, model))
    assert again.spec == release.spec
