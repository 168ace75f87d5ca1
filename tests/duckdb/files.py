"""The company as files: what `tenure import` gets, and what DuckDB reads of the same."""

import json


def write_lines(path, rows):
    """One JSON object a line, without what is not there."""
    with open(path, "w") as out:
        for row in rows:
            row = {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in row.items() if value is not None}
            print(json.dumps(row), file=out)


def write(company, folder):
    """accounts, people, subscriptions and events as .ndjson and, to be imported later, late.ndjson."""
    accounts = ({"account_id": account, "valid_from": valid_from, **traits} for account, valid_from, traits in company.accounts)
    write_lines(folder / "accounts.ndjson", accounts)
    roles = dict(company.people)
    people = ({"person_id": p, "account_id": a, "account_from": since, "account_until": until, "role": roles[p]} for p, a, since, until in company.memberships)
    write_lines(folder / "people.ndjson", people)
    write_lines(folder / "subscriptions.ndjson", company.subscriptions)
    for name, events in (("events", company.events), ("late", company.late)):
        keys = ("message_id", "account_id", "person_id", "event", "time", "properties")
        write_lines(folder / f"{name}.ndjson", (dict(zip(keys, event)) for event in events))


def read(connection, folder):
    """The tables trait, person, membership, person, subscription, and resolved: the events, each with the account it belongs to, or NULL."""

    def lines(name, **columns):
        names = ", ".join(f"{key}: '{kind}'" for key, kind in columns.items())
        return f"read_json('{folder}/{name}.ndjson', format = 'newline_delimited', columns = {{{names}}})"

    text, time = "VARCHAR", "TIMESTAMPTZ"
    fields = dict(tier=text, region=text, champion=text, started_at=text, kickoff_at=text, go_live_on=text, parent=text)
    subscription = dict(account_id=text, seats="INTEGER", arr="DECIMAL(18, 2)", started_at=time, renewal_at=time, ended_at=time)
    event = dict(message_id=text, account_id=text, person_id=text, event=text, time=time, properties="JSON")
    connection.execute(f"""
    SET TimeZone = 'UTC';
    CREATE TABLE trait AS SELECT account_id, valid_from, field, value FROM (
        UNPIVOT (FROM {lines("accounts", account_id=text, valid_from=time, **fields)})
        ON * EXCLUDE (account_id, valid_from) INTO NAME field VALUE value);
    CREATE TABLE membership AS SELECT person_id, account_id, account_from AS since, account_until AS until, role
        FROM {lines("people", person_id=text, account_id=text, account_from=time, account_until=time, role=text)};
    CREATE TABLE person AS SELECT DISTINCT person_id, role FROM membership;
    CREATE TABLE subscription AS FROM {lines("subscriptions", **subscription)};
    CREATE TABLE given AS SELECT DISTINCT ON (message_id) message_id, account_id, person_id, event AS name, time, properties FROM (
        FROM {lines("events", **event)} UNION ALL FROM {lines("late", **event)});

    -- Whose event: the explicit account, else the person's sole account at event time.
    CREATE TABLE resolved AS SELECT message_id, person_id, name, time, properties, coalesce(account_id, sole) AS account_id
        FROM given LEFT JOIN (
            SELECT message_id, any_value(m.account_id) AS sole FROM given g
            JOIN membership m ON g.person_id = m.person_id AND m.since <= g.time AND (m.until IS NULL OR g.time < m.until)
            GROUP BY message_id HAVING count(DISTINCT m.account_id) = 1) USING (message_id);
    """)
