"""Holds our results against the peer's: every metric, stage and health of every account and day that both have. Prints the differences; none is right."""

import sys

import duckdb

METRICS = """logins_7d logins_prior_7d people_28d active_days_28d features_28d first_week_logins days_since_login events_total reports_total
reports_30d workflows_90d api_calls_30d tickets_30d""".split()


def differs(ours, peer):
    return f"count(*) FILTER ({ours} IS DISTINCT FROM {peer} AND NOT coalesce(abs({ours} - {peer}) < 1e-9, false))"


def main(folder):
    connection = duckdb.connect()
    bad = 0
    ours = {
        "asof": f"SELECT * EXCLUDE (stage, health), stage, health AS score FROM '{folder}/asof/state/*.parquet' WHERE status = 'live'",
        "year": f"SELECT m.*, h.stage, h.score FROM '{folder}/year/metrics/*.parquet' m JOIN '{folder}/year/health_daily/*.parquet' h USING (account_id, date)",
    }
    for name, query in ours.items():
        day = "" if name == "asof" else " AND o.date = p.day"
        columns = ", ".join([f"{differs(f'o.{m}::DOUBLE', f'p.{m}::DOUBLE')} AS {m}" for m in METRICS])
        row = connection.execute(f"""
            SELECT count(*) AS rows, {columns}, count(*) FILTER (o.stage IS DISTINCT FROM p.stage) AS stage,
                count(*) FILTER (o.score IS DISTINCT FROM p.health AND NOT coalesce(abs(o.score - p.health) < 1e-6, false)) AS health
            FROM ({query}) o JOIN '{folder}/{name}.duckdb.parquet' p ON o.account_id = p.account_id{day}""")
        names = [d[0] for d in row.description]
        values = dict(zip(names, row.fetchone()))
        wrong = {k: v for k, v in values.items() if k != "rows" and v}
        bad += sum(wrong.values())
        print(f"{name}: {values['rows']} rows in both, " + (f"DIFFERENT: {wrong}" if wrong else "all equal"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
