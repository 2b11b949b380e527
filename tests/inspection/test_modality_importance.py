import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, RepeatedKFold, ShuffleSplit
from sklearn.neighbors import KNeighborsRegressor

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.inspection import modality_importance
from mofa_sklearn.metrics import normalized_mean_squared_error

WIDTHS = {"image": 3, "text": 2, "sound": 2}
LIMIT = 4  # standard deviations


@pytest.fixture(scope="module")
def rows():
    """Targets of image and text, sound is noise: 200 rows to learn from, 400 new ones."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 7))
    y = np.column_stack([X[:, 0] + 0.5 * X[:, 3], X[:, 1] - X[:, 4]])
    y += 0.3 * rng.normal(size=y.shape)
    return X[:200], y[:200], X[200:], y[200:]


@pytest.fixture(scope="module")
def model(rows):
    return LinearRegression().fit(*rows[:2])


class Fixed(RegressorMixin, BaseEstimator):
    """The sum of what is there in each row; refuses rows with nothing."""

    def fit(self, X=None, y=None):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        assert not np.isnan(X).all(axis=1).any()
        return np.nansum(X, axis=1)


def test_noise_is_at_zero_and_the_others_are_not(rows, model):
    result = modality_importance(model, *rows[2:], modalities=WIDTHS, n_repeats=20, random_state=0)
    mean, std = result.importances_mean, result.importances_std
    assert abs(mean[2]) < LIMIT * std[2]
    assert (mean[:2] > 2 * LIMIT * std[:2]).all()


def test_the_size_is_twice_the_variance_that_a_block_explains(rows, model):
    """Of a linear model: Var(f(x) - f(x')) of two independent draws, over the variance of y."""
    _, _, X, y = rows
    result = modality_importance(model, X, y, modalities=WIDTHS, n_repeats=30, random_state=0)
    explained = np.var(X[:, :3] @ model.coef_[:, :3].T, axis=0) / np.var(y, axis=0)
    assert_allclose(result.target_importances[:, 0].mean(axis=1), 2 * explained, rtol=0.15)


def test_one_column_blocks_are_scikit_learns_permutation_importance(rows, model):
    _, _, X, y = rows
    blocks = {f"m{i}": [i] for i in range(7)}
    ours = modality_importance(model, X, y, modalities=blocks, n_repeats=30, random_state=0)
    theirs = permutation_importance(model, X, y, scoring="r2", n_repeats=30, random_state=0)
    assert_allclose(ours.importances_mean, theirs.importances_mean, atol=0.03)


def test_the_fields_belong_together(rows, model):
    _, _, X, y = rows
    y = pd.DataFrame(y, columns=["views", "likes"])
    result = modality_importance(model, X, y, modalities=WIDTHS, n_repeats=3, random_state=0)
    assert result.modalities == list(WIDTHS)
    assert result.target_names == ["views", "likes"]
    assert result.metric == "NMSE"
    assert result.importances.shape == (3, 3)
    assert result.target_importances.shape == (2, 3, 3)
    nmse = normalized_mean_squared_error(y, model.predict(X), multioutput="raw_values")
    assert_allclose(result.target_baselines, nmse)
    assert_allclose(result.baseline, nmse.mean())
    assert_allclose(result.importances, result.target_importances.mean(axis=0))
    assert_allclose(result.frame["importance"], result.importances.mean(axis=1))
    assert_allclose(result.frame["std_likes"], result.target_importances[1].std(axis=1))
    assert result.frame.index.tolist() == list(WIDTHS)


def test_one_target_has_one_importance(rows):
    X, y, X_new, y_new = rows
    model = Ridge().fit(X, y[:, 0])
    result = modality_importance(model, X_new, y_new[:, 0], modalities=WIDTHS, random_state=0)
    assert result.frame.columns.tolist() == ["importance", "std"]
    assert result.target_importances.shape == (1, 3, 5)


def test_arrays_frames_and_n_jobs_do_not_matter(rows, model):
    _, _, X, y = rows
    names = [f"{name}_{i}" for name, width in WIDTHS.items() for i in range(width)]
    frame = pd.DataFrame(X, columns=names)
    fitted = LinearRegression().fit(frame, y)  # the names tell the modalities
    of_array = modality_importance(
        LinearRegression().fit(X, y), X, y, modalities=WIDTHS, random_state=0
    )
    for n_jobs in (None, 2):
        with joblib.parallel_config(backend="threading"):
            of_frame = modality_importance(fitted, frame, y, n_jobs=n_jobs, random_state=0)
        assert_allclose(of_frame.importances, of_array.importances)


def test_weights_of_zero_leave_rows_out_of_the_score(rows, model):
    _, _, X, y = rows
    weight = np.r_[np.ones(200), np.zeros(200)]
    result = modality_importance(
        model, X, y, modalities=WIDTHS, sample_weight=weight, random_state=0
    )
    nmse = normalized_mean_squared_error(y[:200], model.predict(X[:200]))
    assert_allclose(result.baseline, nmse)


def test_missing_blocks_travel_and_no_row_loses_everything():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 7))
    X[:20, :3] = np.nan
    X[10:40, 3:5] = np.nan
    X[15:45, 5:] = np.nan
    X[15:20, 5:] = 0.0
    y = rng.normal(size=60)
    result = modality_importance(Fixed().fit(), X, y, modalities=WIDTHS, random_state=0)
    assert np.isfinite(result.importances).all()


