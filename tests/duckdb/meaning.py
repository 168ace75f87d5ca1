"""What model.yaml means, in DuckDB's SQL: written from docs/reference/model.md, without a look at the engine.

`at` is an instant, as text. The tables: event (the archive's files), trait, subscription and membership (what the company said).
"""

ZONE = "America/New_York"
FEATURES = "('report_created', 'dashboard_viewed', 'workflow_run', 'export_downloaded')"


def local(instant):
    """The wall clock in the model's zone."""
    return f"({instant} AT TIME ZONE '{ZONE}')"


def later(anchor, days):
    """So many civil days after an instant: the same wall clock time."""
    return f"(({local(anchor)} + INTERVAL ({days}) DAY) AT TIME ZONE '{ZONE}')"


def accounts(at):
    """The account's own columns: traits by their versions, facts of its subscriptions."""
    t = f"TIMESTAMPTZ '{at}'"

    def trait(name, kind):
        return f"arg_max(value, valid_from) FILTER (field = '{name}' AND value IS NOT NULL)::{kind} AS {name}"

    return f"""
    CREATE OR REPLACE TEMP TABLE account AS
    WITH traits AS (
        SELECT account_id, {trait("tier", "DOUBLE")}, {trait("region", "VARCHAR")}, {trait("champion", "BOOLEAN")},
            {trait("started_at", "TIMESTAMPTZ")}, {trait("kickoff_at", "TIMESTAMPTZ")}, {trait("go_live_on", "DATE")}
        FROM trait WHERE valid_from <= {t} GROUP BY account_id),
    facts AS (
        SELECT account_id, sum(arr)::DOUBLE AS arr, sum(seats)::DOUBLE AS seats, min(renewal_at) AS renewal_at, min(started_at) AS subscribed_at
        FROM subscription WHERE started_at <= {t} AND (ended_at IS NULL OR ended_at > {t}) GROUP BY account_id)
    SELECT account_id, {t} AS t, {local(t)}::DATE AS today, tier, region, champion, kickoff_at, go_live_on, arr, seats, renewal_at,
        coalesce(started_at, subscribed_at) AS started_at, go_live_on::TIMESTAMP AT TIME ZONE '{ZONE}' AS go_live,
        today - {local("coalesce(started_at, subscribed_at)")}::DATE AS age_days, {local("renewal_at")}::DATE - today AS days_to_renewal
    FROM traits JOIN facts USING (account_id) WHERE coalesce(started_at, subscribed_at) <= {t};

    CREATE OR REPLACE TEMP TABLE seen AS
    SELECT e.account_id, person_id, name, time, {local("time")}::DATE AS day, today - {local("time")}::DATE AS ago, t, today,
        started_at, kickoff_at, renewal_at, go_live,
        properties->>'$.path' AS path, (properties->>'$.seconds')::DOUBLE AS seconds, (properties->>'$.amount')::DECIMAL(18, 2) AS amount,
        properties->>'$.survey' AS survey, (properties->>'$.score')::DOUBLE AS score, properties->>'$.mood' AS mood
    FROM event e JOIN account USING (account_id) WHERE time <= t;
    """


