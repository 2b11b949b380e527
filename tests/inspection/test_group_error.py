import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import Ridge

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.inspection import GroupErrorDisplay
from mofa_sklearn.metrics import normalized_mean_squared_error


@pytest.fixture
def rows():
    """Groups of 1 row (20 of them), of 3 (10), of 10 (6); two targets."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(36), [1] * 20 + [3] * 10 + [10] * 6)
    y = rng.normal(size=(len(groups), 2))
    return y, y + rng.normal(size=y.shape), rng.permutation(groups)


def test_bins_double_and_hold_all_rows(rows):
    frame = GroupErrorDisplay.from_predictions(*rows).frame_
    of_one = frame[frame["target"] == "target 0"]
    assert of_one["smallest"].tolist() == [1, 3, 10]
    assert of_one["n_groups"].tolist() == [20, 10, 6]
    assert of_one["n_rows"].tolist() == [20, 30, 60]


def test_the_mean_over_bins_is_the_nmse_of_all_rows(rows):
    y_true, y_pred, groups = rows
    frame = GroupErrorDisplay.from_predictions(y_true, y_pred, groups).frame_
    expected = normalized_mean_squared_error(y_true, y_pred, multioutput="raw_values")
    for (_, own), nmse in zip(frame.groupby("target"), expected, strict=True):
        np.testing.assert_allclose(np.average(own["error"], weights=own["n_rows"]), nmse)


def test_bins_of_few_groups_are_put_together():
    groups = np.repeat(np.arange(12), [1] * 6 + [2, 4, 8, 16, 32, 64])
    y = np.random.default_rng(0).normal(size=(2, len(groups)))
    frame = GroupErrorDisplay.from_predictions(*y, groups).frame_
    assert frame["n_groups"].tolist() == [7, 5]
    assert frame["largest"].tolist() == [2, 64]


def test_one_group_has_no_standard_error():
    y = np.random.default_rng(0).normal(size=(2, 10))
    frame = GroupErrorDisplay.from_predictions(*y, np.zeros(10)).frame_
    assert np.isnan(frame["std_error"]).all()


def test_edges_are_the_smallest_sizes(rows):
    frame = GroupErrorDisplay.from_predictions(*rows, edges=[2, 4]).frame_
    assert frame["n_rows"][:3].tolist() == [20, 30, 60]
    frame = GroupErrorDisplay.from_predictions(*rows, edges=[10]).frame_
    assert frame["n_rows"][:2].tolist() == [50, 60]


def test_standard_errors_count_groups_not_rows():
    """Copying every row ten times, within its group, does not make it surer."""
    rng = np.random.default_rng(0)
    y_true, y_pred, groups = rng.normal(size=30), rng.normal(size=30), np.arange(30)
    once = GroupErrorDisplay.from_predictions(y_true, y_pred, groups).frame_
    copied = GroupErrorDisplay.from_predictions(
        *(np.repeat(part, 10) for part in (y_true, y_pred, groups))
    ).frame_
    np.testing.assert_allclose(once["std_error"], copied["std_error"])
    errors = (y_true - y_pred) ** 2 / y_true.var()
    np.testing.assert_allclose(once["std_error"], errors.std(ddof=1) / 30**0.5)


def test_sizes_can_be_those_of_other_rows(rows):
    y_true, y_pred, groups = rows
    frame = GroupErrorDisplay.from_predictions(
        y_true, y_pred, groups, group_sizes=np.full(110, 7)
    ).frame_
    assert frame["smallest"].tolist() == [7, 7]


def test_rows_that_nothing_held_out_are_left_out_but_counted(rows):
    y_true, y_pred, groups = rows
    y_pred = np.where(np.arange(110)[:, None] < 40, np.nan, y_pred)
    frame = GroupErrorDisplay.from_predictions(y_true, y_pred, groups).frame_
    assert frame["n_rows"].sum() == 2 * 70
    assert frame["largest"].max() == 10


def test_an_ensemble_shows_what_it_held_out(rows):
    y, X, groups = rows
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0).fit(X, y, groups=groups)
    display = GroupErrorDisplay.from_estimator(ensemble, X, y, groups, held_out=True)
    np.testing.assert_array_equal(display.y_pred, ensemble.oof_prediction_)
    display = GroupErrorDisplay.from_estimator(ensemble, X, y, groups)
    np.testing.assert_array_equal(display.y_pred, ensemble.predict(X))


def test_draws_onto_given_axes_with_a_tick_per_bin(rows):
    figure, ax = plt.subplots()
    display = GroupErrorDisplay.from_predictions(*rows, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks[0] == "1\n20 groups\n20 rows"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": [4, 2]}, r"edges must be a list of rising sizes.*got \[4, 2\]"),
        ({"groups": np.zeros(3)}, "inconsistent numbers of samples"),
        ({"y_pred": np.zeros((110, 3))}, "same shape"),
        ({"target_names": ["a"]}, "1 names for 2 targets"),
    ],
)
def test_errors_say_what_is_wrong(rows, change, message):
    arguments = dict(zip(("y_true", "y_pred", "groups"), rows, strict=True))
    with pytest.raises(ValueError, match=message):
        GroupErrorDisplay.from_predictions(**{**arguments, **change})
