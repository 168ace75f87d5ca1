"""Holds our backtest against the peer's: every count, and the areas under the curve. Prints the differences; none is right.

    compare_backtest.py OURS.json PEER.parquet
"""

import json
import sys

import duckdb

VERDICTS = {"hits": "hit", "false_alarms": "false_alarm", "censored": "censored"}
DAYS = ["true_positive", "false_positive", "false_negative", "true_negative"]


def ours(report):
    """By alert and scorecard: what the peer has columns for."""
    found = {}
    for sign in report["findings"]["signs"]:
        if sign["kind"] == "alert":
            row = {"fires": sign["fires"], "foretold": (sign["lead_days"] or {"count": 0})["count"]}
            row |= {name: sign["verdicts"].get(verdict, 0) for name, verdict in VERDICTS.items()}
            found[sign["name"]] = row | {name: sign["confusion"][name] for name in DAYS}
    for card in report["findings"]["scorecards"]:
        lead = card["leads"][0]
        found[card["scorecard"]] = {"fires": lead["readings"], "hits": lead["followed"], "auc": lead["auc"]["value"]}
    return found


def main(report, peer):
    with open(report) as file:
        mine = ours(json.load(file))
    table = duckdb.connect().execute(f"FROM '{peer}'")
    columns = [column[0] for column in table.description]
    agreed, different = 0, []
    for row in table.fetchall():
        theirs = dict(zip(columns, row))
        for name, value in mine[theirs["name"]].items():
            # The peer's scores are not rounded: some that are equal differ in the last digit.
            same = abs(value - theirs[name]) < (1e-5 if name == "auc" else 1e-9)
            agreed += same
            different += [] if same else [f"{theirs['name']} {name}: ours {value}, DuckDB {theirs[name]}"]
    print(f"backtest: {agreed} values agree, {len(different)} differ", *different, sep="\n  ")
    return 1 if different or not agreed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
