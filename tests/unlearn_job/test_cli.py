"""The command as Kubernetes runs it: exit codes, sentences, the termination message, what is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.unlearn_job import documents
from unlearn_job.cli import app
from unlearn_job.contract.result import JobError, JobResult, Outcome
from unlearn_job.progress import show_progress
from unlearn_job.shell import entered


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("TERMINATION_LOG", str(tmp_path / "message"))
    monkeypatch.setenv("UNLEARN_CACHE_DIR", str(tmp_path / "cache"))
    yield
    # The command logs to the stderr of its process, which is another one for each test.
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    show_progress(on=False)


def call(*arguments: str) -> int:
    code = app([*arguments], exit_on_error=False)
    assert isinstance(code, int)
    return code


def left(tmp_path: Path) -> JobError:
    return JobError.from_json((tmp_path / "message").read_text())


def test_help_and_a_wrong_document_answer_without_torch(tmp_path: Path) -> None:
    path = documents.write(tmp_path, documents.fields(version=2))
    code = (
        "import sys\nfrom unlearn_job.cli import app\n"
        "app(['--help'])\napp(['run', '--help'])\n"
        f"code = app(['run', {str(path)!r}])\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'boto3', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 78, done.stderr
    assert "Build one encoder release" in done.stdout
    assert done.stderr.splitlines() == ["InvalidDocument: document.json: version: Input should be 1"]


COMMANDS = (
    *("run", "erase", "identify", "probe", "attack", "dataset", "bench"),
    *("report", "verify", "sign", "validate"),
)
LARGE = (
    "torch",
    "diffusers",
    "transformers",
    "matplotlib",
    "numpy",
    "boto3",
    "datasets",
    "jinja2",
    "model_signing",
)
"""What takes a second or more to import; help needs none of it."""


def test_every_command_is_known_here() -> None:
    assert {name for name in app if not name.startswith("-")} == set(COMMANDS)


def test_help_answers_at_once() -> None:
    code = (
        "import sys\nfrom unlearn_job.cli import app\n"
        f"for command in {COMMANDS}:\n"
        "    app([command, '--help'])\n"
        f"    assert not {{*{LARGE}}} & set(sys.modules), (command, {{*{LARGE}}} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Usage") == len(COMMANDS)


FLAGS = ("--concept", "cat", "--pipeline", "/models/t2v", "--judge", "/judge")
"""What every command about one concept needs."""
DATA_SET = ("--anchor", "cat", "--surrogate", "/models/t2i", "--judge", "/judge", "--out", "set")
AS_PRINTED = ("--kind", "scene", "--device", "cpu", "--wordings", "implicit", "--preserve", "style:x")
"""Choices as the help prints them, none of which is wrong."""


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (["frobnicate"], 'Usage: Unknown command "frobnicate"'),
        (["run"], 'Usage: Command "run" parameter DOCUMENT requires an argument.'),
        (["run", "/nowhere.json"], "InvalidDocument: cannot read /nowhere.json: No such file or directory"),
        (["run", "/proc"], "InvalidDocument: cannot read /proc: Is a directory"),
        (["validate", "a", "b"], "Usage: Unused Tokens: ['b']."),
        (["erase", *FLAGS[2:]], "InvalidDocument: name what shall go: --concept NAME"),
        (["erase", *FLAGS, "--nonsense", "1"], "Usage: Unknown option: --nonsense."),
        (["erase", *FLAGS, "--output", "xml"], 'Usage: Invalid value "xml" for --output.'),
        (["erase", *FLAGS, "--images", "many"], "Usage: --images: Input should be a valid integer"),
        (["erase", *FLAGS, "--images", "1"], "Usage: --images: Input should be greater than or equal to 8"),
        (["erase", *FLAGS, "--kind", "Animal"], "Usage: --kind: Input should be 'Character'"),
        (["erase", *FLAGS, "--seed", "-1"], "Usage: --seed: Input should be greater than or equal to 0"),
        (["erase", *FLAGS, "--guidance", "much"], "Usage: --guidance: String should match pattern"),
        (["erase", *FLAGS, "--alias", ""], "Usage: --alias.0: String should have at least 1 character"),
        (["erase", *FLAGS, "--description", " "], "Usage: --description.0: String should match pattern"),
        (["erase", *FLAGS, "--method", "magic"], "UnknownMethod: there is no method 'magic'"),
        (["erase", *FLAGS, "--method", "few-shot"], "InvalidDocument: base.surrogate: method few-shot"),
        (["erase", *FLAGS, "--parameters.x", "1"], "InvalidDocument: x: Extra inputs are not permitted"),
        (["erase", *FLAGS, "--concept", "Cat"], "InvalidDocument: 'cat' is named twice; name each"),
        (["erase", *FLAGS, "--concept", "fish", "--anchor", "a man"], "InvalidDocument: --alias, --anchor,"),
        (["erase", *FLAGS[:4], "--judge-type", "clip"], "InvalidDocument: --judge-type says what --judge"),
        (["erase", *FLAGS, "--surrogate", ""], "InvalidDocument: a path or an address is empty"),
        (
            ["probe", *FLAGS, "--features-clip", "hf://a/b", "--encoder-from", "/x"],
            "InvalidDocument: features.clip",
        ),
        (["identify", *FLAGS, "--features-clip", "/clip"], "Usage: Unknown option: --features-clip."),
        (["erase", *FLAGS, "--concept", "Animal:cow"], "InvalidDocument: kind: Input should be"),
        (["erase", *FLAGS, "--concept", ""], "InvalidDocument: name: String should have at least 1"),
        (["erase", *FLAGS, "--preserve", "Animal:cow"], "InvalidDocument: kind: Input should be"),
        (["erase", *FLAGS, "--preserve", "Cat"], "InvalidDocument: preserve names the concept or one of its"),
        (["erase", *FLAGS, "--holdout", "cat"], "InvalidDocument: holdout names the concept or one of its"),
        (["erase", *FLAGS, "--anchor", "Cat"], "InvalidDocument: anchor is the concept itself"),
        (
            ["erase", *FLAGS, "--preserve", "fish", "--holdout", "Fish"],
            "InvalidDocument: holdout repeats a concept of preserve",
        ),
        (
            ["erase", *FLAGS, "--parameters.retainMass", "²"],
            "InvalidDocument: retainMass: Input should be a valid decimal",
        ),
        (["erase", *FLAGS, "--parameters.layers", "9" * 5000], "InvalidDocument: "),
        (
            ["probe", *FLAGS, "--encoder-from", "hf://a/b@main"],
            "InvalidDocument: encoder-from: String should",
        ),
        (
            ["dataset", *DATA_SET, "--llm", "nourl"],
            "InvalidDocument: llm: nourl is no http:// or https:// address",
        ),
        (["erase", *FLAGS, "--prompts", "/nowhere"], "InvalidDocument: cannot read the prompts in /nowhere"),
        (["erase", *FLAGS, "--encoder", "vae"], "InvalidDocument: encoder: String should match pattern"),
        (["erase", *FLAGS, "--out", "ftp://x"], "InvalidDocument: uri: String should match pattern"),
        (["erase", *FLAGS, *AS_PRINTED, "--out", "ftp://x"], "InvalidDocument: uri: String should match"),
        (["identify", *FLAGS, "--surrogate", "hf://a/b"], "InvalidDocument: surrogate: String should match"),
        (["probe", *FLAGS], 'Usage: Command "probe" parameter --encoder-from requires an argument.'),
        (["attack", *FLAGS, "--encoder-from", "/x", "--fresh", "0"], "Usage: --fresh: Input should be"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_bad_input_of_every_kind_gets_one_sentence(
    line: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entered(app, line) == 78
    output = capsys.readouterr()
    assert not output.out
    (said,) = output.err.splitlines()
    assert said.startswith(sentence)


def test_bad_settings_in_the_environment_get_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNLEARN_DTYPE", "float8")
    assert entered(app, ["identify", *FLAGS]) == 78
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("Usage: environment variable UNLEARN_DTYPE: Input should be 'float32'")


def test_a_wrong_line_answers_in_json_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert entered(app, ["erase", "--concept", "cat", "-o", "json"]) == 78
    assert json.loads(capsys.readouterr().out)["reason"] == "Usage"


def test_validate_names_what_a_document_erases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("validate", str(documents.write(tmp_path, documents.fields()))) == 0
    assert capsys.readouterr().out == "document.json is valid: erases cat\n"
    assert not (tmp_path / "message").exists()


def test_validate_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = documents.write(tmp_path, documents.fields(seed=-1))
    assert call("validate", str(path), "-o", "json") == 78
    assert json.loads(capsys.readouterr().out)["reason"] == "InvalidDocument"


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        ({"adds": []}, "InvalidDocument", "document.json: adds: Tuple should have at least 1 item"),
        ({"method": {"name": "magic"}}, "UnknownMethod", "there is no method 'magic'"),
        (
            {"method": {"name": "closed-form", "parameters": {"nonsense": 1}}},
            "InvalidDocument",
            "method.parameters of closed-form: nonsense: Extra inputs are not permitted",
        ),
    ],
)
def test_a_bad_document_exits_with_78_and_one_sentence(
    change: dict[str, Any], reason: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("run", str(documents.write(tmp_path, documents.fields(**change)))) == 78
    output = capsys.readouterr()
    assert not output.out
    assert output.err.startswith(f"{reason}: {sentence}")
    assert len(output.err.splitlines()) == 1
    assert (left(tmp_path).reason, left(tmp_path).message[: len(sentence)]) == (reason, sentence)


@pytest.mark.torch
@pytest.mark.usefixtures("few_prompts")
class TestRun:
    """`unlearn-job run` in this process, on untrained models."""

    def test_a_release_is_reported_on_stdout_and_to_kubernetes(
        self, tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = self.document(tiny_models, tmp_path)
        assert call("run", str(path), "-o", "json") == 0
        output = capsys.readouterr()
        result = JobResult.from_json(output.out)
        assert result.outcome is Outcome.BUILT
        assert JobResult.from_json((tmp_path / "message").read_text()) == result
        steps = [json.loads(line) for line in output.err.splitlines() if line.startswith("{")]
        assert [line["step"] for line in steps if line["event"] == "step ended"] == list(result.seconds)

    @pytest.mark.parametrize(
        ("change", "code", "reason", "sentence"),
        [
            ({"device": "CUDA"}, 78, "NoGPU", "device is CUDA and this machine shows no GPU"),
            (
                {"base": {"pipeline": "file:///there/is/no/model"}},
                78,
                "SourceMissing",
                "there is no model at file:///there/is/no/model",
            ),
            (
                {"base": {"pipeline": f"hf://org/name@{'0' * 40}"}},
                75,
                "SourceUnavailable",
                "hf://org/name@0000000000 cannot be reached",
            ),
            ({"storage": {"uri": "file:///proc/releases"}}, 78, "StorageObjectMissing", "cannot write"),
        ],
    )
    def test_a_failure_has_its_code_reason_and_sentence(
        self,
        change: dict[str, Any],
        code: int,
        reason: str,
        sentence: str,
        tiny_models: Path,
        tmp_path: Path,
        free_port: int,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        import torch

        if change.get("device") == "CUDA" and torch.cuda.is_available():
            pytest.skip("this machine has a GPU")
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port}")
        assert call("run", str(self.document(tiny_models, tmp_path, **change))) == code
        assert left(tmp_path).reason == reason
        assert left(tmp_path).message.startswith(sentence)
        assert f"{reason}: {sentence}" in capsys.readouterr().err
        self.nothing_is_published(tmp_path)

    @pytest.mark.s3
    @pytest.mark.parametrize(
        ("bucket", "secret", "reason"),
        [
            ("not-there", None, "StorageBucketMissing"),
            (None, "a-wrong-one", "StorageCredentialsInvalid"),
            (None, "", "StorageCredentialsInvalid"),
        ],
    )
    def test_a_wrong_storage_is_found_before_any_work(
        self,
        bucket: str | None,
        secret: str | None,
        reason: str,
        tiny_models: Path,
        tmp_path: Path,
        s3_environment: Any,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        if secret:
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        elif secret is not None:
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        uri = f"s3://{bucket or s3_environment.bucket}/x"
        storage = {"uri": uri, "endpoint": s3_environment.endpoint}
        assert call("run", str(self.document(tiny_models, tmp_path, storage=storage))) == 78
        assert left(tmp_path).reason == reason
        assert uri in left(tmp_path).message
        error = capsys.readouterr().err
        assert "step started" not in error
        for hidden in (s3_environment.secret_key, s3_environment.access_key, "a-wrong-one"):
            assert hidden not in error + left(tmp_path).message

    @pytest.mark.s3
    def test_credentials_that_may_only_read_are_found_before_any_work(
        self,
        tiny_models: Path,
        tmp_path: Path,
        s3_environment: Any,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_environment.reader_access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_environment.reader_secret_key)
        storage = {"uri": f"s3://{s3_environment.bucket}/read-only", "endpoint": s3_environment.endpoint}
        assert call("run", str(self.document(tiny_models, tmp_path, storage=storage))) == 78
        assert left(tmp_path).reason == "StorageAccessDenied"
        assert "the credentials need get, put and list" in left(tmp_path).message
        assert "step started" not in capsys.readouterr().err

    def test_a_full_disk_is_temporary_and_publishes_nothing(
        self, tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        if os.geteuid() != 0:
            pytest.skip("mounting a small disk needs root")
        disk = tmp_path / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("no right to mount")
        try:
            path = self.document(tiny_models, tmp_path, storage={"uri": f"file://{disk}"})
            assert call("run", str(path)) == 75
            assert left(tmp_path).reason == "StorageFull"
            assert "StorageFull: cannot write" in capsys.readouterr().err
            assert not [*disk.rglob("manifest.json")]
        finally:
            subprocess.run(["umount", str(disk)], check=True)

    def test_a_defect_is_one_line_and_a_code_of_its_own(
        self,
        tiny_models: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        import unlearn_job.run as module

        def broken(*_arguments: object) -> None:
            raise ZeroDivisionError("a text that may hold anything")

        monkeypatch.setattr(module, "find_published", broken)
        path = str(self.document(tiny_models, tmp_path))
        assert call("run", path) == 70
        assert capsys.readouterr().err == "unexpected ZeroDivisionError; run again with --debug\n"
        assert call("run", path, "--debug") == 70
        assert "Traceback" in capsys.readouterr().err
        assert not (tmp_path / "message").exists()

    def test_sigterm_ends_with_75_and_nothing_published(self, tiny_models: Path, tmp_path: Path) -> None:
        path = self.document(tiny_models, tmp_path)
        command = [sys.executable, "-m", "unlearn_job.cli", "run", str(path)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if '"step started"' in line and '"unlearn"' in line:
                    process.send_signal(signal.SIGTERM)
                    break
            rest = process.stderr.read()
            assert process.wait(timeout=120) == 75
        assert rest.splitlines()[-1].startswith("Terminated: stopped by SIGTERM; nothing was published")
        assert left(tmp_path).reason == "Terminated"
        self.nothing_is_published(tmp_path)

    @staticmethod
    def document(models: Path, tmp_path: Path, **change: Any) -> Path:
        from tests.unlearn_job import folders

        return folders.write(folders.document(models, f"file://{tmp_path / 'releases'}", **change), tmp_path)

    @staticmethod
    def nothing_is_published(tmp_path: Path) -> None:
        assert not [*tmp_path.rglob("manifest.json")]
        assert not [*(tmp_path / "cache").glob("release-*")]


@pytest.mark.torch
@pytest.mark.usefixtures("few_prompts")
class TestErase:
    """`unlearn-job erase` and `identify`: documents made of flags."""

    @staticmethod
    def flags(models: Path, tmp_path: Path) -> list[str]:
        given = {"concept": "cat", "alias": "kitty"}
        given |= {
            "surrogate": str(models / "t2i"),
            "pipeline": str(models / "t2v"),
            "judge": str(models / "judge"),
        }
        given |= {
            "images": "8",
            "clips": "4",
            "retention-images": "16",
            "image-steps": "1",
            "clip-steps": "1",
        }
        given |= {"frames": "2", "out": str(tmp_path / "releases"), "output": "json"}
        return [text for name, value in given.items() for text in (f"--{name}", value)]

    @pytest.mark.parametrize(("others", "known"), [([], True), (["--preserve", "fish"], False)])
    def test_a_concept_that_the_judge_sees_in_all_others_is_not_known(
        self,
        others: list[str],
        known: bool,
        tiny_models: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert call("identify", *self.flags(tiny_models, tmp_path), *others) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert (found["concept"], found["known"]) == ("cat", known)
        assert (found["shown"]["hits"], found["shown"]["samples"]) == (8, 8)

    def test_the_release_lies_in_the_folder_that_was_named(
        self, tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call("erase", *self.flags(tiny_models, tmp_path)) == 0
        result = JobResult.from_json(capsys.readouterr().out)
        # The judge goes on seeing the cat: what was built is kept, and said to have failed.
        assert result.outcome is Outcome.GATE_FAILED
        assert (tmp_path / "releases" / "local" / "releases" / result.key / "manifest.json").exists()

    def test_without_a_judge_the_default_one_is_fetched(
        self,
        tiny_models: Path,
        tmp_path: Path,
        free_port: int,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port}")
        models = ["--surrogate", str(tiny_models / "t2i"), "--pipeline", str(tiny_models / "t2v")]
        assert call("erase", "--concept", "cat", *models, "--out", str(tmp_path / "releases")) == 75
        sentence = (
            "NoJudge: no judge is named (--judge), and the default one is out of reach: hf://openai/clip"
        )
        assert sentence in capsys.readouterr().err

    def test_several_concepts_are_asked_for_in_one_release(
        self, tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        listed = tmp_path / "concepts.json"
        listed.write_text(json.dumps([{"name": "cat", "aliases": ["kitty"]}, {"name": "fish"}]))
        given = self.flags(tiny_models, tmp_path)[4:]
        assert call("erase", "--concepts-file", str(listed), *given) == 0
        result = JobResult.from_json(capsys.readouterr().out)
        # The judge sees a cat in everything, so it can tell neither from the other.
        assert (result.outcome, len(result.not_present)) == (Outcome.NOT_PRESENT, 2)

    def test_a_flag_that_breaks_a_rule_is_named(
        self, tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        flags = [*self.flags(tiny_models, tmp_path), "--parameters.nonsense", "1"]
        assert call("erase", *flags) == 78
        assert "nonsense: Extra inputs are not permitted" in capsys.readouterr().err
