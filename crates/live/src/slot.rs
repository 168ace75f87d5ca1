//! One account: a checkpoint, what has come in since, and the state after it.

mod saved;

use std::collections::BTreeMap;
use std::sync::Arc;

use tenure_engine::{Account, Change, Engine, EventTable, Happened, Inputs, Mode, Nothing, Outcome, Sink, What, sort};
use tenure_ingest::Resolver;
use tenure_model::Instant;

use crate::population::{Past, Placed, Through};
use crate::recent::Recent;
use crate::{LATENESS, TAIL_EVENTS_MAX};

/// An account as it lives.
pub(crate) struct Slot {
    pub head: Account,
    /// As of before the inputs below; None where nothing has come in for a while.
    base: Option<Base>,
    /// By (time, content): those after the checkpoint, and those that the archive does not have.
    recent: Vec<Recent>,
    /// After the checkpoint, sorted; those to come are among them. Their persons are indexes into `people`.
    changes: Vec<Change>,
    people: Vec<Arc<str>>,
    /// What has happened since the checkpoint.
    told: Vec<Outcome>,
    /// The earliest input that has not been taken.
    due: Option<Instant>,
    /// Its inputs are too late for the checkpoint: since when its history has to be told again.
    pub wants: Option<Instant>,
    /// Up to where its history had everything when it was told from it.
    pub through: Through,
    /// Where its events come from; empty: not known.
    sources: Vec<Arc<str>>,
}

/// A checkpoint, packed: it is read where an input comes late only.
struct Base {
    at: Instant,
    bytes: Box<[u8]>,
}

impl Base {
    fn of(engine: &Engine, account: &Account) -> Base {
        let mut bytes = Vec::new();
        engine.save(account, &mut bytes);
        Base { at: account.at(), bytes: bytes.into() }
    }

    /// None: it is not what was packed.
    fn open(&self, engine: &Engine) -> Option<Account> {
        engine.restore(&mut &*self.bytes).ok()
    }
}

/// What running an account brought.
pub(crate) struct Ran {
    /// What was told after this instant no longer holds: `outcomes` stand in its place. None: they come after all that was told.
    pub restated: Option<Instant>,
    pub outcomes: Vec<Outcome>,
    /// Where it is restated: the accounts to which it reported what may no longer hold.
    pub parents: Vec<Arc<str>>,
}

impl Slot {
    pub fn new(head: Account) -> Slot {
        Slot {
            head,
            base: None,
            recent: vec![],
            changes: vec![],
            people: vec![],
            told: vec![],
            due: None,
            wants: None,
            through: Through::default(),
            sources: vec![],
        }
    }

    pub fn placed(placed: Placed) -> Slot {
        let Placed { account, changes, people, mut events, through } = placed;
        events.sort_by(|a, b| a.order(b));
        let due = events.first().map(|e| e.time);
        let mut slot = Slot { changes, people, recent: events, due, through, ..Slot::new(account) };
        slot.forget(Recent::ARCHIVED);
        slot
    }

    /// From when on inputs can be taken without the whole history.
    fn floor(&self) -> Instant {
        self.base.as_ref().map_or(self.head.at(), |base| base.at)
    }

