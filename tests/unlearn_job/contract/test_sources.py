from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.contract.sources import BaseModels, Storage

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "source", [f"hf://org/name@{COMMIT}", "s3://models", "s3://models/a/b", "file:///models/t2v"]
)
def test_sources_are_taken(source: str) -> None:
    assert BaseModels(pipeline=source).pipeline == source


@pytest.mark.parametrize(
    "source",
    ["", "hf://org/name", "hf://org/name@main", "hf://name@" + COMMIT, "s3://A", "file://relative", "/models",
     "https://x/y", "file:///a b", "s3://models/a\nb"],
)  # fmt: skip
def test_a_source_that_can_change_or_is_no_address_is_refused(source: str) -> None:
    with pytest.raises(ValidationError):
        BaseModels(pipeline=source)


def test_releases_do_not_go_to_the_hub() -> None:
    with pytest.raises(ValidationError):
        Storage(uri=f"hf://org/name@{COMMIT}")


def test_an_encoder_is_a_component_of_that_name() -> None:
    assert BaseModels(pipeline="file:///x", encoder="text_encoder_2")
    with pytest.raises(ValidationError):
        BaseModels(pipeline="file:///x", encoder="unet")
