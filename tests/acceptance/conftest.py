"""Acceptance tests share the service of `tests.services`."""

from tests.conftest import load_services

pytest_configure = load_services
