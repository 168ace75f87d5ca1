"""What life.yaml's metrics are at every instant at which one may change, in DuckDB's SQL: the table `moment`, a row per account and instant.

The instants are more than enough: events and where they leave a window of hours, midnights, new versions of traits, and where `now` passes a bound.
"""

from meaning import ZONE, later, local

TRAITS = {"tier": "DOUBLE", "region": "VARCHAR", "champion": "BOOLEAN", "started_at": "TIMESTAMPTZ", "kickoff_at": "TIMESTAMPTZ", "go_live_on": "DATE"}

# What the scan of life.py reads of a moment; times as microseconds.
COLUMNS = ["started_at", "kickoff_at", "go_live", "renewal_at", "arr"]


def instants(end):
    """The tables `begun` (an account's first input; that another names it as its parent is one, too), `below` (who was ever whose descendant), `instant`."""
    return f"""
    CREATE OR REPLACE TABLE begun AS SELECT account_id, min(t) AS began FROM (
        SELECT account_id, time AS t FROM event UNION ALL SELECT account_id, valid_from FROM trait
        UNION ALL SELECT account_id, since FROM membership UNION ALL SELECT account_id, started_at FROM subscription
        UNION ALL SELECT value, valid_from FROM trait WHERE field = 'parent') GROUP BY account_id;

    CREATE OR REPLACE TABLE stay AS SELECT account_id AS child, value AS parent, valid_from AS since,
        coalesce(lead(valid_from) OVER (PARTITION BY account_id ORDER BY valid_from), 'infinity') AS until FROM trait WHERE field = 'parent';
    CREATE OR REPLACE TABLE below AS WITH RECURSIVE down AS (
        SELECT account_id AS above, account_id AS below FROM begun UNION SELECT stay.parent, down.below FROM stay JOIN down ON down.above = stay.child)
        FROM down;

    CREATE OR REPLACE TABLE own AS SELECT DISTINCT account_id, t FROM (
        SELECT account_id, time AS t FROM event
        UNION ALL SELECT account_id, time + INTERVAL 24 HOUR FROM event WHERE name = 'login'
        UNION ALL SELECT account_id, valid_from FROM trait
        UNION ALL SELECT account_id, unnest([since, until]) FROM membership
        UNION ALL SELECT account_id, unnest([started_at, ended_at, renewal_at - INTERVAL 1440 HOUR, renewal_at + INTERVAL 1 MICROSECOND]) FROM subscription
        UNION ALL SELECT account_id, s + INTERVAL 1080 HOUR FROM (
            SELECT account_id, value::TIMESTAMPTZ AS s FROM trait WHERE field = 'started_at' UNION ALL FROM begun
            UNION ALL SELECT account_id, started_at FROM subscription)
        UNION ALL SELECT account_id, unnest(generate_series({local("began")}::DATE::TIMESTAMP, {local(f"TIMESTAMPTZ '{end}'")}, INTERVAL 1 DAY))
            AT TIME ZONE '{ZONE}' FROM begun
    ) WHERE t <= '{end}';

    -- A parent also has the instants of those below it, since it reads their values.
    CREATE OR REPLACE TABLE instant AS SELECT DISTINCT above AS account_id, t FROM own JOIN below ON own.account_id = below.below
    JOIN begun ON begun.account_id = above WHERE t >= began;
    """


def facts():
    """Traits by their versions and facts of subscriptions, at each instant."""
    traits = "\n".join(
        f"ASOF LEFT JOIN (SELECT account_id, valid_from, value::{kind} AS {name} FROM trait WHERE field = '{name}') AS trait_{name} "
        f"ON trait_{name}.account_id = i.account_id AND trait_{name}.valid_from <= i.t"
        for name, kind in TRAITS.items()
    )
    return f"""
    -- A tenure lasts while some subscription does.
    CREATE OR REPLACE TABLE tenure AS
    WITH marked AS (
        SELECT account_id, started_at, coalesce(ended_at, 'infinity') AS ended_at, started_at > max(coalesce(ended_at, 'infinity')) OVER (
            PARTITION BY account_id ORDER BY started_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS anew FROM subscription),
    numbered AS (SELECT *, count(*) FILTER (anew) OVER (PARTITION BY account_id ORDER BY started_at) AS number FROM marked)
    SELECT account_id, number, min(started_at) AS subscribed_at, max(ended_at) AS ends FROM numbered GROUP BY ALL;

    CREATE OR REPLACE TABLE fact AS
    WITH subscribed AS (
        SELECT i.account_id, t, sum(arr)::DOUBLE AS arr, min(renewal_at) AS renewal_at
        FROM instant i JOIN subscription s ON s.account_id = i.account_id AND started_at <= t AND (ended_at IS NULL OR ended_at > t) GROUP BY ALL),
    known AS (
        SELECT i.account_id, i.t, {local("i.t")}::DATE AS today, {", ".join(name for name in TRAITS if name != "started_at")},
            coalesce(CASE WHEN number > 0 THEN subscribed_at END, started_at, subscribed_at, began) AS started_at, arr, renewal_at,
            coalesce(i.t < ends, true) AS live, coalesce(number, 0) AS tenure
        FROM instant i JOIN begun ON begun.account_id = i.account_id
        LEFT JOIN subscribed ON subscribed.account_id = i.account_id AND subscribed.t = i.t
        ASOF LEFT JOIN tenure ON tenure.account_id = i.account_id AND tenure.subscribed_at <= i.t
        {traits})
    SELECT *, today - {local("started_at")}::DATE AS age_days, {local("renewal_at")}::DATE - today AS days_to_renewal,
        go_live_on::TIMESTAMP AT TIME ZONE '{ZONE}' AS go_live FROM known;
    """


