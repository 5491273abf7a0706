"""A model.fit of one's own, sent to a real server over HTTP while it trains."""

import runpy
import sys
import time
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from gradlab import Client
from gradlab.client.sender import Sender, SenderWarning, Unsent
from gradlab.keras import GradientStatistics
from gradlab.schemas.status import Status
from tests.sending import a_model, fit
from tests.servers import wait_until

ROOT = Path(__file__).parents[2]
STATISTICS = ("mean_abs", "mean", "std", "l2", "max_abs", "zero_fraction")


def assert_arrived(client: Client, sender: Sender, held: dict[int, GradientStatistics]) -> None:
    """Check that the service has of each seed the values that its callback holds, bit for bit."""
    for column, statistic in enumerate(STATISTICS):
        found = client.gradients(sender.experiment_id, statistic=statistic, parameter="all")
        for place, (seed, callback) in enumerate(held.items()):
            assert found["seeds"][place] == seed
            kept = found["values"][place, : found["lengths"][place]]
            assert kept.tobytes() == np.ascontiguousarray(callback.gradients[:, :, column]).tobytes()


def test_two_seeds_arrive_as_the_callback_holds_them(server):
    held, histories = {}, {}
    with Sender(server.url, name="mine", seeds=[4, 2]) as sender:
        for seed in (4, 2):
            keras.utils.set_random_seed(seed)
            held[seed] = GradientStatistics(listener=sender)
            histories[seed] = fit(a_model(), held[seed], validation_split=0.25).history
    found = server.client.get(sender.experiment_id)
    assert (found.name, found.source, found.status) == ("mine", "external", Status.completed)
    assert [(run.seed, run.epochs_done, run.ended, run.error) for run in found.runs] == [
        (4, 5, True, None),
        (2, 5, True, None),
    ]
    assert found.versions["keras"] == keras.__version__
    first = found.spec.layers[0]
    assert (first.class_name, first.output_shape) == ("Dense", (4,))
    assert [(each.name, each.shape) for each in first.parameters] == [("kernel", (3, 4)), ("bias", (4,))]
    assert found.spec.metrics == ("loss", "accuracy", "val_accuracy", "val_loss")
    assert_arrived(server.client, sender, held)
    history = server.client.history(sender.experiment_id)
    for place, seed in enumerate(histories):
        for column, name in enumerate(history["metrics"]):
            sent = np.array(histories[seed][name], np.float32)
            np.testing.assert_array_equal(history["values"][place, :, column], sent)
    assert server.client.diagnosis(sender.experiment_id).unjudged


def test_a_server_that_is_away_in_the_middle_misses_nothing(server):
    held = GradientStatistics(listener=(sender := Sender(server.url, seconds_between=0.0)))

    def away(epoch, logs):
        if epoch == 2:
            wait_until(lambda: sender.experiment_id is not None)
            server.stop()
        if epoch == 6:
            server.start()
            # Whoever ends while the service is away does not wait for it: the sender must have found it again.
            wait_until(lambda: server.client.get(sender.experiment_id).progress.epochs_done >= 6)

    with sender:
        fit(a_model(), held, keras.callbacks.LambdaCallback(on_epoch_end=away), epochs=9)
    assert server.client.get(sender.experiment_id).status is Status.completed
    assert held.epochs == list(range(1, 10))
    assert_arrived(server.client, sender, {0: held})


def test_a_server_that_never_comes_neither_breaks_nor_delays_a_training(a_server):
    server = a_server()  # not started
    held = GradientStatistics(listener=(sender := Sender(server.url, patience=0.5)))
    with pytest.warns(SenderWarning, match="5 epochs are not sent yet"):
        fit(a_model(), held)
    begun = time.monotonic()
    with pytest.warns(SenderWarning, match="5 epochs are not sent yet"):
        sender.close()
    assert time.monotonic() - begun < 10
    assert held.epochs == [1, 2, 3, 4, 5]
    assert sender.experiment_id is None


def test_a_strict_sender_breaks_the_training_instead(a_server):
    sender = Sender(a_server().url, strict=True, patience=0.3)
    with pytest.raises(Unsent, match="are not sent yet"):
        fit(a_model(), GradientStatistics(listener=sender))
    with pytest.raises(Unsent):
        sender.close()


def test_what_has_no_room_is_dropped_and_the_run_says_from_where_on(a_server):
    server = a_server()
    room = 3 * 4 * (2 + 4 * 7)  # three epochs
    with Sender(server.url, most_bytes=room, patience=30) as sender:
        held = GradientStatistics(listener=sender)
        with pytest.warns(SenderWarning) as told:
            fit(a_model(), held)
        server.start()
    said = [str(each.message) for each in told]
    assert [each for each in said if "epochs of seed 0 from 4 on are dropped" in each]
    found = server.client.get(sender.experiment_id)
    assert (found.status, found.runs[0].epochs_done) == (Status.failed, 3)
    assert "epochs from 4 on were not sent" in found.error


