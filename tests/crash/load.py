"""What clients send, and the models that decide on it meanwhile."""

import itertools
import random
import threading
import time
import urllib.error
from collections import Counter
from datetime import timedelta

CLIENTS = 4
ACCOUNTS = 8  # of each client
ITEMS = 12  # of a request
PASSING = (429, 503)  # a sender tries again; every other answer but 200 is a fault

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

# Rules that come and go when the model is switched. Each holds from one event on for ever, and opens its alert for what matched before too: so once
# all of them are there, their alerts are the same whenever each of them came. What was told of them on the way depends on that, and is not compared.
RULES = {f"rule_{n}": f"logins >= {4 * n}" for n in range(1, 7)}


def model(rules):
    """The model with some of the rules that come and go."""
    return MODEL + "".join(f'  {rule}: {{ when: "{RULES[rule]}", severity: low, on_existing: fire }}\n' for rule in sorted(rules))


def models(seed):
    """Models to switch between; the last one has all rules."""
    rng = random.Random(f"{seed}/models")
    return [model(rng.sample(sorted(RULES), n)) for n in (0, 1, 2, 3, 4, 5, 3, 2)] + [model(RULES)]


def requests_of(client, seed, start):
    """The requests of a client, without end: its accounts' events in order of time."""
    rng = random.Random(f"{seed}/{client}")
    clock = start + timedelta(seconds=client)
    plans = {}
    for n in itertools.count():
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


class Load:
    """The clients: each sends its requests in order, each request again until it is answered 200. They go on until it is `enough`, or until each has
    sent as many as `counts` says."""

    def __init__(self, server, seed, start, pace, counts=None):
        self.server, self.seed, self.start, self.pace = server, seed, start, pace
        self.answered, self.statuses, self.faults, self.lock = set(), Counter(), [], threading.Lock()
        self.counts, self.sent, self.enough = counts, [0] * CLIENTS, False
        self.clients = [threading.Thread(target=self.send, args=(client,), daemon=True) for client in range(CLIENTS)]

    def begin(self):
        [client.start() for client in self.clients]

    def goes_on(self):
        return any(client.is_alive() for client in self.clients)

    def end(self):
        [client.join() for client in self.clients]
        if self.faults:
            raise SystemExit(f"a client was refused: {self.faults[0]}")

    def send(self, client):
        for items in requests_of(client, self.seed, self.start):
            if self.enough or self.counts and self.sent[client] == self.counts[client]:
                return
            while not self.offer(items):
                if self.faults:
                    return
                time.sleep(0.03)
            with self.lock:
                self.sent[client] += 1
                self.answered.update(item["messageId"] for item in items if item["type"] == "track")
            time.sleep(self.pace)

    def offer(self, items):
        """Was it answered 200?"""
        try:
            status = self.server.post(items)
        except urllib.error.HTTPError as error:
            status = error.code
            if status not in PASSING:
                self.faults.append(f"{status}: {error.read()}")
        except Exception:  # the server is down, or was killed before it answered
            status = "none"
        with self.lock:
            self.statuses[status] += 1
        return status == 200
