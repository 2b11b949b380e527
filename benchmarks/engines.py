"""Members trained together (``engine="stacked"``) against one by one (``"joblib"``).

python -m benchmarks.engines --members 10 --rows 1500
"""

import argparse

import numpy as np

from benchmarks._report import machine_line, median_seconds, numbers, print_row
from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor

# Columns of X and width of the network.
SIZES = {"32 columns, width 16": (32, 16), "128, 64": (128, 64), "281, 128": (281, 128)}
WIDTHS = [22, 10, 9, 10, 11, 14]


def measure(n_columns, hidden_dim, n_members, arguments):
    """Median seconds of a fit for each engine, and the number of weights of a member."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(arguments.rows, n_columns)).astype(np.float32)
    y = X[:, :3] + rng.normal(size=(arguments.rows, 3))
    member = MoFARegressor(
        {"a": n_columns // 2, "b": n_columns - n_columns // 2},
        hidden_dim=hidden_dim,
        max_epochs=arguments.epochs,
        n_iter_no_change=None,
        device=arguments.device,
    )
    ensembles = {
        engine: KFoldEnsembleRegressor(member, cv=n_members, engine=engine, random_state=0)
        for engine in ("joblib", "stacked")
    }
    fits = {engine: lambda e=ensemble: e.fit(X, y) for engine, ensemble in ensembles.items()}
    seconds = median_seconds(fits, arguments.repeats)
    module = ensembles["stacked"].estimators_[0].module_
    return seconds, sum(parameter.numel() for parameter in module.parameters())


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--members", type=numbers, default=[3, 10], help="such as 3,10")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    print(machine_line("scikit-learn", "skorch", "torch"))
    print(
        f"{arguments.rows:,} rows, {arguments.epochs} epochs, device {arguments.device}; "
        f"median of {arguments.repeats}, by turns\n"
    )
    # The first fit of a process imports what torch needs for it.
    MoFARegressor(max_epochs=1, device=arguments.device).fit(np.eye(8), np.arange(8))
    print_row(["network", "weights", "members", "joblib s", "stacked s", "times faster"], WIDTHS)
    for name, size in SIZES.items():
        for n_members in arguments.members:
            seconds, n_weights = measure(*size, n_members, arguments)
            joblib, stacked = seconds["joblib"], seconds["stacked"]
            figures = [f"{joblib:.2f}", f"{stacked:.2f}", f"{joblib / stacked:.2f}"]
            print_row([name, f"{n_weights:,}", n_members, *figures], WIDTHS)


if __name__ == "__main__":
    main()
