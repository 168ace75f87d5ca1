"""What a sign is worth against an outcome: verdicts, account-days, precision, recall, base rate, lift and lead time, in DuckDB's SQL."""

import math

# Rules' scopes and how long they wait, as backtest.yaml has them. A segment of persons is no scope of an account.
SCOPES = {
    "few": (["large", "emea"], []),
    "stalled": ([], ["adoption", "expansion"]),
    "onboarding_late": (["large"], ["onboarding"]),
    "few_people": ([], ["adoption", "renewal"]),
}
WAITS = {"gone_quiet": 3, "drop": 1.5, "few": 10, "stalled": 5, "onboarding_late": 7, "sick": 2, "lone": 1, "silent_admin": 7}
WAITS |= {f"low_{number}": 2 for number in (1, 2, 3)}

HEALTH = {"well", "sick"}
STAGES = {"onboarding", "adoption", "expansion", "renewal", "parked", "stalled", "onboarding_late", "few_people", "busy_week"}
# What rests on the trait that some accounts have said without a date. Health rests on what any card reads, the stage on what any stage's condition reads.
ON_SPONSOR = {"sponsored", "unbacked", "backed"} | HEALTH | STAGES
ON_ROLE = {"admins", "silent_admin"}


def left_out(name, constant):
    """SQL: is the account left out, since this name rests on a trait of it that has no date?"""
    if constant:
        return "false"
    return "true" if name in ON_ROLE else "account_id IN (FROM undated)" if name in ON_SPONSOR else "false"


def count_undated(connection, asking):
    """How many accounts rest on such a trait: of the whole model all, for the role of their people has no date."""
    names = [*(asking.what or "").split(":")[-1:], *asking.segments]
    if asking.what is None or ON_ROLE & {*names}:
        return connection.execute("SELECT count(DISTINCT account_id) FROM derived_lives").fetchone()[0]
    if ON_SPONSOR & {*names} or asking.what.startswith("scorecard"):
        return connection.execute("SELECT count(*) FROM undated").fetchone()[0]
    return 0


def member(segments, at, just_before=False):
    """SQL: is the account of x a member of one of these segments at an instant, or just before it?"""
    if not segments:
        return "true"
    names = ", ".join(f"'{name}'" for name in segments)
    if at == "x.e":
        return f"(x.account_id, x.e) IN (SELECT account_id, e FROM inside WHERE segment IN ({names}))"
    during = "m.since < {0} AND m.until >= {0}" if just_before else "m.since <= {0} AND m.until > {0}"
    return f"EXISTS (FROM stay m WHERE m.account_id = x.account_id AND m.segment IN ({names}) AND {during.format(at)})"


def ask(connection, asking):
    """Dates with what came after them, of the whole period."""
    connection.execute(f"""
    CREATE OR REPLACE TABLE term AS SELECT '{asking.first}'::TIMESTAMPTZ AS first, (DATE '{asking.last}' + 1)::TIMESTAMPTZ - INTERVAL 1 MICROSECOND AS last,
        (DATE '{asking.known}' + 1)::TIMESTAMPTZ - INTERVAL 1 MICROSECOND AS known, INTERVAL {asking.within} DAY AS horizon;
    CREATE OR REPLACE TABLE seen AS SELECT day.*, coalesce(o."at" <= e + horizon, false) AS followed, e + horizon <= known AS told
        FROM (day CROSS JOIN term) ASOF LEFT JOIN (SELECT DISTINCT * FROM outcome) o ON o.account_id = day.account_id AND o."at" > day.e;
    """)


