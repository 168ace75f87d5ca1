"""Kills the server again and again while clients send, and compares the end with a run that nobody disturbed.

    python3 tests/crash/run.py --tenure target/debug/tenure --kills 100 [--seed 1] [--postgres]

Every client owns some accounts and sends their events in order, each request again until it is answered 200. The server is killed at random
moments: with SIGKILL out of nothing, and with SIGKILL some milliseconds after SIGTERM, while it archives and writes its snapshot. With --postgres the
database is a PostgreSQL that is restarted between the kills, without being asked. In the end every
message that was answered must be in the archive once, and outcomes, alerts and outbox must be those of the run without kills.
The last line: kills=N lost=N doubled=N different=N.
"""

import argparse
import base64
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

from postgres import Postgres

CLIENTS = 4
ACCOUNTS = 8  # of each client
ITEMS = 12  # of a request

# What happens depends on the order of an account's own events only, never on when they arrive: else two runs would rightly differ.
MODEL = """
traits: { plan: text, owner: text }
metrics:
  logins:   { count: login }
  reports:  { count: report_created }
  people:   { people: any }
  volume:   { sum: report_created.rows }
segments:
  paying: { when: "plan = 'paid'" }
lifecycle:
  stages:
    onboarding: { first: true }
    adoption:   { when: "logins >= 20" }
    expansion:  { when: "reports >= 15 AND people >= 2", back_to: adoption }
  milestones:
    first_report: { stage: onboarding, reached: "reports >= 1", due: 300d after started_at }
scorecards:
  base:
    bands: { green: 70, yellow: 30 }
    groups: { use: { weight: 1, measures: { logins: { metric: logins, points: { 0: 0, 60: 100 } } } } }
alerts:
  trial_power_user: { when: "plan = 'trial' AND logins >= 10", severity: high, owner: account.owner }
  heavy:            { when: "volume > 5000", severity: medium }
  green:            { when: "health_band = 'green'", severity: low }
"""


def requests_of(client, seed, start, count):
    """The requests of a client: its accounts' events in order of time."""
    rng = random.Random(f"{seed}/{client}")
    clock = start + timedelta(seconds=client)
    plans = {}
    for n in range(count):
        items = []
        for i in range(ITEMS):
            clock += timedelta(milliseconds=rng.randrange(20, 900))
            account = f"c{client}-a{rng.randrange(ACCOUNTS)}"
            user = f"{account}-u{rng.randrange(3)}"
            stamp = clock.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            said = {"messageId": f"{client}-{n}-{i}", "userId": user, "timestamp": stamp}
            dice = rng.random()
            if account not in plans or dice < 0.03:
                plans[account] = "trial" if plans.get(account) != "trial" else "paid"
                said |= {"type": "group", "groupId": account, "traits": {"plan": plans[account], "owner": f"csm{client}"}}
            elif dice < 0.7:
                said |= {"type": "track", "event": "login", "context": {"groupId": account}}
            else:
                said |= {"type": "track", "event": "report_created", "context": {"groupId": account}, "properties": {"rows": rng.randrange(200)}}
            items.append(said)
        yield items


class Server:
    """A server that comes back at the same address, on the same data."""

    def __init__(self, tenure, data, model, port, database):
        self.command = [tenure, "serve", "--data", data, "--model", model, "--listen", f"127.0.0.1:{port}", "--log", "warn"]
        self.environment = dict(os.environ, **({"TENURE_DATABASE": database} if database else {}))
        self.port, self.key, self.process = port, None, None
        self.log = open(os.path.join(data, "..", f"server-{port}.log"), "a")

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.environment)
        said = []
        for line in self.process.stdout:
            said.append(line)
            found = re.search(r"wk_[0-9a-f]+", line)
            self.key = found.group(0) if found else self.key
            if "tenure serves" in line:
                break
        else:
            raise SystemExit(f"the server did not start: {''.join(said)} (see {self.log.name})")
        threading.Thread(target=self.listen, args=(self.process,), daemon=True).start()
        while self.key is None:
            time.sleep(0.01)

    def listen(self, process):
        for line in process.stdout:
            found = re.search(r"wk_[0-9a-f]+", line)
            if found and self.key is None:
                self.key = found.group(0)

    def post(self, items):
        body = json.dumps({"batch": items}).encode()
        auth = base64.b64encode(f"{self.key}:".encode()).decode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/batch", body, {"Authorization": f"Basic {auth}"})
        return urllib.request.urlopen(request, timeout=10).status == 200

    def metric(self, name):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10).read().decode()
        return float(re.search(rf"^{name} (\S+)$", text, re.M).group(1))

    def settle(self):
        while self.metric("tenure_journal_backlog_items") > 0:
            time.sleep(0.05)

    def kill(self, number):
        self.process.send_signal(number)
        self.process.wait()

    def stop(self):
        self.settle()
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=120) != 0:
            raise SystemExit(f"the server ended with {self.process.returncode} (see {self.log.name})")


