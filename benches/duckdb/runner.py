"""Runs a query of the benchmark in a fresh DuckDB and says, as JSON, how long it took and how much memory it needed."""

import argparse
import json
import resource
import time

import duckdb


def main(name, sql):
    """`sql` makes a table `result` from the files and further arguments."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", required=True, help="file of events")
    arguments.add_argument("--accounts", help="accounts.csv")
    arguments.add_argument("--subscriptions", help="subscriptions.csv")
    arguments.add_argument("--days", nargs="*", default=[], metavar="DATE", help="asof: the day; year: the first and the last")
    arguments.add_argument("--result", help="Parquet file for the result, for comparison; not timed")
    options = arguments.parse_args()
    files = [file for file in (options.events, options.accounts, options.subscriptions) if file]
    statements = sql(*files, *options.days)

    start = time.perf_counter()
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(statements)
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)

    rows = connection.execute("SELECT count(*) FROM result").fetchone()[0]
    if options.result:
        connection.execute(f"COPY (SELECT * FROM result ORDER BY ALL) TO '{options.result}' (FORMAT parquet)")
    memory = usage.ru_maxrss / 1024
    cpu = usage.ru_utime + usage.ru_stime
    result = {"name": name, "seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3), "rows": rows, "peak_mb": round(memory)}
    print(json.dumps(result | {"peer_name": f"DuckDB {duckdb.__version__}"}))
