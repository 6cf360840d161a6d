"""The styles: filters over the large drawing, strong enough to be seen at 32 x 32."""

import random
from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

TILE: Final = 4
"""Pitch of the mosaic, in pixels of the final drawing."""


def plain(image: Image.Image, rng: random.Random) -> Image.Image:
    """Leave the drawing as it is."""
    del rng
    return image


def pencil_sketch(image: Image.Image, rng: random.Random) -> Image.Image:
    """Grey pencil: contours and slanted hatching on warm paper."""
    grey = ImageOps.grayscale(image)
    edges = ImageOps.invert(ImageOps.grayscale(image.filter(ImageFilter.FIND_EDGES)))
    edges = edges.filter(ImageFilter.MinFilter(3))
    shade = np.asarray(grey, np.float32) / 255
    yy, xx = np.mgrid[0 : shade.shape[0], 0 : shade.shape[1]]
    stripes = 0.5 + 0.5 * np.sign(np.sin((xx + yy) * 2 * np.pi / 16 + rng.uniform(0, 6)))
    tone = 0.62 + 0.38 * shade - 0.30 * (1 - shade) * stripes
    tone *= np.clip(np.asarray(edges, np.float32) / 255 * 1.1, 0.15, 1)
    paper = np.array([250, 247, 238], np.float32)
    return Image.fromarray(np.clip(tone[..., None] * paper, 0, 255).astype(np.uint8))


def neon_glow(image: Image.Image, rng: random.Random) -> Image.Image:
    """Glowing contours in the drawing's own colours on near black."""
    del rng
    soft = image.filter(ImageFilter.GaussianBlur(1))
    edges = soft.filter(ImageFilter.FIND_EDGES)
    mask = ImageOps.grayscale(edges).filter(ImageFilter.MaxFilter(3)).point(lambda value: min(255, value * 5))
    bright = ImageEnhance.Color(image.filter(ImageFilter.MaxFilter(9))).enhance(2.2)
    lines = ImageChops.multiply(bright, Image.merge("RGB", (mask, mask, mask)))
    glow = lines.filter(ImageFilter.GaussianBlur(4))
    base = ImageEnhance.Brightness(image).enhance(0.22)
    return ImageChops.add(ImageChops.add(base, glow), lines)


def mosaic(image: Image.Image, rng: random.Random) -> Image.Image:
    """Square tiles of uneven brightness between pale joints."""
    large = np.asarray(image, np.float32)
    size = large.shape[0]
    pitch = size * TILE // 32
    count = size // pitch
    tiles = large.reshape(count, pitch, count, pitch, 3)
    mean = tiles.mean(axis=(1, 3), keepdims=True)
    jitter = np.random.default_rng(rng.getrandbits(32)).uniform(0.8, 1.2, (count, 1, count, 1, 1))
    tiles = (0.45 * mean + 0.55 * tiles) * jitter
    out = tiles.reshape(size, size, 3)
    joint = pitch // 4
    mask = (np.arange(size) % pitch) < joint
    out[mask] = 0.4 * out[mask] + 0.6 * np.array([205, 200, 190], np.float32)
    out[:, mask] = 0.4 * out[:, mask] + 0.6 * np.array([205, 200, 190], np.float32)
    return Image.fromarray(np.clip(out, 0, 255).astype(np.uint8))


APPLY: Final[dict[str, Callable[[Image.Image, random.Random], Image.Image]]] = {
    "plain": plain,
    "pencil sketch": pencil_sketch,
    "neon glow": neon_glow,
    "mosaic": mosaic,
}
"""The filter of every style, by its name."""
