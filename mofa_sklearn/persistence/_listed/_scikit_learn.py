"""scikit-learn's classes that a file may hold: module, class, and what `fit` adds to it.

Each was looked at for what its methods do with attributes that a stranger has chosen. Not
here, and so to be named in `trusted`, is what hands them to compiled code that believes
them, unless :mod:`.._tables` checks them first.

How to add one is told in :mod:`._ours`.
"""

ESTIMATORS = {
    "sklearn.calibration": {
        "CalibratedClassifierCV": "calibrated_classifiers_ classes_",
    },
    "sklearn.compose._column_transformer": {
        "ColumnTransformer": (
            "_columns _transformer_to_input_indices _remainder sparse_output_ transformers_ "
            "output_indices_ _feature_names_in _n_features _name_to_fitted_passthrough "
            "_transformers_feature_names_out verbose_feature_names_out"
        ),
    },
    "sklearn.compose._target": {
        "TransformedTargetRegressor": "_training_dim transformer_ regressor_",
    },
    "sklearn.cross_decomposition._pls": {
        "CCA": (
            "deflation_mode mode algorithm _predict_1d _norm_y_weights _x_mean _y_mean _x_std "
            "_y_std x_weights_ y_weights_ _x_scores _y_scores x_loadings_ y_loadings_ n_iter_ "
            "x_rotations_ y_rotations_ coef_ intercept_ _n_features_out"
        ),
        "PLSCanonical": (
            "deflation_mode mode _predict_1d _norm_y_weights _x_mean _y_mean _x_std _y_std "
            "x_weights_ y_weights_ _x_scores _y_scores x_loadings_ y_loadings_ n_iter_ "
            "x_rotations_ y_rotations_ coef_ intercept_ _n_features_out"
        ),
        "PLSRegression": (
            "deflation_mode mode algorithm _predict_1d _norm_y_weights _x_mean _y_mean _x_std "
            "_y_std x_weights_ y_weights_ _x_scores _y_scores x_loadings_ y_loadings_ n_iter_ "
            "x_rotations_ y_rotations_ coef_ intercept_ _n_features_out x_scores_ y_scores_"
        ),
        "PLSSVD": "_x_mean _y_mean _x_std _y_std x_weights_ y_weights_ _n_features_out",
    },
    "sklearn.decomposition._factor_analysis": {
        "FactorAnalysis": "mean_ components_ noise_variance_ loglike_ n_iter_",
    },
    "sklearn.decomposition._fastica": {
        "FastICA": "components_ mixing_ mean_ whitening_ n_iter_ _unmixing _whiten",
    },
    "sklearn.decomposition._incremental_pca": {
        "IncrementalPCA": (
            "components_ n_samples_seen_ mean_ var_ singular_values_ explained_variance_ "
            "explained_variance_ratio_ noise_variance_ batch_size_ n_components_"
        ),
    },
    "sklearn.decomposition._kernel_pca": {
        "KernelPCA": (
            "gamma_ _centerer eigenvalues_ eigenvectors_ X_fit_ dual_coef_ lambdas_ alphas_"
        ),
    },
    "sklearn.decomposition._pca": {
        "PCA": (
            "_fit_svd_solver mean_ noise_variance_ n_samples_ n_components_ components_ "
            "explained_variance_ explained_variance_ratio_ singular_values_"
        ),
    },
    "sklearn.decomposition._truncated_svd": {
        "TruncatedSVD": (
            "components_ explained_variance_ explained_variance_ratio_ singular_values_"
        ),
    },
    "sklearn.discriminant_analysis": {
        "LinearDiscriminantAnalysis": (
            "classes_ priors_ _max_components means_ xbar_ explained_variance_ratio_ scalings_ "
            "intercept_ coef_ _n_features_out covariance_"
        ),
        "QuadraticDiscriminantAnalysis": (
            "classes_ priors_ means_ scalings_ rotations_ covariance_"
        ),
    },
    "sklearn.dummy": {
        "DummyClassifier": "_strategy sparse_output_ n_outputs_ classes_ n_classes_ class_prior_",
        "DummyRegressor": "n_outputs_ constant_",
    },
    "sklearn.ensemble._bagging": {
        "BaggingClassifier": (
            "estimator_params _n_samples classes_ n_classes_ estimator_ _max_samples "
            "_max_features _sample_weight estimators_ estimators_features_ _seeds "
            "oob_decision_function_ oob_score_"
        ),
        "BaggingRegressor": (
            "estimator_params _n_samples estimator_ _max_samples _max_features _sample_weight "
            "estimators_ estimators_features_ _seeds oob_prediction_ oob_score_"
        ),
    },
    "sklearn.ensemble._forest": {
        "ExtraTreesClassifier": (
            "estimator estimator_params _n_samples n_outputs_ classes_ n_classes_ _sample_weight "
            "_n_samples_bootstrap estimator_ estimators_ oob_decision_function_ oob_score_"
        ),
        "ExtraTreesRegressor": (
            "estimator estimator_params class_weight _n_samples n_outputs_ _sample_weight "
            "_n_samples_bootstrap estimator_ estimators_ oob_prediction_ oob_score_"
        ),
        "RandomForestClassifier": (
            "estimator estimator_params _n_samples n_outputs_ classes_ n_classes_ _sample_weight "
            "_n_samples_bootstrap estimator_ estimators_ oob_decision_function_ oob_score_"
        ),
        "RandomForestRegressor": (
            "estimator estimator_params class_weight _n_samples n_outputs_ _sample_weight "
            "_n_samples_bootstrap estimator_ estimators_ oob_prediction_ oob_score_"
        ),
    },
    "sklearn.ensemble._hist_gradient_boosting.binning": {
        "_BinMapper": (
            "is_categorical_ missing_values_bin_idx_ bin_thresholds_ n_bins_non_missing_"
        ),
    },
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": {
        "HistGradientBoostingClassifier": (
            "is_categorical_ _preprocessor _is_categorical_remapped _label_encoder classes_ "
            "n_trees_per_iteration_ _random_seed _feature_subsample_rng _n_features _loss "
            "do_early_stopping_ _use_validation_data _bin_mapper _baseline_prediction _predictors "
            "_scorer train_score_ validation_score_ _fitted_with_sw"
        ),
        "HistGradientBoostingRegressor": (
            "is_categorical_ _preprocessor _is_categorical_remapped n_trees_per_iteration_ "
            "_random_seed _feature_subsample_rng _n_features _loss do_early_stopping_ "
            "_use_validation_data _bin_mapper _baseline_prediction _predictors _scorer "
            "train_score_ validation_score_ _fitted_with_sw"
        ),
    },
    "sklearn.ensemble._stacking": {
        "StackingClassifier": (
            "_label_encoder classes_ final_estimator_ estimators_ named_estimators_ stack_method_ "
            "_n_feature_outs"
        ),
        "StackingRegressor": (
            "stack_method final_estimator_ estimators_ named_estimators_ stack_method_ "
            "_n_feature_outs"
        ),
    },
    "sklearn.ensemble._voting": {
        "VotingClassifier": "le_ classes_ estimators_ named_estimators_",
        "VotingRegressor": "estimators_ named_estimators_",
    },
    "sklearn.ensemble._weight_boosting": {
        "AdaBoostClassifier": (
            "estimator_params estimator_ estimators_ estimator_weights_ estimator_errors_ "
            "classes_ n_classes_"
        ),
        "AdaBoostRegressor": (
            "estimator_params estimator_ estimators_ estimator_weights_ estimator_errors_"
        ),
    },
    "sklearn.feature_extraction._hash": {
        "FeatureHasher": "",
    },
    "sklearn.feature_extraction.text": {
        "CountVectorizer": ("fixed_vocabulary_ _stop_words_id vocabulary_ stop_words_"),
        "HashingVectorizer": "",
        "TfidfTransformer": "idf_",
        "TfidfVectorizer": "_tfidf fixed_vocabulary_ _stop_words_id vocabulary_ stop_words_",
    },
    "sklearn.feature_selection._from_model": {
        "SelectFromModel": "estimator_ max_features_",
    },
    "sklearn.feature_selection._rfe": {
        "RFE": "estimator_ n_features_ support_ ranking_",
        "RFECV": "support_ n_features_ ranking_ estimator_ cv_results_",
    },
    "sklearn.feature_selection._sequential": {
        "SequentialFeatureSelector": "n_features_to_select_ support_",
    },
    "sklearn.feature_selection._univariate_selection": {
        "GenericUnivariateSelect": "scores_ pvalues_",
        "SelectFdr": "scores_ pvalues_",
        "SelectFpr": "scores_ pvalues_",
        "SelectFwe": "scores_ pvalues_",
        "SelectKBest": "scores_ pvalues_",
        "SelectPercentile": "scores_ pvalues_",
    },
    "sklearn.feature_selection._variance_threshold": {
        "VarianceThreshold": "variances_",
    },
    "sklearn.frozen._frozen": {
        "FrozenEstimator": "",
    },
    "sklearn.gaussian_process._gpc": {
        "GaussianProcessClassifier": (
            "base_estimator_ classes_ n_classes_ log_marginal_likelihood_value_"
        ),
        "_BinaryGaussianProcessClassifierLaplace": (
            "kernel_ rng X_train_ y_train_ classes_ f_cached log_marginal_likelihood_value_ pi_ "
            "W_sr_ L_"
        ),
    },
    "sklearn.gaussian_process._gpr": {
        "GaussianProcessRegressor": (
            "kernel_ _rng _y_train_mean _y_train_std X_train_ y_train_ "
            "log_marginal_likelihood_value_ L_ alpha_"
        ),
    },
    "sklearn.impute._base": {
        "MissingIndicator": "_precomputed _n_features features_",
        "SimpleImputer": "_fit_dtype _fill_dtype indicator_ statistics_ _missing_fill",
    },
    "sklearn.impute._iterative": {
        "IterativeImputer": (
            "initial_imputer_ imputation_sequence_ indicator_ n_iter_ n_features_with_missing_ "
            "random_state_ _estimator=estimator _min_value _max_value "
            "_is_empty_feature=array|none"
        ),
    },
    "sklearn.impute._knn": {
        "KNNImputer": "_fit_X _mask_fit_X _valid_mask indicator_",
    },
    "sklearn.isotonic": {
        "IsotonicRegression": "X_min_ X_max_ X_thresholds_ y_thresholds_ increasing_",
    },
    "sklearn.kernel_approximation": {
        "AdditiveChi2Sampler": "",
        "Nystroem": "normalization_ components_ component_indices_ _n_features_out",
        "PolynomialCountSketch": "indexHash_ bitHash_ _n_features_out",
        "RBFSampler": "_gamma random_weights_ random_offset_ _n_features_out",
        "SkewedChi2Sampler": "random_weights_ random_offset_ _n_features_out",
    },
    "sklearn.kernel_ridge": {
        "KernelRidge": "dual_coef_ X_fit_",
    },
    "sklearn.linear_model._base": {
        "LinearRegression": "coef_ rank_ singular_ intercept_",
    },
    "sklearn.linear_model._bayes": {
        "ARDRegression": (
            "X_offset_ X_scale_ scores_ n_iter_ coef_ alpha_ sigma_ lambda_ intercept_"
        ),
        "BayesianRidge": (
            "X_offset_ X_scale_ scores_ n_iter_ alpha_ lambda_ coef_ sigma_ intercept_ rank_"
        ),
    },
    "sklearn.linear_model._coordinate_descent": {
        "ElasticNet": "n_iter_ coef_ dual_gap_ intercept_",
        "ElasticNetCV": "mse_path_ l1_ratio_ alpha_ alphas_ coef_ intercept_ dual_gap_ n_iter_",
        "Lasso": "l1_ratio n_iter_ coef_ dual_gap_ intercept_",
        "LassoCV": "mse_path_ alpha_ alphas_ coef_ intercept_ dual_gap_ n_iter_",
        "MultiTaskElasticNet": "coef_ dual_gap_ eps_ n_iter_ intercept_",
        "MultiTaskElasticNetCV": (
            "mse_path_ l1_ratio_ alpha_ alphas_ coef_ intercept_ dual_gap_ n_iter_"
        ),
        "MultiTaskLasso": "l1_ratio coef_ dual_gap_ eps_ n_iter_ intercept_",
        "MultiTaskLassoCV": (
            "precompute positive mse_path_ alpha_ alphas_ coef_ intercept_ dual_gap_ n_iter_"
        ),
    },
    "sklearn.linear_model._glm.glm": {
        "GammaRegressor": "_base_loss n_iter_ intercept_ coef_",
        "PoissonRegressor": "_base_loss n_iter_ intercept_ coef_",
        "TweedieRegressor": "_base_loss n_iter_ intercept_ coef_",
    },
    "sklearn.linear_model._huber": {
        "HuberRegressor": "n_iter_ scale_ intercept_ coef_ outliers_",
    },
    "sklearn.linear_model._least_angle": {
        "Lars": "alphas_ n_iter_ coef_ active_ coef_path_ intercept_",
        "LarsCV": (
            "n_nonzero_coefs fit_path jitter random_state alpha_ cv_alphas_ mse_path_ alphas_ "
            "n_iter_ coef_ active_ coef_path_ intercept_"
        ),
        "LassoLars": "alphas_ n_iter_ coef_ active_ coef_path_ intercept_",
        "LassoLarsCV": (
            "alpha_ cv_alphas_ mse_path_ alphas_ n_iter_ coef_ active_ coef_path_ intercept_"
        ),
        "LassoLarsIC": (
            "fit_path n_iter_ alphas_ noise_variance_ criterion_ alpha_ coef_ intercept_"
        ),
    },
    "sklearn.linear_model._logistic": {
        "LogisticRegression": "classes_ n_iter_ coef_ intercept_",
        "LogisticRegressionCV": (
            "classes_ Cs_ n_iter_ scores_ coefs_paths_ C_ l1_ratio_ coef_ intercept_ l1_ratios_"
        ),
    },
    "sklearn.linear_model._omp": {
        "OrthogonalMatchingPursuit": "n_nonzero_coefs_ n_iter_ coef_ intercept_",
        "OrthogonalMatchingPursuitCV": "n_nonzero_coefs_ n_iter_ coef_ intercept_",
    },
    "sklearn.linear_model._passive_aggressive": {
        "PassiveAggressiveClassifier": (
            "penalty learning_rate epsilon alpha l1_ratio eta0 power_t coef_ intercept_ t_ "
            "classes_ _expanded_class_weight _loss_function_ n_iter_"
        ),
        "PassiveAggressiveRegressor": (
            "penalty learning_rate alpha l1_ratio eta0 power_t coef_ intercept_ t_ n_iter_"
        ),
    },
    "sklearn.linear_model._perceptron": {
        "Perceptron": (
            "loss learning_rate epsilon power_t average coef_ intercept_ t_ classes_ "
            "_expanded_class_weight _loss_function_ n_iter_"
        ),
    },
    "sklearn.linear_model._quantile": {
        "QuantileRegressor": "n_iter_ coef_ intercept_",
    },
    "sklearn.linear_model._ransac": {
        "RANSACRegressor": (
            "n_skips_no_inliers_ n_skips_invalid_data_ n_skips_invalid_model_ n_trials_ "
            "estimator_ inlier_mask_"
        ),
    },
    "sklearn.linear_model._ridge": {
        "Ridge": "coef_ n_iter_ solver_ intercept_",
        "RidgeCV": "alpha_ best_score_ coef_ intercept_ cv_results_",
        "RidgeClassifier": "_label_binarizer classes_ coef_ n_iter_ solver_ intercept_",
        "RidgeClassifierCV": (
            "gcv_mode alpha_per_target _label_binarizer classes_ alpha_ best_score_ coef_ "
            "intercept_ cv_results_"
        ),
    },
    "sklearn.linear_model._stochastic_gradient": {
        "SGDClassifier": (
            "coef_ intercept_ t_ classes_ _expanded_class_weight _loss_function_ n_iter_ "
            "_standard_coef _standard_intercept _average_coef _average_intercept loss_function_"
        ),
        "SGDOneClassSVM": (
            "loss penalty epsilon alpha l1_ratio early_stopping validation_fraction "
            "n_iter_no_change coef_ offset_ t_ _loss_function_ n_iter_ _standard_coef "
            "_standard_intercept _average_coef _average_intercept"
        ),
        "SGDRegressor": (
            "coef_ intercept_ t_ n_iter_ _standard_coef _standard_intercept _average_coef "
            "_average_intercept"
        ),
    },
    "sklearn.linear_model._theil_sen": {
        "TheilSenRegressor": "n_subpopulation_ breakdown_ n_iter_ intercept_ coef_",
    },
    "sklearn.model_selection._classification_threshold": {
        "FixedThresholdClassifier": "estimator_",
        "TunedThresholdClassifierCV": "_curve_scorer estimator_ best_score_ best_threshold_",
    },
    "sklearn.model_selection._search": {
        "GridSearchCV": (
            "_checked_cv_orig n_splits_ multimetric_ best_index_ best_score_ best_params_ "
            "best_estimator_ refit_time_ scorer_ cv_results_"
        ),
        "RandomizedSearchCV": (
            "_checked_cv_orig n_splits_ multimetric_ best_index_ best_score_ best_params_ "
            "best_estimator_ refit_time_ scorer_ cv_results_"
        ),
    },
    "sklearn.model_selection._search_successive_halving": {
        "HalvingGridSearchCV": (
            "_checked_cv_orig n_splits_ multimetric_ best_index_ best_score_ best_params_ "
            "best_estimator_ refit_time_ scorer_ cv_results_ n_resources_ n_candidates_ "
            "n_remaining_candidates_ n_iterations_ n_possible_iterations_ n_required_iterations_ "
            "min_resources_ max_resources_ _n_samples_orig pre_dispatch=plain"
        ),
        "HalvingRandomSearchCV": (
            "_checked_cv_orig n_splits_ multimetric_ best_index_ best_score_ best_params_ "
            "best_estimator_ refit_time_ scorer_ cv_results_ n_resources_ n_candidates_ "
            "n_remaining_candidates_ n_iterations_ n_possible_iterations_ n_required_iterations_ "
            "min_resources_ max_resources_ _n_samples_orig pre_dispatch=plain"
        ),
    },
    "sklearn.multiclass": {
        "OneVsOneClassifier": "classes_ estimators_ pairwise_indices_",
        "OneVsRestClassifier": "label_binarizer_ classes_ estimators_",
        "OutputCodeClassifier": "classes_ code_book_ estimators_",
        "_ConstantPredictor": "y_",
    },
    "sklearn.multioutput": {
        "ClassifierChain": "order_ estimators_ chain_method_ classes_",
        "MultiOutputClassifier": "estimators_ classes_",
        "MultiOutputRegressor": "estimators_",
        "RegressorChain": "order_ estimators_",
    },
    "sklearn.naive_bayes": {
        "BernoulliNB": "classes_ class_count_ feature_count_ feature_log_prob_ class_log_prior_",
        "CategoricalNB": (
            "classes_ class_count_ category_count_ n_categories_ feature_log_prob_ "
            "class_log_prior_"
        ),
        "ComplementNB": (
            "classes_ class_count_ feature_count_ feature_all_ feature_log_prob_ class_log_prior_"
        ),
        "GaussianNB": "classes_ epsilon_ theta_ var_ class_count_ class_prior_",
        "MultinomialNB": (
            "classes_ class_count_ feature_count_ feature_log_prob_ class_log_prior_"
        ),
    },
    "sklearn.neighbors._classification": {
        "KNeighborsClassifier": (
            "radius outputs_2d_ classes_ _y effective_metric_params_ effective_metric_ "
            "_fit_method _fit_X n_samples_fit_ _tree"
        ),
        "RadiusNeighborsClassifier": (
            "n_neighbors outputs_2d_ classes_ _y effective_metric_params_ effective_metric_ "
            "_fit_method _fit_X n_samples_fit_ _tree outlier_label_"
        ),
    },
    "sklearn.neighbors._graph": {
        "KNeighborsTransformer": (
            "radius effective_metric_params_ effective_metric_ _fit_method _fit_X n_samples_fit_ "
            "_tree _n_features_out"
        ),
        "RadiusNeighborsTransformer": (
            "n_neighbors effective_metric_params_ effective_metric_ _fit_method _fit_X "
            "n_samples_fit_ _tree _n_features_out"
        ),
    },
    "sklearn.neighbors._lof": {
        "LocalOutlierFactor": (
            "radius effective_metric_params_ effective_metric_ _fit_method _fit_X n_samples_fit_ "
            "_tree n_neighbors_ _distances_fit_X_ _lrd negative_outlier_factor_ offset_"
        ),
    },
    "sklearn.neighbors._nca": {
        "NeighborhoodComponentsAnalysis": "random_state_ n_iter_ components_",
    },
    "sklearn.neighbors._nearest_centroid": {
        "NearestCentroid": (
            "classes_ class_prior_ centroids_ within_class_std_dev_ deviations_ true_classes_"
        ),
    },
    "sklearn.neighbors._regression": {
        "KNeighborsRegressor": (
            "radius _y effective_metric_params_ effective_metric_ _fit_method _fit_X "
            "n_samples_fit_ _tree"
        ),
        "RadiusNeighborsRegressor": (
            "n_neighbors _y effective_metric_params_ effective_metric_ _fit_method _fit_X "
            "n_samples_fit_ _tree"
        ),
    },
    "sklearn.neighbors._unsupervised": {
        "NearestNeighbors": (
            "effective_metric_params_ effective_metric_ _fit_method _fit_X n_samples_fit_ _tree"
        ),
    },
    "sklearn.neural_network._multilayer_perceptron": {
        "MLPClassifier": (
            "_coef_indptr _intercept_indptr loss _label_binarizer classes_ n_outputs_ "
            "_random_state n_iter_ t_ n_layers_ out_activation_ coefs_ intercepts_ _best_coefs "
            "_best_intercepts loss_curve_ _no_improvement_count best_loss_ validation_scores_ "
            "best_validation_score_ _optimizer loss_"
        ),
        "MLPRegressor": (
            "_coef_indptr _intercept_indptr n_outputs_ _random_state n_iter_ t_ n_layers_ "
            "out_activation_ coefs_ intercepts_ _best_coefs _best_intercepts loss_curve_ "
            "_no_improvement_count best_loss_ validation_scores_ best_validation_score_ "
            "_optimizer loss_"
        ),
    },
    "sklearn.neural_network._rbm": {
        "BernoulliRBM": (
            "components_ _n_features_out intercept_hidden_ intercept_visible_ h_samples_"
        ),
    },
    "sklearn.pipeline": {
        "FeatureUnion": "",
        "Pipeline": "",
    },
    "sklearn.preprocessing._data": {
        "Binarizer": "",
        "KernelCenterer": "K_fit_rows_ K_fit_all_",
        "MaxAbsScaler": "n_samples_seen_ max_abs_ scale_",
        "MinMaxScaler": "n_samples_seen_ scale_ min_ data_min_ data_max_ data_range_",
        "Normalizer": "",
        "PowerTransformer": "lambdas_ _scaler",
        "QuantileTransformer": "n_quantiles_ references_ quantiles_",
        "RobustScaler": "center_ scale_",
        "StandardScaler": "n_samples_seen_ mean_ var_ scale_",
    },
    "sklearn.preprocessing._discretization": {
        "KBinsDiscretizer": "bin_edges_ n_bins_ _encoder",
    },
    "sklearn.preprocessing._encoders": {
        "OneHotEncoder": (
            "_infrequent_enabled categories_ _drop_idx_after_grouping drop_idx_ _n_features_outs "
            "_default_to_infrequent_mappings _infrequent_indices"
        ),
        "OrdinalEncoder": (
            "_infrequent_enabled categories_ _missing_indices _default_to_infrequent_mappings "
            "_infrequent_indices"
        ),
    },
    "sklearn.preprocessing._function_transformer": {
        "FunctionTransformer": "_n_features",
    },
    "sklearn.preprocessing._label": {
        "LabelBinarizer": "y_type_ sparse_input_ classes_",
        "LabelEncoder": "classes_",
        "MultiLabelBinarizer": "_cached_dict classes_",
    },
    "sklearn.preprocessing._polynomial": {
        "PolynomialFeatures": "_min_degree _max_degree n_output_features_ _n_out_full",
    },
    "sklearn.preprocessing._target_encoder": {
        "TargetEncoder": (
            "_infrequent_enabled categories_ target_type_ classes_ target_mean_ encodings_ "
            "_default_to_infrequent_mappings _infrequent_indices"
        ),
    },
    "sklearn.random_projection": {
        "GaussianRandomProjection": "n_components_ components_ _n_features_out",
        "SparseRandomProjection": "n_components_ density_ components_ _n_features_out",
    },
    "sklearn.svm._classes": {
        "LinearSVC": "classes_ coef_ intercept_ n_iter_",
        "LinearSVR": "coef_ intercept_ n_iter_",
        "NuSVC": (
            "C epsilon _sparse class_weight_ classes_ _effective_probability _gamma support_ "
            "support_vectors_ _n_support dual_coef_ intercept_ _probA _probB fit_status_ "
            "_num_iter shape_fit_ _intercept_ _dual_coef_ n_iter_"
        ),
        "NuSVR": (
            "epsilon probability class_weight random_state _sparse _effective_probability _gamma "
            "support_ support_vectors_ _n_support dual_coef_ intercept_ _probA _probB fit_status_ "
            "_num_iter shape_fit_ _intercept_ _dual_coef_ n_iter_"
        ),
        "OneClassSVM": (
            "C epsilon probability class_weight random_state _sparse _effective_probability "
            "_gamma support_ support_vectors_ _n_support dual_coef_ intercept_ _probA _probB "
            "fit_status_ _num_iter shape_fit_ _intercept_ _dual_coef_ n_iter_ offset_"
        ),
        "SVC": (
            "nu epsilon _sparse class_weight_ classes_ _effective_probability _gamma support_ "
            "support_vectors_ _n_support dual_coef_ intercept_ _probA _probB fit_status_ "
            "_num_iter shape_fit_ _intercept_ _dual_coef_ n_iter_"
        ),
        "SVR": (
            "nu probability class_weight random_state _sparse _effective_probability _gamma "
            "support_ support_vectors_ _n_support dual_coef_ intercept_ _probA _probB fit_status_ "
            "_num_iter shape_fit_ _intercept_ _dual_coef_ n_iter_"
        ),
    },
    "sklearn.tree._classes": {
        "DecisionTreeClassifier": "n_outputs_ classes_ n_classes_ max_features_ tree_",
        "DecisionTreeRegressor": "class_weight n_outputs_ max_features_ tree_",
        "ExtraTreeClassifier": "n_outputs_ classes_ n_classes_ max_features_ tree_",
        "ExtraTreeRegressor": "class_weight n_outputs_ max_features_ tree_",
    },
    "sklearn.gaussian_process.kernels": {
        "CompoundKernel": "kernels=each[estimator]",
        "ConstantKernel": "",
        "DotProduct": "",
        "ExpSineSquared": "",
        "Exponentiation": "kernel=estimator",
        "Matern": "",
        "PairwiseKernel": "",
        "Product": "k1=estimator k2=estimator",
        "RBF": "",
        "RationalQuadratic": "",
        "Sum": "k1=estimator k2=estimator",
        "WhiteKernel": "",
    },
}

