"""On a cluster, ensembles give what they give without one, from rows that are sent once."""

from collections import Counter

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    make_mofa_pipeline,
)
from tests.distributed.estimators import (
    CountedFrame,
    Failing,
    Witness,
    arrivals,
    threads_here,
)
from tests.helpers import WIDTHS, make_data, small_mofa, with_quick_companions

pytestmark = pytest.mark.processes


def on_cluster(client):
    return joblib.parallel_config("dask", client=client)


def pids_of(client):
    import os

    return set(client.run(os.getpid).values())


def small_pipeline():
    pipeline = make_mofa_pipeline(WIDTHS, cv=2, random_state=0)
    return with_quick_companions(pipeline).set_params(
        regressor__engine="joblib",
        regressor__estimator__hidden_dim=8,
        regressor__estimator__max_epochs=2,
    )


RIDGE = ("ridge", Ridge())
ENSEMBLES = {
    "networks": KFoldEnsembleRegressor(
        small_mofa(dropout=0.1), cv=4, engine="joblib", random_state=0
    ),
    "companions": KFoldEnsembleRegressor(
        small_mofa(), cv=3, engine="joblib", companions=[RIDGE], random_state=0
    ),
    "stacked": KFoldEnsembleRegressor(small_mofa(), cv=3, engine="stacked", random_state=0),
    "blend": BlendRegressor([RIDGE, ("flat", Ridge(1e3))], cv=3, random_state=0),
    "pipeline": small_pipeline(),
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_predictions_are_those_without_a_cluster(client, name):
    X, y = make_data()
    expected = ENSEMBLES[name].fit(X, y).predict(X)
    with on_cluster(client):
        assert_array_equal(ENSEMBLES[name].fit(X, y).predict(X), expected)


def test_probabilities_are_those_without_a_cluster(client):
    X, y = make_data()
    classes = (y[:, 0] > 0).astype(int)
    ensemble = KFoldEnsembleClassifier(LogisticRegression(), cv=3, random_state=0)
    expected = ensemble.fit(X, classes).predict_proba(X)
    with on_cluster(client):
        assert_array_equal(ensemble.fit(X, classes).predict_proba(X), expected)


def test_weights_and_groups_reach_the_members(client):
    X, y = make_data()
    weight = np.random.default_rng(0).uniform(size=len(X))
    rows = {"sample_weight": weight, "groups": np.arange(len(X)) // 4}
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3, companions=[("b", Ridge(9))], random_state=0)
    expected = ensemble.fit(X, y, **rows).oof_prediction_
    with on_cluster(client):
        assert_array_equal(ensemble.fit(X, y, **rows).oof_prediction_, expected)


def test_validation_rows_of_the_user_reach_the_members(client):
    X, y = make_data()
    rows = {"X_val": X[80:], "y_val": -y[80:], "sample_weight_val": np.arange(40.0)}
    network = small_mofa(max_epochs=8, learning_rate=0.05)
    ensemble = KFoldEnsembleRegressor(network, cv=2, engine="joblib", random_state=0)
    expected = ensemble.fit(X[:80], y[:80], **rows).predict(X)
    assert not np.array_equal(ensemble.fit(X[:80], y[:80]).predict(X), expected)
    with on_cluster(client):
        assert_array_equal(ensemble.fit(X[:80], y[:80], **rows).predict(X), expected)


def test_overlapping_splits_are_fitted_on_their_own_rows(client):
    X, y = make_data()
    cv = [
        (np.arange(60), np.arange(60, 80)),
        (np.random.default_rng(0).permutation(100), np.arange(90, 120)),
    ]
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=cv, engine="joblib", random_state=0)
    expected = ensemble.fit(X, y).predict(X)
    with on_cluster(client):
        assert_array_equal(ensemble.fit(X, y).predict(X), expected)


def test_cross_validation_and_search_run_inside_the_workers(client):
    X, y = make_data()
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0)
    search = GridSearchCV(ensemble, {"estimator__alpha": [0.1, 1e3]}, cv=2)
    scores = cross_val_score(ensemble, X, y, cv=2)
    expected = search.fit(X, y).cv_results_["mean_test_score"]
    with on_cluster(client):
        assert_allclose(cross_val_score(ensemble, X, y, cv=2), scores, rtol=1e-12)
        assert_allclose(search.fit(X, y).cv_results_["mean_test_score"], expected, rtol=1e-12)


def test_members_are_fitted_by_the_workers_and_nowhere_else(client):
    X, y = make_data()
    with on_cluster(client):
        ensemble = KFoldEnsembleRegressor(Witness(), cv=8, random_state=0).fit(X, y)
    assert {member.process_ for member in ensemble.estimators_} <= pids_of(client)


@pytest.mark.parametrize(
    "model",
    [
        KFoldEnsembleRegressor(Ridge(), cv=6, companions=[("b", Ridge(9)), ("c", Ridge(99))]),
        BlendRegressor([("a", Ridge()), ("b", Ridge(9))], cv=6),
    ],
    ids=["companions", "blend"],
)
def test_rows_are_not_sent_with_each_fold(client, model, tmp_path):
    X, y = make_data(2000)
    X = CountedFrame.of(pd.DataFrame(X).add_prefix("text_"), tmp_path / "log")
    with on_cluster(client):
        model.fit(X, y)
    counts = Counter(arrivals(tmp_path / "log"))
    assert set(counts) == set(pids_of(client))
    # Once, or once more to a worker that had nothing to do for a while and gave its copy away;
    # not for a fold, a companion or a part: a fit of these has 12 or 18.
    assert sum(counts.values()) < 6


def test_rows_are_let_go_after_the_fit(client):
    X, y = make_data(2000)
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0)
    with on_cluster(client):
        ensemble.fit(X, y)
        cross_val_score(ensemble, X, y, cv=2)
    for _ in range(100):
        if not any(client.has_what().values()):
            break
        client.sync(_wait_a_moment)
    assert not any(client.has_what().values())


async def _wait_a_moment():
    import asyncio

    await asyncio.sleep(0.05)


def test_a_member_has_one_thread_and_gives_the_others_back(client):
    def two_threads():
        import torch
        from threadpoolctl import threadpool_limits

        torch.set_num_threads(2)
        threadpool_limits(2, user_api="blas")
        return threads_here()

    def on_each_worker(function):
        addresses = list(client.ncores())
        futures = [client.submit(function, workers=[a], pure=False) for a in addresses]
        return set(client.gather(futures))

    X, y = make_data()
    assert on_each_worker(two_threads) == {(2, 2)}
    with on_cluster(client):
        ensemble = KFoldEnsembleRegressor(Witness(), cv=8, random_state=0).fit(X, y)
        with pytest.raises(ValueError, match="no such luck"):
            KFoldEnsembleRegressor(Failing(), cv=8, random_state=0).fit(X, y)
    assert {member.threads_ for member in ensemble.estimators_} == {(1, 1)}
    assert on_each_worker(threads_here) == {(2, 2)}


def test_finished_members_are_stored_by_the_workers(client, tmp_path):
    X, y = make_data()
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=4, checkpoint=tmp_path / "c", random_state=0)
    with on_cluster(client):
        expected = ensemble.fit(X, y).predict(X)
    assert len(list((tmp_path / "c").glob("member_*.joblib"))) == 4
    assert_array_equal(ensemble.fit(X, y).predict(X), expected)
