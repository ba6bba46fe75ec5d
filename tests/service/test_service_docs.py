"""docs/service.md says what is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from lpr.gate.config import GateConfig
from lpr.gate.service_settings import MetricsSettings, ServiceSettings
from lpr.settings import check_settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "service.md").read_text(encoding="utf-8")


def test_the_configurations_are_right() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        check_settings(tomllib.loads(block), GateConfig, "docs/service.md")


def test_numbers_on_the_page_are_the_defaults() -> None:
    service = ServiceSettings()
    assert f"`worker_timeout` ({service.worker_timeout:g} s)" in PAGE
    assert f"`stop_timeout` ({service.stop_timeout:g} s)" in PAGE
    assert f"`min_free_mb` ({service.min_free_mb})" in PAGE
    assert f"127.0.0.1:{MetricsSettings().port}/metrics" in PAGE


def test_the_metrics_of_the_page_are_those_of_the_code() -> None:
    code = (Path(__file__).resolve().parents[2] / "lpr" / "service" / "metrics.py").read_text(
        encoding="utf-8"
    )
    served = set(re.findall(r'"(lpr_[a-z_]+)"', code))
    table = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `lpr_"))
    named: set[str] = set()
    prefix = ""
    for name in re.findall(r"`(_?[a-z_]+)`", table):
        if name.startswith("lpr_"):
            prefix = "lpr_camera"
            named.add(name)
        elif name.startswith("_"):
            named.add(prefix + name)
    plain = {name.removesuffix("_total").removesuffix("_info") for name in named}
    assert plain == served
