"""The tables of a report."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from mofa_sklearn.inspection import analyze_modalities

BLOCKS = {"image": 4, "text": 3}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def X(rng):
    return rng.normal(size=(120, 7))


@pytest.fixture
def y(X, rng):
    """Two targets that the image block tells of, and the text block does not."""
    signal = X[:, :2] + X[:, 2:4]
    return signal + 0.5 * rng.normal(size=signal.shape)


def found(report, where):
    """Severity and text of the findings about something."""
    rows = report.findings[report.findings["where"] == where]
    return list(zip(rows["severity"], rows["finding"], strict=True))


def test_a_table_of_any_kind_is_looked_at_as_numbers(X, y):
    table = pd.DataFrame(
        {"title": ["red car", "blue bird", None] * 40, "day": pd.date_range("2020", periods=120)}
    )
    table["image"] = list(X[:, :4])
    table["price"] = X[:, 4]
    modalities = {"image": ["image"], "title": ["title"], "meta": "rest"}
    report = analyze_modalities(table, y, modalities=modalities, random_state=0)
    assert list(report.blocks.index) == list(modalities)
    assert report.blocks.loc["title", "missing_share"] == pytest.approx(1 / 3)
    image = analyze_modalities(X[:, :4], modalities={"image": 4}).columns
    columns = report.columns[report.columns["modality"] == "image"]
    np.testing.assert_allclose(columns["mean"], image["mean"], rtol=1e-5)
    assert "title" in report.to_html()


@pytest.mark.parametrize("statistic", [stats.skew, stats.kurtosis])
def test_moments_are_those_of_scipy(statistic, X):
    X[:, 1] = np.exp(X[:, 1])
    X[5:9, 2] = np.nan
    table = analyze_modalities(X, modalities=BLOCKS).columns
    expected = statistic(X, axis=0, nan_policy="omit")
    np.testing.assert_allclose(table[statistic.__name__], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(table["mean"], np.nanmean(X, axis=0))
    np.testing.assert_allclose(table["std"], np.nanstd(X, axis=0))


def test_frames_and_arrays_give_the_same_tables(X, y):
    names = [f"image_{i}" for i in range(4)] + [f"text_{i}" for i in range(3)]
    frame = pd.DataFrame(X, columns=names)
    targets = pd.DataFrame(y, columns=["views", "likes"])
    first = analyze_modalities(frame, targets, random_state=0)
    second = analyze_modalities(
        X, y, modalities=BLOCKS, target_names=["views", "likes"], random_state=0
    )
    for table in ("blocks", "columns", "spectra", "targets", "block_scores", "findings"):
        pd.testing.assert_frame_equal(getattr(first, table), getattr(second, table))


def test_targets_of_one_column_have_the_same_tables_as_1d(X, y):
    one = analyze_modalities(X, y[:, :1], target_names=["views"], random_state=0)
    flat = analyze_modalities(X, pd.Series(y[:, 0], name="views"), random_state=0)
    pd.testing.assert_frame_equal(one.targets, flat.targets)
    pd.testing.assert_frame_equal(one.block_scores, flat.block_scores)


def test_data_are_left_as_they_are(X, y):
    X[0, :4] = np.nan
    X_before, y_before = X.copy(), y.copy()
    analyze_modalities(X, y, modalities=BLOCKS)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


def test_same_random_state_gives_the_same_report(X, y):
    first, second = (
        analyze_modalities(X, y, modalities=BLOCKS, max_samples=60, random_state=3)
        for _ in range(2)
    )
    for table in ("columns", "spectra", "block_scores"):
        pd.testing.assert_frame_equal(getattr(first, table), getattr(second, table))


def test_effective_rank_is_the_number_of_directions(rng):
    same = np.repeat(rng.normal(size=(200, 1)), 5, axis=1)
    orthogonal, _ = np.linalg.qr(rng.normal(size=(200, 6)) - 0.5)
    centred = orthogonal - orthogonal.mean(axis=0)
    unrelated, _ = np.linalg.qr(centred)  # still centred, and uncorrelated
    report = analyze_modalities(
        np.hstack([same, unrelated]), modalities={"same": 5, "unrelated": 6}
    )
    np.testing.assert_allclose(report.spectra["effective_rank"], [1, 6], rtol=1e-6)


def test_explained_variance_is_that_of_pca(X):
    X[:, 1] += X[:, 0]
    report = analyze_modalities(X)
    pca = PCA().fit(StandardScaler().fit_transform(X))
    np.testing.assert_allclose(
        report.explained_variance["cumulated_share"], np.cumsum(pca.explained_variance_ratio_)
    )


def test_shared_columns_are_a_problem_and_repeated_ones_a_warning(X):
    X[:, 5] = X[:, 0]
    X[:, 3] = X[:, 2]
    report = analyze_modalities(X, modalities=BLOCKS)
    pairs = report.duplicate_columns[["column", "same_as"]].to_numpy().tolist()
    assert pairs == [["image_3", "image_2"], ["text_1", "image_0"]]
    assert found(report, "image, text") == [
        ("problem", "1 column in both blocks (text_1 = image_0)")
    ]
    assert ("warning", "1 duplicate column (image_3 = image_2)") in found(report, "image")
    assert report.blocks["n_duplicate_columns"].tolist() == [1, 1]


def test_columns_equal_in_the_sample_only_are_no_duplicates(rng):
    X = rng.normal(size=(400, 2))
    X[:, 1] = X[:, 0]
    X[7, 1] += 1
    for seed in range(5):
        report = analyze_modalities(X, max_samples=20, random_state=seed)
        assert report.duplicate_columns.empty


@pytest.mark.parametrize(
    ("groups", "severity"), [(None, "problem"), ("apart", "problem"), ("together", "note")]
)
def test_repeated_rows_leak_unless_a_group_holds_them(X, groups, severity):
    X[100:110] = X[:10]
    labels = {"apart": np.arange(120), "together": np.arange(120) % 100}.get(groups)
    report = analyze_modalities(X, groups=labels, max_samples=30, random_state=0)
    assert report.duplicate_rows.tolist() == list(range(100, 110))
    ((found_severity, text),) = found(report, "rows")
    assert found_severity == severity
    assert "10 rows (8.3 %)" in text


def test_missing_modalities_and_single_values_are_told_apart(X):
    X[:12, :4] = np.nan
    X[20:26, 5] = np.nan
    X[30] = np.nan
    report = analyze_modalities(X, modalities=BLOCKS)
    np.testing.assert_allclose(report.blocks["missing_share"], [13 / 120, 1 / 120])
    assert report.blocks["partly_missing_rows"].tolist() == [0, 6]
    np.testing.assert_allclose(report.blocks["nan_share"], [0, 6 / (119 * 3)])
    assert report.n_empty_rows == 1
    assert found(report, "rows") == [("problem", "1 row without any modality")]


def test_near_constant_columns_are_counted(X):
    X[:, 0] = 3
    X[:, 1] = np.arange(120) == 50
    X[:, 2] = 1e8 + 1e-3 * X[:, 2]  # rounding error
    report = analyze_modalities(X, modalities=BLOCKS)
    assert report.columns["near_constant"].tolist() == [True] * 3 + [False] * 4
    assert ("warning", "3 near-constant columns of 4") in found(report, "image")


def test_heavy_tails_are_found_and_taken_away_by_rank_gauss(X):
    X[:, :4] = np.exp(2 * X[:, :4])
    report = analyze_modalities(X, modalities=BLOCKS)
    assert report.blocks["n_heavy_tailed"].tolist() == [4, 0]
    assert report.shapes.loc["image", "n_heavy_tailed_after"] == 0
    assert report.shapes.loc["image", "skew_max_after"] < 0.2
    ((severity, text),) = found(report, "image")
    assert severity == "warning"
    assert text.startswith("4 of 4 columns with heavy tails")


def test_histograms_are_densities(X):
    for name, rows in analyze_modalities(X, modalities=BLOCKS).histograms.groupby("modality"):
        width = rows["right"] - rows["left"]
        for side in ("before", "after"):
            assert np.isclose((rows[side] * width).sum(), 1), name


def test_skewed_counts_are_advised_log1p(X, rng):
    counts = np.round(np.exp(5 + 1.5 * rng.normal(size=120)))
    report = analyze_modalities(X, counts, target_names=["views"])
    np.testing.assert_allclose(report.targets["skew"], stats.skew(counts))
    np.testing.assert_allclose(report.targets["skew_log1p"], stats.skew(np.log1p(counts)))
    advice = report.findings.set_index("where").loc["views", "advice"]
    assert advice.startswith("Take log1p of the target")
    logs = analyze_modalities(X, np.log1p(counts), target_names=["views"])
    assert "views" not in logs.findings["where"].tolist()


def test_log_ratios_are_differences_of_log_counts(X, rng):
    counts = np.round(np.exp(rng.normal([5, 3], 1, size=(120, 2))))
    names = ["views", "likes"]
    raw = analyze_modalities(X, counts, target_names=names)
    logs = analyze_modalities(X, np.log1p(counts), target_names=names)
    assert (raw.target_kind, logs.target_kind) == ("counts", "log counts")
    pd.testing.assert_frame_equal(raw.target_ratios, logs.target_ratios)
    difference = np.log1p(counts[:, 0]) - np.log1p(counts[:, 1])
    assert np.isclose(raw.target_ratios.loc["views / likes", "mean"], difference.mean())
    assert analyze_modalities(X, counts - 50).target_ratios.empty


def test_variance_between_groups(X, rng):
    groups = np.repeat(np.arange(30), 4)
    effect = rng.normal(size=30)[groups]
    y = np.column_stack([effect, effect + rng.normal(size=120), rng.normal(size=120)])
    table = analyze_modalities(X, y, groups=groups, target_names=["a", "b", "c"]).group_variance
    assert np.isclose(table.loc["a", "between_share"], 1)
    assert np.isclose(table.loc["a", "remembered_nmse"], 0, atol=1e-9)
    assert 0.3 < table.loc["b", "between_share"] < 0.7
    assert table.loc["c", "between_share"] < 0.2  # the plain share of squares would be 0.24
    assert table.loc["c", "remembered_nmse"] > 0.8


def test_a_block_that_tells_of_the_targets_predicts_them(X, y):
    report = analyze_modalities(
        X, y, modalities=BLOCKS, target_names=["views", "likes"], random_state=0
    )
    nmse = report.block_scores["nmse"]
    assert nmse["image"] < 0.3
    assert nmse["text"] > 0.95
    assert 0.95 < nmse["no block (training mean)"] < 1.15
    per_target = report.block_scores[["nmse_views", "nmse_likes"]].mean(axis=1)
    np.testing.assert_allclose(per_target, nmse)
    assert found(report, "text")[0][0] == "warning"


def test_groups_are_kept_together_in_folds(rng):
    """A block that tells the group and nothing else is good in shuffled folds only."""
    groups = np.repeat(np.arange(40), 5)
    X = rng.normal(size=(40, 40))[groups] + 0.01 * rng.normal(size=(200, 40))
    y = rng.normal(size=40)[groups]
    scores = analyze_modalities(
        X, y, modalities={"creator": 40}, groups=groups, random_state=0
    ).block_scores
    assert scores.loc["creator", "nmse"] > 0.9
    assert scores.loc["all blocks, shuffled folds", "nmse"] < 0.2


def test_a_column_that_is_the_target_is_a_problem(X, y):
    X[:, 6] = np.exp(y[:, 0])
    report = analyze_modalities(X, y, modalities=BLOCKS)
    severity, text = found(report, "text")[0]
    assert severity == "problem"
    assert text == "1 column almost equal to a target (text_2: correlation 1.000)"


def test_findings_come_by_severity_and_good_data_have_none(X):
    X[60:, :2] = X[:60, :2] = 1
    X[:, 5] = X[:, 6]
    X[3, 3] = np.nan
    severities = analyze_modalities(X, modalities=BLOCKS).findings["severity"].tolist()
    order = {"problem": 0, "warning": 1, "note": 2}
    assert severities == sorted(severities, key=order.get)
    assert "warning" in severities
    good = np.random.default_rng(1).normal(size=(200, 7))
    assert analyze_modalities(good, modalities=BLOCKS).findings.empty


@pytest.mark.parametrize(
    ("n_rows", "groups"), [(2, None), (20, None), (60, np.zeros(60)), (60, np.arange(60) % 3)]
)
def test_too_few_rows_or_groups_leave_the_predictions_out(rng, n_rows, groups):
    X = rng.normal(size=(n_rows, 3))
    report = analyze_modalities(X, X[:, 0] + 1, groups=groups)
    assert report.block_scores is None
    assert report.findings["finding"].str.contains("too few rows or groups").any()


@pytest.mark.parametrize("value", [np.nan, 2.0])
def test_blocks_without_any_information_do_no_harm(X, y, value):
    X[:, 4:] = value
    y[:, 1] = 1
    report = analyze_modalities(X, y, modalities=BLOCKS, target_names=["views", "likes"])
    assert ("problem", "the target is constant") in found(report, "likes")
    assert report.spectra.loc["text", "effective_rank"] == 0
    assert report.block_scores.loc["image", "nmse_views"] < 0.5
    report.to_html()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"modalities": {"image": 4, "text": 4}}, r"add up to 8 .*but X has 7 features"),
        ({"y": np.zeros(50)}, r"inconsistent numbers of samples: \[120, 50\]"),
        ({"groups": np.zeros(50)}, r"inconsistent numbers of samples: \[120, 50\]"),
        ({"groups": [None] + [1] * 119}, r"groups has no value in 1 of 120 rows.*row 0"),
        ({"y": np.full(120, np.nan)}, "y contains NaN"),
        ({"y": ["comedy"] * 120}, r"y must be numbers; got 'comedy'"),
        ({"y": np.zeros((120, 2, 2))}, r"y must be 1-D or 2-D.*\(120, 2, 2\)"),
        ({"y": np.zeros(120), "target_names": ["a", "b"]}, "a list of 1 names"),
        ({"y": np.zeros((120, 2)), "target_names": ["a", "a"]}, "must differ"),
        ({"target_names": ["a"]}, "without y"),
        ({"cv": 1}, "cv"),
        ({"max_samples": 0}, "max_samples"),
    ],
)
def test_bad_input_is_a_clear_error(X, arguments, message):
    with pytest.raises(ValueError, match=message):
        analyze_modalities(X, **arguments)


def test_infinity_names_its_modality(X):
    X[3, 5] = np.inf
    with pytest.raises(ValueError, match=r"infinity in modality 'text' \(rows 3"):
        analyze_modalities(X, modalities=BLOCKS)


@pytest.mark.parametrize(
    ("method", "n_axes"),
    [
        ("plot_distributions", 2),
        ("plot_explained_variance", None),
        ("plot_targets", 2),
        ("plot_target_correlations", None),
        ("plot_group_sizes", None),
        ("plot_block_scores", None),
    ],
)
def test_pictures_are_drawn_onto_given_axes(X, y, method, n_axes):
    report = analyze_modalities(X, y, modalities=BLOCKS, groups=np.arange(120) // 3)
    _, axes = plt.subplots(1, n_axes or 1)
    drawn = getattr(report, method)(ax=axes)
    np.testing.assert_array_equal(np.ravel(drawn), np.ravel(axes))
    assert all(ax.has_data() for ax in np.ravel(axes))
    getattr(report, method)()
    _, too_many = plt.subplots(1, 5)
    with pytest.raises(ValueError, match=f"{method} needs . axes"):
        getattr(report, method)(ax=too_many)


@pytest.mark.parametrize(
    ("method", "needed"),
    [
        ("plot_targets", "pass y"),
        ("plot_target_correlations", "pass y"),
        ("plot_group_sizes", "pass groups"),
        ("plot_block_scores", "pass y, and enough rows"),
    ],
)
def test_pictures_of_what_was_not_passed_say_so(X, method, needed):
    with pytest.raises(ValueError, match=needed):
        getattr(analyze_modalities(X), method)()


def test_repr_stays_short(rng):
    report = analyze_modalities(
        rng.normal(size=(40, 300)), modalities={f"block{i}": 10 for i in range(30)}
    )
    assert len(repr(report)) < 250
    assert repr(report).startswith("<ModalityReport: rows: 40; columns: block0 10, ")


@pytest.mark.parametrize("filler", [0, -1, -999.0])
@pytest.mark.parametrize("groups", [None, np.arange(120) // 4])
def test_blocks_filled_with_one_value_are_told_from_duplicates(X, filler, groups):
    X[10:50, 4:] = filler
    report = analyze_modalities(X, groups=groups, modalities=BLOCKS)
    text = report.blocks.loc["text"]
    assert text["filled_share"] == pytest.approx(40 / 120)
    assert text["filler"] == filler
    assert text["duplicate_row_share"] == 0
    (severity, finding), *others = found(report, "text")
    assert (severity, finding) == ("warning", f"{filler:g} throughout in 33.3 % of the rows")
    assert not any("repeat" in other for _, other in others)
    advice = report.findings.set_index("where").loc["text", "advice"]
    assert "make the block NaN in these rows" in str(advice)
    assert report.blocks.loc["image", "filled_share"] == 0


def test_one_row_of_zeros_is_enough_and_one_of_another_value_is_not(X):
    X[3, :4], X[5, 4:] = 0, 7
    filled = analyze_modalities(X, modalities=BLOCKS).blocks["filled_share"]
    assert filled.tolist() == [1 / 120, 0]


def test_zeros_among_counts_are_none_of_it(rng):
    counts = rng.poisson(0.5, size=(200, 4)).astype(float)
    counts[:10, :2] = 0
    report = analyze_modalities(counts, modalities={"clicks": 2, "shares": 2})
    assert not report.blocks["filled_share"].any()


def test_a_single_column_cannot_be_filled(X):
    X[:30, 0] = 0
    report = analyze_modalities(X, modalities={"age": 1, "rest": 6})
    assert not report.blocks["filled_share"].any()


def test_zeros_beside_missing_blocks_are_found(X):
    X[:10, 4:], X[20:26, 4:] = np.nan, 0
    text = analyze_modalities(X, modalities=BLOCKS).blocks.loc["text"]
    assert text[["missing_share", "filled_share"]].tolist() == [10 / 120, 6 / 120]