def test_a_whole_block_is_needed_by_trees_that_take_nan(rows):
    X, y, X_new, y_new = (part.copy() for part in rows)
    X_new[::3, :3] = np.nan
    model = HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(X, y[:, 0])
    result = modality_importance(model, X_new, y_new[:, 0], modalities=WIDTHS, random_state=0)
    assert result.frame["importance"].idxmax() == "image"


def test_groups_keep_creators_from_getting_their_own_blocks():
    """All that the block tells is who the creator is, and one has four rows of ten."""
    rng = np.random.default_rng(0)
    creators = np.r_[np.zeros(80, int), rng.integers(1, 30, size=120)]
    profile = rng.normal(size=30)[creators]
    X = np.column_stack([profile, rng.normal(size=200)])
    y = X.sum(axis=1)
    model = LinearRegression().fit(X, y)
    arguments = {"modalities": {"creator": 1, "text": 1}, "n_repeats": 10, "random_state": 0}
    free = modality_importance(model, X, y, **arguments)
    apart = modality_importance(model, X, y, groups=creators, **arguments)
    assert apart.importances_mean[0] > 1.1 * free.importances_mean[0]


def test_repeats_differ_as_much_as_groups_do():
    """What counts is which creators meet, and there are ten of them."""
    rng = np.random.default_rng(0)
    creators = np.repeat(np.arange(10), 20)
    X = np.column_stack([rng.normal(size=10)[creators], rng.normal(size=200)])
    y = X.sum(axis=1)
    arguments = {"modalities": {"creator": 1, "text": 1}, "n_repeats": 20, "random_state": 0}
    model = LinearRegression().fit(X, y)
    free = modality_importance(model, X, y, **arguments)
    apart = modality_importance(model, X, y, groups=creators, **arguments)
    assert apart.importances_std[0] > 2 * free.importances_std[0]


def test_held_out_members_leave_noise_at_zero(rows):
    """On rows that a member learned from by heart, noise looks important."""
    X, y, _, _ = rows
    member = KNeighborsRegressor(2)
    ensemble = KFoldEnsembleRegressor(member, cv=5, random_state=0).fit(X, y)
    arguments = {"modalities": WIDTHS, "n_repeats": 8, "random_state": 0}
    honest = modality_importance(ensemble, X, y, held_out=True, **arguments)
    learned = modality_importance(ensemble, X, y, **arguments)
    assert_allclose(honest.target_baselines, ensemble.oof_nmse_)
    assert learned.importances_mean[2] > 3 * honest.importances_mean[2]
    assert (honest.importances_mean[:2] > LIMIT * honest.importances_std[:2]).all()


@pytest.mark.parametrize(
    "cv", [RepeatedKFold(n_splits=3, n_repeats=2, random_state=0), ShuffleSplit(2, random_state=0)]
)
def test_held_out_rows_of_any_splits(rows, cv):
    X, y, _, _ = rows
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=cv).fit(X, y)
    result = modality_importance(ensemble, X, y, modalities=WIDTHS, held_out=True, random_state=0)
    assert_allclose(result.target_baselines, ensemble.oof_nmse_)


