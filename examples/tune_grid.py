"""
Tune by trying all combinations
===============================

Searches a grid with scikit-learn's ``GridSearchCV``: two or three values of each parameter, and
every combination of them.

Each candidate is the whole pipeline, preprocessing and ensemble, fitted on the training rows of
each fold, so that nothing leaks. No creator is on both sides of a fold, neither of the search nor
of the ensemble. The error of each target is recorded beside their mean, by which the best
candidate is chosen.
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
from sklearn.model_selection import GridSearchCV

from mofa_sklearn.metrics import make_target_scorers
from mofa_sklearn.tuning import mofa_search_space


def main():
    args = parse_arguments(__doc__.split("\n\n")[1])
    data = load(args)
    pipeline = make_pipeline(data, args)

    search = GridSearchCV(
        pipeline,
        # The keys have the prefix of the network in the pipeline: regressor__estimator__dropout.
        mofa_search_space(pipeline, kind="grid", names=["dropout", "learning_rate"]),
        scoring=make_target_scorers(data.target_names),
        refit="nmse",
        cv=folds(args),
        error_score="raise",
    )
    search.fit(**training_rows(data))

    print_candidates(search.cv_results_, data)
    print_gain(pipeline, search.best_estimator_, data)


if __name__ == "__main__":
    main()
