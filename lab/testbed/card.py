"""The model card: figures kept as JSON, the text and tables rendered from them."""

import json
from pathlib import Path
from typing import Final

from lab.testbed.evaluate import Shares, pooled
from lab.testbed.paths import MODELS
from lab.testbed.statistics import Share

FIGURES: Final = MODELS / "figures.json"
CARD: Final = MODELS / "README.md"

TARGETS: Final[dict[str, tuple[str, str, float]]] = {
    "T2I objects": ("images", "object ", 0.98),
    "T2I colours": ("images", "colour ", 0.97),
    "T2I backgrounds": ("images", "background ", 0.99),
    "T2I characters": ("images", "character ", 0.95),
    "T2I persons": ("images", "person ", 0.95),
    "T2I styles": ("images", "style ", 0.95),
    "T2I synonyms": ("images", "synonym ", 0.95),
    "T2I nameless words stay nameless": ("images", "nameless ", 0.95),
    "T2V objects, any frame": ("clips", "any frame object ", 0.93),
    "T2V objects, most frames": ("clips", "most frames object ", 0.93),
    "T2V characters, any frame": ("clips", "any frame character ", 0.90),
    "T2V persons, any frame": ("clips", "any frame person ", 0.90),
    "T2V styles, any frame": ("clips", "any frame style ", 0.90),
    "T2V subjects in styles, any frame": ("clips", "any frame subject ", 0.90),
    "T2V nameless words, no name in any frame": ("clips", "nameless ", 0.99),
    "classifier, held-out drawings": ("classifier", "recall ", 0.98),
    "classifier, no false hit": ("classifier", "silence ", 0.98),
    "CLIP, held-out drawings": ("clip", "zero-shot ", 0.98),
}
"""Rows of the summary: which shares each pools, and what it should reach."""

Figures = dict[str, Shares]
"""Shares by what was measured: "images", "clips", "classifier", "clip"."""


def summary(figures: Figures) -> dict[str, Share]:
    """Return the pooled share of every row of the summary."""
    return {row: pooled(figures.get(part, {}), prefix) for row, (part, prefix, _) in TARGETS.items()}


def save_figures(figures: Figures, path: Path = FIGURES) -> None:
    """Keep measured figures next to the models."""
    plain = {
        part: {name: [share.hits, share.trials] for name, share in shares.items()}
        for part, shares in figures.items()
    }
    path.write_text(json.dumps(plain, indent=1) + "\n", "utf-8")


def load_figures(path: Path = FIGURES) -> Figures:
    """Read the figures of the checked-in models."""
    plain = json.loads(path.read_text("utf-8"))
    return {
        part: {name: Share(hits, trials) for name, (hits, trials) in shares.items()}
        for part, shares in plain.items()
    }


def holds(measured: Share, stated: Share) -> bool:
    """Say whether a measurement agrees with the card: not below it by more than chance explains."""
    return measured.interval[1] >= stated.interval[0]


def write_card(figures: Figures, path: Path = CARD) -> None:
    """Render the card from its text and the figures."""
    lines = [f"| {row} | {100 * TARGETS[row][2]:.0f} | {share} |" for row, share in summary(figures).items()]
    table = "\n".join(
        ["| what | aim, % | measured, % [95 % Wilson] (hits/trials) |", "| --- | --- | --- |", *lines]
    )
    detail = "\n\n".join(_table(part, shares) for part, shares in figures.items())
    text = (Path(__file__).parent / "card.md").read_text("utf-8")
    path.write_text(text.replace("{summary}", table).replace("{detail}", detail), "utf-8")


def _table(part: str, shares: Shares) -> str:
    rows = "\n".join(f"| {name} | {share} |" for name, share in sorted(shares.items()))
    return f"### {part.capitalize()}\n\n| class | measured, % |\n| --- | --- |\n{rows}"
