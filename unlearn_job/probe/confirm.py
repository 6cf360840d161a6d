"""Look closer at a kept concept that seems to be lost.

Retention is a mean over all kept concepts, and a document's images are shared among them: sixteen each, say,
are too few to accuse a single one. So a concept whose first images fall by more than `SUSPICIOUS` points is
drawn on, with both encoders, until there are enough to hold it to the gate. A concept that truly lost 30
points stays below suspicion in 3 of 100 cases at sixteen images; where nothing is lost, nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import RetentionFigures
from unlearn_job.contract.gates import FEWEST_OF_ONE
from unlearn_job.encoder import Encoders
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.probe.base import BaseProbe, draw_images
from unlearn_job.probe.pace import Pace
from unlearn_job.probe.seen import Seen, judged
from unlearn_job.probe.subjects import asked
from unlearn_job.prompts import Templates

SUSPICIOUS: Final = 0.10
"""Drop of the rate from which on a concept is looked at again."""


def confirmed(
    models: Models,
    encoder: Encoders,
    judge: Judge,
    doc: JobInput,
    base: BaseProbe,
    *,
    after: Mapping[str, tuple[Seen, Seen]],
    pace: Pace,
) -> dict[str, RetentionFigures]:
    """Draw suspicious concepts up to `FEWEST_OF_ONE` images and count them, the first ones included.

    Parameters
    ----------
    models, encoder, judge, doc, base
        The probe's.
    after
        Images of the kept concepts before and after, by name.
    pace
        Is told how long it took.

    """
    templates, further = Templates.of(doc), {}
    for subject in base.subjects:
        name = subject.concept.name
        if subject.role.erased or name not in after:
            continue
        before, new = after[name]
        have = len(before.asked)
        if have < FEWEST_OF_ONE and before.shown().rate - new.shown().rate > SUSPICIOUS:
            further[name] = asked(doc, templates, subject, FEWEST_OF_ONE, "images")[have:]
    drawn = [draw_images(models, one, doc, further, pace) for one in (models.base, encoder)]
    concepts = {subject.concept.name: subject.concept for subject in base.subjects}
    found = {}
    for name in further:
        both = [
            first.joined(judged(*images[name], judge, concepts[name], base.among))
            for first, images in zip(after[name], drawn, strict=True)
        ]
        found[name] = RetentionFigures(base=both[0].shown(), erased=both[1].shown())
    return found
