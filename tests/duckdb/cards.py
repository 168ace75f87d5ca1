"""The scorecards of life.yaml: how its measures, caps and bands read, as data."""

from dataclasses import dataclass, field

from meaning import points


@dataclass
class Measure:
    weight: float
    score: str  # SQL over a moment and its segments
    applies: str = "true"
    otherwise: float = None  # what a missing score counts as
    keep: int = 0  # for how many days the last score stays


@dataclass
class Card:
    roll_up: str
    groups: dict  # name: (weight, {name: Measure})
    segments: tuple = ()
    stages: tuple = ()
    green: tuple = (75, False)  # from where, and whether that itself is outside
    yellow: tuple = (50, False)
    lowest: str = "red"
    hysteresis: float = 0
    caps: list = field(default_factory=list)  # (what must hold of a life, at)
    floors: list = field(default_factory=list)


NPS = points("nps_20d", (0, 0), (10, 100))

CARDS = {
    "emea": Card("mean", segments=("emea",), groups={"use": (1, {"logins": Measure(1, points("logins_28d", (0, 20), (20, 100)))})}),
    "large": Card(
        "worst",
        segments=("large",),
        green=(70, False),
        yellow=(40, False),
        hysteresis=5,
        groups={
            "use": (3, {
                "logins": Measure(2, points("logins_28d", (0, 0), (10, 50), (40, 100))),
                "silence": Measure(1, points("days_since_login", (0, 100), (30, 0)), applies="age_days >= 14"),
            }),
            "voice": (1, {
                "nps": Measure(1, NPS, keep=14),
                "mood": Measure(1, "CASE mood_20d WHEN 'bad' THEN 0 WHEN 'fair' THEN 50 WHEN 'good' THEN 100 END"),
            }),
        },
        caps=[(lambda life: life.row["tickets_30d"] > 2, 49), (lambda life: life.member["quiet"], 30)],
        floors=[(lambda life: life.row["champion"] and not life.member["quiet"], 45)],
    ),
    "middle_later": Card(
        "weighted",
        segments=("middle",),
        stages=("adoption", "settled", "expansion", "renewal"),
        green=(75, True),
        lowest="grey",
        groups={
            "use": (60, {
                "logins": Measure(1, f"""CASE WHEN age_days < 90 THEN {points("logins_28d", (0, 20), (20, 100))}
                    WHEN busy THEN {points("logins_28d", (25, 80), (60, 100))} ELSE {points("logins_28d", (0, 0), (30, 90))} END"""),
                "reports": Measure(1, "CASE WHEN reports > 3 THEN 100 WHEN reports > 1 THEN 60 WHEN reports >= 1 THEN 30 ELSE 0 END", applies="champion"),
            }),
            "voice": (40, {
                "nps": Measure(1, NPS, otherwise=0),
                "mood": Measure(3, "CASE mood_20d WHEN 'bad' THEN 10 WHEN 'good' THEN 90 END", otherwise=50),
            }),
        },
    ),
    "rest": Card(
        "mean",
        segments=("named", "large"),
        groups={"use": (1, {"logins": Measure(1, points("logins_28d", (0, 0), (20, 100))), "nps": Measure(1, NPS, keep=5)})},
        caps=[(lambda life: life.stage == "at_risk", 60)],
    ),
}  # fmt: skip


# All measures, as (card, name, measure).
MEASURES = [(card, name, measure) for card, of in CARDS.items() for _, group in of.groups.values() for name, measure in group.items()]
