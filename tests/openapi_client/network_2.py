"""The tutorial's second network, submitted, followed and diagnosed by a generated client.

Runs in the environment of the generator, which has no part of this project.

    python network_2.py FOLDER_OF_THE_CLIENT URL
"""

import sys
from http import HTTPStatus

sys.path.insert(0, sys.argv[1])

from client import Client
from client.api.diagnosis import diagnose
from client.api.events import follow
from client.api.experiments import get_experiment, list_experiments, submit
from client.api.series import gradients
from client.models import (
    BinaryCrossentropy,
    Circles,
    Dense,
    ExperimentDiagnosisResponse,
    ExperimentResponse,
    ExperimentSpec,
    ExperimentsResponse,
    ModelSpec,
    ProblemDocument,
    RandomUniform,
    Sgd,
    Sigmoid,
    StatisticResponse,
    Status,
    Tanh,
    TrainingSpec,
)


def network_2() -> ExperimentSpec:
    """Five hidden tanh layers whose initial weights are all positive."""
    weights = RandomUniform(kind="random_uniform", minval=0.0, maxval=1.0)
    hidden = Dense(kind="dense", units=5, activation=Tanh(kind="tanh"), kernel_initializer=weights, repeat=5)
    output = Dense(kind="dense", units=1, activation=Sigmoid(kind="sigmoid"), kernel_initializer=weights)
    return ExperimentSpec(
        name="five hidden tanh layers",
        dataset=Circles(kind="circles", samples=1000, noise=0.1, seed=1, scale=[-1.0, 1.0], train_size=500),
        model=ModelSpec(layers=[hidden, output]),
        training=TrainingSpec(
            loss=BinaryCrossentropy(kind="binary_crossentropy"),
            optimizer=Sgd(kind="sgd", learning_rate=0.01, momentum=0.9),
            epochs=500,
            batch_size=32,
        ),
        seeds=[0],
    )


def main() -> None:
    """Submit, follow, look, list, diagnose; fail where an answer is not of the type that the description names."""
    # Following waits for the whole stream, so for the whole training; a fresh worker first loads TensorFlow.
    client = Client(sys.argv[2], timeout=300.0, raise_on_unexpected_status=True)
    made = submit.sync(client=client, body=network_2())
    assert isinstance(made, ExperimentResponse), made

    stream = follow.sync_detailed(made.id, client=client)
    assert stream.status_code is HTTPStatus.OK
    assert "event: done" in stream.content.decode()

    finished = get_experiment.sync(made.id, client=client)
    assert isinstance(finished, ExperimentResponse)
    assert finished.status == Status.COMPLETED, finished.error
    assert isinstance(finished.spec, ExperimentSpec)
    assert len(finished.runs) == 1

    page = list_experiments.sync(client=client, status=[Status.COMPLETED, Status.FAILED])
    assert isinstance(page, ExperimentsResponse)
    assert [each.id for each in page.experiments] == [made.id]

    series = gradients.sync(made.id, client=client)
    assert isinstance(series, StatisticResponse)
    assert len(series.layers) == 6
    assert len(series.epochs) == 500

    diagnosis = diagnose.sync(made.id, client=client)
    assert isinstance(diagnosis, ExperimentDiagnosisResponse)
    assert diagnosis.verdict == "ill"
    assert diagnosis.root_cause == "nonzero_mean_initialization", diagnosis.root_cause
    assert diagnosis.findings

    refusal = submit.sync(client=client, body=ExperimentSpec.from_dict(network_2().to_dict() | {"seeds": [1, 1]}))
    assert isinstance(refusal, ProblemDocument)
    assert refusal.status == 422
    print(
        f"{finished.status} after {finished.progress.epochs_done} epochs, {diagnosis.verdict}: {diagnosis.root_cause}"
    )


if __name__ == "__main__":
    main()
