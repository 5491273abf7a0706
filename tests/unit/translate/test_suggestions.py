"""Suggestions for a training elsewhere, as the diagnosis answers them."""

import numpy as np

from gradlab.diagnosis import ExternalRun, diagnose
from gradlab.report import report_of
from gradlab.responses.diagnosis import diagnosis_response
from tests.builders import measured
from tests.unit.translate.networks import a_network


def test_the_diagnosis_of_a_training_elsewhere_has_the_cure_in_the_users_words():
    spec = a_network(hidden=5)
    history = measured(spec, 0, 0, 40)
    history.metrics[:] = 0.693
    gradients = history.series["gradients"]
    columns = spec.layout["gradients"].columns
    gradients[:] = np.abs(gradients) * np.float32(10.0) ** np.arange(-24, 0, 2, dtype=np.float32)[:, None]
    for name in ("nonfinite", "zero_fraction", "always_zero_fraction"):
        gradients[:, :, columns.index(name)] = 0
    diagnosis = diagnose(spec, [ExternalRun(spec, 0, history)])
    response = diagnosis_response(spec, diagnosis)
    by_name = {each.remedy: each for each in response.suggestions}
    assert diagnosis.root_cause is not None
    suggestion = by_name["initializer_for_activation"]
    assert suggestion.spec is None
    assert suggestion.code is not None
    assert 'Dense(5, activation="tanh", kernel_initializer="glorot_uniform")' in suggestion.code
    assert suggestion.changes[0].path == "hidden_0.kernel_initializer"
    page = report_of(spec, [ExternalRun(spec, 0, history)], diagnosis).html()
    assert 'kernel_initializer=\\"glorot_uniform\\"' in page
