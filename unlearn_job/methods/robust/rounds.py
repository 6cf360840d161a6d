"""What rounds of edit and search know, when they end, and which edit is kept.

An edit that is told of more prompts is not always the better one: with a concept that the model draws for
thousands of phrases, later edits open more than they close. So every edit is searched until something is
found in it, and where the rounds run out, the one in which fewest new prompts were found is kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from unlearn_job.contract.concept import Digest
from unlearn_job.methods.checkpoint import Saved, StateMismatchError
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.found import Found

Known = Mapping[Digest, Found]
"""What was found, by erasure."""


@dataclass(frozen=True)
class Rounds:
    """All the state there is between two rounds: an edit follows from what it is told.

    Attributes
    ----------
    known: all that was found.
    searched: searches so far.
    new: new prompts that the last one found.
    in_vain: how many of the last ones found nothing new.
    least: fewest new prompts that were found in an edit; None before any was.
    best: what that edit was told, the latest of several.

    """

    known: Known
    searched: int
    new: int
    in_vain: int
    least: int | None
    best: Known

    @classmethod
    def fresh(cls, digests: Iterable[Digest]) -> Rounds:
        """Return the state before the first search."""
        nothing = {digest: Found() for digest in digests}
        return cls(nothing, searched=0, new=0, in_vain=0, least=None, best=nothing)

    def after(self, found: Known) -> Rounds:
        """Return the state behind a search of the edit that was told all that is known."""
        known = {digest: some + found[digest] for digest, some in self.known.items()}
        new = sum(len(known[digest].inputs - some.inputs) for digest, some in self.known.items())
        # An edit in which nothing was found is searched again with a fresh seed: it has no figure yet.
        better = known != self.known and (self.least is None or new <= self.least)
        return Rounds(
            known=known,
            searched=self.searched + 1,
            new=new,
            in_vain=self.in_vain + 1 if known == self.known else 0,
            least=new if better else self.least,
            best=self.known if better else self.best,
        )

    def over(self, settings: Config) -> bool:
        """Say whether no search follows. A single edit is not searched: there is none to choose."""
        most = settings.rounds if settings.rounds > 1 else 0
        return self.searched >= most or self.in_vain >= settings.patience

    def told(self, settings: Config) -> Known:
        """Return what the next edit is told; behind the last search, what the best one was."""
        return self.best if self.over(settings) and not self.in_vain else self.known

    def saved(self) -> Saved:
        """Return what a checkpoint holds."""
        figures = dataclasses.asdict(self)
        return Saved(figures.pop("searched"), {}, figures)

    @classmethod
    def of(cls, saved: Saved) -> Rounds:
        """Return what a checkpoint held.

        Raises
        ------
        StateMismatchError
            It is another method's.

        """
        try:
            known, best = (
                {digest: Found.of(some) for digest, some in saved.figures[name].items()}
                for name in ("known", "best")
            )
            new, in_vain, least = (saved.figures[name] for name in ("new", "in_vain", "least"))
            return cls(known, saved.step, new, in_vain, least, best)
        except (KeyError, TypeError) as exc:
            raise StateMismatchError(
                "the saved state is none of this method; remove it to start anew"
            ) from exc
