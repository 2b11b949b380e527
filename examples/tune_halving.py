"""
Tune by dropping the worst early
================================

Searches with scikit-learn's ``HalvingRandomSearchCV``: many random candidates are trained for few
epochs, the better third of them for three times as many, and so on.

The budget is the number of epochs rather than of rows: the learning rate falls to zero at the end
of each training, so that a short one is a whole one, and creators stay complete. The search takes
one scorer only; ``combine_scorers`` makes it one that records the error of every target.
"""

from _tuning import (
    folds,
    load,
    make_pipeline,
    parse_arguments,
    print_candidates,
    print_gain,
    training_rows,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV

from mofa_sklearn.metrics import make_target_scorers
from mofa_sklearn.tuning import combine_scorers, mofa_search_space

SEARCHED = ["dropout", "modality_dropout", "learning_rate", "weight_decay"]
N_CANDIDATES, FACTOR = 9, 3


def main():
    args = parse_arguments(__doc__.split("\n\n")[1], N_CANDIDATES)
    data = load(args)
    pipeline = make_pipeline(data, args)

    search = HalvingRandomSearchCV(
        pipeline,
        mofa_search_space(pipeline, names=SEARCHED),
        n_candidates=args.candidates,
        resource="regressor__estimator__max_epochs",
        max_resources=args.max_epochs,
        min_resources="exhaust",  # the last candidate gets all epochs
        factor=FACTOR,
        scoring=combine_scorers(make_target_scorers(data.target_names), refit="nmse"),
        refit="score",
        cv=folds(args),
        return_train_score=False,
        error_score="raise",
        random_state=args.random_state,
    )
    search.fit(**training_rows(data))

    print_candidates(search.cv_results_, data, by=["max_epochs", "nmse"])
    print_gain(pipeline, search.best_estimator_, data)


if __name__ == "__main__":
    main()
