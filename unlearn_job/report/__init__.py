"""report.html: the evidence for people, in one file without scripts."""

from unlearn_job.report.render import render_report

__all__ = ["render_report"]
