"""A model.fit of one's own whose service, or whose logs, are not as the sender needs them: it warns, and goes on."""

import json
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import keras
import numpy as np
import pytest

from gradlab.client.sender import Sender, SenderWarning, _numbers
from gradlab.keras.gradient_statistics import GradientStatistics, RecordingWarning
from gradlab.schemas.status import Status
from tests.sending import a_model, fit


class Answering(BaseHTTPRequestHandler):
    """Answers each request with a status and a body, or not at all."""

    status, body, seconds = 422, b"", 0.0

    def do_POST(self) -> None:
        time.sleep(self.seconds)
        self.send_response(self.status)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        """Be silent."""


PROBLEM = json.dumps({"title": "No", "status": 422, "detail": "these are too many layers", "instance": "/"}).encode()


@pytest.mark.parametrize(
    ("status", "body", "seconds", "warned"),
    [
        (422, PROBLEM, 0.0, "nothing more is sent: these are too many layers"),
        (500, PROBLEM.replace(b"422", b"500"), 0.0, "5 epochs are not sent yet"),
        (422, b"no JSON", 0.0, "answered 422, and not as this version of Gradient Lab does"),
        (502, b"no JSON", 0.0, "5 epochs are not sent yet"),
        (200, b"{}", 0.0, "answered 200, and not as this version of Gradient Lab does"),
        (200, b"{}", 60.0, "5 epochs are not sent yet"),
    ],
    ids=["refuses", "breaks", "babbles", "stands behind a proxy", "answers something else", "hangs"],
)
def test_a_service_that_does_not_take_what_is_sent_is_a_warning(status, body, seconds, warned):
    handler = type("Handler", (Answering,), {"status": status, "body": body, "seconds": seconds})
    service = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    service.daemon_threads = True
    threading.Thread(target=service.serve_forever, daemon=True).start()
    sender = Sender(f"http://127.0.0.1:{service.server_port}", seconds_between=0.0, patience=1.0)
    with warnings.catch_warnings(record=True, action="always", category=SenderWarning) as heard:
        fit(a_model(), held := GradientStatistics(listener=sender))
        sender.close()
    assert any(warned in str(each.message) for each in heard)
    assert held.epochs == [1, 2, 3, 4, 5]
    assert all(issubclass(each.category, SenderWarning) for each in heard)
    service.shutdown()
    service.server_close()


class Peculiar(keras.Model):
    """A step of its own, whose logs are nested, and without a loss where there is to be none."""

    def __init__(self, *, has_loss: bool) -> None:
        super().__init__()
        self._net, self._has_loss = a_model(), has_loss

    def call(self, x: Any) -> Any:
        return self._net(x)

    def train_step(self, data: Any) -> dict[str, Any]:
        logs = super().train_step(data)
        loss = {"loss": logs["loss"]} if self._has_loss else {}
        return loss | {"heads": {"left": logs["loss"]}, "each": keras.ops.ones(3)}


def test_nested_logs_are_sent_and_what_is_no_number_is_named(server):
    model = Peculiar(has_loss=True)
    model.compile("sgd", "binary_crossentropy")
    model.reset_metrics, model._get_metrics_result_or_logs = lambda: None, lambda logs: logs
    with Sender(server.url) as sender, pytest.warns(SenderWarning, match="each is not sent: not one number"):
        fit(model, GradientStatistics(listener=sender))
    found = server.client.get(sender.experiment_id)
    assert (found.status, found.spec.metrics) == (Status.completed, ("loss", "left"))  # Keras leaves the path out


def test_a_loop_of_ones_own_may_hand_over_logs_that_are_nested():
    logs = {"loss": 1, "heads": {"left": np.float32(2), "right": [np.inf]}, "none": None, "each": [1, 2], "word": "x"}
    assert _numbers(logs) == ({"loss": 1.0, "heads/left": 2.0, "heads/right": np.inf}, ["none", "each", "word"])


def test_a_training_whose_logs_have_no_loss_is_not_sent_and_says_so(server):
    model = Peculiar(has_loss=False)
    model.compile("sgd", "binary_crossentropy")
    model._get_metrics_result_or_logs = lambda logs: logs
    with (
        Sender(server.url) as sender,
        pytest.warns(SenderWarning, match="epochs from 1 on are not sent: epoch 1"),
    ):
        fit(model, held := GradientStatistics(listener=sender))
    assert held.epochs == [1, 2, 3, 4, 5]
    found = server.client.get(sender.experiment_id)
    assert (found.status, found.progress.epochs_done) == (Status.failed, 0)


def test_a_training_without_gradients_is_sent_with_its_metrics_alone(server):
    class ByHand(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.net = a_model()

        def call(self, x: Any) -> Any:
            return self.net(x)

        def train_step(self, data: Any) -> dict[str, Any]:
            return {"loss": keras.ops.mean(self(data[0]))}

    model = ByHand()
    model.compile("sgd", "binary_crossentropy")
    with Sender(server.url) as sender, pytest.warns(RecordingWarning, match="no gradient of the model's variables"):
        fit(model, GradientStatistics(listener=sender))
    found = server.client.get(sender.experiment_id)
    assert (found.status, found.progress.epochs_done, found.spec.record.gradients) == (Status.completed, 5, 0)
    assert server.client.diagnosis(sender.experiment_id).verdict != "ill"
