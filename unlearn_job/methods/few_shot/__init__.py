"""Few-shot: gradient ascent through the frozen U-Net on a few images (arXiv 2405.07288, 2407.14209)."""