def sign(connection, asking, kind, name):
    """The tables fired (all firings, with what came next), scope (the dates on which the sign looks at the account), came (outcomes in the period)."""
    segments, stages = SCOPES.get(name, ([], [])) if kind == "alert" else ([], [])
    wait = WAITS.get(name, 0) if kind == "alert" else 0
    staged = "true"
    if stages:
        names = ", ".join(f"'{stage}'" for stage in stages)
        staged = f"EXISTS (FROM stage_stay g WHERE g.account_id = x.account_id AND g.stage IN ({names}) AND g.since <= e AND g.until > e)"
    out = left_out(name, asking.constant)
    connection.execute(f"""
    CREATE OR REPLACE TABLE fired AS SELECT x.*, o."at" AS next, o."at" <= since + horizon AS followed, since + horizon <= known AS told,
        since BETWEEN first AND last AS counts
        FROM (SELECT * FROM sign CROSS JOIN term WHERE kind = '{kind}' AND name = '{name}' AND NOT {out}) x
        ASOF LEFT JOIN (SELECT DISTINCT * FROM outcome) o ON o.account_id = x.account_id AND o."at" > x.since;
    CREATE OR REPLACE TABLE scope AS SELECT *, EXISTS (FROM fired f WHERE f.account_id = x.account_id AND f.since <= e AND f.until > e) AS firing
        FROM seen x WHERE NOT {out} AND {staged} AND {member(segments, "x.e")};
    -- Dates one after the other. The ends of dates within the horizon before an outcome are those of the dates before its own, so many; it could have
    -- fired on one of them, if it had been in scope for as long as it waits up to it.
    CREATE OR REPLACE TABLE run AS SELECT account_id, min(date) AS first_date, max(date) AS last_date FROM (
        SELECT *, date - row_number() OVER (PARTITION BY account_id ORDER BY date)::INTEGER AS island FROM scope) GROUP BY account_id, island;
    CREATE OR REPLACE TABLE came AS SELECT x.account_id, "at", (epoch_us("at") - epoch_us(foretold)) / 86400e6 AS lead,
        CASE WHEN foretold IS NOT NULL THEN 'foretold'
            WHEN EXISTS (FROM fired f WHERE f.account_id = x.account_id AND f.since + horizon < "at" AND f.until >= "at") THEN 'early'
            WHEN coalesce(looked, 0) < {1 + math.ceil(wait)} THEN 'unforeseeable' ELSE 'miss' END AS verdict
        FROM (SELECT *, (SELECT min(f.since) FROM fired f WHERE f.account_id = x.account_id AND f.since < "at" AND f.since + horizon >= "at") AS foretold,
                (SELECT max(1 + least(last_date, "at"::DATE - 1) - first_date) FROM run r
                    WHERE r.account_id = x.account_id AND least(last_date, "at"::DATE - 1) >= "at"::DATE - {asking.within}) AS looked
            FROM outcome x CROSS JOIN term WHERE "at" BETWEEN first AND last AND NOT {out}) x""")  # fmt: skip


VERDICT = "CASE WHEN NOT told THEN 'censored' WHEN followed THEN 'hit' ELSE 'false_alarm' END"


def figures(connection, asking, slice_name=None):
    """{figure: value} of the sign as the JSON has them, of all accounts or of members of one segment."""
    only = asking.segments
    groups = [only, [slice_name] if slice_name else []]
    away = " OR ".join([left_out(n, asking.constant) for group in groups for n in group] or ["false"])
    inside = {at: " AND ".join(member(group, at) for group in groups) + f" AND NOT ({away})" for at in ("x.since", "x.e")}
    inside["at"] = " AND ".join(member(group, 'x."at"', True) for group in groups) + f" AND NOT ({away})"
    row = connection.execute(f"""
    WITH firing AS (SELECT {VERDICT} AS verdict FROM fired x WHERE counts AND {inside["x.since"]}),
    came AS (SELECT * FROM came x WHERE {inside["at"]}),
    days AS (SELECT firing, followed FROM scope x CROSS JOIN term WHERE told AND e BETWEEN first AND last AND {inside["x.e"]})
    SELECT (SELECT {{hit: count(*) FILTER (verdict = 'hit'), false_alarm: count(*) FILTER (verdict = 'false_alarm'),
            censored: count(*) FILTER (verdict = 'censored')}} FROM firing),
        (SELECT {{miss: count(*) FILTER (verdict = 'miss'), early: count(*) FILTER (verdict = 'early'),
            unforeseeable: count(*) FILTER (verdict = 'unforeseeable'), foretold: count(*) FILTER (verdict = 'foretold'), outcomes: count(*)}} FROM came),
        (SELECT {{true_positive: count(*) FILTER (firing AND followed), false_positive: count(*) FILTER (firing AND NOT followed),
            false_negative: count(*) FILTER (NOT firing AND followed), true_negative: count(*) FILTER (NOT firing AND NOT followed)}} FROM days),
        (SELECT {spread("lead")} FROM came WHERE lead IS NOT NULL)""").fetchone()  # fmt: skip
    firing, came, days, lead = row
    total = sum(days.values())
    precision = ratio(firing["hit"], firing["hit"] + firing["false_alarm"])
    base = ratio(days["true_positive"] + days["false_negative"], total)
    return {
        "verdicts": {verdict: count for verdict, count in (firing | came).items() if verdict not in ("foretold", "outcomes") and count},
        "outcomes": came["outcomes"],
        "precision": precision,
        "recall": ratio(came["foretold"], came["foretold"] + came["miss"] + came["early"]),
        "base_rate": base,
        "lift": None if precision is None or not base else precision / base,
        "lead_days": lead if lead["count"] else None,
        "confusion": days,
    }


