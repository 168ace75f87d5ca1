"""One account through time, written from docs/reference/model.md: segments, stage, milestones, health and alerts, at each instant in this order.

What reads a later layer, or its own, reads it as of the previous instant (`before`); where such a value changed, all is evaluated again a microsecond later.
"""

from bisect import bisect_left, bisect_right
from types import SimpleNamespace

import clock
from alerting import Alert
from health import Health

STAGES = ["onboarding", "trying", "adoption", "settled", "expansion", "renewal", "at_risk"]
BACK_TO = {"expansion": "adoption", "renewal": "adoption", "at_risk": "trying"}
EXPECTED = {"onboarding": {"large": 60, "middle": 45, None: 30}, "trying": {None: 20}, "settled": {"large": 40}}
AGAIN_AT_MOST = 8

RULES = {
    "gone_quiet": dict(for_days=12),
    "rush": dict(for_us=2 * clock.HOUR, keep_us=6 * clock.HOUR, cooldown_days=5),
    "asks_a_lot": dict(cooldown_days=20),
    "unhealthy": dict(for_us=36 * clock.HOUR, keep_days=2),
    "falling": dict(cooldown_days=10),
    "late": dict(),
}
OF_MILESTONE = {"no_report": "first_report", "slow_start": "busy_week", "never_asked": "asked"}


