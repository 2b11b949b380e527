"""Rows and targets of every container and type, and targets that are no numbers."""

import datetime
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection import KFold

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    MoFAClassifier,
    RankGaussTransformer,
    make_mofa_pipeline,
)
from mofa_sklearn._validation import as_array, has_kinds
from mofa_sklearn.ensemble._target_names import target_names_of
from mofa_sklearn.estimators import RetrievalRegressor, RidgePathRegressor
from mofa_sklearn.preprocessing import BlockPCA, RetrievalAugmenter

from .helpers import WIDTHS, make_data, small_mofa


def small_classifier():
    return MoFAClassifier(WIDTHS, hidden_dim=8, max_epochs=1, random_state=0)


ESTIMATORS = {
    "regressor": small_mofa(),
    "classifier": small_classifier(),
    "ridge": RidgePathRegressor(random_state=0),
    "retrieval": RetrievalRegressor(WIDTHS, random_state=0),
    "ensemble": KFoldEnsembleRegressor(small_mofa(max_epochs=1), cv=2, random_state=0),
    "ensemble of classifiers": KFoldEnsembleClassifier(small_classifier(), cv=2, random_state=0),
    "blend": BlendRegressor(
        [
            ("ridge", RidgePathRegressor(random_state=0)),
            ("components", RidgePathRegressor(2, modalities=WIDTHS, random_state=0)),
        ],
        cv=KFold(2),
    ),
    "pipeline": make_mofa_pipeline(
        WIDTHS, cv=2, estimator=small_mofa(modalities=None, max_epochs=1), random_state=0
    ),
    "rank gauss": RankGaussTransformer(),
    "components": BlockPCA(3, random_state=0),
    "augmenter": RetrievalAugmenter(WIDTHS, random_state=0),
}
REGRESSORS = [name for name, each in ESTIMATORS.items() if is_regressor(each)]


def result_of(name, X, y, X_new):
    estimator = ESTIMATORS[name].fit(X, y)
    return getattr(estimator, "predict" if hasattr(estimator, "predict") else "transform")(X_new)


def rounded_data(name):
    """Rows and targets that bfloat16 and float16 hold exactly."""
    X, y = make_data(60, None)
    X = np.round(4 * X) / 4
    y = np.round(y)
    return X, (y > 0).astype(int) if is_classifier(ESTIMATORS[name]) else y


@cache
def expected_of(name, dtype):
    """Return the result of the plain array of a type."""
    X, y = rounded_data(name)
    return result_of(name, X.astype(dtype), y, X.astype(dtype))


# Types of arrays that hold the same numbers, where it is not float32. Of what has no type of its
# own, estimators make the one or the other.
PRECISIONS = {
    "list": (np.float32, np.float64),
    "tuple": (np.float32, np.float64),
    "objects": (np.float32, np.float64),
    "float16": (np.float16,),
    "tensor of float64": (np.float64,),
    "tensor of float16": (np.float16,),
}
CONTAINERS = {
    "list": lambda values: values.tolist(),
    "tuple": lambda values: tuple(map(tuple, values.tolist())),
    "float16": lambda values: values.astype(np.float16),
    "objects": lambda values: values.astype(object),
    "tensor": torch.tensor,
    "tensor of float64": lambda values: torch.tensor(values, dtype=torch.float64),
    "tensor of float16": lambda values: torch.tensor(values, dtype=torch.float16),
    "tensor of bfloat16": lambda values: torch.tensor(values, dtype=torch.bfloat16),
    "tensor with a gradient": lambda values: torch.tensor(values, requires_grad=True),
    "result of a computation": lambda values: torch.tensor(values, requires_grad=True) * 1,
}


# Estimators that fit others, which look at the containers in their turn.
SLOW = {"ensemble", "ensemble of classifiers", "blend", "pipeline"}
HARD = {"list", "tensor of bfloat16", "result of a computation"}
CASES = [(n, c) for n in ESTIMATORS for c in CONTAINERS if n not in SLOW or c in HARD]


