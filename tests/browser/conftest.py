"""A browser for the acceptance service."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.acceptance.conftest import a_service, compiled, service
from tests.browser.pages import Reader, chromium

__all__ = ["a_service", "compiled", "service"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all; while it is there, Playwright's event loop runs in this thread, and no other can."""
    with chromium() as found:
        yield found


@pytest.fixture
def reader(browser: Browser, service) -> Iterator[Callable[..., Reader]]:
    """Opens the dashboard of the service; at the end nobody has complained, and nobody has left the origin."""
    opened: list[Reader] = []

    def open_one(url: str = service.client.url, **context: Any) -> Reader:
        opened.append(Reader(browser, url, **context))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
    assert [complaint for each in opened for complaint in each.complaints] == []
    assert [url for each in opened for url in each.foreign] == []
