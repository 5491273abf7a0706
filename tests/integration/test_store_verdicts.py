"""Summaries of diagnoses in the store: lists are restricted to them and sorted by them, on both databases."""

import pytest

from core.records import Filters, StoredSummary
from gradlab.diagnosis.summary import DiagnosisSummary
from gradlab.errors import Invalid
from tests.builders import a_spec


def test_summaries_of_diagnoses_are_filtered_by_and_due_under_other_rules(store):
    ids = [store.add(a_spec())[0].id for _ in range(4)]
    for it, verdict in zip(ids, ("ill", "healthy", "ill"), strict=False):
        store.verdicts.put(it, StoredSummary(DiagnosisSummary(verdict, "saturation", "Saturated", "likely", 2), "old"))
    assert store.get(ids[0]).diagnosis.summary.title == "Saturated"
    assert store.get(ids[3]).diagnosis is None
    page = store.page(limit=9, filters=Filters(verdicts=["ill"]))
    assert [each.id for each in page.experiments] == [ids[2], ids[0]]
    first = store.page(limit=1, filters=Filters(verdicts=["ill", "healthy"]))
    second = store.page(limit=1, before=first.next, filters=Filters(verdicts=["ill", "healthy"]))
    assert [each.id for page in (first, second) for each in page.experiments] == [ids[2], ids[1]]
    assert store.verdicts.due("new", limit=9) == []  # none is finished
    for it in ids:
        store.cancel(it)
    assert store.verdicts.due("new", limit=3) == [ids[3], ids[2], ids[1]]
    assert store.verdicts.due("old", limit=9) == [ids[3]]
    store.verdicts.put(ids[2], StoredSummary(DiagnosisSummary("healthy", None, None, "certain", 0), "new"))
    assert store.verdicts.due("new", limit=9) == [ids[3], ids[1], ids[0]]
    store.delete(ids[2])
    assert store.page(limit=9, filters=Filters(verdicts=["healthy"])).experiments[0].id == ids[1]


def judged(store, it, verdict: str, root_cause: str | None = None) -> None:
    store.verdicts.put(it, StoredSummary(DiagnosisSummary(verdict, root_cause, None, "likely", 0), "rules"))


def test_a_list_by_verdict_has_the_worst_first_and_its_pages_do_not_shift(store):
    ids = [store.add(a_spec())[0].id for _ in range(10)]
    verdicts = ("healthy", "ill", "undecided", "at risk", "ill", "healthy", "at risk", "ill")
    for it, verdict in zip(ids, verdicts, strict=False):
        judged(store, it, verdict)
    by_verdict = Filters(sort="verdict")
    page = store.page(limit=2, filters=by_verdict)
    seen = [each.id for each in page.experiments]
    while page.next is not None:
        judged(store, store.add(a_spec())[0].id, "ill")  # the newest of the worst: it stands before all that follows
        page = store.page(limit=2, before=page.next, filters=by_verdict)
        seen += [each.id for each in page.experiments]
    assert seen == [ids[place] for place in (7, 4, 1, 6, 3, 2, 5, 0, 9, 8)]
    some = Filters(sort="verdict", verdicts=["healthy", "at risk"])
    assert [each.id for each in store.page(limit=9, filters=some).experiments] == [ids[place] for place in (6, 3, 5, 0)]


def test_a_list_is_restricted_to_root_causes_and_a_cursor_belongs_to_one_order(store):
    ids = [store.add(a_spec())[0].id for _ in range(3)]
    for it, rule in zip(ids, ("saturation", "dead_layer", "saturation"), strict=True):
        judged(store, it, "ill", rule)
    page = store.page(limit=1, filters=Filters(root_causes=["saturation"]))
    assert [each.id for each in page.experiments] == [ids[2]]
    rest = store.page(limit=9, before=page.next, filters=Filters(root_causes=["saturation", "not_learning"]))
    assert [each.id for each in rest.experiments] == [ids[0]]
    with pytest.raises(Invalid, match="sorted by verdict"):
        store.page(limit=1, before=page.next, filters=Filters(sort="verdict"))
    worst = store.page(limit=1, filters=Filters(sort="verdict"))
    for other in ("newest", "root_cause"):
        with pytest.raises(Invalid, match=f"sorted by {other}"):
            store.page(limit=1, before=worst.next, filters=Filters(sort=other))


def test_a_list_by_root_cause_has_causes_before_their_consequences(store):
    ids = [store.add(a_spec())[0].id for _ in range(6)]
    rules = ("not_learning", "finite_width", None, "of another version", "finite_width")
    for it, rule in zip(ids, rules, strict=False):
        judged(store, it, "ill", rule)
    by_cause, page, seen = Filters(sort="root_cause"), store.page(limit=1, filters=Filters(sort="root_cause")), []
    while True:
        seen += [ids.index(each.id) for each in page.experiments]
        if page.next is None:
            break
        page = store.page(limit=1, before=page.next, filters=by_cause)
    assert seen == [4, 1, 0, 5, 3, 2]
