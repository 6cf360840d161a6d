from __future__ import annotations

import copy
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase, T5Tokenizer

from tests.unlearn_job import tiny
from tests.unlearn_job.families import texts
from unlearn_job.conditioning import Conditioning, attach
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.methods.tokens import answering, assemble, matched, stack, tokenise, whole_words, word_ids
from unlearn_job.prompts import fill, without_style

pytestmark = pytest.mark.torch

CHARACTER, OBJECT = ConceptKind.CHARACTER, ConceptKind.OBJECT


def _tokens(template: str, name: str, kind: ConceptKind = CHARACTER) -> object:
    return tokenise(tiny.tokenizer(), fill(template, name, kind))


@pytest.mark.parametrize("name", ["captain comet", "lady lantern", "cat", "viktor moss"])
@pytest.mark.parametrize("template", ["a photo of {} at night", "{}", "a drawing of {}"])
def test_ids_are_those_of_the_pipelines(name: str, template: str) -> None:
    words = tiny.tokenizer()
    text = fill(template, name, CHARACTER).text
    expected = words(text, padding="max_length", truncation=True).input_ids
    tokens = _tokens(template, name)
    assert list(tokens.ids) == expected
    assert tokens.ids[tokens.start : tokens.stop] == word_ids(words, name)
    assert tokens.ids[tokens.end] == words.eos_token_id


def test_a_name_of_two_words_and_three_pieces_has_three_positions() -> None:
    tokens = _tokens("a photo of {}", "lady lantern")
    assert (tokens.start, tokens.stop, tokens.end) == (4, 7, 7)


def test_long_prompts_are_cut_as_the_tokenizer_does() -> None:
    words = tiny.tokenizer()
    before = word_ids(words, "very " * 30)
    tokens = assemble(words, before, word_ids(words, "cat"), ())
    assert len(tokens.ids) == words.model_max_length
    assert tokens.start == tokens.stop == tokens.end == words.model_max_length - 1


def test_phrases_answer_from_their_last_tokens_and_words_behind_them_to_themselves() -> None:
    own, other = _tokens("a photo of {} at night", "lady lantern"), _tokens("a photo of {} at night", "a man")
    assert (own.stop - own.start, other.stop - other.start) == (3, 2)
    answers = dict(zip(range(own.start, len(own.ids)), answering(own, other), strict=True))
    assert [answers[p] for p in range(own.start, own.stop)] == [4, 4, 5]
    assert [own.ids[p] == other.ids[answers[p]] for p in range(own.stop, own.end + 1)] == [True] * 3
    assert answers[own.end] == other.end
    assert answers[own.end + 1] == own.end + 1


def test_a_longer_anchor_never_sends_padding_to_its_words() -> None:
    own, other = _tokens("{}", "cat", OBJECT), _tokens("{}", "a valentine", OBJECT)
    answers = answering(own, other)
    padding = answers[own.end + 1 - own.start :]
    assert min(padding) > other.end


def test_a_style_that_turns_into_nothing_answers_to_the_end() -> None:
    template = "a cat in {} style at night"
    own = tokenise(tiny.tokenizer(), fill(template, "pencil sketch", ConceptKind.STYLE))
    other = tokenise(tiny.tokenizer(), without_style(template))
    answers = dict(zip(range(own.start, len(own.ids)), answering(own, other), strict=True))
    assert [answers[p] for p in range(own.start, own.stop)] == [other.end] * 2
    for p in (own.end - 2, own.end - 1):
        assert own.ids[p] == other.ids[answers[p]]
    assert answers[own.end] == other.end


def test_prompts_are_stacked() -> None:
    assert stack([_tokens("{}", "cat"), _tokens("{}", "fish")]).shape == (2, 24)


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> T5Tokenizer:
    return texts.t5_tokenizer(tmp_path_factory.mktemp("t5"))


def reading(tokenizer: PreTrainedTokenizerBase, **reads: Any) -> PreTrainedTokenizerBase:
    carrier = copy.deepcopy(tokenizer)
    attach(Conditioning(**reads), carrier)
    return carrier


COG = {"causal": False, "length": 30, "end": 1}
WAN = {"causal": False, "length": 512, "end": 1, "masked": True, "padding": False}


@pytest.mark.parametrize("name", ["captain comet", "lady lantern", "cat", "viktor moss"])
@pytest.mark.parametrize("template", ["a photo of {} at night", "{}", "mountains, {}"])
def test_t5s_ids_are_those_of_the_pipelines(t5: T5Tokenizer, name: str, template: str) -> None:
    prompt = fill(template, name, CHARACTER)
    tokens = tokenise(reading(t5, **COG), prompt)
    expected = t5(prompt.text, padding="max_length", max_length=30, truncation=True).input_ids
    assert list(tokens.ids) == expected
    assert tokens.ids[tokens.start : tokens.stop] == word_ids(t5, name)
    assert tokens.ids[tokens.end] == t5.eos_token_id


def test_where_everything_sees_the_phrase_all_positions_count(t5: T5Tokenizer) -> None:
    words = reading(t5, **COG)
    own, other = (tokenise(words, fill("a photo of {}", n, CHARACTER)) for n in ("captain comet", "a figure"))
    assert (own.first, own.last) == (0, 30)
    assert answering(own, other) == list(range(30))
    assert matched([(own, other)]) == ([0] * 30, list(range(30)), list(range(30)))
    # Words before a style that goes answer to themselves, the style to the end.
    style = tokenise(words, fill("a cat in {} style", "pencil sketch", ConceptKind.STYLE))
    bare = tokenise(words, without_style("a cat in {} style"))
    answers = answering(style, bare)
    assert answers[: style.start][:2] == [0, 1]
    assert {answers[p] for p in range(style.start, style.stop)} == {bare.end}


def test_padding_that_is_neither_seen_nor_read_is_left_out_until_prompts_are_stacked(t5: T5Tokenizer) -> None:
    words = reading(t5, **WAN)
    long, short = (tokenise(words, fill(text, "a figure", CHARACTER)) for text in ("a photo of {}", "{}"))
    assert len(short.ids) == short.end + 1 == short.last
    assert stack([long, short]).tolist() == [
        [*long.ids],
        [*short.ids, *([0] * (len(long.ids) - len(short.ids)))],
    ]


def test_padding_that_is_seen_but_not_read_stays(t5: T5Tokenizer) -> None:
    tokens = tokenise(reading(t5, causal=False, length=128, end=1, padding=False), fill("{}", "cat", OBJECT))
    assert len(tokens.ids) == 128
    assert tokens.last == tokens.end + 1 < 128


def test_long_t5_prompts_are_cut_as_the_tokenizer_does(t5: T5Tokenizer) -> None:
    text = "very " * 40
    tokens = assemble(reading(t5, **COG), word_ids(t5, text), word_ids(t5, "cat"), ())
    assert list(tokens.ids) == t5(text + "cat", truncation=True, max_length=30).input_ids
    assert tokens.start == tokens.stop == tokens.end == 29


def test_prompts_are_lowered_where_the_pipeline_lowers_them(t5: T5Tokenizer) -> None:
    assert word_ids(reading(t5, lowered=True), "A Cat") == word_ids(t5, "a cat") != word_ids(t5, "A Cat")


def test_whole_words_of_both_kinds_of_vocabulary(t5: T5Tokenizer) -> None:
    for tokenizer in (tiny.tokenizer(), t5):
        found = whole_words(tokenizer)
        assert found == sorted(found)
        assert not {*found} & {*tokenizer.all_special_ids}
        for word in ("captain", "cat", "figure"):
            (one,) = word_ids(tokenizer, word)
            assert one in found
