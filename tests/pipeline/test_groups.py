"""Groups passed to a pipeline: no inner split has a group on both sides."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import BaseCrossValidator, GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    ModalityPipeline,
    ModalityPreprocessor,
    make_mofa_pipeline,
)
from mofa_sklearn.evaluation import compare
from mofa_sklearn.preprocessing import RetrievalAugmenter

from ..helpers import WIDTHS, make_data, small_mofa
from .probes import Recorder, Shift

X, Y = make_data(60)
GROUPS = np.repeat(np.arange(12), 5)
ROUTING = pytest.mark.parametrize("routing", [False, True], ids=["", "routing"])


class Watched(BaseCrossValidator):
    """Grouped folds that keep a list of the groups on both sides, in every copy."""

    __metadata_request__split = {"groups": True}

    def __init__(self, seen, n_splits=3):
        self.seen, self.n_splits = seen, n_splits

    def __deepcopy__(self, memo):
        return self

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.n_splits

    def split(self, X, y=None, groups=None):
        for train, test in GroupKFold(self.n_splits).split(X, y, groups):
            self.seen.append((set(groups[train]), set(groups[test])))
            yield train, test


def check_seen(seen, n_splits):
    assert len(seen) == n_splits
    for train, test in seen:
        assert not train & test
        assert train | test == set(GROUPS)


@ROUTING
def test_retrieval_and_members(routing):
    """The two splits of recipe mmra: cross-fitted neighbours, and the ensemble's folds."""
    of_retrieval, of_members = [], []
    model = make_mofa_pipeline(WIDTHS, recipe="mmra", cv=Watched(of_members), random_state=0)
    model.set_params(
        retrieve__cv=Watched(of_retrieval),
        retrieve__n_neighbors=3,
        regressor__estimator__hidden_dim=8,
        regressor__estimator__max_epochs=2,
    )
    with config_context(enable_metadata_routing=routing):
        model.fit(X, Y, groups=GROUPS)
    check_seen(of_retrieval, 3)
    check_seen(of_members, 3)


@ROUTING
def test_an_integer_of_folds_keeps_groups_together(routing):
    model = make_mofa_pipeline(WIDTHS, estimator=small_mofa(modalities=None), cv=3, random_state=0)
    with config_context(enable_metadata_routing=routing):
        model.fit(X, Y, groups=GROUPS)
    for held_out in model[-1]._held_out:
        assert not set(GROUPS[held_out]) & set(np.delete(GROUPS, held_out))


@ROUTING
def test_companions(routing):
    seen = []
    model = make_mofa_pipeline(WIDTHS, cv=Watched(seen), random_state=0)
    model.set_params(
        regressor__estimator__hidden_dim=8,
        regressor__estimator__max_epochs=2,
        regressor__companions=[("recorder", Recorder())],
    )
    with config_context(enable_metadata_routing=routing):
        model.fit(X, Y, groups=GROUPS)
    check_seen(seen, 3)
    for held_out, recorder in zip(model[-1]._held_out, model.companions_["recorder"], strict=True):
        assert_array_equal(recorder.groups_, np.delete(GROUPS, held_out))


@ROUTING
def test_blends(routing):
    seen = []
    blend = BlendRegressor([("ridge", Ridge()), ("other", Ridge(10))], cv=Watched(seen))
    model = ModalityPipeline([("shift", Shift()), ("blend", blend)])
    with config_context(enable_metadata_routing=routing):
        model.fit(X, Y, groups=GROUPS)
    assert seen
    for train, test in seen:
        assert not train & test


def test_a_network_alone_without_groups_in_its_fit_says_so():
    ridge = make_mofa_pipeline(WIDTHS, estimator=Ridge(), ensemble=False)
    with pytest.raises(TypeError, match="groups was passed, but the fit of the last step"):
        ridge.fit(X, Y, groups=GROUPS)


@ROUTING
def test_a_comparison_hands_them_on(routing):
    seen = []
    model = make_mofa_pipeline(WIDTHS, estimator=Ridge(), cv=Watched(seen, 2), random_state=0)
    with config_context(enable_metadata_routing=routing):
        compare({"ridge": model}, X, Y, groups=GROUPS, cv=2, verbose=0, random_state=0)
    assert len(seen) >= 4
    for train, test in seen:
        assert not train & test


@ROUTING
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_retrieval_inside_a_modality(routing, in_pipeline):
    """Rows that lack the modality are cut from the groups, too."""
    seen = []
    retrieve = RetrievalAugmenter(n_neighbors=3, cv=Watched(seen))
    own = Pipeline([("scale", StandardScaler()), ("retrieve", retrieve)])
    preprocess = ModalityPreprocessor(
        StandardScaler(),
        transformers=[("text", own if in_pipeline else retrieve)],
        modalities=WIDTHS,
    )
    fill = SimpleImputer()
    model = ModalityPipeline([("preprocess", preprocess), ("fill", fill), ("ridge", Ridge())])
    X_lacking = X.copy()
    X_lacking[:3, -WIDTHS["text"] :] = np.nan
    with config_context(enable_metadata_routing=routing):
        model.fit(X_lacking, Y, groups=GROUPS)
    check_seen(seen, 3)
    without = clone(model).set_params(preprocess__transformers=[])
    with config_context(enable_metadata_routing=routing), pytest.raises(TypeError, match="groups"):
        without.fit(X_lacking, Y, groups=GROUPS)
    with pytest.raises(TypeError, match="no transformer of a modality takes them"):
        without[0].fit(X_lacking, Y, groups=GROUPS)
