"""A company in a data folder of its own: imported by `tenure`, open to DuckDB, and a tally of what agrees."""

import subprocess
import sys
from collections import Counter

import duckdb

import files


class Workspace:
    def __init__(self, tenure, folder, model, company):
        self.tenure, self.folder, self.model = tenure, folder, model
        self.agreed, self.differences = Counter(), []
        files.write(company, folder)
        self.duckdb = duckdb.connect()

    def load(self, *names):
        """Imports these files."""
        for name in names:
            self.run("import", "events" if name == "late" else name, self.folder / f"{name}.ndjson")

    def open(self):
        """What was given and what the archive holds, as tables of DuckDB."""
        files.read(self.duckdb, self.folder)
        archive = self.folder / "data" / "events" / "*" / "*.parquet"
        self.duckdb.execute(f"CREATE VIEW event AS SELECT account_id, person_id, name, time, message_id, properties::JSON AS properties FROM '{archive}'")

    def run(self, *arguments):
        command = [self.tenure, "--data", self.folder / "data", "--model", self.model, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
        return done.stdout

    def compare(self, kind, where, ours, theirs):
        if same(ours, theirs):
            self.agreed[kind] += 1
        else:
            self.differ(f"{where}: tenure {ours!r}, DuckDB {theirs!r}")

    def differ(self, difference):
        self.differences.append(difference)


def same(ours, theirs):
    if any(value is None or isinstance(value, (bool, str, list)) for value in (ours, theirs)):
        return ours == theirs
    return abs(float(ours) - float(theirs)) <= 1e-9 * max(1.0, abs(float(theirs)))