def metrics():
    """Metrics that read events: those of the last 30 days by a join, the others by running counts."""
    login = "name = 'login'"

    def days(n):
        return f"ago < {n}"

    return f"""
    CREATE OR REPLACE TABLE recent AS
    SELECT f.account_id, f.t,
        count(*) FILTER ({login} AND {days(7)}) AS logins_7d,
        count(*) FILTER ({login} AND {days(28)}) AS logins_28d,
        count(*) FILTER ({login} AND time > t - INTERVAL 24 HOUR) AS logins_24h,
        count(*) FILTER (name = 'ticket' AND {days(30)}) AS tickets_30d,
        avg(score) FILTER (survey = 'nps' AND {days(20)}) AS nps_20d,
        arg_max(mood, time) FILTER (mood IS NOT NULL AND {days(20)}) AS mood_20d
    FROM fact f JOIN (
        SELECT *, {local("time")}::DATE AS day, (properties->>'$.score')::DOUBLE AS score, properties->>'$.mood' AS mood, properties->>'$.survey' AS survey
        FROM event WHERE name IN ('login', 'ticket', 'survey_answered')) e
        ON e.account_id = f.account_id AND time <= t AND time > t - INTERVAL 31 DAY, LATERAL (SELECT today - day AS ago) GROUP BY ALL;

    CREATE OR REPLACE TABLE running AS
    SELECT account_id, time, count(*) FILTER ({login}) OVER up_to AS logins, count(*) FILTER (name = 'report_created') OVER up_to AS reports,
        max(time) FILTER ({login}) OVER up_to AS last_login FROM event WINDOW up_to AS (PARTITION BY account_id ORDER BY time);

    CREATE OR REPLACE TABLE metric AS
    SELECT f.*, coalesce(logins_7d, 0) AS logins_7d, coalesce(logins_28d, 0) AS logins_28d, coalesce(logins_24h, 0) AS logins_24h,
        coalesce(tickets_30d, 0) AS tickets_30d, nps_20d, mood_20d, coalesce(running.reports, 0) AS reports,
        f.today - coalesce({local("running.last_login")}, {local("f.started_at")})::DATE AS days_since_login,
        coalesce(week.logins, 0) - coalesce(before.logins, 0) AS first_week_logins
    FROM fact f LEFT JOIN recent ON recent.account_id = f.account_id AND recent.t = f.t
    ASOF LEFT JOIN running ON running.account_id = f.account_id AND running.time <= f.t
    ASOF LEFT JOIN running AS before ON before.account_id = f.account_id AND before.time < least(f.started_at, f.t + INTERVAL 1 MICROSECOND)
    ASOF LEFT JOIN running AS week ON week.account_id = f.account_id AND week.time < least({later("f.started_at", 7)}, f.t + INTERVAL 1 MICROSECOND);
    """


def roll_ups(source, target, columns):
    """`columns` (name: aggregate over the children's rows `c`) beside the rows of `source`."""
    return f"""
    CREATE OR REPLACE TABLE {target} AS
    WITH child AS (SELECT p.account_id, p.t, stay.child FROM {source} p JOIN stay ON stay.parent = p.account_id AND since <= t AND t < until),
    rolled AS (
        SELECT child.account_id, child.t, {", ".join(f"{sql} AS {name}" for name, sql in columns.items())}
        FROM child ASOF JOIN {source} c ON c.account_id = child.child AND c.t <= child.t WHERE c.live GROUP BY ALL)
    SELECT s.*, {", ".join(f"coalesce({name}, 0) AS {name}" if name in SUMS else name for name, sql in columns.items())}
    FROM {source} s LEFT JOIN rolled ON rolled.account_id = s.account_id AND rolled.t = s.t;
    """


def weighted(name):
    """By arr, over the children that have both."""
    return f"sum(c.{name} * c.arr) / nullif(sum(c.arr) FILTER (c.{name} IS NOT NULL), 0)"


FROM_CHILDREN = {
    "sum_logins": "sum(c.logins_28d)",
    "mean_logins": "avg(c.logins_28d)",
    "least_logins": "min(c.logins_28d)",
    "most_logins": "max(c.logins_28d)",
    "weighted_logins": weighted("logins_28d"),
    "mean_nps": "avg(c.nps_20d)",
    "weighted_nps": weighted("nps_20d"),
    "longest_silence": "max(c.days_since_login)",
}


# Of no children these are 0, all others are not known.
SUMS = {"sum_logins", "all_below"}


def compute(connection, end):
    """Fills `moment`."""
    connection.execute(instants(end) + facts() + metrics())
    connection.execute(roll_ups("metric", "rolled_up", FROM_CHILDREN))
    connection.execute("CREATE OR REPLACE TABLE family AS SELECT *, logins_28d + sum_logins AS family_logins FROM rolled_up")
    connection.execute(roll_ups("family", "moment", {"all_below": "sum(c.family_logins)"}))
