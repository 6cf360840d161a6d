"""Unlearn concepts in a text encoder, prove it, publish it."""

import os

# Before anything loads huggingface_hub, which reads it once: nothing is reported to anybody.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
