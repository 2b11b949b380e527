import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kurtosis
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.modalities import resolve_modalities

WIDTHS = {"image": 16, "video": 12, "text": 8}


def make(n_samples=300, **kwargs):
    defaults = {"modalities": WIDTHS, "return_bunch": True, "random_state": 0}
    return make_micro_videos(n_samples, **{**defaults, **kwargs})


def nmse(y_true, y_pred):
    return 1 - r2_score(y_true, y_pred, multioutput="raw_values")


# --------------------------------------------------------------- shapes and names


@pytest.mark.parametrize("n_targets", [1, 3, 5])
def test_shapes_and_dtypes(n_targets):
    X, y = make(n_targets=n_targets, return_bunch=False)
    assert X.shape == (300, 36)
    assert y.shape == ((300,) if n_targets == 1 else (300, n_targets))
    assert X.dtype == y.dtype == np.float32
    assert np.isfinite(X).all()


def test_default_modalities():
    default = inspect.signature(make_micro_videos).parameters["modalities"].default
    assert default == {"image": 1024, "video": 768, "text": 1024}


def test_bunch_describes_the_columns():
    videos = make(n_targets=4)
    assert videos.modalities == WIDTHS
    assert list(videos.modalities) == list(WIDTHS)
    assert videos.feature_names[15:17] == ["image_15", "video_0"]
    assert len(videos.feature_names) == 36
    assert videos.target_names == ["views", "likes", "comments", "target_3"]
    assert "300 rows" in videos.DESCR


@pytest.mark.parametrize("n_targets", [1, 3])
def test_as_frame_is_the_same_data_with_names(n_targets):
    arrays = make(n_targets=n_targets)
    frames = make(n_targets=n_targets, as_frame=True)
    assert list(frames.data.columns) == arrays.feature_names
    np.testing.assert_array_equal(frames.data, arrays.data)
    np.testing.assert_array_equal(frames.target, arrays.target)
    if n_targets == 1:
        assert isinstance(frames.target, pd.Series)
        assert frames.target.name == "views"
    else:
        assert list(frames.target.columns) == arrays.target_names


def test_bunch_and_tuple_hold_the_same_data():
    videos = make()
    X, y = make(return_bunch=False)
    np.testing.assert_array_equal(videos.data, X)
    np.testing.assert_array_equal(videos.target, y)


@pytest.mark.parametrize("kwargs", [{}, {"n_creators": 9}, {"missing_rate": 0.3}])
def test_a_seed_gives_the_same_data_again(kwargs):
    one, two = make(**kwargs), make(**kwargs)
    np.testing.assert_array_equal(one.data, two.data)
    np.testing.assert_array_equal(one.target, two.target)
    assert not np.array_equal(one.target, make(random_state=1, **kwargs).target)


def test_bunch_can_be_pickled():
    assert pickle.loads(pickle.dumps(make())).modalities == WIDTHS


@pytest.mark.parametrize("n_samples", [1, 2, 3])
@pytest.mark.parametrize("modalities", [{"image": 1}, {"video": 1, "text": 1}])
def test_tiny_data_is_finite(n_samples, modalities):
    videos = make(n_samples, modalities=modalities)
    assert np.isfinite(videos.data).all()
    assert np.isfinite(videos.target).all()


# ------------------------------------------------------------------------ features


def test_video_has_heavy_tails_and_uneven_scales():
    videos = make(4000)
    image, video = videos.data[:, :16], videos.data[:, 16:28]
    assert np.median(kurtosis(video)) > 8 > 1 > np.median(kurtosis(image))
    assert np.ptp(np.log(video.std(axis=0))) > 2 > np.ptp(np.log(image.std(axis=0)))


def test_rows_of_text_have_norm_one():
    norms = np.linalg.norm(make().data[:, 28:], axis=1)
    np.testing.assert_allclose(norms, 1.0, rtol=1e-5)


@pytest.mark.parametrize("missing_rate", [0.3, 0.9])
def test_missing_modalities_are_whole_blocks_at_the_given_rate(missing_rate):
    videos = make(3000, missing_rate=missing_rate)
    missing = np.isnan(videos.data)
    by_block = np.stack([block.mean(axis=1) for block in np.split(missing, [16, 28], axis=1)])
    assert set(np.unique(by_block)) == {0.0, 1.0}
    assert not by_block.all(axis=0).any()
    expected = missing_rate - missing_rate**3 / 3  # one of three is kept where all were missing
    assert by_block.mean() == pytest.approx(expected, abs=0.03)


