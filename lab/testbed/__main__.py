"""`python -m lab.testbed`: train the testbed's models, or measure the checked-in ones."""

import sys
from pathlib import Path

import cyclopts

from lab.testbed.paths import cache

app = cyclopts.App(name="lab.testbed", help="The testbed's models: train them, or measure them.")


@app.command
def train(*, folder: Path | None = None, fresh: bool = False) -> int:
    """Train all models from nothing (about 80 minutes on two cores) and measure them.

    A training that was broken off goes on where it was.

    Parameters
    ----------
    folder
        For data and checkpoints; by default in the user's cache.
    fresh
        Forget the checkpoints of earlier trainings first. The drawings are kept.
    """
    from lab.testbed.plan import Plan  # noqa: PLC0415 - torch loads here: `--help` answers at once
    from lab.testbed.train import train as run  # noqa: PLC0415

    where = folder or cache()
    where.mkdir(parents=True, exist_ok=True)
    if fresh:
        for left in (*where.glob("*.pt"), *where.glob("*.npy")):
            left.unlink()
    return 0 if run(where, Plan()) else 1


@app.command
def evaluate() -> int:
    """Measure the models in the checkout and compare them with their card."""
    from lab.testbed.card import load_figures  # noqa: PLC0415 - as above
    from lab.testbed.train import measure, report  # noqa: PLC0415

    return 0 if report(measure(), load_figures()) else 1


if __name__ == "__main__":
    sys.exit(app())