SPLITTERS = {
    "sklearn.model_selection._split": {
        "GroupKFold": "",
        "GroupShuffleSplit": "_default_test_size",
        "KFold": "",
        "LeaveOneGroupOut": "",
        "LeaveOneOut": "",
        "LeavePGroupsOut": "",
        "LeavePOut": "",
        "PredefinedSplit": "unique_folds",
        "RepeatedKFold": "cv=class[splitters] cvargs",
        "RepeatedStratifiedKFold": "cv=class[splitters] cvargs",
        "ShuffleSplit": "_default_test_size",
        "StratifiedGroupKFold": "",
        "StratifiedKFold": "",
        "StratifiedShuffleSplit": "_default_test_size",
        "TimeSeriesSplit": "shuffle random_state",
        "_CVIterableWrapper": "cv=plain",
    },
}

# What is no estimator stands only where an attribute names it: object[...].
PARTS = {
    "sklearn._loss.link": {
        "HalfLogitLink": "interval_y_pred",
        "IdentityLink": "",
        "Interval": "",
        "LogLink": "interval_y_pred",
        "LogitLink": "interval_y_pred",
        "MultinomialLogit": "interval_y_pred",
    },
    "sklearn._loss.loss": dict.fromkeys(
        [
            "AbsoluteError",
            "HalfBinomialLoss",
            "HalfGammaLoss",
            "HalfMultinomialLoss",
            "HalfPoissonLoss",
            "HalfSquaredError",
            "HalfTweedieLoss",
            "HalfTweedieLossIdentity",
            "PinballLoss",
        ],
        "closs link n_classes approx_hessian constant_hessian interval_y_true interval_y_pred "
        "class_indexing_offsets y_true_int y_true_one_hot quantile=number",
    ),
    "sklearn.calibration": {
        "_CalibratedClassifier": "calibrators=list[object[_SigmoidCalibration]|estimator]",
        "_SigmoidCalibration": "a_ b_",
    },
    "sklearn.compose._column_transformer": {"make_column_selector": ""},
    "sklearn.ensemble._hist_gradient_boosting.predictor": {
        "TreePredictor": "nodes=table binned_left_cat_bitsets=array raw_left_cat_bitsets=array",
    },
    "sklearn.metrics._scorer": {
        "_CurveScorer": (
            "_score_func _sign _kwargs _response_method _metadata_request _thresholds=number|array"
        ),
        "_MultimetricScorer": "_scorers=dict[object[_Scorer,_PassthroughScorer]] _raise_exc=bool",
        "_PassthroughScorer": "_estimator=estimator _metadata_request",
        "_Scorer": "_score_func _sign _kwargs _response_method _metadata_request",
    },
    "sklearn.neural_network._stochastic_optimizers": {
        "AdamOptimizer": "learning_rate=number t ms=list[array] vs=list[array]",
        "SGDOptimizer": "learning_rate=number velocities=list[array]",
    },
}

# Compiled objects without attributes, and tuples, made by a call with these arguments.
CALLED = {
    "sklearn._loss._loss": {
        "CyAbsoluteError": "",
        "CyHalfBinomialLoss": "",
        "CyHalfGammaLoss": "",
        "CyHalfMultinomialLoss": "",
        "CyHalfPoissonLoss": "",
        "CyHalfSquaredError": "",
        "CyHalfTweedieLoss": "number",
        "CyHalfTweedieLossIdentity": "number",
        "CyPinballLoss": "number",
    },
    "sklearn.impute._iterative": {"_ImputerTriplet": "number array estimator"},
    "sklearn.linear_model._sgd_fast": {
        "EpsilonInsensitive": "number",
        "Hinge": "number",
        "ModifiedHuber": "",
        "SquaredEpsilonInsensitive": "number",
        "SquaredHinge": "number",
    },
}
