"""
Tune with Optuna
================

Searches with ``OptunaSearchCV``, Optuna's scikit-learn integration: each candidate is drawn where
the ones before did well. Needs ``pip install optuna optuna-integration``.

The search takes one scorer only; ``combine_scorers`` makes it one that records the error of every
target. To stop a search and go on another day, pass it a ``study`` with a ``storage``.
"""

import warnings

import optuna
import pandas as pd
from _tuning import (
    folds,
    load,
    make_pipeline,
    parse_arguments,
    print_candidates,
    print_gain,
    training_rows,
)
from optuna.exceptions import ExperimentalWarning
from optuna_integration.sklearn import OptunaSearchCV

from mofa_sklearn.metrics import make_target_scorers
from mofa_sklearn.tuning import combine_scorers, mofa_search_space

SEARCHED = ["dropout", "modality_dropout", "learning_rate", "weight_decay"]
N_TRIALS = 8


def main():
    args = parse_arguments(__doc__.split("\n\n")[1], N_TRIALS)
    data = load(args)
    pipeline = make_pipeline(data, args)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", ExperimentalWarning)
    # The integration uses a part of Optuna that is going to be removed.
    warnings.filterwarnings("ignore", "`optuna.terminator` module", FutureWarning)
    search = OptunaSearchCV(
        pipeline,
        mofa_search_space(pipeline, kind="optuna", names=SEARCHED),
        n_trials=args.candidates,
        scoring=combine_scorers(make_target_scorers(data.target_names), refit="nmse"),
        cv=folds(args),
        random_state=args.random_state,
    )
    search.fit(**training_rows(data))

    print_candidates(results_of(search), data)
    print_gain(pipeline, search.best_estimator_, data)


def results_of(search):
    """The trials as a table like scikit-learn's ``cv_results_``."""
    return pd.DataFrame(
        {
            **{f"param_{name}": value for name, value in trial.params.items()},
            **trial.user_attrs,
        }
        for trial in search.trials_
    )


if __name__ == "__main__":
    main()
