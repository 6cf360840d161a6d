"""The command that runs benches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from unlearn_job.benching.planning import BenchOrder, Planned, planned
from unlearn_job.benching.record import claim
from unlearn_job.commands.measuring import AS_USUAL
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.document import Probe
from unlearn_job.settings import JobSettings
from unlearn_job.shell import AS_MUCH_AS_USUAL, Flat, Output, guarded, importing, prepare, show

if TYPE_CHECKING:
    from unlearn_job.benching.measure import Bench


def bench(
    *,
    order: Annotated[BenchOrder, Flat],
    probe: Annotated[Probe, Flat] = AS_MUCH_AS_USUAL,
    budget: Annotated[Budget, Flat] = AS_USUAL,
    output: Output = "text",
    debug: bool = False,
) -> int:
    """Measure methods on concepts, seed by seed: residual, retention, attacks, seconds, memory.

    Every run is a line of runs.csv, written when it ends; README.md and results.html sum all up. Stopped, the
    same command goes on; with more methods, concepts or seeds it adds what is missing.

    Parameters
    ----------
    output
        What stdout gets: the tables, or the lines of all files. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    prepare()
    settings = JobSettings()

    def measured() -> int:
        plan = planned(order)
        with importing():
            from unlearn_job.attacks.catalogue import load_attack  # noqa: PLC0415 (torch)
            from unlearn_job.benching.measure import measure  # noqa: PLC0415
            from unlearn_job.benching.page import write_results  # noqa: PLC0415
            from unlearn_job.benching.tables import Results, markdown  # noqa: PLC0415

        for name in order.attacks:
            load_attack(name)
        claim(plan, probe, budget)
        try:
            measure(order.out, plan.runs, order.attacks, lambda: _opened(plan, probe, budget, settings))
        finally:
            if order.out.is_dir():
                # What is there so far is worth a table, whatever stopped the rest.
                write_results(order.out)
        results = Results.of(order.out)
        show(json.dumps(vars(results)) if output == "json" else markdown(results))
        return 0

    return guarded(measured, output=output, debug=debug, termination_log=None)


def _opened(plan: Planned, probe: Probe, budget: Budget, settings: JobSettings) -> Bench:
    """Load the models of a plan."""
    from unlearn_job.benching.measure import Bench, pictures_of  # noqa: PLC0415
    from unlearn_job.probing import loaded  # noqa: PLC0415

    first = plan.runs[0]
    document = plan.document(first.steps[0], holds=(), method=first.spec, seed=first.seed, probe=probe)
    models, judge = loaded(document, settings)
    return Bench(
        models=models,
        judge=judge,
        documents=plan.document,
        probe=probe,
        budget=budget,
        out=plan.order.out,
        pictures=pictures_of(models, document, plan.order.out),
    )
