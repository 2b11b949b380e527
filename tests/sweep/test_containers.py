"""Equal data give equal results, whatever holds them and however they lie in memory.

Lists, tensors and halves of single estimators are in `tests/test_validation.py`, tables of mixed
columns in `tests/pipeline/test_tables.py`. Here are layouts, tables of floats, and every other
argument that has a value for each row.
"""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import MoFAClassifier, MoFARegressor

from . import _data, _ensembles
from ._rows import Case, answers
from .test_parameters import FIT_ARGUMENTS, PARAMETERS

# Eighths: every type of float holds them exactly.
X = np.round(_data.X * 8) / 8


def strided(values):
    wide = np.zeros((2 * len(values), *values.shape[1:]), dtype=values.dtype)
    wide[::2] = values
    return wide[::2]


def misaligned(values):
    raw = np.zeros(values.nbytes + 1, dtype=np.uint8)[1:]
    view = raw.view(values.dtype).reshape(values.shape)
    view[...] = values
    return view


def columns_of_a_wider_matrix(values):
    wide = np.zeros((len(values), 2 * values.shape[-1]), dtype=values.dtype)
    wide[:, ::2] = values
    return wide[:, ::2]


def memory_map(values):
    path = memory_map.folder / f"{len(list(memory_map.folder.iterdir()))}.npy"
    np.save(path, values)
    return np.load(path, mmap_mode="r")


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    memory_map.folder = tmp_path_factory.mktemp("maps")


LAYOUTS = {
    "F order": np.asfortranarray,
    "every second row, backwards": lambda values: strided(values[::-1])[::-1],
    "misaligned, in the other byte order": lambda values: misaligned(
        values.astype(values.dtype.newbyteorder())
    ),
    "memory map, read only": lambda values: memory_map(np.asfortranarray(values)),
    "float16": lambda values: values.astype(np.float16),
    "float64": lambda values: values.astype(np.float64),
    "list": lambda values: values.tolist(),
}
OF_MATRICES = LAYOUTS | {"every second column": columns_of_a_wider_matrix}


def pandas_frame(values):
    return pd.DataFrame(values, columns=_data.NAMES)


def with_an_index(values):
    """Blocks of a column each, float64, whose index is no range."""
    index = [f"row {i % 7}" for i in range(len(values))]
    columns = {
        name: pd.Series(values[:, i], index, dtype="f8") for i, name in enumerate(_data.NAMES)
    }
    return pd.concat(columns, axis=1)


TABLES = {
    "polars": lambda values: pl.DataFrame(values, schema=_data.NAMES),
    "pyarrow": lambda values: pa.table(dict(zip(_data.NAMES, values.T, strict=True))),
    "pandas, float16": lambda values: pandas_frame(values.astype(np.float16)),
    "pandas, an index": with_an_index,
    "pandas, pyarrow and nullable": lambda values: pandas_frame(values).astype(
        {name: "float[pyarrow]" if name[0] == "a" else "Float32" for name in _data.NAMES}
    ),
    "pandas, sparse": lambda values: pandas_frame(values).astype(pd.SparseDtype("float32", 0.0)),
}
ONE_DIMENSIONAL = {
    "pandas": lambda values: pd.Series(values, index=np.arange(len(values))[::-1]),
    "polars": pl.Series,
    "pyarrow": lambda values: pa.chunked_array([values[:7], values[7:]]),
}
CASES = {
    name: case
    for name, (case, _) in PARAMETERS.items()
    if case.rows in ("matrix", "gaps") and name != "make_mofa_pipeline"
}
TOLERANCES = {"rtol": 2e-4, "atol": 2e-5}
# They answer in the type that they are asked in, as scikit-learn's scalers do.
IN_HALVES = {"ModalityPipeline", "RankGaussTransformer", "BlockPCA"}
ROUNDING_OF_HALVES = {"rtol": 2e-2, "atol": 2e-3}


# Sparse columns reach scikit-learn's steps and parts, which refuse them or solve otherwise.
KEEP_SPARSE = {"ModalityPipeline", "BlendRegressor", "TokenPooling"}


def fitted_on(case: Case, X, y, X_new, **arguments):
    """Return what is said of new rows, and of the rows of the fit where these are transformed."""
    model = case.make(**case.base)
    y = () if case.targets is None else (y,)
    said = {}
    arguments = {**case.fit, **arguments}
    if "X_val" in arguments and hasattr(X, "columns"):  # a pyarrow Table has those, too
        arguments["X_val"] = pd.DataFrame(arguments["X_val"], columns=_data.NAMES)
    if hasattr(model, "predict"):
        model.fit(X, *y, **arguments)
    else:
        said["fit_transform"] = np.asarray(model.fit_transform(X, *y, **arguments))
    return said | answers(model, X_new)


