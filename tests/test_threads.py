"""No more threads than processors, settings given back, and fits at once that do not disturb."""

import threading

import pytest
import torch
from joblib import cpu_count, parallel_config
from numpy.testing import assert_array_equal

from mofa_sklearn import (
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    MoFARegressor,
)

from .classes import make_classes, small_classifier
from .helpers import make_data, small_mofa
from .probes import N_BEFORE, NetworkProbe, Probe, assert_given_back, several_threads
from .training.test_threads import threads_of_a_new_thread

N_FOLDS = 4


@pytest.fixture(autouse=True)
def _several_threads():
    with several_threads():
        yield


# How members are fitted: a probe, and joblib's backend.
WAYS = {
    "one by one": (Probe, None, 1),
    "threads": (NetworkProbe, None, 2),
    "threading": (Probe, "threading", 2),
}
every_way = pytest.mark.parametrize("way", WAYS)


def fit_probes(way, **params):
    probe, backend, n_jobs = WAYS[way]
    ensemble = KFoldEnsembleRegressor(probe(**params), cv=N_FOLDS, n_jobs=n_jobs)
    X, y = make_data(40)
    if backend is None:
        return ensemble.fit(X, y)
    with parallel_config(backend):
        return ensemble.fit(X, y)


@every_way
def test_members_have_no_more_threads_than_there_are_processors(way):
    n_workers = WAYS[way][2]
    at_most = max(cpu_count(), n_workers)
    for probe in fit_probes(way).estimators_:
        assert probe.n_torch_ == 1
        if n_workers > 1:
            assert n_workers * probe.n_blas_ <= at_most
    assert_given_back()


@every_way
@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()], ids=["error", "Ctrl-C"])
def test_settings_are_given_back_after_errors_and_interrupts(way, error):
    with pytest.raises(type(error)):
        fit_probes(way, error=error)
    # joblib's threads are not waited for after an error.
    assert_given_back(within=10)


@pytest.mark.parametrize("engine", ["joblib", "stacked"])
def test_settings_are_given_back_after_networks(engine):
    X, y = make_data(40)
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=3, engine=engine, random_state=0)
    ensemble.fit(X, y).predict(X)
    assert_given_back()
    with pytest.raises(ValueError, match="loss"):
        ensemble.set_params(estimator__learning_rate=1e30, estimator__weight_decay=0).fit(X, y)
    assert_given_back()


# Fits at once in threads of one process


def regressor():
    X, y = make_data(80)
    return small_mofa(hidden_dim=64, dropout=0.2).fit(X, y).predict(X)


def ensemble(engine):
    X, y = make_data(60)
    members = small_mofa(dropout=0.2, modality_dropout=0.2)
    ensemble = KFoldEnsembleRegressor(members, cv=3, n_jobs=2, engine=engine, random_state=0)
    return ensemble.fit(X, y).predict(X)


def classifiers():
    X, y = make_classes("multiclass", 60)
    return KFoldEnsembleClassifier(small_classifier(), cv=3, random_state=0).fit(X, y).predict(X)


FITS = [regressor, lambda: ensemble("joblib"), lambda: ensemble("stacked"), classifiers]


def test_fits_at_once_give_what_they_give_one_after_the_other():
    expected = [fit() for fit in FITS]
    results = [None] * len(FITS)
    together = threading.Barrier(len(FITS))

    def work(i):
        # A thread takes up its number when it first asks torch. In the moment in which another
        # one sets its own, that number may be the other's, and sums are rounded otherwise.
        torch.get_num_threads()
        together.wait(10)
        results[i] = FITS[i]()

    workers = [threading.Thread(target=work, args=(i,)) for i in range(len(FITS))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for result, alone in zip(results, expected, strict=True):
        assert_array_equal(result, alone)
    assert_given_back()


def test_a_network_trains_on_its_own_threads_while_an_ensemble_trains():
    # The number of threads changes the last bits of sums.
    seen = []
    together = threading.Barrier(2)

    class DuringAMember(NetworkProbe):
        def fit(self, X, y):
            together.wait(30)  # both have set their number, and neither gives it back yet
            seen.append(threads_of_a_new_thread())
            together.wait(30)
            return super().fit(X, y)

    X, y = make_data(40)
    KFoldEnsembleRegressor(DuringAMember(), cv=2, n_jobs=2).fit(X, y)
    assert seen == [N_BEFORE] * 2


def test_random_numbers_of_the_process_are_left_alone():
    X, y = make_data(40)
    before = torch.get_rng_state()
    KFoldEnsembleRegressor(MoFARegressor(max_epochs=1), cv=2, random_state=0).fit(X, y)
    assert_array_equal(torch.get_rng_state(), before)
