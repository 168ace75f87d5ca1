//! Silence of a source is not absence of customers: which sources have fallen silent, against their own rhythm, and since when.
//!
//! ```text
//! heard ──→ … ──→ nothing for longer than its gap: silent since it was last heard ──→ heard again, for `SETTLING`: not silent any more
//! ```
//!
//! While a source is silent, the accounts that it speaks of stand still at the instant at which it was last heard: no timer finds the absence of
//! what only did not arrive. When it speaks again, what it kept back comes first; then they go on, each input and timer at its own time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tenure_engine::snapshot::SnapshotError;
use tenure_model::Instant;
use tenure_model::time::{DAY, MINUTE};

use crate::bytes::{Reader, Writer};

/// A source has a rhythm once it has been heard so often …
const HEARD_MIN: u32 = 50;
/// … over so long, in microseconds.
const OBSERVED_MIN: i64 = DAY;
/// The longest pause of each of so many days is remembered: two weekends are among them.
const DAYS_KEPT: usize = 14;
/// So many times its longest pause is silence …
const PAUSES: i64 = 2;
/// … but no shorter time than this, in microseconds.
const SILENCE_MIN: i64 = 30 * MINUTE;
/// A source that speaks again sends what it kept back first: for so long its accounts still wait, in microseconds.
pub const SETTLING: i64 = 5 * MINUTE;

/// The sources that were heard, by id.
#[derive(Clone, Debug, Default)]
pub struct Sources(BTreeMap<Arc<str>, Rhythm>);

/// A source that fell silent, or speaks again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Its id.
    pub source: Arc<str>,
    /// When it was last heard before.
    pub since: Instant,
    /// Is it silent now?
    pub silent: bool,
}

/// What people declare of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gap {
    /// Its own rhythm tells.
    #[default]
    Usual,
    /// The longest pause that is no defect, in microseconds.
    Declared(i64),
    /// Nothing is expected of it.
    Endless,
}

/// When a source is heard.
#[derive(Clone, Debug)]
struct Rhythm {
    first: Instant,
    last: Instant,
    heard: u32,
    /// The longest pause of each day on which it was heard, newest last.
    pauses: VecDeque<(i64, i64)>,
    gap: Gap,
    /// It fell silent: when it was last heard before, and when it was heard again.
    silent: Option<(Instant, Option<Instant>)>,
}

impl Sources {
    /// Something came from a source.
    pub fn heard(&mut self, source: &str, at: Instant) {
        let Some(rhythm) = self.0.get_mut(source) else {
            let rhythm = Rhythm { first: at, last: at, heard: 1, pauses: VecDeque::new(), gap: Gap::Usual, silent: None };
            self.0.insert(source.into(), rhythm);
            return;
        };
        rhythm.look(at);
        rhythm.heard = rhythm.heard.saturating_add(1);
        if let Some((_, resumed)) = &mut rhythm.silent {
            resumed.get_or_insert(at);
        } else {
            rhythm.paused(at);
        }
        rhythm.last = rhythm.last.max(at);
    }

    /// What is declared of a source from now on.
    pub fn declare(&mut self, source: &str, gap: Gap) {
        if let Some(rhythm) = self.0.get_mut(source) {
            rhythm.gap = gap;
        }
    }

    /// The sources that are silent at an instant, with when each was last heard before.
    pub fn silent(&mut self, now: Instant) -> BTreeMap<Arc<str>, Instant> {
        let mut silent = BTreeMap::new();
        for (source, rhythm) in &mut self.0 {
            rhythm.look(now);
            silent.extend(rhythm.silent.map(|(since, _)| (source.clone(), since)));
        }
        silent
    }

    pub(crate) fn save(&self, w: &mut Writer<'_>) {
        let all: Vec<_> = self.0.iter().collect();
        w.list(&all, |w, (source, rhythm)| {
            w.text(source);
            w.number(rhythm.first.0);
            w.number(rhythm.last.0);
            w.number(i64::from(rhythm.heard));
            let pauses: Vec<_> = rhythm.pauses.iter().collect();
            w.list(&pauses, |w, (day, pause)| {
                w.number(*day);
                w.number(*pause);
            });
            let (since, resumed) = rhythm.silent.map_or((Instant::NEVER, None), |silent| silent);
            w.number(since.0);
            w.number(resumed.unwrap_or(Instant::NEVER).0);
        });
    }