def metrics():
    """All metrics that read events, and those that read these."""
    login = "name = 'login'"
    days = "ago < {}".format  # a rolling window of N days: the N dates that end with today's
    nps = "survey = 'nps' AND name = 'survey_answered'"

    def count(condition):
        return f"count(*) FILTER ({condition})"

    def window(anchor, n):
        return f"time >= {anchor} AND time < {later(anchor, n)}"

    return f"""
    -- An account's persons: who belongs to it now, and who did something for it since they belonged to it last.
    CREATE OR REPLACE TEMP TABLE belongs AS
    SELECT DISTINCT m.account_id, person_id FROM membership m JOIN account USING (account_id)
    WHERE since <= t AND (until IS NULL OR until > t)
    UNION
    SELECT s.account_id, s.person_id FROM seen s LEFT JOIN membership m
        ON m.account_id = s.account_id AND m.person_id = s.person_id AND m.since <= s.t
    WHERE s.person_id IS NOT NULL
    GROUP BY s.account_id, s.person_id HAVING max(s.time) >= coalesce(max(m.until), max(s.time));

    CREATE OR REPLACE TEMP TABLE person_metric AS
    SELECT b.account_id, b.person_id, role,
        count(*) FILTER ({login} AND {days(7)}) AS p_logins_7d,
        any_value(a.today) - coalesce(max(day) FILTER ({login}), {local("any_value(a.started_at)")}::DATE) AS p_days_since,
        count(*) FILTER (name = 'report_created') AS p_reports
    FROM belongs b JOIN account a USING (account_id) JOIN person USING (person_id)
    LEFT JOIN seen s ON s.account_id = b.account_id AND s.person_id = b.person_id
    GROUP BY b.account_id, b.person_id, role;

    CREATE OR REPLACE TEMP TABLE admins AS
    SELECT account_id, count(*) AS n FROM person_metric WHERE role = 'admin' AND p_logins_7d >= 1 GROUP BY account_id;

    CREATE OR REPLACE TEMP TABLE metric AS
    WITH counted AS (SELECT account_id,
        {count(login)} AS logins,
        {count(f"{login} AND {days(7)}")} AS logins_7d,
        {count(f"{login} AND ago BETWEEN 7 AND 13")} AS logins_prior_7d,
        {count(f"{login} AND {days(28)}")} AS logins_28d,
        {count(f"{login} AND time > t - INTERVAL 24 HOUR")} AS logins_24h,
        {count(f"{login} AND time > t - INTERVAL 48 HOUR AND time <= t - INTERVAL 24 HOUR")} AS logins_prior_24h,
        {count("name = 'page_viewed' AND time > t - INTERVAL 90 MINUTE")} AS views_90min,
        {count("ago = 0")} AS any_today,
        {count(f"name IN ('report_created', 'dashboard_viewed') AND {days(14)}")} AS use_14d,
        {count(f"name = 'page_viewed' AND path = '/help' AND {days(30)}")} AS help_30d,
        {count(f"name = 'page_viewed' AND seconds > 60 AND path <> '/help' AND {days(30)}")} AS long_views_30d,
        {count(f"{login} AND {window('started_at', 7)}")} AS first_week_logins,
        count(DISTINCT person_id) FILTER ({window("started_at", 30)}) AS first_30d_people,
        {count(f"{login} AND {window('kickoff_at', 3)}")} AS kickoff_logins,
        {count("time >= kickoff_at")} AS since_kickoff,
        {count(f"{login} AND ago BETWEEN 14 AND 20")} AS logins_7d_before,
        count(DISTINCT day) FILTER ({window("go_live", 10)}) AS go_live_days,
        {count(f"{login} AND time >= {later('renewal_at', -30)} AND time < renewal_at")} AS before_renewal,
        {count(f"time >= {later('go_live', -5)} AND time < go_live")} AS before_go_live,
        count(DISTINCT person_id) FILTER ({login} AND {days(7)}) AS people_7d,
        count(DISTINCT person_id) FILTER ({days(28)}) AS people_28d,
        count(DISTINCT day) FILTER ({days(28)}) AS days_28d,
        count(DISTINCT day) FILTER ({login}) AS login_days,
        count(DISTINCT name) FILTER (name IN {FEATURES} AND {days(28)}) AS features_28d,
        count(DISTINCT name) FILTER (name IN {FEATURES} AND time > t - INTERVAL 24 HOUR) AS features_24h,
        sum(amount) FILTER (name = 'invoice_paid' AND {days(90)})::DOUBLE AS paid_90d,
        sum(amount) FILTER (name = 'invoice_paid')::DOUBLE AS paid,
        avg(score) FILTER ({nps} AND {days(90)}) AS nps_avg_90d,
        min(score) FILTER ({nps}) AS nps_worst,
        max(seconds) FILTER (name = 'page_viewed' AND {days(14)}) AS view_longest_14d,
        arg_max(score, time) FILTER ({nps} AND score IS NOT NULL) AS nps_last,
        arg_max(mood, time) FILTER (name = 'survey_answered' AND mood IS NOT NULL AND {days(60)}) AS mood_last_60d,
        max(day) FILTER ({login}) AS login_day,
        max(day) FILTER (name = 'report_created') AS report_day,
        min(time) FILTER (name = 'report_created') AS first_report_at,
        max(time) FILTER ({login}) AS last_login_at,
        count(*) FILTER (name = 'export_downloaded') > 0 AS exported
        FROM seen GROUP BY account_id)
    SELECT a.*,
        {", ".join(f"coalesce({name}, 0) AS {name}" for name in ALWAYS)},
        {", ".join(f"CASE WHEN {anchor} IS NOT NULL THEN coalesce({name}, 0) END AS {name}" for name, anchor in ANCHORED.items())},
        coalesce(logins_7d_before, 0) AS logins_7d_before,
        nps_avg_90d, nps_worst, view_longest_14d, nps_last, mood_last_60d, first_report_at, last_login_at,
        today - coalesce(login_day, {local("started_at")}::DATE) AS days_since_login,
        today - coalesce(report_day, {local("started_at")}::DATE) AS days_since_report,
        coalesce(exported, false) AS ever_exported,
        coalesce(logins_7d, 0) / nullif(coalesce(logins_prior_7d, 0), 0) - 1 AS login_trend,
        coalesce(people_28d, 0) / nullif(seats, 0) AS per_seat,
        coalesce(n, 0) AS active_admins
    FROM account a LEFT JOIN counted USING (account_id) LEFT JOIN admins USING (account_id);
    """


# Of nothing these are 0.
ALWAYS = [
    "logins", "logins_7d", "logins_prior_7d", "logins_28d", "logins_24h", "logins_prior_24h", "views_90min", "any_today", "use_14d", "help_30d",
    "long_views_30d", "first_week_logins", "first_30d_people", "people_7d", "people_28d", "days_28d", "login_days", "features_28d", "features_24h",
    "paid_90d", "paid",
]  # fmt: skip

