"""Processes that measure record 0 in float64. Keras may be loaded in them only after the engine's preparation."""

from pathlib import Path

from bench.twins import in_service


def begin() -> None:
    """Prepare this process."""
    in_service.begin()
    from bench.twins import in_keras

    in_keras.begin()


def measured(path: Path) -> None:
    """Measure record 0 of the case in a folder."""
    from bench.twins import in_keras

    in_keras.measure(path)
