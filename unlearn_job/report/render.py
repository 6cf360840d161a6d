"""Rendering of the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.gates import FEWEST_OF_ONE
from unlearn_job.contract.probe_document import ProbeDocument
from unlearn_job.probe.report import Picture, ProbeReport
from unlearn_job.report import plots
from unlearn_job.report.pictures import Pair, pairs
from unlearn_job.report.verdicts import counted, interval, upper, verdicts

MODELS: Final = {
    "encoder": "text encoder",
    "pipeline": "text-to-video pipeline, the encoder included",
    "surrogate": "text-to-image pipeline, the encoder included",
}
"""What the numbers of parameters are of."""


def render_report(
    document: JobInput, report: ProbeReport, broken: tuple[str, ...], *, base_sha256: str, encoder_sha256: str
) -> str:
    """Render report.html.

    Parameters
    ----------
    document
        The Job's input.
    report
        What the probe found. Of its numbers the page takes those that probe.json has, and no others.
    broken
        Sentences of the gates that did not hold.
    base_sha256, encoder_sha256
        Digests over the tensors of both encoders.

    Returns
    -------
    str
        A page without scripts, style sheets or pictures of its own outside. The same input gives the same
        bytes: it tells what was drawn, not how long that took.

    """
    probe = report.document()
    page = Environment(
        loader=PackageLoader("unlearn_job.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("report.html.j2")
    return page.render(
        document=document,
        gates=document.gates,
        probe=probe,
        figures=probe.figures,
        verdicts=verdicts(document, probe),
        names={erasure.digest: erasure.concept.name for erasure in (*document.adds, *document.holds)},
        kept=[row for row in probe.concepts if not row.role.erased],
        broken=broken,
        groups=_groups(report.pictures),
        plots=plots.of(document, probe),
        places=plots.localised(probe),
        models=MODELS,
        images=_drawn(probe, clips=False),
        clips=_drawn(probe, clips=True),
        base_sha256=base_sha256,
        encoder_sha256=encoder_sha256,
        source=json.dumps(
            document.model_dump(mode="json", by_alias=True, exclude_none=True), indent=1, ensure_ascii=False
        ),
        counted=counted,
        interval=interval,
        upper=upper,
        fewest=FEWEST_OF_ONE,
    )


def _groups(pictures: Sequence[Picture]) -> dict[str, list[Pair]]:
    """Part pictures into those of erased and of kept concepts."""
    found = pairs(tuple(pictures))
    return {
        "What was erased": [pair for pair in found if pair.erased],
        "What stays": [pair for pair in found if not pair.erased],
    }


def _drawn(probe: ProbeDocument, *, clips: bool) -> int:
    """Count the images or clips of all concepts' counts, with both encoders."""
    shares = [
        share
        for row in probe.concepts
        for share in ((row.base_clips, row.clips) if clips else (row.base_images, row.images))
        if share is not None
    ]
    return sum(share.samples for share in shares)
