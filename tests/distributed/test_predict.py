"""Dask arrays and DataFrames are predicted partition by partition."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor
from mofa_sklearn.dask import predict, predict_proba
from mofa_sklearn.preprocessing import ModalityPreprocessor
from tests.distributed.estimators import arrivals
from tests.distributed.test_ensembles import pids_of
from tests.helpers import WIDTHS, make_data, small_mofa

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

NAMES = [f"{name}_{i}" for name, width in WIDTHS.items() for i in range(width)]


class Shy(Ridge):
    """A regressor that notes its arrivals and the most rows that it ever saw at once."""

    def __init__(self, log="", most_rows=30):
        super().__init__()
        self.log = log
        self.most_rows = most_rows

    def predict(self, X):
        assert len(X) <= self.most_rows
        return super().predict(X)

    def __setstate__(self, state):
        import os

        super().__setstate__(state)
        if self.log:
            with open(self.log, "a") as file:
                file.write(f"{os.getpid()}\n")


@pytest.fixture
def table():
    X, y = make_data()
    return pd.DataFrame(X, columns=NAMES, index=np.arange(len(X)) * 10), y


@pytest.mark.parametrize("n_targets", [2, None], ids=["2-D", "1-D"])
@pytest.mark.parametrize(
    "make", [small_mofa, Ridge, lambda: make_pipeline(StandardScaler(), Ridge())]
)
def test_an_array_s_prediction_is_the_estimator_s(make, n_targets):
    X, y = make_data(n_targets=n_targets)
    model = make().fit(X, y)
    lazy = predict(model, da.from_array(X, chunks=(50, -1)))
    computed = lazy.compute(scheduler="threads")
    assert lazy.shape == computed.shape
    assert lazy.dtype == computed.dtype
    assert lazy.chunks[0] == (50, 50, 20)
    np.testing.assert_allclose(computed, model.predict(X), rtol=1e-5)


@pytest.mark.parametrize("columns", [None, ["views", "likes"]])
def test_a_frame_s_prediction_has_its_index_and_names(table, columns):
    X, y = table
    model = Ridge().fit(X, y)
    lazy = predict(model, dd.from_pandas(X, npartitions=3), columns=columns)
    computed = lazy.compute(scheduler="sync")
    expected = pd.DataFrame(model.predict(X), index=X.index, columns=columns)
    pd.testing.assert_frame_equal(computed, expected, check_column_type=False)
    pd.testing.assert_frame_equal(lazy._meta, computed.iloc[:0], check_index_type=False)


def test_a_frame_s_1_d_prediction_is_a_series(table):
    X, y = table
    model = Ridge().fit(X, y[:, 0])
    computed = predict(model, dd.from_pandas(X, npartitions=3), columns="views").compute()
    expected = pd.Series(model.predict(X), index=X.index, name="views")
    pd.testing.assert_series_equal(computed, expected)


def test_probabilities_are_called_as_the_classes(table):
    X, y = table
    model = LogisticRegression().fit(X, np.where(y[:, 0] > 0, "hit", "miss"))
    lazy = predict_proba(model, dd.from_pandas(X, npartitions=3))
    assert lazy.columns.tolist() == ["hit", "miss"]
    np.testing.assert_allclose(lazy.compute(), model.predict_proba(X), rtol=1e-5)
    classes = predict(model, dd.from_pandas(X, npartitions=3)).compute()
    assert classes.tolist() == model.predict(X).tolist()


def test_empty_partitions_and_unknown_lengths_are_no_trouble(table):
    X, y = table
    model = Ridge().fit(X, y)
    frame = dd.from_pandas(X, npartitions=6)
    some = frame.map_partitions(lambda part: part[part.index < 300])
    assert_array_equal(predict(model, some).compute(), model.predict(X[:30]))
    model = Ridge().fit(X.to_numpy(), y)
    array = some.to_dask_array()
    assert_array_equal(predict(model, array).compute(), model.predict(X.to_numpy()[:30]))


def test_no_more_than_a_partition_is_ever_seen():
    X, y = make_data(300)
    model = Shy(most_rows=30).fit(X, y)
    assert predict(model, da.from_array(X, chunks=(30, -1))).compute().shape == (300, 2)
    with pytest.raises(AssertionError):
        predict(model, da.from_array(X, chunks=(31, -1))).compute()


@pytest.mark.processes
def test_a_model_is_not_sent_with_each_partition(client, tmp_path):
    X, y = make_data(300)
    model = Shy(log=str(tmp_path / "log")).fit(X, y)
    computed = predict(model, da.from_array(X, chunks=(10, -1))).compute()
    assert_array_equal(
        computed, np.concatenate([model.predict(X[i : i + 10]) for i in range(0, 300, 10)])
    )
    counts = Counter(arrivals(model.log))
    assert set(counts) <= set(pids_of(client))
    # A worker that had nothing to do for a while may have given its copy away.
    assert sum(counts.values()) < 10  # of 30 partitions


X, Y = make_data()
MODEL = Ridge().fit(X, Y)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: predict(MODEL, X), TypeError, "must be a Dask array or DataFrame, got ndarray"),
        (
            lambda: predict(MODEL, da.from_array(X, chunks=(50, 4))),
            ValueError,
            r"divided along its columns, into chunks of \(4, 4, 4\).*rechunk\(\{1: -1\}\)",
        ),
        (lambda: predict(MODEL, da.ones(5)), ValueError, "got 1 dimension"),
        (lambda: predict(MODEL, da.ones((5, 3))), ValueError, "3 features"),
        (lambda: predict_proba(MODEL, da.ones((5, 12))), AttributeError, "predict_proba"),
        (lambda: predict(Ridge(), da.ones((5, 12))), ValueError, "not fitted"),
        (lambda: predict(MODEL, da.ones((5, 12)), columns=["a", "b"]), ValueError, "DataFrame"),
    ],
)
def test_what_cannot_be_predicted_is_said_at_once(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_names_that_are_too_few_are_refused(table):
    X, y = table
    with pytest.raises(ValueError, match=r"columns has 1 name\(s\), but the prediction has 2"):
        predict(Ridge().fit(X, y), dd.from_pandas(X, npartitions=2), columns=["views"])


def test_an_example_of_the_prediction_takes_the_place_of_made_up_rows():
    class Picky(Ridge):
        def predict(self, X):
            if np.ptp(X) == 0:
                raise ValueError("no two rows alike")
            return super().predict(X)

    X, y = make_data()
    model, rows = Picky().fit(X, y), da.from_array(X, chunks=(50, -1))
    with pytest.raises(ValueError, match="no two rows") as raised:
        predict(model, rows)
    assert "pass meta" in raised.value.__notes__[0]
    lazy = predict(model, rows, meta=model.predict(X)[:0])
    assert_array_equal(lazy.compute(scheduler="sync").shape, (120, 2))


@pytest.mark.parametrize(
    ("make", "method"),
    [
        (small_mofa, "predict"),
        (lambda: KFoldEnsembleRegressor(Ridge(), cv=3), "predict"),
        (lambda: BlendRegressor([("a", Ridge()), ("b", Ridge(9))], cv=3), "predict"),
        (lambda: ModalityPreprocessor(StandardScaler(), modalities=WIDTHS), "transform"),
    ],
    ids=["network", "ensemble", "blend", "preprocessor"],
)
def test_estimators_say_where_to_go_with_lazy_rows(make, method):
    X, y = make_data()
    with pytest.raises(TypeError, match=r"mofa_sklearn\.dask\.predict"):
        getattr(make().fit(X, y), method)(da.from_array(X, chunks=(50, -1)))


def test_classifiers_say_where_to_go_with_lazy_rows():
    X, y = make_data()
    ensemble = KFoldEnsembleClassifier(LogisticRegression(), cv=3).fit(X, y[:, 0] > 0)
    with pytest.raises(TypeError, match=r"mofa_sklearn\.dask\.predict"):
        ensemble.predict_proba(da.from_array(X, chunks=(50, -1)))
