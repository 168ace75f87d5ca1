"""From DuckDB's tables to lives: all accounts, children before their parents."""

import clock
import moments
from cards import MEASURES
from life import SEGMENTS, Admin, Life

TIMES = ["started_at", "kickoff_at", "renewal_at", "go_live"]


def lives(connection, end):
    """All accounts' lives up to an instant, by account."""
    moments.compute(connection, clock.text(end))
    rows, events = moment_rows(connection), times_of_events(connection)
    stays, persons = stays_below(connection), admins(connection)
    made, waiting = {}, sorted(rows)
    while waiting:
        account = waiting.pop(0)
        children = [stay for parent, *stay in stays if parent == account]
        if any(child not in made for child, _, _ in children):
            waiting.append(account)
            continue
        made[account] = Life(rows[account], events[account], persons.get(account, {}), made, children)
        made[account].run(end)
    return made


def moment_rows(connection):
    """{account: {t: {column: value}}}: metrics, segments, and the scores of all measures."""
    segments = ", ".join(f"coalesce({sql}, false) AS {name}" for name, sql in SEGMENTS.items())
    times = ", ".join(f"epoch_us({name}) AS {name}" for name in TIMES)
    scores = ", ".join(f"({m.score})::DOUBLE AS {card}_{name}, coalesce({m.applies}, false) AS {card}_{name}_on" for card, name, m in MEASURES)
    query = connection.execute(f"""
        WITH segmented AS (SELECT *, {segments} FROM moment)
        SELECT account_id, epoch_us(t) AS t, * EXCLUDE (account_id, t, today, go_live_on, {", ".join(TIMES)}), {times}, {scores},
            coalesce(days_to_renewal BETWEEN 0 AND 40, false) AS renewing, logins_28d = 0 AND age_days > 30 AS lost
        FROM segmented ORDER BY account_id, t""")
    names = [column[0] for column in query.description]
    rows = {}
    for values in query.fetchall():
        row = dict(zip(names, values))
        rows.setdefault(row["account_id"], {})[row["t"]] = row
    return rows


def times_of_events(connection):
    """{account: {"any": [t …], "login": [t …]}}"""
    times = {}
    for account, name, t in connection.execute("SELECT account_id, name, epoch_us(time) FROM event ORDER BY time").fetchall():
        of = times.setdefault(account, {"any": [], "login": []})
        of["any"].append(t)
        if name == "login":
            of["login"].append(t)
    return times


def stays_below(connection):
    """(parent, child, since, until)"""
    return connection.execute(
        f"SELECT parent, child, epoch_us(since), CASE WHEN isfinite(until) THEN epoch_us(until) ELSE {clock.NEVER} END FROM stay"
    ).fetchall()


def admins(connection):
    """{account: {person: Admin}}: whoever belonged to it or did something for it."""
    acts, logins, stays, found = {}, {}, {}, {}
    for account, person, name, t in connection.execute(
        "SELECT account_id, person_id, name, epoch_us(time) FROM event JOIN person USING (person_id) WHERE role = 'admin' ORDER BY time"
    ).fetchall():
        acts.setdefault((account, person), []).append(t)
        if name == "login":
            logins.setdefault((account, person), []).append(t)
    for account, person, since, until in connection.execute(
        "SELECT account_id, person_id, epoch_us(since), epoch_us(until) FROM membership WHERE role = 'admin'"
    ).fetchall():
        stays.setdefault((account, person), []).append((since, until))
    for account, person in {**stays, **acts}:
        key = (account, person)
        found.setdefault(account, {})[person] = Admin(stays.get(key, []), acts.get(key, []), logins.get(key, []))
    return found
