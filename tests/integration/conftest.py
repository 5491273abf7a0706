"""Fixtures of the tests that send a fit to a real front desk."""

import shutil

import pytest

from tests.sending import Server


@pytest.fixture
def a_server(tmp_path, migrated_file):
    """Makes a server with some settings."""
    made = []

    def make(**settings):
        shutil.copy(migrated_file, tmp_path / "gradlab.db")
        made.append(Server(tmp_path, **settings))
        return made[-1]

    yield make
    for each in made:
        each.client.close()
        each.stop()


@pytest.fixture
def server(a_server):
    found = a_server()
    found.start()
    return found
