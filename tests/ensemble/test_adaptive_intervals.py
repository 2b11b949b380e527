"""Intervals that are wider where errors are larger (normalised CV+)."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.ensemble._boosted_errors import Errors
from mofa_sklearn.ensemble._error_scale import learn_error_scale
from mofa_sklearn.persistence import dump, load

from ..helpers import with_quick_companions

WIDTHS = {"image": 8, "video": 6, "text": 8}


def make_rows(n_samples, seed=0, n_targets=2, *, even=False):
    """Return rows, targets, and how noisy each row is: by the size of its first number."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 5))
    noise = np.ones(n_samples) if even else 0.2 + np.abs(X[:, 0])
    y = X[:, 1:3] @ rng.normal(size=(2, n_targets))
    return X, y + noise[:, None] * rng.normal(size=y.shape), noise


def make_videos(n_samples, seed=0):
    """Return videos whose popularity is noisier, the more popular they are expected to be."""
    videos = make_micro_videos(
        n_samples, modalities=WIDTHS, noise=0.5, n_creators=n_samples // 5, return_bunch=True,
        random_state=seed,
    )  # fmt: skip
    expected = videos.conditional_mean
    standard = (expected[:, 0] - expected[:, 0].mean()) / expected[:, 0].std()
    noise = np.exp(0.8 * standard)
    y = np.maximum(expected + (videos.target - expected) * noise[:, None], 0)
    return videos.data, y, noise, videos.creator_ids


def fit(X, y, member=None, cv=5, **arguments):
    ensemble = KFoldEnsembleRegressor(Ridge() if member is None else member, cv=cv, random_state=0)
    return ensemble.fit(X, y, **arguments)


def blend(X, y, cv=5, **arguments):
    parts = [("ridge", Ridge()), ("scaled", make_pipeline(StandardScaler(), Ridge(10)))]
    return BlendRegressor(parts, cv=cv, random_state=0).fit(X, y, **arguments)


MODELS = {"ensemble": fit, "blend": blend}
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def widths_of(model, X, **params):
    return np.diff(model.predict_interval(X, **params), axis=-1)[..., 0]


def holds(bounds, y):
    return (bounds[..., 0] <= y) & (y <= bounds[..., 1])


# How wide, and how often right


@every_model
def test_they_hold_the_truth_of_noisy_rows_and_of_quiet_ones(make):
    """Intervals of one width fail the noisy rows, and are needlessly wide for the others."""
    X, y, noise = make_rows(1800)
    train, test = slice(600), slice(600, None)
    model = make(X[train], y[train])
    loud = noise[test] > np.quantile(noise, 0.8)
    for level in (0.8, 0.9):
        for adaptive, least in ((True, level - 0.06), (False, 0)):
            inside = holds(model.predict_interval(X[test], level, adaptive=adaptive), y[test])
            assert inside.mean() == pytest.approx(level, abs=0.03)
            assert least < inside[loud].mean() < (level + 0.03 if adaptive else level - 0.1)
    narrow, wide = (widths_of(model, X[test], adaptive=each).mean() for each in (True, False))
    assert narrow < 0.95 * wide


def test_joint_intervals_hold_all_targets_of_noisy_rows():
    X, y, noise = make_rows(2000, n_targets=3)
    model, loud = fit(X[:800], y[:800]), noise[800:] > np.quantile(noise, 0.8)
    inside = holds(model.predict_interval(X[800:], 0.8, joint=True), y[800:]).all(axis=1)
    assert inside.mean() == pytest.approx(0.8, abs=0.04)
    assert inside[loud].mean() > 0.7
    flat = model.predict_interval(X[800:], 0.8, joint=True, adaptive=False)
    assert holds(flat, y[800:])[loud].all(axis=1).mean() < 0.6
    single = widths_of(model, X[800:], confidence_level=0.8)
    assert (widths_of(model, X[800:], confidence_level=0.8, joint=True) > single).all()


def test_popular_videos_have_wider_intervals():
    X, y, noise, creators = make_videos(900)
    model = make_mofa_pipeline(WIDTHS, estimator=Ridge(), cv=4, random_state=0)
    model.fit(X[:600], y[:600], groups=creators[:600])
    width = widths_of(model, X[600:])
    assert np.corrcoef(np.log(width[:, 0]), np.log(noise[600:]))[0, 1] > 0.6
    inside = holds(model.predict_interval(X[600:]), y[600:])
    assert inside[noise[600:] > 1.5].mean() > 0.8


