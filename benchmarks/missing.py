"""Missing modalities: the error where blocks are lost at prediction only, masked or filled.

python -m benchmarks.missing
python -m benchmarks.missing --data FOLDER --folds 1 --members 5

Every block of every row held out is lost with probability --rate, never all of a row. Models are
fitted once, on complete rows; the errors are medians over several such losses. "masked" gives the
model NaN, which it knows for a missing modality; "zeros" and "means" give its networks (or its
companions) zeros or the training rows' means in the preprocessed block, and "zeros in X" and
"means in X" those of the raw block, before the preprocessing. "refitted" (with --refit) is what
can be hoped for at best: for each set of blocks that rows have left, a model that was fitted on
these blocks alone.
"""

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.utils import Bunch

from benchmarks._accuracy_data import load_folder, outer_folds
from benchmarks._report import machine_line, print_row, seconds_of
from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.baselines import make_baselines
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.metrics import normalized_mean_squared_error
from mofa_sklearn.modalities import resolve_modalities

GENERATED_BLOCKS = {"image": 64, "video": 48, "text": 64}
COLUMNS = ["complete", "refitted", "masked", "zeros", "means", "zeros in X", "means in X"]
# Networks that see blocks hidden until the end of their training.
PREPARED = {"modality_dropout": 0.3, "anneal_dropout": False}


@dataclass
class Model:
    """A fitted model in two steps, so that blocks can be filled between them.

    `preprocess` is None where there is nothing between; `prepared` predicts the rows that have
    lost a block, where that is another model.
    """

    preprocess: Callable | None
    predict: Callable
    prepared: Callable | None = None

    def __call__(self, X, lost=None):
        """Predict raw rows."""
        Z = X if self.preprocess is None else self.preprocess(X)
        return self.of_preprocessed(Z, lost)

    def of_preprocessed(self, Z, lost=None):
        """Predict preprocessed rows."""
        prediction = self.predict(Z)
        if self.prepared is None or lost is None:
            return prediction
        return np.where(lost.any(axis=1)[:, np.newaxis], self.prepared(Z), prediction)


def fit_models(data, train, arguments):
    """Return name -> fitted Model."""
    X, y = data.X[train], data.y[train]
    groups = None if arguments.kind == "shuffled" else data.groups[train]
    pipeline = fit_pipeline(data.modalities, X, y, groups, arguments)
    prepared = fit_pipeline(data.modalities, X, y, groups, arguments, **PREPARED)
    boosting = make_baselines(names="hist-gb", random_state=arguments.seed)["hist-gb"]
    boosting.fit(X, y, groups=groups)
    preprocess, ensemble = pipeline[0].transform, pipeline[-1]
    networks, prepared_networks = (mean_of(each.estimators_) for each in (pipeline, prepared))
    models = {
        "networks": Model(preprocess, networks),
        "networks, prepared": Model(preprocess, prepared_networks),
        "networks, either by row": Model(preprocess, networks, prepared_networks),
        "default pipeline": Model(preprocess, ensemble.predict),
    }
    for name, members in ensemble.companions_.items():
        models[f"its {name}"] = Model(preprocess, mean_of(members))
    return {**models, "hist-gb": Model(None, boosting.predict)}


def fit_pipeline(modalities, X, y, groups, arguments, **network):
    """Fit the default recipe; with parameters of the network, its networks alone."""
    pipeline = make_mofa_pipeline(
        modalities,
        cv=arguments.members,
        imputer=SimpleImputer(strategy="median"),
        random_state=arguments.seed,
    )
    pipeline[-1].estimator.set_params(hidden_dim=arguments.hidden_dim, **network)
    if network:
        pipeline[-1].set_params(companions=None)
    return pipeline.fit(X, y, groups=groups)


def mean_of(members):
    return lambda Z: np.mean([member.predict(Z) for member in members], axis=0)


def draw_losses(X, blocks, rate, n_losses, seed):
    """Yield (n_rows, n_modalities) of bool: which block is lost, beside those that lack anyway."""
    rng = np.random.default_rng(seed)
    lacking = np.stack([np.isnan(X[:, columns]).all(axis=1) for columns in blocks], axis=1)
    for _ in range(n_losses):
        draws = np.where(lacking, -1, rng.random(lacking.shape))
        lost = draws < rate
        nothing_left = np.flatnonzero(lost.all(axis=1))
        lost[nothing_left, draws[nothing_left].argmax(axis=1)] = False
        yield lost & ~lacking


def refit_errors(data, train, test, losses, arguments):
    """Return name -> error of models that were fitted without the blocks that rows have lost."""
    X, y = np.asarray(data.X), data.y
    names = list(data.modalities)
    blocks = list(resolve_modalities(data.X, data.modalities).values())
    predictions = {name: np.empty((len(losses), *y[test].shape)) for name in _REFITTED}
    kept = ~np.stack(losses)  # (n_losses, n_rows, n_modalities)
    for pattern in np.unique(kept.reshape(-1, len(names)), axis=0):
        columns = np.concatenate([blocks[i] for i in np.flatnonzero(pattern)])
        modalities = {names[i]: len(blocks[i]) for i in np.flatnonzero(pattern)}
        rows = train[~np.isnan(X[np.ix_(train, columns)]).all(axis=1)]
        groups = None if arguments.kind == "shuffled" else data.groups[rows]
        own = fit_pipeline(modalities, X[np.ix_(rows, columns)], y[rows], groups, arguments)
        for loss in range(len(losses)):
            mine = np.flatnonzero((kept[loss] == pattern).all(axis=1))
            if not len(mine):
                continue
            Z = own[0].transform(X[np.ix_(test[mine], columns)])
            for name, predict in _REFITTED.items():
                predictions[name][loss, mine] = predict(own[-1], Z)
    return {
        name: float(np.median([normalized_mean_squared_error(y[test], each) for each in drawn]))
        for name, drawn in predictions.items()
    }


