"""One alert of one account or person through time: inactive, pending, firing, resolved."""

import clock


class Alert:
    def __init__(self, for_days=0, for_us=0, keep_days=0, keep_us=0, cooldown_days=0):
        self.wait = (for_days, for_us)
        self.keep = (keep_days, keep_us)
        self.cooldown = cooldown_days
        self.state, self.since, self.fired, self.gone = "inactive", None, None, None
        self.changes = []  # (at, state)

    def step(self, t, holds):
        if self.state == "inactive" and holds:
            self.state, self.since = "pending", t
            if t < self.fires_at():
                self.changes.append((t, "pending"))
        if self.state == "pending" and not holds:
            self.resolve(t)
        if self.state == "pending" and t >= self.fires_at():
            self.state, self.fired, self.gone = "firing", t, None
            self.changes.append((t, "firing"))
        if self.state == "firing":
            self.gone = None if holds else self.gone or t
            if self.gone and t >= self.resolves_at():
                self.resolve(t)

    def resolve(self, t):
        self.state, self.gone = "inactive", None
        self.changes.append((t, "resolved"))

    def fires_at(self):
        """When it has held for long enough, and the cooldown since it fired is over."""
        waited = later(self.since, self.wait)
        return max(waited, later(self.fired, (self.cooldown, 0))) if self.fired else waited

    def resolves_at(self):
        return later(self.gone, self.keep)

    def timers(self):
        if self.state == "pending":
            return [self.fires_at()]
        return [self.resolves_at()] if self.state == "firing" and self.gone else []


def later(t, span):
    """A span is (civil days, exact microseconds)."""
    days, microseconds = span
    return (clock.later(t, days) if days else t) + microseconds
