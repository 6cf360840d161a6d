"""Probes: what the base and the new encoder draw of erased and kept concepts, counted by a judge."""

from unlearn_job.probe.base import BaseProbe, identify
from unlearn_job.probe.measure import probe
from unlearn_job.probe.report import ProbeReport

__all__ = ["BaseProbe", "ProbeReport", "identify", "probe"]
