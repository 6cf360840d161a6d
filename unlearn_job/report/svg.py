"""From a matplotlib figure to SVG of the page: in its colours and its font, the same bytes every time."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK: Final = "#010101"
QUIET: Final = "#020202"
LINE: Final = "#030303"
OLD: Final = "#040404"
NEW: Final = "#050505"
BAD: Final = "#060606"
"""Marks in the figure for the page's colours: nobody paints with them, so that they can be told apart."""

PAGE_COLOURS: Final = {
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    LINE: "var(--line)",
    OLD: "var(--old)",
    NEW: "var(--new)",
    BAD: "var(--bad)",
}
FONT_SIZE: Final = 9
"""Points."""
_PIXELS_PER_POINT: Final = 1.4
"""Of a chart that has room: its text is then about as large as the page's small print."""
_SETTINGS: Final = {
    # Text stays text: to be read by a screen reader, searched and copied, in the reader's own font.
    "svg.fonttype": "none",
    "font.size": FONT_SIZE,
    "text.color": INK,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": LINE,
    "axes.titlesize": FONT_SIZE,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": LINE,
    "ytick.labelcolor": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    # Names are names, dollars included.
    "text.parse_math": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def drawn(name: str, label: str, draw: Callable[[Figure], None]) -> str:
    """Draw a figure and return it as an `svg` element.

    Parameters
    ----------
    name
        Of the chart, unique in its page: identifiers in the element derive from it.
    label
        What a screen reader says.
    draw
        Is given an empty figure, and sets its size and its contents.

    """
    # Loaded in this step alone: it takes as long as the smallest Jobs' other steps.
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    settings: Any = {**_SETTINGS, "svg.hashsalt": name}
    with rc_context(settings), warnings.catch_warnings():
        # The page's font draws what matplotlib's own, which only measures here, has no glyph for.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing")
        figure = Figure(layout="constrained")
        draw(figure)
        buffer = StringIO()
        figure.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    return _of_page(buffer.getvalue(), name, label)


def _of_page(text: str, name: str, label: str) -> str:
    """Take out what a page has itself, and put the page's colours and font in."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    view = re.search(r'viewBox="([^"]+)"', text)
    if view is None:
        raise ValueError("matplotlib wrote an SVG without a viewBox")
    points = float(view[1].split()[2])
    start = (
        f'<svg class="chart" role="img" aria-label="{_attribute(label)}" viewBox="{view[1]}" '
        f'style="max-width:{points * _PIXELS_PER_POINT:.0f}px">'
    )
    text = re.sub(r"<svg[^>]*>", lambda _: start, text, count=1)
    # Comments hold nothing but a copy of each text.
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = text.replace("xlink:href", "href")
    for mark, colour in PAGE_COLOURS.items():
        text = text.replace(mark, colour)
    text = re.sub(r" font-family: [^;\"]*;", "", text)
    text = re.sub(r"\s*\n\s*", " ", text)
    return _unique(text, name)


def _unique(text: str, name: str) -> str:
    """Drop identifiers that nothing refers to, and make the others the chart's own."""
    used = set(re.findall(r'(?:href="#|url\(#)([\w-]+)', text))
    text = re.sub(r' id="([\w.-]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", text)
    return re.sub(r'(href="#|url\(#)([\w-]+)', rf"\g<1>{name}-\g<2>", text)


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
