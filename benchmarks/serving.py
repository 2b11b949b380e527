"""The server of the examples: requests a second, and how long one takes, beside XGBoost.

python -m benchmarks.serving --workers 2
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from benchmarks._report import machine_line, print_row
from benchmarks.latency import MODALITIES, fitted_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.export import to_onnx

SERVING = Path(__file__).parents[1] / "examples" / "serving"
JSON = {"content-type": "application/json"}
N_TARGETS = 3
WIDTHS = [26, 14, 12, 12, 16]


class XGBoostModel:
    """Boosted trees behind the same server: what `examples.serving.app.OnnxModel` has."""

    kind = "prediction"
    targets = [f"target{i}" for i in range(N_TARGETS)]

    def __init__(self, path):
        import xgboost

        self._model = xgboost.XGBRegressor(n_jobs=1)
        self._model.load_model(path)
        ends = np.cumsum([*MODALITIES.values()])
        self.modalities = {
            name: list(range(end - width, end))
            for (name, width), end in zip(MODALITIES.items(), ends, strict=True)
        }

    def predict(self, X):
        """Predict all targets."""
        return self._model.predict(X)


def xgboost_app():
    """The application around XGBoost's model, for uvicorn."""
    sys.path.insert(0, str(SERVING))
    from app import create_app

    return create_app(XGBoostModel(os.environ["MODEL_FILE"]))


def train_xgboost(X, y, path):
    """Trees of the usual depth, one model of all targets."""
    import xgboost

    # Few columns for each tree: they are as deep, and sooner trained.
    model = xgboost.XGBRegressor(
        n_estimators=200, learning_rate=0.05, colsample_bytree=0.02, n_jobs=1, random_state=0
    )
    model.fit(X, y).save_model(path)


@contextmanager
def server(command, model):
    """A server that runs for the time of a ``with`` block; gives a client's base URL."""
    environment = {**os.environ, "MODEL_FILE": str(model), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        lines = iter(process.stderr.readline, "")
        url = next(m[1] for m in map(re.compile(r"running on (\S+)").search, lines) if m)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        while True:
            try:
                httpx.get(f"{url}/health", timeout=60, trust_env=False).raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def load(url, body, n_clients, seconds):
    """Milliseconds of all requests that some clients send one after the other, and their rate."""
    milliseconds = []

    def send():
        with httpx.Client(base_url=url, headers=JSON, timeout=60, trust_env=False) as client:
            client.post("/predict", content=body).raise_for_status()
            while time.perf_counter() < end:
                start = time.perf_counter()
                client.post("/predict", content=body).raise_for_status()
                milliseconds.append(1000 * (time.perf_counter() - start))

    start = time.perf_counter()
    end = start + seconds
    clients = [threading.Thread(target=send) for _ in range(n_clients)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return np.array(milliseconds), len(milliseconds) / (time.perf_counter() - start)


def body_of(X):
    """A request's JSON."""
    ends = np.cumsum([*MODALITIES.values()])[:-1]
    rows = [
        dict(
            zip(
                MODALITIES,
                (np.round(part, 6).tolist() for part in np.split(row, ends)),
                strict=True,
            )
        )
        for row in X.astype(float)
    ]
    return json.dumps({"rows": rows}).encode()


def compare(arguments, folder):
    """Print a row for each server and kind of request."""
    # How long trees take depends on their number and depth alone, not on the rows of training.
    X, y = make_micro_videos(1000, modalities=MODALITIES, random_state=0)
    to_onnx(fitted_pipeline(arguments), folder / "model.onnx")
    train_xgboost(X, y, folder / "model.ubj")
    shared = ["--workers", str(arguments.workers), "--port", "0"]
    app = [sys.executable, SERVING / "app.py", "--model", folder / "model.onnx", *shared]
    uvicorn = [sys.executable, "-m", "uvicorn", "--no-access-log", "--factory"]
    of_xgboost = [*uvicorn, "benchmarks.serving:xgboost_app"]
    commands = {
        "pipeline (ONNX)": (app, folder / "model.onnx"),
        "XGBoost": ([*of_xgboost, *shared], folder / "model.ubj"),
    }
    print_row(["", "rows/request", "median, ms", "95 %, ms", "requests/s"], WIDTHS)
    for name, (command, model) in commands.items():
        with server(command, model) as url:
            for n_rows, n_clients in ((1, 1), (1, arguments.clients), (64, 1)):
                times, rate = load(url, body_of(X[:n_rows]), n_clients, arguments.seconds)
                median, high = np.quantile(times, [0.5, 0.95])
                label = f"{name}, {n_clients} client{'s' * (n_clients > 1)}"
                print_row([label, n_rows, f"{median:.1f}", f"{high:.1f}", f"{rate:.0f}"], WIDTHS)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8000, help="rows of the training")
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2, help="processes of a server")
    parser.add_argument("--clients", type=int, default=4, help="that send rows at the same time")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--model", type=Path, help="file that keeps the fitted pipeline")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    print(machine_line("fastapi", "uvicorn", "onnxruntime", "xgboost"))
    print(f"{arguments.workers} processes, {sum(MODALITIES.values())} columns\n")
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        compare(arguments, Path(folder))


if __name__ == "__main__":
    main()