def test_a_fit_that_raises_is_a_run_that_failed_and_leaves_the_optimiser_as_it_was(server):
    def stumble(epoch, logs):
        if epoch == 2:
            raise KeyboardInterrupt

    model, stumbling = a_model(), keras.callbacks.LambdaCallback(on_epoch_begin=stumble)
    with pytest.raises(KeyboardInterrupt), Sender(server.url, seeds=(0, 1)) as sender:
        fit(model, GradientStatistics(listener=sender), stumbling)
    found = server.client.get(sender.experiment_id)
    assert found.status is Status.failed
    assert [(run.epochs_done, run.error) for run in found.runs] == [(done, "KeyboardInterrupt: ") for done in (2, 0)]
    again = GradientStatistics()
    fit(model, again, epochs=1)
    assert again.epochs == [1]
    assert "apply" not in vars(model.optimizer)


def test_cancelling_ends_the_training_and_deleting_only_the_sending(server):
    def act(how):
        def on_epoch_end(epoch, logs):
            if epoch == 1:
                wait_until(lambda: sender.experiment_id is not None)
                getattr(server.client, how)(sender.experiment_id)
            time.sleep(0.05)

        return keras.callbacks.LambdaCallback(on_epoch_end=on_epoch_end)

    for how, told in (("cancel", "was cancelled"), ("delete", "was deleted")):
        sender = Sender(server.url, seconds_between=0.0)
        held = GradientStatistics(listener=sender)
        with pytest.warns(SenderWarning, match=told):
            fit(a_model(eager=False), held, act(how), epochs=60)
        sender.close()
        assert (len(held.epochs) < 60) is (how == "cancel")
    assert [each.status for each in server.client.experiments()] == [Status.cancelled]


def test_early_stopping_and_a_metric_that_comes_late(server):
    stop = keras.callbacks.EarlyStopping("loss", min_delta=10, patience=2)
    sender = Sender(server.url, metrics=["accuracy"])
    with pytest.warns(SenderWarning, match="val_accuracy, val_loss are not sent"):
        fit(a_model(), GradientStatistics(listener=sender), stop, epochs=9, validation_split=0.25)
    sender.close()
    found = server.client.get(sender.experiment_id)
    assert (found.status, found.stopped_by, found.spec.metrics) == (
        Status.completed,
        "early_stopping",
        ("loss", "accuracy"),
    )


def test_a_sequential_that_its_first_batch_builds_is_measured_as_one_with_an_input(server):
    held = []
    for shaped in (True, False):
        keras.utils.set_random_seed(3)
        with Sender(server.url) as sender:
            held.append(GradientStatistics(listener=sender))
            model = a_model(shaped=shaped)
            fit(model, held[-1])
            fit(model, GradientStatistics(), epochs=1)
        assert_arrived(server.client, sender, {0: held[-1]})
    assert [each.shape for each in held[1].tensors] == [(3, 4), (4,), (4, 1), (1,)]
    np.testing.assert_allclose(held[1].gradients, held[0].gradients, rtol=1e-5, atol=1e-8)


def test_chunks_are_cut_to_what_the_service_reads(a_server):
    server = a_server(max_body_bytes=3000)
    sender = Sender(server.url)
    held = GradientStatistics(listener=sender)
    with pytest.warns(SenderWarning, match="30 epochs are not sent yet"):
        fit(a_model(eager=False), held, epochs=30)
    server.start()
    sender.close()
    assert server.client.get(sender.experiment_id).status is Status.completed
    assert_arrived(server.client, sender, {0: held})


def test_a_fit_too_many_or_of_another_network_is_trained_and_not_sent():
    sender = Sender("http://127.0.0.1:9", seeds=(0, 1), patience=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SenderWarning)
        fit(a_model(), GradientStatistics(listener=sender), epochs=1)
        with pytest.warns(SenderWarning, match="this fit is not sent: this model has other tensors"):
            fit(a_model(units=5), GradientStatistics(listener=sender), epochs=1)
        fit(a_model(), GradientStatistics(listener=sender), epochs=1)
        with pytest.warns(SenderWarning, match="this fit is not sent: each fit is a run of its own"):
            fit(a_model(), held := GradientStatistics(listener=sender), epochs=1)
        sender.close()
        with pytest.warns(SenderWarning, match="this fit is not sent: this sender is closed"):
            fit(a_model(), GradientStatistics(listener=sender), epochs=1)
    assert held.epochs == [1]
    with pytest.raises(ValueError, match="each once"):
        Sender(seeds=(1, 1))


def test_the_example_is_seen_in_the_service(server, monkeypatch, capsys):
    """In this process, which has Keras already."""
    monkeypatch.setattr(sys, "argv", ["send-your-own-training.py", server.url])
    runpy.run_path(str(ROOT / "examples" / "send-your-own-training.py"), run_name="__main__")
    (found,) = server.client.experiments()
    assert str(found.id) in capsys.readouterr().out
    assert (found.name, found.status, found.progress.epochs_done) == ("my own training", Status.completed, 40)
