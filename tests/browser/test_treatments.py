"""The pages of treatments: begun by a click, watched, and their cure."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from core.records import TreatmentRecord
from core.store import ExperimentStore
from gradlab.schemas.status import TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from tests.browser.pages import AWAY, NARROW
from tests.builders import MINUTE
from tests.unit.treatment.worlds import a_treatment, to_the_end


def test_a_treatment_is_begun_by_a_click_watched_cancelled_and_its_trials_are_folded_under_what_they_treat(
    reader, service, trained
):
    ill = trained[0]
    someone = reader()
    page = someone.go(f"experiment/{ill}")
    page.click("#treat")
    page.wait_for_url(re.compile(f"#/treatment/{ill}/"))
    rows = page.locator("#trials tbody tr")
    expect(rows).to_have_count(5)
    expect(page.locator("[data-trial='untreated'] .tag")).to_contain_text("training")
    expect(page.locator("[data-trial='initializer_for_activation'] .tag")).to_have_text(re.compile("triage|training"))
    expect(page.locator("#connection")).to_have_text("live")
    page.click("#cancel")
    page.click("dialog button.danger")
    expect(page.locator("#status")).to_have_text("cancelled")
    expect(page.locator("#continue")).to_be_visible()
    assert someone.barriers() == []
    page = someone.go("")
    treated = page.locator(f"tr[data-id='{ill}']")
    expect(treated.get_by_role("link", name="treatment cancelled")).to_be_visible()
    expect(page.locator(".trial-of")).to_have_count(0)
    unfold = treated.get_by_role("button", name="2 trials")  # the triages went when they were cancelled
    unfold.focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr.trial")).to_have_count(2)
    assert unfold.evaluate("(button) => button === document.activeElement && button.ariaExpanded === 'true'")
    under = page.locator(f"tr[data-id='{ill}'] + tr.trial")
    expect(under).to_contain_text(re.compile("trial of .*tanh.*: control"))
    assert someone.barriers() == []
    under.locator("a.name").click()
    expect(page.locator("#treating")).to_contain_text("trial of")
    page.locator("#treating a").last.click()
    page.wait_for_selector("#trials")


def test_the_cure_is_shown_as_a_difference_and_as_code_to_copy(reader, service, trained):
    ill = trained[0]
    record = a_cure(service, UUID(ill))
    someone = reader(permissions=["clipboard-read", "clipboard-write"])
    page = someone.go("treatments")
    row = page.locator(f"tr[data-id='{record.id}']")
    expect(row).to_contain_text("initializer_for_activation")
    expect(row.locator("td.figures")).to_have_text(["8/8", "0/8"])
    assert someone.barriers() == []
    row.get_by_role("link").click()
    best = page.locator("#trials tr.best")
    expect(best).to_contain_text(re.compile("recommended.*initializer_for_activation.*cures.*0/8.*0 %–32 %", re.DOTALL))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in ("Difference of the two specs", "As Keras code"):
        copy = page.get_by_role("group", name=name).get_by_role("button")
        copy.click()
        expect(copy).to_have_text("Copied")
        copied = page.evaluate("() => navigator.clipboard.readText()")
        shown = page.locator("#cure").get_by_role("region", name=name.removeprefix("As ")).inner_text()
        assert copied.strip() == shown.strip()
    assert "glorot_uniform" in copied
    best.get_by_text("why").click()
    expect(best.get_by_role("region")).to_contain_text("- random_uniform")
    assert someone.barriers() == []
    page.wait_for_timeout(1500)  # longer than the pause between two readings of one that runs
    assert [url for url in asked if "/treatments" in url] == []
    page.set_viewport_size(NARROW)
    assert page.evaluate("() => document.documentElement.scrollWidth") == NARROW["width"]


@pytest.mark.campaign
def test_two_clicks_lead_from_an_empty_dashboard_to_the_cure_of_the_second_network(reader, a_service):
    own = a_service()
    someone = reader(own.client.url)
    someone.forgive(*AWAY)  # the service goes first
    done: list[str] = []
    someone.page.expose_function("did", lambda what: done.append(what))
    someone.page.add_init_script("for (const it of ['click', 'keydown']) addEventListener(it, () => did(it), true)")
    page = someone.go("")
    page.click("[data-train='tutorial-2-deep-tanh']")
    page.wait_for_url(re.compile("#/experiment/"))
    page.click("#treat")  # there once the training is over
    expect(page.locator("#cure h2")).to_contain_text("The smallest change that cures: initializer_for_activation")
    expect(page.locator("#status")).to_have_text("completed")
    expect(page.get_by_role("region", name="Keras code")).to_contain_text('kernel_initializer="glorot_uniform"')
    (treatment,) = own.client.all_treatments()
    assert treatment.recommended == ["initializer_for_activation"]
    assert done == ["click", "click"]


def a_cure(service, ill: UUID) -> TreatmentRecord:
    """A treatment that has found a cure, stored as a worker stores it."""
    store = ExperimentStore(f"sqlite:///{service.data}/gradlab.db", lease=MINUTE, max_attempts=1)
    cure = "initializer_for_activation"
    ended = to_the_end(a_treatment([(cure,)]), {(cure,): 0})
    begun, _ = store.treatments.add(ill, TreatmentRequest(), ended)
    store.treatments.save(begun, ended, TreatmentStatus.completed)
    store.close()
    return begun