def rows_of(case):
    return np.where(np.isnan(_data.ROWS[case.rows]), np.nan, X).astype(np.float32)


_usual: dict[str, dict] = {}


def usual(name):
    """Return the answers of an estimator fitted on a plain array of float32."""
    if name not in _usual:
        case = CASES[name]
        _usual[name] = fitted_on(case, rows_of(case), _data.TARGETS.get(case.targets), X)
    return _usual[name]


def assert_equal_answers(one, other, **tolerances):
    assert one.keys() == other.keys()
    for name, value in one.items():
        if value.dtype.kind in "OU":
            assert (value == other[name]).all()
        else:
            assert_allclose(other[name], value, **(tolerances or TOLERANCES))


@pytest.mark.parametrize("layout", OF_MATRICES)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rows_may_lie_in_memory_as_they_like(name, layout):
    case, change = CASES[name], OF_MATRICES[layout]
    y = _data.TARGETS.get(case.targets)
    said = fitted_on(case, change(rows_of(case)), y, change(X))
    halves = layout == "float16" and name in IN_HALVES
    assert_equal_answers(usual(name), said, **(ROUNDING_OF_HALVES if halves else {}))


@pytest.mark.parametrize(
    ("name", "table"),
    [(n, t) for n in CASES for t in TABLES if "sparse" not in t or n not in KEEP_SPARSE],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rows_may_be_any_table(name, table):
    case, change = CASES[name], TABLES[table]
    y = _data.TARGETS.get(case.targets)
    said = fitted_on(case, change(rows_of(case)), y, change(X))
    halves = "float16" in table and name in IN_HALVES
    assert_equal_answers(usual(name), said, **(ROUNDING_OF_HALVES if halves else {}))


# What has a value for each row

# Quarters: every type of float holds them exactly.
VALUES = {
    "sample_weight": _data.WEIGHT,
    "groups": _data.GROUPS,
    "X_val": np.round(_data.X_VAL * 4) / 4,
    "y_val": np.round(_data.Y_VAL * 4) / 4,
    "sample_weight_val": np.round(_data.WEIGHT_VAL),
}
OF_ROWS = {
    name: sorted(arguments)
    for name, (_, arguments) in FIT_ARGUMENTS.items()
    if name in CASES and arguments
}
FEW_EPOCHS = {**_ensembles.QUIET, "max_epochs": 3}
NETWORK = MoFARegressor(**FEW_EPOCHS)
#: What is to be fitted so that no argument is refused.
FITTED = {
    "KFoldEnsembleRegressor": {"estimator": NETWORK, "cv": 2},
    "KFoldEnsembleClassifier": {"estimator": MoFAClassifier(**FEW_EPOCHS), "cv": 2},
    "BlendRegressor": {"estimators": [("network", NETWORK)], "cv": 2},
    "ModalityPipeline": {"steps": [("scale", StandardScaler()), ("network", NETWORK)]},
    "ModalityPreprocessor": FIT_ARGUMENTS["ModalityPreprocessor"][1]["groups"].base,
}
OF_ROWS_ALONE = {"float16", "F order", "memory map, read only"}
CONTAINERS = {
    k: v for k, v in (LAYOUTS | ONE_DIMENSIONAL).items() if k not in ("float16", "F order")
}


def fitted_with(name, change, change_targets):
    """Fit on targets and arguments in containers; return what is said of new rows."""
    case = CASES[name]
    case = Case(case.make, {**case.base, **FITTED.get(name, {})}, targets=case.targets)
    arguments = {
        argument: change(VALUES[argument])
        for argument in OF_ROWS[name]
        if argument not in ("X_val", "y_val")
    }
    y = _data.TARGETS[case.targets]
    if "y_val" in OF_ROWS[name]:
        of_classes = case.targets != "numbers"
        y_val = _data.VALIDATION_LEVELS["y_val"] if of_classes else VALUES["y_val"]
        y_val = _data.CODES[y_val] if case.targets == "classes" else y_val
        arguments |= {"X_val": VALUES["X_val"], "y_val": change_targets(y_val)}
    return fitted_on(case, X, change_targets(y), X, **arguments)


def of_targets(change):
    """Return a change that leaves alone what it can not hold: words, and matrices."""

    def change_targets(values):
        if values.dtype.kind == "U" or (values.ndim == 2 and change in ONE_DIMENSIONAL.values()):
            return values.tolist()
        return change(values)

    return change_targets


_plain: dict[str, dict] = {}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", OF_ROWS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_targets_and_other_arguments_may_be_held_by_anything(name, container):
    change = CONTAINERS[container]
    if name not in _plain:
        _plain[name] = fitted_with(name, np.array, np.array)
    assert_equal_answers(_plain[name], fitted_with(name, change, of_targets(change)))
