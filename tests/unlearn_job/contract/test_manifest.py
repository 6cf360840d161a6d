from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.contract.manifest import ManifestFile


@pytest.mark.parametrize("path", ["manifest.json", "text_encoder/model.safetensors", "a/b/c-1.txt"])
def test_paths_of_a_release_are_taken(path: str) -> None:
    assert ManifestFile(path=path, sha256="a" * 64, size=0).path == path


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", ".hidden", "a\\b", "a b", "a\n"]
)
def test_a_path_cannot_leave_the_release(path: str) -> None:
    with pytest.raises(ValidationError):
        ManifestFile(path=path, sha256="a" * 64, size=0)
