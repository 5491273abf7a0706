"""Groups of rules by name, for `Rule.causes`."""

# How a training elsewhere is wired: of updates, and of what the loss and the network get.
WIRING = (
    "broadcast_target", "target_encoding", "masked_inputs", "ordered_batches", "validation_scale", "inference_mode",
    "frozen_normalization", "skipped_updates", "unchanged_weights", "unzeroed_gradients",
)  # fmt: skip
# Samples that no network can be trained on.
SAMPLES = ("nonfinite_samples", "constant_features")
DATA = (*WIRING, *SAMPLES, "output_mismatch", "input_range", "target_range", "single_value_normalization")
DRAW = ("nonzero_mean_initialization", "initial_variance", "symmetric_units")
BIRTH = ("finite_width", "born_dead_risk")
STEPS = ("learning_rate",)
GROWTHS = ("predicted_exploding", "exploding_through_time")
EXPLOSIONS = ("exploding_gradient", "exploding_growth", "gradient_spike", "loss_blow_up")
SATURATIONS = ("saturation", "saturation_range")
DEATHS = ("dead_units", "dead_layer", "dead_network", "zero_gradient")
VANISHINGS = ("vanishing_through_time", "vanishing_signal", "vanishing_gradient", "gradient_floor")
