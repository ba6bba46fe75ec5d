from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_two_set_up_commands_stand_first() -> None:
    run, tests = blocks("sh")[:2]
    assert run.startswith("pip install . && lpr run samples/")
    assert tests == 'pip install -e ".[test]" && pytest\n'


def test_ci_finds_the_commands_or_fails(tmp_path: Path) -> None:
    """A marker that is written otherwise ran no test, and the build passed."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    found = re.search(r"^readme\(\) \{$.*?^\}$", script, re.MULTILINE | re.DOTALL)
    assert found
    assert set(re.findall(r'"\$\(readme (\w+)\)"', script)) == {"tests", "run"}

    def ci(marker: str, folder: Path) -> tuple[int, str]:
        code = f'set -euo pipefail\n{found[0]}\ncommands="$(readme {marker})"\necho "$commands"'
        done = subprocess.run(
            ["bash", "-c", code], cwd=folder, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    assert [ci("run", ROOT), ci("tests", ROOT)] == [(0, block) for block in blocks("sh")[:2]]
    (tmp_path / "README.md").write_text(README.replace("<!-- tests -->", "<!--tests-->"))
    assert ci("tests", tmp_path) == (1, "")


def test_every_file_that_the_readme_names_exists() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    for sample in re.findall(r"samples/\S+\.mp4", README):
        assert (ROOT / sample).is_file(), sample


def commands() -> list[str]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = []
    for page in pages:
        for block in blocks("sh", page.read_text(encoding="utf-8")):
            found += [line for line in block.splitlines() if line.startswith("lpr ")]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_documented_command_has_these_options(command: str) -> None:
    import typer.main

    from lpr.cli.app import app

    words = shlex.split(command.split(" #")[0].split(" && ")[0].split(" | ")[0])[1:]
    node: Any = typer.main.get_command(app)
    while hasattr(node, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        assert name in node.commands, f"{command}: no command {name!r}"
        node = node.commands[name]
    known = {option for parameter in node.params for option in parameter.opts} | {"--help"}
    used = {word.split("=")[0] for word in words if word.startswith("-") and word != "-"}
    assert used <= known, f"{command}: unknown {used - known}"


def test_the_python_example_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - that is what is tested
    assert "confirmed" in capsys.readouterr().out


def test_the_exit_codes_in_the_docs_are_those_of_the_code() -> None:
    from lpr.cli import exit_codes

    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", exit_codes.__doc__ or "", re.MULTILINE)
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert {int(code) for code, _ in rows} == {int(code) for code in exit_codes.ExitCode}
    for code, meaning in rows:
        assert f"| {code} | {meaning} |" in page
