"""Probe the new encoder: the same prompts and seeds as the base's, and clips of what must be gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import RetentionFigures
from unlearn_job.encoder import Encoders
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.probe.base import BaseProbe, control_samples, draw_clips, draw_images
from unlearn_job.probe.budget import Amounts
from unlearn_job.probe.confirm import confirmed
from unlearn_job.probe.pace import Pace
from unlearn_job.probe.report import ProbeReport
from unlearn_job.probe.rounds import lost, rounds
from unlearn_job.probe.rows import Measured, figures, pictures, row
from unlearn_job.probe.seen import Seen, judged
from unlearn_job.probe.subjects import Asked, Subject, asked
from unlearn_job.probe.versions import versions
from unlearn_job.prompts import Templates
from unlearn_job.quality import Compared, FeatureModels, measure_quality
from unlearn_job.sizes import parameter_counts


def probe(
    models: Models,
    new_encoder: Encoders,
    judge: Judge,
    doc: JobInput,
    base: BaseProbe,
    *,
    features: FeatureModels | None = None,
) -> ProbeReport:
    """Measure a new encoder against the base.

    Parameters
    ----------
    models
        The Job's models; the pipelines are given the encoders in turn.
    new_encoder
        The encoder to probe.
    judge, doc
        The Job's judge and document.
    base
        What `identify` saw.
    features
        Models in whose features pictures are compared; None takes the judge's.

    """
    drawing = _Drawing(models, new_encoder, judge, doc, base)
    measured = drawing.everything()
    rows = [row(one, base.false_positives.get(one.subject.concept.name)) for one in measured]
    shown = [picture for one in measured for picture in pictures(one)]
    shown.sort(key=lambda picture: not picture.role.erased)
    return ProbeReport(
        figures(rows),
        tuple(rows),
        tuple(shown),
        {**doc.probe.model_dump(mode="json", by_alias=True), "seed": doc.seed},
        parameters=parameter_counts(models),
        images_per_second=drawing.pace.images.per_second,
        clips_per_second=drawing.pace.clips.per_second,
        quality=measure_quality(judge, [_compared(one) for one in measured], doc.seed, features),
        versions=versions(),
    )


def _compared(measured: Measured) -> Compared:
    """Pair the images of a concept; what was stopped early is compared as far as it goes."""
    after = measured.after
    before = measured.before.first(len(after.asked))
    return Compared(
        erased=measured.subject.role.erased,
        neighbour=measured.subject.neighbour,
        prompts=tuple(one.sample.prompt for one in after.asked),
        looks=(before.looks, after.looks),
        pixels=(before.pixels[:, 0], after.pixels[:, 0]),
    )


@dataclass
class _Drawing:
    """One encoder that is probed, and what was drawn with it so far."""

    models: Models
    encoder: Encoders
    judge: Judge
    doc: JobInput
    base: BaseProbe
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        """Decide how much is drawn."""
        self._amounts = self.base.amounts or Amounts.asked(self.doc, self.base.subjects)
        self._subjects = [s for s in self.base.subjects if s.concept.name in self.base.seen]

    def everything(self) -> list[Measured]:
        """Draw and judge every concept, in the order of the subjects."""
        before = {
            s.concept.name: self.base.seen[s.concept.name].first(self._wanted(s)) for s in self._subjects
        }
        after, stopped = self._images(before)
        names = {s.concept.name for s in self._subjects if s.role.erased} - stopped
        extra = self._extra({name: seen for name, seen in self.base.extra.items() if name in names})
        closer = confirmed(
            self.models,
            self.encoder,
            self.judge,
            self.doc,
            self.base,
            after={name: (before[name], after[name]) for name in before},
            pace=self.pace,
        )
        return [
            self._measured(s, before, after, extra, closer=closer, stopped=stopped) for s in self._subjects
        ]

    def _measured(
        self,
        subject: Subject,
        before: Mapping[str, Seen],
        after: Mapping[str, Seen],
        extra: Mapping[str, Seen],
        *,
        closer: Mapping[str, RetentionFigures],
        stopped: set[str],
    ) -> Measured:
        name = subject.concept.name
        found = Measured(subject, before[name], after[name], confirmed=closer.get(name))
        if not subject.role.erased:
            return found
        control, clips, early = self._clips(subject, hopeless=name in stopped)
        return Measured(
            subject,
            before[name],
            after[name],
            self.base.extra[name] if name in extra else None,
            extra.get(name),
            counted=self.base.counted(name) if name in extra else frozenset(),
            clips_before=control,
            clips_after=clips,
            stopped=early or name in stopped,
        )

    def _wanted(self, subject: Subject) -> int:
        return self._amounts.images if subject.role.erased else self._amounts.kept

    def _images(self, before: Mapping[str, Seen]) -> tuple[dict[str, Seen], set[str]]:
        """Draw the base's samples again, all concepts at once; name those that were stopped early."""
        bound, after = self.doc.gates.residual.max_percent, dict[str, Seen]()
        stopped: set[str] = set()
        ends = {
            s.concept.name: rounds(
                len(before[s.concept.name].asked),
                sequential=self.doc.probe.sequential and s.role.erased,
            )
            for s in self._subjects
        }
        for turn in range(max(map(len, ends.values()), default=0)):
            samples = {
                name: before[name].asked[len(after[name].asked) if name in after else 0 : sizes[turn]]
                for name, sizes in ends.items()
                if turn < len(sizes) and name not in stopped
            }
            self._draw(samples, after)
            for name, sizes in ends.items():
                total = sizes[-1] + self._counted_extra(name)
                if turn + 1 < len(sizes) and lost(after[name].left(), total, bound):
                    stopped.add(name)
        return after, stopped

    def _counted_extra(self, name: str) -> int:
        seen = self.base.extra.get(name)
        return len(seen.only(self.base.counted(name)).asked) if seen is not None else 0

    def _extra(self, before: Mapping[str, Seen]) -> dict[str, Seen]:
        after: dict[str, Seen] = {}
        self._draw({name: seen.asked for name, seen in before.items()}, after)
        return after

    def _draw(self, samples: Mapping[str, tuple[Asked, ...]], into: dict[str, Seen]) -> None:
        """Draw images and append them to what is there of their concepts."""
        concepts = {s.concept.name: s.concept for s in self._subjects}
        drawn = draw_images(self.models, self.encoder, self.doc, samples, self.pace)
        for name, images in drawn.items():
            new = judged(*images, self.judge, concepts[name], self.base.among)
            into[name] = into[name].joined(new) if name in into else new

    def _clips(self, subject: Subject, *, hopeless: bool) -> tuple[Seen, Seen, bool]:
        """Draw clips of an erased concept: few with the base encoder, all with the new one."""
        name, count = subject.concept.name, self._amounts.clips
        control = self.base.control.get(name)
        if control is None:
            control = self._clips_of(subject, control_samples(self.doc, subject), self.models.base)
        samples = asked(self.doc, Templates.of(self.doc), subject, count, "clips")
        found: Seen | None = None
        for end in rounds(count, sequential=self.doc.probe.sequential):
            new = self._clips_of(subject, samples[len(found.asked) if found else 0 : end], self.encoder)
            found = found.joined(new) if found else new
            broken = hopeless or lost(found.left(), count, self.doc.gates.residual.max_percent)
            if broken and self.doc.probe.sequential:
                break
        assert found is not None  # noqa: S101 (there is a round)
        return control, found, len(found.asked) < count

    def _clips_of(self, subject: Subject, samples: tuple[Asked, ...], encoder: Encoders) -> Seen:
        return draw_clips(
            self.models,
            encoder,
            self.judge,
            self.doc,
            self.base,
            subject=subject,
            samples=samples,
            pace=self.pace,
        )
