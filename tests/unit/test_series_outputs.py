"""Outputs of a network in the names of its metrics, as charts and tables read them."""

from gradlab.series.outputs import metrics_of, outputs_of

OWN = ("loss", "price_loss", "sort_loss", "price_r2_score", "sort_accuracy")
NAMES = (*OWN, *(f"val_{name}" for name in OWN), "learning_rate")


def test_outputs_are_read_from_the_names_of_their_losses_where_there_are_several():
    assert outputs_of(NAMES) == ("price", "sort")
    assert outputs_of(("loss", "accuracy", "val_loss")) == ()
    assert outputs_of(("loss", "aux_loss", "val_loss", "val_aux_loss")) == ()


def test_an_output_has_the_metrics_that_begin_with_its_name():
    assert metrics_of(NAMES, "sort") == {
        "loss": "sort_loss",
        "accuracy": "sort_accuracy",
        "val_loss": "val_sort_loss",
        "val_accuracy": "val_sort_accuracy",
    }
    assert metrics_of(("loss", "left_loss", "left_eye_loss", "left_eye_accuracy"), "left") == {"loss": "left_loss"}
