"""What a search found: prompts that must go, and prompts that must stay what they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unlearn_job.erasing import Pair, Vectors
from unlearn_job.prompts import Prompt


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    goes: prompts that the parent reads as the concept too, with what they shall act like.
    stays: prompts that must act as they do in the parent: those that only the edited encoder takes for the
        concept, which the edit opened, and wordings of a phrase and of its words that do not draw it.
    opened: prompts with soft tokens of which the same is true; their anchors do not count.

    """

    goes: tuple[Pair, ...] = ()
    stays: tuple[Prompt, ...] = ()
    opened: tuple[Pair, ...] = ()

    def __add__(self, other: Found) -> Found:
        """Join two, each prompt once."""
        goes = {_key(pair): pair for pair in (*self.goes, *other.goes)}
        stays = {p.text: p for p in (*self.stays, *other.stays) if (p.text, ()) not in goes}
        opened = {_key(p): p for p in (*self.opened, *other.opened) if _key(p) not in goes}
        return Found(tuple(goes.values()), tuple(stays.values()), tuple(opened.values()))

    @property
    def inputs(self) -> frozenset[tuple[str, Vectors]]:
        """Every prompt that was found, with its soft tokens."""
        pairs = (*self.goes, *self.opened)
        return frozenset((*map(_key, pairs), *((prompt.text, ()) for prompt in self.stays)))

    @classmethod
    def parted(cls, pairs: Sequence[Pair], goes: Sequence[bool]) -> Found:
        """Part pairs whose own prompt goes from those whose own prompt stays."""
        return cls(
            tuple(pair for pair, flag in zip(pairs, goes, strict=True) if flag),
            tuple(pair.own for pair, flag in zip(pairs, goes, strict=True) if not flag),
        )

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Found:
        """Return what `dataclasses.asdict` made plain data of."""
        goes, opened = (tuple(_pair(one) for one in data[name]) for name in ("goes", "opened"))
        return cls(goes, tuple(Prompt(**prompt) for prompt in data["stays"]), opened)


def _key(pair: Pair) -> tuple[str, Vectors]:
    return pair.own.text, pair.soft


def _pair(data: Mapping[str, Any]) -> Pair:
    soft = tuple(tuple(map(float, vector)) for vector in data["soft"])
    return Pair(Prompt(**data["own"]), Prompt(**data["anchor"]), soft)