_REFITTED: dict[str, Callable] = {
    "networks": lambda ensemble, Z: mean_of(ensemble.estimators_)(Z),
    "default pipeline": lambda ensemble, Z: ensemble.predict(Z),
}


def filled(X, lost, blocks, values):
    """Put values, one for each column, where blocks are lost."""
    filled = np.array(X)
    for rows, columns in zip(lost.T, blocks, strict=True):
        filled[np.ix_(rows, columns)] = values[columns]
    return pd.DataFrame(filled, columns=X.columns) if hasattr(X, "columns") else filled


def errors_of(model, data, train, test, losses, refitted=np.nan):
    """Return the mean NMSE of the targets for complete rows, and for each way to fill them."""
    X, y = data.X[test], data.y[test]

    def median_error(predict, X, X_train, values):
        blocks = list(resolve_modalities(X, data.modalities).values())
        constants = {
            "masked": np.full(X.shape[1], np.nan),
            "zeros": np.zeros(X.shape[1]),
            "means": np.nanmean(np.asarray(X_train), axis=0),
        }[values]
        errors = [
            normalized_mean_squared_error(y, predict(filled(X, lost, blocks, constants), lost))
            for lost in losses
        ]
        return float(np.median(errors))

    errors = {"complete": normalized_mean_squared_error(y, model(X)), "refitted": refitted}
    for values in ("masked", "zeros", "means"):
        name = values if values == "masked" else f"{values} in X"
        errors[name] = median_error(model, X, data.X[train], values)
    if model.preprocess is not None:
        Z, Z_train = model.preprocess(X), model.preprocess(data.X[train])
        for values in ("zeros", "means"):
            errors[values] = median_error(model.of_preprocessed, Z, Z_train, values)
    return [errors.get(column, np.nan) for column in COLUMNS]


def generate(n_rows, noise, seed):
    """Generated videos of three modalities, of about the same importance."""
    data = make_micro_videos(
        n_rows, modalities=GENERATED_BLOCKS, noise=noise, return_bunch=True, random_state=seed
    )
    return Bunch(
        name=f"generated, noise {noise}",
        X=data.data,
        y=data.target,
        modalities=data.modalities,
        groups=None,
    )


def print_table(data, splits, arguments):
    figures: dict = {}
    blocks = list(resolve_modalities(data.X, data.modalities).values())
    for train, test in splits:
        seconds, models = seconds_of(lambda train=train: fit_models(data, train, arguments))
        print(f"fitted in {seconds:.0f} s", flush=True)
        drawn = draw_losses(data.X[test], blocks, arguments.rate, arguments.losses, arguments.seed)
        losses = list(drawn)
        refitted = refit_errors(data, train, test, losses, arguments) if arguments.refit else {}
        for name, model in models.items():
            errors = errors_of(model, data, train, test, losses, refitted.get(name, np.nan))
            figures.setdefault(name, []).append(errors)
    widths = [24, *[max(8, len(column)) for column in COLUMNS]]
    print_row(["mean NMSE", *COLUMNS], widths)
    for name, rows in figures.items():
        cells = ["-" if np.isnan(value) else f"{value:.3f}" for value in np.mean(rows, axis=0)]
        print_row([name, *cells], widths)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", metavar="FOLDER", help="folder of .npy files; without it, generated data")
    add("--kind", choices=["group", "shuffled"], help="of the folds; default: group with --data")
    add("--folds", type=int, default=1, help="how many of the five outer folds")
    add("--members", type=int, default=3, help="of every ensemble")
    add("--hidden-dim", type=int, default=512, help="of the networks")
    add("--rate", type=float, default=0.3, help="probability that a block is lost")
    add("--losses", type=int, default=5, help="how many times blocks are lost")
    add("--refit", action="store_true", help="fit anew for every set of blocks: takes long")
    add("--rows", type=int, default=2000, help="of generated data")
    add("--noise", type=float, default=0.3, help="of generated data")
    add("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.kind = arguments.kind or ("group" if arguments.data else "shuffled")
    return arguments


def main():
    arguments = parse_arguments()
    warnings.simplefilter("ignore")
    print(machine_line("numpy", "scikit-learn", "torch"))
    if arguments.data:
        data = load_folder(arguments.data)
    else:
        data = generate(arguments.rows, arguments.noise, arguments.seed)
    splits = outer_folds(data, 5, arguments.kind, arguments.seed)[: arguments.folds]
    print(
        f"{data.name}: {len(data.X):,} rows; {len(splits)} {arguments.kind} fold(s); "
        f"{arguments.members} members of width {arguments.hidden_dim}; "
        f"{100 * arguments.rate:g}% of the blocks lost, median of {arguments.losses}"
    )
    print_table(data, splits, arguments)


if __name__ == "__main__":
    main()
