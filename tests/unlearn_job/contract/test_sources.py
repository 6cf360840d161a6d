from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.contract.sources import BaseModels, Storage, base_models

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


BOTH = ("text_encoder", "text_encoder_2")


def test_without_a_list_the_encoder_is_all_that_is_edited() -> None:
    assert BaseModels(pipeline="file:///x").components == ("text_encoder",)
    assert BaseModels(pipeline="file:///x", encoders=("text_encoder",)).components == ("text_encoder",)


def test_the_encoder_comes_first_and_the_order_of_the_others_says_nothing() -> None:
    three = (*BOTH, "text_encoder_3")
    for order in (three, three[::-1]):
        base = BaseModels(pipeline="file:///x", encoder="text_encoder_2", encoders=order)
        assert base.components == ("text_encoder_2", "text_encoder", "text_encoder_3")


@pytest.mark.parametrize(
    ("encoders", "sentence"),
    [
        ((), "at least 1 item"),
        (("text_encoder", "text_encoder"), "encoders names a component twice"),
        (("text_encoder_2",), "encoders does not name text_encoder, which is what encoder says"),
        (("text_encoder", "unet"), "should match pattern"),
    ],
)
def test_a_list_that_is_no_set_with_the_encoder_in_it_is_refused(
    encoders: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        BaseModels(pipeline="file:///x", encoders=encoders)


def test_one_encoder_is_written_as_ever() -> None:
    one = base_models(surrogate=None, pipeline="file:///x", encoders=("text_encoder_2",))
    assert one.to_json() == '{"pipeline":"file:///x","encoder":"text_encoder_2"}'
    both = base_models(surrogate=None, pipeline="file:///x", encoders=BOTH)
    assert (both.encoder, both.encoders) == ("text_encoder", BOTH)
    with pytest.raises(ValidationError):
        base_models(surrogate=None, pipeline="file:///x", encoders=())
