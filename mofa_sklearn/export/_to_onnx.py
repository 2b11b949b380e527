"""A fitted pipeline as a file for onnxruntime."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from .._sklearn_private import Interval, validate_params
from .._version import __version__
from ..persistence._archive import write_atomically
from ._to_module import ExportedModel, to_module

_INPUT = "X"
# What torch's exporter can write; and what it is asked for, which runtimes have known since 2023.
_OLDEST_OPSET, _NEWEST_OPSET, _DEFAULT_OPSET = 18, 25, 20
# Of a file of the protocol buffers that ONNX is written in.
_MAX_BYTES = 2**31 - 1


@validate_params(
    {
        "model": "no_validation",
        "path": [str, os.PathLike],
        "opset": [Interval(Integral, _OLDEST_OPSET, _NEWEST_OPSET, closed="both"), None],
    },
    prefer_skip_nested_validation=True,
)
def to_onnx(model: Any, path: str | os.PathLike[str], *, opset: int | None = None) -> None:
    """Write a fitted pipeline, ensemble or estimator as an ONNX file.

    onnxruntime predicts with the file alone, in Python, C++, JavaScript and other
    languages: neither scikit-learn nor torch has to be installed there. Needs the extra
    `onnx`.

    Parameters
    ----------
    model : estimator
        Fitted, on columns of numbers.
    path : str or path-like
        The file to write, `.onnx` by custom. It appears as a whole, or not at all.
    opset : int, default=None
        Version of ONNX's operators, 18 to 25; None takes 20.

    Raises
    ------
    TypeError
        If a step has no counterpart; the message names it.
    ValueError
        If `opset` is another, or the model is too large for one file (2 GiB).
    ImportError
        If a package of the extra `onnx` is not installed.
    FileNotFoundError
        If the folder of `path` is not there.
    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    See Also
    --------
    to_module : The same as a torch module.

    Notes
    -----
    The graph has one input, ``"X"``: float32 of shape (n_samples, n_features_in_), any
    number of rows, NaN where a value or a modality is missing. It has one output,
    float32: ``"prediction"``, of the shape of `predict`, or, of a classifier,
    ``"probabilities"``, of the shape of `predict_proba`. A graph cannot raise an error:
    rows with infinity, without any modality, or with gaps that the model does not fill
    get NaN. The numbers are those of :func:`to_module`.

    The file's metadata are JSON: ``"modalities"`` (name -> number of columns, in the
    order of the columns), ``"columns"`` (name -> positions, where the modalities are not
    one after the other), ``"tokens"``, ``"feature_names"``, ``"targets"`` and
    ``"classes"`` where there are, and ``"mofa_sklearn"``, the version.

    Examples
    --------
    >>> import tempfile
    >>> from mofa_sklearn import MoFARegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.export import to_onnx
    >>> widths = {"image": 8, "text": 8}
    >>> X, y = make_micro_videos(100, modalities=widths, random_state=0)
    >>> model = MoFARegressor(widths, hidden_dim=8, max_epochs=2, random_state=0).fit(X, y)
    >>> import onnxruntime
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_onnx(model, f"{folder}/model.onnx")
    ...     session = onnxruntime.InferenceSession(f"{folder}/model.onnx")
    >>> (prediction,) = session.run(None, {"X": X[:5]})
    >>> prediction.shape
    (5, 3)
    """
    onnx = _import_onnx()
    path = Path(path)
    if not path.parent.is_dir():  # tracing takes seconds
        raise FileNotFoundError(
            f"There is no folder {str(path.parent)!r} to write {path.name!r} in."
        )
    module = to_module(model)
    output = "probabilities" if is_classifier(model) else "prediction"
    proto = _graph_of(module, output, _DEFAULT_OPSET if opset is None else int(opset))
    metadata = {name: json.dumps(value) for name, value in _metadata_of(model, module).items()}
    onnx.helper.set_model_props(proto, metadata)
    if proto.ByteSize() > _MAX_BYTES:
        raise ValueError(
            f"The model takes {proto.ByteSize() / 2**30:.1f} GiB, and an ONNX file no more than "
            "2: export an ensemble of fewer members, or a smaller network."
        )
    onnx.checker.check_model(proto)
    write_atomically(path, proto.SerializeToString())


def _import_onnx() -> Any:
    try:
        import onnx
        import onnxscript  # noqa: F401  (torch's exporter needs it)
    except ImportError as error:
        raise ImportError(
            f"to_onnx needs the package {error.name}: pip install mofa-sklearn[onnx]"
        ) from error
    return onnx


def _graph_of(module: ExportedModel, output: str, opset: int) -> Any:
    """Trace the module for any number of rows."""
    rows = torch.zeros(3, module.n_features_in_)  # 0 and 1 would be taken for constants
    with _quiet():
        program = torch.onnx.export(
            module,
            (rows,),
            input_names=[_INPUT],
            output_names=[output],
            dynamic_shapes=({0: torch.export.Dim("n_samples")},),
            opset_version=opset,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None  # it is where no path is given
    proto = program.model_proto
    written = {each.domain: each.version for each in proto.opset_import}.get("")
    if written != opset:
        raise ValueError(
            f"torch {torch.__version__} cannot write opset={opset}: leave it out to take "
            f"{_DEFAULT_OPSET}."
        )
    return proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporter tells of its own inside, such as that torchvision lacks."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _metadata_of(model: Any, module: ExportedModel) -> dict[str, Any]:
    """Return what whoever serves the file has to know."""
    metadata: dict[str, Any] = {"mofa_sklearn": __version__, "modalities": module.modalities_}
    blocks = module.door.blocks
    in_order = np.concatenate([[], *blocks.values()])
    if len(blocks) and not np.array_equal(in_order, np.arange(module.n_features_in_)):
        metadata["columns"] = {name: columns.tolist() for name, columns in blocks.items()}
    if module.door.tokens:
        metadata["tokens"] = module.door.tokens
    if hasattr(model, "feature_names_in_"):
        metadata["feature_names"] = model.feature_names_in_.tolist()
    if hasattr(model, "classes_"):
        metadata["classes"] = np.asarray(model.classes_).tolist()
    last = model
    while isinstance(last, Pipeline):
        last = last.steps[-1][1]
    if getattr(last, "_target_names", None) is not None:
        metadata["targets"] = [str(name) for name in last._target_names]
    return metadata
