"""The default pipeline for classes: networks, companions, calibrated probabilities."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.estimators import LogisticPathClassifier
from mofa_sklearn.persistence import dump, load
from tests.classes import WIDTHS, make_classes, small_classifier, small_classifier_of
from tests.helpers import with_quick_companions

KINDS = ["binary", "multiclass", "ordinal", "multilabel"]


def pipeline_of(kind="binary", **params):
    network = small_classifier_of(kind, modalities=None, max_epochs=2)
    return with_quick_companions(
        make_mofa_pipeline(WIDTHS, estimator=network, cv=2, random_state=0, **params)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_classes_has_companions_and_is_calibrated(kind, tmp_path):
    X, y = make_classes(kind, 120)
    X[::9, :4] = np.nan
    model = pipeline_of(kind).fit(X, y)
    assert model.blend_weights_.index.tolist() == [
        "estimator",
        "logistic",
        "neighbors",
        "boosting",
    ]
    assert (model.calibrator_.temperature > 0).all()
    probabilities = model.predict_proba(X)
    assert np.isfinite(model.oof_prediction_).all()
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), probabilities)
    dump(model, tmp_path / "model")
    assert_array_equal(load(tmp_path / "model").predict_proba(X), probabilities)
    assert_array_equal(clone(model).fit(X, y).predict_proba(X), probabilities)


@pytest.mark.parametrize("routing", [False, True])
def test_groups_and_weights_change_all_of_it(routing):
    X, y = make_classes("binary", 120)
    groups, weight = np.arange(120) // 4, 1.0 + np.arange(120) % 3
    plain = pipeline_of().fit(X, y)
    with config_context(enable_metadata_routing=routing):
        model = pipeline_of().fit(X, y, groups=groups, sample_weight=weight)
    assert not np.allclose(model.predict_proba(X), plain.predict_proba(X))


def test_other_classifiers_stay_alone():
    model = make_mofa_pipeline(WIDTHS, estimator=LogisticRegression(), cv=2)
    assert model[-1].companions is None
    assert model[-1].calibrate is None
    assert (
        make_mofa_pipeline(WIDTHS, estimator=small_classifier(), recipe="mofa-lite")[-1].companions
        is None
    )


def test_tokens_reach_companions_as_their_mean():
    X, y = make_classes("binary", 80)
    widths = {"image": 4, "video": 3, "text": 5}
    network = small_classifier(modalities=None, max_epochs=1)
    model = make_mofa_pipeline(widths, tokens={"image": 2}, estimator=network, cv=2)
    model.set_params(classifier__random_state=0).fit(X, y)
    assert model[-1].companions[0][1].steps[-1][0] == "classifier"
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_it_can_be_searched_and_cross_validated():
    X, y = make_classes("binary", 90)
    grid = {"classifier__companions": [None, [("path", LogisticPathClassifier([0.01]))]]}
    search = GridSearchCV(pipeline_of(), grid, cv=2, scoring="neg_log_loss").fit(X, y)
    assert search.predict_proba(X).shape == (90, 2)
    assert np.isfinite(cross_val_score(pipeline_of(), X, y, cv=2)).all()


def test_the_checkpoint_folder_goes_with_companions(tmp_path):
    X, y = make_classes("multiclass", 90)
    expected = pipeline_of().fit(X, y).predict_proba(X)
    model = pipeline_of().set_params(
        classifier__checkpoint=str(tmp_path), classifier__engine="joblib"
    )
    first = model.fit(X, y).predict_proba(X)
    assert_array_equal(model.fit(X, y).predict_proba(X), first)
    assert_allclose(first, expected, atol=0.05)
