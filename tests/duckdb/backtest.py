"""The third part: what `tenure backtest` says of signs, milestones and scorecards, against DuckDB over the tables of `tenure evaluate`.

signs.py says when signs begin and end and outcomes come, verdicts.py what a sign is worth, readings.py what a scorecard is.
"""

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import clock
import duckdb
import readings
import signs
import verdicts

FIRST, LAST = "2024-12-20", "2025-12-19"
STAGES = ["onboarding", "adoption", "expansion", "renewal", "parked"]
SLICES = ["large", "emea", "quiet", "busy", "sponsored", "well"]


@dataclass(frozen=True)
class Asking:
    """One call of `tenure backtest`."""

    what: str | None
    outcome: str = "churned"
    within: int = 60
    segments: tuple = ()
    first: str = FIRST
    last: str = LAST
    known: str = LAST
    constant: bool = False
    leads: tuple = (0, 30, 60, 90)
    exact: bool = True

    def arguments(self):
        said = ["backtest", *([self.what] if self.what else []), *(["--exact"] if self.exact else []), "--outcome", self.outcome, "--within", str(self.within)]
        if (self.first, self.last, self.known) != (FIRST, LAST, LAST):
            said += ["--from", self.first, "--to", self.last, "--known", self.known]
        if self.leads != (0, 30, 60, 90):
            said += ["--leads", ",".join(map(str, self.leads))]
        said += [word for name in self.segments for word in ("--segment", name)]
        return said + (["--assume-constant"] if self.constant else [])

    def __str__(self):
        return " ".join(self.arguments()[1:])


ASKINGS = [
    Asking(None),
    Asking(None, "event:ticket", 5, first="2025-03-03", last="2025-10-31", known="2025-11-02", segments=("large",)),
    Asking("gone_quiet"),
    Asking("gone_quiet", constant=True, segments=("emea", "sponsored")),
    Asking("gone_quiet", "event:report_created", 30, segments=("well",)),
    Asking("drop", "downgraded", 45),
    Asking("few", "expanded", 45),
    Asking("few", "event:ticket", 5, segments=("emea",)),
    Asking("stalled", "logins_7d = 0", 14),
    Asking("onboarding_late", constant=True),
    Asking("sick", first="2025-02-01", last="2025-11-30", known="2025-12-10"),
    Asking("lone"),
    Asking("silent_admin", constant=True),
    Asking("few_people", constant=True),
    Asking("segment:quiet", within=30),
    Asking("segment:idle", "event:ticket", 7),
    Asking("stage:adoption", constant=True),
    Asking("stage:expansion", segments=("large", "emea")),
    Asking("milestone:first_report"),
    Asking("milestone:busy_week", constant=True, segments=("emea",)),
    Asking("milestone:asked", "event:ticket", 30),
    Asking("milestone:backed"),
    Asking("low_2", "renewed", 90),
    Asking("scorecard:large"),
    Asking("scorecard:large", "event:ticket", 30, constant=True, leads=(0, 14, 90, 200), segments=("emea", "quiet")),
    Asking("scorecard:amer", constant=True),
    Asking("scorecard:rest", "event:ticket", constant=True),
    Asking("scorecard:rest", "logins_7d = 0", 14, first="2025-01-06", last="2025-11-20", known="2025-12-01", leads=(7,)),
    Asking("scorecard:rest", constant=True),
]
# Once a date, as an evaluation that samples sees it.
SAMPLED = [
    Asking(None, constant=True, exact=False),
    Asking("gone_quiet", "event:ticket", 20, segments=("emea",), exact=False),
    Asking("milestone:asked", exact=False),
    Asking("scorecard:large", constant=True, exact=False),
]


def check(workspace):
    workspace.load("events", "people", "accounts", "subscriptions")
    decide(workspace)
    workspace.run("evaluate", workspace.model, "--to", LAST)
    signs.tables(workspace.duckdb, workspace.folder, LAST)
    for asking in ASKINGS:
        against(workspace, asking)
    sweeps(workspace)
    workspace.run("evaluate", workspace.model, "--to", LAST, "--sampled")
    workspace.duckdb = duckdb.connect()
    signs.tables(workspace.duckdb, workspace.folder, LAST)
    for asking in SAMPLED:
        against(workspace, asking)


def decide(workspace):
    """Some accounts are let off a milestone, some stages are set by hand; those of acct_005 when it has ended for good."""
    for account, milestone, at in (("acct_002", "first_report", "2025-03-01"), ("acct_012", "first_report", "2025-05-20"), ("acct_005", "asked", "2025-12-01")):
        workspace.run("waive", account, milestone, "--at", at, "--reason", "pilot")
    for account, at, until in (("acct_003", "2025-05-01", "2025-06-15"), ("acct_010", "2025-04-01", "2025-07-01"), ("acct_005", "2025-12-01", "2025-12-10")):
        workspace.run("set-stage", account, "parked", "--at", at, "--until", until, "--reason", "they asked for it")


def sweeps(workspace):
    """A number that is varied, in a rule of the model and in one that is not, gives what rules with these numbers do."""
    asking = Asking("low_3")
    signs.outcomes(workspace.duckdb, asking.outcome)
    verdicts.ask(workspace.duckdb, asking)
    for arguments in (["low_3"], ["--when", "logins_7d < 3", "--for", "2d"]):
        answer = workspace.run("backtest", *arguments, "--sweep", "logins_7d < {1..3}", "--exact", "--json")
        for found in json.loads(answer)["findings"]["sweep"]:
            name = f"low_{found['number']}"
            verdicts.sign(workspace.duckdb, asking, "alert", name)
            theirs = verdicts.figures(workspace.duckdb, asking) | {"fires": verdicts.load(workspace.duckdb, asking)["fires"]}
            tree(workspace, "sweeps", f"{arguments} {name}", found, theirs)


