"""The independent check: DuckDB computes three models over the archive's files, from the documentation alone, and must agree with `tenure`.

as_of.py checks what holds at an instant, histories.py what changed when, backtest.py what that would have been worth.
"""

import argparse
import pathlib
import sys
import tempfile
import time
from collections import Counter

import duckdb

import as_of
import backtest
import company
import family
import histories
import subscribers
from workspace import Workspace

HERE = pathlib.Path(__file__).parent
PARTS = [
    ("as of", as_of.check, company.make, "model.yaml"),
    ("histories", histories.check, family.make, "life.yaml"),
    ("backtests", backtest.check, subscribers.make, "backtest.yaml"),
]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tenure", required=True, type=pathlib.Path, help="the binary")
    options.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="SEED", help="one company each")
    options.add_argument("--only", choices=[name for name, *_ in PARTS], help="one part of the check")
    options = options.parse_args()
    failed = False
    for name, check, make, model in PARTS:
        if options.only in (None, name):
            failed |= not part(options, name, check, make, HERE / model)
    sys.exit(1 if failed else 0)


def part(options, name, check, make, model):
    """Whether all values of all companies agree."""
    began, agreed, differences = time.monotonic(), Counter(), []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            workspace = Workspace(options.tenure.resolve(), pathlib.Path(folder), model, make(seed))
            check(workspace)
        agreed += workspace.agreed
        differences += [f"seed {seed}, {difference}" for difference in workspace.differences]
    for difference in differences[:40]:
        print(difference)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(agreed.items()))
    seconds = time.monotonic() - began
    print(f"{name}: {agreed.total():,} values agree, {len(differences)} differ; {len(options.seeds)} companies, DuckDB {duckdb.__version__}, {seconds:.0f} s")
    print(f"  agree: {kinds}")
    return not differences and agreed.total() > 0


if __name__ == "__main__":
    main()
