"""State that observing must leave as it was: random generators, and the numbers in names that Keras gives by itself."""

import contextlib
import random
import warnings
from collections.abc import Iterator

import numpy as np
from keras.src.backend.common import global_state

from gradlab.keras.backends import backend


@contextlib.contextmanager
def unnoticed() -> Iterator[None]:
    """Keep the state of all random generators and of Keras's counters of names, and hide warnings of Keras."""
    python, numpy = random.getstate(), np.random.get_state()
    names = global_state.get_global_attribute("object_name_uids")
    counted = None if names is None else dict(names)
    try:
        with backend.random_state_kept(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if counted is not None:
            names.clear()
            names.update(counted)
