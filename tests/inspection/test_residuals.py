import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.inspection import ResidualsDisplay

KINDS = ["residual_vs_predicted", "distribution"]


@pytest.fixture
def targets():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(90, 3))
    return y, y + rng.normal(size=y.shape)


@pytest.mark.parametrize("kind", KINDS)
def test_one_panel_per_target(targets, kind):
    display = ResidualsDisplay.from_predictions(*targets, kind=kind)
    assert display.ax_.shape == (3,)
    np.testing.assert_array_equal(display.residuals_, targets[0] - targets[1])
    one = ResidualsDisplay.from_predictions(targets[0][:, 0], targets[1][:, 0], kind=kind)
    assert isinstance(one.ax_, plt.Axes)


def test_means_are_of_bins_of_equally_many_rows(targets):
    y_true, y_pred = (part[:, 0] for part in targets)
    display = ResidualsDisplay.from_predictions(y_true, y_pred)
    means = np.array(display.ax_.lines[1].get_ydata(), float)
    bins = np.array_split(np.argsort(y_pred), 6)
    np.testing.assert_allclose(means, [(y_true - y_pred)[rows].mean() for rows in bins])


@pytest.mark.parametrize(
    ("n_rows", "collection"), [(50, "PathCollection"), (2000, "PolyCollection")]
)
def test_many_rows_are_drawn_as_hexagons(n_rows, collection):
    y = np.random.default_rng(0).normal(size=(2, n_rows))
    display = ResidualsDisplay.from_predictions(*y)
    assert type(display.ax_.collections[0]).__name__ == collection


def test_names_are_read_from_a_frame(targets):
    y_true, y_pred = targets
    frame = pd.DataFrame(y_true, columns=["a", "b", "c"])
    display = ResidualsDisplay.from_predictions(frame, y_pred)
    assert [ax.get_title().split("\n")[0] for ax in display.ax_] == ["a", "b", "c"]


def test_estimators_predict_or_show_what_they_held_out(targets):
    y, X = targets
    model = LinearRegression().fit(X, y)
    display = ResidualsDisplay.from_estimator(model, X, y)
    np.testing.assert_allclose(display.residuals_, y - model.predict(X))
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0).fit(X, y)
    display = ResidualsDisplay.from_estimator(ensemble, X, y, held_out=True)
    np.testing.assert_allclose(display.residuals_, y - ensemble.oof_prediction_)
    with pytest.raises(TypeError, match=r"`oof_prediction_`.*got LinearRegression"):
        ResidualsDisplay.from_estimator(model, X, y, held_out=True)
    with pytest.raises(ValueError, match=r"needs the 90 rows of the fit.*got 10"):
        ResidualsDisplay.from_estimator(ensemble, X[:10], y[:10], held_out=True)


def test_rows_that_nothing_held_out_are_left_out(targets):
    y_true, y_pred = (part.copy() for part in targets)
    y_pred[:40] = np.nan
    assert ResidualsDisplay.from_predictions(y_true, y_pred).residuals_.shape == (50, 3)
    with pytest.raises(ValueError, match="y_pred is NaN in every row"):
        ResidualsDisplay.from_predictions(y_true[:40], y_pred[:40])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_rows", [1, 5])
def test_few_rows_and_exact_predictions_are_drawn(kind, n_rows):
    ResidualsDisplay.from_predictions(np.ones(n_rows), np.ones(n_rows), kind=kind)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_pred": np.zeros((90, 2))}, "same shape"),
        ({"target_names": ["a"]}, "1 names for 3 targets"),
        ({"kind": "bars"}, "kind must be 'residual_vs_predicted' or 'distribution'"),
    ],
)
def test_errors_say_what_is_wrong(targets, change, message):
    arguments = {"y_true": targets[0], "y_pred": targets[1], **change}
    with pytest.raises(ValueError, match=message):
        ResidualsDisplay.from_predictions(**arguments)
