"""Markdown tables from a bench's CSV files: counts, shares and Wilson intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unlearn_job.benching.files import ATTACKS, CONCEPTS, RUNS
from unlearn_job.benching.tabular import Row, Rows, read, share, tally
from unlearn_job.contract.figures import RetentionFigures

KEPT = ("preserved", "holdout", "neighbours")
"""Groups of kept concepts."""


@dataclass(frozen=True)
class Results:
    """What a folder holds.

    Attributes
    ----------
    runs, concepts, attacks: the lines of its files.

    """

    runs: Rows
    concepts: Rows
    attacks: Rows

    @classmethod
    def of(cls, folder: Path) -> Results:
        """Read a folder."""
        return cls(*(read(folder / name) for name in (RUNS, CONCEPTS, ATTACKS)))

    def kind_of(self, run: Row) -> str | None:
        """Return the kind of a run's one concept; None where it erases several."""
        found = [
            row["kind"]
            for row in self.concepts
            if row["role"] == "added" and row["run"] == row["concept"] == run["concept"]
        ]
        return found[0] if found else None


def markdown(results: Results) -> str:
    """Return all tables on one page."""
    parts = {"Methods": by_method(results.runs)}
    if any(results.kind_of(row) for row in results.runs):
        parts["Methods, kind by kind"] = by_kind(results)
    parts |= {"Runs": by_run(results.runs), "Kept concepts": by_concept(results.concepts)}
    if results.attacks:
        parts["Attacks"] = by_attack(results.attacks)
    return "\n".join(["# Measured", "", *(f"## {name}\n\n{table}\n" for name, table in parts.items())])


def by_method(runs: Rows) -> str:
    """Pool all runs of a method."""
    return "\n".join([*_heading("method"), *(_pooled(m, own) for m, own in grouped(runs, "method"))])


def by_kind(results: Results) -> str:
    """Pool the concepts of a kind, method by method; runs that erase several are left out."""
    kinds = [(row, results.kind_of(row)) for row in results.runs]
    single = [{**row, "group": f"{row['method']}, {kind}"} for row, kind in kinds if kind]
    return "\n".join(
        [*_heading("method, kind"), *(_pooled(name, own) for name, own in grouped(single, "group"))]
    )


def grouped(rows: Rows, column: str) -> list[tuple[str, Rows]]:
    """Group rows by a column, in the order in which its values come."""
    names = dict.fromkeys(row[column] for row in rows)
    return [(name, [row for row in rows if row[column] == name]) for name in names]


def _heading(first: str) -> tuple[str, str]:
    return (
        f"| {first} | runs | residual images | residual clips, any frame | preserved | holdout | neighbours "
        "| worst run's neighbours | worst single concept | unlearning, s | most memory, MiB |",
        "| --- " * 11 + "|",
    )


def _pooled(name: str, own: Rows) -> str:
    seconds = sorted(float(row["unlearnSeconds"]) for row in own)
    kept = " | ".join(retention(own, what) for what in KEPT)
    worst = min(percent([row], "neighbours") for row in own)
    memory = max((int(row.get("peakMebibytes") or 0) for row in own), default=0)
    single = min(((float(row["worstPercent"]), row["worst"]) for row in own if row["worst"]), default=None)
    return (
        f"| {name} | {len(own)} | {share(tally(own, 'images', 'imageSamples'))} "
        f"| {share(tally(own, 'clips', 'clipSamples'))} | {kept} "
        f"| {worst:.0f} % of base | {f'{single[1]} {single[0]:.0f} %' if single else '-'} "
        f"| {seconds[0]} to {seconds[-1]} | {memory or '-'} |"
    )


def by_run(runs: Rows) -> str:
    """Return a line for each run."""
    lines = [
        "| erased | method | seed | images | clips | preserved | holdout | neighbours | worst kept | s |",
        "| --- " * 10 + "|",
    ]
    for row in sorted(runs, key=lambda r: (r["concept"], r["method"], int(r["seed"]))):
        kept = " | ".join(retention([row], what) for what in KEPT)
        lines.append(
            f"| {row['concept']} | {row['method']} | {row['seed']} "
            f"| {share(tally([row], 'images', 'imageSamples'))} "
            f"| {share(tally([row], 'clips', 'clipSamples'))} | {kept} "
            f"| {row['worst']} {row['worstPercent']} % | {row['unlearnSeconds']} |"
        )
    return "\n".join(lines)


def by_concept(concepts: Rows) -> str:
    """Sum what happened to each concept when others were erased."""
    lines = ["| kept concept | method | base | after | of base |", "| --- " * 5 + "|"]
    kept = [row for row in concepts if row["role"] in ("preserved", "holdout")]
    for concept, rows in grouped(kept, "concept"):
        for method, own in grouped(rows, "method"):
            base, after = tally(own, "base", "samples"), tally(own, "after", "samples")
            left = RetentionFigures(base=base, erased=after).percent
            lines.append(f"| {concept} | {method} | {share(base)} | {share(after)} | {left:.0f} % |")
    return "\n".join(lines)


def by_attack(rows: Rows) -> str:
    """Return a line for each attack."""
    lines = [
        "| concept | attack | method | winner, fresh seeds | the same on base | all tried | plain name "
        "| name on base | winner | s |",
        "| --- " * 10 + "|",
    ]
    for row in sorted(rows, key=lambda r: (r["concept"], r["attack"], r["method"], int(r["seed"]))):
        edited, base = (share(tally([row], what, "samples")) for what in ("edited", "base"))
        plain, named = (f"{row[what]}/{row['namedSamples']}" for what in ("plain", "named"))
        prompt = row["prompt"].replace("|", "\\|") + (" (soft)" if row["soft"] == "1" else "")
        lines.append(
            f"| {row['concept']} | {row['attack']} | {row['method']} | {edited} | {base} "
            f"| {row['tried']}/{row['triedSamples']} | {plain} | {named} | {prompt} | {row['seconds']} |"
        )
    return "\n".join(lines)


def retention(rows: Sequence[Row], what: str) -> str:
    """Return what is left of a group of kept concepts."""
    return f"{share(tally(rows, what, f'{what}Samples'))}, {percent(rows, what):.1f} % of base"


def percent(rows: Sequence[Row], what: str) -> float:
    """Return the share of the base's hits that is left, in percent."""
    base, erased = (tally(rows, hits, f"{what}Samples") for hits in (f"{what}Base", what))
    return RetentionFigures(base=base, erased=erased).percent
