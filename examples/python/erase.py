# %% [markdown]
# # Erase a concept from a pipeline in memory
#
# On the testbed's models: they draw 32 x 32 pixels of a made-up world, on a CPU, in seconds. With your own,
# only the next cell changes.

# %%
from pathlib import Path

from diffusers import DiffusionPipeline

from unlearn_job.api import attack, erase, identify
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.concept import Concept, ConceptKind
from unlearn_job.contract.document import Probe
from unlearn_job.contract.sources import JudgeType
from unlearn_job.judges.loading import open_judge
from unlearn_job.log import configure_logging

configure_logging()  # what is found on the way goes to stderr

MODELS = Path(__file__).parents[2] / "lab" / "testbed" / "models"
video = DiffusionPipeline.from_pretrained(MODELS / "t2v")
image = DiffusionPipeline.from_pretrained(MODELS / "t2i")
judge = open_judge(JudgeType.CLASSIFIER, MODELS / "judge-classifier", "cpu")

# %% [markdown]
# What shall go, what must stay, what is only measured, and how much is drawn to tell.

# %%
comet = Concept(name="captain comet", kind=ConceptKind.CHARACTER, aliases=("comet man",), anchor="a figure")
others = ["captain whale", "lady lantern", "Person:anna berg", "Object:cat", "Object:robot", "Object:house"]
unlisted = ["doctor lantern", "Object:fish", "Object:star"]
amounts = Probe(
    images=16,
    clips=8,
    retention_images=54,
    wording_images=4,
    image_steps=4,
    clip_steps=4,
    frames=4,
    guidance="4",
)
measured = {"judge": judge, "surrogate": image, "probe": amounts}
for answer in identify(video, concept=comet, preserve=others, holdout=unlisted, **measured):
    print(answer.sentence())

# %%
erased = erase(video, concept=comet, method="closed-form", preserve=others, holdout=unlisted, **measured)
residual = erased.report.figures.erasures[0]
print(f"still shown by {residual.images.hits} of {residual.images.samples} images", end=" ")
print(f"and {residual.clips.hits} of {residual.clips.samples} clips, any frame")
for name in ("preserved", "holdout", "neighbours"):
    print(f"{name}: {getattr(erased.report.figures, name).percent:.0f} % of what the base draws")

# %% [markdown]
# What brings him back? A search over real words, his names banned, and the pipeline's own encoder as control.
# The budget is small here: leave it out for the standard one.

# %%
little = Budget(screened=300, rounds=1, judged=8, finalists=4, selection=4, fresh=16)
for found in attack(
    video, erased.encoder, concept=comet, preserve=others, attacks=["words"], budget=little, **measured
):
    print(
        f"{found.attack}: {found.prompt!r} shows him in {found.edited.hits} of {found.edited.samples} images,"
    )
    print(f"  and in {found.base.hits} with the encoder that was not edited")

# %% [markdown]
# The pipeline takes the new encoder as it is.

# %%
video.text_encoder = erased.encoder
