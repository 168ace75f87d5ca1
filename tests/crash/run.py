"""Kills the server again and again while clients send, and compares the end with a run that nobody disturbed.

    python3 tests/crash/run.py --tenure target/debug/tenure --kills 100 [--seed 1] [--postgres] [--disk-full]

Every client owns some accounts and sends their events in order, each request again until it is answered 200. Meanwhile the model is switched (load.py
says why the end must be the same all the same), the journal is archived all the time, and a snapshot is taken after it. The server is killed with SIGKILL:
out of nothing, while it archives, takes a snapshot or switches (its log tells), some milliseconds after SIGTERM, and while it starts.

- With --postgres the database is a PostgreSQL that is restarted between the kills, without being asked.
- With --disk-full the data folder has no room at times (full.c): requests are answered with 503 or 429, and everything goes on when there is room again, by
  itself or after a kill.

In the end every message that was answered must be in the archive once, every model that was acknowledged must have been in force after the next start, and
outcomes, alerts and outbox must be those of a run without kills that went through the same models.
The last lines: what the kills fell into; kills=N lost=N doubled=N different=N.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta, timezone

from disk import Disk
from load import RULES, Load, models
from postgres import Postgres
from server import Server
from switch import Switcher

# How a server is killed, and how often.
WAYS = {"out of nothing": 4, "archive": 4, "snapshot": 3, "switch": 4, "stop": 3, "start": 2}
# How long it may go on, in seconds, after it began what it is to be killed in.
INTO = {"archive": 0.03, "snapshot": 0.01, "switch": 0.15, "stop": 0.25, "start": 0.3}
WAIT = 3.0  # seconds until it begins it
RECOVERS_WITHIN = 30  # seconds
PACE = 0.2  # seconds between two requests of a client
MUST_BE_HIT = ("archive", "snapshot", "switch")


class Crashes:
    """Kills the server, and starts it again."""

    def __init__(self, args, server, switcher, load, disk, postgres):
        self.args, self.server, self.switcher, self.load, self.disk, self.postgres = args, server, switcher, load, disk, postgres
        self.rng, self.kills, self.fell_into, self.recovered = random.Random(args.seed), 0, Counter(), 0

    def run(self):
        while self.kills < self.args.kills and not self.load.faults:
            if self.disk and self.rng.random() < 0.4:
                self.disk.is_full_for(self.rng.uniform(0.2, 1.5))
                self.recovers()
            full = self.disk is not None and self.rng.random() < 0.4
            if full:
                self.disk.fill()
            self.kill(self.rng.choices(list(WAYS), WAYS.values())[0])
            if full:
                time.sleep(self.rng.uniform(0, 0.5))
                if self.rng.random() < 0.5:
                    self.server.spawn()
                    time.sleep(self.rng.uniform(0, 0.5))
                    self.died(self.server.kill())
                self.disk.free()
            if self.postgres and self.rng.random() < 0.3:
                self.postgres.restart()
            self.server.start(self.switcher.start_with() if self.rng.random() < 0.1 else None)
            self.switcher.started()
            if sys.stderr.isatty():
                print(f"\r{self.kills} of {self.args.kills} kills, {len(self.load.answered)} messages", end="", file=sys.stderr)

    def kill(self, way):
        into = self.rng.uniform(0, INTO.get(way, 0))
        if way == "out of nothing":
            time.sleep(self.rng.uniform(0.05, 0.8))
        elif way == "start":
            time.sleep(self.rng.uniform(0.05, 0.4))
            self.died(self.server.kill())
            self.server.spawn(self.switcher.start_with() if self.rng.random() < 0.3 else None)
        elif way == "stop":
            time.sleep(self.rng.uniform(0.05, 0.4))
            self.server.process.send_signal(signal.SIGTERM)
        else:
            self.server.reaches(way, WAIT)
        time.sleep(into)
        if self.postgres and self.rng.random() < 0.3:
            self.postgres.restart()
        served = self.server.serves
        if served and way != "stop" and self.server.process.poll() is not None:
            raise SystemExit(f"the server ended by itself with {self.server.process.returncode} (see {self.server.log.name})")
        phases = self.server.kill()
        self.died(phases + (["start"] if not served else []) + (["stop"] if way == "stop" else []))

    def died(self, phases):
        self.kills += 1
        self.fell_into.update(set(phases) or {"nothing"})

    def recovers(self):
        """There is room again: requests are answered, and the engine commits what they said, by themselves."""
        before, until = self.server.metric("tenure_items_accepted_total"), time.time() + RECOVERS_WITHIN
        accepted, behind = before, 0
        while accepted - behind <= before:
            if time.time() > until:
                where = f"{accepted:.0f} items accepted, {before:.0f} before, the engine is {behind:.0f} behind, under way: {self.server.phases}"
                raise SystemExit(f"{RECOVERS_WITHIN} s after there was room again, it does not go on: {where} (see {self.server.log.name})")
            time.sleep(0.02)
            accepted = self.server.metric("tenure_items_accepted_total")
            behind = self.server.metric("tenure_journal_backlog_items")
        self.recovered += 1


def begun(args, folder, name, port, postgres, disk=None):
    """A server that is set up, with the first model. Gives it, and the address of its database."""
    home = os.path.join(folder, name)
    os.makedirs(home)
    database = postgres.database(name) if postgres else None
    server = Server(args.tenure, home, port, database, disk.environment if disk else {})
    first = os.path.join(home, "model.yaml")
    with open(first, "w") as file:
        file.write(models(args.seed)[0])
    server.start(first)
    server.set_up()
    return server, Switcher(server, home, args.seed), database


def crashed(args, folder, start, postgres):
    """Sends everything while the server is killed."""
    disk = Disk(folder, os.path.join(folder, "crashed", "data")) if args.disk_full else None
    server, switcher, database = begun(args, folder, "crashed", args.port, postgres, disk)
    load = Load(server, args.seed, start, PACE)
    crashes = Crashes(args, server, switcher, load, disk, postgres)
    try:
        load.begin()
        switcher.begin()
        crashes.run()
        load.enough = True
        load.end()
        switcher.end()
        server.stop()
    finally:
        server.end()
    return server, database, load, switcher, crashes


def calm(args, folder, start, postgres, history, counts):
    """Sends the same, and switches through the same models, with nothing in between."""
    server, switcher, database = begun(args, folder, "calm", args.port + 1, postgres)
    load = Load(server, args.seed, start, 0, counts)
    try:
        load.begin()
        for done, model in enumerate(history, 1):
            while load.goes_on() and sum(load.sent) < sum(counts) * done / (len(history) + 1):
                time.sleep(0.005)
            switcher.switch_to(model)
        load.end()
        server.stop()
    finally:
        server.end()
    return server, database, load


def rows(server, database, sql, postgres):
    """Rows of the operational data."""
    if database:
        return sorted(postgres.rows(database, sql))
    with sqlite3.connect(os.path.join(server.data, "tenure.db")) as connection:
        return sorted(tuple("" if cell is None else str(cell) for cell in row) for row in connection.execute(sql))


def state(server, database, postgres):
    """Everything that both runs must agree on."""
    of_switches = ", ".join(f"'{rule}'" for rule in RULES)
    queries = {
        "outcomes": f"SELECT account, at, kind, subject, detail FROM outcomes WHERE subject NOT IN ({of_switches})",
        "alerts": "SELECT key, account, rule, opened_at, resolved_at, resolved_reason, owner, status FROM alerts",
        "outbox": "SELECT dedupe_key, kind, recipient FROM outbox",
        "versions": "SELECT COUNT(*) FROM versions",
        "memberships": "SELECT person, account FROM memberships",
    }
    return {table: rows(server, database, sql, postgres) for table, sql in queries.items()}


def archived(args, server, database):
    """How often each message is in the archive."""
    environment = dict(os.environ, **({"TENURE_DATABASE": database} if database else {}))
    sql = "SELECT message_id, COUNT(*) AS n FROM events GROUP BY message_id"
    command = [args.tenure, "--data", server.data, "sql", "--json", "--limit", "0", sql]
    out = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return {row["message_id"]: row["n"] for row in json.loads(out.stdout)}


def compare(here, there):
    """How many rows are not as they should be; says which."""
    different = 0
    for table in here:
        only_here, only_there = sorted(set(here[table]) - set(there[table])), sorted(set(there[table]) - set(here[table]))
        twice = len(here[table]) - len(set(here[table]))
        if only_here or only_there or twice or len(here[table]) != len(there[table]):
            different += max(len(only_here) + len(only_there), twice, 1)
            print(f"{table}: {len(here[table])} rows, {len(there[table])} without kills; only here {only_here[:3]}, only there {only_there[:3]}, twice {twice}")
    return different


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenure", required=True)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=17810)
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own, restarted in between")
    parser.add_argument("--disk-full", action="store_true", help="the data folder has no room at times")
    parser.add_argument("--keep", help="a new folder where everything stays, to be looked at")
    args = parser.parse_args()
    if args.postgres and not Postgres.installed():
        print("*** NO POSTGRESQL IS INSTALLED: THE CRASH LOOP ON IT IS SKIPPED. ***")
        return
    if args.disk_full and not Disk.can_be_full():
        print("*** THERE IS NO C COMPILER (cc): THE DISK NEVER GETS FULL IN THIS CRASH LOOP. ***")
        args.disk_full = False
    if args.keep:
        os.makedirs(args.keep)
        sys.exit(loop(args, args.keep))
    with tempfile.TemporaryDirectory(prefix="tenure-crash-") as folder:
        sys.exit(loop(args, folder))


def loop(args, folder):
    begun_at = time.time()
    start = (datetime.now(timezone.utc) - timedelta(hours=20)).replace(microsecond=0)
    postgres = Postgres(folder, args.port + 2) if args.postgres else None
    try:
        server, database, load, switcher, crashes = crashed(args, folder, start, postgres)
        other, other_database, quiet = calm(args, folder, start, postgres, switcher.history, load.sent)
        found = archived(args, server, database)
        here, there = state(server, database, postgres), state(other, other_database, postgres)
    finally:
        if postgres:
            postgres.stop()
    panics = [run.log.name for run in (server, other) if "panicked" in open(run.log.name).read()]
    lost = sorted(load.answered - found.keys())
    doubled = sorted(message for message, times in found.items() if times > 1)
    different = compare(here, there) + len(switcher.lost)
    print(f"{len(load.answered)} messages answered, {len(found)} archived, {len(quiet.answered)} without kills; lost {lost[:3]}, doubled {doubled[:3]}")
    print("  " + ", ".join(f"{table}: {len(here[table])}" for table in here))
    print(f"  {len(switcher.history)} switches of the model; acknowledged and gone: {switcher.lost}")
    print(f"  requests by answer: {dict(load.statuses)}" + (f"; went on by itself {crashes.recovered} times" if args.disk_full else ""))
    print(f"{time.time() - begun_at:.0f} s, seed {args.seed}")
    print("kills while: " + " ".join(f"{phase}={crashes.fell_into[phase]}" for phase in (*MUST_BE_HIT, "start", "stop", "nothing")))
    print(f"kills={crashes.kills} lost={len(lost)} doubled={len(doubled)} different={different}")
    missed = [phase for phase in MUST_BE_HIT if args.kills >= 50 and not crashes.fell_into[phase]]
    refused = args.disk_full and not any(load.statuses[status] for status in (429, 503))
    for wrong, what in [
        (missed, f"NO KILL FELL INTO {missed}"),
        (refused, "NO REQUEST WAS REFUSED: THE DISK WAS NOT FULL"),
        (panics, f"SOMETHING PANICKED: {panics}"),
    ]:
        if wrong:
            print(f"*** {what} ***", file=sys.stderr)
    return 1 if lost or doubled or different or missed or refused or panics or crashes.kills < args.kills else 0


main()
