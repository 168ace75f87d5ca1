"""What a scorecard is worth against an outcome: weekly readings, AUC at each lead, rates by band and decile, stability, in DuckDB's SQL."""

from verdicts import left_out, member, ratio, spread

# Cards' measures with the weights of their groups and their own, and their scores, as backtest.yaml has them.
CARDS = {
    "large": [("use", 3, "logins", 2), ("use", 3, "silence", 1), ("voice", 1, "nps", 1)],
    "amer": [("voice", 1, "nps", 1)],
    "rest": [("use", 1, "logins", 1), ("use", 1, "silence", 1)],
}
SILENCE = "round(greatest(0, 100 - silence * 100 / 30), 9)"
SCORES = {
    "large": {
        "logins": "round(CASE WHEN logins_28d <= 10 THEN logins_28d * 5 ELSE least(100, 50 + (logins_28d - 10) * 50 / 30) END, 9)",
        "silence": f"CASE WHEN age >= 14 THEN {SILENCE} END",
        "nps": "kept_nps",
    },
    "amer": {"nps": "kept_nps"},
    "rest": {
        "logins": "CASE WHEN logins_28d >= 20 THEN 100 WHEN logins_28d >= 10 THEN 75 WHEN logins_28d >= 4 THEN 50 WHEN logins_28d >= 1 THEN 25 ELSE 0 END",
        "silence": SILENCE,
    },
}
BANDS = ["green", "yellow", "red"]


def read(connection, asking, card):
    """The table reading: one a week and customer to whom the card applies; those of the asked segments."""
    # Health rests on what any card reads.
    away = " OR ".join(left_out(name, asking.constant) for name in ("well", *asking.segments))
    connection.execute(f"""
    CREATE OR REPLACE TABLE reading AS SELECT x.*, g.stage FROM (
        SELECT day.account_id, day.date, day.e, h.scorecard, h.score, h.coverage, h.band, (day.date - first::DATE) // 7 AS week
        FROM (SELECT * FROM day CROSS JOIN term WHERE e BETWEEN first AND last AND (date - first::DATE) % 7 = 0 AND NOT ({away})) day
        JOIN tenure t ON t.account_id = day.account_id AND t.since <= day.e AND t.until > day.e
        ASOF JOIN derived_health h ON h.account_id = day.account_id AND h."at" <= day.e WHERE h."at" >= t.since AND scorecard = '{card}') x
    LEFT JOIN stage_stay g ON g.account_id = x.account_id AND g.since <= x.e AND g.until > x.e
    WHERE {member(asking.segments, "x.e")}""")
    connection.execute(f"CREATE OR REPLACE TABLE lead_reading AS {' UNION ALL '.join(at_lead(days) for days in sorted({0, *asking.leads}))}")


def at_lead(days):
    """SQL: the readings that count at a lead, each with whether the outcome followed."""
    return f"""
    SELECT x.*, {days} AS lead, coalesce(o."at" <= begins + horizon, false) AS followed
    FROM (SELECT *, e + INTERVAL {days} DAY AS begins FROM reading CROSS JOIN term) x
    ASOF LEFT JOIN (SELECT DISTINCT * FROM outcome) o ON o.account_id = x.account_id AND o."at" > x.begins
    WHERE begins + horizon <= known AND EXISTS (FROM tenure t WHERE t.account_id = x.account_id AND t.since <= begins AND t.until > begins)"""


def auc(connection, lead, score="score", only="true", of="lead_reading"):
    """The probability that of two readings the one that was followed is the lower, by ranks; scores are equal to six decimals."""
    score = f"round({score}, 6)"
    followed, others, ranks = connection.execute(f"""
        WITH ranked AS (SELECT followed, rank() OVER (ORDER BY {score} DESC) + (count(*) OVER (PARTITION BY {score}) - 1) / 2 AS place
            FROM {of} x WHERE lead = {lead} AND {score} IS NOT NULL AND {only})
        SELECT count(*) FILTER (followed), count(*) FILTER (NOT followed), coalesce(sum(place) FILTER (followed), 0) FROM ranked""").fetchone()
    return ratio(ranks - followed * (followed + 1) / 2, followed * others)


def figures(connection, asking, leads):
    """{figure: value} as the JSON has them, without the measures."""
    readings, scored, accounts, coverage = connection.execute(
        f"SELECT count(*), count(score), count(DISTINCT account_id), (SELECT {spread('coverage')} FROM reading WHERE score IS NOT NULL) FROM reading"
    ).fetchone()
    return {
        "readings": readings,
        "scored": scored,
        "accounts": accounts,
        "coverage": coverage if coverage["count"] else None,
        "leads": [at(connection, lead) for lead in leads],
        "base_rate": rate(connection, "true"),
        "bands": bands(connection),
        "deciles": deciles(connection),
        "stability": stability(connection),
    }


