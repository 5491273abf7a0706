"""The clinic by fit: which cases are asked, and what is printed of two diagnoses."""

import random
from collections import Counter

from bench.clinic import ILLNESSES, cases
from bench.clinic.by_fit.comparing import ByFit, Compared
from bench.clinic.by_fit.report import both_sides, lines
from bench.clinic.by_fit.sample import MIN_OF_EACH, hash_of, sample
from bench.clinic.judging import Judged
from gradlab.diagnosis import Diagnosis, SeedOutcome, Unjudged

FINAL = [case for case in cases() if case.part == "final"]


def kinds(case):
    return {layer.spec.kind for layer in case.spec.layers}


def test_a_sample_has_every_illness_and_every_kind_of_layer_twice():
    chosen = sample(FINAL, 100)
    assert len({case.name for case in chosen}) == len(chosen) == 100
    illnesses = Counter(case.illness for case in chosen)
    assert all(illnesses[name] >= MIN_OF_EACH for name in [None, *(illness.name for illness in ILLNESSES)])
    of_kind = Counter(kind for case in chosen for kind in kinds(case))
    in_all = Counter(kind for case in FINAL for kind in kinds(case))
    assert all(of_kind[kind] >= min(MIN_OF_EACH, count) for kind, count in in_all.items())


def test_a_sample_has_the_smallest_hashes_beside_what_it_must_hold():
    needed, chosen = sample(FINAL, 1), sample(FINAL, 100)
    others = [hash_of(case) for case in chosen[len(needed) :]]
    left = [hash_of(case) for case in FINAL if case not in chosen]
    assert others == sorted(others)
    assert others[-1] < min(left)


def test_a_smaller_sample_is_the_beginning_of_a_larger_one_whatever_the_order_of_the_cases():
    shuffled = random.Random(0).sample(FINAL, len(FINAL))
    assert sample(FINAL, 60) == sample(shuffled, 100)[:60]


def test_the_report_counts_what_agrees_and_names_what_does_not():
    fails, learns = (SeedOutcome(0, outcome, 9, None, None, None) for outcome in ("fails", "learns"))
    ill, other = (Diagnosis("ill", root, (), (fails,)) for root in ("plateau", "dead_layer"))
    healthy = Diagnosis("healthy", None, (), (learns,), (Unjudged("plateau", "it was not recorded"),))
    fits = [(ill, ill), (healthy, healthy), (other, ill), (healthy, ill)]
    pairs = [Compared(case, *pair) for case, pair in zip(FINAL, fits, strict=False)]
    by_fit = [*(ByFit(pair.case, ()) for pair in pairs), ByFit(FINAL[4], (), "it is pre-trained: autoencoder")]
    text = "\n".join(lines(by_fit, pairs))
    assert "4 cases by fit; 1 more are left out:" in text
    assert f"* {FINAL[4].name}: it is pre-trained: autoencoder" in text
    assert "| verdict | 3 of 4: 0.750" in text
    assert "| verdict and root cause | 2 of 4: 0.500" in text
    assert "unjudged rules: at most 1 in a case" in text
    assert "| plateau | 2 | it was not recorded |" in text
    assert "| the same, where each seed turned out as there | 2 of 3: 0.667" in text
    assert "2 cases differ, 1 of them in how their seeds turned out:" in text
    assert f"* {FINAL[2].name}" in text
    assert f"* {FINAL[0].name}" not in text


def test_false_alarms_are_counted_among_healthy_cases_and_roots_among_ill_ones():
    healthy, ill = (next(case for case in FINAL if bool(case.illness) is sick) for sick in (False, True))

    def judged(case, *, detected, root_right, holds=True):
        return Judged(case, holds, 0.0, "ill", detected, None, root_right, True)

    service = [judged(healthy, detected=True, root_right=True), judged(ill, detected=True, root_right=True)]
    fit = [
        judged(healthy, detected=False, root_right=False),
        judged(ill, detected=True, root_right=False),
        judged(healthy, detected=False, root_right=False, holds=False),
    ]
    rows = [line.split("|") for line in both_sides(fit, service)]
    assert [[cell.split(":")[0].strip() for cell in row[1:4]] for row in rows[1:]] == [
        ["false alarms", "1 of 1", "0 of 1"],
        ["illness found", "1 of 1", "1 of 1"],
        ["root cause right", "0 of 1", "1 of 1"],
    ]