def test_pipelines_of_ensembles_with_groups_and_missing_blocks():
    widths = {"image": 6, "text": 4}
    videos = make_micro_videos(
        150, modalities=widths, n_creators=20, missing_rate=0.2, noise=0.2,
        return_bunch=True, random_state=0,
    )  # fmt: skip
    X, y, creators = videos.data, videos.target, videos.creator_ids
    pipeline = make_mofa_pipeline(widths, cv=GroupKFold(3), random_state=0)
    pipeline.set_params(
        regressor__estimator__hidden_dim=8,
        regressor__estimator__max_epochs=2,
        regressor__companions=None,
    )
    pipeline.fit(X, y, regressor__groups=creators)
    result = modality_importance(
        pipeline, X, y, groups=creators, held_out=True, n_repeats=2, random_state=0
    )
    assert result.modalities == ["image", "text"]
    assert_allclose(result.target_baselines, pipeline[-1].oof_nmse_, rtol=1e-4)


def test_searches_and_blends_are_measured(rows):
    X, y, X_new, y_new = rows
    search = GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=2)
    blend = BlendRegressor([("ridge", Ridge()), ("search", search)], cv=2, random_state=0)
    result = modality_importance(blend.fit(X, y), X_new, y_new, modalities=WIDTHS, random_state=0)
    assert result.frame["importance"].idxmin() == "sound"


@pytest.mark.parametrize(
    ("scoring", "metric"), [(None, "accuracy"), ("roc_auc", "roc_auc"), ("neg_log_loss",) * 2]
)
def test_classifiers_lose_their_score(rows, scoring, metric):
    X, y, X_new, y_new = rows
    model = LogisticRegression().fit(X, np.where(y[:, 0] > 0, "high", "low"))
    labels = np.where(y_new[:, 0] > 0, "high", "low")
    result = modality_importance(
        model, X_new, labels, modalities=WIDTHS, scoring=scoring, random_state=0
    )
    assert result.metric == metric
    assert list(np.argsort(-result.importances_mean)) == [0, 1, 2]
    assert result.importances_mean[0] > 0.1
    assert result.target_names == []


def test_a_scorer_of_errors_gives_the_rise_of_the_error(rows, model):
    _, _, X, y = rows
    arguments = {"modalities": WIDTHS, "random_state": 0}
    by_score = modality_importance(model, X, y, scoring="r2", **arguments)
    by_error = modality_importance(model, X, y, **arguments)
    assert_allclose(by_score.importances, by_error.importances)


def test_the_same_state_draws_the_same_and_another_does_not(rows, model):
    first, second, third = (
        modality_importance(model, *rows[2:], modalities=WIDTHS, random_state=seed).importances
        for seed in (0, 0, 1)
    )
    assert_array_equal(first, second)
    assert not np.array_equal(first, third)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"modalities": None}, ValueError, "does not know its modalities.*pass modalities="),
        ({"modalities": {"image": 3}}, ValueError, "add up to 3"),
        ({"groups": np.zeros(400)}, ValueError, "one group only"),
        ({"groups": np.zeros(3)}, ValueError, "inconsistent numbers of samples"),
        ({"held_out": True}, TypeError, "held_out=True needs a fitted KFoldEnsembleRegressor"),
        ({"held_out": True, "scoring": "r2"}, ValueError, "measures the NMSE"),
        ({"n_repeats": 0}, ValueError, "'n_repeats' parameter .* must be an int"),
        ({"target_names": ["views"]}, ValueError, "1 names for 2 targets"),
    ],
)
def test_errors_say_what_is_wrong(rows, model, change, error, message):
    with pytest.raises(error, match=message):
        modality_importance(model, *rows[2:], **{"modalities": WIDTHS, **change})


def test_rows_that_are_not_those_of_the_fit_are_refused(rows):
    X, y, X_new, y_new = rows
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=2, random_state=0).fit(X, y)
    arguments = {"modalities": WIDTHS, "held_out": True}
    with pytest.raises(ValueError, match=r"rows of the fit.*otherwise than they did"):
        modality_importance(ensemble, X_new[:200], y_new[:200], **arguments)
    with pytest.raises(ValueError, match="which are 200 or more; got 50"):
        modality_importance(ensemble, X[:50], y[:50], **arguments)
    with pytest.raises(ValueError, match=r"needs the 200 rows of the fit.* got 400"):
        modality_importance(ensemble, X_new, y_new, **arguments)


def test_one_row_and_no_fit_are_errors(rows, model):
    with pytest.raises(ValueError, match="X has 1 row"):
        modality_importance(model, rows[2][:1], rows[3][:1], modalities=WIDTHS)
    with pytest.raises(NotFittedError):
        modality_importance(Ridge(), *rows[2:], modalities=WIDTHS)