def test_where_errors_are_alike_they_are_those_of_one_width():
    ratios = []
    for seed in range(6):
        X, y, _ = make_rows(400, seed, even=True)
        model = fit(X[:200], y[:200])
        ratios.append(widths_of(model, X[200:]) / widths_of(model, X[200:], adaptive=False))
    assert_allclose(np.mean(ratios), 1, atol=0.01)
    assert np.mean(np.isclose(ratios, 1)) > 0.6


def test_each_target_has_its_own():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    noise = np.stack([np.exp(X[:, 0]), np.exp(-X[:, 0]), np.ones(600)], axis=1)
    model = fit(X, noise * rng.normal(size=(600, 3)))
    logs = np.log(widths_of(model, X))
    of_first = [np.corrcoef(X[:, 0], each)[0, 1] if np.ptp(each) > 0.05 else 0 for each in logs.T]
    assert of_first[0] > 0.7
    assert of_first[1] < -0.7
    assert np.ptp(logs[:, 2]) < 0.1


def test_missing_modalities_make_them_wider():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 22))
    y = X[:, :3].sum(axis=1) + 0.1 * rng.normal(size=600)
    X[rng.random(600) < 0.3, :8] = np.nan
    model = with_quick_companions(make_mofa_pipeline(WIDTHS, cv=3, random_state=0))
    model.set_params(regressor__estimator__hidden_dim=8, regressor__estimator__max_epochs=2)
    model.fit(X[:400], y[:400])
    width, gone = widths_of(model, X[400:])[:, 0], np.isnan(X[400:, 0])
    assert width[gone].mean() > 2 * width[~gone].mean()
    assert holds(model.predict_interval(X[400:]), y[400:, None])[gone].mean() > 0.8


