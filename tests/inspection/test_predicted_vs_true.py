import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.inspection import PredictedVsTrueDisplay
from mofa_sklearn.metrics import normalized_mean_squared_error


@pytest.fixture
def targets():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(60, 3))
    return y, y + rng.normal(size=y.shape)


def test_one_panel_per_target(targets):
    display = PredictedVsTrueDisplay.from_predictions(*targets)
    assert display.ax_.shape == (3,)
    assert len(display.figure_.axes) == 3


def test_1d_target_gives_one_axes(targets):
    y_true, y_pred = targets
    display = PredictedVsTrueDisplay.from_predictions(y_true[:, 0], y_pred[:, 0])
    assert isinstance(display.ax_, plt.Axes)


def test_titles_show_names_and_nmse(targets):
    names = ["views", "likes", "comments"]
    display = PredictedVsTrueDisplay.from_predictions(*targets, target_names=names)
    expected = normalized_mean_squared_error(*targets, multioutput="raw_values")
    np.testing.assert_array_equal(display.nmse_, expected)
    for ax, name, nmse in zip(display.ax_, names, expected, strict=True):
        assert ax.get_title() == f"{name}\nNMSE {nmse:.3f}"


def test_names_are_read_from_a_frame(targets):
    y_true, y_pred = targets
    frame = pd.DataFrame(y_true, columns=["a", "b", "c"])
    display = PredictedVsTrueDisplay.from_predictions(frame, y_pred)
    assert display.target_names == ["a", "b", "c"]


def test_draws_onto_given_axes(targets):
    figure, axes = plt.subplots(1, 3)
    display = PredictedVsTrueDisplay.from_predictions(*targets, ax=axes)
    assert display.figure_ is figure
    assert all(drawn is given for drawn, given in zip(display.ax_, axes, strict=True))


def test_wrong_number_of_axes_is_an_error(targets):
    _, axes = plt.subplots(1, 2)
    with pytest.raises(ValueError, match="needs 3 axes, one per panel; got 2"):
        PredictedVsTrueDisplay.from_predictions(*targets, ax=axes)


def test_from_estimator_is_from_predictions(targets):
    y, X = targets
    model = LinearRegression().fit(X, y)
    display = PredictedVsTrueDisplay.from_estimator(model, X, y)
    np.testing.assert_array_equal(display.y_pred, model.predict(X))
    np.testing.assert_array_equal(display.y_true, y)


@pytest.mark.parametrize(
    ("n_rows", "collection"), [(50, "PathCollection"), (2000, "PolyCollection")]
)
def test_many_rows_are_drawn_as_hexagons(n_rows, collection):
    y = np.random.default_rng(0).normal(size=(2, n_rows))
    display = PredictedVsTrueDisplay.from_predictions(*y)
    assert type(display.ax_.collections[0]).__name__ == collection


def test_both_axes_have_the_same_limits(targets):
    display = PredictedVsTrueDisplay.from_predictions(*targets)
    assert all(ax.get_xlim() == ax.get_ylim() for ax in display.ax_)


def test_constant_targets_are_drawn():
    display = PredictedVsTrueDisplay.from_predictions(np.ones(5), np.ones(5))
    assert display.ax_.get_xlim()[0] < 1 < display.ax_.get_xlim()[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_pred": np.zeros((60, 2))}, "same shape"),
        ({"target_names": ["a"]}, "1 names for 3 targets"),
        ({"kind": "bars"}, "kind must be"),
    ],
)
def test_errors_say_what_is_wrong(targets, change, message):
    arguments = {"y_true": targets[0], "y_pred": targets[1], **change}
    with pytest.raises(ValueError, match=message):
        PredictedVsTrueDisplay.from_predictions(**arguments)


def test_titles_tell_how_many_intervals_hold_the_truth(targets):
    y_true, y_pred = targets
    width = np.array([0.1, 1, 9])
    bounds = np.stack([y_pred - width, y_pred + width], axis=-1)
    display = PredictedVsTrueDisplay.from_predictions(
        y_true, y_pred, intervals=bounds, confidence_level=0.9
    )
    held = (np.abs(y_true - y_pred) <= width).mean(axis=0)
    np.testing.assert_allclose(display.coverage_, held)
    assert display.ax_[2].get_title().endswith(", 90 % intervals hold 100.0 %")
    n_lines = [len(lines.get_segments()) for lines in display.ax_[1].collections[1:]]
    assert n_lines == [round(60 * held[1]), 60 - round(60 * held[1])]


def test_from_estimator_asks_for_intervals(targets):
    y, X = targets
    model = make_pipeline(StandardScaler(), KFoldEnsembleRegressor(LinearRegression(), cv=3))
    display = PredictedVsTrueDisplay.from_estimator(model.fit(X, y), X, y, confidence_level=0.8)
    expected = model[-1].predict_interval(model[:-1].transform(X), confidence_level=0.8)
    np.testing.assert_array_equal(display.intervals, expected)
    with pytest.raises(TypeError, match=r"`predict_interval`.*got LinearRegression"):
        PredictedVsTrueDisplay.from_estimator(
            LinearRegression().fit(X, y), X, y, confidence_level=0.8
        )


@pytest.mark.parametrize("n_rows", [50, 2000])
def test_infinite_bounds_are_drawn_to_the_edge(n_rows):
    y = np.random.default_rng(0).normal(size=n_rows)
    bounds = np.column_stack([y - 1, np.full(n_rows, np.inf)])
    display = PredictedVsTrueDisplay.from_predictions(y, y, intervals=bounds)
    assert np.isfinite(display.ax_.get_ylim()).all()
    np.testing.assert_array_equal(display.coverage_, [1.0])


def test_intervals_of_another_shape_are_an_error(targets):
    with pytest.raises(ValueError, match=r"of shape \(60, 3, 2\).*got \(60, 3\)"):
        PredictedVsTrueDisplay.from_predictions(*targets, intervals=targets[0])
