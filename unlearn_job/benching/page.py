"""The results of a bench as files for people: Markdown, and one page of HTML with charts."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final

from unlearn_job.benching.tables import KEPT, Results, grouped, markdown
from unlearn_job.benching.tabular import Rows, tally
from unlearn_job.contract.evidence import Share
from unlearn_job.report.charts import Change, changes

MARKDOWN: Final = "README.md"
PAGE: Final = "results.html"
TITLE: Final = "Methods, measured"


def write_results(folder: Path) -> tuple[Path, Path]:
    """Write README.md and results.html beside the CSV files, and return their paths."""
    results = Results.of(folder)
    text = markdown(results)
    found = folder / MARKDOWN, folder / PAGE
    found[0].write_text(text, "utf-8")
    found[1].write_text(page(results, text), "utf-8")
    return found


def page(results: Results, text: str) -> str:
    """Return one self-contained page: charts first, then the tables of the Markdown."""
    style = files("unlearn_job.report").joinpath("page.css").read_text("utf-8")
    body = "\n".join([*_charts(results), *_html(text)])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{style}</style></head>\n<body>\n<h1>{TITLE}</h1>\n{body}\n</body></html>\n"
    )


def _charts(results: Results) -> list[str]:
    """Draw what is left of erased concepts, of kept ones, and what attacks bring back, method by method."""
    parts: list[str] = []
    for name, label, rows in (
        (
            "residual",
            "Residual: erased concepts still shown, of images and of clips",
            _residual(results.runs),
        ),
        ("kept", "Kept concepts: shown by the base (ring) and after (dot)", _retention(results.runs)),
        (
            "attacks",
            "Attacks: the winning prompt on the base (ring) and after (dot)",
            _attacks(results.attacks),
        ),
    ):
        if rows:
            parts += [f"<h2>{label}</h2>", changes(name, label, rows)]
    return parts


def _residual(runs: Rows) -> list[Change]:
    return [
        Change(f"{method}, {what}", None, Share.of(tally(own, what, samples)))
        for method, own in grouped(runs, "method")
        for what, samples in (("images", "imageSamples"), ("clips", "clipSamples"))
        if tally(own, what, samples).samples
    ]


def _retention(runs: Rows) -> list[Change]:
    found = []
    for method, own in grouped(runs, "method"):
        for what in KEPT:
            base, after = (tally(own, hits, f"{what}Samples") for hits in (f"{what}Base", what))
            if base.samples:
                found.append(Change(f"{method}, {what}", Share.of(base), Share.of(after)))
    return found


def _attacks(rows: Rows) -> list[Change]:
    found = []
    for method, own in grouped(rows, "method"):
        for attack, some in grouped(own, "attack"):
            base, after = (tally(some, what, "samples") for what in ("base", "edited"))
            if after.samples:
                found.append(Change(f"{method}, {attack}", Share.of(base), Share.of(after)))
    return found


def _html(text: str) -> list[str]:
    """Turn the headings and tables of our own Markdown into HTML."""
    parts: list[str] = []
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line]
        if lines and lines[0].startswith("| "):
            head, _, *rows = [_cells(line) for line in lines]
            body = (_row(head, "th"), *(_row(cells, "td") for cells in rows))
            # Wide tables scroll by themselves, and not the page with them.
            parts += ['<div class="table"><table>', *body, "</table></div>"]
        elif lines and lines[0].startswith("## "):
            parts.append(f"<h2>{escape(lines[0][3:])}</h2>")
    return parts


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|").replace("\\|", "\0")
    return [cell.strip().replace("\0", "|") for cell in inner.split("|")]


def _row(cells: list[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
