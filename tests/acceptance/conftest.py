"""Acceptance tests share the service of `tests.services`."""

import pytest

from tests.conftest import runs_tests


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures, one service for all folders among them, where tests run."""
    if runs_tests(config):
        config.pluginmanager.import_plugin("tests.services")
