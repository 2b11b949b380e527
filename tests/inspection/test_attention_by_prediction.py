import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from mofa_sklearn.inspection import AttentionByPredictionDisplay

from ._fakes import Attending, Members


@pytest.fixture
def attention():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.dirichlet([1, 2, 3], size=100), columns=["image", "video", "text"])


def test_a_curve_is_the_mean_over_deciles(attention):
    y_pred = np.random.default_rng(1).normal(size=100)
    display = AttentionByPredictionDisplay.from_data(attention, y_pred)
    deciles = np.argsort(y_pred).reshape(10, 10)
    for line, name in zip(display.ax_.lines, attention, strict=False):
        np.testing.assert_allclose(
            line.get_ydata(), attention[name].to_numpy()[deciles].mean(axis=1)
        )
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == list(attention.columns)


def test_one_panel_per_target_on_one_scale(attention):
    y_pred = pd.DataFrame(np.random.default_rng(1).normal(size=(100, 2)), columns=["a", "b"])
    display = AttentionByPredictionDisplay.from_data(attention, y_pred)
    assert [ax.get_title() for ax in display.ax_] == ["a", "b"]
    assert display.ax_[0].get_ylim() == display.ax_[1].get_ylim()


def test_few_rows_make_fewer_bins(attention):
    display = AttentionByPredictionDisplay.from_data(attention[:5], np.arange(5.0))
    assert len(display.ax_.lines[0].get_ydata()) == 2
    display = AttentionByPredictionDisplay.from_data(attention[:1], np.arange(1.0))
    assert len(display.ax_.lines[0].get_ydata()) == 1


def test_ensembles_show_the_mean_of_their_members():
    class Predicting(Members):
        def predict(self, X):
            return np.asarray(X)[:, 0]

    X = np.random.default_rng(0).uniform(0.1, 1, size=(30, 4))
    ensemble = Predicting([Attending(), Attending()]).fit(X)
    display = AttentionByPredictionDisplay.from_estimator(ensemble, X, n_bins=3)
    np.testing.assert_allclose(display.attention, Attending().fit(X).modality_attention(X))
    np.testing.assert_array_equal(display.y_pred, X[:, 0])


def test_draws_onto_given_axes(attention):
    figure, ax = plt.subplots()
    display = AttentionByPredictionDisplay.from_data(attention, np.arange(100.0), ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_pred": np.zeros(3)}, "attention has 100 rows, but y_pred has 3"),
        ({"n_bins": 0}, "n_bins must be at least 1; got 0"),
        ({"target_names": ["a", "b"]}, "2 names for 1 targets"),
    ],
)
def test_errors_say_what_is_wrong(attention, change, message):
    with pytest.raises(ValueError, match=message):
        AttentionByPredictionDisplay.from_data(
            **{"attention": attention, "y_pred": np.zeros(100), **change}
        )
