from __future__ import annotations

from pathlib import Path

from PIL import Image

from lab.demo import pictures
from lab.demo.pictures import CELL, LABEL_WIDTH, PROMPTS, SEEDS, Clips


def clips(colour: str) -> Clips:
    frames = [Image.new("RGB", (32, 32), colour)] * pictures.FRAMES
    return {(prompt.text, seed): frames for prompt in PROMPTS for seed in SEEDS}


def test_before_stands_left_of_after_in_every_row(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    pictures.compose(clips("red"), clips("blue"), path)
    with Image.open(path) as picture:
        after = picture.width - CELL // 2
        for row in range(len(PROMPTS)):
            y = 40 + row * (CELL + 8) + CELL // 2
            assert picture.getpixel((LABEL_WIDTH + CELL // 2, y)) == (255, 0, 0)
            assert picture.getpixel((after - pictures.GAP, y)) == (0, 0, 255)
