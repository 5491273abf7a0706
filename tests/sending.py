"""The tools of tests of sending: a front desk with a port of its own, and a small fit."""

import threading
from pathlib import Path
from typing import Any

import keras
import numpy as np
import uvicorn

from api.app import create_app
from core.settings import Settings
from gradlab import Client
from tests.servers import free_port, wait_until


class Server:
    """The front desk with a port of its own, on a database of its own, without a worker."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = Settings(_env_file=None, data_dir=folder, **settings)
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread()
        self.client = Client(self.url)

    def start(self) -> None:
        # Uvicorn's own logging would go through what pytest captures.
        config = uvicorn.Config(
            create_app(self._settings), port=self.port, log_config=None, timeout_graceful_shutdown=5
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(self.client.is_alive)

    def stop(self) -> None:
        if self._server:
            self._server.should_exit = True
            self._thread.join(30)
            assert not self._thread.is_alive()
            self._server = None


def a_model(*, shaped: bool = True, units: int = 4, eager: bool = True) -> keras.Model:
    inputs = [keras.layers.Input((3,))] if shaped else []
    model = keras.Sequential([*inputs, keras.layers.Dense(units, "tanh"), keras.layers.Dense(1, "sigmoid")])
    # Nothing is traced for a dozen batches: fits that are traced are observed in tests of their own.
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    return model


def fit(model: keras.Model, *callbacks: keras.callbacks.Callback, epochs: int = 5, **more):
    x = np.random.default_rng(1).normal(size=(32, 3)).astype("float32")
    y = (x.sum(axis=1, keepdims=True) > 0).astype("float32")
    return model.fit(x, y, epochs=epochs, batch_size=16, callbacks=list(callbacks), verbose=0, **more)
