"""Every page of the dashboard: its use without barriers, on a phone, and while the service fails."""

import json
import re

import pytest
from playwright.sync_api import expect

from gradlab.errors import DiskFull
from tests.browser.pages import AWAY, NARROW, UNANSWERED, endless
from tests.builders import a_spec


def test_a_click_that_fails_is_told_and_repeated_and_an_answer_that_was_lost_trains_once(reader, service):
    someone = reader()
    someone.forgive("ERR_FAILED")
    page = someone.go("new")
    spec = a_spec(name="answered once").model_dump(mode="json")
    page.fill("#spec", json.dumps(spec))

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    page.route("**/experiments", lose_the_answer)
    page.click("#submit:not([disabled])")
    expect(page.locator("#connection")).to_have_text("connection lost")
    expect(page.locator("#checked h2")).to_have_text("Ready to train")  # the check was repeated by itself
    expect(page.locator("#connection")).to_have_text("")
    page.unroute("**/experiments")
    page.click("#submit:not([disabled])")
    page.wait_for_url(re.compile("#/experiment/"))
    page.wait_for_selector("#heatmap canvas.cells:visible")
    page.route("**/activations?*", lambda route: route.abort())
    page.select_option("#kind", "activations")
    notice = page.locator("#heatmap .notice")
    expect(notice).to_have_text(UNANSWERED)
    page.unroute("**/activations?*")
    page.select_option("#kind", "weights")
    expect(notice).to_have_count(0)
    # The editor's triage is an experiment too, of no epochs and with the same name, until it has been read.
    listed = [each for each in service.client.experiments(search="answered once") if each.spec.training.epochs]
    assert [str(each.id) for each in listed] == [page.url.partition("#/experiment/")[2]]
    page = someone.go("%")
    expect(page.locator("main .notice.bad")).to_contain_text("received #/%")
    page.route("**/pages/doctor.js", lambda route: route.abort())
    expect(someone.go("doctor").locator("main .notice.bad")).to_have_text(f"{UNANSWERED} Reload the page when it does.")
    expect(someone.go("constructor").locator("main h1")).to_have_text("Experiments")  # as any word that names no page


def test_what_the_service_lacks_stands_above_every_page(reader):
    someone = reader()
    full = {"ready": False, "checks": {"database": "ok", "disk": str(DiskFull())}}
    someone.page.route("**/readyz", lambda route: route.fulfill(status=503, json=full))
    for path in ("", "new"):
        page = someone.go(path)
        expect(page.locator("#readiness")).to_contain_text("disk: The disk is full")
        expect(page.locator("#readiness")).not_to_contain_text("database")
    someone.forgive("status of 503")
    in_order = reader().go("")
    expect(in_order.locator("#readiness")).to_be_hidden()


@pytest.mark.campaign
def test_a_lost_connection_is_told_and_recovers(reader, a_service):
    own = a_service()
    submitted = own.client.submit(endless(name="interrupted"))
    someone = reader(own.client.url)
    page = someone.go(f"experiment/{submitted.id}")
    page.wait_for_selector("#heatmap canvas.cells:visible")
    own.stop()
    expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    own.start()
    expect(page.locator("#connection")).to_have_text("live")
    reached = int(page.locator(".facts dd").first.inner_text().split("/")[0])
    page.wait_for_function(
        "(reached) => Number(document.querySelector('.facts dd').textContent.split('/')[0]) > reached", arg=reached
    )
    someone.forgive(*AWAY)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_from_using_a_page(reader, trained, scheme):
    someone = reader(color_scheme=scheme)
    found = {}
    for path, ready in pages(trained):
        page = someone.go(path)
        page.wait_for_selector(ready)
        found[path] = someone.barriers()
    assert {path: barriers for path, barriers in found.items() if barriers} == {}


def test_on_a_phone_no_page_is_wider_than_the_screen(reader, trained):
    someone = reader(viewport=NARROW)
    for path, ready in pages(trained):
        page = someone.go(path)
        page.wait_for_selector(ready)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        assert (path, width) == (path, NARROW["width"])


def pages(trained: list[str]) -> list[tuple[str, str]]:
    """Every page, and what shows that it is complete."""
    return [
        ("", "tbody tr[data-id]"),
        (f"experiment/{trained[0]}", "#verdict"),
        (f"experiment/{trained[2]}", "#verdict"),
        (f"compare/{trained[0]},{trained[1]}", "#maps canvas.cells"),
        ("new", "#submit:not([disabled])"),
        ("treatments", "main tbody tr"),
        ("studies", "[data-recipe]"),
        ("doctor", "#model"),
    ]
