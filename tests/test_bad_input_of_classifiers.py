"""What bad input gets from classifiers: the answers of test_bad_input, and their own."""

import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn import KFoldEnsembleClassifier

from .classes import make_classes, small_classifier
from .test_bad_input import BAD_VALUES

N_ROWS = 40


def make_ensemble(**params):
    return KFoldEnsembleClassifier(small_classifier(**params), cv=KFold(2), random_state=0)


MAKERS = {"classifier": small_classifier, "ensemble": make_ensemble}
every_classifier = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
every_bad_value = pytest.mark.parametrize(("spoil", "message"), BAD_VALUES)


@every_bad_value
def test_bad_validation_rows_are_told_with_their_block(spoil, message):
    X, y = make_classes("multiclass", N_ROWS)
    X_val = X[:20].copy()
    spoil(X_val)
    with pytest.raises(ValueError, match=message.format(n=2, row=3)):
        small_classifier().fit(X, y, X_val=X_val, y_val=y[:20])


@every_classifier
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_classes_are_refused(make, bad):
    X, y = make_classes("ordinal", N_ROWS)
    y = y.astype(float)
    y[3] = bad
    with pytest.raises(ValueError, match=r"Input y contains (NaN|infinity)"):
        make().fit(X, y)


@every_classifier
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (-np.ones(N_ROWS), "Negative values in data passed to `sample_weight`"),
        (np.ones(N_ROWS - 1), r"sample_weight.shape == \(39,\)|inconsistent.*39"),
        (np.zeros(N_ROWS), "is zero for every row|at least one non-zero number"),
    ],
)
def test_bad_weights_are_told(make, weight, message):
    X, y = make_classes("multiclass", N_ROWS)
    with pytest.raises(ValueError, match=message):
        make().fit(X, y, sample_weight=weight)


@every_classifier
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss", "squared_error"),
        ("label_smoothing", 1.0),
        ("class_weight", "balance"),
        ("ordinal", "yes"),
        ("tune_thresholds", "f1"),
        ("hidden_dim", 0),
        ("fusion", "atention"),
    ],
)
def test_a_wrong_parameter_of_the_network_is_named(make, name, value):
    X, y = make_classes("multiclass", N_ROWS)
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of MoFAClassifier"):
        make(**{name: value}).fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    [("estimator", "ridge"), ("cv", "5-fold"), ("validation", "outer"), ("engine", "fast")],
)
def test_a_wrong_parameter_of_the_ensemble_is_named(name, value):
    X, y = make_classes("multiclass", N_ROWS)
    ensemble = KFoldEnsembleClassifier(**{"estimator": small_classifier(), name: value})
    message = f"The '{name}' parameter of KFoldEnsembleClassifier"
    with pytest.raises(InvalidParameterError, match=message):
        ensemble.fit(X, y)


@pytest.mark.parametrize("n_rows", [1, 2])
def test_one_row_can_be_learned_or_the_message_says_what_is_too_small(n_rows):
    X, y = make_classes("multiclass", n_rows + 10)
    X, y = X[:n_rows], y[:n_rows]
    probabilities = small_classifier(early_stopping=False).fit(X, y).predict_proba(X)
    assert np.isfinite(probabilities).all()
    if n_rows == 1:
        with pytest.raises(ValueError, match=r"early_stopping=True.* n_samples = 1; pass X_val"):
            small_classifier().fit(X, y)
    with pytest.raises(ValueError, match="n_splits=4"):
        KFoldEnsembleClassifier(small_classifier(), cv=4).fit(X, y)