# Not known before their anchor is.
ANCHORED = {
    "kickoff_logins": "kickoff_at",
    "since_kickoff": "kickoff_at",
    "go_live_days": "go_live",
    "before_renewal": "renewal_at",
    "before_go_live": "go_live",
}

OTHERS = [
    "nps_avg_90d", "nps_worst", "view_longest_14d", "nps_last", "mood_last_60d", "days_since_login", "days_since_report", "first_report_at",
    "last_login_at", "ever_exported", "login_trend", "per_seat", "logins_7d_before", "active_admins",
]  # fmt: skip

COLUMNS = ["tier", "region", "champion", "started_at", "kickoff_at", "arr", "seats", "renewal_at", "age_days", "days_to_renewal"]
METRICS = [*ALWAYS, *ANCHORED, *OTHERS]
PERSON_METRICS = ["p_logins_7d", "p_days_since", "p_reports"]

# NULL is not a member.
SEGMENTS = {
    "top": "tier = 1",
    "quiet": "logins_7d = 0 AND logins_28d > 0",
    "falling": "login_trend < -0.3",
    "unhappy": "nps_avg_90d < 7 OR mood_last_60d = 'bad'",
    "not_unhappy": "NOT (nps_avg_90d < 7)",
    "renews_soon": "renewal_at BETWEEN t AND t + INTERVAL 1440 HOUR",
    "renews_by_days": "days_to_renewal BETWEEN 0 AND 60",
    "started_lately": "started_at > t - INTERVAL 1080 HOUR",
    "emea_without": "region LIKE 'em%' AND NOT champion",
    "graded": "CASE WHEN tier = 1 THEN logins_28d ELSE logins_7d * 2 END > 12",
    "listed": "tier IN (2, 3) AND region IS NOT NULL AND coalesce(nps_last, 5) >= 5",
    "kicked_off": "kickoff_at < t AND NOT coalesce(tier = 1, false)",
}

ALERTS = {
    "gone_quiet": "quiet AND days_since_login >= 10",
    "top_falling": "top AND falling",
    "late_to_start": "age_days > 14 AND first_week_logins < 2",
    "no_admin": "active_admins = 0 AND people_28d > 0",
}


def points(x, *pairs):
    """Linear between points, clamped outside."""
    (first, low), (_, high) = pairs[0], pairs[-1]
    sql = f"CASE WHEN {x} IS NULL THEN NULL WHEN {x} <= {first} THEN {low}::DOUBLE"
    for (x0, y0), (x1, y1) in zip(pairs, pairs[1:]):
        sql += f" WHEN {x} <= {x1} THEN {y0} + ({x} - {x0})::DOUBLE * {y1 - y0} / {x1 - x0}e0"
    return f"{sql} ELSE {high} END"


def mean(*weighted):
    """The weighted mean of what is there; NULL of nothing."""
    above = " + ".join(f"coalesce({weight} * ({score}), 0)" for weight, score in weighted)
    below = " + ".join(f"CASE WHEN ({score}) IS NULL THEN 0 ELSE {weight} END" for weight, score in weighted)
    return f"(({above})::DOUBLE / nullif({below}, 0))"


NPS = points("nps_avg_90d", (0, 0), (10, 100))
TOP = mean(
    (3, mean((2, points("logins_28d", (0, 0), (10, 50), (40, 100))), (1, points("login_trend", (-1, 0), (0, 80), (1, 100))))),
    (1, mean((1, NPS), (1, "CASE mood_last_60d WHEN 'bad' THEN 0 WHEN 'fair' THEN 50 WHEN 'good' THEN 100 END"))),
)
REST = mean(
    (1, "CASE WHEN days_28d >= 15 THEN 100 WHEN days_28d >= 5 THEN 60 WHEN days_28d >= 1 THEN 20 ELSE 0 END"),
    (1, points("days_since_login", (0, 100), (30, 0))),
    (1, f"coalesce({NPS}, 50)"),
)


def outcomes():
    """Segments, health and alerts."""
    segments = ", ".join(f"coalesce({condition}, false) AS {name}" for name, condition in SEGMENTS.items())
    alerts = ", ".join(f"coalesce({condition}, false) AS {name}" for name, condition in ALERTS.items())
    return f"""
    CREATE OR REPLACE TEMP TABLE outcome AS
    WITH segmented AS (SELECT *, {segments} FROM metric),
    scored AS (SELECT *, CASE WHEN top THEN {TOP} ELSE {REST} END AS health FROM segmented)
    SELECT *, {alerts}, CASE WHEN health >= 70 THEN 'green' WHEN health >= 40 THEN 'yellow' WHEN health IS NOT NULL THEN 'red' END AS health_band
    FROM scored ORDER BY account_id;
    """


def compute(connection, at):
    """Fills the tables `outcome` and `person_metric` as of an instant."""
    for script in (accounts(at), metrics(), outcomes()):
        connection.execute(script)
