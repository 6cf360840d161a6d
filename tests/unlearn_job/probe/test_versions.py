from __future__ import annotations

from importlib.metadata import version

from unlearn_job.probe.versions import versions


def test_project_and_libraries_are_named() -> None:
    found = versions()
    assert found["torch"] == version("torch")
    assert {"concept-erasure", "diffusers", "transformers"} <= set(found)
