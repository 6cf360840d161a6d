"""Bounded: the concept drawn as its anchor through the frozen U-Net, with retention and gradient surgery."""
