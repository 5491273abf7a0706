"""Unit tests share the front desk of `tests.unit.desk`."""

import pytest

from tests.conftest import runs_tests


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures, which import the whole service, where tests run."""
    if runs_tests(config):
        config.pluginmanager.import_plugin("tests.unit.desk")
