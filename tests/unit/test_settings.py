"""Settings come from the environment, and say what is wrong with it."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from core.settings import Settings


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"GRADLAB_{name}", value)
    return Settings(_env_file=None)


def test_the_embedded_default_lives_in_the_data_directory(monkeypatch, tmp_path):
    embedded = settings(monkeypatch, DATA_DIR=str(tmp_path))
    assert embedded.database == f"sqlite:///{tmp_path}/gradlab.db"
    assert embedded.broker == "filesystem://"
    assert {embedded.broker_dir.parent, embedded.compile_cache.parent} == {tmp_path}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_url_gets_the_driver_that_is_installed(monkeypatch, scheme):
    chosen = settings(monkeypatch, DATABASE_URL=f"{scheme}://me@somewhere/lab")
    assert chosen.database == "postgresql+psycopg://me@somewhere/lab"


@pytest.mark.parametrize(("text", "seconds"), [("2", 2), ("2.5", 2.5), ("PT1M", 60)])
def test_durations_are_seconds_or_iso_8601(monkeypatch, text, seconds):
    assert settings(monkeypatch, LEASE=text).lease == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "inf"])
def test_a_duration_that_is_none_is_refused(monkeypatch, text):
    with pytest.raises(ValidationError, match="lease"):
        settings(monkeypatch, LEASE=text)


@pytest.mark.parametrize(
    ("host", "open_to_others"),
    [
        ("127.0.0.1", False),
        ("127.8.0.1", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("lab", True),
    ],
)
def test_only_loopback_is_closed_to_others(monkeypatch, host, open_to_others):
    assert settings(monkeypatch, HOST=host).open_to_others is open_to_others
    assert settings(monkeypatch, HOST=host, PUBLISHED_ON_LOOPBACK="true").open_to_others is False


def test_an_empty_key_is_no_key(monkeypatch):
    assert settings(monkeypatch, API_KEY="").api_key is None