def run(args, folder, name, port, start, kills, pace, postgres):
    """Sends everything while the server is killed. Gives the ids that were answered."""
    data = os.path.join(folder, name, "data")
    os.makedirs(data)
    model = os.path.join(folder, name, "model.yaml")
    with open(model, "w") as file:
        file.write(MODEL)
    database = postgres.database(name) if postgres else None
    server = Server(args.tenure, data, model, port, database)
    server.start()
    answered, lock, failed = set(), threading.Lock(), []

    def send(client):
        for items in requests_of(client, args.seed, start, args.requests):
            while True:
                try:
                    if server.post(items):
                        break
                except Exception as error:  # the server is down, or was killed before it answered
                    if isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code != 429:
                        failed.append(f"{error.code}: {error.read()}")
                        return
                    time.sleep(0.03)
            with lock:
                answered.update(item["messageId"] for item in items if item["type"] == "track")
            time.sleep(pace)

    clients = [threading.Thread(target=send, args=(client,)) for client in range(CLIENTS)]
    [client.start() for client in clients]
    rng = random.Random(args.seed)
    done = 0
    while done < kills and any(client.is_alive() for client in clients):
        time.sleep(rng.uniform(0.05, 0.8))
        if rng.random() < 0.3:
            # While it finishes: archive, snapshot, lease.
            server.process.send_signal(signal.SIGTERM)
            time.sleep(rng.uniform(0, 0.25))
        if postgres and rng.random() < 0.3:
            postgres.restart()
            time.sleep(rng.uniform(0, 1.0))
        server.kill(signal.SIGKILL)
        server.start()
        done += 1
        if sys.stderr.isatty():
            print(f"\r{done} of {kills} kills, {len(answered)} messages", end="", file=sys.stderr)
    [client.join() for client in clients]
    if failed:
        raise SystemExit(f"a client was refused: {failed[0]}")
    server.stop()
    return answered, done, data, database


def rows(data, database, sql, postgres):
    """Rows of the operational data."""
    if database:
        return sorted(postgres.rows(database, sql))
    with sqlite3.connect(os.path.join(data, "tenure.db")) as connection:
        return sorted(tuple("" if cell is None else str(cell) for cell in row) for row in connection.execute(sql))


def state(data, database, postgres):
    """Everything that both runs must agree on."""
    return {
        "outcomes": rows(data, database, "SELECT account, at, kind, subject, detail FROM outcomes", postgres),
        "alerts": rows(data, database, "SELECT key, account, rule, opened_at, resolved_at, resolved_reason, owner, status FROM alerts", postgres),
        "outbox": rows(data, database, "SELECT dedupe_key, kind, recipient FROM outbox", postgres),
        "versions": rows(data, database, "SELECT COUNT(*) FROM versions", postgres),
        "memberships": rows(data, database, "SELECT person, account FROM memberships", postgres),
    }


def archived(args, data, database):
    """How often each message is in the archive."""
    environment = dict(os.environ, **({"TENURE_DATABASE": database} if database else {}))
    sql = "SELECT message_id, COUNT(*) AS n FROM events GROUP BY message_id"
    out = subprocess.run([args.tenure, "--data", data, "sql", "--json", "--limit", "0", sql], capture_output=True, text=True, env=environment, check=True)
    return {row["message_id"]: row["n"] for row in json.loads(out.stdout)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenure", required=True)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--requests", type=int, help="of each client [default: 4 for each kill]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=17810)
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own, restarted in between")
    args = parser.parse_args()
    args.requests = args.requests or 4 * args.kills
    if args.postgres and not Postgres.installed():
        print("*** NO POSTGRESQL IS INSTALLED: THE CRASH LOOP ON IT IS SKIPPED. ***")
        return
    begun = time.time()
    start = (datetime.now(timezone.utc) - timedelta(hours=20)).replace(microsecond=0)
    with tempfile.TemporaryDirectory(prefix="tenure-crash-") as folder:
        # The clients take as long as the kills need.
        postgres = Postgres(folder, args.port + 2) if args.postgres else None
        answered, kills, data, database = run(args, folder, "crashed", args.port, start, args.kills, 0.15, postgres)
        expected, _, calm, calm_database = run(args, folder, "calm", args.port + 1, start, 0, 0, postgres)
        found = archived(args, data, database)
        lost = sorted(answered - found.keys())
        doubled = sorted(message for message, times in found.items() if times > 1)
        here, there = state(data, database, postgres), state(calm, calm_database, postgres)
        if postgres:
            postgres.stop()
        different = 0
        for table in here:
            only_here, only_there = sorted(set(here[table]) - set(there[table])), sorted(set(there[table]) - set(here[table]))
            twice = len(here[table]) - len(set(here[table]))
            if only_here or only_there or twice or len(here[table]) != len(there[table]):
                different += max(len(only_here) + len(only_there), twice, 1)
                print(f"{table}: {len(here[table])} rows, {len(there[table])} without kills; only here {only_here[:3]}, only there {only_there[:3]}, twice {twice}")
        print(f"{len(answered)} messages answered, {len(found)} archived, {len(expected)} without kills; lost {lost[:3]}, doubled {doubled[:3]}")
        for table in here:
            print(f"  {table}: {len(here[table])}")
        print(f"{time.time() - begun:.0f} s, seed {args.seed}")
        print(f"kills={kills} lost={len(lost)} doubled={len(doubled)} different={different}")
        sys.exit(1 if lost or doubled or different or kills < args.kills else 0)


main()
