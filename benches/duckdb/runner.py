"""Runs a query of the benchmark in a fresh DuckDB and says how long it took and how much memory it needed."""

import argparse
import json
import resource
import time

import duckdb


def main(name, sql):
    """`sql` makes a table `result`, from a relation of events, a file of accounts and the days."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", required=True, help="Parquet files (glob)")
    arguments.add_argument("--accounts", required=True, help="accounts.csv")
    arguments.add_argument("--days", nargs="+", required=True, metavar="DATE", help="asof: the day; year: the first and the last")
    arguments.add_argument("--event-column", default="event")
    arguments.add_argument("--result", help="Parquet file for the result, for comparison; not timed")
    options = arguments.parse_args()

    events = f"read_parquet('{options.events}')"
    if options.event_column != "event":
        events = f"(SELECT account_id, person_id, {options.event_column} AS event, time FROM {events})"
    statements = sql(events, options.accounts, *options.days)

    start = time.perf_counter()
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(statements)
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)

    rows = connection.execute("SELECT count(*) FROM result").fetchone()[0]
    if options.result:
        connection.execute(f"COPY (SELECT * FROM result ORDER BY account_id, day) TO '{options.result}' (FORMAT parquet)")
    memory = usage.ru_maxrss / 1024
    cpu = usage.ru_utime + usage.ru_stime
    result = {"name": name, "seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3), "rows": rows, "peak_mb": round(memory)}
    print(json.dumps(result | {"peer_name": f"DuckDB {duckdb.__version__}"}))
