"""A Watch that records `lean`, on TensorFlow: the tests of Keras's other backends."""

from tests.frameworks.keras.test_sampling import (
    test_layers_without_a_gradient_in_any_measured_batch_have_the_diagnosis_of_all_batches,
    test_lean_records_are_the_means_over_every_sixth_of_twelve_batches,
)

__all__ = [
    "test_layers_without_a_gradient_in_any_measured_batch_have_the_diagnosis_of_all_batches",
    "test_lean_records_are_the_means_over_every_sixth_of_twelve_batches",
]
