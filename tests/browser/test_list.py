"""The list of experiments, and the comparison of those that are chosen from it."""

import re
from contextlib import suppress

from playwright.sync_api import APIResponse, Route, expect

from gradlab.client.client import Refused
from tests.browser.pages import UNANSWERED, endless
from tests.builders import a_spec

LISTED = re.compile(r"/experiments\?limit=")
SEE_ROWS = """() => {
    window.rowsThatCame = [];
    const see = (records) => records.forEach(({ addedNodes }) =>
        addedNodes.forEach((row) => window.rowsThatCame.push(row.dataset.id)));
    new MutationObserver(see).observe(document.querySelector("main tbody"), { childList: true });
}"""


def test_two_experiments_are_compared_what_differs_first(reader, trained):
    someone = reader()
    page = someone.go("")
    for each in trained[:2]:
        page.check(f"tr[data-id='{each}'] input")
    page.click("text=Compare 2")
    page.wait_for_selector("#maps canvas.cells")
    expect(page.locator("main section h2").first).to_have_text("Verdicts, and the last epoch")
    expect(page.locator("[aria-label=Results] tbody tr").first.locator("td").first).to_contain_text("ill")
    expect(page.locator(".differs td", has_text="activation.kind").first).to_be_visible()
    assert page.locator("#maps canvas.cells").count() == 2
    maps = [someone.colours(f"#maps section:nth-child({n}) canvas.cells") for n in (1, 2)]
    assert maps[0] != maps[1]


def test_the_tutorial_is_one_click_away_and_made_once(reader, service):
    someone, made = reader(), []
    for _ in range(2):
        page = someone.go("")
        page.click("#tutorial")
        page.wait_for_url(re.compile("#/compare/"))
        made.append(page.url.rpartition("/")[2].split(","))
    compared, again = made
    assert compared == again
    page = someone.go("")
    page.fill("#search", "hidden tanh")
    page.wait_for_function(
        """() => {
            const names = [...document.querySelectorAll("tbody a.name")].map((each) => each.textContent);
            return names.length > 0 && names.every((each) => each.includes("hidden tanh"));
        }"""
    )
    for each in compared:  # nobody waits for them
        with suppress(Refused):  # it is over
            service.client.cancel(each)


def test_a_list_lives_and_lets_go(reader, service):
    queued = service.client.submit(endless(name="to be let go"))
    someone = reader()
    page = someone.go("")
    row = page.locator(f"tr[data-id='{queued.id}']")
    expect(row.locator("td.status .tag")).to_have_text("running")
    row.get_by_text("Cancel").click()
    page.click("dialog button.danger")
    expect(row.locator("td.status .tag")).to_have_text("cancelled")
    path = f"**/experiments/{queued.id}"
    page.route(path, lambda route: route.abort())
    for failing in (True, False):
        row.get_by_text("Delete").click()
        page.click("dialog button.danger")
        if failing:
            expect(page.locator("main > [role=status]")).to_have_text(["", UNANSWERED])
            page.unroute(path)
    expect(row).to_have_count(0)
    expect(page.locator("main > [role=status]")).to_have_text(["", ""])
    # The list may ask for the curve of an experiment while it is being deleted.
    someone.forgive("ERR_FAILED", f"/experiments/{queued.id}/history")


def test_an_answer_from_before_a_deletion_does_not_bring_the_row_back(reader, service):
    finished = service.client.submit(a_spec(name="to be removed"))
    service.client.wait(finished.id)
    someone, held = reader(), []
    page = someone.go("")
    row = page.locator(f"tr[data-id='{finished.id}']")
    expect(row.locator("canvas.spark")).to_have_attribute("aria-label", re.compile("ends at"))
    row.get_by_text("Delete").click()
    held: list[tuple[Route, APIResponse]] = []
    page.route(LISTED, lambda route: held.append((route, route.fetch())), times=1)
    with page.expect_request(LISTED):
        page.wait_for_timeout(0)
    page.click("dialog button.danger")
    expect(row).to_have_count(0)
    page.evaluate(SEE_ROWS)
    route, answer = held[0]
    with page.expect_response(LISTED):
        route.fulfill(response=answer)
    with page.expect_response(LISTED):  # the next one, once that was shown
        pass
    assert str(finished.id) in answer.text()
    assert str(finished.id) not in page.evaluate("window.rowsThatCame")
