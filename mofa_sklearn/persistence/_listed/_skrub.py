"""skrub's classes that a file may hold: those that a `TableVectorizer` is made of.

How to add one is told in :mod:`._ours`. Names that another release of skrub has not are
no fault: its own have to be trusted by name.
"""

_OF_A_COLUMN = "all_outputs_ input_name_"

ESTIMATORS = {
    "skrub._apply_to_each_col": {
        "ApplyToEachCol": (
            "all_inputs_ used_inputs_ created_outputs_ all_outputs_ input_to_outputs_ "
            "output_to_input_ transformers_ _columns"
        ),
    },
    "skrub._check_input": {"CheckInputDataFrame": "module_name_ feature_names_out_"},
    "skrub._clean_categories": {"CleanCategories": _OF_A_COLUMN},
    "skrub._clean_null_strings": {"CleanNullStrings": f"{_OF_A_COLUMN} null_strings_"},
    "skrub._datetime_encoder": {
        "DatetimeEncoder": f"{_OF_A_COLUMN} extracted_features_ _periodic_encoders",
        "_CircularEncoder": f"{_OF_A_COLUMN} n_components_",
    },
    "skrub._drop_uninformative": {
        "DropUninformative": f"{_OF_A_COLUMN} drop_ _null_count",
    },
    "skrub._duration_to_float": {"DurationToFloat": _OF_A_COLUMN},
    "skrub._select_cols": {"Drop": _OF_A_COLUMN},
    "skrub._squashing_scaler": {
        "SquashingScaler": "robust_scaler_ robust_cols_ minmax_scaler_ minmax_cols_ zero_cols_",
    },
    "skrub._string_encoder": {
        "StringEncoder": (
            f"{_OF_A_COLUMN} to_str vectorizer_ tsvd_ scaling_factor_ n_components_"
        ),
    },
    "skrub._table_vectorizer": {
        "PassThrough": _OF_A_COLUMN,
        "TableVectorizer": (
            "all_outputs_ all_processing_steps_ column_to_kind_ input_to_outputs_ "
            "kind_to_columns_ output_to_input_ transformers_ _encoders _named_encoders _pipeline "
            "_postprocessors _preprocessors _specific_columns _specific_transformers"
        ),
    },
    "skrub._to_categorical": {"ToCategorical": _OF_A_COLUMN},
    "skrub._to_datetime": {
        "ToDatetime": f"{_OF_A_COLUMN} format_ output_dtype_ output_time_zone_",
    },
    "skrub._to_float": {"ToFloat": f"{_OF_A_COLUMN} _needs_str_replace _thousand"},
    "skrub._to_str": {"ToStr": _OF_A_COLUMN},
}

PARTS = {
    "skrub._table_vectorizer": {"ShortReprDict": "data=dict[estimator]"},
    "skrub.selectors._base": {
        "All": "",
        "And": "",
        "Cols": "",
        "Filter": "",
        "Inv": "",
        "Or": "",
        "Sub": "",
    },
}
