"""The whole training, from drawings to card."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab.testbed import dataset, stages
from lab.testbed.card import FIGURES, TARGETS, Figures, holds, load_figures, save_figures, summary, write_card
from lab.testbed.evaluate import evaluate_classifier, evaluate_clip, evaluate_clips, evaluate_images
from lab.testbed.generate import load_text_to_image, load_text_to_video
from lab.testbed.judging import Classifier, Clip
from lab.testbed.plan import Plan
from lab.testbed.samples import write_samples
from lab.testbed.workers import run_beside, run_shared

console = Console()


def train(folder: Path, plan: Plan) -> bool:
    """Train every model, measure all, rewrite card and samples; say whether the aims were reached."""
    stated = load_figures() if FIGURES.exists() else None
    console.print("Drawing the training data (about 2 minutes) ...")
    dataset.cached_drawings(folder)
    dataset.cached_clips(folder)
    console.print("Training the autoencoder (about 9 minutes) ...")
    run_shared(stages.vae_stage, folder, plan)
    console.print("Training text encoder and 2D U-Net together (about 30 minutes) ...")
    run_shared(stages.joint_stage, folder, plan)
    console.print("Training the 3D U-Net beside the 2D U-Net and the decoder (about 20 minutes) ...")
    run_beside([stages.video_stage, stages.polish_stage, stages.decoder_stage], folder, plan)
    stages.export_pipelines(folder, plan)
    console.print("Training the judges (about 20 minutes) ...")
    run_beside([stages.classifier_stage, stages.clip_stage], folder, plan)
    figures = measure()
    save_figures(figures)
    write_card(figures)
    write_samples(load_text_to_image(), load_text_to_video())
    return report(figures, stated)


def measure() -> Figures:
    """Measure the models in the checkout (about 10 minutes on two cores)."""
    judge = Classifier()
    console.print("Measuring the judges ...")
    figures: Figures = {"classifier": evaluate_classifier(judge), "clip": evaluate_clip(Clip())}
    console.print("Measuring images ...")
    figures["images"] = evaluate_images(load_text_to_image(), judge)
    console.print("Measuring clips ...")
    figures["clips"] = evaluate_clips(load_text_to_video(), judge)
    return figures


def report(figures: Figures, stated: Figures | None) -> bool:
    """Print measured figures beside the card's and the aims; return whether all of them hold."""
    table = Table("what", "aim", "measured, %", "card, %", "")
    passed = True
    card = summary(stated) if stated else {}
    for row, measured in summary(figures).items():
        aim = TARGETS[row][2]
        # With a card, agreement with it counts; the first training has only the aims.
        good = holds(measured, card[row]) if row in card else measured.value >= aim
        passed = passed and good
        verdict = "[green]pass[/]" if good else "[red]fail[/]"
        table.add_row(row, f"{100 * aim:.0f}", str(measured), str(card.get(row, "-")), verdict)
    console.print(table)
    console.print(
        "[green]The card's figures were reached.[/]" if passed else "[red]Below the card's figures.[/]"
    )
    return passed
