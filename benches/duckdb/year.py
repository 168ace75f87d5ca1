"""The model on each day of a year, in DuckDB, from files of events.

Nothing is counted twice: events are reduced once to counts per account and day; windows are running sums over them. Distinct people and features
within 28 days are counted at the edges: one counts from the first day of a stretch of use without a gap of 28 days until 28 days after its last.
Stages and `for` look at the days before, as evaluations once a day would. Accounts are numbers until the end, days are computed from microseconds
and sums are doubles (exact below 2^53): text as key, TIMESTAMPTZ arithmetic and 128-bit sums cost DuckDB half as much again.
"""

from model import FEATURES, evaluate
from runner import main

DAY = "make_timestamp(epoch_us(time))::DATE"


def stretches(source, of):
    """Per account and day, by how many the number of `of` in use within 28 days changes."""
    return f"""
        SELECT a, day, sum(change::DOUBLE) AS change FROM (
            SELECT a, unnest([day, least(next_day, day + 28)]) AS day, unnest([1, -1]) AS change FROM (
                SELECT a, day, coalesce(lead(day) OVER (PARTITION BY a, {of} ORDER BY day), DATE '9999-01-01') AS next_day FROM {source}))
        GROUP BY ALL HAVING sum(change) <> 0"""


def sql(events, accounts, first, last, keys="account_id, day"):
    events = f"read_parquet('{events}')"
    used = ", ".join(f"bool_or(event = '{name}') AS {name}" for name in FEATURES)
    return f"""
    CREATE TEMP TABLE account AS
        SELECT row_number() OVER (ORDER BY account_id)::INTEGER AS a, account_id, segment, started_at::TIMESTAMPTZ::DATE AS started,
            epoch_us(started_at::TIMESTAMPTZ) AS week_from, epoch_us(started_at::TIMESTAMPTZ + INTERVAL 7 DAY) AS week_until
        FROM read_csv('{accounts}');

    CREATE TEMP TABLE daily AS
        SELECT a, {DAY} AS day, count(*)::DOUBLE AS events, (count(*) FILTER (event = 'login'))::DOUBLE AS logins,
            (count(*) FILTER (event = 'report_created'))::DOUBLE AS reports, (count(*) FILTER (event = 'workflow_run'))::DOUBLE AS workflows,
            (count(*) FILTER (event = 'api_call'))::DOUBLE AS api_calls, (count(*) FILTER (event = 'support_ticket_opened'))::DOUBLE AS tickets,
            (count(*) FILTER (event = 'login' AND epoch_us(time) >= week_from AND epoch_us(time) < week_until))::DOUBLE AS first_week, {used}
        FROM {events} JOIN account USING (account_id) GROUP BY ALL;

    CREATE TEMP TABLE people AS
        {stretches(f"(SELECT DISTINCT a, person_id, {DAY} AS day FROM {events} JOIN account USING (account_id) WHERE person_id IS NOT NULL)",
                   "person_id")};
    CREATE TEMP TABLE features AS
        {stretches(f"(SELECT a, day, feature FROM (UNPIVOT daily ON {', '.join(FEATURES)} INTO NAME feature VALUE used) WHERE used)", "feature")};

    CREATE TEMP TABLE metrics AS
    WITH grid AS (
        SELECT a, account_id, segment, started, unnest(generate_series(
            greatest(started, DATE '{first}')::TIMESTAMP, TIMESTAMP '{last}', INTERVAL 1 DAY))::DATE AS day
        FROM account WHERE started <= DATE '{last}')
    SELECT a, account_id, day, segment, day - started AS age_days,
        coalesce(sum(events) OVER sofar, 0) AS events_total,
        coalesce(sum(reports) OVER sofar, 0) AS reports_total,
        coalesce(sum(first_week) OVER sofar, 0) AS first_week_logins,
        coalesce(sum(people.change) OVER sofar, 0) AS people_28d,
        coalesce(sum(features.change) OVER sofar, 0) AS features_28d,
        day - coalesce(max(CASE WHEN logins > 0 THEN day END) OVER sofar, started) AS days_since_login,
        coalesce(sum(logins) OVER (days ROWS 6 PRECEDING), 0) AS logins_7d,
        coalesce(sum(logins) OVER (days ROWS BETWEEN 13 PRECEDING AND 7 PRECEDING), 0) AS logins_prior_7d,
        count(events) OVER (days ROWS 27 PRECEDING) AS active_days_28d,
        coalesce(sum(reports) OVER (days ROWS 29 PRECEDING), 0) AS reports_30d,
        coalesce(sum(workflows) OVER (days ROWS 89 PRECEDING), 0) AS workflows_90d,
        coalesce(sum(api_calls) OVER (days ROWS 29 PRECEDING), 0) AS api_calls_30d,
        coalesce(sum(tickets) OVER (days ROWS 29 PRECEDING), 0) AS tickets_30d
    FROM grid LEFT JOIN daily USING (a, day) LEFT JOIN people USING (a, day) LEFT JOIN features USING (a, day)
    WINDOW days AS (PARTITION BY a ORDER BY day), sofar AS (PARTITION BY a ORDER BY day ROWS UNBOUNDED PRECEDING);

    CREATE TABLE result AS
    {evaluate(
        "metrics",
        "bool_or(to_adoption OR to_expansion) OVER (PARTITION BY a ORDER BY day ROWS UNBOUNDED PRECEDING)",
        "count(*) FILTER (quiet_now) OVER (PARTITION BY a ORDER BY day ROWS 3 PRECEDING) = 4",
        keys,
    )};"""


if __name__ == "__main__":
    main("year", sql)
