"""Rows of weight zero are as good as removed, wherever weights are taken.

Of ensembles and blends, their intervals among it, see also `tests/ensemble/test_zero_weights.py`;
here is every public estimator that takes weights, and everything else that does.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from mofa_sklearn import KFoldEnsembleRegressor, make_mofa_pipeline, metrics
from mofa_sklearn.inspection import modality_importance

from . import _data, _ensembles
from ._rows import Case, answers
from .test_containers import FITTED, OF_ROWS, assert_equal_answers
from .test_parameters import PARAMETERS

COUNTED = np.arange(_data.N_ROWS) % 3 != 1
WEIGHT = np.random.default_rng(0).uniform(0.5, 2.0, _data.N_ROWS) * COUNTED
COUNTED_VAL = np.arange(15) % 3 != 1
WEIGHT_VAL = np.linspace(0.5, 2.0, 15) * COUNTED_VAL
TAKERS = [name for name, arguments in OF_ROWS.items() if "sample_weight" in arguments]
SCORED = [name for name in OF_ROWS if hasattr(PARAMETERS[name][0].make, "score")]
VALIDATED = [name for name in TAKERS if "sample_weight_val" in OF_ROWS[name]]


def spoilt(values, counted):
    """Make what does not count absurd."""
    values = values.copy()
    if values.dtype.kind == "f":
        values[~counted] *= 1e3
    else:
        values[~counted] = np.sort(values[counted])[0]
    return values


def case_of(name, stops=False):
    case = PARAMETERS[name][0]
    base = {**case.base, **(FITTED.get(name, {}) if stops else BASES.get(name, {}))}
    return Case(case.make, base, targets=case.targets)


BASES = {"BlendRegressor": {"estimators": [("a", Ridge()), ("b", Ridge(1e3))]}}


def said(case, rows, **arguments):
    """Fit on some rows; return what is said of new ones, and out of fold of those that count."""
    X, y = spoilt(_data.X, COUNTED), spoilt(_data.TARGETS[case.targets], COUNTED)
    model = case.make(**case.base).fit(X[rows], y[rows], sample_weight=WEIGHT[rows], **arguments)
    result = answers(model, _data.X_NEW)
    if "oof_prediction_" in result:
        result["oof_prediction_"] = result["oof_prediction_"][WEIGHT[rows] > 0]
    return result


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_of_the_fit(name):
    case = case_of(name)
    every, some = np.arange(_data.N_ROWS), np.flatnonzero(COUNTED)
    assert_equal_answers(said(case, some), said(case, every), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        "MoFAClassifier",
        "LogisticPathClassifier",
        "EarlyStoppingLogisticRegression",
        "EarlyStoppingMLPClassifier",
        "EarlyStoppingClassifier",
        "KFoldEnsembleClassifier",
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_of_a_class_of_their_own(name):
    case = case_of(name)
    y = np.where(COUNTED, _data.LEVELS, 9)
    results = [
        case.make(**case.base).fit(_data.X[rows], y[rows], sample_weight=WEIGHT[rows])
        for rows in (np.arange(_data.N_ROWS), np.flatnonzero(COUNTED))
    ]
    assert_allclose(*[model.predict_proba(_data.X_NEW) for model in results], rtol=1e-5)


@pytest.mark.parametrize("name", VALIDATED)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_of_validation_rows(name):
    case = case_of(name, stops=True)
    y_val = (_data.VALIDATION if case.targets == "numbers" else _data.VALIDATION_LEVELS)["y_val"]
    y_val = _data.CODES[y_val] if case.targets == "classes" else y_val
    X_val = spoilt(_data.X_VAL, COUNTED_VAL)
    results = []
    for rows in (np.arange(15), np.flatnonzero(COUNTED_VAL)):
        given = {"X_val": X_val[rows], "y_val": y_val[rows]}
        model = case.make(**case.base)
        model.fit(
            _data.X, _data.TARGETS[case.targets], **given, sample_weight_val=WEIGHT_VAL[rows]
        )
        results.append(answers(model, _data.X_NEW))
    assert_equal_answers(*results, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_of_scores(name):
    case = case_of(name)
    X, y = _data.X, _data.TARGETS[case.targets]
    model = case.make(**case.base).fit(X, y)
    with_them = model.score(spoilt(X, COUNTED), y, sample_weight=WEIGHT)
    alone = model.score(X[COUNTED], y[COUNTED], sample_weight=WEIGHT[COUNTED])
    assert with_them == pytest.approx(alone)
    assert alone != pytest.approx(model.score(X, y))


@pytest.mark.parametrize("recipe", ["default", "mofa-lite"])
def test_of_pipelines(recipe):
    """Scalers that take no weights see every row, so these are no absurd ones."""
    model = make_mofa_pipeline(
        _data.WIDTHS, recipe=recipe, cv=3, random_state=0, estimator=_ensembles.NETWORK
    )
    results = []
    for far in (0.0, 1e4):
        y = _data.Y + far * ~COUNTED[:, np.newaxis]
        model.fit(_data.X, y, sample_weight=WEIGHT)
        result = answers(model, _data.X_NEW)
        result["oof_prediction_"] = model.oof_prediction_[COUNTED]
        results.append(result)
    assert_equal_answers(*results, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "metric",
    [
        metrics.normalized_mean_squared_error,
        metrics.concordance_correlation_coefficient,
        metrics.spearman_correlation,
    ],
)
def test_of_metrics(metric):
    y, prediction = _data.Y, _data.X[:, 1:3]
    with_them = metric(spoilt(y, COUNTED), spoilt(prediction, COUNTED), sample_weight=WEIGHT)
    alone = metric(y[COUNTED], prediction[COUNTED], sample_weight=WEIGHT[COUNTED])
    assert_allclose(with_them, alone)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("held_out", [False, True])
def test_of_importances(held_out, grouped):
    """Rows that count do not get the blocks of others either."""
    model = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0)
    X, y = spoilt(_data.X, COUNTED), spoilt(_data.Y, COUNTED)
    results = []
    for rows in (np.arange(_data.N_ROWS), np.flatnonzero(COUNTED)):
        model.fit(X[rows], y[rows], sample_weight=WEIGHT[rows])
        importance = modality_importance(
            model,
            X[rows],
            y[rows],
            modalities=_data.WIDTHS,
            groups=_data.GROUPS[rows] if grouped else None,
            held_out=held_out,
            sample_weight=WEIGHT[rows],
            random_state=0,
        )
        results.append(importance.importances)
    assert_allclose(*results, rtol=1e-6)