    pub(crate) fn restore(r: &mut Reader<'_, '_>) -> Result<Sources, SnapshotError> {
        let one = |r: &mut Reader<'_, '_>| {
            let (source, first, last) = (r.shared()?, Instant(r.number()?), Instant(r.number()?));
            let heard = u32::try_from(r.number()?).unwrap_or(u32::MAX);
            let pauses = r.list(|r| Ok((r.number()?, r.number()?)))?.into();
            let maybe = |t: i64| Some(Instant(t)).filter(|t| *t != Instant::NEVER);
            let (since, resumed) = (maybe(r.number()?), maybe(r.number()?));
            Ok((source, Rhythm { first, last, heard, pauses, gap: Gap::Usual, silent: since.map(|since| (since, resumed)) }))
        };
        Ok(Sources(r.list(one)?.into_iter().collect()))
    }
}

impl Rhythm {
    /// Is it silent, or not any more, by an instant at which it has not been heard yet?
    fn look(&mut self, now: Instant) {
        match self.silent {
            // A source that falls silent while it settles is silent on.
            Some((_, Some(resumed))) if now.0 >= resumed.0.saturating_add(SETTLING) => self.silent = None,
            Some(_) => return,
            None => {}
        }
        if now.0.saturating_sub(self.last.0) > self.longest() {
            self.silent = Some((self.last, None));
        }
    }

    /// The longest pause that is no silence.
    fn longest(&self) -> i64 {
        match self.gap {
            Gap::Endless => i64::MAX,
            Gap::Declared(micros) => micros,
            Gap::Usual if self.heard < HEARD_MIN || self.last.0.saturating_sub(self.first.0) < OBSERVED_MIN => i64::MAX,
            Gap::Usual => {
                let longest = self.pauses.iter().map(|(_, pause)| *pause).max().unwrap_or(0);
                longest.saturating_mul(PAUSES).max(SILENCE_MIN)
            }
        }
    }

    /// A pause has ended.
    fn paused(&mut self, until: Instant) {
        let (day, pause) = (until.0.div_euclid(DAY), until.0.saturating_sub(self.last.0));
        match self.pauses.back_mut() {
            Some((last, longest)) if *last == day => *longest = pause.max(*longest),
            _ => self.pauses.push_back((day, pause)),
        }
        if self.pauses.len() > DAYS_KEPT {
            self.pauses.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use tenure_model::time::HOUR;

    use super::*;

    /// Heard every so often, until two days are over.
    fn heard_every(pause: i64) -> Sources {
        let mut sources = Sources::default();
        (0..=2 * DAY / pause).for_each(|n| sources.heard("web", Instant(n * pause)));
        sources
    }

    #[test]
    fn rules() {
        let end = 2 * DAY;
        // Its rhythm, what is declared, how long nothing comes: is that silence?
        for (pause, gap, nothing_for, silent) in [
            (MINUTE, Gap::Usual, 20 * MINUTE, false),
            (MINUTE, Gap::Usual, 31 * MINUTE, true),
            (45 * MINUTE, Gap::Usual, HOUR, false),
            (45 * MINUTE, Gap::Usual, 91 * MINUTE, true),
            (MINUTE, Gap::Declared(3 * HOUR), 2 * HOUR, false),
            (MINUTE, Gap::Declared(3 * HOUR), 4 * HOUR, true),
            (MINUTE, Gap::Endless, 30 * DAY, false),
            // So seldom that it has no rhythm yet.
            (4 * HOUR, Gap::Usual, 10 * DAY, false),
        ] {
            let mut sources = heard_every(pause);
            sources.declare("web", gap);
            let found = sources.silent(Instant(end + nothing_for));
            let last = Instant(end - end % pause);
            assert_eq!(found.get("web").copied(), silent.then_some(last), "{pause} {gap:?} {nothing_for}");
        }
    }

    #[test]
    fn it_settles_before_it_counts_again() {
        let mut sources = heard_every(MINUTE);
        let at = |minutes: i64| Instant(2 * DAY + minutes * MINUTE);
        assert_eq!(sources.silent(at(60)).len(), 1);
        sources.heard("web", at(61));
        assert_eq!(sources.silent(at(65)).get("web"), Some(&at(0)));
        assert!(sources.silent(at(66)).is_empty());
        // A silence is no pause of its rhythm; nobody need look for it to be noticed.
        assert_eq!(sources.silent(at(66 + 31)).len(), 1);
        let mut unseen = heard_every(MINUTE);
        unseen.heard("web", at(60));
        assert_eq!(unseen.silent(at(61)).get("web"), Some(&at(0)));
    }

    #[test]
    fn a_snapshot_keeps_it() {
        let mut sources = heard_every(MINUTE);
        sources.silent(Instant(3 * DAY));
        let mut bytes = Vec::new();
        sources.save(&mut Writer(&mut bytes));
        let mut restored = Sources::restore(&mut Reader(&mut bytes.as_slice())).unwrap();
        assert_eq!(restored.silent(Instant(3 * DAY)), sources.silent(Instant(3 * DAY)));
        restored.heard("web", Instant(3 * DAY));
        assert!(restored.silent(Instant(3 * DAY + SETTLING)).is_empty());
    }
}
