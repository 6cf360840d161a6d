from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unlearn_job import documents
from unlearn_job.methods import UnknownMethodError
from unlearn_job.reading import DocumentError, number_or_text, read_document, read_json


def test_a_valid_document_is_read(tmp_path: Path) -> None:
    assert read_document(documents.write(tmp_path, documents.fields())) == documents.document()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": 2}, "document.json: version: Input should be 1"),
        ({"model": None}, "document.json: model: Input should be a valid string"),
        ({"adds": []}, "document.json: adds: Tuple should have at least 1 item"),
        ({"key": "0" * 64}, "document.json: key does not name this parent and these erasures"),
        ({"extra": 1}, "document.json: extra: Extra inputs are not permitted"),
        (
            {"adds": [{"digest": "d" * 64, "name": "x", "concept": {"name": ""}}]},
            "document.json: adds.0.concept.name: String should have at least 1 character",
        ),
        (
            {"method": {"name": "closed-form", "parameters": {"nonsense": 1}}},
            "method.parameters of closed-form: nonsense: Extra inputs are not permitted",
        ),
        (
            {"method": {"name": "few-shot"}, "base": {"pipeline": "file:///models/t2v"}},
            "base.surrogate: method few-shot goes through the text-to-image model; name one",
        ),
        (
            {"base": {"pipeline": "file:///models/t2v", "encoders": ["text_encoder", "text_encoder"]}},
            "document.json: base: encoders names a component twice",
        ),
        (
            {"base": {"pipeline": "file:///models/t2v", "encoders": []}},
            "document.json: base.encoders: Tuple should have at least 1 item",
        ),
    ],
)
def test_a_broken_rule_is_one_sentence_with_its_field(
    change: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(documents.write(tmp_path, documents.fields(**change)))
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_an_unknown_method_lists_the_known_ones(tmp_path: Path) -> None:
    path = documents.write(tmp_path, documents.fields(method={"name": "magic"}))
    with pytest.raises(UnknownMethodError, match=r"no method 'magic'; this image has .*closed-form"):
        read_document(path)


def test_further_errors_are_counted(tmp_path: Path) -> None:
    path = documents.write(tmp_path, documents.fields(version=2, seed=-1))
    with pytest.raises(DocumentError, match=r"\(and 1 more\)$"):
        read_document(path)


def test_a_method_through_the_denoiser_takes_several_encoders(tmp_path: Path) -> None:
    encoders = ("text_encoder", "text_encoder_2")
    base = {"pipeline": "file:///models/t2v", "surrogate": "file:///models/t2i", "encoders": list(encoders)}
    path = documents.write(tmp_path, documents.fields(method={"name": "few-shot"}, base=base))
    assert read_document(path).base.components == encoders


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_what_is_no_document_is_said_to_be_none(text: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"document\.json"):
        read_document(documents.write(tmp_path, text))


def test_a_value_is_never_quoted(tmp_path: Path) -> None:
    path = documents.write(tmp_path, documents.fields(storage={"uri": "s3://KEY:hunter2@bucket"}))
    with pytest.raises(DocumentError, match=r"storage\.uri") as caught:
        read_document(path)
    assert "hunter2" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"cannot read .*nowhere\.json: No such file"):
        read_document(tmp_path / "nowhere.json")


@pytest.mark.parametrize("text", ["", "{bad", "[" * 100_000])
def test_a_file_that_holds_no_json_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(text)
    with pytest.raises(DocumentError, match=r"cannot read the prompts in .*prompts\.json"):
        read_json(path, "prompts")


@pytest.mark.parametrize(
    ("text", "value"),
    [("20", 20), ("-3", -3), ("0.5", "0.5"), ("²", "²"), ("9" * 5000, "9" * 5000), ("", "")],
)
def test_whole_numbers_are_read_as_such(text: str, value: int | str) -> None:
    assert number_or_text(text) == value
