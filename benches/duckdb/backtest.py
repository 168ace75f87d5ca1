"""A backtest of the model over a year, in DuckDB: the model on each day (year.py), then what each alert foretold, and how well health tells apart.

Once a day, as ours: an alert fires at the last instant of a date, and an account ends at the instant at which its last subscription does.
"""

import year
from runner import main

ALERTS = ["quiet", "usage_drop", "missed_first_week", "many_tickets", "low_health"]
HORIZON = 60
END = "INTERVAL 1 DAY - INTERVAL 1 MICROSECOND"


def sql(events, accounts, subscriptions, first, last):
    known = f"day + {HORIZON} <= DATE '{last}'"
    scope = {"missed_first_week": "enterprise", "low_health": "stage <> 'onboarding'"}
    # Of what a year of days cannot see: who was in the first week before it began.
    before = {"missed_first_week": f"day = DATE '{first}' AND day - started > 7"}
    fires = ", ".join(
        f"{alert} AND NOT coalesce(lag({alert}) OVER days, {before.get(alert, 'false')}) AS fires_{alert}" for alert in ALERTS
    )
    fired = " UNION ALL ".join(
        f"""
        SELECT '{alert}' AS name, count(*) FILTER (fires_{alert}) AS fires, count(*) FILTER (fires_{alert} AND known AND followed) AS hits,
            count(*) FILTER (fires_{alert} AND known AND NOT followed) AS false_alarms, count(*) FILTER (fires_{alert} AND NOT known) AS censored,
            count(DISTINCT a) FILTER (fires_{alert} AND followed AND ended < DATE '{last}' + 1) AS foretold,
            count(*) FILTER (known AND {alert} AND followed) AS true_positive,
            count(*) FILTER (known AND {alert} AND NOT followed) AS false_positive,
            count(*) FILTER (known AND NOT {alert} AND {scope.get(alert, 'true')} AND followed) AS false_negative,
            count(*) FILTER (known AND NOT {alert} AND {scope.get(alert, 'true')} AND NOT followed) AS true_negative, NULL::DOUBLE AS auc
        FROM signs"""
        for alert in ALERTS
    )
    return f"""
    {year.sql(events, accounts, first, last, keys="a, day")}

    CREATE TEMP TABLE life AS
        SELECT a, started, CASE WHEN bool_and(ended_at IS NOT NULL) THEN max(ended_at::TIMESTAMPTZ)::TIMESTAMP END AS ended
        FROM read_csv('{subscriptions}') JOIN account USING (account_id) GROUP BY ALL;

    CREATE TEMP TABLE signs AS
        SELECT a, day, {", ".join(ALERTS)}, enterprise, stage, health, ended, day + {HORIZON} <= DATE '{last}' AS known,
            coalesce(ended <= day::TIMESTAMP + {END} + INTERVAL {HORIZON} DAY, false) AS followed, {fires}
        FROM result JOIN life USING (a) WHERE ended IS NULL OR ended > day::TIMESTAMP + {END}
        WINDOW days AS (PARTITION BY a ORDER BY day);

    CREATE TEMP TABLE readings AS
        SELECT enterprise, followed, round(health, 9) AS score
        FROM signs WHERE (day - DATE '{first}') % 7 = 0 AND {known} AND health IS NOT NULL;

    DROP TABLE result;
    CREATE TABLE result AS
    WITH ranked AS (
        SELECT enterprise, followed,
            rank() OVER (PARTITION BY enterprise ORDER BY score) + (count(*) OVER (PARTITION BY enterprise, score) - 1) / 2e0 AS place
        FROM readings),
    areas AS (
        SELECT CASE WHEN enterprise THEN 'enterprise' ELSE 'standard' END AS name, count(*) FILTER (followed) AS ill,
            count(*) FILTER (NOT followed) AS well, sum(place) FILTER (followed) AS places
        FROM ranked GROUP BY ALL)
    {fired}
    UNION ALL SELECT name, ill + well, ill, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1 - (places - ill * (ill + 1) / 2e0) / (ill * well::DOUBLE)
    FROM areas;"""


if __name__ == "__main__":
    main("backtest", sql)
