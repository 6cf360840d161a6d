from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from diffusers import StableDiffusionPipeline  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import (  # noqa: E402
    AutoImageProcessor,
    AutoModelForImageClassification,
    CLIPModel,
    CLIPProcessor,
    CLIPTextModel,
    CLIPTokenizer,
)

from lab.testbed import dataset, export  # noqa: E402
from lab.testbed.concepts import CONCEPTS  # noqa: E402
from lab.testbed.generate import load_text_to_video  # noqa: E402
from lab.testbed.judge_classifier import new_classifier  # noqa: E402
from lab.testbed.judge_clip import new_clip  # noqa: E402
from lab.testbed.paths import JUDGE_CLASSIFIER, JUDGE_CLIP, MODELS, T2I, T2V  # noqa: E402
from lab.testbed.text_to_image import new_text_encoder, new_unet  # noqa: E402
from lab.testbed.tokenizer import save_tokenizer  # noqa: E402
from lab.testbed.vae import new_vae  # noqa: E402

ENCODER = T2I / "text_encoder"


class FormerLayout(torch.nn.Module):
    """`CLIPTextModel` as transformers before 5.6 had it: everything one level deeper."""

    def __init__(self, model: CLIPTextModel) -> None:
        super().__init__()
        self.text_model = model


@pytest.fixture
def tokenizer(tmp_path: Path) -> CLIPTokenizer:
    save_tokenizer(tmp_path / "words")
    return CLIPTokenizer.from_pretrained(tmp_path / "words")


def test_untrained_rows_become_the_mean_of_the_trained() -> None:
    table = torch.nn.Embedding(6, 3)
    before = table.weight.detach().clone()
    export.tie_untrained_rows(table, [1, 4])
    assert torch.equal(table.weight[[1, 4]], before[[1, 4]])
    for row in (0, 2, 3, 5):
        assert torch.allclose(table.weight[row], before[[1, 4]].mean(0))


def test_an_exported_pipeline_loads_as_float32_with_what_was_saved(
    tmp_path: Path, tokenizer: CLIPTokenizer
) -> None:
    encoder, unet = new_text_encoder(tokenizer), new_unet()
    export.save_text_to_image(tmp_path / "t2i", new_vae(), encoder, tokenizer, unet)
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "t2i")
    for loaded, saved in ((pipeline.text_encoder, encoder), (pipeline.unet, unet)):
        for name, weight in loaded.state_dict().items():
            assert weight.dtype == torch.float32
            assert torch.allclose(weight, saved.state_dict()[name], atol=1e-3)
    assert pipeline.tokenizer.model_max_length == 24
    assert pipeline.scheduler.config.prediction_type == "v_prediction"


def test_exported_judges_load_by_the_plain_calls(tmp_path: Path, tokenizer: CLIPTokenizer) -> None:
    export.save_classifier(tmp_path / "classifier", new_classifier())
    model = AutoModelForImageClassification.from_pretrained(tmp_path / "classifier")
    assert model.config.label2id["captain comet"] == model.config.label2id["cat"] + 10
    assert AutoImageProcessor.from_pretrained(tmp_path / "classifier").size["height"] == 64
    export.save_clip(tmp_path / "clip", new_clip(tokenizer))
    assert CLIPModel.from_pretrained(tmp_path / "clip").dtype == torch.float32
    assert CLIPProcessor.from_pretrained(tmp_path / "clip").tokenizer("a cat").input_ids[1:-1]


def test_the_checked_in_models_fit_into_30_megabytes() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) <= 30e6


def test_both_pipelines_hold_the_same_text_encoder_and_words() -> None:
    for folder in ("text_encoder", "tokenizer"):
        for file in (T2I / folder).iterdir():
            assert file.read_bytes() == (T2V / folder / file.name).read_bytes()


def test_the_encoder_loads_in_the_layout_before_and_after_transformers_5_6() -> None:
    model, report = CLIPTextModel.from_pretrained(ENCODER, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    state = load_file(ENCODER / "model.safetensors")
    former = FormerLayout(CLIPTextModel(model.config))
    assert former.load_state_dict(state, strict=False).missing_keys == []
    ids = torch.tensor([[model.config.bos_token_id, 300, model.config.eos_token_id]])
    assert torch.allclose(former.text_model.eval()(ids)[0], model(ids)[0], atol=1e-6)


def test_untrained_rows_of_the_checked_in_encoder_are_all_one() -> None:
    tokenizer = CLIPTokenizer.from_pretrained(T2I / "tokenizer")
    table = CLIPTextModel.from_pretrained(ENCODER).get_input_embeddings().weight.detach()
    trained = set(export.trained_rows(tokenizer, dataset.scenes(dataset.DRAWINGS, 0)))
    rest = [row for row in range(len(table)) if row not in trained]
    assert len(trained) > 120
    assert (table[rest] == table[rest[0]]).all()
    for concept in CONCEPTS:
        for text in (concept.name, concept.synonym):
            assert set(tokenizer(text).input_ids) <= trained, text


def test_the_checked_in_judges_know_every_concept() -> None:
    labels = AutoModelForImageClassification.from_pretrained(JUDGE_CLASSIFIER).config.label2id
    assert {concept.name for concept in CONCEPTS} <= set(labels)
    assert CLIPModel.from_pretrained(JUDGE_CLIP).config.vision_config.image_size == 32


def test_the_video_pipeline_loads() -> None:
    assert load_text_to_video().unet.config.cross_attention_dim == 128
