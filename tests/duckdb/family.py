"""The company with families: some accounts are the parents of others, some children change their parent, one parent has a parent itself, some accounts end."""

import random
from datetime import timedelta, timezone

import company

ROOTS, MIDDLE, CHILDREN = (0, 1, 2), 3, range(4, 16)
ENDING = (5, 11, 18)
COMING_BACK = (2, 8, 14, 16, 17, 20)


def make(seed, accounts=22):
    """The company of a seed; accounts after the children stand alone."""
    whole = company.make(seed, accounts)
    rng = random.Random(seed + 1000)
    begun = {account: valid_from for account, valid_from, traits in reversed(whole.accounts) if "tier" in traits}
    names = sorted(begun)
    just_in_time(whole)
    for number in (*ENDING, *COMING_BACK):
        end(rng, whole, names[number], number in COMING_BACK)
    versions = [(names[MIDDLE], begun[names[MIDDLE]], names[0])]
    for child in (names[number] for number in CHILDREN):
        parents = [names[parent] for parent in (*ROOTS, MIDDLE)]
        known = begun[child] if rng.random() < 0.7 else company.moment(rng, 60, company.DAYS - 60)
        versions.append((child, known, rng.choice(parents)))
        if rng.random() < 0.4:
            versions.append((child, company.moment(rng, 100, company.DAYS - 20), rng.choice(parents)))
    whole.accounts += [(child, known, {"parent": parent}) for child, known, parent in versions]
    # One parent is of the card that is the mean of its children's health.
    whole.accounts.append((names[1], begun[names[1]] + timedelta(days=1), {"region": "emea", "champion": True}))
    later_kickoff(rng, whole)
    return whole


def later_kickoff(rng, whole):
    """Some kickoffs are moved: what is due after them moves as well."""
    kickoffs = [(account, traits["kickoff_at"]) for account, _, traits in whole.accounts if "kickoff_at" in traits]
    for account, kickoff in rng.sample(kickoffs, len(kickoffs) // 2):
        moved = kickoff + timedelta(days=rng.choice([-3, 10, 25]))
        whole.accounts.append((account, kickoff + timedelta(days=rng.randint(1, 20), hours=1), {"kickoff_at": moved}))


def just_in_time(whole):
    """Six logins within a minute, the last of them exactly fifteen days after the kickoff, or a microsecond too late."""
    kickoffs = {account: traits["kickoff_at"] for account, _, traits in whole.accounts if "kickoff_at" in traits}
    for number, (account, kickoff) in enumerate(kickoffs.items()):
        due = (kickoff.astimezone(company.ZONE).replace(tzinfo=None) + timedelta(days=15)).replace(tzinfo=company.ZONE).astimezone(timezone.utc)
        due += timedelta(microseconds=number % 2)
        for login in range(6):
            whole.events.append((f"due_{number}_{login}", account, None, "login", due - timedelta(seconds=10 * login), {}))


def end(rng, whole, account, comes_back):
    """When the last of the account's subscriptions ends; some weeks later it may come back with a new one."""
    ends = []
    for subscription in (s for s in whole.subscriptions if s["account_id"] == account):
        ended = subscription["started_at"] + timedelta(days=rng.randint(15, 150), minutes=rng.randint(0, 1440))
        subscription.update(ended_at=ended, cancelled_at=ended - timedelta(days=5))
        ends.append(ended)
    if comes_back:
        begins = max(ends) + timedelta(days=rng.randint(3, 60), minutes=rng.randint(0, 1440))
        renewal = (begins + timedelta(days=100)).replace(microsecond=0)
        again = {"subscription_id": f"{account}_again", "plan": "team", "seats": 7, "arr": 7000, "started_at": begins, "renewal_at": renewal}
        whole.subscriptions.append({"account_id": account, **again})
