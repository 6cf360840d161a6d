"""What a bench runs: methods with their parameters, and concepts one by one, at once or one after another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.method import MethodSpec
from unlearn_job.methods import config_of
from unlearn_job.reading import first_error, number_or_text

BASE: Final = "base"
"""No method: attacks on the encoder that was not edited say how much of them is the model's own."""


class MethodTextError(PermanentFailure):
    """A method with parameters cannot be read."""

    reason = "InvalidMethod"


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes
    ----------
    method: as it was asked for, parameters included: "few-shot:shots=8".
    concepts: "cat+robot" is erased at once, "cat>robot" one after the other, the second holding the first.
    seed: of the document.

    """

    method: str
    concepts: str
    seed: int

    @property
    def steps(self) -> tuple[tuple[str, ...], ...]:
        """The names that each step erases."""
        return tuple(tuple(step.split("+")) for step in self.concepts.split(">"))

    @property
    def spec(self) -> MethodSpec:
        """The method as documents name it; the default one for `BASE`."""
        return MethodSpec() if self.method == BASE else spec_of(self.method)


def spec_of(text: str) -> MethodSpec:
    """Read "NAME" or "NAME:parameter=value,parameter=value".

    Raises
    ------
    MethodTextError
        A parameter has no value, or breaks a rule.
    UnknownMethodError
        There is no such method.

    """
    name, _, rest = text.partition(":")
    known = config_of(name)
    parameters: dict[str, int | str] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not value:
            raise MethodTextError(f"{text}: {part} has no value; write {name}:parameter=value")
        parameters[key] = number_or_text(value)
    try:
        known.model_validate(parameters)
        return MethodSpec(name=name, parameters=parameters)
    except ValidationError as exc:
        raise MethodTextError(f"parameters of {name}: {first_error(exc)}") from exc


def runs(methods: Iterable[str], concepts: Iterable[str], seeds: Iterable[int]) -> tuple[Run, ...]:
    """Return every combination, concept by concept and seed by seed: so methods share the base's pictures."""
    order = [(concept, seed) for concept in concepts for seed in seeds]
    return tuple(Run(method, concept, seed) for concept, seed in order for method in methods)