def load(connection, asking):
    """How often it fires: by week (from Mondays on) and owner, and how long it lasts."""
    only = asking.segments
    away = " OR ".join([left_out(n, asking.constant) for n in only] or ["false"])
    connection.execute(f"CREATE OR REPLACE TABLE load AS SELECT * FROM fired x WHERE counts AND {member(only, 'x.since')} AND NOT ({away})")
    last = "coalesce(until > known, true)"
    fires, accounts, still, days = connection.execute(f"""SELECT count(*), count(DISTINCT account_id), count(*) FILTER ({last}),
        (SELECT {spread("(epoch_us(until) - epoch_us(since)) / 86400e6")} FROM load WHERE NOT {last}) FROM load""").fetchone()
    weeks = connection.execute("""
        SELECT monday::DATE, count(since)
        FROM (SELECT unnest(generate_series(date_trunc('week', first::DATE), last::DATE, INTERVAL 7 DAY)) AS monday FROM term)
        LEFT JOIN load ON since::DATE BETWEEN monday::DATE AND monday::DATE + 6 GROUP BY monday ORDER BY monday""").fetchall()
    owners = connection.execute("""
        SELECT o."owner", count(*), count(*) / any_value((last::DATE - first::DATE + 1) / 7)
        FROM load x ASOF LEFT JOIN owner o ON o.account_id = x.account_id AND o.valid_from <= x.since GROUP BY 1 ORDER BY 1 NULLS FIRST""").fetchall()
    return {
        "fires": fires, "accounts": accounts, "open": still, "days": days if days["count"] else None,
        "by_week": [{"week": str(week), "fires": count} for week, count in weeks],
        "by_owner": [dict(zip(("owner", "fires", "per_week"), owner)) for owner in owners],
    }  # fmt: skip


def cases(connection, asking):
    """Rows of --cases: account, person, verdict, fired, resolved, outcome, owner; times as microseconds."""
    only = asking.segments
    away = " OR ".join([left_out(n, asking.constant) for n in only] or ["false"])
    return connection.execute(f"""
        SELECT x.account_id, person_id, {VERDICT} AS verdict, epoch_us(since), CASE WHEN until <= known THEN epoch_us(until) END,
            CASE WHEN followed AND next <= known THEN epoch_us(next) END, o."owner"
        FROM (SELECT * FROM fired x WHERE counts AND {member(only, "x.since")} AND NOT ({away})) x
        ASOF LEFT JOIN owner o ON o.account_id = x.account_id AND o.valid_from <= x.since
        UNION ALL SELECT account_id, NULL, verdict, NULL, NULL, epoch_us("at"), NULL
        FROM came x WHERE verdict <> 'foretold' AND {member(only, 'x."at"', True)} AND NOT ({away})""").fetchall()


def courses(connection, asking, name, slice_name=None):
    """What became of a milestone each time that it began in the period, and after how many days it was reached."""
    groups = [asking.segments, [slice_name] if slice_name else []]
    away = " OR ".join([left_out(n, asking.constant) for group in groups for n in group] + [left_out(name, asking.constant)])
    inside = " AND ".join(member(group, "x.began") for group in groups)
    return dict(zip(("began", "reached", "reached_late", "missed", "waived", "pending", "ended", "days"), connection.execute(f"""
        WITH course AS (SELECT account_id, min(since) AS began, arg_max(status, (since, status <> 'pending')) AS became, max(since) AS at_last,
                any_value(ended) AS ended
            FROM status WHERE milestone = '{name}' GROUP BY account_id, tenure),
        x AS (SELECT *, became = 'pending' AND ended <= known AS over, (epoch_us(at_last) - epoch_us(began)) / 86400e6 AS days
            FROM course x CROSS JOIN term WHERE began BETWEEN first AND last AND NOT ({away}) AND {inside})
        SELECT count(*), count(*) FILTER (became = 'reached'), count(*) FILTER (became = 'reached late'), count(*) FILTER (became = 'missed'),
            count(*) FILTER (became = 'waived'), count(*) FILTER (became = 'pending' AND NOT over), count(*) FILTER (over),
            (SELECT {spread("days")} FROM x WHERE became IN ('reached', 'reached late')) FROM x""").fetchone()))  # fmt: skip


def spread(value):
    """SQL: count, mean and quantiles of a value."""
    parts = {"min": f"min({value})", **{name: f"quantile_cont({value}, {q})" for name, q in QUANTILES.items()}, "max": f"max({value})"}
    return f"{{count: count(*), mean: avg({value}), {', '.join(f'{name}: {sql}' for name, sql in parts.items())}}}"


QUANTILES = {"p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}


def ratio(part, whole):
    return part / whole if whole else None
