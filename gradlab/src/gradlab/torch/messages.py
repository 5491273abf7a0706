"""Sentences with which a Watch warns: what it does not record any more, and what the loop seems to forget."""

NOTHING = "nothing is recorded of this training any more"
RECORDS = "a record could not be taken; later ones follow without it"
FACTS = "facts about the data are not known"
SCALE = "the scale of the inputs is not known"
FORGOTTEN = (
    "epoch() has not been called for {steps} steps of the optimiser, and an epoch has about {expected}: call it at the "
    "end of each epoch, or pass every=NUMBER_OF_STEPS"
)
NEVER = (
    "epoch() was never called: all {steps} steps are one record; call it at the end of each epoch, or pass every=STEPS"
)
NO_STEP = (
    "no step of the optimiser was made so far, though gradients were computed: a GradScaler skips all, or another "
    "optimiser makes the steps"
)
NO_DATA = "no `data` was passed: activations, signals and the state before the first update are not recorded"
