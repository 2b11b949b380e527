"""Our own classes that a file may hold: module, class, and what `fit` adds to it.

To add a class is one line here: ``"ClassName": "first_attribute_ second_attribute_"`` under
its module. Its parameters need no mention: they are those of its ``__init__``. An
attribute's kind is found by its name in :mod:`._attributes`, where a new name gets its
line; where the kind is another one in this class alone, it is written behind the name, as
in ``"order_=array"``. What kinds there are is told in :mod:`.._kinds`. Ask, for each
attribute: what does each method do with it, if a stranger has chosen it?

``tests/persistence/test_list.py`` fails for a public estimator that is not here.
"""

ESTIMATORS = {
    "mofa_sklearn.baselines._block_statistics": {"BlockStatistics": ""},
    "mofa_sklearn.baselines._boosting": {
        "BoostingClassifier": "classes_ _always _varies estimators_ n_iter_",
        "BoostingRegressor": "_target_scale _varies estimators_ n_iter_",
    },
    "mofa_sklearn.baselines._early_stopping": {
        "EarlyStoppingRegressor": "_target_scale _varies estimators_ n_iter_",
    },
    "mofa_sklearn.baselines._early_stopping_classifier": {
        "EarlyStoppingClassifier": "classes_ _always _varies estimators_ n_iter_",
    },
    "mofa_sklearn.baselines._landmarks": {
        "LandmarkKernel": "normalization_ components_ component_indices_ _n_features_out",
    },
    "mofa_sklearn.baselines._logistic": {
        "EarlyStoppingLogisticRegression": (
            "classes_ coef_ intercept_ n_iter_ C_ validation_losses_"
        ),
    },
    "mofa_sklearn.baselines._median_imputer": {
        "MedianImputer": "_fit_dtype _fill_dtype indicator_ statistics_ _missing_fill",
    },
    "mofa_sklearn.baselines._mlp": dict.fromkeys(
        ["EarlyStoppingMLPClassifier", "EarlyStoppingMLPRegressor"],
        "loss classes_ n_outputs_ n_layers_ n_iter_ t_ out_activation_ coefs_ intercepts_ loss_ "
        "best_loss_ loss_curve_ validation_scores_ best_validation_score_ validation_losses_ "
        "_best_coefs _best_intercepts _label_binarizer _no_improvement_count _optimizer "
        "_random_state",
    ),
    # Their weights stay where they are: a file tells the model's name.
    **{
        f"mofa_sklearn.encoders._{kind}": {
            f"{kind.title()}Encoder": (
                "width_=number n_tokens_=number|none n_components_ pca_ revision_=str|none"
            )
        }
        for kind in ("audio", "image", "text", "video")
    },
    "mofa_sklearn.ensemble._blend": {
        "BlendRegressor": (
            "estimators_ named_estimators_ weights_ oof_prediction_ oof_score_ oof_nmse_ "
            "_intervals _report _target_shape"
        ),
    },
    "mofa_sklearn.ensemble._kfold_classifier": {
        "KFoldEnsembleClassifier": (
            "estimators_ classes_ thresholds_ oof_prediction_ oof_score_ fold_scores_ "
            "companions_ calibrator_=object[Temperature,Sigmoid,Isotonic]|none _blend_names "
            "_blend_weights _target_names _classes_of_members=plain _classes_of_companions=plain "
            "_sets=object[PredictionSets]|none"
        ),
    },
    "mofa_sklearn.ensemble._kfold_regressor": {
        "KFoldEnsembleRegressor": (
            "estimators_ companions_ oof_prediction_ oof_score_ oof_nmse_ fold_scores_ "
            "_blend_names _blend_weights _held_out _residuals _target_names _target_shape "
            "_residual_weights=array|each[array|none]|none _error_scale=object[ErrorScale]|none "
            "_quantile_errors=object[QuantileErrors]|none"
        ),
    },
    "mofa_sklearn.estimators._classifier": {
        "MoFAClassifier": (
            "modalities_ classes_ thresholds_ history_ n_iter_ best_iteration_ _packed_net _ranks"
        ),
    },
    "mofa_sklearn.estimators._kernel_path": {
        "KernelPathRegressor": ("landmarks_=array gamma_ coef_ intercept_ column_mean_ alpha_"),
    },
    "mofa_sklearn.estimators._logistic_path": {
        "LogisticPathClassifier": "classes_ C_ coef_ intercept_ column_mean_ n_iter_ _scale",
    },
    "mofa_sklearn.estimators._regressor": {
        "MoFARegressor": (
            "modalities_ history_ n_iter_ best_iteration_ _packed_net _quantile_levels "
            "_target_scale"
        ),
    },
    "mofa_sklearn.estimators._retrieval_classifier": {
        "RetrievalClassifier": (
            "classes_ modalities_ augmenter_ logistic_=estimator _directions _mean=array _scale "
            "_widths"
        ),
    },
    "mofa_sklearn.estimators._retrieval_regressor": {
        "RetrievalRegressor": (
            "modalities_ augmenter_ ridge_ _directions _mean=array _scale _widths"
        ),
    },
    "mofa_sklearn.estimators._ridge_path": {
        "RidgePathRegressor": "alpha_ coef_ intercept_ column_mean_ n_iter_",
    },
    "mofa_sklearn.pipeline._modality_pipeline": {
        "ModalityPipeline": "target_transformer_=estimator|none",
    },
    "mofa_sklearn.pipeline._target_transform": {"LogCounts": ""},
    "mofa_sklearn.preprocessing._block_pca": {"BlockPCA": "pca_ n_components_"},
    "mofa_sklearn.preprocessing._float_columns": {
        "FloatColumns": (
            "kinds_=plain vectors_=estimator|none sequences_=estimator|none mixed_=estimator|none "
            "svd_=estimator|none _dtypes=plain"
        ),
    },
    "mofa_sklearn.preprocessing._gap_filler": {"GapFiller": "medians_=array marked_=array"},
    "mofa_sklearn.preprocessing._engagement_binner": {"EngagementBinner": "bin_edges_ classes_"},
    "mofa_sklearn.preprocessing._modality_preprocessor": {
        "ModalityPreprocessor": (
            "modalities_ transformers_ tables_=plain _has_tables=bool _sparse=plain "
            "_names_out=plain"
        ),
    },
    "mofa_sklearn.preprocessing._per_token": {
        "PerToken": (
            "transformer_=estimator _padding=estimator|none _width=number _width_out=number"
        ),
    },
    "mofa_sklearn.preprocessing._rank_gauss": {
        "RankGaussTransformer": "n_quantiles_ references_ quantiles_",
    },
    "mofa_sklearn.preprocessing._retrieval_augmenter": {
        "RetrievalAugmenter": (
            "modalities_ memories_ targets_ target_names_ _target_mean=array _target_std=array"
        ),
    },
    "mofa_sklearn.preprocessing._token_pooling": {
        "TokenPooling": "n_tokens_=number|none widths_=plain _holds_cells=bool",
    },
    "mofa_sklearn.preprocessing._vector_columns": {
        "VectorColumns": "widths_=plain _holds_vectors=plain",
    },
}

