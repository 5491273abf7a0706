"""A softmax before a loss that takes logits: a common mistake in another framework, undone by Keras, which only warns.

The network learns, so nobody may be told that it is ill.
"""

import pytest

from tests.cases.lab import diagnosis_of_spec, rules

SPEC = {
    "name": "softmax called logits",
    "dataset": {"kind": "digits", "scale": [0, 1], "train_size": 600},
    "model": {
        "layers": [
            {"kind": "dense", "units": 120, "activation": "relu"},
            {"kind": "dense", "units": 84, "activation": "relu"},
            {"kind": "dense", "units": 10, "activation": "softmax"},
        ]
    },
    "training": {
        "loss": {"kind": "categorical_crossentropy", "from_logits": True},
        "optimizer": {"kind": "adam", "learning_rate": 0.003},
        "epochs": 8,
        "batch_size": 64,
    },
    "seeds": [0],
}


@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`")
def test_it_is_healthy_and_gets_a_note():
    diagnosis = diagnosis_of_spec(SPEC)
    assert (diagnosis.verdict, diagnosis.root_cause) == ("healthy", None)
    note = rules(diagnosis)["output_mismatch"]
    assert (note.severity, note.remedies) == ("info", ())
