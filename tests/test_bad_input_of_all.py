"""What bad input gets: one table of inputs and answers, for everything public that is fitted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from skorch.callbacks import Callback

from mofa_sklearn import ensemble, estimators, preprocessing
from mofa_sklearn.networks.losses import SquaredError

from .helpers import WIDTHS, make_data
from .public_estimators import (
    BOOSTING,
    CLASSIFIERS,
    COLUMNS,
    EVERYTHING,
    IN_BLOCKS,
    N_ROWS,
    NETWORKS,
    NO_X,
    NO_Y,
    ON_COLUMNS,
    ONE_BLOCK,
    ONE_NETWORK,
    OPENERS,
    PIPELINES,
    RETRIEVAL,
    RIDGES,
    SEVERAL,
    data_for,
    fit,
    use,
)

NAMES = [f"{name}_{i}" for name, width in WIDTHS.items() for i in range(width)]
IMAGE, VIDEO = slice(0, 4), slice(4, 7)


# The answers


@dataclass(frozen=True)
class Refused:
    """An error, with a message that tells what matters."""

    message: str | None
    kind: type = ValueError


@dataclass(frozen=True)
class Warned:
    """A result, with a warning."""

    message: str


@dataclass(frozen=True)
class Works:
    """A result: finite, if not said otherwise; None: either."""

    why: str = ""
    finite: bool | None = True


@dataclass(frozen=True)
class NotApplicable:
    """No such input here."""

    why: str


@dataclass(frozen=True)
class Row:
    """One kind of input: how to make it, and what each column answers.

    `run` gets the column's name and returns what came out. A name that is in several of the
    sets of `answers` has the answer of the first of them.
    """

    run: Callable[[str], object]
    answers: dict[frozenset, object]

    def answer(self, column):
        return next(answer for names, answer in self.answers.items() if column in names)


def answers(*pairs, others=None):
    table = {frozenset(names): answer for names, answer in pairs}
    return table if others is None else {**table, frozenset(EVERYTHING): others}


# The inputs


@cache
def fitted(column, named=False):
    X, y = data_for(column)
    return fit(COLUMNS[column](), pd.DataFrame(X, columns=NAMES) if named else X, y)


def partly_nan(X):
    X[3, 5] = X[9, 4] = np.nan


def one_block_missing(X):
    X[9, IMAGE] = np.nan


def all_blocks_missing(X):
    X[[3, 8]] = np.nan


def infinite(X):
    X[3, 5] = np.inf


def minus_infinite(X):
    X[3, 5] = -np.inf


def a_word(X):
    return np.where(np.indices(X.shape).sum(axis=0) == 0, "word", X.astype(object))


def with_column(cells):
    """Put cells of another kind into the first column of a table with names."""

    def spoil(X):
        frame = pd.DataFrame(X, columns=NAMES)
        column = pd.Series([cells[row % len(cells)] for row in range(len(X))])
        return frame.assign(image_0=column)

    return spoil


def at_fit(spoil):
    def run(column):
        X, y = data_for(column)
        usual = X.copy()
        spoilt = spoil(X)
        if isinstance(spoilt, pd.DataFrame):
            usual = spoilt
        return use(fit(COLUMNS[column](), X if spoilt is None else spoilt, y), usual)

    return run


def at_predict(spoil, named=False):
    def run(column):
        X, _ = data_for(column)
        if named:
            X = pd.DataFrame(X, columns=NAMES)
        spoilt = spoil(X)
        return use(fitted(column, named), X if spoilt is None else spoilt)

    return run


def with_targets(change):
    def run(column):
        X, y = data_for(column)
        return use(fit(COLUMNS[column](), X, change(y)), X)

    return run


def with_rows(n_rows):
    def run(column):
        X, y = data_for(column)
        return use(fit(COLUMNS[column](), X[:n_rows], y[:n_rows]), X)

    return run


def with_modalities(modalities, named=False):
    def run(column):
        X, y = data_for(column)
        if named:
            X = pd.DataFrame(X, columns=NAMES)
        return use(COLUMNS[column](modalities=modalities).fit(X, y), X)

    return run


def with_network(**params):
    def run(column):
        X, y = data_for(column)
        return use(COLUMNS[column](**params).fit(X, y), X)

    return run


def one_value_at(position, value):
    def change(y):
        y = y.copy()
        y[position] = value
        return y

    return change


def constant(y):
    return np.full_like(y, y[0])


def not_fitted(column):
    return use(COLUMNS[column](), data_for(column)[0])


class NanAfter(SquaredError):
    """Is no number from a certain step on, for targets of any kind."""

    n_good_steps = 0

    def __init__(self):
        super().__init__()
        self.n_steps = 0

    def forward(self, prediction, target):
        self.n_steps += prediction.requires_grad
        losses = prediction**2
        return losses * float("nan") if self.n_steps > self.n_good_steps else losses


class NanLater(NanAfter):
    # 20 or 36 training rows are one or two batches: both have trained an epoch by then.
    n_good_steps = 4


class Interrupt(Callback):
    """Stands for Ctrl-C in the first step of the third epoch."""

    def on_batch_begin(self, net, training=False, **kwargs):
        if training and len(net.history) == 3:
            raise KeyboardInterrupt


PARTLY = r"modality 'video' has NaN in some of its columns in {n} of {of} rows; .*SimpleImputer"
LOST = r"NaN in every column of {n} of {of} rows \(rows {rows}\): all modalities are missing"
INFINITY = r"infinity in modality 'video' \(rows {rows}"
PLAIN_INFINITY = "Input X contains infinity or a value too large for"
ANY = {"n": r"\d+", "of": r"\d+", "rows": r"\d+"}
LOOKS_AT_NO_COLUMN = NotApplicable("looks at no column")
TAKES_NO_MODALITIES = NotApplicable("has no parameter modalities")
NO_TARGET = NotApplicable("does not look at y")
NO_TRAINING = NotApplicable("is not trained step by step")
FILLS = Works("NaN is filled, as its documentation says")
PASSES = Works("NaN stays NaN, as its documentation says", finite=False)
HAND_NAN_ON = {"RankGaussTransformer", *OPENERS}
NOT_FINITE_X = [(NO_X, LOOKS_AT_NO_COLUMN), (HAND_NAN_ON, PASSES)]
MODALITIES = [
    (
        NO_X
        | ON_COLUMNS
        | ONE_BLOCK
        | {"KernelPathRegressor", "LogisticPathClassifier", "RidgePathRegressor"},
        TAKES_NO_MODALITIES,
    ),
]
WITH_SKRUB = {*PIPELINES, "FloatColumns"}
TRAINED = NETWORKS | {"baseline afew-va"}


def infinite_answers(rows):
    return answers(
        (NO_X, LOOKS_AT_NO_COLUMN),
        (OPENERS, Works("for the next step to refuse", finite=None)),
        (ON_COLUMNS | ONE_BLOCK | RIDGES, Refused(PLAIN_INFINITY)),  # they know no blocks
        others=Refused(INFINITY.format(rows=rows)),
    )


def misfit(modalities, message, named=False):
    return Row(with_modalities(modalities, named), answers(*MODALITIES, others=Refused(message)))


ROWS = {
    "NaN in some columns of a block, at fit": Row(
        at_fit(partly_nan),
        answers(
            (NO_X, LOOKS_AT_NO_COLUMN),
            (PIPELINES, FILLS),
            (NETWORKS | RETRIEVAL, Refused(PARTLY.format(**ANY))),
            others=FILLS,
        ),
    ),
    "NaN in some columns of a block, at predict": Row(
        at_predict(partly_nan),
        answers(
            *NOT_FINITE_X,
            ({"ModalityPreprocessor"}, PASSES),
            (PIPELINES, FILLS),
            (NETWORKS | RETRIEVAL, Refused(PARTLY.format(n=2, of=40))),
            others=FILLS,
        ),
    ),
    "a block missing, at fit": Row(
        at_fit(one_block_missing), answers((NO_X, LOOKS_AT_NO_COLUMN), others=Works())
    ),
    "a block missing, at predict": Row(
        at_predict(one_block_missing),
        answers(*NOT_FINITE_X, ({"ModalityPreprocessor"}, PASSES), others=Works()),
    ),
    "all blocks missing, at fit": Row(
        at_fit(all_blocks_missing),
        answers(
            (NO_X, LOOKS_AT_NO_COLUMN),
            (NETWORKS | RETRIEVAL, Refused(LOST.format(**{**ANY, "rows": r"\d+, \d+"}))),
            others=FILLS,
        ),
    ),
    "all blocks missing, at predict": Row(
        at_predict(all_blocks_missing),
        answers(
            *NOT_FINITE_X,
            ({"ModalityPreprocessor"}, PASSES),
            (NETWORKS | RETRIEVAL, Refused(LOST.format(n=2, of=40, rows="3, 8"))),
            others=FILLS,
        ),
    ),
    "inf, at fit": Row(at_fit(infinite), infinite_answers(r"\d+")),
    "inf, at predict": Row(at_predict(infinite), infinite_answers("3")),
    "-inf, at predict": Row(at_predict(minus_infinite), infinite_answers("3")),
    "other number of columns": Row(
        at_predict(lambda X: X[:, :11]),
        answers(
            (NO_X, LOOKS_AT_NO_COLUMN),
            others=Refused(r"X has 11 features, but \w+ is expecting 12 features"),
        ),
    ),
    "other order of columns": Row(
        at_predict(lambda X: X[NAMES[::-1]], named=True),
        answers((NO_X, LOOKS_AT_NO_COLUMN), others=Refused("(?s)Feature names.*same order")),
    ),
    "other names of columns": Row(
        at_predict(lambda X: X.rename(columns={"image_0": "imgae_0"}), named=True),
        answers(
            (NO_X, LOOKS_AT_NO_COLUMN),
            others=Refused("(?s)Feature names unseen.*imgae_0.*image_0"),
        ),
    ),
    "widths that are too few": misfit(
        {"image": 4, "video": 3}, r"add up to 7 \(image 4 \+ video 3\), but X has 12"
    ),
    "widths that are too many": misfit(
        {"image": 4, "video": 30}, r"add up to 34 \(image 4 \+ video 30\), but X has 12"
    ),
    "overlapping blocks": misfit(
        {"image": slice(0, 6), "video": slice(5, 12)}, "'image' and 'video' overlap.*column 5"
    ),
    "a gap between blocks": misfit(
        {"image": slice(0, 5), "video": slice(6, 12)}, "'image', 'video' leave a gap: 1 of 12"
    ),
    "a block that is empty": misfit({"image": slice(0, 12), "video": []}, "'video' is empty"),
    "a slice that is too long": misfit({"image": slice(0, 99)}, "'image' ends at column 99.* 12"),
    "names of columns that X has not": misfit(
        {"image": slice(0, 12), "video": ["v"]}, "'video' names the column 'v', but X has no"
    ),
    "unknown names": misfit(
        {"image": NAMES[:4], "video": [*NAMES[4:], "vidoe_0"]},
        "'video' names the unknown column 'vidoe_0'",
        named=True,
    ),
    "one row": Row(
        with_rows(1),
        answers(
            (ONE_NETWORK, Refused("early_stopping=True.*n_samples = 1; pass X_val")),
            (SEVERAL, Refused("n_splits=2 .*n_samples=1")),
            ({"RetrievalAugmenter"}, Refused(r"n_neighbors=5, but only 1 training rows.*'image'")),
            ({"BlockPCA", *IN_BLOCKS}, Refused(r"1 sample.*minimum of 2 is required by BlockPCA")),
            ({"baseline knn"}, Refused("n_neighbors = 20, n_samples_fit = 1")),
            ({"baseline mlp", *BOOSTING}, Refused("n_samples=1, test_size=0.1")),
            ({"EngagementBinner"}, Refused("y has the one value .*no classes")),
            others=Works(),
        ),
    ),
    "folds of one row": Row(
        with_rows(2),
        answers(
            # The ensemble's rows held out are to have the member's classes.
            (SEVERAL & CLASSIFIERS, Refused("n_samples = 1; pass X_val")),
            ({"RetrievalAugmenter"}, Refused(r"n_neighbors=5, but only 2 training rows.*'image'")),
            ({"baseline knn"}, Refused("n_neighbors = 20, n_samples_fit = 2")),
            others=Works(),
        ),
    ),
    "no row, at fit": Row(with_rows(0), answers(others=Refused(r"0 sample|n_samples=0"))),
    "no row, at predict": Row(
        at_predict(lambda X: X[:0]),
        answers((NO_X, LOOKS_AT_NO_COLUMN), others=Refused("0 sample")),
    ),
    "a constant target": Row(
        with_targets(constant),
        answers(
            (NO_Y, NO_TARGET),
            ({"EngagementBinner"}, Refused("y has the one value .*no classes")),
            others=Works(),
        ),
    ),
    "constant columns": Row(
        at_fit(lambda X: X.__setitem__((slice(None), VIDEO), 3.0)),
        answers((NO_X, LOOKS_AT_NO_COLUMN), others=Works()),
    ),
    **{
        f"a target that is {name}": Row(
            with_targets(one_value_at((3,), value)),
            answers(
                (NO_Y, NO_TARGET),
                (CLASSIFIERS, NotApplicable("classes are names here")),
                others=Refused(f"Input y contains {told}"),
            ),
        )
        for name, value, told in [("NaN", np.nan, "NaN"), ("inf", np.inf, "infinity")]
    },
    "fewer targets than rows": Row(
        with_targets(lambda y: y[:-1]),
        answers(
            (NO_Y, NO_TARGET),
            ({"EngagementBinner"}, NotApplicable("takes y alone")),
            others=Refused("inconsistent numbers of samples.*40.*39"),
        ),
    ),
    "a vector, at fit": Row(
        at_fit(lambda X: X[:, 0]),
        answers((NO_X, LOOKS_AT_NO_COLUMN), others=Refused("Expected 2D array, got 1D array")),
    ),
    "a vector, at predict": Row(
        at_predict(lambda X: X[0]),
        answers((NO_X, LOOKS_AT_NO_COLUMN), others=Refused("Expected 2D array, got 1D array")),
    ),
    "words": Row(
        at_fit(a_word),
        answers((NO_X, LOOKS_AT_NO_COLUMN), others=Refused("(?s)could not convert.*'word'")),
    ),
    **{
        f"a column of {kind}": Row(
            at_fit(with_column(cells)),
            answers((NO_X, LOOKS_AT_NO_COLUMN), (takers, Works(finite=None)), others=refused),
        )
        for kind, cells, takers, refused in [
            ("text", ["a few words", "others"], WITH_SKRUB, Refused("'image_0' holds text")),
            ("dates", pd.to_datetime(["2024-01-01", "2025-03-02"]), WITH_SKRUB, Refused("dates")),
            ("vectors", [[0.1, 2.0], [1, 2]], {*WITH_SKRUB, "VectorColumns"}, Refused("vectors")),
            ("sequences", [[[0.1, 2.0]], [[1, 2]]], WITH_SKRUB, Refused("TokenPooling")),
            ("objects", [{"a": 1}, {}], set(), Refused("'image_0' holds objects", TypeError)),
        ]
    },
    "no fit before": Row(
        not_fitted, answers(others=Refused("is not fitted yet. Call 'fit'", NotFittedError))
    ),
    "a loss that is NaN from the start": Row(
        with_network(loss=NanAfter, learning_rate=0.0123),
        answers(
            (EVERYTHING - TRAINED, NO_TRAINING),
            others=Refused(r"NaN or infinite in epoch 1 .*learning_rate=0\.0123.*lower"),
        ),
    ),
    "a loss that becomes NaN": Row(
        with_network(loss=NanLater, learning_rate=0.0123, max_epochs=9),
        answers(
            (EVERYTHING - TRAINED, NO_TRAINING),
            others=Warned(
                r"in epoch \d with learning_rate=0\.0123; the weights of epoch \d are kept"
            ),
        ),
    ),
    "Ctrl-C in fit": Row(
        with_network(callbacks=[Interrupt()], max_epochs=9),
        answers(
            (EVERYTHING - TRAINED, NO_TRAINING),
            (SEVERAL, Refused(None, KeyboardInterrupt)),
            others=Warned(r"interrupted after 2 of 9 epochs; the weights of"),
        ),
    ),
}


def cells():
    for row in ROWS:
        for column in COLUMNS:
            if not isinstance(ROWS[row].answer(column), NotApplicable):
                yield pytest.param(row, column, id=f"{row}-{column}")


@pytest.mark.parametrize(("row", "column"), list(cells()))
@pytest.mark.filterwarnings("ignore:A single label was found:UserWarning")
def test_the_answer_is_the_table_s(row, column):
    run, answer = ROWS[row].run, ROWS[row].answer(column)
    if isinstance(answer, Refused):
        with pytest.raises(answer.kind, match=answer.message):
            run(column)
        return
    if isinstance(answer, Warned):
        with pytest.warns(ConvergenceWarning, match=answer.message):
            result = run(column)
    else:
        result = run(column)
    assert len(result) == N_ROWS
    finite = result.dtype.kind in "OU" or np.isfinite(result).all()
    assert getattr(answer, "finite", True) in (finite, None)


HAVE_BLOCKS = sorted(EVERYTHING - NO_X)


@pytest.mark.parametrize("column", HAVE_BLOCKS)
def test_rows_beside_one_with_a_missing_block_are_unaffected(column):
    X, _ = data_for(column)
    before = use(fitted(column), X)
    one_block_missing(X)
    others = np.arange(N_ROWS) != 9
    after = use(fitted(column), X)
    if column in CLASSIFIERS:
        assert (after[others] == before[others]).all()
    else:
        assert_allclose(after[others], before[others], rtol=1e-5, atol=1e-6)


def test_rows_that_a_fold_counts_are_said_to_be_those_of_the_fold():
    X, y = data_for("KFoldEnsembleRegressor")
    infinite(X)
    with pytest.raises(ValueError, match="rows 3") as raised:
        COLUMNS["KFoldEnsembleRegressor"]().fit(X, y)
    assert raised.value.__notes__ == ["(From one of 2 folds: rows are counted within that fold.)"]


def test_rows_of_an_array_that_is_read_in_place_are_those_that_were_passed():
    X, y = make_data(60)
    X[47, 0] = np.inf
    ensemble = COLUMNS["KFoldEnsembleRegressor"]().set_params(engine="joblib")
    with pytest.raises(ValueError, match="rows 47") as raised:
        ensemble.fit(X, y)
    assert not hasattr(raised.value, "__notes__")


def test_the_table_has_every_public_estimator():
    public = {
        name
        for module in (ensemble, estimators, preprocessing)
        for name in module.__all__
        if isinstance(getattr(module, name), type)
        and issubclass(getattr(module, name), BaseEstimator)
    }
    # What takes sequences has other rows: tests/preprocessing/test_token_pooling.py.
    assert public - {"TokenPooling"} <= {column.partition(",")[0] for column in COLUMNS}
