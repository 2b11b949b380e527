"""Errors of a pipeline with a target_transform are those on the scale that it learned."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.inspection import (
    GroupErrorDisplay,
    PredictedVsTrueDisplay,
    ResidualsDisplay,
    modality_importance,
)

from ..helpers import WIDTHS, make_data

X, LOGS = make_data(60)
LOGS = LOGS - LOGS.min(axis=0)
COUNTS = np.expm1(LOGS)
GROUPS = np.arange(60) % 20


def fit(y, **params):
    model = make_mofa_pipeline(WIDTHS, estimator=Ridge(), cv=KFold(3), random_state=0, **params)
    return model.fit(X, y)


@pytest.fixture(scope="module", params=["pipeline", "search"])
def counts(request):
    model = fit(COUNTS, target_transform="log1p")
    if request.param == "pipeline":
        return model
    return GridSearchCV(model, {"regressor__cv": [KFold(3)]}, cv=2).fit(X, COUNTS)


@pytest.fixture(scope="module")
def logs():
    return fit(LOGS)


def test_predictions_and_intervals(counts, logs):
    first, second = (
        PredictedVsTrueDisplay.from_estimator(model, X, y, confidence_level=0.8)
        for model, y in ((counts, COUNTS), (logs, LOGS))
    )
    for name in ("y_true", "y_pred", "intervals", "nmse_", "coverage_"):
        assert_allclose(getattr(first, name), getattr(second, name), atol=1e-6)


@pytest.mark.parametrize("held_out", [False, True])
def test_residuals_and_errors_by_group(counts, logs, held_out):
    for cls, more in ((ResidualsDisplay, ()), (GroupErrorDisplay, (GROUPS,))):
        first, second = (
            cls.from_estimator(model, X, y, *more, held_out=held_out)
            for model, y in ((counts, COUNTS), (logs, LOGS))
        )
        assert_allclose(first.y_true, second.y_true, atol=1e-6)
        assert_allclose(first.y_pred, second.y_pred, atol=1e-6)


@pytest.mark.parametrize("held_out", [False, True])
def test_importances(counts, logs, held_out):
    first, second = (
        modality_importance(model, X, y, held_out=held_out, n_repeats=2, random_state=0)
        for model, y in ((counts, COUNTS), (logs, LOGS))
    )
    assert_allclose(first.importances, second.importances, atol=1e-6)
    assert_allclose(first.baseline, second.baseline, atol=1e-6)
