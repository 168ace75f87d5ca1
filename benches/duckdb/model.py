"""benches/model.yaml in SQL: from a row of metrics to segment, stage, score and alerts.

Each expression is over a relation with one row per account (and day) that holds the counted metrics and the account's traits.
"""

FEATURES = ["dashboard_viewed", "report_created", "workflow_run", "comment_added", "export_downloaded", "filter_saved", "alert_configured"]

METRICS = [
    "logins_7d", "logins_prior_7d", "login_trend", "people_28d", "active_days_28d", "features_28d", "first_week_logins",
    "days_since_login", "events_total", "reports_total", "reports_30d", "workflows_90d", "api_calls_30d", "tickets_30d",
]  # fmt: skip


def points(x, *pairs):
    """Linear interpolation between points, clamped; in doubles, not decimals."""
    (first, low), (_, high) = pairs[0], pairs[-1]
    sql = f"CASE WHEN {x} IS NULL THEN NULL WHEN {x} <= {first} THEN {low}::DOUBLE"
    for (x0, y0), (x1, y1) in zip(pairs, pairs[1:]):
        sql += f" WHEN {x} <= {x1} THEN {y0} + ({x} - {x0})::DOUBLE * {y1 - y0} / {x1 - x0}e0"
    return f"{sql} ELSE {high} END"


def mean(*weighted):
    """The weighted mean of what is there."""
    above = " + ".join(f"coalesce({weight} * ({score}), 0)" for weight, score in weighted)
    below = " + ".join(f"CASE WHEN ({score}) IS NULL THEN 0 ELSE {weight} END" for weight, score in weighted)
    return f"(({above})::DOUBLE / nullif({below}, 0))"


TREND = points("login_trend", (-0.8, 0), (0, 75), (0.5, 100))

ENTERPRISE = mean(
    (40, mean(
        (2, points("people_28d", (0, 0), (10, 60), (40, 100))),
        (1, points("active_days_28d", (0, 0), (20, 100))),
        (1, TREND),
    )),
    (60, mean(
        (1, "CASE WHEN features_28d >= 6 THEN 100 WHEN features_28d >= 4 THEN 75 WHEN features_28d >= 2 THEN 40 ELSE 0 END"),
        (1, points("api_calls_30d", (0, 25), (500, 100))),
    )),
)  # fmt: skip

DEFAULT = mean(
    (70, mean(
        (2, points("logins_7d", (0, 0), (5, 60), (20, 100))),
        (1, points("days_since_login", (0, 100), (7, 70), (30, 0))),
        (1, TREND),
    )),
    (30, mean(
        (1, points("reports_30d", (0, 0), (10, 100))),
        (1, "CASE WHEN features_28d >= 4 THEN 100 WHEN features_28d >= 2 THEN 60 ELSE 0 END"),
    )),
)  # fmt: skip

HEALTH = f"""CASE
    WHEN enterprise AND tickets_30d >= 8 THEN least({ENTERPRISE}, 60)
    WHEN enterprise THEN {ENTERPRISE}
    ELSE {DEFAULT} END"""

TO_ADOPTION = "features_28d >= 2 AND active_days_28d >= 8"
TO_EXPANSION = "people_28d >= 5 AND active_days_28d >= 18"


def evaluate(metrics, left_onboarding, quiet_for_3d, keys="account_id, day"):
    """All that the model says of a relation of metrics.

    left_onboarding: has the account, at this evaluation or one before, met the condition of a later stage?
    quiet_for_3d: has the condition of the alert `quiet` held at this evaluation and for 3 days before?
    Both are expressions, because an evaluation of one day and one of a series of days know different pasts.
    """
    columns = ", ".join(METRICS)
    return f"""
    WITH traits AS (SELECT *, segment = 'enterprise' AS enterprise, logins_7d / nullif(logins_prior_7d, 0) - 1 AS login_trend FROM {metrics}),
    met AS (SELECT *, {TO_ADOPTION} AS to_adoption, {TO_EXPANSION} AS to_expansion, logins_7d = 0 AND events_total > 50 AS quiet_now FROM traits),
    staged AS (
        SELECT *, CASE WHEN NOT ({left_onboarding}) THEN 'onboarding' WHEN to_expansion THEN 'expansion' ELSE 'adoption' END AS stage,
            {quiet_for_3d} AS quiet
        FROM met),
    scored AS (SELECT *, {HEALTH} AS health FROM staged)
    SELECT {keys}, {columns}, enterprise, stage, health, quiet_now, quiet,
        coalesce(login_trend < -0.5 AND logins_prior_7d >= 10, false) AS usage_drop,
        enterprise AND age_days BETWEEN 7 AND 30 AND first_week_logins < 5 AS missed_first_week,
        tickets_30d >= 5 AND tickets_30d > workflows_90d / 50 AS many_tickets,
        stage <> 'onboarding' AND coalesce(health < 40, false) AS low_health
    FROM scored"""
