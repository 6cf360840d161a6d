"""The command that makes data sets."""

from __future__ import annotations

import json
from typing import Annotated

from unlearn_job.contract.sources import Storage
from unlearn_job.dataset.folder import DatasetFolder
from unlearn_job.dataset.ordering import Order, recipe_of
from unlearn_job.settings import JobSettings
from unlearn_job.shell import Flat, Output, guarded, importing, prepare, show


def dataset(
    *,
    order: Annotated[Order, Flat],
    output: Output = "text",
    debug: bool = False,
) -> int:
    """Draw a data set of concepts, each picture confirmed by a judge.

    The folder is one that the `datasets` library reads ("imagefolder"), with a card. Stopped, the same
    command goes on; finished, it answers at once.

    Parameters
    ----------
    output
        What stdout gets. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    prepare()
    settings = JobSettings()

    def make() -> int:
        recipe = recipe_of(order)
        folder = DatasetFolder(order.out, recipe)
        with importing():
            from unlearn_job.dataset.build import Studio, build  # noqa: PLC0415 (torch)

        # Nothing is stored but in the folder; sources on S3 take their endpoint from the environment.
        storage = Storage(uri=f"file://{order.out.absolute()}")
        made = build(recipe, folder, Studio.open(recipe, settings, order.device, storage))
        show(json.dumps(made.as_json()) if output == "json" else made.sentence())
        return 0

    return guarded(make, output=output, debug=debug, termination_log=None)
