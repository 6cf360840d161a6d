"""Markdown tables from the CSV files of bench.attacks."""

from __future__ import annotations

from pathlib import Path

from bench.tables import share
from bench.tabular import Rows, read
from unlearn_job.contract.figures import RetentionFigures, Tally


def write_summary(folder: Path) -> None:
    """Write README.md beside the CSV files."""
    found, kept = (read(folder / name) for name in ("attacks.csv", "kept.csv"))
    parts = ("# Attacks", "", _attacks(found), "", "## What else was kept", "", _kept(kept), "")
    (folder / "README.md").write_text("\n".join(parts))


def _attacks(rows: Rows) -> str:
    lines = [
        "| concept | attack | method | winner, fresh seeds | the same on base | all tried | plain name "
        "| name on base | winner | s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in sorted(rows, key=lambda r: (r["concept"], r["attack"], r["method"], int(r["seed"]))):
        samples = int(row["samples"])
        edited, base = (share(_tally(row[what], samples)) for what in ("edited", "base"))
        plain, named = (f"{row[what]}/{row['namedSamples']}" for what in ("plain", "named"))
        prompt = row["prompt"].replace("|", "\\|") + (" (soft)" if row["soft"] == "1" else "")
        lines.append(
            f"| {row['concept']} | {row['attack']} | {row['method']} | {edited} | {base} "
            f"| {row['tried']}/{row['triedSamples']} | {plain} | {named} | {prompt} | {row['seconds']} |"
        )
    return "\n".join(lines)


def _kept(rows: Rows) -> str:
    lines = [
        "| concept | method | preserved, of base | holdout, of base | worst kept | unlearning, s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in sorted(rows, key=lambda r: (r["concept"], r["method"])):
        shares = []
        for what in ("preserved", "holdout"):
            samples = int(row[f"{what}Samples"])
            figures = RetentionFigures(
                base=_tally(row[f"{what}Base"], samples), erased=_tally(row[what], samples)
            )
            shares.append(f"{share(figures.erased)}, {figures.percent:.1f} %")
        lines.append(
            f"| {row['concept']} | {row['method']} | {' | '.join(shares)} "
            f"| {row['worst']} {row['worstPercent']} % | {row['unlearnSeconds']} |"
        )
    return "\n".join(lines)


def _tally(hits: str, samples: int) -> Tally:
    return Tally(hits=int(hits), samples=samples)
