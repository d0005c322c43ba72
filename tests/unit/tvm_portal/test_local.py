"""What manage.py supplies, and what it refuses to guess."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tvm_portal import env, local


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    first: dict[str, str] = {}
    second: dict[str, str] = {}
    local.supply_settings(home=tmp_path, environ=first, generate=True)
    local.supply_settings(home=tmp_path, environ=second, generate=True)
    assert first == second
    assert len(first["SECRET_KEY"]) >= 64
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]
    env.read("SECRET_KEY", first)
    env.read("ALLOWED_HOSTS", first)


def test_what_is_set_is_kept(tmp_path: Path) -> None:
    environ = {"SECRET_KEY": "k" * 40, "ALLOWED_HOSTS": "tvm.example.org"}
    local.supply_settings(home=tmp_path, environ=environ, generate=True)
    assert environ == {"SECRET_KEY": "k" * 40, "ALLOWED_HOSTS": "tvm.example.org"}
    assert not (tmp_path / "secret_key").exists()


def test_with_servers_of_ones_own_nothing_is_guessed(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    local.supply_settings(home=tmp_path, environ=environ, generate=False)
    assert environ == {}


def test_with_servers_of_ones_own_the_key_of_an_earlier_portal_is_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("s" * 50)
    environ: dict[str, str] = {}
    local.supply_settings(home=tmp_path, environ=environ, generate=False)
    assert environ == {"SECRET_KEY": "s" * 50, "ALLOWED_HOSTS": local.HOSTS}


def test_a_data_folder_that_cannot_be_made_is_a_setting_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(env.SettingError, match="^PORTAL_DATA is not usable"):
        local.data_folder({"PORTAL_DATA": str(tmp_path / "file" / "data")})


def test_only_servers_that_are_not_named_are_embedded(tmp_path: Path) -> None:
    own = local.Servers(home=tmp_path, environ={"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h"})
    assert not own.needed
    half = local.Servers(home=tmp_path, environ={"DATABASE_URL": "postgresql://h/d", "REDIS_URL": ""})
    assert half.postgres is None
    assert half.valkey is not None
