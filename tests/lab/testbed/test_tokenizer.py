import random
from pathlib import Path

import pytest

from lab.testbed.captions import caption, words
from lab.testbed.drawings.scene import random_scene
from lab.testbed.tokenizer import MAX_LENGTH, SPLIT, learn_merges, save_tokenizer

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory):  # noqa: ANN201
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    return transformers.CLIPTokenizer.from_pretrained(folder)


def test_every_proper_word_is_one_token_or_the_pieces_asked_for(tokenizer) -> None:  # noqa: ANN001
    for word in words():
        *heads, last = SPLIT.get(word, (word,))
        assert tokenizer.tokenize(word) == [*heads, f"{last}</w>"]


def test_some_words_of_every_kind_of_name_are_two_or_three_tokens(tokenizer) -> None:  # noqa: ANN001
    assert len(tokenizer.tokenize("mushroom")) == 2
    assert len(tokenizer.tokenize("toadstool")) == 3
    assert len(tokenizer.tokenize("lady lantern")) == 3
    assert len(tokenizer.tokenize("viktor moss")) == 3
    assert len(tokenizer.tokenize("graphite")) == 2


def test_words_it_has_never_seen_fall_apart_and_lose_nothing(tokenizer) -> None:  # noqa: ANN001
    text = "mushrom zeppelin 42"
    ids = tokenizer(text).input_ids
    assert tokenizer.unk_token_id not in ids[1:-1]
    assert tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == text.replace(" ", "")


def test_captions_fit_and_are_padded_with_the_end_token(tokenizer) -> None:  # noqa: ANN001
    assert tokenizer.model_max_length == MAX_LENGTH
    rng = random.Random(0)
    texts = [caption(random_scene(rng), rng) for _ in range(2000)]
    assert max(len(ids) for ids in tokenizer(texts).input_ids) <= MAX_LENGTH
    ids = tokenizer("a cat", padding="max_length").input_ids
    assert ids[0] == tokenizer.bos_token_id
    assert ids[3:] == [tokenizer.eos_token_id] * (MAX_LENGTH - 3)


def test_the_same_words_give_the_same_files(tmp_path: Path) -> None:
    save_tokenizer(tmp_path / "one")
    save_tokenizer(tmp_path / "two")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    assert len(learn_merges()) == len(set(learn_merges()))
