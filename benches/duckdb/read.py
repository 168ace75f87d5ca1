"""DuckDB reads a file of events, NDJSON or Parquet, into a table: the peer of `tenure import events`.

DuckDB gets the columns' types and only stores the rows as they are; the import also resolves whose event each is, drops duplicates, sorts by account
and writes Parquet that survives a crash.
"""

from runner import main

COLUMNS = "{account_id: 'VARCHAR', person_id: 'VARCHAR', event: 'VARCHAR', time: 'TIMESTAMPTZ', properties: 'JSON'}"


def sql(events, accounts):
    ndjson = f"read_json('{events}', format = 'newline_delimited', columns = {COLUMNS})"
    source = f"read_parquet('{events}')" if events.endswith(".parquet") else ndjson
    return f"CREATE TABLE result AS SELECT account_id, person_id, event, time, properties FROM {source}"


if __name__ == "__main__":
    main("read", sql)
