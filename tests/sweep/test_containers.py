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

from . import _data, _ensembles
from ._rows import Case, answers
from .test_parameters import FIT_ARGUMENTS, PARAMETERS

# Eighths: every type of float holds them exactly.
X = np.round(_data.X * 8) / 8


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


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
    "every second row": strided,
    "backwards": lambda values: values[::-1].copy()[::-1],
    "misaligned": misaligned,
    "other byte order": lambda values: values.astype(values.dtype.newbyteorder()),
    "read only": read_only,
    "memory map": memory_map,
    "memory map in F order": lambda values: memory_map(np.asfortranarray(values)),
    "float16": lambda values: values.astype(np.float16),
    "float64": lambda values: values.astype(np.float64),
    "list": lambda values: values.tolist(),
}
OF_MATRICES = LAYOUTS | {"every second column": columns_of_a_wider_matrix}
TABLES = {
    "polars": lambda values: pl.DataFrame(values, schema=_data.NAMES),
    "pyarrow": lambda values: pa.table(dict(zip(_data.NAMES, values.T, strict=True))),
    "pandas, a block each": lambda values: pd.concat(
        [pd.Series(c, name=n) for n, c in zip(_data.NAMES, values.T, strict=True)], axis=1
    ),
    "pandas, float16": lambda values: pd.DataFrame(values.astype("f2"), columns=_data.NAMES),
    "pandas, float64": lambda values: pd.DataFrame(values.astype("f8"), columns=_data.NAMES),
    "pandas, pyarrow": lambda values: pd.DataFrame(values, columns=_data.NAMES).astype(
        "float[pyarrow]"
    ),
    "pandas, nullable": lambda values: pd.DataFrame(values, columns=_data.NAMES).astype("Float32"),
    "pandas, sparse": lambda values: pd.DataFrame(values, columns=_data.NAMES).astype(
        pd.SparseDtype("float32", 0.0)
    ),
    "pandas, other index": lambda values: pd.DataFrame(
        values, columns=_data.NAMES, index=[f"row {i % 7}" for i in range(len(values))]
    ),
}
ONE_DIMENSIONAL = {
    "pandas": lambda values: pd.Series(values, index=np.arange(len(values))[::-1]),
    "polars": pl.Series,
    "pyarrow": pa.array,
    "pyarrow, chunked": lambda values: pa.chunked_array([values[:7], values[7:]]),
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


# Sparse columns reach the steps and parts, which may refuse them or solve otherwise.
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


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rows_may_be_any_table(name, table):
    case, change = CASES[name], TABLES[table]
    if "sparse" in table and name in KEEP_SPARSE:
        pytest.skip("scikit-learn's steps see a sparse frame as it is")
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
#: What is to be fitted so that no argument is refused.
FITTED = {
    "KFoldEnsembleRegressor": _ensembles.NETWORKS,
    "KFoldEnsembleClassifier": _ensembles.CLASS_NETWORKS,
    "BlendRegressor": {"estimators": [("network", _ensembles.NETWORK)]},
    "ModalityPipeline": _ensembles.ENDS_IN_NETWORK,
    "ModalityPreprocessor": FIT_ARGUMENTS["ModalityPreprocessor"][1]["groups"].base,
}
CONTAINERS = {k: v for k, v in (LAYOUTS | ONE_DIMENSIONAL).items() if k != "float16"}


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
