"""Attacks as an answer of their own: what brings a concept back from an encoder, the base as control."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from unlearn_job.attacks import Budget, Outcome, Target, attempt
from unlearn_job.attacks.catalogue import load_attack
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import Tally
from unlearn_job.encoder import Encoders
from unlearn_job.foreign import open_foreign
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.probe.report import tally_json
from unlearn_job.probe.subjects import check_known
from unlearn_job.probing import answered
from unlearn_job.progress import progress
from unlearn_job.seeds import seed_for
from unlearn_job.settings import JobSettings

COLUMNS: Final = ("concept", "attack", "brought back", "same on base", "name on base", "name now", "prompt")


def attacked(
    document: JobInput, address: str, names: Sequence[str], budget: Budget, settings: JobSettings
) -> tuple[Outcome, ...]:
    """Load a document's models and an encoder, and attack it.

    Parameters
    ----------
    document
        The concepts that the attacks want back, and how images are drawn.
    address
        The encoder, as `unlearn_job.foreign` reads it.
    names
        Of attacks.
    budget
        What each may spend.
    settings
        The process's settings.

    Raises
    ------
    UnknownAttackError
        There is no such attack; said before anything is loaded.
    PermanentFailure, TemporaryFailure
        As the Job's steps do.

    """
    for name in names:
        load_attack(name)

    def attack(models: Models, judge: Judge) -> tuple[Outcome, ...]:
        encoder = open_foreign(address, document, models, settings.cache_dir)
        return tuple(outcomes(models, encoder, judge, document, names, budget=budget))

    return answered(document, settings, attack)


def outcomes(
    models: Models,
    encoder: Encoders,
    judge: Judge,
    document: JobInput,
    names: Sequence[str],
    *,
    budget: Budget,
) -> Iterator[Outcome]:
    """Attack every erasure that a document adds with every attack named, attack by attack."""
    check_known(judge, document)
    targets = [Target.of(models, encoder, judge, document, erasure) for erasure in document.adds]
    wanted = [(name, target) for name in names for target in targets]
    with progress("attacks", len(wanted)) as advance:
        for name, target in wanted:
            seed = seed_for(document.seed, "attacks", target.erasure.concept.name)
            yield attempt(load_attack(name), target, budget, seed)
            advance(1)


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain data: counts with intervals, camelCase."""
    return {
        "attack": outcome.attack,
        "concept": outcome.concept,
        "seed": outcome.seed,
        "prompt": outcome.prompt,
        "soft": outcome.soft,
        "opened": outcome.opened,
        "edited": tally_json(outcome.edited),
        "base": tally_json(outcome.base),
        "namedOnBase": tally_json(outcome.named),
        "namedOnEdited": tally_json(outcome.plain),
        "tried": tally_json(outcome.tried),
        "candidates": outcome.candidates,
        "hits": list(outcome.hits),
    }


def table(found: Sequence[Outcome]) -> str:
    """Return outcomes as a table for a person, one line each, columns aligned."""
    rows = [COLUMNS, *(_row(outcome) for outcome in found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(COLUMNS) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


def _row(outcome: Outcome) -> tuple[str, ...]:
    prompt = outcome.prompt or "no candidate"
    return (
        outcome.concept,
        outcome.attack,
        _share(outcome.edited) + (" opened" if outcome.opened else ""),
        _share(outcome.base),
        f"{outcome.named.hits}/{outcome.named.samples}",
        f"{outcome.plain.hits}/{outcome.plain.samples}",
        f"{prompt} (soft tokens)" if outcome.soft else prompt,
    )


def _share(tally: Tally) -> str:
    low, high = tally.wilson()
    return f"{tally.hits}/{tally.samples} [{100 * low:.1f}, {100 * high:.1f}] %"
