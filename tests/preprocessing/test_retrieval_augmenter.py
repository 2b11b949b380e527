"""RetrievalAugmenter: evidence from similar rows, of which none is the row itself."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.modalities import resolve_modalities
from mofa_sklearn.preprocessing import RetrievalAugmenter

from ..helpers import N_FEATURES, WIDTHS, make_data, small_mofa

N_ROWS, K = 60, 5
IMAGE = slice(0, 4)
N_RETRIEVED = len(WIDTHS) * (2 + 2)  # of two targets, and two distances
GROUPS = np.repeat(np.arange(12), 5)


def make_augmenter(modalities=WIDTHS, **params):
    few = {"n_neighbors": K, "joint": False, "passthrough": False, "random_state": 0}
    return RetrievalAugmenter(modalities, **{**few, **params})


def points(X, metric):
    X = X.astype(np.float64)
    return X / np.linalg.norm(X, axis=1, keepdims=True) if metric == "cosine" else X


def typical_distance(rows):
    return np.sort(cdist(rows, rows), axis=1)[:, 1 : K + 1].mean()


def retrieve(queries, rows, y, typical, temperature=1.0):
    """Do what the docstring says, row by row, for one modality."""
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    result = []
    for query in queries:
        distances = np.linalg.norm(rows - query, axis=1)
        nearest = np.argsort(distances)[:K]
        relative = distances[nearest] / typical
        weights = (relative + 1e-3) ** (-1 / temperature)
        weights /= weights.sum()
        far = np.log1p([relative[0], weights @ relative])
        result.append([*(weights @ y[nearest]), *far])
    return np.array(result)


# What is retrieved


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("temperature", [1.0, 0.2, 50])
def test_transform_is_what_the_docstring_says(metric, temperature):
    X, y = make_data(N_ROWS)
    X_new, _ = make_data(20, seed=1)
    augmenter = make_augmenter(metric=metric, temperature=temperature).fit(X, y)
    expected = []
    for columns in resolve_modalities(X, WIDTHS).values():
        rows, queries = (points(part[:, columns], metric) for part in (X, X_new))
        expected.append(retrieve(queries, rows, y, typical_distance(rows), temperature))
    assert_allclose(augmenter.transform(X_new), np.hstack(expected), rtol=1e-4, atol=1e-4)


def test_fit_transform_retrieves_from_the_other_folds():
    X, y = make_data(N_ROWS)
    cv = KFold(4)
    expected = np.empty((N_ROWS, 4))
    for train, test in cv.split(X):
        expected[test] = retrieve(X[test], X[train], y[train], typical_distance(X))
    augmenter = make_augmenter({"all": N_FEATURES}, cv=cv)
    assert_allclose(augmenter.fit_transform(X, y), expected, rtol=1e-4, atol=1e-4)


def test_jointly_every_modality_counts_the_same():
    X, y = make_data(N_ROWS)
    blocks = [
        X[:, columns].astype(np.float64) for columns in resolve_modalities(X, WIDTHS).values()
    ]
    rows = np.hstack([block / typical_distance(block) for block in blocks])
    expected = retrieve(rows[:9], rows, y, typical_distance(rows))
    augmenter = make_augmenter(joint=True).fit(X, y)
    assert_allclose(augmenter.transform(X[:9])[:, N_RETRIEVED:], expected, rtol=1e-4, atol=1e-4)
    large = X * np.repeat([1000, 1, 0.001], list(WIDTHS.values())).astype(np.float32)
    again = make_augmenter(joint=True).fit(large, y).transform(large[:9])
    assert_allclose(again, augmenter.transform(X[:9]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("offset", [0, 300])
def test_clones_retrieve_together_for_a_few_rows_what_each_does_by_itself(metric, offset):
    # Distances in all modalities jointly then come from those in each.
    X, y = make_data(n_samples=300)
    X = (X + offset).astype(np.float32)
    X[50:90, IMAGE] = X[50, IMAGE]  # the same in one modality only
    X[100:110] = X[100]
    X[120:140, IMAGE] = np.nan
    many = {"metric": metric, "joint": True}
    augmenters = [make_augmenter(**many).fit(X[i:], y[i:]) for i in (0, 30)]
    new = np.concatenate([X[50:53], X[98:102], X[-1:] + np.float32(0.1)])
    for rows in (new, new[:1], new[-1:]):
        together = RetrievalAugmenter._transform_together(augmenters, [rows, rows])
        for augmenter, retrieved in zip(augmenters, together, strict=True):
            assert_array_equal(retrieved, augmenter.transform(rows))


def test_the_units_of_columns_and_targets_make_no_difference():
    X, y = make_data(N_ROWS)
    expected = make_augmenter().fit_transform(X, y)
    other = make_augmenter().fit_transform(1024 * X, 5 + 100 * y)
    assert_allclose(other, expected, rtol=1e-4, atol=1e-5)


def test_the_retrieved_columns_come_after_those_of_x():
    X, y = make_data(N_ROWS)
    alone = make_augmenter()
    both = make_augmenter(passthrough=True)
    expected = np.hstack([X, alone.fit_transform(X, y)])
    assert_array_equal(both.fit_transform(X, y), expected)
    assert_array_equal(both.transform(X)[:, N_FEATURES:], alone.transform(X))
    targets_alone = make_augmenter(include_distances=False).fit_transform(X, y)
    assert_array_equal(targets_alone, expected[:, N_FEATURES:][:, [0, 1, 4, 5, 8, 9]])


def test_a_memory_of_neighbours_predicts_what_a_line_cannot():
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(400, 2))
    y = np.sin(3 * X[:, 0]) * np.cos(2 * X[:, 1])
    model = make_pipeline(RetrievalAugmenter(n_neighbors=8, random_state=0), Ridge())
    assert cross_val_score(model, X, y, cv=3).min() > 0.8
    assert cross_val_score(Ridge(), X, y, cv=3).max() < 0.2


# Nobody sees their own target


@pytest.mark.parametrize("cv", [5, KFold(3), LeaveOneOut(), list(KFold(4).split(range(N_ROWS)))])
@pytest.mark.parametrize("n_targets", [None, 2])
def test_a_row_does_not_see_its_own_target(cv, n_targets):
    X, y = make_data(N_ROWS, n_targets)
    before = make_augmenter(cv=cv).fit_transform(X, y)
    for row in (0, 17, 59):
        other = y.copy()
        other[row] += 1000
        after = make_augmenter(cv=cv).fit_transform(X, other)
        assert_array_equal(after[row], before[row])
        assert not np.array_equal(after, before)


@pytest.mark.parametrize("cv", [4, GroupKFold(3)])
def test_a_row_does_not_see_the_targets_of_its_group(cv):
    X, y = make_data(N_ROWS)
    X[:] = X[::5].repeat(5, axis=0)  # the nearest rows are those of the group
    before = make_augmenter(cv=cv).fit_transform(X, y, groups=GROUPS)
    for group in (0, 7):
        other = y.copy()
        other[group == GROUPS] += 1000
        after = make_augmenter(cv=cv).fit_transform(X, other, groups=GROUPS)
        assert_array_equal(after[group == GROUPS], before[group == GROUPS])
        assert not np.array_equal(after, before)


def test_groups_may_have_any_names():
    X, y = make_data(N_ROWS)
    expected = make_augmenter().fit_transform(X, y, groups=GROUPS)
    names = np.array([f"creator {group:02d}" for group in GROUPS])
    assert_array_equal(make_augmenter().fit_transform(X, y, groups=names), expected)
    assert_array_equal(make_augmenter().fit_transform(X, y, groups=pd.Series(names)), expected)


def test_transform_sees_all_training_rows():
    X, y = make_data(N_ROWS)
    augmenter = make_augmenter(temperature=0.1).fit(X, y)
    standard = (y - y.mean(axis=0)) / y.std(axis=0)
    assert_allclose(augmenter.transform(X)[:, :2], standard, atol=1e-4)
    crossed = make_augmenter(temperature=0.1).fit_transform(X, y)
    assert np.abs(crossed[:, :2] - standard).max() > 1


# Missing modalities


def make_missing():
    X, y = make_data(N_ROWS)
    X[:20, IMAGE] = np.nan
    return X, y


def test_rows_without_a_modality_are_no_neighbours_in_it():
    X, y = make_missing()
    before = make_augmenter(cv=KFold(3)).fit(X, y)
    other = y.copy()
    # The targets' mean and deviation stay what they were.
    other[:20] = y[:20][::-1]
    after = make_augmenter(cv=KFold(3)).fit(X, other)
    assert_allclose(after.transform(X[30:])[:, :4], before.transform(X[30:])[:, :4])
    assert not np.allclose(after.transform(X[30:])[:, 4:8], before.transform(X[30:])[:, 4:8])


@pytest.mark.parametrize("joint", [False, True])
def test_a_missing_modality_gets_the_mean_target_and_the_largest_distance(joint):
    X, y = make_missing()
    augmenter = make_augmenter(joint=joint)
    fitted = augmenter.fit_transform(X, y)
    assert np.isfinite(fitted).all()
    new = augmenter.transform(X)
    first = [0, N_RETRIEVED] if joint else [0]
    for rows in (fitted, new):
        for start in first:
            assert_array_equal(rows[:20, start : start + 2], 0)
            assert (rows[20:, start : start + 2] != 0).all()
            nearest, mean = rows[:20, start + 2], rows[:20, start + 3]
            assert (nearest == nearest[0]).all()
            assert (mean >= nearest).all()
            # On training rows, which transform finds at no distance or nearer than others do.
            assert (new[20:, start + 2] <= nearest[0]).all()
            assert (new[20:, start + 3] <= mean[0]).all()


def test_all_new_rows_may_lack_a_modality():
    X, y = make_data(N_ROWS)
    augmenter = make_augmenter().fit(X, y)
    X[:, IMAGE] = np.nan
    assert_array_equal(augmenter.transform(X)[:, :2], 0)


# Names


def test_names_tell_the_modality():
    X, y = make_data(N_ROWS)
    augmenter = make_augmenter(passthrough=True, joint=True).fit(
        X, pd.DataFrame(y, columns=["a", "b"])
    )
    names = augmenter.get_feature_names_out().tolist()
    assert names[:5] == ["image__x0", "image__x1", "image__x2", "image__x3", "video__x4"]
    ends = ["a", "b", "nearest_distance", "mean_distance"]
    modalities = [*WIDTHS, "joint"]
    assert names[N_FEATURES:] == [
        f"retrieval__{name}_{end}" for name in modalities for end in ends
    ]


@pytest.mark.parametrize(
    ("as_named", "expected"),
    [
        (lambda y: pd.DataFrame(y, columns=["views", "likes"]), ["views", "likes"]),
        (lambda y: pd.Series(y[:, 0], name="views"), ["views"]),
        (lambda y: pd.Series(y[:, 0]), ["target0"]),
        (lambda y: y, ["target0", "target1"]),
        (lambda y: y.tolist(), ["target0", "target1"]),
    ],
)
def test_targets_keep_their_names(as_named, expected):
    X, y = make_data(N_ROWS)
    assert make_augmenter().fit(X, as_named(y)).target_names_ == expected


def test_a_network_sees_the_retrieved_columns_as_a_modality():
    X, y = make_data(N_ROWS)
    augmenter = make_augmenter(passthrough=True).set_output(transform="pandas")
    model = make_pipeline(augmenter, small_mofa(modalities=None)).fit(X, y)
    sizes = {name: len(columns) for name, columns in model[-1].modalities_.items()}
    assert sizes == {**WIDTHS, "retrieval": N_RETRIEVED}


def test_columns_that_tell_their_modality_keep_their_names_and_places():
    X, y = make_data(N_ROWS)
    names = [f"{'ab'[i % 2]}_{i}" for i in range(N_FEATURES)]
    frame = pd.DataFrame(X, columns=names, index=np.arange(N_ROWS) + 100)
    augmenter = make_augmenter(None, passthrough=True).set_output(transform="pandas")
    augmented = augmenter.fit_transform(frame, y)
    assert augmented.columns[:N_FEATURES].tolist() == names
    assert_array_equal(augmented.index, frame.index)
    assert_array_equal(augmented[names], frame)


# A proper transformer


def test_results_are_repeatable_and_independent_of_n_jobs():
    X, y = make_data(N_ROWS)
    first, second = make_augmenter(), make_augmenter(n_jobs=2)
    assert_array_equal(first.fit_transform(X, y), second.fit_transform(X, y))
    assert_array_equal(clone(first).fit_transform(X, y), first.fit_transform(X, y))
    assert_array_equal(first.transform(X), second.transform(X))
    assert_array_equal(make_augmenter().fit(X, y).transform(X), first.transform(X))
    assert_array_equal(first.transform(X[7:9]), first.transform(X)[7:9])
    other = make_augmenter(random_state=1).fit_transform(X, y)
    assert not np.array_equal(other, first.fit_transform(X, y))


@pytest.mark.parametrize("algorithm", ["brute", "approximate"])
def test_a_pickle_transforms_the_same(algorithm):
    if algorithm == "approximate":
        pytest.importorskip("voyager")
    X, y = make_data(N_ROWS)
    augmenter = make_augmenter(algorithm=algorithm).fit(X, y)
    copy = pickle.loads(pickle.dumps(augmenter))
    assert_array_equal(copy.transform(X), augmenter.transform(X))


def test_on_few_rows_the_approximate_search_is_exact():
    pytest.importorskip("voyager")
    X, y = make_data(N_ROWS)
    expected = make_augmenter().fit_transform(X, y)
    assert_allclose(make_augmenter(algorithm="approximate").fit_transform(X, y), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("passthrough", [False, True])
def test_the_dtype_is_kept(dtype, passthrough):
    X, y = make_data(N_ROWS)
    augmenter = make_augmenter(passthrough=passthrough)
    assert augmenter.fit_transform(X.astype(dtype), y).dtype == dtype
    assert augmenter.transform(X.astype(dtype)).dtype == dtype


# Groups, handed over


class RememberingAugmenter(RetrievalAugmenter):
    def fit_transform(self, X, y, groups=None):
        self.groups_ = groups
        return super().fit_transform(X, y, groups=groups)


def make_regressor(**params):
    augment = RememberingAugmenter(WIDTHS, n_neighbors=K, joint=False, random_state=0, **params)
    return Pipeline([("augment", augment), ("ridge", Ridge())])


def test_groups_reach_it_in_a_pipeline():
    X, y = make_data(N_ROWS)
    model = make_regressor().fit(X, y, augment__groups=GROUPS)
    assert_array_equal(model[0].groups_, GROUPS)


def test_groups_reach_it_in_the_members_of_an_ensemble():
    X, y = make_data(N_ROWS)
    for member in (Ridge(), small_mofa(modalities={"all": N_FEATURES + N_RETRIEVED})):
        model = make_regressor().set_params(ridge=member)
        ensemble = KFoldEnsembleRegressor(model, cv=GroupKFold(3))
        ensemble.fit(X, y, groups=GROUPS, augment__groups=GROUPS)
        splits = GroupKFold(3).split(X, y, GROUPS)
        for (train, _), fitted in zip(splits, ensemble.estimators_, strict=True):
            assert_array_equal(fitted[0].groups_, GROUPS[train])


def test_groups_are_routed_where_they_were_asked_for():
    X, y = make_data(N_ROWS)
    with config_context(enable_metadata_routing=True):
        model = make_regressor()
        model[0].set_fit_request(groups=True)
        assert_array_equal(model.fit(X, y, groups=GROUPS)[0].groups_, GROUPS)
        result = cross_validate(
            model, X, y, cv=GroupKFold(3), params={"groups": GROUPS}, return_estimator=True
        )
        splits = GroupKFold(3).split(X, y, GROUPS)
        for (train, _), fitted in zip(splits, result["estimator"], strict=True):
            assert_array_equal(fitted[0].groups_, GROUPS[train])
        declined = make_regressor()
        declined[0].set_fit_request(groups=False)
        cv = GroupKFold(3)
        declined = cross_validate(
            declined, X, y, cv=cv, params={"groups": GROUPS}, return_estimator=True
        )["estimator"]
        assert all(fitted[0].groups_ is None for fitted in declined)


# Bad input


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_too_few_rows_are_told_with_both_numbers(method):
    X, y = make_data(N_ROWS)
    with pytest.raises(ValueError, match=r"n_neighbors=61, but only 60 .*n_samples=60.*'image'"):
        getattr(make_augmenter(n_neighbors=61), method)(X, y)
    X[4:, IMAGE] = np.nan
    with pytest.raises(ValueError, match=r"n_neighbors=5, but only 4 training rows .*'image'"):
        getattr(make_augmenter(), method)(X, y)


def test_too_few_complete_rows_are_told_with_the_way_out():
    X, y = make_data(N_ROWS)
    X[:30, :4] = X[30:, 4:7] = np.nan
    with pytest.raises(ValueError, match=r"only 0 training rows .*all modalities.* joint=False"):
        make_augmenter(joint=True).fit_transform(X, y)
    assert np.isfinite(make_augmenter().fit_transform(X, y)).all()


def test_one_modality_is_not_retrieved_twice():
    X, y = make_data(N_ROWS)
    augmenter = make_augmenter(None, joint=True).fit(X, y)
    assert list(augmenter.memories_) == ["x"]
    assert augmenter.transform(X).shape == (N_ROWS, 4)


def test_all_rows_may_be_neighbours_but_not_in_a_fold():
    X, y = make_data(N_ROWS)
    assert np.isfinite(make_augmenter(n_neighbors=N_ROWS).fit(X, y).transform(X)).all()
    with pytest.raises(ValueError, match=r"n_neighbors=60, but only 45 .*of the other folds"):
        make_augmenter(n_neighbors=N_ROWS, cv=4).fit_transform(X, y)


def test_one_row_is_enough_to_remember():
    X, y = make_data(1)
    new, _ = make_data(3, seed=1)
    augmented = make_augmenter(n_neighbors=1).fit(X, y).transform(new)
    assert_array_equal(augmented[:, [0, 1, 4, 5]], 0)
    assert np.isfinite(augmented).all()


def test_equal_rows_have_finite_columns():
    X, y = make_data(N_ROWS)
    X[:] = X[0]
    augmented = make_augmenter().fit_transform(X, y)
    assert np.isfinite(augmented).all()
    assert_array_equal(augmented[:, [2, 3]], 0)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        ([(np.arange(60), np.arange(60))], "has rows in both parts of a split"),
        (
            [(np.arange(30), np.arange(30, 60))],
            "hold out every row once, but .* 30 of 60 rows never",
        ),
        ([*KFold(3).split(range(60)), *KFold(3).split(range(60))], "and 60 more than once"),
    ],
)
def test_folds_that_would_leak_or_leave_gaps_are_refused(cv, message):
    X, y = make_data(N_ROWS)
    with pytest.raises(ValueError, match=message):
        make_augmenter(cv=cv).fit_transform(X, y)


def test_folds_that_part_a_group_are_refused():
    X, y = make_data(N_ROWS)
    cv = list(KFold(3, shuffle=True, random_state=0).split(X))
    with pytest.raises(ValueError, match="has groups in both parts of a split"):
        make_augmenter(cv=cv).fit_transform(X, y, groups=GROUPS)


def test_fewer_groups_than_folds_are_scikit_learn_s_own_error():
    X, y = make_data(N_ROWS)
    with pytest.raises(ValueError, match="n_splits=5 greater than the number of groups: 2"):
        make_augmenter().fit_transform(X, y, groups=np.arange(N_ROWS) % 2)


@pytest.mark.parametrize("name", ["retrieval", "joint"])
def test_a_modality_with_a_name_that_is_taken_is_refused(name):
    X, y = make_data(N_ROWS)
    modalities = {"image": 4, name: 8}
    option = "passthrough" if name == "retrieval" else "joint"
    with pytest.raises(ValueError, match=f"a modality called '{name}'.*{option}=False"):
        make_augmenter(modalities, passthrough=True, joint=True).fit(X, y)
    assert name in make_augmenter(modalities).fit(X, y).modalities_


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_targets_are_refused(bad):
    X, y = make_data(N_ROWS)
    y[3, 0] = bad
    with pytest.raises(ValueError, match=r"Input y contains (NaN|infinity)"):
        make_augmenter().fit_transform(X, y)


def test_targets_have_to_be_numbers_and_as_many_as_rows():
    X, y = make_data(N_ROWS, None)
    with pytest.raises(ValueError, match="could not convert string to float"):
        make_augmenter().fit(X, np.where(y > 0, "many", "few"))
    for method in ("fit", "fit_transform"):
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples.*60.*59"):
            getattr(make_augmenter(), method)(X, y[:-1])
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples.*60.*59"):
            getattr(make_augmenter(), method)(X, y, groups=GROUPS[:-1])
        with pytest.raises(ValueError, match="requires y to be passed"):
            getattr(make_augmenter(), method)(X, None)


@pytest.mark.parametrize(("algorithm", "value"), [("brute", 1e200), ("approximate", 1e30)])
def test_values_too_large_for_distances_are_refused_with_their_modality(algorithm, value):
    if algorithm == "approximate":
        pytest.importorskip("voyager")
    X, y = make_data(N_ROWS)
    large = X.astype(np.float64)
    large[3, 5] = value
    augmenter = make_augmenter(algorithm=algorithm)
    with pytest.raises(ValueError, match=r"'video' holds values too large .*\(rows 3\)"):
        augmenter.fit(large, y)
    with pytest.raises(ValueError, match=r"'video' holds values too large .*\(rows 3\)"):
        augmenter.fit(X, y).transform(large)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("modalities", 3),
        ("n_neighbors", 0),
        ("n_neighbors", 2.5),
        ("metric", "manhattan"),
        ("temperature", 0),
        ("temperature", -1),
        ("joint", "yes"),
        ("include_distances", 2),
        ("passthrough", "drop"),
        ("cv", "five"),
        ("algorithm", "faiss"),
        ("n_jobs", 0.5),
        ("random_state", "seed"),
    ],
)
def test_a_wrong_parameter_is_named(name, value):
    X, y = make_data(N_ROWS)
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of RetrievalAugmenter"):
        make_augmenter().set_params(**{name: value}).fit(X, y)
