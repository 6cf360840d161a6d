"""A zero-shot judge: a CLIP model that compares a picture with prompts of the concept and of all else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoTokenizer,
    BaseImageProcessor,
    BatchEncoding,
    CLIPConfig,
    CLIPModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import ModelOutput

from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.generate import Pixels
from unlearn_job.judges.judge import BATCH, depths, same_axis
from unlearn_job.judges.pixels import batches, image_processor
from unlearn_job.prompts import GENERIC, Templates, fill, names, without_style
from unlearn_job.weights import load_whole

MOST_TEMPLATES: Final = 16
"""Templates per class: more change no verdict and cost a text encoding each."""


class ClipJudge:
    """Sees a concept where its text is the nearest of all texts of its axis.

    Subjects (objects, characters, persons) compete with each other and with generic subjects, styles with
    styles and with no style. Without the generic texts a judge must name something, and an erased concept
    would be found in whatever resembles it most.
    """

    features_of = "image embedding of the CLIP judge"
    maps_of = "patch features of the CLIP judge"

    def __init__(
        self,
        model: CLIPModel,
        processor: BaseImageProcessor,
        tokenizer: PreTrainedTokenizerBase,
        *,
        device: torch.device | str,
        templates: Templates,
    ) -> None:
        self._model = model.to(device).eval()
        self._processor = processor
        self._tokenizer = tokenizer
        self._device = device
        self._templates = templates
        self._texts: dict[tuple[str, ...], Tensor] = {}

    @classmethod
    def load(cls, folder: Path, device: torch.device | str, templates: Templates) -> Self:
        """Load the model, its image processor and its tokenizer from a folder."""
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        if not isinstance(config, CLIPConfig):
            raise ValueError(f"it holds a model of type {config.model_type}")
        model = load_whole(CLIPModel, folder)
        processor = image_processor(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return cls(model.float(), processor, tokenizer, device=device, templates=templates)

    @torch.inference_mode()
    def look(self, images: Pixels) -> Tensor:
        """Return image embeddings of norm 1, shape (N, P)."""
        looked = batches(self._processor, images, self._device)
        return torch.cat([_features(self._model.get_image_features(pixels)) for pixels in looked])

    def features(self, looks: Tensor) -> Tensor:
        """Return the image embeddings, norm 1, shape (N, P)."""
        return looks.float().cpu()

    @torch.inference_mode()
    def texts(self, prompts: Sequence[str]) -> Tensor:
        """Return the embeddings of prompts, norm 1, shape (N, P)."""
        parts = [
            _features(self._model.get_text_features(**self._tokens(prompts[at : at + BATCH])))
            for at in range(0, len(prompts), BATCH)
        ]
        return torch.cat(parts).cpu()

    @torch.inference_mode()
    def maps(self, images: Pixels) -> tuple[Tensor, ...]:
        """Return patch features at four depths of the vision model, each of shape (N, D, patches)."""
        parts = []
        for pixels in batches(self._processor, images, self._device):
            output = self._model.vision_model(pixel_values=pixels, output_hidden_states=True)
            layers = output.hidden_states[1:]
            # Without the class token, which is no place in the picture.
            parts.append(
                [layers[depth - 1][:, 1:].transpose(1, 2).float().cpu() for depth in depths(len(layers))]
            )
        return tuple(torch.cat(depth) for depth in zip(*parts, strict=True))

    def check(self, concept: KeptConcept) -> None:
        """Any concept can be put into words."""

    def decide(self, looks: Tensor, concept: KeptConcept, among: Sequence[KeptConcept]) -> Tensor:
        """Say which looks are nearest to the concept's text, shape (N,), bool."""
        classes = [self._prompts(concept)]
        classes += [
            self._prompts(other)
            for other in among
            if other.name != concept.name and same_axis(other.kind, concept.kind)
        ]
        taken = {name.lower() for other in (concept, *among) for name in names(other)}
        classes += self._neutral(concept.kind, taken)
        texts = torch.stack([self._text(prompts) for prompts in classes])
        return (looks @ texts.T).argmax(dim=1).cpu() == 0

    def sees(self, images: Pixels, concept: KeptConcept, among: Sequence[KeptConcept]) -> Tensor:
        """Say which pictures show the concept, shape (N,), bool."""
        return self.decide(self.look(images), concept, among)

    def _prompts(self, concept: KeptConcept) -> tuple[str, ...]:
        templates = self._templates.probing(concept.kind)[:MOST_TEMPLATES]
        return tuple(fill(t, concept.name, concept.kind).text for t in templates)

    def _neutral(self, kind: ConceptKind, taken: set[str]) -> list[tuple[str, ...]]:
        if kind is ConceptKind.STYLE:
            plain = self._templates.probing(kind)[:MOST_TEMPLATES]
            return [tuple(without_style(t).text for t in plain)]
        alike = [other for other in GENERIC if same_axis(other, kind)]
        phrases = {
            phrase: subject
            for subject in alike
            for phrase in GENERIC[subject]
            if phrase.lower() not in taken and phrase.partition(" ")[2].lower() not in taken
        }
        return [
            tuple(fill(t, phrase, subject).text for t in self._templates.probing(subject)[:MOST_TEMPLATES])
            for phrase, subject in phrases.items()
        ]

    def _tokens(self, prompts: Sequence[str]) -> BatchEncoding:
        tokens = self._tokenizer(list(prompts), padding="max_length", truncation=True, return_tensors="pt")
        return tokens.to(self._device)

    @torch.inference_mode()
    def _text(self, prompts: tuple[str, ...]) -> Tensor:
        """Return the mean text embedding of a class, norm 1, shape (P,)."""
        if prompts not in self._texts:
            features = _features(self._model.get_text_features(**self._tokens(prompts)))
            self._texts[prompts] = torch.nn.functional.normalize(features.mean(dim=0), dim=0)
        return self._texts[prompts]


def _features(output: Tensor | ModelOutput) -> Tensor:
    """Normalise features, which newer transformers return inside an output object."""
    features = output if isinstance(output, Tensor) else output["pooler_output"]
    return torch.nn.functional.normalize(features.float(), dim=-1)
