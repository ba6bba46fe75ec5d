from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from lpr.errors import ConfigError
from lpr.store import KeySettings, RetentionSettings, StoreSettings, load_store_settings


@pytest.mark.parametrize("kind", [StoreSettings, RetentionSettings, KeySettings])
def test_every_setting_has_a_default_and_says_what_it_is(kind: type[BaseModel]) -> None:
    kind()
    for name, field in kind.model_fields.items():
        assert field.description, name


def test_the_table_is_read_from_a_gate_file(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(
        "armed = true\n[store]\ndatabase = 'data/e.db'\npseudonyms = true\n"
        "[store.retention]\nunmatched_days = 0.25\n[store.key]\nfile = 'secret.key'\n"
    )
    found = load_store_settings(path)
    assert found.database == tmp_path / "data" / "e.db"
    assert found.key.file == tmp_path / "secret.key"
    assert found.retention.unmatched_days == 0.25
    assert found.pseudonyms


@pytest.mark.parametrize(
    "text",
    [
        "url_file = 'url'\nkey = {previous_files = ['old.key']}",
        "url_env = 'STORE_URL'\nkey = {env = 'KEY', previous_envs = ['OLD']}",
        "database = 'e.db'\nkey = {file = 'k'}",
    ],
)
def test_moved_settings_can_be_checked_again(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(f"[store]\n{text}\n")
    found = load_store_settings(path)
    assert StoreSettings.model_validate(found.model_dump(exclude_unset=True)) == found
    for file in (found.url_file, found.key.file, *found.key.previous_files):
        assert file is None or file.parent == tmp_path


def test_forever_can_be_said_in_toml(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("[store.retention]\nmatched_days = 'forever'\n")
    assert load_store_settings(path).retention.matched_days is None


def test_an_empty_table_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("[store]\n")
    assert load_store_settings(path).database == tmp_path / "events.db"


def test_a_file_without_the_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("armed = true\n")
    with pytest.raises(ConfigError, match=r"gate\.toml: has no \[store\]"):
        load_store_settings(path)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("[store]\ndatabase = 'e.db'\n", encoding="utf-8-sig")
    assert load_store_settings(path).database == tmp_path / "e.db"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("databse = 'e.db'", "did you mean 'database'"),
        ("retention = {matched_dayz = 1}", "did you mean 'matched_days'"),
        ("retention = {matched_days = 0}", "retention.matched_days"),
        ("url = 'postgresql://a@b/c'\nurl_env = 'X'", "url and url_env, not both"),
        ("url = 'postgresql://a@b/c'\ndatabase = 'e.db'", "database or url, not both"),
        ("key = {env = 'A', file = 'b'}", "env or file, not both"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(f"[store]\n{text}\n")
    with pytest.raises(ConfigError, match=message):
        load_store_settings(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_store_settings(tmp_path / "missing.toml")
    (tmp_path / "bad.toml").write_text("[store")
    with pytest.raises(ConfigError, match="is no valid TOML"):
        load_store_settings(tmp_path / "bad.toml")


def test_other_packages_do_not_pull_in_the_database() -> None:
    import subprocess
    import sys

    code = "import lpr.store, sys; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
