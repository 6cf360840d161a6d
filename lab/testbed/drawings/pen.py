"""A pen in the subject's own coordinates, so that a subject is written once for all sizes and places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import ImageDraw

RGB = tuple[int, int, int]
Point = tuple[float, float]

INK: Final[RGB] = (24, 22, 30)
"""Outlines: every subject has one, so that it stands out on any background."""

SKINS: Final[tuple[RGB, ...]] = ((250, 214, 180), (226, 172, 126), (160, 108, 74))
"""Skin tones of figures and faces; never a feature of anybody."""


@dataclass(frozen=True)
class Pen:
    """Draws shapes whose coordinates run from -1 to 1 across the subject.

    Attributes
    ----------
    draw: the canvas.
    centre: place of (0, 0), pixels of the canvas.
    half: half the subject's size, pixels of the canvas.
    """

    draw: ImageDraw.ImageDraw
    centre: Point
    half: float

    def at(self, point: Point) -> Point:
        """Return the pixel of a point."""
        return self.centre[0] + self.half * point[0], self.centre[1] + self.half * point[1]

    def _width(self, width: float) -> int:
        return max(1, round(self.half * width))

    def ellipse(self, centre: Point, rx: float, ry: float, fill: RGB | None, line: float = 0.09) -> None:
        """Draw an ellipse by its centre and half axes."""
        low = self.at((centre[0] - rx, centre[1] - ry))
        high = self.at((centre[0] + rx, centre[1] + ry))
        outline = INK if line else None
        self.draw.ellipse((*low, *high), fill=fill, outline=outline, width=self._width(line) if line else 0)

    def box(self, low: Point, high: Point, fill: RGB, line: float = 0.09) -> None:
        """Draw an upright rectangle by two corners."""
        outline = INK if line else None
        corners = (*self.at(low), *self.at(high))
        self.draw.rectangle(corners, fill=fill, outline=outline, width=self._width(line) if line else 0)

    def polygon(self, points: Sequence[Point], fill: RGB, line: float = 0.09) -> None:
        """Draw a closed polygon."""
        pixels = [self.at(point) for point in points]
        self.draw.polygon(pixels, fill=fill)
        if line:
            closed = [*pixels, pixels[0], pixels[1]]
            self.draw.line(closed, fill=INK, width=self._width(line), joint="curve")

    def line(self, points: Sequence[Point], colour: RGB = INK, width: float = 0.1) -> None:
        """Draw an open line."""
        pixels = [self.at(point) for point in points]
        self.draw.line(pixels, fill=colour, width=self._width(width), joint="curve")