    fn input(&mut self, at: Instant) {
        if at <= self.floor() {
            self.want(at);
        }
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Its history has to be told again from then on.
    pub fn want(&mut self, from: Instant) {
        self.wants = Some(self.wants.map_or(from, |wants| wants.min(from)));
    }

    /// Takes an event. False where it is there already.
    pub fn event(&mut self, event: Recent) -> bool {
        if event.position <= self.through.events {
            return true;
        }
        // Most come in order.
        let last = self.recent.last().is_none_or(|r| r.order(&event).is_lt());
        let place = if last { self.recent.len() } else { self.recent.partition_point(|r| r.order(&event).is_lt()) };
        let beside = self.recent[place.saturating_sub(1)..].iter().take(2);
        if beside.into_iter().any(|r| r.is_copy(&event)) {
            return false;
        }
        self.recent.insert(place, event);
        let event = &self.recent[place];
        let (at, source) = (event.time, &event.source);
        if !self.sources.contains(source) {
            self.sources.push(source.clone());
        }
        self.input(at);
        true
    }

    /// A change, whose person (if any) is `person`.
    pub fn change(&mut self, at: Instant, person: Option<&str>, what: impl FnOnce(u32) -> What) {
        self.input(at);
        let ordinal = person.map_or(u32::MAX, |id| {
            self.people.iter().position(|p| **p == *id).unwrap_or_else(|| {
                self.people.push(id.into());
                self.people.len() - 1
            }) as u32
        });
        self.changes.push(Change { at, what: what(ordinal) });
        sort(&mut self.changes);
    }

    /// Does it have inputs to take, or want its history?
    pub fn is_waiting(&self) -> bool {
        self.due.is_some() || self.wants.is_some()
    }

    /// When something is to be done: a timer of the account's, or an input that lies ahead.
    pub fn next(&self) -> Instant {
        let at = self.head.at().0;
        let event = self.recent_after(Instant(at)).first().map_or(Instant::NEVER, |r| r.time);
        let change = self.changes.get(self.changes.partition_point(|c| c.at.0 <= at)).map_or(Instant::NEVER, |c| c.at);
        self.head.next_timer().min(event).min(change)
    }

    /// Up to when it may be told: while a source of its events is silent, it stands still at the instant at which that was last heard, or where it is
    /// already. One whose sources are not known waits for all.
    pub fn until(&self, silent: &BTreeMap<Arc<str>, Instant>, now: Instant) -> Instant {
        let waits = silent.iter().filter(|(source, _)| self.sources.is_empty() || self.sources.contains(source)).map(|(_, since)| *since);
        waits.min().map_or(now, |since| since.max(self.head.at()).min(now))
    }

    /// Takes all inputs and timers up to now.
    pub fn run(&mut self, engine: &Engine, empty: &EventTable, now: Instant) -> Ran {
        let was_at = self.head.at();
        let due = self.due.take();
        let late = due.is_some_and(|due| due <= was_at);
        match &self.base {
            Some(base) if late => match base.open(engine) {
                Some(account) => self.head = account,
                None => self.want(Instant::MIN),
            },
            None if due.is_some() => self.base = Some(Base::of(engine, &self.head)),
            _ => {}
        }
        let start = self.head.at();
        let mut outcomes = Vec::new();
        self.advance(engine, empty, now, was_at, &mut outcomes);
        let mut parents = Vec::new();
        let restated = if late { self.compare(start, &mut outcomes, &mut parents) } else { None };
        if self.base.is_some() {
            self.told.extend(outcomes.iter().cloned());
        }
        self.rebase(engine, empty, now);
        Ran { restated, outcomes, parents }
    }

    /// Advances the head over its inputs and timers up to now, at least to `least`.
    fn advance(&mut self, engine: &Engine, empty: &EventTable, now: Instant, least: Instant, sink: &mut dyn Sink) {
        let table = self.table(empty, self.head.at());
        let (mut events, mut changes) = (table.events(), self.changes.as_slice());
        loop {
            let at = self.head.at();
            events = events.after(at);
            changes = if at == Instant::MIN { changes } else { &changes[changes.partition_point(|c| c.at <= at)..] };
            let last_event = events.until(now).time.last().copied().unwrap_or(i64::MIN);
            let last_change = changes[..changes.partition_point(|c| c.at <= now)].last().map_or(i64::MIN, |c| c.at.0);
            let timer = Some(self.head.next_timer()).filter(|t| *t <= now).map_or(i64::MIN, |t| t.0);
            let to = Instant(last_event.max(last_change).max(timer)).max(least);
            if to <= at {
                return;
            }
            // Inputs lie after `at`: none can be late.
            let _ = engine.advance(&mut self.head, &Inputs { people: table.people(), events, changes }, to, Mode::Exact, sink);
        }
    }

    /// The events after an instant, with the persons of the changes in their places.
    fn table(&self, empty: &EventTable, after: Instant) -> EventTable {
        let mut table = empty.another();
        for person in &self.people {
            table.ordinal(person);
        }
        self.recent_after(after).iter().for_each(|r| r.push(&mut table));
        table
    }

    /// The events after an instant: few as a rule, and the last ones.
    fn recent_after(&self, after: Instant) -> &[Recent] {
        const FEW: usize = 8;
        let few = self.recent.iter().rev().take(FEW).take_while(|r| r.time > after).count();
        let first = if few < FEW { self.recent.len() - few } else { self.recent.partition_point(|r| r.time <= after) };
        &self.recent[first..]
    }

    /// Told anew from the checkpoint on: what of it differs from what was told. Of what is the same, only the rest comes out, from
    /// the beginning of its first instant.
    fn compare(&mut self, start: Instant, outcomes: &mut Vec<Outcome>, parents: &mut Vec<Arc<str>>) -> Option<Instant> {
        let told = std::mem::take(&mut self.told);
        let same = told.iter().zip(outcomes.iter()).take_while(|(a, b)| a.at == b.at && a.what == b.what).count();
        if same == told.len() {
            // What happened at one instant is told as a whole.
            let whole = outcomes.get(same).map_or(same, |next| outcomes.partition_point(|o| o.at < next.at)).min(same);
            self.told = outcomes.drain(..whole).collect();
            return (whole < same).then(|| Instant(outcomes[0].at.0 - 1));
        }
        parents.extend(told.into_iter().filter_map(|o| match o.what {
            Happened::Export { parent, .. } => Some(parent),
            _ => None,
        }));
        Some(start)
    }

    /// Moves the checkpoint on, or drops it where nothing has come in for a while.
    fn rebase(&mut self, engine: &Engine, empty: &EventTable, now: Instant) {
        let Some(base) = self.base.take() else { return };
        let long_ago = now.plus(-2 * LATENESS);
        let to = if self.recent.len() > TAIL_EVENTS_MAX && self.recent_after(base.at).len() > TAIL_EVENTS_MAX {
            self.recent[self.recent.len() - TAIL_EVENTS_MAX / 2].time.plus(-1)
        } else if base.at < long_ago {
            now.plus(-LATENESS)
        } else {
            self.base = Some(base);
            return;
        };
        if to >= self.head.at() {
            self.told.clear();
            return;
        }
        if to > base.at
            && let Some(mut account) = base.open(engine)
        {
            let table = self.table(empty, base.at);
            let changes = &self.changes[self.changes.partition_point(|c| c.at <= base.at)..];
            let inputs = Inputs { people: table.people(), events: table.events(), changes };
            let _ = engine.advance(&mut account, &inputs, to, Mode::Exact, &mut Nothing);
            self.told.retain(|o| o.at > to);
            self.base = Some(Base::of(engine, &account));
        } else {
            self.base = Some(base);
        }
    }

    /// Forgets events that the archive has up to this position, as far as the checkpoint does not need them, and changes before it.
    pub fn forget(&mut self, archived: i64) {
        let floor = self.floor();
        self.recent.retain(|r| r.time > floor || r.position > archived);
        self.changes.retain(|c| c.at > floor);
        if self.changes.is_empty() {
            self.people.clear();
        }
    }

    /// Events that the archive may not have.
    pub fn recent(&self) -> &[Recent] {
        &self.recent
    }

    /// Its persons under the ids by which they are known now.
    pub fn rename(&mut self, resolver: &Resolver) {
        self.recent.iter_mut().for_each(|event| event.rename(resolver));
    }

    /// Begins anew from its whole history.
    pub fn rebuild(&mut self, engine: &Engine, empty: &EventTable, past: Past, now: Instant) -> Ran {
        let from = self.wants.take().unwrap_or(Instant::MIN);
        self.due = None;
        self.through = past.through;
        let mut events = past.events;
        let mut seen: std::collections::BTreeSet<(Arc<str>, Box<str>)> = Default::default();
        // Whose an archived event is, the archive says.
        events.extend(self.recent.iter().filter(|r| r.position > past.through.events).cloned());
        events.sort_by_key(|e| e.position);
        events.retain(|e| e.message_id.as_ref().is_none_or(|id| seen.insert((e.source.clone(), id.clone()))));
        events.sort_by(|a, b| a.order(b));
        let mut table = empty.another();
        events.iter().for_each(|e| e.push(&mut table));
        let checkpoint = now.plus(-LATENESS);
        let mut changes = engine.changes(table.people()).open_after(checkpoint);
        changes.versions(&past.said.versions);
        changes.memberships(&past.said.memberships);
        changes.decisions(&past.said.decisions);
        changes.children(past.children);
        let (people, changes, _) = changes.finish();
        let inputs = |after: Instant| {
            let first = changes.partition_point(|c| c.at <= after && after != Instant::MIN);
            Inputs { people: &people, events: table.events().after(after), changes: &changes[first..] }
        };
        let was_at = self.head.at();
        let mut parents: Vec<Arc<str>> = engine.parent(&self.head).into_iter().collect();
        let mut head = engine.account(self.head.id().clone());
        let mut outcomes = Vec::new();
        let _ = engine.advance(&mut head, &inputs(Instant::MIN), checkpoint, Mode::Exact, &mut outcomes);
        let told_from = outcomes.len();
        self.base = Some(Base::of(engine, &head));
        self.head = head;
        events.retain(|e| e.time > checkpoint || e.position != Recent::ARCHIVED);
        self.recent = events;
        self.people = people.clone();
        self.changes = changes.iter().filter(|c| c.at > checkpoint).cloned().collect();
        self.advance(engine, empty, now, was_at.min(now), &mut outcomes);
        self.told = outcomes[told_from..].to_vec();
        self.forget(Recent::ARCHIVED);
        outcomes.retain(|o| o.at >= from);
        parents.extend(engine.parent(&self.head));
        Ran { restated: Some(Instant(from.0.saturating_sub(1))), outcomes, parents }
    }
}
