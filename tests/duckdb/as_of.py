"""The first half: metrics, segments, health and alerts without a history, as `tenure accounts --as-of` answers them, account by account.

First the archive itself is compared with the events as they were given: each belongs to the account that the rules say, once.
"""

import json

import meaning

# In New York: clocks go forward on 2025-03-09 and back on 2025-11-02. A date means its last instant.
AS_OF = [
    "2025-02-14",
    "2025-03-08", "2025-03-09", "2025-03-10", "2025-03-15", "2025-03-16",
    "2025-04-06T03:59:59Z",
    "2025-06-30",
    "2025-07-04T12:34:56.789012Z",
    "2025-09-30T04:00:00Z",
    "2025-11-01", "2025-11-02", "2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z", "2025-11-03", "2025-11-09",
    "2025-12-19",
]  # fmt: skip

TIMES = {"started_at", "kickoff_at", "renewal_at", "first_report_at", "last_login_at"}
KINDS = {name: kind for kind, names in {"traits": meaning.COLUMNS, "metrics": meaning.METRICS, "segments": meaning.SEGMENTS}.items() for name in names}


def check(workspace):
    workspace.load("events", "people", "accounts", "subscriptions", "late")
    workspace.open()
    archive(workspace)
    for at in AS_OF:
        compare(workspace, at)


def archive(workspace):
    """Every event is in the archive once, with the account it belongs to; those of nobody are not."""
    query = "SELECT message_id, account_id, person_id, name, time FROM {} WHERE account_id IS NOT NULL"
    for ours, theirs in [("event", "resolved"), ("resolved", "event")]:
        only = workspace.duckdb.execute(f"{query.format(ours)} EXCEPT ALL {query.format(theirs)}").fetchall()
        side = "only in the archive" if ours == "event" else "missing in the archive"
        for row in only:
            workspace.differ(f"{side}: {row}")
    workspace.agreed["events"] += workspace.duckdb.execute("SELECT count(*) FROM event").fetchone()[0]


def compare(workspace, at):
    instant = at
    if len(at) == len("2025-01-01"):
        query = f"SELECT ((DATE '{at}' + INTERVAL 1 DAY) AT TIME ZONE '{meaning.ZONE}') - INTERVAL 1 MICROSECOND"
        instant = workspace.duckdb.execute(f"SELECT strftime(({query}), '%Y-%m-%dT%H:%M:%S.%fZ')").fetchone()[0]
    meaning.compute(workspace.duckdb, instant)
    columns = [*meaning.COLUMNS, *meaning.METRICS, *meaning.SEGMENTS, "health", "health_band"]
    names = ["account_id", *columns, *meaning.ALERTS]
    # Times as numbers: the Python package of DuckDB wants another package for instants.
    asked = (f"epoch_us({name})" if name in TIMES else name for name in names)
    theirs = workspace.duckdb.execute(f"SELECT {', '.join(asked)} FROM outcome").fetchall()
    answer = workspace.run("accounts", "--as-of", at, "--columns", ",".join(["id", *columns, "alerts"]), "--json")
    ours = {row["id"]: row for row in json.loads(answer)}
    for row in (dict(zip(names, values)) for values in theirs):
        account = row["account_id"]
        if account not in ours:
            workspace.differ(f"{at} {account}: missing in tenure's answer")
            continue
        # Where a score lies on a bound but for the last bit, its band is a matter of the order of additions.
        on_bound = row["health"] is not None and any(abs(row["health"] - bound) < 1e-9 for bound in (40, 70))
        for column in (c for c in columns if c != "health_band" or not on_bound):
            value = ours[account][column]
            if column in TIMES and value is not None:
                value = workspace.duckdb.execute("SELECT epoch_us(?::TIMESTAMPTZ)", [value]).fetchone()[0]
            workspace.compare(KINDS.get(column, "health"), f"{at} {account} {column}", value, row[column])
        firing = sorted(name for name in meaning.ALERTS if row[name])
        workspace.compare("alerts", f"{at} {account} alerts", sorted(ours[account]["alerts"]), firing)
