import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn.inspection import TrainingCurvesDisplay

from ._fakes import Attending, Members, make_history


@pytest.fixture
def X():
    return np.random.default_rng(0).uniform(0.1, 1, size=(10, 2))


def curves(display, label):
    return [line for line in display.ax_.lines if line.get_label() == label]


def test_a_pair_of_curves_per_member():
    histories = [make_history(3), make_history(5)]
    display = TrainingCurvesDisplay.from_data(histories, [2, 4])
    for label, key in [("training", "train_loss"), ("validation", "valid_loss")]:
        for line, history in zip(curves(display, label), histories, strict=True):
            np.testing.assert_array_equal(line.get_xdata(), [row["epoch"] for row in history])
            np.testing.assert_array_equal(line.get_ydata(), [row[key] for row in history])


def test_best_epochs_are_marked_on_the_validation_loss():
    history = make_history(4)
    display = TrainingCurvesDisplay.from_data([history], [3])
    (dot,) = display.ax_.collections
    np.testing.assert_allclose(dot.get_offsets(), [[3, history[2]["valid_loss"]]])


def test_legend_names_each_meaning_once():
    display = TrainingCurvesDisplay.from_data([make_history(3)] * 4, [1, 2, 3, 3])
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["training", "validation", "best epoch"]
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.ax_.get_ylabel() == "Loss"


def test_without_validation_only_training_is_drawn():
    display = TrainingCurvesDisplay.from_data([make_history(3, valid=False)])
    assert len(curves(display, "training")) == 1
    assert not curves(display, "validation")
    assert not display.ax_.collections


def test_keeps_the_data_it_was_given():
    histories = [make_history(2)]
    display = TrainingCurvesDisplay.from_data(histories, [1])
    assert display.histories == histories
    assert display.best_iterations == [1]


def test_draws_onto_given_axes():
    figure, ax = plt.subplots()
    display = TrainingCurvesDisplay.from_data([make_history(2)], ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


def test_one_estimator_and_ensembles_are_read(X):
    single = TrainingCurvesDisplay.from_estimator(Attending().fit(X))
    members = Members([Attending(), make_pipeline(StandardScaler(), Attending())])
    ensemble = TrainingCurvesDisplay.from_estimator(make_pipeline(members).fit(X))
    assert single.histories == [make_history(3)]
    assert single.best_iterations == [2]
    assert ensemble.histories == [make_history(3)] * 2


def test_estimator_without_history_is_a_clear_error(X):
    with pytest.raises(TypeError, match=r"`history_`.*got Ridge"):
        TrainingCurvesDisplay.from_estimator(Ridge().fit(X, X[:, 0]))


def test_different_numbers_are_an_error():
    with pytest.raises(ValueError, match="1 histories but 2 best iterations"):
        TrainingCurvesDisplay.from_data([make_history(2)], [1, 2])
