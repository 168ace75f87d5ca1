"""What backtests rest on, as tables of DuckDB: tenures, memberships, the ends of all dates, signs that begin and end, and outcomes.

They come from what `tenure evaluate` wrote (docs/reference/derived.md) and, for events, from the archive. DuckDB's time zone is the model's, so that
an instant plus days is the same wall clock time.
"""

from meaning import ZONE

DERIVED = ("lives", "stages", "segments", "milestones", "alerts", "health", "health_daily", "metrics")


def tables(connection, folder, last):
    """Everything up to the end of a date."""
    connection.execute(f"SET TimeZone = '{ZONE}'; SET threads = 1")
    for name in DERIVED:
        connection.execute(f"""CREATE VIEW derived_{name} AS SELECT *, file_row_number AS row
            FROM read_parquet('{folder}/data/derived/*/{name}/*.parquet', file_row_number = true)""")
    connection.execute(f"CREATE VIEW event AS FROM '{folder}/data/events/*/*.parquet'")
    connection.execute(f"""
    CREATE TABLE tenure AS SELECT account_id, "at" AS since, ended AS until FROM (
        SELECT *, lead("at", 1, 'infinity') OVER (PARTITION BY account_id ORDER BY "at") AS ended FROM derived_lives) WHERE event <> 'ended';
    -- Every date of every tenure that is over, with its last instant.
    CREATE TABLE day AS SELECT account_id, date, ("date" + 1)::TIMESTAMPTZ - INTERVAL 1 MICROSECOND AS e
        FROM (SELECT unnest(generate_series(DATE '2024-12-01', DATE '{last}', INTERVAL 1 DAY))::DATE AS date)
        JOIN tenure ON since < (date + 1)::TIMESTAMPTZ AND until > (date + 1)::TIMESTAMPTZ - INTERVAL 1 MICROSECOND;
    -- Memberships end with the account, and begin again with it.
    CREATE TABLE stay AS SELECT account_id, person_id, segment, greatest(s.since, t.since) AS since, least(s.until, t.until) AS until FROM (
        SELECT *, "at" AS since, lead("at", 1, 'infinity') OVER (PARTITION BY account_id, person_id, segment ORDER BY "at", row) AS until
        FROM derived_segments) s JOIN tenure t USING (account_id) WHERE member AND greatest(s.since, t.since) < least(s.until, t.until);
    CREATE TABLE inside AS SELECT day.account_id, e, segment FROM day JOIN stay ON day.account_id = stay.account_id AND since <= e AND until > e
        WHERE person_id IS NULL;
    -- What ends at the instant at which it begins was not there.
    CREATE TABLE stage_stay AS SELECT account_id, stage, s.since, least(s.until, t.until) AS until FROM (
        SELECT *, "at" AS since, lead("at", 1, 'infinity') OVER (PARTITION BY account_id ORDER BY "at", row) AS until FROM derived_stages) s
        JOIN tenure t USING (account_id) WHERE s.since >= t.since AND s.since < least(s.until, t.until);
    CREATE TABLE status AS SELECT account_id, milestone, status, s.since, least(s.until, t.until) AS until, t.since AS tenure, t.until AS ended FROM (
        SELECT *, "at" AS since, lead("at", 1, 'infinity') OVER (PARTITION BY account_id, milestone ORDER BY "at", row) AS until
        FROM derived_milestones) s JOIN tenure t USING (account_id) WHERE s.since >= t.since AND s.since < t.until;
    CREATE TABLE sign AS
        SELECT 'alert' AS kind, alert AS name, account_id, person_id, since, until FROM (
            SELECT *, "at" AS since, lead("at", 1, 'infinity') OVER (PARTITION BY account_id, person_id, alert ORDER BY "at", row) AS until
                FROM derived_alerts) WHERE state = 'firing' AND since < until
        UNION ALL SELECT 'segment', segment, account_id, person_id, since, until FROM stay
        UNION ALL SELECT 'stage', stage, account_id, NULL, since, until FROM stage_stay
        UNION ALL SELECT 'missed', milestone, account_id, NULL, since, until FROM status WHERE status = 'missed' AND since < until
        UNION ALL SELECT 'reached', milestone, account_id, NULL, since, ended FROM status WHERE status IN ('reached', 'reached late');
    -- Owners of accounts, as they were given.
    CREATE TABLE owner AS SELECT account_id, valid_from, "owner" FROM read_json('{folder}/accounts.ndjson', format = 'newline_delimited',
        columns = {{account_id: 'VARCHAR', valid_from: 'TIMESTAMPTZ', "owner": 'VARCHAR'}}) WHERE "owner" IS NOT NULL;
    CREATE TABLE undated AS SELECT DISTINCT account_id FROM read_json('{folder}/accounts.ndjson', format = 'newline_delimited',
        columns = {{account_id: 'VARCHAR', valid_from: 'TIMESTAMPTZ', sponsor: 'BOOLEAN'}}) WHERE valid_from IS NULL AND sponsor IS NOT NULL;
    """)


def daily(value, change):
    """SQL: when a metric of the end of a date is less, or more, than that of the end of the date before."""
    return f"""SELECT account_id, (date + 1)::TIMESTAMPTZ - INTERVAL 1 MICROSECOND AS "at" FROM (
        SELECT account_id, date, {value} AS now, lag({value}) OVER days AS before, lag(date) OVER days AS eve
        FROM derived_metrics WINDOW days AS (PARTITION BY account_id ORDER BY date)) WHERE eve = date - 1 AND now {change} before"""


# By the name that --outcome has: when it comes.
OUTCOMES = {
    "churned": "SELECT account_id, \"at\" FROM derived_lives WHERE event = 'ended'",
    "event:ticket": "SELECT account_id, time AS \"at\" FROM event WHERE name = 'ticket'",
    "event:report_created": "SELECT account_id, time AS \"at\" FROM event WHERE name = 'report_created'",
    "logins_7d = 0": "SELECT account_id, since AS \"at\" FROM stay WHERE segment = 'quiet'",
    "downgraded": daily("pays", "<"),
    "expanded": daily("pays", ">"),
    "renewed": daily("date + renews_in::INTEGER", ">"),
}


def outcomes(connection, name):
    """The table of one outcome."""
    connection.execute(f"CREATE OR REPLACE TABLE outcome AS {OUTCOMES[name]}")
