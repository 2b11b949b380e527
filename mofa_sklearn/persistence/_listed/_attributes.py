"""Of which kind an attribute is, by its name: scikit-learn's names mean the same everywhere."""

_STEP = "plain|estimator"
_SELECTOR = "plain|object[All,And,Cols,Filter,Inv,Or,Sub]"

# Parameters that are more than plain values. All others are `plain`.
PARAMETERS = {
    **dict.fromkeys(
        [
            "base_estimator",
            "classifier",
            "default",
            "estimator",
            "final_estimator",
            "init",
            "regressor",
            "remainder",
            "transformer",
        ],
        _STEP,
    ),
    **dict.fromkeys(
        ["companions", "estimators", "steps", "transformer_list"],
        "plain|each[each[str|none|estimator]|str|estimator]",
    ),
    "transformers": "plain|each[each[plain|estimator|object[make_column_selector]]]",
    "target_transform": "plain|estimator",
    # A stranger does not say where files are written.
    "cache_folder": "forgotten",
    # A later fit would read pickles from these folders.
    "checkpoint": "forgotten",
    "memory": "forgotten",
    # Who loads a file says how many threads or processes it may start.
    "n_jobs": "forgotten",
    "cv": "plain|splitter",
    "random_state": "none|number|random",
    "scoring": (
        "plain|function[metrics]|object[_Scorer]|each[object[_Scorer]|function[metrics]]"
        "|dict[str|object[_Scorer]|function[metrics]]"
    ),
    "callbacks": "none|each[any]",
    "param_distributions": "settings",
    "param_grid": "settings",
    # Functions and classes.
    "func": "none|function[elementwise]",
    "inverse_func": "none|function[elementwise]",
    "feature_names_out": "plain|function[custom]",
    "score_func": "function[scores_of_features]",
    "modalities": "plain|function[modalities]|object[RawModalities]",
    "fusion": "str|class[fusions]",
    "loss": "plain|class[losses]",
    "schedule": "str|class[schedules]",
    **dict.fromkeys(
        [
            "activation",
            "analyzer",
            "importance_getter",
            "kernel_function",
            "metric",
            "preprocessor",
            "refit",
            "strategy",
            "tokenizer",
            "weights",
        ],
        "plain|function[custom]",
    ),
    "model_name": "plain|function[custom]",
    "kernel": "plain|estimator|function[custom]",
    "optimizer": "plain|function[custom]",
    "thresholds": "plain",
    # Of skrub's TableVectorizer and what it is made of.
    **dict.fromkeys(["datetime", "high_cardinality", "low_cardinality", "numeric"], _STEP),
    **dict.fromkeys(["cols", "left", "right"], _SELECTOR),
    "specific_transformers": "plain|each[each[plain|estimator]]",
    "predicate": "function[tests_of_columns]",
    "args": "plain|each[each[estimator]]",
}

