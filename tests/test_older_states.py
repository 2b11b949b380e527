"""What version 0.1 fitted and pickled predicts as it did."""

import pickle
from inspect import signature

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

import mofa_sklearn
from mofa_sklearn import (
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    baselines,
    estimators,
    preprocessing,
)
from mofa_sklearn._older_states import ReadsOlderStates
from mofa_sklearn.baselines import _block_statistics
from mofa_sklearn.persistence import dump, load
from mofa_sklearn.preprocessing import ModalityPreprocessor, RankGaussTransformer
from mofa_sklearn.preprocessing._neighbors import NeighborSearch

from .classes import make_classes, small_classifier
from .helpers import WIDTHS, make_data, small_mofa

#: class -> what it did not have in version 0.1
_OF_NETWORKS = {"tokens", "numeric_embedding"}
NEWER = {
    "MoFARegressor": _OF_NETWORKS,
    "MoFAClassifier": _OF_NETWORKS,
    "KFoldEnsembleRegressor": {"_residual_weights", "_error_scale", "_quantile_errors"},
    "KFoldEnsembleClassifier": {
        "companions",
        "calibrate",
        "companions_",
        "calibrator_",
        "_blend_weights",
        "_blend_names",
        "_target_names",
        "_sets",
    },
    "ModalityPreprocessor": {"tokens", "tables_", "_has_tables", "_sparse", "_names_out"},
    "RankGaussTransformer": {"max_absolute_value"},
}
#: class -> how many parameters it had then
N_PARAMETERS = {
    "BlendRegressor": 7,
    "BlockPCA": 5,
    "BlockStatistics": 0,
    "EarlyStoppingClassifier": 6,
    "EarlyStoppingRegressor": 6,
    "EngagementBinner": 1,
    "KFoldEnsembleClassifier": 8,
    "KFoldEnsembleRegressor": 9,
    "MoFAClassifier": 28,
    "MoFARegressor": 26,
    "ModalityPreprocessor": 3,
    "RankGaussTransformer": 5,
    "RetrievalAugmenter": 11,
    "RetrievalRegressor": 7,
    "RidgePathRegressor": 8,
}


def network():
    return small_mofa().fit(*make_data())


def network_of_classes():
    return small_classifier().fit(*make_classes("multiclass"))


def ensemble():
    return KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0).fit(*make_data())


def ensemble_of_classes():
    model = KFoldEnsembleClassifier(LogisticRegression(C=0.01), cv=3, random_state=0)
    return model.fit(*make_classes("multiclass"))


def ensemble_of_labels():
    model = KFoldEnsembleClassifier(small_classifier(), cv=3, random_state=0)
    return model.fit(*make_classes("multilabel"))


def preprocessor():
    return ModalityPreprocessor(StandardScaler(), modalities=WIDTHS).fit(*make_data())


def rank_gauss():
    return RankGaussTransformer(20).fit(*make_data())


MAKERS = [
    network,
    network_of_classes,
    ensemble,
    ensemble_of_classes,
    ensemble_of_labels,
    preprocessor,
    rank_gauss,
]


OF_NUMBERS = [network, ensemble, preprocessor, rank_gauss]


def as_of_0_1(model):
    """Return a model whose state lacks what is newer, read from a pickle."""
    newer, old = NEWER[type(model).__name__], object.__new__(type(model))
    old.__setstate__({k: v for k, v in model.__getstate__().items() if k not in newer})
    return pickle.loads(pickle.dumps(old))


def answers(model, X):
    methods = ("predict", "predict_proba", "transform")
    return [np.asarray(getattr(model, name)(X)) for name in methods if hasattr(model, name)]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_it_answers_as_it_did(make):
    model = make()
    X, _ = make_data() if make in OF_NUMBERS else make_classes("multiclass")
    for old, new in zip(answers(as_of_0_1(model), X), answers(model, X), strict=True):
        assert_array_equal(old, new)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_it_is_shown_cloned_and_stored(make, tmp_path):
    model, old = make(), as_of_0_1(make())
    assert repr(old) == repr(model) == repr(clone(old))
    dump(old, tmp_path / "old.mofa")
    assert type(load(tmp_path / "old.mofa")) is type(model)


def test_columns_keep_their_names():
    model = preprocessor()
    assert_array_equal(as_of_0_1(model).get_feature_names_out(), model.get_feature_names_out())


def test_neighbours_are_found_as_they_were():
    X, _ = make_data(60)
    X[10:30] = X[:20]  # groups of rows that are the same
    search = NeighborSearch(X)
    old = object.__new__(NeighborSearch)
    old.__setstate__(
        {
            "order": search.order,
            "counts": np.diff(search.starts),
            "index": search.index,
        }
    )
    for found, expected in zip(old.nearest(X, 5), search.nearest(X, 5), strict=True):
        assert_array_equal(found, expected)


def test_sets_of_classes_need_another_fit():
    X, _ = make_classes("multiclass")
    with pytest.raises(ValueError, match=r"fitted by mofa_sklearn 0\.1.*fit it again"):
        as_of_0_1(ensemble_of_classes()).predict_set(X)


def test_what_is_not_fitted_stays_so():
    old = as_of_0_1(KFoldEnsembleClassifier(LogisticRegression()))
    assert vars(old) == vars(KFoldEnsembleClassifier(old.estimator))


@pytest.mark.parametrize("name", N_PARAMETERS)
def test_who_has_new_parameters_reads_old_states(name):
    rooms = (mofa_sklearn, baselines, estimators, preprocessing, _block_statistics)
    kind = next(getattr(room, name) for room in rooms if hasattr(room, name))
    is_as_before = len(signature(kind).parameters) == N_PARAMETERS[name]
    assert is_as_before or issubclass(kind, ReadsOlderStates)
