from __future__ import annotations

from typing import Any

from lpr.gate.config import GateConfig
from lpr.gate.secret_variables import secret_variables
from lpr.settings import check_settings

SITE: dict[str, Any] = {
    "gates": [
        {
            "name": "main",
            "cameras": [
                {"name": "north", "source": "rtsp://c/", "username": "u", "password_env": "CAMERA"},
                "south",
            ],
            "actuator": {
                "type": "http",
                "url": "http://127.0.0.1/",
                "auth": "basic",
                "username": "u",
                "password_env": "RELAY",
            },
        }
    ],
    "store": {"url_env": "DATABASE", "key": {"env": "KEY", "previous_envs": ["OLD", "OLDER"]}},
    "webhooks": [
        {"name": "office", "url_env": "URL", "secret_env": "SIGNATURE", "token_env": "TOKEN"}
    ],
    "mqtt": {"host": "broker", "tls": {}, "username": "u", "password_env": "BROKER"},
    "service": {"metrics": {"host": "0.0.0.0", "token_env": "SCRAPE"}},  # noqa: S104
}


def test_every_secret_of_a_site_is_known() -> None:
    config = check_settings(SITE, GateConfig, "gate.toml")
    assert secret_variables(config) == {
        *("CAMERA", "RELAY", "DATABASE", "KEY", "OLD", "OLDER"),
        *("URL", "SIGNATURE", "TOKEN", "BROKER", "SCRAPE"),
    }
    bare = {"gates": [{"name": "main", "cameras": ["north"]}]}
    assert secret_variables(check_settings(bare, GateConfig, "gate.toml")) == frozenset()


def test_settings_that_name_a_variable_are_called_so() -> None:
    tables = GateConfig.model_json_schema()["$defs"]
    naming = {
        name
        for table in tables.values()
        for name, field in table.get("properties", {}).items()
        if "variable" in field.get("description", "").lower()
    }
    assert naming == {
        *("password_env", "url_env", "secret_env", "token_env", "env", "previous_envs")
    }
