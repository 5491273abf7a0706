"""Calls of `model.fit`: whether one is under way, and what has broken it off. Keras tells callbacks neither."""

import sys
from types import FrameType
from typing import Any

from gradlab.watch.transmission import BROKEN_OFF


def is_fitting(model: Any) -> bool:
    """True while a `fit` of the model is running, in any thread."""
    for top in sys._current_frames().values():
        frame: FrameType | None = top
        while frame is not None:
            if frame.f_code.co_name == "fit" and frame.f_locals.get("self") is model:
                return True
            frame = frame.f_back
    return False


def broken_off() -> str:
    """Return why a `fit` ended that has raised, with the exception that is being handled, if there is one."""
    error = sys.exc_info()[1]
    text = "" if error is None else " ".join(str(error).split())[:500]
    return BROKEN_OFF if error is None else f"{BROKEN_OFF}: {type(error).__name__}{text and f': {text}'}"
