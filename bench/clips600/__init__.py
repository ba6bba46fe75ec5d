"""600 seeded gate clips: how often is the verdict right, how soon, at what cost.

    python -m bench.clips600 generate --seed 1 --count 600 --out clips
    python -m bench.clips600 generate --photos --count 300 --out photo-clips
    python -m bench.clips600 score clips --save result.json --against earlier.json
    python -m bench.clips600 fit other-clips --held-out clips

`docs/evaluation.md` says what the figures mean.
"""
