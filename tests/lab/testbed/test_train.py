import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed import train  # noqa: E402
from lab.testbed.card import load_figures  # noqa: E402
from lab.testbed.statistics import Share  # noqa: E402


def test_the_card_agrees_with_itself(capsys: pytest.CaptureFixture[str]) -> None:
    figures = load_figures()
    assert train.report(figures, figures)
    assert "fail" not in capsys.readouterr().out


def test_a_class_that_is_lost_fails_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    stated = load_figures()
    lost = {name: Share(0, share.trials) for name, share in stated["images"].items()}
    assert not train.report({**stated, "images": lost}, stated)
    assert "fail" in capsys.readouterr().out
