"""Sequences of vectors: the mean over tokens, the largest values, or attention over them.

python -m benchmarks.sequences
python -m benchmarks.sequences --tokens 64 --rows 3000

Generated videos (make_micro_videos) with a picture, and a sequence of frames of which one tells
something and the others are noise. Networks with default settings, but narrower, on standardised
columns; "known" is given the frame that tells something, which nobody knows in practice.
"""

import argparse

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._report import machine_line, print_row, seconds_of
from mofa_sklearn import MoFARegressor
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.metrics import normalized_mean_squared_error
from mofa_sklearn.preprocessing import ModalityPreprocessor, TokenPooling

SEQUENCE = "frames"
WIDTH = 16
COLUMN_WIDTHS = [18, 6, 6, 8]


def main():
    arguments = parse_arguments()
    print(machine_line())
    print_row(["", "NMSE", "found", "seconds"], COLUMN_WIDTHS)
    models = {
        "without frames": {"columns": "image"},
        "mean": {"pooling": "mean"},
        "mean-std": {"pooling": "mean-std"},
        "max": {"pooling": "max"},
        "attention": {},
        "conditional_query": {"fusion": "conditional_query"},
        "known": {"columns": "known"},
    }
    sets = [make_set(arguments, seed) for seed in range(arguments.sets)]
    for name, options in models.items():
        results = [evaluate(data, arguments, **options) for data in sets]
        error, found, seconds = np.mean(results, axis=0)
        told = "" if np.isnan(found) else f"{found:.2f}"
        print_row([name, f"{error:.3f}", told, f"{seconds:.1f}"], COLUMN_WIDTHS)
    best = np.mean([data.best_nmse.mean() for data in sets])
    print_row(["best possible", f"{best:.3f}", "", ""], COLUMN_WIDTHS)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1500, help="training rows")
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--noise", type=float, default=0.2)
    parser.add_argument("--sets", type=int, default=3, help="generated sets, to average over")
    return parser.parse_args()


def make_set(arguments, seed):
    return make_micro_videos(
        arguments.rows + 1000,
        modalities={"image": WIDTH, SEQUENCE: WIDTH},
        n_tokens={SEQUENCE: arguments.tokens},
        noise=arguments.noise,
        return_bunch=True,
        random_state=seed,
    )


def evaluate(data, arguments, columns=None, pooling=None, fusion="modality_attention"):
    """Return the error on held-out rows, how often the frame is found, and seconds of the fit."""
    X, tokens = data.data, data.n_tokens
    if columns is not None:
        X, tokens = known_columns(data, columns), None
    train, test = slice(arguments.rows), slice(arguments.rows, None)
    modalities = data.modalities if columns is None else {"x": X.shape[1]}
    steps = [ModalityPreprocessor(StandardScaler(), modalities=modalities, tokens=tokens)]
    if pooling is not None:
        pool = TokenPooling(pooling, n_tokens=arguments.tokens)
        steps.append(ModalityPreprocessor(transformers=[(SEQUENCE, pool)]))
        tokens = None
    steps = [step.set_output(transform="pandas") for step in steps]
    network = MoFARegressor(tokens=tokens, fusion=fusion, hidden_dim=64, random_state=0)
    model = make_pipeline(*steps, network)
    seconds, _ = seconds_of(lambda: model.fit(X[train], data.target[train]))
    error = normalized_mean_squared_error(data.target[test], model.predict(X[test]))
    found = np.nan
    if tokens is not None:
        weights = network.token_attention(model[:-1].transform(X[test]), SEQUENCE)
        found = np.mean(weights.argmax(axis=1) == data.signal_tokens[SEQUENCE][test])
    return error, found, seconds


def known_columns(data, columns):
    image = data.data[:, :WIDTH]
    if columns == "image":
        return image
    frames = data.data[:, WIDTH:].reshape(len(image), -1, WIDTH)
    return np.hstack([image, frames[np.arange(len(image)), data.signal_tokens[SEQUENCE]]])


if __name__ == "__main__":
    main()
