"""`lpr config` prints settings and schemas that agree with what is accepted."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lpr.cli.app import app
from lpr.config import EngineConfig, load_config
from lpr.gate.config import GateConfig

DOCS = Path(__file__).resolve().parents[2] / "docs"


def printed(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["config", *arguments])
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


Schema = dict[str, Any]
KINDS: tuple[tuple[type, str], ...] = ((dict, "object"), (list, "array"), (str, "string"))


def problems(schema: Schema, node: Schema, value: Any, at: str) -> Iterator[str]:
    """What a value breaks of a schema: types, unknown and missing keys, patterns, constants."""
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    options = node.get("anyOf") or node.get("oneOf")
    if options:
        yield from min((list(problems(schema, one, value, at)) for one in options), key=len)
        return
    if "const" in node and value != node["const"]:
        yield f"{at}: is not {node['const']!r}"
        return
    for kind, name in KINDS:
        if (isinstance(value, kind) and "type" in node) and node["type"] != name:
            yield f"{at}: {name} is not wanted"
            return
    yield from _parts(schema, node, value, at)


def _parts(schema: Schema, node: Schema, value: Any, at: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(node.get("pattern", ""), value):
        yield f"{at}: {value!r} does not fit the pattern"
    if isinstance(value, list):
        for number, part in enumerate(value):
            yield from problems(schema, node.get("items", {}), part, f"{at}.{number}")
    if isinstance(value, dict):
        known = node.get("properties", {})
        yield from (f"{at}.{key}: missing" for key in node.get("required", ()) if key not in value)
        for key, part in value.items():
            if key in known:
                yield from problems(schema, known[key], part, f"{at}.{key}")
            elif node.get("additionalProperties") is False:
                yield f"{at}.{key}: unknown"


def pages() -> list[Any]:
    """Every whole gate.toml of the documentation."""
    found = []
    for page in sorted(DOCS.glob("*.md")):
        blocks = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        tables = [table for block in blocks if (table := tomllib.loads(block)).get("gates")]
        found += [pytest.param(one, id=f"{page.stem}-{at}") for at, one in enumerate(tables)]
    return found


def test_show_prints_the_defaults() -> None:
    assert EngineConfig.model_validate(printed("show")) == EngineConfig()


def test_show_lays_a_file_over_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "lpr.toml"
    path.write_text("[corners]\nlooks = 0\n")
    shown = printed("show", "--config", str(path))
    assert shown["corners"]["looks"] == 0
    assert shown["threads"] == EngineConfig().threads


def test_the_schema_has_every_setting_of_the_engine() -> None:
    schema = printed("schema")
    assert set(schema["properties"]) == set(EngineConfig.model_fields)
    assert schema["additionalProperties"] is False
    assert list(problems(schema, schema, printed("show"), "lpr")) == []


def test_the_schema_says_what_every_setting_is() -> None:
    schema = printed("schema")
    tables = [schema, *schema["$defs"].values()]
    for table in tables:
        assert "Attributes:" not in table["description"]
        for name, setting in table["properties"].items():
            described = setting.get("description") or "$ref" in setting
            assert described, f"{table['title']}: {name}"
    assert schema["properties"]["threads"]["description"] == "Threads of each network."
    voter = schema["$defs"]["VoterOptions"]["properties"]
    assert voter["max_length"]["description"] == (
        "longest text that can be a plate, unless a plate format fits it."
    )
    assert voter["min_agreeing"]["description"].endswith(
        "or twice as many that are compatible with it)."
    )


def test_the_schema_of_gate_toml_has_every_table() -> None:
    schema = printed("schema", "--gate")
    assert set(schema["properties"]) == set(GateConfig.model_fields)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["gates"]


@pytest.mark.parametrize("table", pages())
def test_the_schema_takes_the_gate_toml_of_the_documentation(table: dict[str, Any]) -> None:
    schema = printed("schema", "--gate")
    assert list(problems(schema, schema, table, "gate")) == []


def test_the_schema_takes_forever() -> None:
    schema = printed("schema", "--gate")
    gates = [{"name": "main", "cameras": ["north"]}]
    for word, good in (("forever", True), ("for ever", False)):
        table = {"gates": gates, "store": {"database": "e.db", "retention": {"denied_days": word}}}
        assert (list(problems(schema, schema, table, "gate")) == []) is good


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ({}, "gate.gates: missing"),
        ({"gates": [{"name": "main", "cameras": ["a"], "armd": True}]}, "gate.gates.0.armd"),
        ({"gates": [{"name": "main", "cameras": ["no name!"]}]}, "gate.gates.0.cameras.0"),
        ({"gates": [{"name": "main", "cameras": ["a"]}], "store": []}, "gate.store"),
    ],
)
def test_the_schema_refuses_what_the_gate_refuses(table: dict[str, Any], where: str) -> None:
    schema = printed("schema", "--gate")
    found = list(problems(schema, schema, table, "gate"))
    assert [one for one in found if one.startswith(where)], found
    with pytest.raises(ValueError, match=r"."):
        GateConfig.model_validate(table)


LPR_TOML = """\
regions = ["de", "fr"]
roi = [0, 0, 640, 360]
[detector]
model = 'C:\\models\\"Ä"'
score_threshold = 0.3
[voter]
strict_format = true
copy_distance = 1e-5
"""


@pytest.mark.parametrize("text", ["", LPR_TOML])
def test_the_configuration_that_is_printed_as_toml_is_accepted_again(
    tmp_path: Path, text: str
) -> None:
    first = tmp_path / "lpr.toml"
    first.write_text(text)
    result = CliRunner().invoke(app, ["config", "show", "--toml", "--config", str(first)])
    assert result.exit_code == 0, result.stderr
    second = tmp_path / "again.toml"
    second.write_text(result.stdout)
    assert load_config(second) == load_config(first)
    given = {key for key, value in printed("show", "--config", str(first)).items() if value is None}
    assert {f"# {key} is not set" for key in given} <= set(result.stdout.splitlines())
    assert tomllib.loads(result.stdout)["voter"].keys() == printed("show")["voter"].keys()


def test_a_configuration_that_was_printed_as_json_is_refused_by_name(tmp_path: Path) -> None:
    shown = tmp_path / "lpr.json"
    shown.write_text(json.dumps(printed("show")))
    for command in (
        ["run", "a.mp4", "--config"],
        ["gate", "check"],
        ["events", "report", "--config"],
    ):
        result = CliRunner().invoke(app, [*command, str(shown)])
        assert result.exit_code == 6
        assert result.stderr.startswith(f"lpr: {shown}: is JSON, and TOML is wanted; `lpr config")
