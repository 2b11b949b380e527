"""One row, and many rows, with the pipeline, its torch module and its ONNX file.

python -m benchmarks.latency --what pipeline,module,onnx
"""

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import torch

from benchmarks._report import machine_line, print_row
from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.export import to_module, to_onnx

MODALITIES = {"image": 1024, "video": 768, "text": 1024}
ONNX_ROWS = 32  # in one call: more need more memory, and are no quicker
WIDTHS = [12, 10, 10, 10, 12, 12]


def fitted_pipeline(arguments):
    """The default pipeline on generated rows; kept in a file where one is named."""
    path = arguments.model
    if path is not None and path.exists():
        return joblib.load(path)
    X, y = make_micro_videos(
        arguments.rows, modalities=MODALITIES, missing_rate=0.05, random_state=0
    )
    model = make_mofa_pipeline(MODALITIES, cv=arguments.members, random_state=0).fit(X, y)
    if path is not None:
        joblib.dump(model, path)
    return model


def pipeline_predictor(model):
    """`predict` itself."""
    return model.predict


def module_predictor(model):
    """The exported torch module."""
    module = to_module(model)

    def predict(X):
        with torch.inference_mode():
            return module(torch.from_numpy(X)).numpy()

    return predict


def onnx_predictor(model):
    """The exported file, in onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        to_onnx(model, path)
        session = onnxruntime.InferenceSession(path, options)

    def predict(X):
        starts = range(0, len(X), ONNX_ROWS)
        chunks = [session.run(None, {"X": X[i : i + ONNX_ROWS]})[0] for i in starts]
        return np.concatenate(chunks)

    return predict


#: What can be measured: name -> function that makes a predictor of a fitted pipeline.
PREDICTORS = {
    "pipeline": pipeline_predictor,
    "module": module_predictor,
    "onnx": onnx_predictor,
}


def single_row_milliseconds(predictors, X, n_calls):
    """Milliseconds of predictions of one row each, taken in turns: name -> (n_calls, 2).

    The first column is time on the clock, the second that of the processor: the same on one
    thread, unless the machine has other work.
    """
    milliseconds = {name: np.zeros((n_calls, 2)) for name in predictors}
    for call in range(n_calls):
        row = X[call % len(X)][None]
        for name, predict in predictors.items():
            start = np.array([time.perf_counter(), time.process_time()])
            predict(row)
            end = np.array([time.perf_counter(), time.process_time()])
            milliseconds[name][call] = 1000 * (end - start)
    return milliseconds


def compare(arguments, model, X):
    """Print one row for each way of predicting."""
    predictors = {name: PREDICTORS[name](model) for name in arguments.what}
    for predict in predictors.values():
        predict(X[:2])  # what the first call loads is not the prediction's
    singles = single_row_milliseconds(predictors, X, arguments.calls)
    expected = model.predict(X)
    spread = expected.std(axis=0)
    print_row(["", "median, ms", "95 %, ms", "CPU, ms", "many, CPU s", "difference"], WIDTHS)
    many = np.concatenate([X] * -(-arguments.many // len(X)))[: arguments.many]
    for name, predict in predictors.items():
        start = time.process_time()
        predict(many)
        seconds = time.process_time() - start
        difference = np.abs((predict(X) - expected) / spread).max()
        (median, cpu), (high, _) = np.quantile(singles[name], [0.5, 0.95], axis=0)
        cells = [f"{value:.2f}" for value in (median, high, cpu, seconds)]
        print_row([name, *cells, f"{difference:.1e}"], WIDTHS)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--what", type=lambda text: text.split(","), default=[*PREDICTORS])
    parser.add_argument("--rows", type=int, default=8000, help="rows of the training")
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--calls", type=int, default=200, help="predictions of one row")
    parser.add_argument("--many", type=int, default=10_000, help="rows of one large prediction")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", type=Path, help="file that keeps the fitted pipeline")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    print(machine_line("numpy", "scikit-learn", "torch", "onnxruntime"))
    print(
        f"{arguments.members} members, {sum(MODALITIES.values())} columns, "
        f"{arguments.rows:,} training rows; {arguments.calls} single rows, "
        f"one call of {arguments.many:,} rows;\n"
        "difference from predict in standard deviations of it\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X = make_micro_videos(1000, modalities=MODALITIES, missing_rate=0.05, random_state=1)[0]
        compare(arguments, fitted_pipeline(arguments), X)


if __name__ == "__main__":
    main()
