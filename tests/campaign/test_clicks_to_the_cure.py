"""From an empty dashboard to the cure of the tutorial's second network: by a few clicks, and nothing typed."""

import re
from typing import cast

import pytest
from playwright.sync_api import expect

from tests.browser.pages import Reader, chromium

MAX_CLICKS = 4
# Milliseconds for a treatment of eight seeds on a machine that others use.
PATIENCE = 900_000
COUNT = """
    window.addEventListener("click", (event) => event.isTrusted && count("clicks"), true);
    window.addEventListener("keydown", () => count("keys"), true);
"""


@pytest.mark.campaign
def test_the_cure_of_network_2_is_a_few_clicks_away_from_an_empty_dashboard(a_service):
    own = a_service()
    counted: list[str] = []
    with chromium() as browser:
        someone = Reader(browser, own.client.url)
        someone.page.expose_function("count", lambda event: counted.append(event))
        someone.page.add_init_script(COUNT)
        page = someone.go("")
        page.click("[data-train='tutorial-2-deep-tanh']")
        expect(page.locator("#verdict")).to_have_text("ill", timeout=PATIENCE)
        page.locator("#treat").click(timeout=PATIENCE)
        page.wait_for_url(re.compile("#/treatment/"))
        cure = page.locator("#cure")
        expect(cure).to_be_visible(timeout=PATIENCE)
        expect(page.locator("#status")).to_have_text("completed", timeout=PATIENCE)
        said = cure.inner_text()
        complaints = someone.complaints
        someone.close()
    ill, treatment = cast(str, page.url).split("/")[-2:]
    found = own.client.treatment(ill, treatment)
    assert found.recommended is not None
    best = found.trials[found.recommended]
    assert best.judgement
    assert best.judgement.worth == "cures"
    assert " + ".join(best.remedies) in said
    assert counted == ["clicks"] * len(counted)
    assert 0 < len(counted) <= MAX_CLICKS
    assert complaints == []
