"""How good the pictures of what stays are, against the base's on the same prompts and seeds.

Knows judges and pictures, and nothing of probes, which call it.
"""

from unlearn_job.quality.features import FeatureModels, open_features
from unlearn_job.quality.measure import Compared, measure_quality

__all__ = ["Compared", "FeatureModels", "measure_quality", "open_features"]