@pytest.mark.parametrize(("name", "container"), CASES)
def test_rows_are_taken_in_every_container(name, container):
    X, y = rounded_data(name)
    held = CONTAINERS[container](X)
    result = result_of(name, held, y, held)
    precisions = PRECISIONS.get(container, (np.float32,))
    assert any(np.allclose(result, expected_of(name, each), atol=1e-6) for each in precisions)


@pytest.mark.parametrize(
    ("name", "container"), [(n, c) for n, c in CASES if n in REGRESSORS and c != "tuple"]
)
def test_targets_are_taken_in_every_container(name, container):
    X, y = rounded_data(name)
    held = CONTAINERS[container](y.astype(np.float32))
    result = result_of(name, X, held, X)
    np.testing.assert_allclose(result, expected_of(name, np.float32), atol=1e-5)


def test_validation_rows_and_weights_may_be_tensors():
    X, y = rounded_data("regressor")
    weight = np.linspace(0.5, 1, len(y))
    rows, targets, weights = X[40:], y[40:], weight[40:]
    expected = small_mofa().fit(X, y, weight, X_val=rows, y_val=targets, sample_weight_val=weights)
    tensors = [torch.tensor(each, requires_grad=True) for each in (rows, targets, weights)]
    model = small_mofa().fit(
        X,
        y,
        torch.tensor(weight, requires_grad=True),
        **dict(zip(("X_val", "y_val", "sample_weight_val"), tensors, strict=True)),
    )
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


@pytest.mark.parametrize("container", CONTAINERS)
def test_attention_takes_every_container(container):
    X, y = rounded_data("regressor")
    model = small_mofa().fit(X, y)
    attention = model.modality_attention(CONTAINERS[container](X))
    assert attention.index.tolist() == list(range(len(X)))
    np.testing.assert_allclose(attention, model.modality_attention(X), atol=1e-6)


def test_attention_keeps_the_index_of_a_frame():
    X, y = rounded_data("regressor")
    frame = pd.DataFrame(X, index=[f"row {i}" for i in range(len(X))])
    attention = small_mofa().fit(X, y).modality_attention(frame)
    assert attention.index.equals(frame.index)


def test_a_tensor_s_memory_is_shared_where_that_is_possible():
    tensor = torch.zeros(3, requires_grad=True)
    as_array(tensor)[0] = 1
    assert tensor[0] == 1


dates = pd.date_range("2025-01-01", periods=60)
many_and_few = np.where(np.arange(60) % 2, "many", "few")

WORDS = {
    "words": many_and_few,
    "list of words": many_and_few.tolist(),
    "objects": many_and_few.astype(object),
    "bytes": many_and_few.astype("S4"),
    "categories": pd.Series(many_and_few, dtype="category"),
    "one column of words": pd.DataFrame({"views": np.arange(60.0), "level": many_and_few}),
}
DATES = {
    "dates": dates,
    "Series of dates": pd.Series(dates),
    "list of dates": [datetime.date(2025, 1, 1)] * 60,
    "durations": pd.Series(dates - dates[0]),
}


@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize("name", REGRESSORS)
def test_words_as_targets_are_refused_with_what_takes_them(name, kind):
    X, _ = rounded_data(name)
    match = (
        r"y has words \((few, many|b'few', b'many')\), and \w+ predicts numbers.*MoFAClassifier"
    )
    with pytest.raises(ValueError, match=match):
        ESTIMATORS[name].fit(X, WORDS[kind])


@pytest.mark.parametrize("kind", DATES)
@pytest.mark.parametrize("name", REGRESSORS)
def test_dates_as_targets_are_refused_with_what_to_do(name, kind):
    X, _ = rounded_data(name)
    with pytest.raises(ValueError, match=r"y has dates or times .*numpy.timedelta64"):
        ESTIMATORS[name].fit(X, DATES[kind])


