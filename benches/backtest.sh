#!/usr/bin/env bash
# Measures backtests beside DuckDB: called by run.sh with the binary, Python, the folder of the data, and the first and last date.
set -euo pipefail
tenure=$1 python=$2 data=$3 first=$4 last=$5
files=$data/files workspace=$data/backtest

if [ ! -f "$workspace/done" ]; then
    rm -rf "$workspace"
    for kind in accounts subscriptions; do "$tenure" --data "$workspace" import "$kind" "$files/$kind.csv"; done
    "$tenure" --data "$workspace" import events "$files/events.parquet"
    touch "$workspace/done"
fi

asked=("$tenure" --data "$workspace" --model benches/model.yaml backtest --from "$first" --to "$last" --known "$last" --assume-constant --json)
# All alerts, stages, segments and scorecards, each held against churn within 60 days.
"$python" benches/turns.py backtest target/bench 3 \
    --peer "$python" benches/duckdb/backtest.py --events "$files/events.parquet" --accounts "$files/accounts.csv" \
    --subscriptions "$files/subscriptions.csv" --days "$first" "$last" --result "$data/backtest.duckdb.parquet" \
    --ours "$python" benches/timed.py "$data/backtest.json" "${asked[@]}"
# Ten thresholds of one rule beside one of it.
"$python" benches/turns.py sweep_10 target/bench 3 \
    --peer "$python" benches/timed.py "$data/single.json" "${asked[@]}" low_health \
    --ours "$python" benches/timed.py "$data/sweep.json" "${asked[@]}" low_health --sweep 'health < {5..50 step 5}'
"$python" - target/bench/backtest.json target/bench/sweep_10.json <<'PYTHON'
import json, sys
rows = [row for path in sys.argv[1:] for row in json.load(open(path))]
json.dump(rows, open(sys.argv[1], "w"))
PYTHON

# What was measured must also be right.
"$python" benches/duckdb/compare_backtest.py "$data/backtest.json" "$data/backtest.duckdb.parquet"
