"""The company of backtests: accounts that leave and come back, whose usage sometimes falls before, and whose owners, tiers and payments change.

Some say one trait without a date. Some end exactly at the end of a horizon, or a microsecond after it.
"""

import random
from datetime import datetime, timedelta, timezone

from company import DAYS, END, START, ZONE, Company, moment

MICROSECOND = timedelta(microseconds=1)
OWNERS = ["ann", "bob", "cleo", None]
PACE = [0.15, 0.5, 1.2, 2.5]  # logins a day


def make(seed, accounts=28):
    """The company of a seed."""
    rng = random.Random(seed + 5000)
    company = Company()
    for number in range(accounts):
        account = f"acct_{number:03}"
        tenures = stays(rng, number)
        quiet = silences(rng, tenures)
        if number % 6 == 5:
            tenures = [(tenures[0][0], at_horizon(rng, company, account, tenures[0][0], quiet, number))]
        describe(rng, company, account, tenures[0][0])
        for order, (begins, ends) in enumerate(tenures):
            subscribe(rng, company, account, order, begins, ends)
        people = [f"p_{number:03}_{k}" for k in range(rng.randint(1, 3))]
        for person in people:
            company.people.append((person, rng.choice(["admin", "user"])))
            company.memberships.append((person, account, tenures[0][0] - timedelta(days=1), leaves(rng, tenures)))
        act(rng, company, account, people, tenures, quiet)
    company.events = [(f"m{order:06}", *event) for order, event in enumerate(sorted(company.events, key=lambda event: event[3]))]
    return company


def stays(rng, number):
    """[(begins, ends or None)]: half of the accounts leave, some come back, some at once."""
    begins = moment(rng, 0, DAYS - (180 if number % 6 == 5 else 120))
    if rng.random() < 0.45:
        return [(begins, None)]
    ends = begins + timedelta(days=rng.randint(40, 260), minutes=rng.randint(0, 1440), microseconds=rng.randrange(10**6))
    if ends > END - timedelta(days=4):
        return [(begins, None)]
    again = ends + timedelta(days=rng.choice([1, 5, 30, 70]), minutes=rng.randint(0, 1440))
    if rng.random() < 0.5 or again > END - timedelta(days=20):
        return [(begins, ends)]
    last = again + timedelta(days=rng.randint(10, 120))
    return [(begins, ends), (again, last if rng.random() < 0.5 and last < END else None)]


def silences(rng, tenures):
    """[(since, until)] in which hardly anybody comes: before many ends, and for nothing now and then."""
    found = [(ends - timedelta(days=rng.randint(12, 75)), ends) for _, ends in tenures if ends and rng.random() < 0.7]
    for _ in range(rng.randint(0, 2)):
        since = moment(rng, 10, DAYS - 20)
        found.append((since, since + timedelta(days=rng.randint(9, 30))))
    return found


def at_horizon(rng, company, account, begins, quiet, number):
    """An end exactly 60 civil days after the midnight at which a last login is ten dates ago; or a microsecond beside it."""
    login = (begins.astimezone(ZONE).replace(tzinfo=None) + timedelta(days=rng.randint(20, 70))).replace(hour=12)
    company.events.append((account, None, "login", login.replace(tzinfo=ZONE).astimezone(timezone.utc), {}))
    ends = (login.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=7 + 3 + 60)).replace(tzinfo=ZONE).astimezone(timezone.utc)
    quiet.append((login.replace(hour=13, tzinfo=ZONE).astimezone(timezone.utc), ends + timedelta(days=1)))
    return ends + MICROSECOND * (number // 6 % 3 - 1)


def leaves(rng, tenures):
    """When a person leaves the account, if ever."""
    return tenures[0][0] + timedelta(days=rng.randint(20, 200)) if rng.random() < 0.2 else None


def describe(rng, company, account, begins):
    first = {"tier": rng.randint(1, 3), "region": rng.choice(["emea", "amer"]), "owner": rng.choice(OWNERS)}
    sponsor = {"sponsor": rng.random() < 0.6}
    dated = rng.random() < 0.75
    company.accounts.append((account, begins - timedelta(days=2), first | sponsor if dated else first))
    if not dated:
        company.accounts.append((account, None, sponsor))
    for _ in range(rng.randint(0, 4)):
        change = rng.choice([{"tier": rng.randint(1, 3)}, {"owner": rng.choice(OWNERS[:3])}, {"region": rng.choice(["emea", "amer"])}])
        if dated and rng.random() < 0.3:
            change = {"sponsor": rng.random() < 0.5}
        company.accounts.append((account, moment(rng, 5, DAYS - 5), change))


def subscribe(rng, company, account, order, begins, ends):
    """A subscription that changes what it pays, and whose renewal moves by half a year as often as it comes near."""
    arr, renewal = rng.randint(1, 90) * 1000, (begins + timedelta(days=rng.choice([25, 60, 100, 180]))).replace(microsecond=0)
    subscription = {"subscription_id": f"{account}_{order}", "account_id": account, "started_at": begins, "ended_at": ends}
    company.subscriptions.append(subscription | {"plan": "team", "seats": rng.randint(1, 40), "arr": arr, "renewal_at": renewal})
    while renewal < (ends or END):
        renewed = renewal - timedelta(days=rng.randint(1, 12))
        renewal += timedelta(days=180)
        company.subscriptions.append(subscription | {"valid_from": renewed, "renewal_at": renewal})
    for _ in range(rng.randint(0, 3)):
        changed = moment(rng, 10, DAYS - 10)
        if begins < changed < (ends or END):
            company.subscriptions.append(subscription | {"valid_from": changed, "arr": max(1000, arr + rng.choice([-3000, 2000, 5000]))})


def act(rng, company, account, people, tenures, quiet):
    """Logins by pace, with tickets, reports and answers among them; some also while the account is no customer."""
    pace = rng.choice(PACE)
    for day in range(DAYS):
        for _ in range(rng.choice([0, 1, 1, 2]) if rng.random() < min(1.0, pace) else 0):
            time = START + timedelta(days=day, microseconds=rng.randrange(86_400_000_000))
            silent = any(since <= time < until for since, until in quiet)
            customer = any(begins <= time and (ends is None or time < ends) for begins, ends in tenures)
            if silent or not customer and rng.random() < 0.95:
                continue
            person = rng.choice(people) if rng.random() < 0.9 else None
            company.events.append((account, person, "login", time, {}))
            for name, chance in (("ticket", 0.04), ("report_created", 0.06), ("survey_answered", 0.05)):
                if rng.random() < chance:
                    properties = {"score": rng.randint(0, 10)} if name == "survey_answered" else {}
                    company.events.append((account, person, name, time + timedelta(seconds=rng.choice([0, 40])), properties))
    for _ in range(2):
        midnight = datetime(2025, 1, 1) + timedelta(days=rng.randint(0, 340))
        time = midnight.replace(tzinfo=ZONE).astimezone(timezone.utc) + MICROSECOND * rng.choice([-1, 0, 1])
        if time > tenures[0][0] and not any(since <= time < until for since, until in quiet):
            company.events.append((account, None, rng.choice(["login", "ticket"]), time, {}))