@pytest.mark.parametrize("name", REGRESSORS)
def test_objects_as_targets_are_refused(name):
    X, _ = rounded_data(name)
    with pytest.raises(ValueError, match="y has objects that are no numbers"):
        ESTIMATORS[name].fit(X, [{"views": 1}] * 60)


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
@pytest.mark.parametrize("name", REGRESSORS)
def test_gaps_in_targets_of_objects_are_found(name, gap):
    X, y = rounded_data(name)
    y = y.astype(object)
    y[7] = gap
    with pytest.raises(ValueError, match="Input y contains NaN"):
        ESTIMATORS[name].fit(X, y)


@pytest.mark.parametrize("name", ["regressor", "ridge"])
def test_words_as_validation_targets_are_refused(name):
    X, y = rounded_data(name)
    with pytest.raises(ValueError, match="y_val has words"):
        ESTIMATORS[name].fit(X, y, X_val=X, y_val=many_and_few)


def test_names_of_targets_are_read_from_every_table():
    names = {"views": [1.0, 2.0], "likes": [3.0, 4.0]}
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    for table in (pd.DataFrame(names), pl.DataFrame(names), pa.table(names)):
        assert target_names_of(table) == ["views", "likes"]
    assert target_names_of(pd.Series([1, 2], name="views")) == ["views"]
    assert target_names_of(pl.Series("views", [1, 2])) == ["views"]
    for nameless in (pd.Series([1, 2]), pl.Series([1, 2]), np.ones(2), [1, 2]):
        assert target_names_of(nameless) is None


def test_polars_targets_keep_their_names_in_an_ensemble():
    pl = pytest.importorskip("polars")
    X, y = make_data(60)
    columns = [f"{name}_{i}" for name, width in WIDTHS.items() for i in range(width)]
    table, targets = pl.DataFrame(X, schema=columns), pl.DataFrame(y, schema=["views", "likes"])
    model = KFoldEnsembleRegressor(
        small_mofa(modalities=None), cv=2, companions=[("ridge", RidgePathRegressor())]
    )
    model.fit(table, targets)
    assert model.blend_weights_.columns.tolist() == ["views", "likes"]
    model.predict(table)  # without a warning of other names


@pytest.mark.parametrize("name", ["mofa", "ridge", "retrieval"])
def test_known_columns_are_still_compared_with_those_of_the_fit(name):
    X, y = make_data(60)
    frame = pd.DataFrame(X, columns=[f"x__{i}" for i in range(X.shape[1])])
    model = {
        "mofa": small_mofa(modalities=None, max_epochs=1),
        "ridge": RidgePathRegressor(),
        "retrieval": RetrievalRegressor(),
    }[name].fit(frame, y)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.iloc[:, :-1])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    with pytest.raises(ValueError, match="infinity"):
        model.predict(frame.assign(x__0=np.inf))
    assert_allclose(model.predict(frame[:3].astype(object)), model.predict(frame[:3]), atol=1e-6)


@pytest.mark.parametrize("n_rows", [1, 20], ids=["a row", "rows"])
@pytest.mark.parametrize(
    ("dtypes", "kinds"),
    [
        (["float32", "float32"], "f"),
        (["float32", "float64"], "f"),
        (["int64", "int64"], "i"),
        (["float32", "int8"], "fi"),
        (["Float64", "Float64"], ""),
        (["float64", "Float64"], ""),
        (["bool", "bool"], "b"),
        (["float64", "object"], ""),
    ],
)
def test_kinds_of_columns_are_told_whatever_the_number_of_rows(n_rows, dtypes, kinds):
    frame = pd.DataFrame({f"c{i}": pd.Series([1] * n_rows, dtype=d) for i, d in enumerate(dtypes)})
    if len(set(dtypes)) == 1 and kinds:
        frame = pd.DataFrame(frame.to_numpy(), columns=frame.columns)  # one matrix
    for asked in ("f", "fiu", "iu", "fi", "b"):
        assert has_kinds(frame, asked) == (bool(kinds) and set(kinds) <= set(asked))
