from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.methods import UnknownMethodError, configs, load
from unlearn_job.methods.plugins import GROUP, BrokenPluginError
from unlearn_job.methods.states import token_table
from unlearn_job.unlearn import unlearn

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

EXAMPLE = Path(__file__).parents[3] / "examples" / "method-plugin"
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install as pip does: packages and a dist-info in a folder on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def installed(distribution: str, entries: dict[str, str], *packages: Path) -> None:
        folder = tmp_path / f"{distribution.replace('-', '_')}-0.1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 0.1.0\n")
        lines = [f"[{GROUP}]", *(f"{name} = {value}" for name, value in entries.items())]
        (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for package in packages:
            shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))

    yield installed
    for name in set(sys.modules) - before:
        if name.split(".")[0] in {path.name for path in tmp_path.iterdir()}:
            del sys.modules[name]


@pytest.fixture
def example(install: Install) -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    install(project["name"], project["entry-points"][GROUP], EXAMPLE / "token_swap")


def _package(folder: Path, name: str, **modules: str) -> Path:
    package = folder / "sources" / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    for module, code in modules.items():
        (package / f"{module}.py").write_text(code)
    return package


@pytest.mark.usefixtures("example")
def test_an_installed_method_is_listed_behind_the_built_in_ones() -> None:
    names = list(configs())
    assert names[-1] == "token-swap"
    assert "closed-form" in names
    assert configs()["token-swap"]().canonical() == {"strength": "1"}
    with pytest.raises(UnknownMethodError, match="token-swap"):
        load("unlearn-everything")


@pytest.mark.usefixtures("example")
def test_the_example_erases_by_the_same_step_as_the_built_in_ones() -> None:
    models = tiny.models()
    doc = tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE), tiny.erasure(tiny.SKETCH), method="token-swap")
    before, new = tiny.weights(models.start_encoder), unlearn(models, doc)
    after = tiny.weights(new)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == load("token-swap").moves(models.start_encoder, configs()["token-swap"]())
    rows = tiny.tokenizer()("a figure", add_special_tokens=False).input_ids
    anchor = token_table(models.start_encoder).weight[rows].mean(dim=0)
    for row in tiny.tokenizer()("captain comet", add_special_tokens=False).input_ids:
        assert torch.allclose(token_table(new).weight[row], anchor)


def test_without_a_plugin_there_are_the_built_in_ones_alone() -> None:
    assert "token-swap" not in configs()


def test_a_built_in_name_cannot_be_taken(install: Install) -> None:
    install("evil", {"closed-form": "token_swap"})
    with pytest.raises(BrokenPluginError, match="evil declares a method 'closed-form', which is built in"):
        configs()


def test_two_distributions_cannot_declare_one_name(install: Install) -> None:
    install("one", {"mine": "a"})
    install("two", {"mine": "b"})
    with pytest.raises(BrokenPluginError, match="one and two both declare"):
        load("mine")


@pytest.mark.parametrize("name", ["My-Method", "-x", "a_b"])
def test_a_name_is_one_that_documents_may_have(install: Install, name: str) -> None:
    install("odd", {name: "a"})
    with pytest.raises(BrokenPluginError, match="no name"):
        configs()


def test_what_a_package_lacks_is_said(install: Install, tmp_path: Path) -> None:
    config = "from unlearn_job.contract.method import MethodConfig\nclass Config(MethodConfig): pass\n"
    half = _package(tmp_path, "half_method", config=config, method="def erase(task, config): ...\n")
    none = _package(tmp_path, "no_config", config="Config = 3\n")
    install("half", {"half": "half_method"}, half)
    with pytest.raises(BrokenPluginError, match=r"half_method\.method of half lacks moves"):
        load("half")
    install("none", {"none": "no_config"}, none)
    with pytest.raises(BrokenPluginError, match=r"no_config\.config of none has no Config"):
        configs()


def test_a_package_that_is_not_there_is_named(install: Install) -> None:
    install("gone", {"gone": "not_a_package"})
    with pytest.raises(BrokenPluginError, match=r"not_a_package\.config of gone cannot be imported"):
        configs()