def against(workspace, asking):
    signs.outcomes(workspace.duckdb, asking.outcome)
    verdicts.ask(workspace.duckdb, asking)
    answer = json.loads(workspace.run(*asking.arguments(), "--json"))
    found = answer["findings"]
    if not asking.constant:
        workspace.compare("undated", f"{asking}: accounts with undated traits", found["undated"]["accounts"], verdicts.count_undated(workspace.duckdb, asking))
    if found["about"] == "model":
        for sign in found["signs"]:
            verdicts.sign(workspace.duckdb, asking, sign["kind"], sign["name"])
            quality(workspace, asking, sign["kind"], sign["name"], None, sign)
        for part in found["scorecards"]:
            scorecard(workspace, asking, part)
    elif found["about"] == "sign":
        whole_sign(workspace, asking, found)
        cases(workspace, asking, [found["kind"]], found["name"])
    elif found["about"] == "milestone":
        name = found["missed"]["name"]
        course(workspace, asking, name, None, found["course"])
        for part in found["segments"]:
            course(workspace, asking, name, part["segment"], part)
        whole_sign(workspace, asking, found["missed"])
        whole_sign(workspace, asking, found["reached"])
        cases(workspace, asking, ["missed", "reached"], name)
    elif found["about"] == "scorecard":
        scorecard(workspace, asking, found)


def whole_sign(workspace, asking, found):
    """All that is said of one sign."""
    kind, name = found["kind"], found["name"]
    verdicts.sign(workspace.duckdb, asking, kind, name)
    tree(workspace, "firings", f"{asking}: {kind} {name} load", found["load"], verdicts.load(workspace.duckdb, asking))
    quality(workspace, asking, kind, name, None, found["quality"])
    for part in found["segments"]:
        quality(workspace, asking, kind, name, part["segment"], part)
    workspace.compare("slices", f"{asking}: segments", [part["segment"] for part in found["segments"]], SLICES)


def quality(workspace, asking, kind, name, slice_name, found):
    where = f"{asking}: {kind} {name}" + (f" in {slice_name}" if slice_name else "")
    tree(workspace, "quality", where, found, verdicts.figures(workspace.duckdb, asking, slice_name))


def course(workspace, asking, name, slice_name, found):
    theirs = verdicts.courses(workspace.duckdb, asking, name, slice_name)
    theirs["days"] = theirs["days"] if theirs["days"]["count"] else None
    tree(workspace, "courses", f"{asking}: course {slice_name or ''}", found, theirs)


def scorecard(workspace, asking, found):
    card = found["scorecard"]
    readings.read(workspace.duckdb, asking, card)
    leads = asking.leads if asking.what else (0,)
    theirs = readings.figures(workspace.duckdb, asking, leads)
    if asking.what:
        for name, names in (("segments", SLICES), ("stages", STAGES)):
            theirs[name] = readings.parts(workspace.duckdb, asking, names, name == "stages")
        theirs["measures"] = readings.measures(workspace.duckdb, card)
    else:
        # Of a whole model, cards are told in brief.
        theirs |= {"deciles": [], "segments": [], "stages": [], "measures": []}
    if found.get("suggestion"):
        together = sum(weight["suggested"] for weight in found["suggestion"]["weights"])
        workspace.compare("scorecards", f"{asking}: scorecard {card} fitted weights together", together, 100.0)
    tree(workspace, "scorecards", f"{asking}: scorecard {card}", found, theirs)


def cases(workspace, asking, kinds, name):
    """Row by row."""
    rows = csv.DictReader(io.StringIO(workspace.run(*asking.arguments(), "--cases", "--csv")))
    times = ("fired_at", "resolved_at", "outcome_at")
    ours = Counter()
    for row in rows:
        at = [(datetime.fromisoformat(row[time]) - clock.EPOCH) // clock.MICROSECOND if row[time] else None for time in times]
        ours[(row["of"], row["account"], row["person"] or None, row["verdict"], *at, row["owner"] or None)] += 1
    theirs = Counter()
    for kind in kinds:
        verdicts.sign(workspace.duckdb, asking, kind, name)
        theirs.update((kind, *row) for row in verdicts.cases(workspace.duckdb, asking))
    workspace.agreed["cases"] += (ours & theirs).total()
    for side, only in (("tenure", ours - theirs), ("DuckDB", theirs - ours)):
        for row in sorted(only, key=str):
            workspace.differ(f"{asking} --cases: only {side} has {row}")


def tree(workspace, kind, where, ours, theirs):
    """All that DuckDB says, value by value; of a figure with an interval its value."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in theirs.keys() | (ours.keys() if where.endswith(("verdicts", "confusion", "days")) else set()):
            tree(workspace, kind, f"{where} {key}", ours.get(key), theirs.get(key))
    elif isinstance(ours, dict) and ours.keys() >= {"value", "low", "high"}:
        workspace.compare(kind, where, ours["value"], theirs)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        for place, (one, other) in enumerate(zip(ours, theirs)):
            tree(workspace, kind, f"{where} {place}", one, other)
    else:
        workspace.compare(kind, where, ours, theirs)