def test_missing_rate_changes_nothing_else():
    complete, incomplete = make(), make(missing_rate=0.5)
    present = ~np.isnan(incomplete.data)
    np.testing.assert_array_equal(incomplete.data[present], complete.data[present])
    np.testing.assert_array_equal(incomplete.target, complete.target)


def test_a_single_modality_is_never_missing():
    assert np.isfinite(make(modalities={"image": 4}, missing_rate=0.9).data).all()


# ------------------------------------------------------------------------- targets


@pytest.mark.parametrize("kwargs", [{}, {"noise": 0.0}, {"noise": 1.0}, {"n_creators": 50}])
def test_targets_are_log_counts(kwargs):
    videos = make(5000, n_targets=4, **kwargs)
    assert (videos.counts >= 0).all()
    np.testing.assert_allclose(np.log1p(videos.counts), videos.target, rtol=1e-6)


def test_counts_have_a_long_tail():
    counts = make(5000).counts
    assert (counts.mean(axis=0) > 1.3 * np.median(counts, axis=0)).all()


def test_views_exceed_likes_exceed_comments_and_all_are_correlated():
    videos = make(2000)
    views, likes, comments = np.median(videos.counts, axis=0)
    assert views > likes > comments
    assert np.corrcoef(videos.target.T).min() > 0.4


@pytest.mark.parametrize("noise", [0.0, 0.3, 0.8, 1.0])
def test_best_nmse_is_about_the_noise(noise):
    np.testing.assert_allclose(make(8000, noise=noise).best_nmse, noise, atol=0.03)


@pytest.mark.parametrize("n_targets", [1, 3])
def test_best_nmse_is_that_of_the_conditional_mean(n_targets):
    videos = make(n_targets=n_targets)
    assert videos.conditional_mean.shape == videos.target.shape
    assert videos.best_nmse.shape == (n_targets,)
    expected = nmse(videos.target, videos.conditional_mean)
    np.testing.assert_allclose(videos.best_nmse, expected, rtol=1e-5)


def test_noise_does_not_depend_on_the_features():
    videos = make(8000)
    residual = videos.target - videos.conditional_mean
    features = StandardScaler().fit_transform(videos.data)
    model = Ridge(10.0).fit(features[:4000], residual[:4000])
    assert (nmse(residual[4000:], model.predict(features[4000:])) > 0.99).all()


@pytest.mark.parametrize(("n_train", "noise", "limit"), [(1000, 0.05, 0.5), (4000, 0.3, 0.65)])
def test_the_signal_can_be_learned(n_train, noise, limit):
    widths = {"image": 64, "video": 48, "text": 64}
    videos = make(n_train + 1000, modalities=widths, noise=noise)
    X, y = videos.data, videos.target
    model = make_pipeline(StandardScaler(), Ridge(100.0)).fit(X[:n_train], y[:n_train])
    error = nmse(y[n_train:], model.predict(X[n_train:]))
    assert (error < limit).all()
    assert (error > videos.best_nmse).all()


def test_every_modality_adds_to_the_signal():
    videos = make(3000, noise=0.0)
    X = StandardScaler().fit_transform(videos.data)
    y = videos.target
    blocks = {"image": slice(16), "video": slice(16, 28), "text": slice(28, 36)}

    def error(columns):
        return nmse(y, Ridge().fit(X[:, columns], y).predict(X[:, columns])).mean()

    everything = error(np.arange(36))
    for columns in blocks.values():
        assert everything < error(np.delete(np.arange(36), columns)) - 0.01


def test_a_nonlinear_model_gains_on_a_linear_one():
    X, y = make(
        4000, modalities={"image": 6, "text": 6}, n_targets=1, noise=0.05, return_bunch=False
    )
    linear = Ridge().fit(X[:3000], y[:3000])
    trees = HistGradientBoostingRegressor(max_iter=100).fit(X[:3000], y[:3000])
    linear_error, trees_error = (nmse(y[3000:], m.predict(X[3000:])) for m in (linear, trees))
    assert trees_error < linear_error


# ------------------------------------------------------------------------ creators


