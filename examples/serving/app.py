"""
A server of predictions, to copy
================================

Serves a file that `mofa_sklearn.export.to_onnx` wrote, with FastAPI, uvicorn and onnxruntime;
neither torch nor scikit-learn is loaded. What the rows have to look like is read from the file.

    python examples/serving/app.py --model model.onnx --workers 2 --port 8000

A request is JSON: each row has all modalities by name, ``null`` where one is missing, and may have
``null`` for single numbers.

    POST /predict
    {"rows": [{"image": [0.1, 0.2], "text": null}]}

    {"predictions": [{"views": 120.5, "likes": 3.2}]}

What cannot be predicted is answered by status 422 with what is wrong and where. ``GET /model``
tells what the model takes and gives, ``GET /health`` whether the process is up.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Annotated

import numpy as np

try:
    import onnxruntime
    import uvicorn
    from fastapi import FastAPI, HTTPException, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator
except ImportError as error:
    raise SystemExit(
        f"The server needs the package {error.name}: "
        "pip install fastapi 'uvicorn[standard]' onnxruntime"
    ) from error

# More rows in one request are refused: they would keep others waiting, and need memory.
MAX_ROWS = 256
_MAX_FLOAT32 = float(np.finfo(np.float32).max)


class OnnxModel:
    """A file that `to_onnx` wrote.

    Attributes
    ----------
    modalities : dict of str to list of int
        Columns of each modality.
    targets : list of str
        What is predicted: names of targets, or classes.
    kind : {"prediction", "probabilities"}
    """

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        # Workers are processes: each takes one thread, so that they do not wait for each other.
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options)
        about = self._session.get_modelmeta().custom_metadata_map
        about = {name: json.loads(text) for name, text in about.items()}
        self.modalities = _columns_of(about)
        (output,) = self._session.get_outputs()
        self.kind = output.name
        n_targets = output.shape[1] if len(output.shape) == 2 else 1
        names = about.get("classes" if self.kind == "probabilities" else "targets")
        self.targets = [str(name) for name in names or [f"target{i}" for i in range(n_targets)]]

    def predict(self, X):
        """Map float32 (n_rows, n_columns), NaN for what is missing, to (n_rows, n_targets)."""
        (prediction,) = self._session.run(None, {"X": X})
        return prediction.reshape(len(X), -1)


def _columns_of(about):
    if "columns" in about:
        return about["columns"]
    columns, start = {}, 0
    for name, width in about["modalities"].items():
        columns[name] = list(range(start, start + width))
        start += width
    return columns


def request_of(model):
    """Make the class of requests: rows with a vector, or null, for each modality."""
    number = Annotated[float, Field(ge=-_MAX_FLOAT32, le=_MAX_FLOAT32, allow_inf_nan=False)]

    def has_a_modality(row):
        if all(getattr(row, field) is None for field in fields):
            raise ValueError("all modalities are missing: nothing is left to predict from")
        return row

    # Fields have names of our own: a modality may be called as a method of pydantic is.
    fields = {}
    for i, (name, columns) in enumerate(model.modalities.items()):
        vector = Annotated[
            list[number | None], Field(min_length=len(columns), max_length=len(columns))
        ]
        fields[f"modality{i}"] = (vector | None, Field(alias=name))
    row = create_model(
        "Row",
        __config__=ConfigDict(extra="forbid"),
        __validators__={"has_a_modality": model_validator(mode="after")(has_a_modality)},
        **fields,
    )

    class Rows(BaseModel):
        model_config = ConfigDict(extra="forbid")
        rows: Annotated[list[row], Field(min_length=1, max_length=MAX_ROWS)]

    return Rows


def matrix_of(rows, model):
    """Lay rows out as the model takes them, with NaN for null."""
    n_columns = sum(len(columns) for columns in model.modalities.values())
    X = np.full((len(rows), n_columns), np.nan, dtype=np.float32)
    for i, columns in enumerate(model.modalities.values()):
        for x, row in zip(X, rows, strict=True):
            vector = getattr(row, f"modality{i}")
            if vector is not None:
                x[columns] = vector  # None becomes NaN
    return X


def create_app(model=None):
    """Make the application; without a model, of the file that the variable MODEL_FILE names."""
    model = OnnxModel(os.environ["MODEL_FILE"]) if model is None else model
    app = FastAPI(title="Predictions from embeddings")

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        # Without the input, which may be thousands of numbers.
        problems = [{"where": e["loc"], "problem": e["msg"]} for e in error.errors()]
        return JSONResponse({"detail": problems}, status_code=422)

    @app.get("/health")
    def health():
        return {"process": os.getpid()}

    @app.get("/model")
    def about():
        widths = {name: len(columns) for name, columns in model.modalities.items()}
        return {"modalities": widths, model.kind: model.targets, "max_rows": MAX_ROWS}

    @app.post("/predict")
    def predict(request: request_of(model)):
        predictions = model.predict(matrix_of(request.rows, model))
        unknown = np.flatnonzero(np.isnan(predictions).any(axis=1)).tolist()
        if unknown:
            problem = "single numbers are missing, which this model does not fill in"
            raise HTTPException(
                422, [{"where": ["body", "rows", i], "problem": problem} for i in unknown]
            )
        return {
            model.kind if model.kind == "probabilities" else "predictions": [
                dict(zip(model.targets, row, strict=True)) for row in predictions.tolist()
            ]
        }

    return app


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("--model", type=Path, required=True, help="file of to_onnx")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    arguments = parser.parse_args()
    if not arguments.model.is_file():
        parser.error(f"there is no file {arguments.model}")
    os.environ["MODEL_FILE"] = str(arguments.model.resolve())  # the workers read it
    # With uvloop, of uvicorn[standard], answers are sent at once: without, those of several
    # processes wait 40 ms for the client to confirm their first part.
    uvicorn.run(
        "app:create_app",
        factory=True,
        app_dir=Path(__file__).parent,
        host=arguments.host,
        port=arguments.port,
        workers=arguments.workers,
    )


if __name__ == "__main__":
    main()
