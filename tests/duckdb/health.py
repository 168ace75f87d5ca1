"""Health of one account through time: its card, scores that are kept for a while, roll-ups, caps, floors and bands that hesitate."""

from bisect import bisect_right
from datetime import timedelta

import clock
from cards import CARDS, MEASURES


class Health:
    def __init__(self):
        self.begins = []  # of its tenures
        self.forget()
        self.changes = []  # (at, card, score, coverage, band)
        self.states = []  # (at, arr, score, coverage, band), at each evaluation

    def restart(self, t):
        """A new tenure remembers nothing."""
        self.begins.append(t)
        self.forget()

    def forget(self):
        self.card, self.score, self.coverage, self.band = None, None, None, None
        self.last = {}  # (card, measure): (its last score, since when it is missing or None)

    def evaluate(self, t, life):
        self.remember(t, life.row)
        name = next((name for name, card in CARDS.items() if applies(card, life)), None)
        score = coverage = band = None
        if name:
            card, children = CARDS[name], life.children(t)
            score, coverage = roll_up(card.roll_up, children, t) if children else self.own(t, name, life)
            if score is not None:
                score = min([score, *(at for holds, at in card.caps if holds(life))])
                score = max([score, *(at for holds, at in card.floors if holds(life))])
            band = self.banded(card, score, self.band if name == self.card else None)
        if (name, score, coverage, band) != (self.card, self.score, self.coverage, self.band):
            self.card, self.score, self.coverage, self.band = name, score, coverage, band
            self.changes.append((t, name, score, coverage, band))
        self.states.append((t, life.row["arr"], score, coverage, band))

    def remember(self, t, row):
        """When a score that is kept was there last."""
        for card, name, measure in MEASURES:
            key, score = (card, name), row[f"{card}_{name}"]
            if score is not None:
                self.last[key] = (score, None)
            elif key in self.last and self.last[key][1] is None:
                self.last[key] = (self.last[key][0], t)

    def ends_of_keeping(self):
        missing = ((self.last.get((card, name), (None, None))[1], measure.keep) for card, name, measure in MEASURES if measure.keep)
        return [end_of_keeping(since, days) for since, days in missing if since is not None]

    def own(self, t, name, life):
        """The weighted mean of the groups that have a score, and the share of weight that had data."""
        groups, covered, weights = [], 0, 0
        for weight, group in CARDS[name].groups.values():
            on = {key: measure for key, measure in group.items() if life.row[f"{name}_{key}_on"]}
            scores = {key: self.scored(t, name, key, measure, life) for key, measure in on.items()}
            mean = weighted_mean([(measure.weight, scores[key][0]) for key, measure in on.items()])
            groups.append((weight, mean))
            if on:
                data = sum(measure.weight for key, measure in on.items() if scores[key][1])
                covered += weight * data / sum(measure.weight for measure in on.values())
                weights += weight
        return weighted_mean(groups), covered / weights if weights else 0

    def scored(self, t, card, name, measure, life):
        """A measure's score, and whether it rests on data."""
        score = life.row[f"{card}_{name}"]
        if score is not None:
            return score, True
        if measure.keep and (card, name) in self.last:
            last, since = self.last[card, name]
            if t < end_of_keeping(since, measure.keep):
                return last, False
        return measure.otherwise, False

    def banded(self, card, score, before):
        if score is None:
            return None
        bounds = [("green", card.green), ("yellow", card.yellow)]
        plain = next((band for band, (bound, outside) in bounds if score > bound or (score == bound and not outside)), card.lowest)
        if before is None or plain == before or not card.hysteresis:
            return plain
        bands = [card.lowest, "yellow", "green"]
        rising = bands.index(plain) > bands.index(before)
        left = dict(bounds)[bands[bands.index(before) + 1] if rising else before][0]
        return plain if abs(score - left) >= card.hysteresis else before

    def as_of(self, t):
        """(arr, score, coverage, band) at an instant."""
        at = bisect_right(self.states, t, key=lambda state: state[0])
        return self.states[at - 1][1:] if at else (None, None, None, None)

    def shown(self):
        """The changes of card, score, coverage or band: those that the table `health` has."""
        before = None
        for t, card, score, coverage, band in self.changes:
            shown = card, score, rounded(coverage), band
            if t in self.begins:
                before = None
            if shown != (before or (None, None, None, None)):
                yield t, card, score, coverage, band
            before = shown

    def change_30d(self, t):
        then = clock.last_instant(clock.local(t).date() - timedelta(days=30))
        before = self.as_of(then)[1] if then >= self.begins[-1] else None
        return None if before is None or self.score is None else self.score - before


def end_of_keeping(since, days):
    """The end of so many dates without a score, the first of them the one on which it went missing."""
    return clock.last_instant(clock.local(since).date() + timedelta(days=days - 1)) + 1


def rounded(coverage):
    """Sums of weights differ in their last digits."""
    return None if coverage is None else round(coverage, 9)


def applies(card, life):
    return (not card.segments or any(life.member[segment] for segment in card.segments)) and (not card.stages or life.stage in card.stages)


def weighted_mean(weighted):
    there = [(weight, score) for weight, score in weighted if score is not None]
    weights = sum(weight for weight, _ in there)
    return sum(weight * score for weight, score in there) / weights if weights else None


def roll_up(how, children, t):
    """The score of the children that have one, and its coverage."""
    known = [(arr, score) for arr, score, _, _ in (child.health.as_of(t) for child in children) if score is not None]
    scores = [score for _, score in known]
    if how == "worst":
        score = min(scores, default=None)
    else:
        score = weighted_mean([(1 if how == "mean" else arr, score) for arr, score in known if how == "mean" or arr is not None])
    return score, None if score is None else 1