def test_a_single_gap_that_no_training_row_had_is_no_surprise():
    class Forgiving(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            self.mean_ = y.mean(axis=0)
            return self

        def predict(self, X):
            return np.tile(self.mean_, (len(X), 1))

    X, y, _ = make_rows(300)
    model = fit(X, y, Forgiving())
    X[:5, 1] = np.nan
    assert np.isfinite(widths_of(model, X)).all()
    X[:5] = np.nan
    X[5:9] = 1e300
    assert np.isfinite(widths_of(model, X)).all()


# What counts, and how


@every_model
def test_false_is_one_width(make):
    X, y, _ = make_rows(300)
    model = make(X, y)
    flat = widths_of(model, X, adaptive=False)
    assert np.ptp(flat, axis=0).max() < 0.2 * flat.min()
    assert np.ptp(widths_of(model, X), axis=0).min() > flat.max()


@every_model
def test_rows_of_weight_zero_are_as_good_as_removed(make):
    X, y, _ = make_rows(450)
    counted = np.arange(450) % 3 != 1
    X[~counted] *= 50
    y[~counted] += 1e4
    weight = np.random.default_rng(0).uniform(0.5, 2, 450) * counted
    with_them = make(X, y, sample_weight=weight)
    without = make(X[counted], y[counted], sample_weight=weight[counted])
    X_new = make_rows(50, seed=1)[0]
    for joint in (False, True):
        pair = [m.predict_interval(X_new, joint=joint) for m in (with_them, without)]
        assert_allclose(*pair, rtol=1e-6)
    assert np.ptp(widths_of(without, X_new)[:, 0]) > 1


def test_the_unit_of_weights_does_not_matter_and_equal_ones_are_none():
    X, y, _ = make_rows(300)
    member = DummyRegressor()
    expected = fit(X, y, member, cv=KFold(5)).predict_interval(X)
    for unit in (1.0, 1e3):
        weighted = fit(X, y, member, cv=KFold(5), sample_weight=np.full(300, unit))
        assert_allclose(weighted.predict_interval(X), expected)


def test_rows_tell_how_wide_by_their_weights():
    """Half of the rows are noisy on the left, half on the right: the heavier half is believed."""
    rng = np.random.default_rng(0)
    X, left = rng.normal(size=(800, 1)), np.arange(800) % 2 == 0
    y = np.exp(np.where(left, -1, 1) * X[:, 0]) * rng.normal(size=800)
    slopes = []
    for heavy in (left, ~left):
        model = fit(X, y, DummyRegressor(), sample_weight=np.where(heavy, 1.0, 0.01))
        width = widths_of(model, X)[:, 0]
        slopes.append(np.polyfit(X[:, 0], np.log(width), 1)[0])
    assert slopes[0] < -0.3
    assert slopes[1] > 0.3


def test_what_is_learned_of_a_group_says_nothing_of_itself():
    """Each group has noise of its own, which its rows show: for new groups it is unknown."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 10)
    X = rng.normal(size=(60, 30))[groups]
    y = np.exp(rng.normal(size=60))[groups] * rng.normal(size=600)
    model = fit(X, y, DummyRegressor(), cv=GroupKFold(5), groups=groups)
    alike = fit(X, y, DummyRegressor(), cv=list(GroupKFold(5).split(X, y, groups)))
    for each in (model, alike):
        scale = each._error_scale
        if scale is not None:
            for group in range(60):
                assert len(np.unique(scale.fold_of_rows[groups == group])) == 1


SPLITS = {
    "ten": 10,
    "one": ShuffleSplit(1, test_size=0.7, random_state=0),
    "two": KFold(2),
    "of time": TimeSeriesSplit(4),
    "repeated": RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    "drawn": ShuffleSplit(6, test_size=0.3, random_state=0),
    "every row": KFold(200),
}


@pytest.mark.parametrize("cv", SPLITS.values(), ids=SPLITS)
@every_model
def test_any_splits_will_do(cv, make):
    X, y, noise = make_rows(800)
    model = make(X[:200], y[:200], cv=cv)
    assert np.corrcoef(widths_of(model, X[200:])[:, 0], noise[200:])[0, 1] > 0.7
    inside = holds(model.predict_interval(X[200:]), y[200:])
    assert inside.mean() == pytest.approx(0.9, abs=0.05)


def test_groups_of_a_single_split_stay_together():
    groups = np.repeat(np.arange(100), 4)
    X, y, _ = make_rows(400)
    cv = GroupShuffleSplit(1, test_size=0.7, random_state=0)
    model = fit(X, y, cv=cv, groups=groups)
    folds = model._error_scale.fold_of_rows[model._held_out[0]]
    own = groups[model._held_out[0]]
    assert all(len(np.unique(folds[own == group])) == 1 for group in np.unique(own))
    assert len(np.unique(folds)) > 2


@pytest.mark.filterwarnings("error")
def test_rows_of_a_single_group_tell_nothing():
    """Its one fold has no rows to learn from."""
    X, y, _ = make_rows(400)
    model = fit(X, y, cv=[(np.arange(100), np.arange(100, 400))], groups=np.zeros(400))
    assert model._error_scale is None


def test_too_few_rows_tell_nothing():
    X, y, _ = make_rows(80)
    model = fit(X, y)
    assert_array_equal(
        model.predict_interval(X, 0.8), model.predict_interval(X, 0.8, adaptive=False)
    )
    assert np.isinf(model.predict_interval(X, 0.99)).all()


def test_too_high_a_confidence_gives_infinite_intervals():
    X, y, _ = make_rows(150)
    model = fit(X, y)
    assert np.isfinite(model.predict_interval(X, 0.99)).all()
    for joint in (False, True):
        assert (model.predict_interval(X, 0.995, joint=joint) == [-np.inf, np.inf]).all()


@pytest.mark.parametrize("constant", [0, 1])
def test_a_constant_target_does_no_harm(constant):
    X, y, _ = make_rows(300)
    y[:, constant] = 3.0
    width = widths_of(fit(X, y), X)
    assert np.isfinite(width).all()
    assert width[:, constant].max() < 1e-6


def test_a_model_of_errors_never_learned_from_the_row_it_divides():
    X, y, _ = make_rows(300)
    prediction, part = np.zeros_like(y), np.arange(300) % 3
    errors = Errors(prediction, np.abs(y), part, np.ones(300))
    before = learn_error_scale(X, errors)
    changed = np.abs(y)
    changed[part == 0] *= np.linspace(0.5, 1.5, 100)[:, None]
    after = learn_error_scale(X, Errors(prediction, changed, part, np.ones(300)))
    own = after.fold_of_rows == after.fold_of_rows[0]
    assert_array_equal(own, part == 0)
    ratio = after.of_rows[own] / before.of_rows[own]  # another unit, and another stop at most
    assert np.corrcoef(np.log(after.of_rows[own, 0]), np.log(before.of_rows[own, 0]))[0, 1] > 0.95
    assert ratio.std() < 0.5


# Kinds of tables


def as_polars(X):
    return pl.DataFrame({f"x_{i}": column for i, column in enumerate(X.T)})


def with_words(X):
    frame = pd.DataFrame(X, columns=[f"x_{i}" for i in range(X.shape[1])])
    return frame.assign(word=["some", "words"] * (len(X) // 2))


class OfNumbers(RegressorMixin, BaseEstimator):
    """A ridge on the first five columns of whatever it is given."""

    def fit(self, X, y):
        self.ridge_ = Ridge().fit(self._numbers(X), y)
        return self

    def predict(self, X):
        return self.ridge_.predict(self._numbers(X))

    def _numbers(self, X):
        X = X.toarray() if hasattr(X, "toarray") else X
        X = X.to_numpy() if hasattr(X, "to_numpy") else np.asarray(X)
        return X[:, :5].astype(float)


TABLES = {
    "list": np.ndarray.tolist,
    "pandas": pd.DataFrame,
    "nullable": lambda X: pd.DataFrame(X).convert_dtypes(),
    "polars": as_polars,
    "arrow": lambda X: as_polars(X).to_arrow(),
    "sparse": csr_matrix,
    "objects": lambda X: X.astype(object),
    "float32": lambda X: X.astype(np.float32),
    "words beside": with_words,
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_any_table_tells_the_same(table):
    X, y, _ = make_rows(300)
    if table is TABLES["arrow"]:
        pytest.importorskip("pyarrow")
        model = make_mofa_pipeline({"x": 5}, estimator=Ridge(), cv=4, random_state=0)
        alike = make_mofa_pipeline({"x": 5}, estimator=Ridge(), cv=4, random_state=0)
        model, alike = alike.fit(X, y), model.fit(table(X), y)
    else:
        model, alike = fit(X, y, OfNumbers()), fit(table(X), y, OfNumbers())
    bounds = alike.predict_interval(table(X))
    assert_allclose(bounds, model.predict_interval(X), rtol=1e-4, atol=1e-4)
    assert np.ptp(np.diff(bounds)[:, 0]) > 1


def test_of_text_the_predictions_tell():
    rng = np.random.default_rng(0)
    loud = rng.random(600) < 0.5
    texts = np.where(loud, "loud video", "quiet video").tolist()
    y = 5 * loud + np.where(loud, 2, 0.2) * rng.normal(size=600)
    model = fit(texts, y, make_pipeline(CountVectorizer(), Ridge()))
    width = widths_of(model, texts)[:, 0]
    assert width[loud].mean() > 3 * width[~loud].mean()


def test_wide_rows_are_told_by_their_components():
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(900, 3))
    X = (latent @ rng.normal(size=(3, 400)) + 0.1 * rng.normal(size=(900, 400))).astype("f4")
    y = np.exp(latent[:, 0]) * rng.normal(size=900)
    for rows in (X, csr_matrix(X)):
        model = fit(rows[:600], y[:600], DummyRegressor())
        width = widths_of(model, rows[600:])[:, 0]
        assert np.corrcoef(np.log(width), latent[600:, 0])[0, 1] > 0.6
        stored = model._error_scale
        assert stored.columns.components.shape == (400, 64)


# Copies, files, pipelines


@every_model
@pytest.mark.parametrize("keep", ["pickle", "persistence"])
def test_they_survive_a_file(make, keep, tmp_path):
    X, y, _ = make_rows(200)
    model = make(X, y, sample_weight=np.linspace(0, 1, 200))
    if keep == "pickle":
        same = pickle.loads(pickle.dumps(model))
    else:
        dump(model, tmp_path / "model.mofa")
        same = load(tmp_path / "model.mofa")
    for joint in (False, True):
        bounds = model.predict_interval(X[:20], 0.8, joint=joint)
        assert_array_equal(same.predict_interval(X[:20], 0.8, joint=joint), bounds)


def test_a_model_holds_no_row_of_its_training():
    """What is kept grows by a few numbers for each row, however wide the rows are."""
    sizes = []
    for n_samples in (400, 1400):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n_samples, 200))
        model = fit(X, np.exp(X[:, 0]) * rng.normal(size=n_samples), DummyRegressor())
        assert model._error_scale is not None
        sizes.append(len(pickle.dumps(model)))
    assert sizes[1] - sizes[0] < 1000 * 8 * 10


def test_counts_get_those_of_their_logarithms():
    X, y, *_ = make_videos(500)
    logs = make_mofa_pipeline(WIDTHS, estimator=Ridge(), cv=4, random_state=0)
    counts = make_mofa_pipeline(
        WIDTHS, estimator=Ridge(), cv=4, target_transform="log1p", random_state=0
    )
    logs.fit(X, y)
    counts.fit(X, np.expm1(y))
    for params in ({}, {"joint": True}, {"adaptive": False}):
        expected = np.maximum(np.expm1(logs.predict_interval(X, 0.8, **params)), 0)
        assert_allclose(counts.predict_interval(X, 0.8, **params), expected, rtol=1e-6)
    assert np.ptp(widths_of(logs, X)[:, 0]) > 1


@every_model
def test_they_ask_for_a_name(make):
    X, y, _ = make_rows(60)
    with pytest.raises(TypeError):
        make(X, y).predict_interval(X, 0.9, True)
    with pytest.raises(ValueError, match="adaptive"):
        make(X, y).predict_interval(X, adaptive="yes")
