import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from mofa_sklearn.inspection import ModalityImportanceDisplay, modality_importance

WIDTHS = {"image": 2, "text": 2, "sound": 1}


@pytest.fixture(scope="module")
def fitted():
    X = np.random.default_rng(0).normal(size=(100, 5))
    y = np.column_stack([X[:, 0] + 3 * X[:, 2], X[:, 1]])
    return LinearRegression().fit(X, y), X, y


@pytest.fixture(scope="module")
def importance(fitted):
    names = ["views", "likes"]
    return modality_importance(*fitted, modalities=WIDTHS, target_names=names, random_state=0)


def test_bars_are_the_means_the_largest_on_top(importance):
    display = ModalityImportanceDisplay.from_data(importance)
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    lengths = [bar.get_width() for bar in display.ax_.patches]
    np.testing.assert_allclose(lengths, sorted(importance.importances_mean, reverse=True))
    assert labels == importance.frame["importance"].sort_values(ascending=False).index.tolist()
    assert display.ax_.yaxis_inverted()
    assert "Rise of the NMSE" in display.ax_.get_xlabel()


def test_a_bar_per_target(importance):
    display = ModalityImportanceDisplay.from_data(importance, by_target=True)
    assert len(display.ax_.patches) == 6
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["views", "likes"]


def test_from_estimator_is_from_data(fitted, importance):
    display = ModalityImportanceDisplay.from_estimator(
        *fitted, modalities=WIDTHS, target_names=["views", "likes"], random_state=0
    )
    np.testing.assert_array_equal(display.importance.importances, importance.importances)


def test_draws_onto_given_axes(importance):
    figure, ax = plt.subplots()
    display = ModalityImportanceDisplay.from_data(importance, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


def test_one_repeat_of_a_scorer(fitted):
    display = ModalityImportanceDisplay.from_estimator(
        *fitted, modalities=WIDTHS, scoring="r2", n_repeats=1
    )
    assert "Fall of the r2" in display.ax_.get_xlabel()
    with pytest.raises(ValueError, match=r"importance of each target.* this one is of 'r2'"):
        display.plot(by_target=True)
