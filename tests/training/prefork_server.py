"""A server that loads its models once and forks its workers, as gunicorn does with preload_app.

`main`, for a process of its own, tells the models' predictions' checksums and its port, then
answers ``GET /predict/<model>`` and ``GET /fit/<model>`` from two processes.
"""

import json
import os
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import torch
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor, make_mofa_pipeline

from ..helpers import with_quick_companions

N_WORKERS = 2
N_THREADS = 2
WIDTHS = {"a": 40, "b": 40}


def make_models():
    network = MoFARegressor(WIDTHS, hidden_dim=64, max_epochs=1, random_state=0)
    pipeline = make_mofa_pipeline(WIDTHS, cv=2, random_state=0)
    return {
        "network": network,
        "ensemble": KFoldEnsembleRegressor(network, cv=2, random_state=0),
        "pipeline": with_quick_companions(pipeline).set_params(
            regressor__estimator__hidden_dim=16, regressor__estimator__max_epochs=1
        ),
    }


def checksum(prediction):
    return zlib.crc32(prediction.tobytes())


rng = np.random.default_rng(0)
# Enough rows for torch to divide its work among threads.
X = rng.normal(size=(1500, 80)).astype(np.float32)
y = X[:, 0] + 0.1 * rng.normal(size=len(X))
MODELS = {}


class Worker(BaseHTTPRequestHandler):
    """Answers with its process id, and the checksum of what it predicts."""

    def do_GET(self):
        _, task, name = self.path.split("/")
        model = MODELS[name]
        if task == "fit":
            model = clone(model).fit(X, y)
        answer = json.dumps({"pid": os.getpid(), "checksum": checksum(model.predict(X))})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *args):
        pass


def main(connection):
    os.setsid()  # whoever ends this process ends its workers, too
    # One thread would have none to wait for.
    torch.set_num_threads(N_THREADS)
    threadpool_limits(N_THREADS)
    MODELS.update((name, model.fit(X, y)) for name, model in make_models().items())
    expected = {name: checksum(model.predict(X)) for name, model in MODELS.items()}
    server = HTTPServer(("127.0.0.1", 0), Worker)
    for _ in range(N_WORKERS):
        if os.fork() == 0:
            server.serve_forever()
    # The parent goes on computing.
    again = {name: checksum(model.predict(X)) for name, model in MODELS.items()}
    connection.send({"port": server.server_port, "expected": expected, "again": again})
    os.wait()
