"""Time of a treatment in a real service: the tutorial's network 2, five seeds, control included.

    python -m bench.treatment [--repeats 2]

A `gradlab serve` of its own with one worker that has trained another network, and an empty cache of programs. The
service treats the network; then it treats it again, with the programs of its worker. A proved cure is known before the
treatment's end: smaller changes are tried after it. A trial's time is that of its
experiment from its claim to its end; the rest is triages, diagnoses and messages. The first of them is the untreated
one, which was trained before.
"""

import argparse
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.processes import conditions
from bench.serving import served
from gradlab import Client
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec.experiment import ExperimentSpec, parse

EXAMPLES = Path(__file__).parents[1] / "examples"
SEEDS = 5


def main() -> None:
    """Print the seconds of each treatment, and of its trials."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2, help="treatments of the same network")
    repeats = parser.parse_args().repeats
    with conditions(), tempfile.TemporaryDirectory() as folder, served(folder) as (service, url):
        client = Client(url)
        client.wait(client.submit(_spec("tutorial-1-one-tanh")).id)
        for repeat in range(repeats):
            ill = client.wait(client.submit(_spec("tutorial-2-deep-tanh")).id).id
            begun, own = time.perf_counter(), _processor_seconds(service.pid)
            proofs: list[float] = []
            treatment = client.wait_for_treatment(
                client.treat(ill, TreatmentRequest(seeds=SEEDS)),
                progress=lambda each, proofs=proofs: proofs.append(time.perf_counter()) if each.recommended else None,  # type: ignore[misc]
            )
            seconds, own = time.perf_counter() - begun, _processor_seconds(service.pid) - own
            trained = [client.get(each.experiment_id) for each in treatment.trials if each.experiment_id]
            proved = f"a proved cure after {proofs[0] - begun:.1f} s" if proofs else "no cure"
            print(
                f"{'again' if repeat else 'nothing compiled'}: {seconds:.1f} s, {own:.1f} s of processors, "
                f"{proved}; trials {', '.join(map(_seconds, trained))} s",
                flush=True,
            )


def _seconds(experiment: ExperimentResponse) -> str:
    assert experiment.started_at
    assert experiment.finished_at
    return f"{(experiment.finished_at - experiment.started_at).total_seconds():.1f}"


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of all that descend from it, in seconds."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = file.read_text().rpartition(")")[2].split()
            parents[int(file.parent.name)], ticks[int(file.parent.name)] = int(fields[1]), sum(map(int, fields[11:13]))
    descendants = {pid}
    while grown := {child for child, parent in parents.items() if parent in descendants} - descendants:
        descendants |= grown
    return sum(ticks.get(each, 0) for each in descendants) / os.sysconf("SC_CLK_TCK")


def _spec(name: str) -> ExperimentSpec:
    return parse((EXAMPLES / f"{name}.json").read_bytes()).model_copy(update={"seeds": tuple(range(SEEDS))})


if __name__ == "__main__":
    main()
