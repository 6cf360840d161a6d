"""What all figures in a bench's folder share: measured otherwise they could not be compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from unlearn_job.benching.files import ATTACKS, RUNS
from unlearn_job.benching.planning import Planned
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.document import Probe
from unlearn_job.contract.errors import PermanentFailure

RECORD: Final = "bench.json"


class OtherBenchError(PermanentFailure):
    """The folder holds figures that were measured otherwise."""

    reason = "OtherBench"


def claim(plan: Planned, probe: Probe, budget: Budget) -> None:
    """Note in the folder how its figures are measured, or refuse to add others to them.

    Methods, seeds, attacks and further concepts add to what is there; what an attack may spend binds from the
    first attack on. A folder without a figure is bound to nothing: a run may have failed for a wrong address.

    Raises
    ------
    OtherBenchError
        What is there was measured with other models, lists, prompts or amounts, or nobody can tell.

    """
    path = plan.order.out / RECORD
    measured = any(path.with_name(name).exists() for name in (RUNS, ATTACKS))
    before, now = _read(path) if measured else {}, _told(plan, probe, budget)
    unlike = [what for what, value in now.items() if before.get(what, value) != value]
    if unlike:
        raise OtherBenchError(
            f"{plan.order.out} holds a bench with another {unlike[0]}; "
            "choose another --out, or the same flags"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(before | now, indent=1, ensure_ascii=False) + "\n", "utf-8")
    fresh.replace(path)


def _told(plan: Planned, probe: Probe, budget: Budget) -> dict[str, Any]:
    """Return what figures depend on, in the words that the refusal uses."""
    names = {name for run in plan.runs for step in run.steps for name in step}
    told = {
        "pair of models": plan.base,
        "judge": plan.judge,
        "retain set": plan.preserve,
        "holdout": plan.holdout,
        "set of prompts": {kind.value: texts for kind, texts in plan.prompts.items()},
        "probe": probe,
        **({"attack budget": budget} if plan.order.attacks else {}),
        **{f"description of {name}": plan.concepts[name] for name in sorted(names)},
    }
    return {what: _plain(value) for what, value in told.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 (models, and lists and tables of them)
    text = json.dumps(value, default=lambda model: model.model_dump(mode="json", by_alias=True))
    return json.loads(text)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OtherBenchError(f"{path} is no record of a bench; remove it, or choose another --out")
    return found
