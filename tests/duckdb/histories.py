"""The second half: every change that life.py computes must be in the Parquet files of `tenure evaluate`, at its microsecond, and nothing else.

The late events are imported after a first evaluation: what it said is restated.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from datetime import date, timedelta

import clock
import moments
from gather import lives

FIRST, LAST = "2025-08-01", "2025-12-19"
DAILY = [
    "logins_7d", "logins_28d", "logins_24h", "tickets_30d", "reports", "first_week_logins", "days_since_login", "nps_20d", "mood_20d", "family_logins",
    "all_below", *moments.FROM_CHILDREN,
]  # fmt: skip
OF_STAGE = ["stage_logins", "stage_start", "days_here"]


def check(workspace):
    workspace.load("events", "people", "accounts", "subscriptions")
    workspace.run("evaluate", workspace.model, "--to", FIRST)
    workspace.load("late")
    workspace.run("evaluate", workspace.model, "--to", LAST)
    workspace.open()
    for table in ("stages", "segments", "milestones", "alerts", "health", "health_daily", "metrics", "state"):
        workspace.duckdb.execute(f"CREATE VIEW derived_{table} AS FROM '{workspace.folder}/data/derived/*/{table}/*.parquet'")
    end = clock.last_instant(date.fromisoformat(LAST))
    made = lives(workspace.duckdb, end)
    for kind, of, sql in CHANGES:
        changes(workspace, kind, [(account, *change) for account, life in made.items() for change in of(life)], sql)
    daily(workspace, made)
    at_end(workspace, made, end)


def rounded(score):
    """Tenure's scores have nine digits after the point; six make no difference of the last one."""
    return None if score is None else round(score, 6) + 0.0


# What is compared as sets of changes: of a life, and the same of a derived table.
CHANGES = [
    ("stages", lambda life: life.moves, "SELECT account_id, epoch_us(\"at\"), from_stage, stage, moved_by FROM derived_stages"),
    ("segments", lambda life: life.entries, "SELECT account_id, epoch_us(\"at\"), segment, member FROM derived_segments WHERE person_id IS NULL"),
    ("milestones", lambda life: life.reached, "SELECT account_id, epoch_us(\"at\"), milestone, status, epoch_us(due) FROM derived_milestones"),
    (
        "alerts",
        lambda life: [(t, name, state) for name, alert in life.alerts.items() for t, state in alert.changes],
        "SELECT account_id, epoch_us(\"at\"), concat_ws(' ', alert, person_id), state FROM derived_alerts",
    ),
    (
        "health",
        lambda life: [(t, card, rounded(score), band) for t, card, score, _, band in life.health.shown()],
        "SELECT account_id, epoch_us(\"at\"), scorecard, round(score, 6), band FROM derived_health",
    ),
]  # fmt: skip


def changes(workspace, kind, theirs, sql):
    ours, theirs = Counter(workspace.duckdb.execute(sql).fetchall()), Counter(theirs)
    workspace.agreed[f"changes of {kind}"] += (ours & theirs).total()
    for side, only in (("tenure", ours - theirs), ("DuckDB", theirs - ours)):
        for account, t, *what in sorted(only, key=str):
            workspace.differ(f"{clock.text(t)} {account} {kind}: only {side} has {what}")


def daily(workspace, made):
    """Metrics, and what health_daily says, as of the last instant of every date."""
    epoch = date(1970, 1, 1)
    metrics = ", ".join(f"metrics.{name}" for name in (*DAILY, *OF_STAGE))
    rows = workspace.duckdb.execute(f"""
        SELECT account_id, health.date - DATE '1970-01-01', stage, score, coverage, band, {metrics}
        FROM derived_health_daily AS health FULL JOIN derived_metrics AS metrics USING (account_id, date)""").fetchall()
    asked = {(account, day) for account, day, *_ in rows}
    for account, life in made.items():
        first, last = (clock.local(t).date() for t in (life.evaluated[0], life.evaluated[-1]))
        for day in range((first - epoch).days, (last - epoch).days + 1):
            if (account, day) not in asked and life.live(clock.last_instant(epoch + timedelta(days=day))):
                workspace.differ(f"{epoch + timedelta(days=day)} {account}: missing in metrics and health_daily")
    for account, day, *ours in rows:
        day = epoch + timedelta(days=day)
        t, life = clock.last_instant(day), made[account]
        stage, entered = life.stage_as_of(t)[0], life.stage_as_of(t - 1)[1]  # a metric reads the stage as of the previous instant
        row = life.rows[life.instants[bisect_right(life.instants, t) - 1]]
        _, score, coverage, band = life.health.as_of(t)
        of_stage = [life.stage_logins(t, entered), stage_start(life, t, entered), (day - clock.local(entered).date()).days]
        names = ["stage", "score", "coverage", "band", *DAILY, *OF_STAGE]
        for name, one, other in zip(names, ours, [stage, score, coverage, band, *(row[name] for name in DAILY), *of_stage]):
            kind = "daily roll-ups" if name in moments.FROM_CHILDREN or name == "all_below" else "daily health" if name in names[:4] else "daily metrics"
            workspace.compare(kind, f"{day} {account} {name}", one, other)


def stage_start(life, t, entered):
    """Events of the first five days of the stage."""
    return bisect_left(life.times["any"], min(t + 1, clock.later(entered, 5))) - bisect_left(life.times["any"], entered)


def at_end(workspace, made, end):
    """What is known of the stage as of the end."""
    query = "SELECT account_id, stage, epoch_us(stage_entered_at), days_in_stage, stage_late, health, health_change_30d FROM derived_state"
    for account, *ours in workspace.duckdb.execute(query).fetchall():
        life = made[account]
        t = end if life.live(end) else max(t for t in life.evaluated if life.live(t))
        theirs = [life.stage, life.entered, life.days_in_stage(t), life.late(t), life.health.score, life.health.change_30d(t)]
        for name, one, other in zip(["stage", "stage_entered_at", "days_in_stage", "stage_late", "health", "health_change_30d"], ours, theirs):
            workspace.compare("state", f"{account} {name}", one, other)
