"""The charts of the page. Every figure in them stands in a table beside them as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unlearn_job.contract.evidence import Share
from unlearn_job.report.svg import BAD, INK, LINE, NEW, OLD, QUIET, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH: Final = 7.6
"""Inches."""
_ROW: Final = 0.27
"""Inches of height for a row."""
_MAX_PANELS: Final = 12
_BAND: Final = 0.22


@dataclass(frozen=True)
class Change:
    """One row of a chart: a share before and after.

    Attributes
    ----------
    label: what the row is about.
    base: with the base encoder; None where it was not drawn.
    new: with the new encoder.
    broken: whether a gate does not hold.

    """

    label: str
    base: Share | None
    new: Share
    broken: bool = False


def changes(name: str, label: str, rows: Sequence[Change], *, gate: float | None = None) -> str:
    """Draw shares before (ring) and after (dot), one row each, with 95 % intervals.

    Parameters
    ----------
    name, label
        As of `drawn`.
    rows
        From top to bottom; at least one.
    gate
        Percent that the interval after must end below: drawn, and shown from near beside the whole.

    """

    def draw(figure: Figure) -> None:
        figure.set_size_inches(WIDTH, 0.75 + _ROW * len(rows))
        if gate is None:
            axes = [figure.subplots()]
        else:
            axes = [*figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))]
            # Else the last number below one and the first below the other run into each other.
            figure.set_layout_engine("constrained", wspace=0.08)
        for panel in axes:
            _rows(panel, rows)
        axes[0].set_xlim(-2, 102)
        axes[0].set_xlabel("% of samples")
        if gate is not None:
            for panel in axes:
                panel.axvline(gate, color=INK, linewidth=1, linestyle=(0, (4, 2)))
            highest = max(100 * row.new.wilson95[1] for row in rows)
            axes[1].set_xlim(-0.02 * max(gate, highest), 1.25 * max(gate, highest, 1.0))
            axes[1].set_xlabel(f"near the gate at {gate:g} %")

    return drawn(name, label, draw)


def _rows(panel: Axes, rows: Sequence[Change]) -> None:
    panel.set_yticks(range(len(rows)), [row.label for row in rows])
    panel.set_ylim(len(rows) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x")
    panel.set_axisbelow(True)
    for at, row in enumerate(rows):
        if row.base is not None and row.base.samples:
            low, high = row.base.wilson95
            panel.plot([100 * low, 100 * high], [at - 0.15] * 2, color=OLD, linewidth=1.2)
            panel.plot(
                100 * row.base.rate,
                at - 0.15,
                marker="o",
                markersize=4.5,
                color=OLD,
                markerfacecolor="none",
                linestyle="",
            )
        if row.new.samples:
            low, high = row.new.wilson95
            colour = BAD if row.broken else NEW
            panel.plot([100 * low, 100 * high], [at + 0.15] * 2, color=colour, linewidth=2)
            panel.plot(100 * row.new.rate, at + 0.15, marker="o", markersize=4.5, color=colour, linestyle="")


def frames(name: str, label: str, panels: Sequence[tuple[str, Sequence[Share], Sequence[Share]]]) -> str:
    """Draw the share of clips that show a concept at each frame, a panel for each concept.

    Parameters
    ----------
    name, label
        As of `drawn`.
    panels
        Title, shares before and shares after; at most twelve are drawn.

    """
    shown = panels[:_MAX_PANELS]
    columns = min(3, len(shown))
    lines = -(-len(shown) // columns)

    def draw(figure: Figure) -> None:
        figure.set_size_inches(WIDTH * columns / 3 + (0.4 if columns < 3 else 0), 0.4 + 1.7 * lines)
        grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        for at, panel in enumerate(grid.flat):
            if at >= len(shown):
                panel.set_axis_off()
                continue
            title, before, after = shown[at]
            panel.set_title(title)
            panel.set_ylim(-4, 104)
            panel.grid(axis="y")
            positions = range(1, len(after) + 1)
            if before:
                panel.plot(
                    positions, [100 * t.rate for t in before], color=OLD, linestyle=(0, (4, 2)), linewidth=1.4
                )
            bounds = [t.wilson95 for t in after]
            panel.fill_between(
                positions,
                [100 * low for low, _ in bounds],
                [100 * high for _, high in bounds],
                color=NEW,
                alpha=_BAND,
                linewidth=0,
            )
            panel.plot(positions, [100 * t.rate for t in after], color=NEW, linewidth=1.8)
            panel.xaxis.get_major_locator().set_params(integer=True)
        figure.supxlabel("frame of the clip", fontsize="medium", color=QUIET)
        figure.supylabel("% of clips", fontsize="medium", color=QUIET)

    return drawn(name, label, draw)


def heat(
    name: str, label: str, panels: Sequence[tuple[str, Sequence[str], Sequence[Sequence[float]]]]
) -> str:
    """Draw tables of shares in [0, 1], one panel each: the fuller a cell, the larger its share.

    Parameters
    ----------
    name, label
        As of `drawn`.
    panels
        Title, labels of the rows, and a row of shares for each, one share a layer.

    """
    rows = max(len(labels) for _, labels, _ in panels)
    layers = max(len(row) for _, _, table in panels for row in table)

    def draw(figure: Figure) -> None:
        figure.set_size_inches(min(12.0, max(4.0, 1.6 + 0.42 * layers * len(panels))), 0.9 + 0.34 * rows)
        grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)
        for panel, (title, labels, table) in zip(grid.flat, panels, strict=True):
            panel.set_title(title)
            panel.set_yticks(range(len(labels)), labels)
            panel.set_xticks(range(layers), [str(layer) for layer in range(layers)])
            panel.tick_params(length=0)
            panel.set_xlim(-0.5, layers - 0.5)
            panel.set_ylim(len(labels) - 0.5, -0.5)
            for at, row in enumerate(table):
                for layer, share in enumerate(row):
                    _cell(panel, layer, at, share)
        figure.supxlabel("layer", fontsize="medium", color=QUIET)

    return drawn(name, label, draw)


def _cell(panel: Axes, x: int, y: int, share: float) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 (loaded with the chart)

    corner = (x - 0.48, y - 0.46)
    # By opacity instead of a colour map, so that it works on light and on dark paper.
    panel.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=NEW, alpha=0.75 * min(1.0, max(0.0, share))))
    panel.add_patch(Rectangle(corner, 0.96, 0.92, facecolor="none", edgecolor=LINE, linewidth=0.6))
    panel.text(x, y, f"{share:.2f}", ha="center", va="center", color=INK, fontsize="x-small")
