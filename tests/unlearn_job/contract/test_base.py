from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from unlearn_job.contract.base import AnswerModel, AnyCase, ContractModel, canonical_digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


class Part(ContractModel):
    some_name: int = 1
    unset: str | None = None


def test_json_has_camel_case_and_leaves_out_what_is_unset() -> None:
    assert Part().to_json() == '{"someName":1}'


def test_both_spellings_are_read_and_others_refused() -> None:
    assert Part.from_json('{"someName": 2}') == Part(some_name=2)
    with pytest.raises(ValidationError):
        Part.from_json('{"another": 2}')


class Colour(AnyCase):
    RED = "Red"


class Painted(ContractModel):
    colour: Colour


def test_words_are_read_in_any_case_and_written_in_one() -> None:
    for text in ("Red", "red", "RED"):
        assert Painted.model_validate({"colour": text}).to_json() == '{"colour":"Red"}'
    with pytest.raises(ValidationError, match="should be 'Red'"):
        Painted.model_validate({"colour": "blue"})


class Answer(AnswerModel):
    count: int = 1


class WholeAnswer(AnswerModel):
    part: Answer = Answer()


def test_an_answer_of_a_newer_job_is_read_at_every_depth() -> None:
    newer = WholeAnswer.from_json('{"part": {"count": 2, "unheardOf": 3}, "another": {}}')
    assert newer == WholeAnswer(part=Answer(count=2))
    assert newer.to_json() == '{"part":{"count":2}}'
    with pytest.raises(ValidationError):
        WholeAnswer.from_json('{"part": {"count": "many"}}')


def test_parts_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Part().some_name = 2  # type: ignore[misc]


@given(JSON)
def test_the_digest_does_not_depend_on_the_order_of_keys(value: object) -> None:
    assert canonical_digest(value) == canonical_digest(_reversed(value))


def test_the_digest_tells_values_apart() -> None:
    values = [1, "1", True, None, [], {}, [1], {"1": 1}, "é", "e"]
    assert len({canonical_digest(value) for value in values}) == len(values)


@pytest.mark.parametrize("value", [0.5, {"a": [1.0]}, b"x", {1, 2}])
def test_what_has_no_stable_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="canonical"):
        canonical_digest(value)


def _reversed(value: object) -> object:
    if isinstance(value, dict):
        return {key: _reversed(item) for key, item in reversed(value.items())}
    return [_reversed(item) for item in value] if isinstance(value, list) else value
