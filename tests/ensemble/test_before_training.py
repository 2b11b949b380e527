"""What can be refused before training is refused before the first member is trained."""

import os

import numpy as np
import pytest
from sklearn import config_context
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor

from ..helpers import make_data

X, Y = make_data(40)
WEIGHT = np.ones(40)


class Counted(Ridge):
    """Counts its fits."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).n_fits += 1
        return super().fit(X, y, sample_weight)


class Once(StandardScaler):
    """The same for a step before another."""

    def fit(self, X, y=None):
        Counted.n_fits += 1
        return super().fit(X)


def ensemble(member=None, **params):
    return KFoldEnsembleRegressor(member or Counted(), **{"cv": 2, **params})


def companion(estimator):
    return ensemble(companions=[("fine", Ridge()), ("it", estimator)])


def blend(part, **params):
    return BlendRegressor([("first", Counted()), ("it", part)], **{"cv": 2, **params})


BAD_RIDGE = make_pipeline(StandardScaler(), Ridge(alpha=-1.0))
FOLDER = os.path.join(os.devnull, "members")  # a folder that nobody can make
CASES = {
    "companion's parameter": (companion(BAD_RIDGE), {}),
    "companions' names": (ensemble(companions=[("a", Ridge()), ("a", Ridge())]), {}),
    "frozen companion": (companion(FrozenEstimator(Ridge())), {}),
    "too many folds": (ensemble(cv=50), {}),
    "no groups": (ensemble(cv=GroupKFold(2)), {}),
    "no classes": (ensemble(cv=StratifiedKFold(2)), {}),
    "engine": (ensemble(engine="stacked"), {}),
    "folder": (ensemble(checkpoint=FOLDER), {}),
    "no folder": (ensemble(checkpoint=""), {}),
    "validation rows": (ensemble(), {"X_val": X, "y_val": Y}),
    "weights": (ensemble(KNeighborsRegressor()), {"sample_weight": WEIGHT}),
    "member's parameter": (ensemble(make_pipeline(Once(), Ridge(alpha=-1.0))), {}),
    "part's weights": (blend(KNeighborsRegressor()), {"sample_weight": WEIGHT}),
    "part's parameter": (blend(BAD_RIDGE), {}),
    "part's companion": (blend(companion(BAD_RIDGE)), {}),
    "part's folds": (blend(ensemble(cv=50)), {}),
    "part's engine": (blend(ensemble(engine="stacked")), {}),
    "part's folder": (blend(ensemble(checkpoint=FOLDER)), {}),
    "part's folder, in a pipeline": (
        blend(make_pipeline(StandardScaler(), ensemble(checkpoint=FOLDER))),
        {},
    ),
    "frozen part": (blend(FrozenEstimator(Ridge())), {}),
    "blend's groups": (blend(Ridge(), cv=GroupKFold(2)), {}),
    "blend's validation rows": (blend(Ridge()), {"X_val": X, "y_val": Y}),
    "blend's argument": (blend(Ridge()), {"unknown": 1}),
    "blend's weights": (blend(Ridge(), weights=[0.5, 0.6]), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_nobody_is_trained_for_nothing(case, monkeypatch):
    monkeypatch.setattr(Counted, "n_fits", 0)
    model, arguments = CASES[case]
    with pytest.raises((ValueError, TypeError, OSError)):
        model.fit(X, Y, **arguments)
    assert Counted.n_fits == 0


def test_routing_that_a_step_of_a_companion_leaves_open_is_told_first(monkeypatch):
    monkeypatch.setattr(Counted, "n_fits", 0)
    with config_context(enable_metadata_routing=True):
        member = Counted().set_fit_request(sample_weight=True)
        inner = make_pipeline(StandardScaler(), StandardScaler())
        pipeline = make_pipeline(make_pipeline(inner), Ridge().set_fit_request(sample_weight=True))
        model = ensemble(member, companions=[("it", pipeline)]).fit(X, Y, sample_weight=WEIGHT)
        assert Counted.n_fits == 2
        with pytest.raises(Exception, match="sample_weight"):
            ensemble(Counted(), companions=[("it", pipeline)]).fit(X, Y, sample_weight=WEIGHT)
    assert Counted.n_fits == 2
    assert list(model.blend_weights_.index) == ["estimator", "it"]


class Listening(Ridge):
    """Keeps the weights that it gets."""

    def fit(self, X, y, sample_weight=None):
        self.weight_ = sample_weight
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize("requests", [None, True, False])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_with_routing_companions_get_weights_that_they_do_not_decline(requests, in_pipeline):
    y = Y + np.random.default_rng(0).normal(size=Y.shape)
    with config_context(enable_metadata_routing=True):
        last = Listening()
        if requests is not None:
            last.set_fit_request(sample_weight=requests)
        estimator = make_pipeline(StandardScaler(), last) if in_pipeline else last
        weight = np.arange(1.0, 41.0)
        far_off = Counted(1e6).set_fit_request(sample_weight=True)
        model = ensemble(far_off, companions=[("it", estimator)])
        model.fit(X, y, sample_weight=weight)
        for fitted, rows in zip(model.companions_["it"], model._held_out, strict=True):
            last = fitted[-1] if in_pipeline else fitted
            if requests is False:
                assert last.weight_ is None
            else:
                assert sorted(last.weight_) == sorted(np.delete(weight, rows))