def test_every_creator_has_a_video_and_few_have_many():
    ids = make(2000, n_creators=100).creator_ids
    n_videos = np.bincount(ids, minlength=100)
    assert n_videos.min() >= 1
    assert n_videos.max() > 10 * np.median(n_videos)


def test_without_creators_there_are_no_ids():
    assert make().creator_ids is None


def share_between_creators(values, ids):
    """Share of the variance that lies between creators, shape (n_columns,)."""
    means = pd.DataFrame(values).groupby(ids).transform("mean")
    return (means.var() / values.var(axis=0)).to_numpy()


def test_creators_show_in_features_and_in_targets_beyond_the_features():
    videos = make(2000, n_creators=40)
    residual = videos.target - videos.conditional_mean
    for values in (videos.data[:, :16], residual):
        shuffled = np.random.RandomState(0).permutation(videos.creator_ids)
        between = share_between_creators(values, videos.creator_ids).mean()
        assert between > 3 * share_between_creators(values, shuffled).mean()


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_samples", 0),
        ("n_targets", 0),
        ("n_creators", 0),
        ("missing_rate", 1.0),
        ("missing_rate", -0.1),
        ("noise", 1.1),
        ("modalities", [16, 12]),
        ("random_state", "seed"),
        ("as_frame", "yes"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(InvalidParameterError, match=f"'{name}'"):
        make_micro_videos(**{"n_samples": 5, name: value})


@pytest.mark.parametrize(
    ("modalities", "match"),
    [
        ({}, "empty"),
        ({"image": 0}, "'image' has width 0"),
        ({"image": 2.5}, "'image' has width 2.5"),
        ({"image": True}, "'image' has width True"),
        ({"my__image": 3}, "'my__image' needs another name"),
        ({"image_": 3}, "'image_' needs another name"),
        ({3: 3}, "3 needs another name"),
    ],
)
def test_bad_modalities_are_refused_by_name(modalities, match):
    with pytest.raises(ValueError, match=match):
        make(modalities=modalities)


def test_more_creators_than_videos_are_refused_with_both_numbers():
    with pytest.raises(ValueError, match=r"n_creators=9 .* n_samples=5"):
        make(5, n_creators=9)


# Sequences


def test_one_token_of_a_sequence_tells_what_the_targets_depend_on():
    widths = {"image": 6, "frames": 8, "text": 5}
    data = make_micro_videos(
        400,
        modalities=widths,
        n_tokens={"frames": 4, "text": 3},
        return_bunch=True,
        random_state=0,
    )
    assert data.modalities == {"image": 6, "frames": 32, "text": 15}
    assert data.n_tokens == {"frames": 4, "text": 3}
    assert data.data.shape == (400, 53)
    assert "frames of 4 tokens" in data.DESCR
    assert_allclose(data.best_nmse, 0.8, atol=0.1)
    tokens = data.data[:, 6:38].reshape(400, 4, 8)
    positions = data.signal_tokens["frames"]
    assert set(positions) == {0, 1, 2, 3}
    # The mark shows in the mean of those that count, and in no other.
    counts = tokens[np.arange(400), positions]
    others = (tokens.sum(axis=1) - counts) / 3
    mark = counts.mean(axis=0) / np.linalg.norm(counts.mean(axis=0))
    assert np.mean((tokens @ mark).argmax(axis=1) == positions) > 0.99
    assert abs(others.mean(axis=0)).max() < 0.2
    assert_allclose(np.linalg.norm(data.data[:, 38:].reshape(400, 3, 5), axis=2), 1, rtol=1e-5)


def test_names_of_tokens_tell_the_modality_and_their_order():
    frame, _ = make_micro_videos(
        5,
        modalities={"image": 2, "video": 3},
        n_tokens={"video": 12},
        as_frame=True,
        random_state=0,
    )
    assert frame.columns[[0, 2, 5, -1]].tolist() == [
        "image_0",
        "video__t00__0",
        "video__t01__0",
        "video__t11__2",
    ]
    blocks = resolve_modalities(frame)
    assert {name: len(block) for name, block in blocks.items()} == {"image": 2, "video": 36}


def test_missing_sequences_are_missing_throughout():
    data = make_micro_videos(
        200,
        modalities={"image": 2, "video": 3},
        n_tokens={"video": 4},
        missing_rate=0.3,
        return_bunch=True,
        random_state=0,
    )
    missing = np.isnan(data.data[:, 2:])
    assert missing.any()
    assert_array_equal(missing.all(axis=1), missing.any(axis=1))


def test_data_without_sequences_tell_of_none():
    params = {"modalities": {"image": 2}, "return_bunch": True, "random_state": 0}
    plain = make_micro_videos(20, **params)
    empty = make_micro_videos(20, n_tokens={}, **params)
    assert plain.n_tokens == plain.signal_tokens == {}
    assert_array_equal(empty.data, plain.data)


@pytest.mark.parametrize(
    ("n_tokens", "message"),
    [({"sound": 2}, "'sound'"), ({"image": 0}, "0 for modality"), ({"image": 1.5}, "1.5 for")],
)
def test_sequences_that_cannot_be_are_named(n_tokens, message):
    with pytest.raises(ValueError, match=message):
        make_micro_videos(20, modalities={"image": 2}, n_tokens=n_tokens)


# Raw numbers


NUMBERS = {"modalities": {"social": 6, "text": 8}, "numeric_modalities": ["social"]}


def test_raw_numbers_are_counts_flags_repeated_values_and_shares():
    social = make(2000, **NUMBERS).data[:, :6]
    counts, flags, levels, small_counts, shares, further_counts = social.T
    for values in (counts, further_counts, small_counts, flags):
        assert_array_equal(values, np.floor(values))
        assert values.min() >= 0
    assert counts.max() > 100 * np.median(counts)
    assert set(flags) == {0, 1}
    assert len(set(levels)) <= 7
    assert 0.2 < np.mean(small_counts == 0) < 0.8
    assert shares.min() == 0
    assert shares.max() == 1


def test_the_lowest_error_is_about_the_noise_with_raw_numbers_too():
    np.testing.assert_allclose(make(8000, noise=0.8, **NUMBERS).best_nmse, 0.8, atol=0.03)


def test_trees_find_in_raw_numbers_what_linear_models_do_not():
    videos = make(6000, n_targets=1, noise=0.2, **NUMBERS)
    X, y = videos.data, videos.target
    trees = HistGradientBoostingRegressor(max_iter=100)
    errors = [
        nmse(y[4000:], model.fit(X[:4000], y[:4000]).predict(X[4000:]))
        for model in (trees, make_pipeline(StandardScaler(), Ridge()))
    ]
    assert errors[0] < errors[1] - 0.1


def test_targets_depend_on_raw_numbers_only_by_what_the_columns_show():
    # Equal rows of the only block have equal means.
    videos = make(
        3000, modalities={"flags": 2}, numeric_modalities=["flags"], n_targets=1, noise=0.5
    )
    rows = pd.DataFrame(videos.data).assign(mean=videos.conditional_mean)
    assert (rows.groupby([0, 1])["mean"].nunique() == 1).all()
    assert rows.duplicated([0, 1]).any()


def test_data_without_raw_numbers_tell_of_none():
    plain, empty = make(20), make(20, numeric_modalities=[])
    assert plain.numeric_modalities == empty.numeric_modalities == []
    assert_array_equal(empty.data, plain.data)
    numbers = make(20, **NUMBERS)
    assert numbers.numeric_modalities == ["social"]
    assert "Raw numbers: social" in numbers.DESCR


def test_raw_numbers_can_be_missing_and_show_creators():
    videos = make(2000, missing_rate=0.2, n_creators=40, **NUMBERS)
    missing = np.isnan(videos.data[:, :6])
    assert 0.1 < missing.mean() < 0.3
    assert_array_equal(missing.all(axis=1), missing.any(axis=1))
    complete = make(2000, n_creators=40, **NUMBERS)
    assert_array_equal(complete.target, videos.target)
    magnitudes, ids = np.log1p(complete.data[:, :6]), complete.creator_ids
    shuffled = np.random.RandomState(0).permutation(ids)
    between = share_between_creators(magnitudes, ids).mean()
    assert between > 2 * share_between_creators(magnitudes, shuffled).mean()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"numeric_modalities": ["sound"]}, "'sound'"),
        ({"numeric_modalities": "image"}, "expected a list of names"),
        ({"numeric_modalities": ["image"], "n_tokens": {"image": 2}}, "a sequence and numeric"),
    ],
)
def test_numeric_modalities_that_cannot_be_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        make_micro_videos(20, modalities={"image": 2}, **params)
