"""The one base of all contract models."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ContractModel(BaseModel):
    """A frozen document part with camelCase keys that refuses what it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    def to_json(self) -> str:
        """Serialise with camelCase keys, leaving out what is unset, on one line."""
        return self.model_dump_json(by_alias=True, exclude_none=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Parse and validate.

        Raises
        ------
        pydantic.ValidationError
            The text is not JSON, or not this document.

        """
        return cls.model_validate_json(text)


class AnswerModel(ContractModel):
    """A frozen part of what a Job answers: unknown fields belong to a newer Job, and are ignored.

    A document stays strict, because a Job that left out what it was told would do something else. An
    operator that read no more than the fields it knows does nothing wrong.
    """

    model_config = ConfigDict(extra="ignore")


class AnyCase(StrEnum):
    """Words of a contract that are written in one way and read in any case, as help texts print them."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        text = str(value).lower()
        return next((member for member in cls if member.lower() == text), None)


def canonical_digest(value: object) -> str:
    """Hash plain JSON data independently of key order and white space.

    Parameters
    ----------
    value
        Data of dicts, lists, strings, integers, booleans and None. Floats are refused: their text differs
        between writers, and a release key must not.

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits.

    Raises
    ------
    TypeError
        The data holds something else.

    """
    _refuse_floats(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_floats(value: object) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(f"{type(value).__name__} has no canonical text; use an integer or a string")
