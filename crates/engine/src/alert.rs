//! The state machine of an alert: inactive → pending → firing → resolved, as in Prometheus.

use tenure_model::Calendar;
use tenure_model::definition::AlertRule;
use tenure_model::time::Instant;

use crate::outcome::AlertState;

/// Where one rule stands for one account or person.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub state: AlertState,
    /// Pending: since the condition holds. Firing: since it fired.
    pub since: Instant,
    /// Firing, but the condition has not held since then.
    pub released: Option<Instant>,
    /// When it last fired: cooldown counts from there.
    pub fired: Option<Instant>,
}

impl Default for Machine {
    fn default() -> Self {
        Machine { state: AlertState::Inactive, since: Instant::MIN, released: None, fired: None }
    }
}

impl Machine {
    /// One look at instant `t`. Returns whether the state changed, and when time alone may change it next.
    pub fn step(&mut self, rule: &AlertRule, active: bool, t: Instant, calendar: &Calendar) -> (bool, Instant) {
        let before = self.state;
        let mut wake = Instant::NEVER;
        match self.state {
            AlertState::Firing => {
                self.released = if active { None } else { self.released.or(Some(t)) };
                if let Some(released) = self.released {
                    let end = calendar.add(released, rule.keep_firing_for, 1);
                    if t >= end {
                        *self = Machine { fired: self.fired, ..Machine::default() };
                        self.since = t;
                    } else {
                        wake = end;
                    }
                }
            }
            AlertState::Inactive | AlertState::Pending if !active => {
                if self.state == AlertState::Pending {
                    self.state = AlertState::Inactive;
                    self.since = t;
                }
            }
            AlertState::Inactive | AlertState::Pending => {
                if self.state == AlertState::Inactive {
                    self.state = AlertState::Pending;
                    self.since = t;
                }
                let held = if rule.for_.is_zero() { self.since } else { calendar.add(self.since, rule.for_, 1) };
                let cool = self.fired.map_or(Instant::MIN, |f| if rule.cooldown.is_zero() { f } else { calendar.add(f, rule.cooldown, 1) });
                let ready = held.max(cool);
                if t >= ready {
                    self.state = AlertState::Firing;
                    self.since = t;
                    self.fired = Some(t);
                } else {
                    wake = ready;
                }
            }
        }
        (self.state != before, wake)
    }

    /// Ends whatever it is in. Was it anything?
    pub fn end(&mut self, t: Instant) -> bool {
        let was = self.state != AlertState::Inactive;
        *self = Machine { fired: self.fired, since: if was { t } else { self.since }, ..Machine::default() };
        was
    }
}
