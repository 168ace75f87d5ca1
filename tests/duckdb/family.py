"""The company with families: some accounts are the parents of others, some children change their parent, and one parent has a parent itself."""

import random
from datetime import timedelta

import company

ROOTS, MIDDLE, CHILDREN = (0, 1, 2), 3, range(4, 16)


def make(seed, accounts=22):
    """The company of a seed; accounts after the children stand alone."""
    whole = company.make(seed, accounts)
    rng = random.Random(seed + 1000)
    begun = {account: valid_from for account, valid_from, traits in reversed(whole.accounts) if "tier" in traits}
    names = sorted(begun)
    whole.accounts.append((names[MIDDLE], begun[names[MIDDLE]] + timedelta(minutes=1), {"parent": names[0]}))
    for number in CHILDREN:
        child = names[number]
        parents = [names[parent] for parent in (*ROOTS, MIDDLE)]
        known = begun[child] + timedelta(minutes=1) if rng.random() < 0.7 else company.moment(rng, 60, company.DAYS - 60)
        whole.accounts.append((child, known, {"parent": rng.choice(parents)}))
        if rng.random() < 0.4:
            whole.accounts.append((child, company.moment(rng, 100, company.DAYS - 20), {"parent": rng.choice(parents)}))
    return whole
