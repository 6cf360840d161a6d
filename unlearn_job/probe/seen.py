"""Samples with the judge's verdicts: what is counted, by wording and by frame."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from unlearn_job.contract.concept import KeptConcept
from unlearn_job.contract.figures import Tally
from unlearn_job.generate import Pixels
from unlearn_job.judges.judge import Judge
from unlearn_job.judges.validity import invalid
from unlearn_job.probe.subjects import Asked, Wording


@dataclass(frozen=True)
class Seen:
    """Samples of one concept, judged. An image is a clip of one frame.

    Attributes
    ----------
    asked: the samples.
    pixels: shape (N, F, H, W, 3).
    looks: the judge's looks at all frames, N * F rows.
    hits: whether the judge sees the concept in a frame, shape (N, F), bool.
    broken: whether a frame is black, flat or noise, shape (N, F), bool.

    """

    asked: tuple[Asked, ...]
    pixels: Pixels
    looks: Tensor
    hits: Tensor
    broken: Tensor

    def first(self, count: int) -> Seen:
        """Return the first samples alone, in views."""
        frames = self.hits.shape[1]
        return Seen(
            self.asked[:count],
            self.pixels[:count],
            self.looks[: count * frames],
            self.hits[:count],
            self.broken[:count],
        )

    def verdicts(self) -> Seen:
        """Return the samples without pixels and looks, to be counted: large pictures are not copied then."""
        return replace(self, pixels=self.pixels[:, :, :0, :0], looks=self.looks[:, :0])

    def only(self, wordings: Container[Wording]) -> Seen:
        """Return the samples of some wordings."""
        places = [i for i, one in enumerate(self.asked) if one.wording in wordings]
        shape = (*self.hits.shape, self.looks.shape[1])
        return Seen(
            tuple(self.asked[i] for i in places),
            self.pixels[places],
            self.looks.reshape(shape)[places].flatten(0, 1),
            self.hits[places],
            self.broken[places],
        )

    def joined(self, other: Seen | None) -> Seen:
        """Append further samples of the same concept."""
        if other is None or not other.asked:
            return self
        return Seen(
            (*self.asked, *other.asked),
            np.concatenate([self.pixels, other.pixels]),
            torch.cat([self.looks, other.looks]),
            torch.cat([self.hits, other.hits]),
            torch.cat([self.broken, other.broken]),
        )

    def left(self) -> Tally:
        """Count samples that do not prove the concept gone: seen, or broken, in any frame."""
        return _tally((self.hits | self.broken).any(dim=1))

    def shown(self) -> Tally:
        """Count samples that are valid throughout and show the concept: in an image, in most frames."""
        most = (self.hits & ~self.broken).float().mean(dim=1) > 0.5
        return _tally(most)

    def shown_by_wording(self) -> dict[Wording, Tally]:
        """Split `shown` by wording."""
        return {w: _tally(((self.hits & ~self.broken).float().mean(dim=1) > 0.5)[i]) for w, i in self._by()}

    def left_by_wording(self) -> dict[Wording, Tally]:
        """Split `left` by wording."""
        return {w: _tally((self.hits | self.broken).any(dim=1)[i]) for w, i in self._by()}

    def frames(self) -> Tally:
        """Count single frames that show the concept."""
        return _tally(self.hits.flatten())

    def positions(self) -> tuple[Tally, ...]:
        """Count samples that show the concept at each frame position."""
        return tuple(_tally(self.hits[:, position]) for position in range(self.hits.shape[1]))

    def peak_frame(self) -> Tally:
        """Count the frame position at which the concept is seen most often."""
        position = int(self.hits.sum(dim=0).argmax())
        return _tally(self.hits[:, position])

    def invalid(self) -> Tally:
        """Count samples with a broken frame."""
        return _tally(self.broken.any(dim=1))

    def _by(self) -> list[tuple[Wording, list[int]]]:
        places = {w: [i for i, a in enumerate(self.asked) if a.wording is w] for w in Wording}
        return [(wording, found) for wording, found in places.items() if found]


def judged(
    asked: Sequence[Asked],
    pixels: Pixels,
    judge: Judge,
    concept: KeptConcept,
    among: Sequence[KeptConcept],
) -> Seen:
    """Let a judge look at samples; images of shape (N, H, W, 3) become clips of one frame."""
    clips = pixels if pixels.ndim == 5 else pixels[:, None]
    count, frames = clips.shape[:2]
    flat = clips.reshape(count * frames, *clips.shape[2:])
    looks = judge.look(flat)
    hits = judge.decide(looks, concept, among).reshape(count, frames)
    return Seen(tuple(asked), clips, looks, hits, invalid(flat).reshape(count, frames))


def _tally(flags: Tensor) -> Tally:
    return Tally(hits=int(flags.sum()), samples=int(torch.numel(flags)))
