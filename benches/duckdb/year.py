"""The model on each day of a year, in DuckDB, from files of events.

Nothing is counted twice: events are reduced once to counts per account and day; windows are running sums over them. Distinct people within
28 days are counted at the edges: someone counts from the first day of a stretch of activity without a gap of 28 days until 28 days after its last.
Stages and `for` look at the days before, as evaluations once a day would.
"""

from model import FEATURES, evaluate
from runner import main


def stretches(source, of):
    """Per account and day, by how many the number of `of` active within 28 days changes."""
    return f"""
        SELECT account_id, day, sum(change)::INTEGER AS change FROM (
            SELECT account_id, unnest([day, least(next_day, day + 28)]) AS day, unnest([1, -1]) AS change FROM (
                SELECT account_id, day, coalesce(lead(day) OVER (PARTITION BY account_id, {of} ORDER BY day), DATE '9999-01-01') AS next_day
                FROM {source}))
        GROUP BY ALL HAVING sum(change) <> 0"""


def sql(events, accounts, first, last):
    features = ", ".join(f"'{name}'" for name in FEATURES)
    return f"""
    CREATE TEMP TABLE account AS
        SELECT account_id, segment, started_at::TIMESTAMPTZ AS started_at FROM read_csv('{accounts}');

    -- Persons and events by day: the only scan of the events.
    CREATE TEMP TABLE fine AS
        SELECT account_id, person_id, event, time::DATE AS day, count(*)::INTEGER AS n,
            (count(*) FILTER (event = 'login' AND time >= started_at AND time < started_at + INTERVAL 7 DAY))::INTEGER AS first_week
        FROM {events} JOIN account USING (account_id) GROUP BY ALL;

    CREATE TEMP TABLE daily AS
        SELECT account_id, day, sum(n)::INTEGER AS events,
            (sum(n) FILTER (event = 'login'))::INTEGER AS logins, (sum(n) FILTER (event = 'report_created'))::INTEGER AS reports,
            (sum(n) FILTER (event = 'workflow_run'))::INTEGER AS workflows, (sum(n) FILTER (event = 'api_call'))::INTEGER AS api_calls,
            (sum(n) FILTER (event = 'support_ticket_opened'))::INTEGER AS tickets, sum(first_week)::INTEGER AS first_week
        FROM fine GROUP BY ALL;

    CREATE TEMP TABLE people AS
        {stretches("(SELECT DISTINCT account_id, person_id, day FROM fine WHERE person_id IS NOT NULL)", "person_id")};
    CREATE TEMP TABLE features AS
        {stretches(f"(SELECT DISTINCT account_id, event, day FROM fine WHERE event IN ({features}))", "event")};

    CREATE TEMP TABLE metrics AS
    WITH grid AS (
        SELECT account_id, segment, started_at, unnest(generate_series(
            greatest(started_at::DATE, DATE '{first}')::TIMESTAMP, TIMESTAMP '{last}', INTERVAL 1 DAY))::DATE AS day
        FROM account WHERE started_at::DATE <= DATE '{last}')
    SELECT account_id, day, segment, day - started_at::DATE AS age_days,
        sum(coalesce(events, 0)) OVER sofar AS events_total,
        sum(coalesce(reports, 0)) OVER sofar AS reports_total,
        sum(coalesce(first_week, 0)) OVER sofar AS first_week_logins,
        sum(coalesce(people.change, 0)) OVER sofar AS people_28d,
        sum(coalesce(features.change, 0)) OVER sofar AS features_28d,
        day - coalesce(max(CASE WHEN logins > 0 THEN day END) OVER sofar, started_at::DATE) AS days_since_login,
        sum(coalesce(logins, 0)) OVER (days ROWS 6 PRECEDING) AS logins_7d,
        coalesce(sum(coalesce(logins, 0)) OVER (days ROWS BETWEEN 13 PRECEDING AND 7 PRECEDING), 0) AS logins_prior_7d,
        count(events) OVER (days ROWS 27 PRECEDING) AS active_days_28d,
        sum(coalesce(reports, 0)) OVER (days ROWS 29 PRECEDING) AS reports_30d,
        sum(coalesce(workflows, 0)) OVER (days ROWS 89 PRECEDING) AS workflows_90d,
        sum(coalesce(api_calls, 0)) OVER (days ROWS 29 PRECEDING) AS api_calls_30d,
        sum(coalesce(tickets, 0)) OVER (days ROWS 29 PRECEDING) AS tickets_30d
    FROM grid LEFT JOIN daily USING (account_id, day) LEFT JOIN people USING (account_id, day) LEFT JOIN features USING (account_id, day)
    WINDOW days AS (PARTITION BY account_id ORDER BY day), sofar AS (PARTITION BY account_id ORDER BY day ROWS UNBOUNDED PRECEDING);

    CREATE TABLE result AS
    {evaluate(
        "metrics",
        "bool_or(to_adoption OR to_expansion) OVER (PARTITION BY account_id ORDER BY day ROWS UNBOUNDED PRECEDING)",
        "sum(quiet_now::INTEGER) OVER (PARTITION BY account_id ORDER BY day ROWS 3 PRECEDING) = 4",
    )};"""


if __name__ == "__main__":
    main("year", sql)
