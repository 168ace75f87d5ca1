"""One evaluation of the model as of a day, in DuckDB, from files of events.

One scan counts per account; what looks at the last 28 days alone counts distinct people, days and features in a second, smaller one.
The stage is that of one evaluation from the beginning of the lifecycle; an alert with `for` cannot have been firing yet.
"""

from model import FEATURES, evaluate
from runner import main


def sql(events, accounts, day):
    events = f"read_parquet('{events}')"
    t = f"DATE '{day}'"
    end = f"TIMESTAMPTZ '{day} 00:00:00+00' + INTERVAL 1 DAY"

    def since(days):
        return f"time >= TIMESTAMPTZ '{day} 00:00:00+00' - INTERVAL {days - 1} DAY"

    features = ", ".join(f"'{name}'" for name in FEATURES)
    return f"""
    CREATE TEMP TABLE metrics AS
    WITH accounts AS (
        SELECT account_id, segment, started_at::TIMESTAMPTZ AS started_at FROM read_csv('{accounts}')
        WHERE started_at::TIMESTAMPTZ < {end}),
    counted AS (
        SELECT account_id,
            count(*) AS events_total,
            count(*) FILTER (event = 'report_created') AS reports_total,
            count(*) FILTER (event = 'login' AND {since(7)}) AS logins_7d,
            count(*) FILTER (event = 'login' AND {since(14)} AND NOT {since(7)}) AS logins_prior_7d,
            max(time) FILTER (event = 'login') AS last_login,
            count(*) FILTER (event = 'report_created' AND {since(30)}) AS reports_30d,
            count(*) FILTER (event = 'workflow_run' AND {since(90)}) AS workflows_90d,
            count(*) FILTER (event = 'api_call' AND {since(30)}) AS api_calls_30d,
            count(*) FILTER (event = 'support_ticket_opened' AND {since(30)}) AS tickets_30d
        FROM {events} WHERE time < {end} GROUP BY account_id),
    distinct_28d AS (
        SELECT account_id, count(DISTINCT person_id) AS people_28d, count(DISTINCT time::DATE) AS active_days_28d,
            count(DISTINCT event) FILTER (event IN ({features})) AS features_28d
        FROM {events} WHERE {since(28)} AND time < {end} GROUP BY account_id),
    first_week AS (
        SELECT account_id, count(*) AS first_week_logins
        FROM {events} JOIN accounts USING (account_id)
        WHERE event = 'login' AND time >= started_at AND time < started_at + INTERVAL 7 DAY AND time < {end} GROUP BY account_id)
    SELECT account_id, {t} AS day, segment, {t} - started_at::DATE AS age_days,
        coalesce(events_total, 0) AS events_total, coalesce(reports_total, 0) AS reports_total,
        coalesce(logins_7d, 0) AS logins_7d, coalesce(logins_prior_7d, 0) AS logins_prior_7d,
        {t} - coalesce(last_login, started_at)::DATE AS days_since_login,
        coalesce(reports_30d, 0) AS reports_30d, coalesce(workflows_90d, 0) AS workflows_90d,
        coalesce(api_calls_30d, 0) AS api_calls_30d, coalesce(tickets_30d, 0) AS tickets_30d,
        coalesce(people_28d, 0) AS people_28d, coalesce(active_days_28d, 0) AS active_days_28d,
        coalesce(features_28d, 0) AS features_28d, coalesce(first_week_logins, 0) AS first_week_logins
    FROM accounts LEFT JOIN counted USING (account_id) LEFT JOIN distinct_28d USING (account_id) LEFT JOIN first_week USING (account_id);

    CREATE TABLE result AS
    {evaluate("metrics", "to_adoption OR to_expansion", "false")}"""


if __name__ == "__main__":
    main("asof", sql)
