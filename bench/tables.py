"""Markdown tables from the bench's CSV files: counts, shares and Wilson intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.tabular import Rows, read
from lab.testbed.concepts import BY_NAME
from unlearn_job.contract.figures import RetentionFigures, Tally


def write_summary(folder: Path) -> None:
    """Write README.md beside the CSV files."""
    runs, concepts = (read(folder / name) for name in ("runs.csv", "concepts.csv"))
    text = "\n".join(
        (
            "# Measured",
            "",
            _by_method(runs),
            "",
            _by_kind(runs),
            "",
            _by_run(runs),
            "",
            _by_concept(concepts),
            "",
        )
    )
    (folder / "README.md").write_text(text)


def share(tally: Tally) -> str:
    """Return "hits/samples [low, high]" with the 95 % interval in percent."""
    low, high = tally.wilson()
    return f"{tally.hits}/{tally.samples} [{100 * low:.1f}, {100 * high:.1f}]"


def _by_method(runs: Rows) -> str:
    return "\n".join(
        [
            *_heading("method"),
            *(_pooled(method, own) for method, own in _grouped(runs, lambda r: r["method"])),
        ]
    )


def _by_kind(runs: Rows) -> str:
    """Pool the concepts of a kind, method by method; runs that erase several are left out."""
    single = [row for row in runs if row["concept"] in BY_NAME]
    groups = _grouped(single, lambda row: f"{row['method']}, {BY_NAME[row['concept']].kind.value}")
    return "\n".join([*_heading("method, kind"), *(_pooled(name, own) for name, own in groups)])


def _grouped(rows: Rows, name_of: Callable[[dict[str, str]], str]) -> list[tuple[str, Rows]]:
    names = dict.fromkeys(name_of(row) for row in rows)
    return [(name, [row for row in rows if name_of(row) == name]) for name in names]


def _heading(first: str) -> tuple[str, str]:
    return (
        f"| {first} | runs | residual images | residual clips, any frame | preserved | holdout | neighbours "
        "| worst run's neighbours | unlearning, s |",
        "| --- " * 9 + "|",
    )


def _pooled(name: str, own: Rows) -> str:
    seconds = sorted(float(row["unlearnSeconds"]) for row in own)
    kept = " | ".join(_retention(own, what) for what in ("preserved", "holdout", "neighbours"))
    worst = min(_percent([row], "neighbours") for row in own)
    return (
        f"| {name} | {len(own)} | {share(_tally(own, 'images', 'imageSamples'))} "
        f"| {share(_tally(own, 'clips', 'clipSamples'))} | {kept} "
        f"| {worst:.0f} % of base | {seconds[0]} to {seconds[-1]} |"
    )


def _by_run(runs: Rows) -> str:
    lines = [
        "| erased | method | seed | images | clips | preserved | holdout | neighbours | worst kept | s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in sorted(runs, key=lambda r: (r["concept"], r["method"], int(r["seed"]))):
        kept = " | ".join(_retention([row], what) for what in ("preserved", "holdout", "neighbours"))
        lines.append(
            f"| {row['concept']} | {row['method']} | {row['seed']} "
            f"| {share(_tally([row], 'images', 'imageSamples'))} "
            f"| {share(_tally([row], 'clips', 'clipSamples'))} | {kept} "
            f"| {row['worst']} {row['worstPercent']} % | {row['unlearnSeconds']} |"
        )
    return "\n".join(lines)


def _by_concept(concepts: Rows) -> str:
    """Sum what happened to each concept when others were erased."""
    lines = ["| kept concept | method | base | after | of base |", "| --- | --- | --- | --- | --- |"]
    kept = [row for row in concepts if row["role"] in ("preserved", "holdout")]
    for concept in dict.fromkeys(row["concept"] for row in kept):
        for method in dict.fromkeys(row["method"] for row in kept):
            own = [row for row in kept if row["concept"] == concept and row["method"] == method]
            if own:
                base, after = _tally(own, "base", "samples"), _tally(own, "after", "samples")
                percent = RetentionFigures(base=base, erased=after).percent
                lines.append(f"| {concept} | {method} | {share(base)} | {share(after)} | {percent:.0f} % |")
    return "\n".join(lines)


def _retention(rows: Sequence[dict[str, str]], what: str) -> str:
    erased = _tally(rows, what, f"{what}Samples")
    return f"{share(erased)}, {_percent(rows, what):.1f} % of base"


def _percent(rows: Sequence[dict[str, str]], what: str) -> float:
    base, erased = (_tally(rows, hits, f"{what}Samples") for hits in (f"{what}Base", what))
    return RetentionFigures(base=base, erased=erased).percent


def _tally(rows: Sequence[dict[str, str]], hits: str, samples: str) -> Tally:
    return Tally(hits=sum(int(r[hits]) for r in rows), samples=sum(int(r[samples]) for r in rows))
