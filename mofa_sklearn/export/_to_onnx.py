"""A fitted pipeline as a file for onnxruntime."""

from __future__ import annotations

import json
import os
from numbers import Integral
from typing import Any

import torch

from .._sklearn_private import Interval, validate_params
from .._version import __version__
from ._to_module import ExportedModel, to_module

#: Names of the graph's input and output.
INPUT, OUTPUT = "X", "prediction"
_DEFAULT_OPSET = 20


@validate_params(
    {
        "model": "no_validation",
        "path": [str, os.PathLike],
        "opset": [Interval(Integral, 18, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def to_onnx(model: Any, path: str | os.PathLike[str], *, opset: int | None = None) -> None:
    """Write a fitted pipeline, ensemble or estimator as an ONNX file.

    onnxruntime predicts with the file alone, in Python, C++, JavaScript and other
    languages: no package of Python's has to be installed there.

    Parameters
    ----------
    model : estimator
        Fitted, on columns of numbers.
    path : str or path-like
        The file to write, `.onnx` by custom.
    opset : int, default=None
        Version of ONNX's operators, 18 or newer; None takes 20.

    Raises
    ------
    TypeError
        If a step has no counterpart; the message names it.
    ImportError
        If a package of the extra `onnx` is not installed.
    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    See Also
    --------
    to_module : The same as a torch module.

    Notes
    -----
    The graph has one input, ``"X"``, float32 of shape (n_samples, n_features_in_) with
    any number of rows, NaN where a value or a modality is missing; and one output,
    ``"prediction"``, float32, of the shape of `predict`, or of `predict_proba`. Its
    metadata hold the modalities' names and widths as JSON (``"modalities"``), the classes
    of a classifier (``"classes"``), and the version of mofa_sklearn.

    Examples
    --------
    >>> import tempfile
    >>> from mofa_sklearn import MoFARegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.export import to_onnx
    >>> widths = {"image": 8, "text": 8}
    >>> X, y = make_micro_videos(100, modalities=widths, random_state=0)
    >>> model = MoFARegressor(widths, hidden_dim=8, max_epochs=2, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_onnx(model, f"{folder}/model.onnx")  # doctest: +SKIP
    """
    onnx = _import_onnx()
    module = to_module(model)
    program = _exported(module, _DEFAULT_OPSET if opset is None else opset)
    proto = program.model_proto
    metadata = {
        "modalities": json.dumps(module.modalities_),
        "mofa_sklearn": __version__,
    }
    if hasattr(model, "classes_"):
        metadata["classes"] = json.dumps(model.classes_.tolist())
    onnx.helper.set_model_props(proto, metadata)
    onnx.checker.check_model(proto)
    onnx.save(proto, os.fspath(path))


def _import_onnx() -> Any:
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"to_onnx needs the package {error.name}: pip install mofa-sklearn[onnx]"
        ) from error
    return onnx


def _exported(module: ExportedModel, opset: int) -> Any:
    """Trace the module for any number of rows."""
    rows = torch.zeros(3, module.n_features_in_)  # 0 and 1 would be taken for constants
    return torch.onnx.export(
        module,
        (rows,),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({0: torch.export.Dim("n_samples")},),
        opset_version=opset,
        dynamo=True,
        external_data=False,
        optimize=False,
        verbose=False,
    )
