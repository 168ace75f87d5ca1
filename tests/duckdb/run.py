"""The independent check: DuckDB computes a model over the archive's files and must agree with `tenure accounts --as-of`, account by account.

First the archive itself is compared with the events as they were given: each belongs to the account that the rules say, once.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import duckdb

import company
import files
import meaning

HERE = pathlib.Path(__file__).parent

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


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tenure", required=True, type=pathlib.Path, help="the binary")
    options.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="SEED", help="one company each")
    options = options.parse_args()
    agreed, differences = 0, []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            check = Check(options.tenure.resolve(), pathlib.Path(folder), seed)
            check.archive()
            for at in AS_OF:
                check.as_of(at)
        agreed += check.agreed
        differences += [f"seed {seed}, {difference}" for difference in check.differences]
    for difference in differences[:40]:
        print(difference)
    companies = f"{len(options.seeds)} companies at {len(AS_OF)} instants"
    print(f"{agreed} values agree, {len(differences)} differ: {companies} (DuckDB {duckdb.__version__})")
    sys.exit(1 if differences or not agreed else 0)


class Check:
    def __init__(self, tenure, folder, seed):
        self.tenure, self.folder = tenure, folder
        self.agreed, self.differences = 0, []
        files.write(company.make(seed), folder)
        for what, name in [("events", "events"), ("people", "people"), ("accounts", "accounts"), ("subscriptions", "subscriptions"), ("events", "late")]:
            self.run("import", what, folder / f"{name}.ndjson")
        self.duckdb = duckdb.connect()
        files.read(self.duckdb, folder)
        archive = folder / "data" / "events" / "*" / "*.parquet"
        self.duckdb.execute(f"CREATE VIEW event AS SELECT account_id, person_id, name, time, message_id, properties::JSON AS properties FROM '{archive}'")

    def run(self, *arguments):
        command = [self.tenure, "--data", self.folder / "data", "--model", HERE / "model.yaml", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
        return done.stdout

    def compare(self, where, ours, theirs):
        if same(ours, theirs):
            self.agreed += 1
        else:
            self.differences.append(f"{where}: tenure {ours!r}, DuckDB {theirs!r}")

    def archive(self):
        """Every event is in the archive once, with the account it belongs to; those of nobody are not."""
        query = "SELECT message_id, account_id, person_id, name, time FROM {} WHERE account_id IS NOT NULL"
        for ours, theirs in [("event", "resolved"), ("resolved", "event")]:
            only = self.duckdb.execute(f"{query.format(ours)} EXCEPT ALL {query.format(theirs)}").fetchall()
            side = "only in the archive" if ours == "event" else "missing in the archive"
            self.differences += [f"{side}: {row}" for row in only]
        self.agreed += self.duckdb.execute("SELECT count(*) FROM event").fetchone()[0]

    def as_of(self, at):
        instant = at
        if len(at) == len("2025-01-01"):
            query = f"SELECT ((DATE '{at}' + INTERVAL 1 DAY) AT TIME ZONE '{meaning.ZONE}') - INTERVAL 1 MICROSECOND"
            instant = self.duckdb.execute(f"SELECT strftime(({query}), '%Y-%m-%dT%H:%M:%S.%fZ')").fetchone()[0]
        meaning.compute(self.duckdb, instant)
        columns = [*meaning.COLUMNS, *meaning.METRICS, *meaning.SEGMENTS, "health", "health_band"]
        names = ["account_id", *columns, *meaning.ALERTS]
        # Times as numbers: the Python package of DuckDB wants another package for instants.
        asked = (f"epoch_us({name})" if name in TIMES else name for name in names)
        theirs = self.duckdb.execute(f"SELECT {', '.join(asked)} FROM outcome").fetchall()
        answer = self.run("accounts", "--as-of", at, "--columns", ",".join(["id", *columns, "alerts"]), "--json")
        ours = {row["id"]: row for row in rows(answer)}
        for row in (dict(zip(names, values)) for values in theirs):
            account = row["account_id"]
            if account not in ours:
                self.differences.append(f"{at} {account}: missing in tenure's answer")
                continue
            # Where a score lies on a bound but for the last bit, its band is a matter of the order of additions.
            on_bound = row["health"] is not None and any(abs(row["health"] - bound) < 1e-9 for bound in (40, 70))
            for column in (c for c in columns if c != "health_band" or not on_bound):
                value = ours[account][column]
                if column in TIMES and value is not None:
                    value = self.duckdb.execute("SELECT epoch_us(?::TIMESTAMPTZ)", [value]).fetchone()[0]
                self.compare(f"{at} {account} {column}", value, row[column])
            firing = sorted(name for name in meaning.ALERTS if row[name])
            self.compare(f"{at} {account} alerts", sorted(ours[account]["alerts"]), firing)


def rows(text):
    """A JSON list, or one object a line."""
    return json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines()]


def same(ours, theirs):
    if any(value is None or isinstance(value, (bool, str, list)) for value in (ours, theirs)):
        return ours == theirs
    return abs(float(ours) - float(theirs)) <= 1e-9 * max(1.0, abs(float(theirs)))


if __name__ == "__main__":
    main()
