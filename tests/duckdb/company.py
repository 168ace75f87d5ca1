"""The check's company: a year of accounts that renew, people who move, traits that change, and events that come late, twice or without an owner.

All of it follows from one seed. Times are UTC; the model's dates are New York's. Wall-clock times between 1 and 3 in the night are left out of
anchors: there a zone's change makes them mean two things, or nothing.
"""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
START = datetime(2024, 12, 15, tzinfo=timezone.utc)
END = datetime(2025, 12, 20, tzinfo=timezone.utc)
DAYS = (END - START).days


@dataclass
class Company:
    """What happened, as lists of plain records."""

    accounts: list = field(default_factory=list)  # (account_id, valid_from, {trait: value}): one per version
    people: list = field(default_factory=list)  # (person_id, role)
    memberships: list = field(default_factory=list)  # (person_id, account_id, from, until or None)
    subscriptions: list = field(default_factory=list)
    events: list = field(default_factory=list)  # (message_id, given account or None, person or None, name, time, properties)
    late: list = field(default_factory=list)  # events of the second file: late ones, and copies of events of the first


def make(seed, accounts=60):
    """The company of a seed."""
    rng = random.Random(seed)
    company = Company()
    people = {}
    for number in range(accounts):
        account = f"acct_{number:03}"
        started = moment(rng, 0, DAYS - 40)
        account_versions(rng, company, account, started)
        subscribe(rng, company, account, started)
        people[account] = [f"p_{number:03}_{k}" for k in range(rng.randint(1, 7))]
        for person in people[account]:
            company.people.append((person, rng.choice(["admin", "user", "user", "exec"])))
            company.memberships.append([person, account, started - timedelta(days=1), None])
    move(rng, company, people)
    act(rng, company)
    return company


def moment(rng, first_day, last_day):
    """A time of day in New York that is no midnight and exists once."""
    local = datetime(START.year, START.month, START.day) + timedelta(days=rng.randint(first_day, last_day))
    local = local.replace(hour=rng.choice([0, 4, 7, 9, 13, 17, 22, 23]), minute=rng.randint(0, 59), second=rng.randint(0, 59))
    local = local.replace(microsecond=rng.randrange(10**6))
    return local.replace(tzinfo=ZONE).astimezone(timezone.utc)


def account_versions(rng, company, account, started):
    first = {"tier": rng.randint(1, 3), "region": rng.choice(["emea", "amer", "apac", None]), "champion": rng.random() < 0.5}
    if rng.random() < 0.75:
        first["started_at"] = started
    if rng.random() < 0.7:
        first["kickoff_at"] = started + timedelta(days=rng.randint(1, 60), hours=3)
        hour = first["kickoff_at"].astimezone(ZONE).hour
        if hour in (1, 2):
            first["kickoff_at"] += timedelta(hours=3)
    if rng.random() < 0.7:
        first["go_live_on"] = (started + timedelta(days=rng.randint(5, 120))).date()
    company.accounts.append((account, started - timedelta(days=2), first))
    for _ in range(rng.randint(0, 4)):
        change = rng.choice([{"tier": rng.randint(1, 3)}, {"region": rng.choice(["emea", "apac"])}, {"champion": rng.random() < 0.5}])
        company.accounts.append((account, moment(rng, 5, DAYS - 5), change))


