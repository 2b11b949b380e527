"""
What is in my data?
===================

Looks at modalities, targets and creators before anything is trained, and writes what it finds as
one page that any browser shows.

Without ``--data``, the videos are generated. With ``--data FOLDER``, they are read from
``<modality>_features.npy``, ``popularity_counts.npy`` and, where several videos are of one
creator, ``creator_ids.npy``.
"""

import argparse

from mofa_sklearn.datasets import load_modalities, make_micro_videos
from mofa_sklearn.inspection import analyze_modalities

# Of the generated videos: narrow, so that the example takes seconds.
WIDTHS = {"image": 64, "video": 48, "text": 64}


def main():
    args = parse_arguments()
    data = load(args)
    report = analyze_modalities(
        data.data,
        data.target,
        modalities=data.modalities,
        groups=data.get("creator_ids"),
        target_names=data.get("target_names"),
        random_state=args.random_state,
    )

    # The findings are a table, the most urgent first.
    for finding in report.findings.itertuples():
        print(f"{finding.severity:8} {finding.where}: {finding.finding}. {finding.advice}")

    # So is all the rest: how well each block alone predicts held-out rows, for instance.
    if report.block_scores is not None:
        print(f"\n{report.block_scores.to_string(float_format='%.3f')}")

    report.to_html(args.output)
    print(f"\nWrote {args.output}: open it in a browser.")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument(
        "--data", metavar="FOLDER", help="folder of .npy files (default: generate)"
    )
    parser.add_argument("--output", metavar="FILE", default="report.html")
    parser.add_argument("--n-samples", type=int, default=1500, help="rows to generate")
    parser.add_argument("--random-state", type=int, default=0)
    return parser.parse_args()


def load(args):
    """Return a Bunch of features, targets and, where known, creators and names."""
    if args.data is not None:
        return load_modalities(args.data, log1p_target=True)
    return make_micro_videos(
        args.n_samples,
        modalities=WIDTHS,
        n_creators=args.n_samples // 5,
        missing_rate=0.02,
        noise=0.3,
        return_bunch=True,
        random_state=args.random_state,
    )


if __name__ == "__main__":
    main()
