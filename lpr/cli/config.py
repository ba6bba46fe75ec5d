"""`lpr config`: the effective configuration and its schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from lpr.cli.failure import clean_exit

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# `name: text`, the text going on in lines that are indented further.
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)

config_app = typer.Typer(no_args_is_help=True, help="The effective configuration and its schema.")


@config_app.command("show")
def show(
    config: Annotated[
        Path | None,
        typer.Option(help="A configuration file; the defaults where not given.", readable=False),
    ] = None,
    toml: Annotated[
        bool, typer.Option("--toml", help="As TOML, which --config accepts, in place of JSON.")
    ] = False,
) -> None:
    """Print every setting, the defaults filled in."""
    with clean_exit():
        from lpr.config import EngineConfig, load_config

        settings = (load_config(config) if config else EngineConfig()).model_dump(mode="json")
        if toml:
            from lpr.cli.toml_text import toml_text

            print(toml_text(settings), end="")
        else:
            print(json.dumps(settings, indent=2))


@config_app.command("schema")
def schema(
    gate: Annotated[
        bool, typer.Option("--gate", help="Of a site's gate.toml, in place of the engine's file.")
    ] = False,
) -> None:
    """Print the JSON Schema of a configuration file, for editors that check and complete TOML."""
    with clean_exit():
        found = _described(gate)
        for node in found["$defs"].values():
            _document(node)
        print(json.dumps({"$schema": _DIALECT, **found}, indent=2))


def _document(node: dict[str, Any]) -> None:
    """Give a table's keys the texts that its record's docstring has under `Attributes:`."""
    text, heading, attributes = node.get("description", "").partition("\n\nAttributes:\n")
    if not heading:
        return
    node["description"] = text
    for name, words in _ATTRIBUTE.findall(attributes):
        if name in node["properties"]:
            node["properties"][name].setdefault("description", " ".join(words.split()))


def _described(gate: bool) -> dict[str, Any]:
    if gate:
        from lpr.gate.config import GateConfig

        found = GateConfig.model_json_schema()
        # A camera without settings of its own is written as its name alone.
        cameras = found["$defs"]["GateSettings"]["properties"]["cameras"]
        name = found["$defs"]["CameraSettings"]["properties"]["name"]
        cameras["items"] = {"anyOf": [name, cameras["items"]]}
        # TOML has no null: "forever" is how a retention without an end is written.
        for days in found["$defs"]["RetentionSettings"]["properties"].values():
            days["anyOf"].append({"const": "forever"})
        return found
    from lpr.config import EngineConfig

    return EngineConfig.model_json_schema()
