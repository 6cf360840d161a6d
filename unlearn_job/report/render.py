"""Rendering of the report."""

from __future__ import annotations

import json

from jinja2 import Environment, PackageLoader, StrictUndefined

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import Tally
from unlearn_job.probe.report import ProbeReport
from unlearn_job.report.pictures import pairs


def render_report(
    document: JobInput, report: ProbeReport, broken: tuple[str, ...], *, base_sha256: str, encoder_sha256: str
) -> str:
    """Render report.html.

    Parameters
    ----------
    document
        The Job's input.
    report
        What the probe found.
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
    page = Environment(
        loader=PackageLoader("unlearn_job.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("report.html.j2")
    erasures = {erasure.digest: erasure for erasure in (*document.holds, *document.adds)}
    return page.render(
        document=document,
        erased=[row for row in report.rows if row.role.erased],
        kept=[row for row in report.rows if not row.role.erased],
        erasures=erasures,
        figures=report.figures,
        broken=broken,
        pairs=pairs(report.pictures),
        images=_drawn(report, clips=False),
        clips=_drawn(report, clips=True),
        base_sha256=base_sha256,
        encoder_sha256=encoder_sha256,
        source=json.dumps(
            document.model_dump(mode="json", by_alias=True, exclude_none=True), indent=1, ensure_ascii=False
        ),
        bounds=bounds,
    )


def bounds(tally: Tally) -> tuple[float, float]:
    """Return the 95 % interval of a tally in percent."""
    low, high = tally.wilson()
    return 100 * low, 100 * high


def _drawn(report: ProbeReport, *, clips: bool) -> int:
    """Count the images or clips that the probe drew, with both encoders."""
    tallies = [
        tally
        for row in report.rows
        for tally in ((row.base_clips, row.clips) if clips else (row.base, row.images))
        if tally is not None
    ]
    return sum(tally.samples for tally in tallies)
