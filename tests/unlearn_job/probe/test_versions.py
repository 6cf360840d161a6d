from __future__ import annotations

from importlib.metadata import version

import pytest

from unlearn_job.probe.versions import versions

pytestmark = pytest.mark.torch


def test_project_and_libraries_are_named() -> None:
    found = versions()
    assert found["torch"] == version("torch")
    assert {"concept-erasure", "diffusers", "transformers"} <= set(found)
