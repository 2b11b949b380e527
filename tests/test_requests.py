"""What the package's estimators request where scikit-learn routes metadata."""

from inspect import signature

import pytest
from sklearn import config_context
from sklearn.utils.metadata_routing import get_routing_for_object

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    MoFAClassifier,
    MoFARegressor,
)
from mofa_sklearn._requests import DEFAULTS
from mofa_sklearn.baselines import (
    BoostingClassifier,
    BoostingRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingMLPRegressor,
    EarlyStoppingRegressor,
)
from mofa_sklearn.estimators import (
    KernelPathRegressor,
    LogisticPathClassifier,
    RetrievalClassifier,
    RetrievalRegressor,
    RidgePathRegressor,
)
from mofa_sklearn.preprocessing import RetrievalAugmenter

ESTIMATORS = [
    MoFARegressor,
    MoFAClassifier,
    KFoldEnsembleRegressor,
    KFoldEnsembleClassifier,
    BlendRegressor,
    RidgePathRegressor,
    KernelPathRegressor,
    RetrievalRegressor,
    LogisticPathClassifier,
    RetrievalClassifier,
    RetrievalAugmenter,
    BoostingRegressor,
    BoostingClassifier,
    EarlyStoppingRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingMLPRegressor,
]


def requests_of(estimator, method):
    routing = get_routing_for_object(estimator)
    own = getattr(routing, "_self_request", None) or routing
    return getattr(own, method).requests


def make(kind):
    return kind([]) if kind is BlendRegressor else kind()


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_fit_requests_all_that_it_takes(kind):
    taken = set(signature(kind.fit).parameters) & set(DEFAULTS["fit"])
    requests = requests_of(make(kind), "fit")
    assert taken
    assert {name for name, value in requests.items() if value is True} >= taken


@pytest.mark.parametrize("kind", [MoFARegressor, KFoldEnsembleRegressor, RetrievalAugmenter])
def test_what_is_set_by_hand_has_precedence(kind):
    name = "groups" if kind is RetrievalAugmenter else "sample_weight"
    with config_context(enable_metadata_routing=True):
        for value in (False, "mine", True):
            estimator = kind().set_fit_request(**{name: value})
            assert requests_of(estimator, "fit")[name] == value
