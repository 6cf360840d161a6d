from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from unlearn_job.contract.manifest import Manifest, ManifestFile, encoder_folders
from unlearn_job.contract.result import JobResult, Outcome


@pytest.mark.parametrize("path", ["manifest.json", "text_encoder/model.safetensors", "a/b/c-1.txt"])
def test_paths_of_a_release_are_taken(path: str) -> None:
    assert ManifestFile(path=path, sha256="a" * 64, size=0).path == path


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", ".hidden", "a\\b", "a b", "a\n"]
)
def test_a_path_cannot_leave_the_release(path: str) -> None:
    with pytest.raises(ValidationError):
        ManifestFile(path=path, sha256="a" * 64, size=0)


BOTH = ("text_encoder", "text_encoder_2")


def manifest(**more: Any) -> Manifest:
    file = ManifestFile(path="text_encoder/config.json", sha256="a" * 64, size=2)
    return Manifest(
        model="media.storyboard",
        key="0" * 64,
        base_sha256="b" * 64,
        encoder_sha256="c" * 64,
        erasures=(),
        files=(file,),
        result=JobResult(key="0" * 64, outcome=Outcome.BUILT),
        **more,
    )


def test_a_release_of_one_encoder_is_written_as_ever() -> None:
    one = manifest()
    assert one.encoder_folders == ("text_encoder",) == encoder_folders(("text_encoder_2",))
    assert one.to_json().startswith('{"version":1,')
    assert "encoders" not in one.to_json()


def test_a_release_of_several_is_of_another_version_so_that_no_older_reader_serves_half_of_it() -> None:
    several = manifest(version=2, encoders=BOTH)
    assert several.encoder_folders == BOTH == encoder_folders(BOTH)
    assert Manifest.from_json(several.to_json()) == several


@pytest.mark.parametrize("wrong", [{"version": 2}, {"encoders": BOTH}, {"version": 2, "encoders": BOTH[:1]}])
def test_the_version_says_how_many_encoders_there_are(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        manifest(**wrong)