class Life:
    def __init__(self, rows, times, admins, lives, parents):
        self.rows, self.instants = rows, sorted(rows)  # {t: moment}
        self.times = times  # {"login": [t …], "any": [t …]}
        self.admins = admins  # {person: Admin}
        self.lives, self.parents = lives, parents  # all of them; (child, since, until) of this account
        self.stage, self.entered, self.days = None, None, None
        self.member, self.row, self.tenure = {}, None, None
        self.status, self.due = {}, {}
        self.health = Health()
        self.alerts = {name: Alert(**rule) for name, rule in RULES.items()} | {name: Alert() for name in OF_MILESTONE}
        self.alerts |= {f"silent_admin {person}": Alert(for_days=7) for person in admins}
        self.moves, self.entries, self.reached, self.evaluated = [], [], [], []

    def run(self, end):
        """Evaluates at every instant of the rows, of the children and of its own timers."""
        children = (self.lives[child].evaluated for child, _, _ in self.parents)
        began = min(self.rows)
        instants = sorted(t for t in {*self.rows}.union(*children) if t >= began)
        t, again = began, 0
        while t <= end:
            self.row = self.rows.get(t, self.row)
            known = self.lagged()
            if self.row["live"]:
                self.evaluate(t)
            else:
                self.end(t)
            self.evaluated.append(t)
            following = min([*(timer for timer in self.timers() if timer > t), *instants[(at := bisect_right(instants, t)):at + 1]], default=end + 1)
            again = again + 1 if self.lagged() != known and again < AGAIN_AT_MOST else 0
            t = min(following, t + 1) if again else following

    def end(self, t):
        """Without a subscription all stands still, and alerts are resolved."""
        for alert in self.alerts.values():
            if alert.state != "inactive":
                alert.resolve(t)

    def timers(self):
        """When something happens of itself."""
        expected = [clock.later(self.entered, days) for days in EXPECTED.get(self.stage, {}).values()]
        dues = [due for name, due in self.due.items() if due is not None and self.status[name] == "pending"]
        return [*dues, *expected, *(timer for alert in self.alerts.values() for timer in alert.timers()), *self.health.ends_of_keeping()]

    def evaluate(self, t):
        if self.row["tenure"] != self.tenure:
            self.tenure, self.stage, self.status, self.due = self.row["tenure"], None, {}, {}
            self.entered = self.days = None
            self.health.restart(t)
        before = SimpleNamespace(entered=self.entered, days=self.days, health=self.health.score, status=dict(self.status))
        self.segments(t, before)
        self.move(t, before)
        self.days = self.days_in_stage(t)
        self.milestones(t, before)
        self.health.evaluate(t, self)
        self.warn(t)

    def lagged(self):
        """What definitions read of a later layer, or of their own."""
        return self.stage, self.entered, self.days, dict(self.status), self.health.score

    def stage_as_of(self, t):
        """(stage, when it was entered)"""
        at, _, stage, _ = self.moves[bisect_right(self.moves, t, key=lambda move: move[0]) - 1]
        return stage, at

    def days_in_stage(self, t):
        return None if self.entered is None else (clock.local(t).date() - clock.local(self.entered).date()).days

    def stage_logins(self, t, entered):
        return None if entered is None else bisect_right(self.times["login"], t) - bisect_left(self.times["login"], entered)

    def segments(self, t, before):
        member = {name: self.row[name] for name in SEGMENTS}
        member["settled_long"] = before.days is not None and before.days >= 25
        member["was_fine"] = before.health is not None and before.health >= 60
        self.entries += [(t, name, now) for name, now in member.items() if now != self.member.get(name, False)]
        self.member = member

    def move(self, t, before):
        when = {
            "trying": self.row["first_week_logins"] >= 2,
            "adoption": before.status.get("first_report") in ("reached", "reached late"),
            "settled": (before.days or 0) >= 20 and self.row["logins_28d"] >= 10,
            "expansion": (before.health or 0) >= 70,
            "renewal": self.row["renewing"],
            "at_risk": self.row["lost"],
        }
        if self.stage is None:
            self.enter(t, "onboarding", "beginning")
        after = STAGES[STAGES.index(self.stage) + 1:]
        forward = next((stage for stage in after if when[stage]), None)
        if forward:
            self.enter(t, forward, "condition")
        elif self.stage in BACK_TO and not when[self.stage]:
            self.enter(t, BACK_TO[self.stage], "back_to")

    def enter(self, t, stage, by):
        self.moves.append((t, self.stage, stage, by))
        self.stage, self.entered = stage, t

    def late(self, t):
        expected = EXPECTED.get(self.stage, {})
        days = next((days for segment, days in expected.items() if segment is None or self.member[segment]), None)
        return days is not None and t >= clock.later(self.entered, days)

    def milestones(self, t, before):
        row, stage, start, nps = self.row, self.stage, self.row["started_at"], self.row["nps_20d"]
        renewal, kickoff, logins = row["renewal_at"], row["kickoff_at"], self.stage_logins(t, before.entered) or 0
        # name: does it start, is it reached, when is it due
        definitions = {
            "first_report": (True, row["reports"] >= 1, clock.later(start, 75)),
            "busy_week": (stage == "trying", row["logins_7d"] >= 8, clock.later(self.entered, 10)),
            "well_begun": (stage == "onboarding" and self.member["large"], logins >= 6, clock.business_days_later(start, 2)),
            "asked": (True, row["tickets_30d"] >= 2, renewal and clock.later(renewal, -60)),
            "after_kickoff": (True, row["logins_24h"] >= 6, kickoff and clock.later(kickoff, 15)),
            "live": (self.member["middle"], stage in ("adoption", "settled", "expansion", "renewal"), row["go_live"]),
            "month_later": (stage == "adoption", nps is not None and nps >= 6, clock.month_later(start)),
            "ever_fine": (True, self.member["was_fine"], None),
        }
        for name, (starts, holds, due) in definitions.items():
            status = self.status.get(name)
            if status is None and not starts or status in ("reached", "reached late"):
                continue
            if status != "missed":
                self.due[name] = due
            late = self.due[name] is not None and t > self.due[name] or status == "missed"
            new = ("reached late" if late else "reached") if holds else "missed" if late or t == self.due[name] else "pending"
            if new != status:
                self.status[name] = new
                self.reached.append((t, name, new, self.due[name]))

    def warn(self, t):
        health, change = self.health.score, self.health.change_30d(t)
        holds = {
            "gone_quiet": self.member["quiet"],
            "rush": self.row["logins_24h"] > 2,
            "asks_a_lot": self.row["tickets_30d"] > 1,
            "unhealthy": health is not None and health < 40,
            "falling": change is not None and change < -15 and self.stage in ("adoption", "settled", "renewal", "trying"),
            "late": self.late(t) and (self.member["large"] or self.member["middle"]),
        }
        holds |= {name: self.status.get(milestone) == "missed" for name, milestone in OF_MILESTONE.items()}
        for person, admin in self.admins.items():
            holds[f"silent_admin {person}"] = admin.belongs(t) and not admin.logged_in(t) and self.row["age_days"] > 20
        for name, now in holds.items():
            self.alerts[name].step(t, now)

    def live(self, t):
        at = bisect_right(self.instants, t)
        return at > 0 and self.rows[self.instants[at - 1]]["live"]

    def children(self, t):
        return [self.lives[child] for child, since, until in self.parents if since <= t < until and self.lives[child].live(t)]


class Admin:
    """A person of this account whose role is admin."""

    def __init__(self, stays, acts, logins):
        self.stays, self.acts, self.logins = stays, acts, logins

    def belongs(self, t):
        """Belongs to it now, or did something for it since then."""
        if any(since <= t and (until is None or t < until) for since, until in self.stays):
            return True
        gone = max((until for since, until in self.stays if until is not None and until <= t), default=0)
        last = bisect_right(self.acts, t)
        return last > 0 and self.acts[last - 1] >= gone

    def logged_in(self, t):
        return bool(self.logins) and self.logins[0] <= t


# Segments that read nothing of a later layer: as SQL over a moment. NULL is not a member.
SEGMENTS = {
    "large": "tier = 1",
    "emea": "region = 'emea' AND champion",
    "named": "region IS NOT NULL",
    "middle": "tier = 2",
    "busy": "logins_28d > 25",
    "quiet": "logins_7d = 0 AND logins_28d > 0",
    "started_lately": "started_at > t - INTERVAL 1080 HOUR",
    "renews_soon": "renewal_at BETWEEN t AND t + INTERVAL 1440 HOUR",
    "family_busy": "sum_logins > 40",
}
