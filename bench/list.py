"""Latency of the list of 5,000 experiments by verdict, on SQLite and PostgreSQL.

    python -m bench.list

Four of five experiments have a verdict, each verdict equally many. A hundred of them are treated, and have 500 more
experiments as trials. The API runs in a process of its own; each request is one page of 50 experiments over HTTP, with
their specs.
"""

import tempfile
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx2

from bench.gradients import report, served
from bench.processes import conditions
from bench.store import databases
from core.records import StoredSummary
from core.store import ExperimentStore
from core.store.migrate import upgrade
from gradlab.diagnosis.conclusion import VERDICTS_WORST_FIRST
from gradlab.diagnosis.summary import DiagnosisSummary, rules_hash
from gradlab.schemas.treatments import TreatmentRequest
from tests.builders import a_spec
from tests.unit.treatment.worlds import a_treatment

EXPERIMENTS = 5000
REQUESTS = 100
TREATED = 100
TREATMENT = a_treatment([("optimizer_adam",), ("activation_relu",), ("batch_normalization",)])
# What is asked for: its name -> the query.
QUERIES: dict[str, dict[str, Any]] = {
    "newest first": {},
    "ill": {"verdict": "ill"},
    "ill or at risk": {"verdict": ["ill", "at risk"]},
    "by verdict": {"sort": "verdict"},
    "by root cause": {"sort": "root_cause"},
    "at risk, of one root cause": {"verdict": "at risk", "root_cause": "saturation"},
    "without trials": {"trial": "false"},
    "no verdict fits the name": {"verdict": "ill", "search": "nothing is called so"},
}


def main() -> None:
    """Fill both databases, and print the latencies."""
    with conditions(), databases() as available, tempfile.TemporaryDirectory() as folder:
        for name, url_for in available.items():
            url = url_for("list")
            _fill(url)
            with served(url, Path(folder)) as address, httpx2.Client(base_url=address) as http:
                page_80 = {"sort": "verdict", "cursor": _cursor(http, pages=79)}
                for what, query in (QUERIES | {"by verdict, page 80": page_80}).items():
                    report(f"{name}, {what}", http, httpx2.URL("/experiments", params=query), {}, REQUESTS)


def _fill(url: str) -> None:
    upgrade(url)
    store = ExperimentStore(url, lease=timedelta(hours=1), max_attempts=3)
    for number, verdict in zip(range(EXPERIMENTS), cycle((*VERDICTS_WORST_FIRST, None)), strict=False):
        experiment, _ = store.add(a_spec(name=f"experiment {number}", seeds=(0, 1)))
        if verdict is not None:
            root = "saturation" if verdict in ("ill", "at risk") else None
            summary = DiagnosisSummary(verdict, root, root and "Units are saturated", "likely", 0)
            store.verdicts.put(experiment.id, StoredSummary(summary, rules_hash()))
        if number % (EXPERIMENTS // TREATED) == 0:
            store.treatments.add(experiment.id, TreatmentRequest(), TREATMENT)
    store.close()


def _cursor(http: httpx2.Client, pages: int) -> str:
    """Follow the list by verdict for some pages; return the cursor of the next one."""
    following = "/experiments?sort=verdict"
    for _ in range(pages):
        following = http.get(following).raise_for_status().json()["next"]
    return httpx2.URL(following).params["cursor"]


if __name__ == "__main__":
    main()
