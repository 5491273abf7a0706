"""Sentences with which a Watch warns: what it does not record any more, and what it was not given."""

LOSSES = "the losses of single batches are not recorded any more"
FACTS = "the facts about the data are not known, and what rests on them stays unjudged"
WIRING = "how the training is put together is not recorded any more"
UNKNOWN_DATA = (
    "no `data` was passed: facts about the data, activations, signals and the state before the first update stay "
    "unknown, and what rests on them unjudged. Pass data=(x, y)"
)
RECORDS = "records are not kept any more"
