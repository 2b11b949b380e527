"""The server of the examples answers rows, batches and bad requests."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.estimators import RidgePathRegressor
from mofa_sklearn.export import to_onnx

pytestmark = pytest.mark.processes

SERVER = Path(__file__).parents[1] / "examples" / "serving" / "app.py"
WIDTHS = {"image": 5, "copy": 3}  # one is called as a method of pydantic is
TARGETS = ["views", "likes"]
_SECONDS_TO_START = 120


@pytest.fixture(scope="module")
def videos():
    X, y = make_micro_videos(60, modalities=WIDTHS, n_targets=2, missing_rate=0.1, random_state=0)
    return X, pd.DataFrame(np.expm1(y), columns=TARGETS)


@pytest.fixture(scope="module")
def model(videos):
    pipeline = make_mofa_pipeline(
        WIDTHS, estimator=RidgePathRegressor(), cv=2, target_transform="log1p", random_state=0
    )
    return pipeline.fit(*videos)


@pytest.fixture(scope="module")
def client(model, tmp_path_factory):
    """A client of a server with two processes, which is told to end and does."""
    path = tmp_path_factory.mktemp("served") / "model.onnx"
    to_onnx(model, path)
    command = [sys.executable, SERVER, "--model", path, "--workers", "2", "--port", "0"]
    server = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    try:
        lines = iter(server.stderr.readline, "")
        url = next(m[1] for m in map(re.compile(r"running on (\S+)").search, lines) if m)
        with httpx.Client(base_url=url, timeout=_SECONDS_TO_START, trust_env=False) as client:
            _wait_for(client)
            yield client
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
    finally:
        server.kill()
        server.stderr.close()


def _wait_for(client):
    end = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < end:
        try:
            client.get("/health").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError("The server did not start.")


def as_json(X):
    """Rows as requests have them: null where a modality, or a number, is missing."""
    vectors = [
        [None if np.isnan(value) else float(value) for value in row] for row in X.astype(float)
    ]
    rows = [{"image": row[:5], "copy": row[5:]} for row in vectors]
    return {
        "rows": [
            {name: None if set(v) == {None} else v for name, v in row.items()} for row in rows
        ]
    }


def problems(response):
    assert response.status_code == 422
    return [(each["where"], each["problem"]) for each in response.json()["detail"]]


def test_one_row_and_a_batch_get_what_the_model_predicts(client, model, videos):
    X = videos[0]
    X = X[~np.isnan(X).all(axis=1)]
    for rows in (X[:1], X):
        answer = client.post("/predict", json=as_json(rows))
        assert answer.status_code == 200
        got = pd.DataFrame(answer.json()["predictions"])
        assert list(got.columns) == TARGETS
        np.testing.assert_allclose(got, model.predict(rows), rtol=1e-3)


def test_a_missing_modality_is_null_and_so_is_a_single_number(client, model, videos):
    X = np.nan_to_num(videos[0][:2])
    X[0, :5] = np.nan
    X[1, 6] = np.nan
    request = as_json(X)
    assert request["rows"][0]["image"] is None
    got = pd.DataFrame(client.post("/predict", json=request).json()["predictions"])
    np.testing.assert_allclose(got, model.predict(X), rtol=1e-3)


def test_the_server_tells_what_it_takes(client):
    about = client.get("/model").json()
    assert about == {"modalities": WIDTHS, "prediction": TARGETS, "max_rows": 256}


@pytest.mark.parametrize(
    ("row", "where", "problem"),
    [
        ({"image": [1, 2], "copy": None}, ["rows", 0, "image"], "at least 5 items"),
        ({"image": None, "copy": [1, 2, 3, 4]}, ["rows", 0, "copy"], "at most 3 items"),
        ({"image": None, "copy": None}, ["rows", 0], "all modalities are missing"),
        ({"image": None}, ["rows", 0, "copy"], "Field required"),
        ({"image": None, "copy": [1, 2, 3], "text": [1]}, ["rows", 0, "text"], "not permitted"),
        ({"image": None, "copy": [1, "b", 3]}, ["rows", 0, "copy", 1], "valid number"),
        ({"image": None, "copy": [1, 1e39, 3]}, ["rows", 0, "copy", 1], "less than or equal"),
    ],
)
def test_a_bad_row_is_refused_with_what_is_wrong_and_where(client, row, where, problem):
    ((got_where, got_problem),) = problems(client.post("/predict", json={"rows": [row]}))
    assert got_where[1 : len(where) + 1] == where
    assert problem in got_problem


def test_other_bad_requests_are_refused(client):
    row = {"image": [1] * 5, "copy": None}
    for rows, problem in (([], "at least 1 item"), ([row] * 257, "at most 256 items")):
        ((_, got),) = problems(client.post("/predict", json={"rows": rows}))
        assert problem in got
    answer = client.post(
        "/predict", content='{"rows": [', headers={"content-type": "application/json"}
    )
    assert "JSON" in problems(answer)[0][1]
    assert client.post("/nowhere").status_code == 404


def test_a_file_that_is_not_there_is_an_error_before_anything_starts(tmp_path):
    command = [sys.executable, SERVER, "--model", tmp_path / "no.onnx"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "there is no file" in ended.stderr