SPLITTERS = {
    "mofa_sklearn.ensemble._blend_parts": {"SplitsOfBlend": "splits=plain"},
}

# What is no estimator stands only where an attribute names it: object[...].
PARTS = {
    "mofa_sklearn.ensemble._calibration": {
        "Isotonic": "before=each[array] after=each[array]",
        "Sigmoid": "slope=array intercept=array",
        "Temperature": "temperature=array",
    },
    "mofa_sklearn.ensemble._blend_intervals": {
        "BlendIntervals": (
            "weights=array|each[array|none]|none rows=array|each[array|none] "
            "error_scale=object[ErrorScale]|none"
        ),
    },
    "mofa_sklearn.ensemble._error_scale": {
        "ErrorScale": (
            "columns=object[RowColumns] coefficients=array intercepts=array lowest=array "
            "highest=array of_rows=array fold_of_rows=array"
        ),
    },
    "mofa_sklearn.ensemble._quantiles": {
        "QuantileErrors": "levels=array slack=array scores=list[array]"
    },
    "mofa_sklearn.ensemble._row_columns": {
        "RowColumns": (
            "kept=array centre=array spread=array components=array|none gaps=array mean=array "
            "scale=array"
        ),
    },
    "mofa_sklearn.ensemble._sets": {"PredictionSets": "truth=array weights=array|none"},
    "mofa_sklearn.estimators._targets": {"TargetScale": ""},
    "mofa_sklearn.pipeline._raw_modalities": {
        "RawModalities": "modalities=plain|function[modalities] names=plain"
    },
    "mofa_sklearn.preprocessing._memory": {
        "Memory": (
            "rows=array search=object[NeighborSearch] typical_distance=number farthest=array"
        ),
    },
    "mofa_sklearn.preprocessing._neighbors": {
        "BruteForceIndex": "rows=array centre=array",
        "NeighborSearch": (
            "rows=array order=array starts=array counts=array "
            "index=object[BruteForceIndex,ApproximateIndex]"
        ),
    },
}
