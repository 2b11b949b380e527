"""Which functions and classes may stand where a file holds one by its name.

A place takes those of its table, and no others but what the caller trusts by name. All of
them compute a value from their arguments, and do nothing else.
"""

_METRICS = {
    "sklearn.metrics._classification": """
        accuracy_score balanced_accuracy_score brier_score_loss cohen_kappa_score
        d2_brier_score d2_log_loss_score f1_score fbeta_score hamming_loss hinge_loss
        jaccard_score log_loss matthews_corrcoef precision_score recall_score zero_one_loss
    """,
    "sklearn.metrics._ranking": """
        average_precision_score coverage_error dcg_score label_ranking_average_precision_score
        label_ranking_loss ndcg_score roc_auc_score top_k_accuracy_score
    """,
    "sklearn.metrics._regression": """
        d2_absolute_error_score d2_pinball_score d2_tweedie_score explained_variance_score
        max_error mean_absolute_error mean_absolute_percentage_error mean_gamma_deviance
        mean_pinball_loss mean_poisson_deviance mean_squared_error mean_squared_log_error
        mean_tweedie_deviance median_absolute_error r2_score root_mean_squared_error
        root_mean_squared_log_error
    """,
    "sklearn.metrics._scorer": "negative_likelihood_ratio positive_likelihood_ratio",
    "sklearn.metrics.cluster._supervised": """
        adjusted_mutual_info_score adjusted_rand_score completeness_score
        fowlkes_mallows_score homogeneity_score mutual_info_score normalized_mutual_info_score
        rand_score v_measure_score
    """,
    "mofa_sklearn.metrics": """
        concordance_correlation_coefficient normalized_mean_squared_error spearman_correlation
        _target_nmse
    """,
}

# Of one array, element by element, or as it is.
_ELEMENTWISE = {
    "numpy": """
        absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil cos cosh deg2rad degrees
        exp exp2 expm1 fabs floor isfinite isinf isnan log log10 log1p log2 logical_not negative
        positive rad2deg radians reciprocal rint sign sin sinh sqrt square tan tanh trunc
    """,
    "scipy.special": "expit logit",
    "sklearn.utils.validation": "check_array",
}

_FUSIONS = {
    "mofa_sklearn.networks.fusions.concat": "Concat",
    "mofa_sklearn.networks.fusions.conditional_query": "ConditionalQuery",
    "mofa_sklearn.networks.fusions.cross_attention": "CrossAttention",
    "mofa_sklearn.networks.fusions.gated": "Gated",
    "mofa_sklearn.networks.fusions.late": "Late",
    "mofa_sklearn.networks.fusions.modality_attention": "ModalityAttention",
    "mofa_sklearn.networks.fusions.product_of_experts": "ProductOfExperts",
    "mofa_sklearn.networks.fusions.self_attention": "SelfAttention",
}

_LOSSES = {
    "mofa_sklearn.networks.losses.absolute_error": "AbsoluteError",
    "mofa_sklearn.networks.losses.binary_cross_entropy": "BinaryCrossEntropy",
    "mofa_sklearn.networks.losses.concordance": "Concordance",
    "mofa_sklearn.networks.losses.cross_entropy": "CrossEntropy",
    "mofa_sklearn.networks.losses.cumulative_link": "CumulativeLink",
    "mofa_sklearn.networks.losses.focal": "BinaryFocal Focal",
    "mofa_sklearn.networks.losses.huber": "Huber",
    "mofa_sklearn.networks.losses.hybrid": "Hybrid",
    "mofa_sklearn.networks.losses.quantile": "Quantile",
    "mofa_sklearn.networks.losses.squared_error": "SquaredError",
    "torch.nn.modules.loss": "HuberLoss L1Loss MSELoss SmoothL1Loss",
}

_SCHEDULES = {
    "mofa_sklearn.training.schedules.constant": "ConstantSchedule",
    "mofa_sklearn.training.schedules.cosine": "CosineSchedule",
    "mofa_sklearn.training.schedules.one_cycle": "OneCycleSchedule",
    "mofa_sklearn.training.schedules.plateau": "PlateauSchedule",
    "mofa_sklearn.training.schedules.warmup_plateau": "WarmupPlateauSchedule",
}

_DTYPES = {
    "builtins": "bool float int str object",
    "numpy": """
        bool bool_ float16 float32 float64 int8 int16 int32 int64 intp str_ uint8 uint16 uint32
        uint64
    """,
}

_TABLES = {
    "metrics": _METRICS,
    "elementwise": _ELEMENTWISE,
    "scores_of_features": {
        "sklearn.feature_selection._mutual_info": "mutual_info_classif mutual_info_regression",
        "sklearn.feature_selection._univariate_selection": (
            "chi2 f_classif f_oneway f_regression r_regression"
        ),
    },
    "modalities": {"mofa_sklearn.baselines._make_baselines": "_one_block"},
    "fusions": _FUSIONS,
    "losses": _LOSSES,
    "schedules": _SCHEDULES,
    "splitters": {"sklearn.model_selection._split": "KFold StratifiedKFold"},
    "dtypes": _DTYPES,
    # What skrub tells columns apart by.
    "tests_of_columns": {
        "skrub._dataframe._common": "is_any_date is_categorical is_numeric is_string",
        "skrub._table_vectorizer": "_created_by_predicate",
        "skrub.selectors._selectors": "_cardinality_below",
    },
    # Places for the user's own functions only, each of which has to be trusted by name.
    "custom": {},
}

#: table -> full names
FUNCTIONS = {
    table: frozenset(f"{module}.{name}" for module in modules for name in modules[module].split())
    for table, modules in _TABLES.items()
}

#: full name -> the one table that has it
TABLE_OF = {name: table for table, names in FUNCTIONS.items() for name in names}