def subscribe(rng, company, account, started):
    """One or two subscriptions; none of them ends before the simulated time does, though some are cancelled."""
    for number in range(rng.choice([1, 1, 1, 2])):
        begins = started + timedelta(days=rng.randint(0, 30) if number else 0)
        renewal = (begins + timedelta(days=rng.choice([100, 200, 365]))).replace(microsecond=0)
        cancelled = ended = None
        if rng.random() < 0.15:
            ended = END + timedelta(days=rng.randint(30, 90))
            cancelled = moment(rng, DAYS // 2, DAYS - 10)
            cancelled = max(cancelled, begins + timedelta(days=1))
        company.subscriptions.append({
            "subscription_id": f"{account}_{number}",
            "account_id": account,
            "plan": rng.choice(["team", "business"]),
            "seats": rng.randint(1, 40),
            "arr": rng.randint(1, 90) * 1000 + rng.choice([0, 0.5]),
            "started_at": begins,
            "renewal_at": renewal,
            "ended_at": ended,
            "cancelled_at": cancelled,
        })  # fmt: skip


def move(rng, company, people):
    """Some people go to another account; some work for two."""
    for membership in list(company.memberships):
        person, account, since, _ = membership
        chance = rng.random()
        other = rng.choice([a for a in people if a != account])
        when = moment(rng, 60, DAYS - 30)
        if chance < 0.15 and when > since + timedelta(days=5):
            membership[3] = when
            company.memberships.append([person, other, when, None])
        elif chance < 0.2:
            company.memberships.append([person, other, max(when, since), None])


NAMES = ["login"] * 6 + ["page_viewed"] * 5 + ["report_created", "dashboard_viewed", "workflow_run", "export_downloaded", "survey_answered", "ticket"]


def act(rng, company):
    """Events of people and accounts, in the order in which they arrive."""
    events = []
    pace = {person: rng.choice([0.03, 0.1, 0.4, 1.0]) for person, _ in company.people}
    for person, account, since, until in company.memberships:
        also = [m for m in company.memberships if m[0] == person and m[1] != account]
        quiet = rng.randint(30, DAYS) if rng.random() < 0.4 else DAYS
        for day in range(DAYS):
            if day > quiet or rng.random() > pace[person]:
                continue
            for _ in range(rng.choice([1, 1, 2, 3, 6])):
                time = START + timedelta(days=day, microseconds=rng.randrange(86_400_000_000))
                outside = not (since <= time and (until is None or time < until))
                if outside and rng.random() < 0.97:
                    continue
                name = rng.choice(NAMES)
                explicit = bool(also) or rng.random() < 0.3
                given = account if explicit and rng.random() < 0.97 else None
                events.append([given, person, name, time, properties(rng, name)])
    for account in sorted({a for a, _, _ in company.accounts}):
        for day in range(20, DAYS, 30):
            time = START + timedelta(days=day, microseconds=rng.randrange(86_400_000_000))
            events.append([account, None, "invoice_paid", time, {"amount": round(rng.uniform(10, 900), 2)}])
    edges(rng, company, events)
    events.sort(key=lambda event: event[3])
    for number, event in enumerate(events):
        row = (f"m{number:06}", *event)
        (company.late if rng.random() < 0.1 else company.events).append(row)
    company.late += rng.sample(company.events, len(company.events) // 20)
    rng.shuffle(company.late)


def edges(rng, company, events):
    """Events exactly at midnights, at anchors and around changes of the clocks."""
    for account, _, traits in company.accounts:
        for anchor in ("started_at", "kickoff_at"):
            if anchor in traits:
                for days, microseconds in [(0, 0), (0, -1), (3, 0), (3, -1), (7, 0), (7, -1)]:
                    local = traits[anchor].astimezone(ZONE).replace(tzinfo=None) + timedelta(days=days, microseconds=microseconds)
                    events.append([account, None, "login", local.replace(tzinfo=ZONE).astimezone(timezone.utc), {}])
        for day in (date(2025, 3, 9), date(2025, 3, 10), date(2025, 11, 2), date(2025, 11, 3), date(2025, 6, 30)):
            midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(timezone.utc)
            if rng.random() < 0.3:
                for microseconds in (-1, 0, 1):
                    events.append([account, None, rng.choice(NAMES[:11]), midnight + timedelta(microseconds=microseconds), {}])


def properties(rng, name):
    if name == "page_viewed":
        full = {"path": rng.choice(["/home", "/help", "/reports"]), "seconds": rng.choice([5, 30, 60, 61, 300.5])}
        return full if rng.random() < 0.9 else {"path": full["path"]}
    if name == "survey_answered":
        answer = {"survey": rng.choice(["nps", "nps", "csat"]), "mood": rng.choice(["bad", "fair", "good"])}
        return answer | ({"score": rng.randint(0, 10)} if rng.random() < 0.9 else {})
    return {}
