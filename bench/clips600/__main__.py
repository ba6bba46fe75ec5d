"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.clips600.fit import fit_folders
from bench.clips600.generate import generate_photos, generate_synthetic
from bench.clips600.score import score_folder
from lpr.errors import LprError


def main() -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args()
    try:
        if arguments.command == "score":
            print(
                score_folder(
                    arguments.folder,
                    arguments.against,
                    arguments.save,
                    arguments.limit,
                    tuple(arguments.regions),
                    site=arguments.site,
                    config=arguments.config,
                    scale=arguments.scale,
                )
            )
        elif arguments.command == "fit":
            print(fit_folders(arguments.folders, arguments.held_out, arguments.limit))
        elif arguments.photos:
            generate_photos(
                arguments.out, arguments.seed, arguments.count, arguments.jobs, arguments.split
            )
        else:
            generate_synthetic(arguments.out, arguments.seed, arguments.count, arguments.jobs)
    except (LprError, ValueError) as error:
        print(f"clips600: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("clips600: stopped; run the same command to go on", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.clips600", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("generate", help="render clips; goes on where it was stopped")
    make.add_argument("--out", type=Path, required=True, help="folder of the clips")
    make.add_argument("--seed", type=int, default=1, help="first seed")
    make.add_argument("--count", type=int, default=600, help="number of clips")
    make.add_argument("--jobs", type=int, default=1, help="processes")
    make.add_argument(
        "--photos", action="store_true", help="a moving camera over real photographs ($LPR_DATA)"
    )
    make.add_argument("--split", choices=("val", "train"), default="val", help="of the photographs")
    fit = commands.add_parser("fit", help="fit the voter to the models; prints a configuration")
    fit.add_argument("folders", type=Path, nargs="+", help="clips to fit on")
    fit.add_argument(
        "--held-out", type=Path, nargs="*", default=(), help="other clips, to report on"
    )
    fit.add_argument("--limit", type=int, help="only the first so many clips of each folder")
    score = commands.add_parser("score", help="run the engine over clips and print the figures")
    score.add_argument("folder", type=Path, help="folder of the clips")
    score.add_argument("--against", type=Path, help="earlier result to compare with")
    score.add_argument("--save", type=Path, help="file for the result (JSON)")
    score.add_argument("--limit", type=int, help="only the first so many clips")
    score.add_argument("--config", type=Path, help="the engine's settings (TOML)")
    score.add_argument(
        "--scale", type=float, default=1.0, help="make frames smaller: a camera of fewer pixels"
    )
    known = score.add_mutually_exclusive_group()
    known.add_argument("--regions", nargs="*", default=(), help="regions given to the engine")
    known.add_argument(
        "--site", action="store_true", help="give the engine the regions of each clip's plates"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
