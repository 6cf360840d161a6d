"""Domain correction: a discriminator teaches the encoder to be drawn like the anchor (arXiv 2405.15304)."""