def at(connection, lead):
    readings, followed = connection.execute(
        f"SELECT count(*), count(*) FILTER (followed) FROM lead_reading WHERE lead = {lead} AND score IS NOT NULL"
    ).fetchone()
    return {"days": lead, "auc": auc(connection, lead), "readings": readings, "followed": followed}


def counted(connection, only):
    return connection.execute(f"SELECT count(*), count(*) FILTER (followed) FROM lead_reading x WHERE lead = 0 AND {only}").fetchone()


def rate(connection, only):
    readings, followed = counted(connection, only)
    return ratio(followed, readings)


def bands(connection):
    found, better = [], None
    for band in BANDS:
        of_band = f"score IS NOT NULL AND band = '{band}'"
        worse = rate(connection, of_band)
        over = None if better is None or worse is None or not better else worse / better
        found.append({"band": band, "readings": counted(connection, of_band)[0], "rate": worse, "over_better": over})
        better = worse
    return found


def deciles(connection):
    """Tenths by rank: all readings of one score are in that of the first of them."""
    rows = connection.execute("""
        WITH ranked AS (SELECT score, followed, (rank() OVER (ORDER BY score) - 1) * 10 // count(*) OVER () AS tenth
            FROM lead_reading WHERE lead = 0 AND score IS NOT NULL)
        SELECT min(score), max(score), count(*), count(*) FILTER (followed) / count(*) FROM ranked GROUP BY tenth ORDER BY tenth""").fetchall()
    return [dict(zip(("from", "to", "readings", "rate"), row)) for row in rows]


def stability(connection):
    """Of two readings of one account with a week between them, both in a band: is the band another one?"""
    changes, pairs = connection.execute("""
        SELECT count(*) FILTER (one.band <> other.band), count(*) FROM reading one JOIN reading other
        ON one.account_id = other.account_id AND other.week = one.week + 1 AND one.band IS NOT NULL AND other.band IS NOT NULL""").fetchone()
    return {"changes": changes, "per_account_month": ratio(changes * 30, pairs * 7)}


def measures(connection, card):
    """Of each measure: its share of the weight, how many readings have its score, its AUC, and what it adds to that of all."""
    columns = ", ".join(f"{sql} AS score_{measure}" for measure, sql in SCORES[card].items())
    connection.execute(f"CREATE OR REPLACE VIEW scored AS SELECT *, {columns} FROM lead_reading JOIN derived_metrics USING (account_id, date)")
    found = []
    for group, group_weight, measure, weight in CARDS[card]:
        share = group_weight * weight / sum(w for g, _, _, w in CARDS[card] if g == group) / sum(dict((g, w) for g, w, _, _ in CARDS[card]).values())
        coverage = connection.execute(f"SELECT count(score_{measure}) / count(*) FROM scored WHERE lead = 0").fetchone()[0]
        alone = auc(connection, 0, f"score_{measure}", of="scored")
        found.append({"group": group, "measure": measure, "weight": 100 * share, "coverage": coverage, "auc": alone})
        found[-1]["adds"] = gain(connection, card, measure)
    return found


def gain(connection, card, measure):
    """The AUC with all measures minus that without this one, of the readings that have a score also without it."""
    together, rest = mean(CARDS[card]), mean([m for m in CARDS[card] if m[2] != measure])
    without, whole = auc(connection, 0, rest, of="scored"), auc(connection, 0, together, only=f"{rest} IS NOT NULL", of="scored")
    return None if without is None else whole - without


def mean(card):
    """SQL: the weighted mean of groups, each that of its measures that have a score."""

    def weighted(parts):
        above = " + ".join(f"coalesce({score} * {weight}, 0)" for score, weight in parts)
        below = " + ".join(f"CASE WHEN {score} IS NOT NULL THEN {weight} ELSE 0 END" for score, weight in parts)
        return f"(({above}) / nullif({below}, 0))"

    groups = {group: weight for group, weight, _, _ in card}
    of_group = {group: weighted([(f"score_{measure}", weight) for g, _, measure, weight in card if g == group]) for group in groups}
    return weighted([(of_group[group], weight) for group, weight in groups.items()]) if card else "NULL::DOUBLE"


def parts(connection, asking, names, stage):
    """The same of members of segments, or in stages: {name, auc, base_rate, readings}; the AUC is of those with a score, the rate is of all."""
    found = []
    for name in names:
        only = f"x.stage = '{name}'" if stage else f"{member([name], 'x.e')} AND NOT ({left_out(name, asking.constant)})"
        readings = counted(connection, only)[0]
        found.append({"name": name, "auc": auc(connection, 0, only=only), "base_rate": rate(connection, only), "readings": readings})
    return found
