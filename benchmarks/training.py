"""Training: ten members against the same recipe as a plain PyTorch script, time and error.

python -m benchmarks.training --rows 8000
python -m benchmarks.training --skorch-overhead
"""

import argparse
from statistics import median

import numpy as np

from benchmarks._bare_loop import compare_loops
from benchmarks._mofa_lite import PlainLoop
from benchmarks._report import machine_line, print_row, seconds_of
from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.metrics import normalized_mean_squared_error

MODALITIES = {"image": 1024, "video": 768, "text": 1024}
HEADER = [
    "model",
    "seconds",
    "preparing",
    "epochs",
    "s/epoch",
    "NMSE",
    "times faster",
    "NMSE diff",
]
WIDTHS = [24, 9, 9, 7, 8, 8, 12, 9]


class OurPipeline:
    """A pipeline of this package with the interface of PlainLoop."""

    def __init__(self, recipe, arguments, seed):
        self.pipeline = make_mofa_pipeline(
            MODALITIES, recipe=recipe, cv=arguments.folds, random_state=seed
        )
        parameters = {"device": arguments.device}
        if arguments.max_epochs:
            parameters["max_epochs"] = arguments.max_epochs
        self.pipeline[-1].set_params(engine=arguments.engine)
        self.pipeline[-1].estimator.set_params(**parameters)

    def fit(self, X, y):
        """What the pipeline's `fit` does, its two steps timed separately."""
        preprocess, ensemble = self.pipeline[0], self.pipeline[-1]
        self.preprocess_seconds, X = seconds_of(lambda: preprocess.fit_transform(X, y))
        self.train_seconds, _ = seconds_of(lambda: ensemble.fit(X, y))
        self.n_epochs = sum(member.n_iter_ for member in ensemble.estimators_)
        return self

    def predict(self, X):
        return self.pipeline.predict(X)


def make_contenders(arguments, seed):
    """The models that are compared, the yardstick first."""
    plain = PlainLoop(
        MODALITIES,
        n_folds=arguments.folds,
        max_epochs=arguments.max_epochs or 300,
        device="cuda" if arguments.device.startswith("cuda") else "cpu",
        seed=seed,
    )
    return {
        "plain PyTorch script": plain,
        'recipe="mofa-lite"': OurPipeline("mofa-lite", arguments, seed),
        'recipe="default"': OurPipeline("default", arguments, seed),
    }


def measure(arguments):
    """Fit all contenders in turn; return one array (n_repeats, 5) of figures for each."""
    n_test = max(arguments.rows // 4, 100)
    figures = {}
    for seed in range(arguments.repeats):
        X, y = make_micro_videos(
            arguments.rows + n_test,
            modalities=MODALITIES,
            noise=arguments.noise,
            random_state=seed,
        )
        X, X_test, y, y_test = X[n_test:], X[:n_test], y[n_test:], y[:n_test]
        for name, model in make_contenders(arguments, seed).items():
            model.fit(X, y)
            seconds = model.preprocess_seconds, model.train_seconds
            nmse = normalized_mean_squared_error(y_test, model.predict(X_test))
            figures.setdefault(name, []).append([*seconds, model.n_epochs, nmse])
    return {name: np.array(rows) for name, rows in figures.items()}


def print_table(figures):
    """Print medians over the repeats, and the ratio and difference to the first row."""
    print_row(HEADER, WIDTHS)
    totals = {name: rows[:, 0] + rows[:, 1] for name, rows in figures.items()}
    first = next(iter(figures))
    for name, rows in figures.items():
        preparing, _, n_epochs, nmse = np.median(rows, axis=0)
        values = [f"{median(totals[name]):.1f}", f"{preparing:.2f}", f"{n_epochs:.0f}"]
        values += [f"{np.median(rows[:, 1] / rows[:, 2]):.3f}", f"{nmse:.4f}"]
        if name != first:
            values += [f"{np.median(totals[first] / totals[name]):.2f}"]
            values += [f"{np.median(rows[:, 3] - figures[first][:, 3]):+.4f}"]
        print_row([name, *values, *[""] * (len(WIDTHS) - 1 - len(values))], WIDTHS)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8000, help="training rows")
    parser.add_argument("--folds", type=int, default=10, help="members")
    parser.add_argument("--noise", type=float, default=0.8, help="share of noise in the targets")
    parser.add_argument("--max-epochs", type=int, help="default: as each recipe says")
    parser.add_argument("--repeats", type=int, default=1, help="data sets, one after the other")
    parser.add_argument("--engine", default="auto", help="of our ensembles")
    parser.add_argument("--device", default="cpu", help="cpu or cuda, for all models")
    parser.add_argument(
        "--skorch-overhead",
        action="store_true",
        help="instead: epochs of the package's skorch net against a bare loop",
    )
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    print(machine_line("numpy", "scikit-learn", "skorch", "torch"))
    if arguments.skorch_overhead:
        n_epochs, n_repeats = arguments.max_epochs or 3, max(arguments.repeats, 3)
        compare_loops(n_epochs, n_repeats, max_rows=arguments.rows)
        return
    print(
        f"{arguments.rows:,} x {sum(MODALITIES.values())} training rows, noise {arguments.noise}; "
        f"{arguments.folds} members; median of {arguments.repeats}; device {arguments.device}\n"
        "epochs: of all members; s/epoch: training seconds / epochs; NMSE on held-out rows\n"
    )
    print_table(measure(arguments))


if __name__ == "__main__":
    main()
