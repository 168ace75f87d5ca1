#!/usr/bin/env bash
# Runs a benchmark and gathers its results: `benches/run.sh engine` or `benches/run.sh backtest` (benches/README.md says what is compared).
#
# Environment: TENURE (the binary), PYTHON (with duckdb), BENCH_DATA (folder for the data, kept between runs), BENCH_ACCOUNTS, BENCH_EVENTS.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in engine | backtest) ;; *) echo "usage: benches/run.sh engine | backtest" >&2; exit 2 ;; esac
tenure=${TENURE:-target/release/tenure}
python=${PYTHON:-.venv/bin/python}
accounts=${BENCH_ACCOUNTS:-20000}
events=${BENCH_EVENTS:-20000000}
data=${BENCH_DATA:-target/bench/data-$accounts-$events}
day=2025-09-30
first=2025-01-01
last=2025-12-31
files=$data/files
mkdir -p target/bench "$data"

if [ ! -f "$files/done" ]; then
    "$tenure" simulate --out "$files" --accounts "$accounts" --events "$events" --start "$first" --days 365 --seed 1
    touch "$files/done"
fi

if [ "$1" = backtest ]; then
    exec benches/backtest.sh "$tenure" "$python" "$data" "$first" "$last"
fi

if [ ! -f "$data/ndjson/done" ]; then
    "$tenure" simulate --out "$data/ndjson" --accounts "$accounts" --events "$events" --start "$first" --days 365 --seed 1 --format ndjson
    touch "$data/ndjson/done"
fi

# The peer reads the files in order of arrival, as they would be handed over; each query in a fresh process.
duckdb() {
    echo "DuckDB: $1"
    "$python" "benches/duckdb/$2.py" "${@:3}" | tee "target/bench/$1.duckdb.json"
}
duckdb import_parquet read --events "$files/events.parquet"
duckdb import_ndjson read --events "$data/ndjson/events.ndjson"

ours=("$tenure" bench-engine --data "$data/workspace" --files "$files" --ndjson "$data/ndjson/events.ndjson" --model benches/model.yaml
    --day "$day" --first "$first" --last "$last" --peer target/bench --compare "$data")

# The imports first: what follows reads what they wrote.
"${ours[@]}" --phase imports

# Each with a process of its own, by turns.
files_of=(--events "$files/events.parquet" --accounts "$files/accounts.csv")
"$python" benches/turns.py asof target/bench 3 \
    --peer "$python" benches/duckdb/asof.py "${files_of[@]}" --days "$day" --result "$data/asof.duckdb.parquet" --ours "${ours[@]}" --phase asof
"$python" benches/turns.py year target/bench 3 \
    --peer "$python" benches/duckdb/year.py "${files_of[@]}" --days "$first" "$last" --result "$data/year.duckdb.parquet" --ours "${ours[@]}" --phase year

# Ours alone: the exact year beside the peer's daily one, the live table beside DataFusion; and the tables that are compared below.
"${ours[@]}"

# What was measured must also be right.
"$python" benches/duckdb/compare.py "$data"