_NAMES_OF_KIND = {
    "number|none": """
        a_ alpha b_ batch_size_ best_index_ best_iteration_ best_loss_ best_threshold_
        best_validation_score_ breakdown_ C _default_test_size density_ eps_ epsilon epsilon_
        eta0 fit_status_ _gamma gamma_ jitter K_fit_all_ l1_ratio log_marginal_likelihood_value_
        loss_ _max_components _max_degree _max_features max_features_ max_resources_ _max_samples
        _min_degree min_resources_ missing_values_bin_idx_ n_components_ _n_features n_features_
        n_features_in_ _n_features_out n_features_to_select_ n_features_with_missing_
        n_iter_no_change n_iterations_ n_layers_ n_neighbors n_neighbors_ n_nonzero_coefs
        n_nonzero_coefs_ _n_out_full n_output_features_ n_outputs_ n_possible_iterations_
        n_quantiles_ n_required_iterations_ _n_samples n_samples_ _n_samples_bootstrap
        n_samples_fit_ _n_samples_orig n_skips_invalid_data_ n_skips_invalid_model_
        n_skips_no_inliers_ n_splits_ n_subpopulation_ n_trees_per_iteration_ n_trials_
        _no_improvement_count nu power_t radius _random_seed rank_ refit_time_ _sign
        _stop_words_id t t_ _training_dim validation_fraction X_max_ X_min_
    """,
    "bool|none": """
        alpha_per_target approx_hessian average constant_hessian do_early_stopping_ early_stopping
        _effective_probability fit_path _fitted_with_sw fixed_vocabulary_ increasing_
        _infrequent_enabled multimetric_ _norm_y_weights outputs_2d_ positive _precomputed
        _predict_1d probability _raise_exc shuffle _sparse sparse_input_ sparse_output_
        _use_validation_data verbose_feature_names_out _whiten
    """,
    "str|none": """
        algorithm chain_method_ deflation_mode effective_metric_ _fit_method _fit_svd_solver
        gcv_mode loss mode out_activation_ penalty precompute solver_ stack_method _strategy
        target_type_ y_type_
    """,
    "array|number|none": """
        alpha_ best_score_ C_ constant_ dual_gap_ intercept_ lambda_ n_samples_seen_
        noise_variance_ offset_ oob_score_ oof_score_ scale_ target_mean_
    """,
    "array|number|none|list[number]": "n_iter_",
    "array|none": """
        _always _average_coef _average_intercept _baseline_prediction bitHash_ _blend_weights
        center_ centroids_ class_count_ class_indexing_offsets class_log_prior_ class_weight_
        code_book_ column_mean_ component_indices_ criterion_ Cs_ cv_alphas_ data_max_ data_min_
        data_range_ deviations_ _distances_fit_X_ eigenvalues_ eigenvectors_ estimator_errors_
        estimator_weights_ _expanded_class_weight explained_variance_ explained_variance_ratio_
        f_cached feature_all_ feature_count_ features_ fold_scores_ h_samples_ idf_ indexHash_
        inlier_mask_ _intercept_ intercept_hidden_ intercept_visible_ is_categorical_
        _is_categorical_remapped K_fit_rows_ L_ lambdas_ _lrd _mask_fit_X max_abs_ _max_value
        mean mean_ means_ min_ _min_value mixing_ mse_path_ n_bins_ n_bins_non_missing_
        n_categories_ _n_support negative_outlier_factor_ normalization_ _num_iter
        oob_decision_function_ oob_prediction_ oof_nmse_ oof_prediction_ order_ outliers_ pi_
        priors_ _probA _probB pvalues_ quantiles_ random_offset_ random_weights_ ranking_ _ranks
        references_ _scale scale _seeds sigma_ singular_ singular_values_ _standard_coef
        _standard_intercept support_ targets_ theta_ thresholds_ train_score_ unique_folds
        _unmixing _valid_mask validation_score_ var_ variances_ _varies W_sr_ weights_ whitening_
        within_class_std_dev_ x_loadings_ _x_mean X_offset_ x_rotations_ X_scale_ _x_scores
        x_scores_ _x_std X_thresholds_ X_train_ x_weights_ xbar_ y_ y_loadings_ _y_mean
        y_rotations_ _y_scores y_scores_ _y_std y_thresholds_ y_train_ _y_train_mean _y_train_std
        y_true_int y_true_one_hot y_weights_
    """,
    "array|sparse|none": "X_fit_ _dual_coef_ _fit_X coef_ components_ dual_coef_ support_vectors_",
    # One array, or one for each target, class or column.
    "array|each[array|none]|none": """
        alphas_ _best_coefs _best_intercepts bin_thresholds_ category_count_ class_prior_
        coef_path_ coefs_ covariance_ _directions encodings_ estimators_features_
        feature_log_prob_ _held_out intercepts_ _residuals residuals rotations_ scalings_ shares
    """,
    "array|objects[array]": "bin_edges_",
    # Plain values, words among them, in lists and dicts.
    "plain": """
        active_ _blend_names _cached_dict categories_ class_weight classes_ _coef_indptr
        coefs_paths_ _columns cvargs _default_to_infrequent_mappings drop_idx_
        _drop_idx_after_grouping effective_metric_params_ estimator_params _feature_names_in
        feature_names_in_ history_ _infrequent_indices _intercept_indptr _kwargs l1_ratio_
        l1_ratios_ learning_rate loglike_ loss_curve_ _missing_fill _missing_indices modalities_
        n_candidates_ n_classes n_classes_ _n_feature_outs _n_features_outs
        n_remaining_candidates_ n_resources_ one_dimensional outlier_label_ output_indices_
        pairwise_indices_ _quantile_levels _report _sample_weight scores_ shape_fit_
        _sklearn_output_config stack_method_ statistics_ stop_words_ _target_names target_names_
        _target_shape _transformer_to_input_indices _transformers_feature_names_out true_classes_
        validation_losses_ validation_scores_ vocabulary_ _widths _y
    """,
    "plain|each[plain|estimator]": "_remainder",
    "dtype": "_fill_dtype _fit_dtype",
    "random|none|number": """
        _feature_subsample_rng _random_state random_state random_state_ _rng rng
    """,
    "estimator|none": """
        augmenter_ base_estimator_ best_estimator_ _bin_mapper _centerer _encoder estimator
        estimator_ final_estimator_ indicator_ initial_imputer_ kernel_ _label_binarizer
        label_binarizer_ _label_encoder le_ pca_ _preprocessor regressor_ ridge_ _scaler _tfidf
        transformer_
    """,
    "estimator|str|none": "_estimator",
    "each[estimator|str]|each[each[estimator]]": "estimators_",
    "dict[estimator|str]": "named_estimators_ _name_to_fitted_passthrough",
    "dict[each[estimator]|estimator]": "companions_",
    "plain|dict[estimator|str]|each[each[plain|estimator|object[make_column_selector]]]": (
        "transformers_"
    ),
    # A network: what it is made of and its weights; a fusion may be bound to parameters.
    "dict[plain|dict[plain|class[fusions]|dict[plain|class[fusions]]]]": "_packed_net",
    "dict[object[Memory]]": "memories_",
    "each[object[_CalibratedClassifier]]": "calibrated_classifiers_",
    "object[BlendIntervals]|none": "_intervals",
    "object[TargetScale]|none": "_target_scale",
    "object[Tree]": "tree_",
    "neighbors|none": "_tree",
    "list[list[object[TreePredictor]]]": "_predictors",
    "object[AdamOptimizer,SGDOptimizer]": "_optimizer",
    # Losses of scikit-learn, and what they are made of.
    (
        "object[AbsoluteError,HalfBinomialLoss,HalfGammaLoss,HalfMultinomialLoss,"
        "HalfPoissonLoss,HalfSquaredError,HalfTweedieLoss,HalfTweedieLossIdentity,PinballLoss]"
    ): "_base_loss _loss",
    (
        "object[CyAbsoluteError,CyHalfBinomialLoss,CyHalfGammaLoss,CyHalfMultinomialLoss,"
        "CyHalfPoissonLoss,CyHalfSquaredError,CyHalfTweedieLoss,CyHalfTweedieLossIdentity,"
        "CyPinballLoss]"
    ): "closs",
    "object[HalfLogitLink,IdentityLink,LogLink,LogitLink,MultinomialLogit]": "link",
    "object[Interval]": "interval_y_pred interval_y_true",
    (
        "object[EpsilonInsensitive,Hinge,ModifiedHuber,SquaredEpsilonInsensitive,SquaredHinge]"
    ): "_loss_function_ loss_function_",
    # Of skrub.
    "none|estimator": "robust_scaler_ minmax_scaler_ to_str vectorizer_ tsvd_ _pipeline",
    "each[estimator]": "_encoders _postprocessors _preprocessors _specific_transformers",
    "dict[estimator]": "_named_encoders _periodic_encoders",
    "dict[each[estimator|object[ShortReprDict]]]": "all_processing_steps_",
    "none|bool|number|str|array|dtype|each[str|number]|dict[str|each[str]]": """
        all_inputs_ all_outputs_ column_to_kind_ created_outputs_ drop_ extracted_features_
        feature_names_out_ format_ input_name_ input_to_outputs_ kind_to_columns_ minmax_cols_
        module_name_ _needs_str_replace _null_count null_strings_ output_dtype_
        output_time_zone_ output_to_input_ robust_cols_ scaling_factor_ _specific_columns
        _thousand used_inputs_ zero_cols_
    """,
    # Searches and scorers.
    "splitter": "_checked_cv_orig",
    "object[_CurveScorer]": "_curve_scorer",
    (
        "object[_Scorer,_PassthroughScorer,_MultimetricScorer]|dict[object[_Scorer]]"
        "|function[metrics]|none"
    ): "scorer_ _scorer",
    "settings|array": "best_params_ cv_results_",
    "list[object[_ImputerTriplet]]": "imputation_sequence_",
    "routing": "_metadata_request",
    "function[metrics]": "_score_func",
    (
        "'predict'|'predict_proba'|'decision_function'"
        "|each['predict'|'predict_proba'|'decision_function']"
    ): "_response_method",
}

ATTRIBUTES = {name: kind for kind, names in _NAMES_OF_KIND.items() for name in names.split()}
