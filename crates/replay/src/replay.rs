//! Replays all accounts: partitions of the archive on all cores, children before their parents.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tenure_engine::{Account, Events, Inputs, Life, Mode, Scratch, Sink};
use tenure_history::{AccountEvents, Accounts, Needs, Partition, Scan};
use tenure_model::Instant;
use tenure_model::input::{Entity, Version};
use tenure_store::AccountInputs;

use crate::known::Known;
use crate::rollup::{Reporting, Reports, parents_in_order};
use crate::{Error, Result, World};

/// Who takes what a replay brings forth. One for each thread.
pub trait Visitor: Sink + Send {
    /// An account is through: as of the end of the replay. `inputs`: all that came in. Not called for accounts that begin later, unless they are wanted.
    ///
    /// # Errors
    /// Whatever keeps it from taking the account; the replay ends.
    fn account(&mut self, account: Account, inputs: &Inputs<'_>) -> Result<()>;

    /// Is it to be called for accounts that begin later, too?
    fn wants_unborn(&self) -> bool {
        false
    }
}

/// Called with the number of accounts (those that are there) and events that are through.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Events that are read at a time, by each thread, at most: bounds the memory of a replay, and keeps it near the processor.
const PARTITION_EVENTS: u64 = 250_000;

/// Replays every account from its beginning up to and with an instant. Gives the visitors back, one for each thread.
///
/// # Errors
/// What archive and visitors say.
pub fn replay<V: Visitor>(
    world: &World,
    to: Instant,
    mode: Mode,
    threads: usize,
    visitor: impl Fn(usize) -> Result<V> + Sync,
    progress: Progress<'_>,
) -> Result<Vec<V>> {
    let parents: Vec<String> = parents_in_order(world)?;
    let mut later: BTreeSet<&str> = parents.iter().map(String::as_str).collect();
    // Accounts with other events than the archive has them with; parents are told after them.
    let apart: Vec<&str> = world.known.iter().flat_map(Known::apart).filter(|id| !later.contains(id)).collect();
    later.extend(&apart);
    let n = (world.archive.rows() / PARTITION_EVENTS + 1).max(threads as u64) as usize;
    let queues = Queues::new(world.archive.partitions(n), threads);
    let seen: Mutex<BTreeSet<Arc<str>>> = Mutex::new(BTreeSet::new());
    let work = |i: usize| -> Result<Worker<'_, V>> {
        let mut worker = Worker { world, to, mode, visitor: visitor(i)?, reports: Reports::new(), scratch: Scratch::default() };
        let mut scan = Scan::new(needs(world, to));
        while let Some(partition) = queues.next(i) {
            let through = worker.partition(scan.read(&partition)?, &later, progress)?;
            seen.lock().unwrap_or_else(PoisonError::into_inner).extend(through);
        }
        Ok(worker)
    };
    let mut workers: Vec<Worker<'_, V>> = std::thread::scope(|scope| -> Result<Vec<_>> {
        let threads: Vec<_> = (0..threads).map(|i| scope.spawn(move || work(i))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(Error::Panicked))).collect()
    })?;
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut reports = Reports::new();
    for (parent, changes) in workers.iter_mut().flat_map(|worker| std::mem::take(&mut worker.reports)) {
        reports.entry(parent).or_default().extend(changes);
    }
    let Some(last) = workers.first_mut() else { return Ok(Vec::new()) };
    last.reports = reports;
    // Accounts of which there are no events, then parents, each after its children.
    let quiet = world.inputs()?.map(|said| said.account.as_str()).filter(|id| !seen.contains(*id) && !later.contains(id));
    // Of an account with other events than the archive's perhaps nothing was known.
    let is_known = |id: &str| world.inputs_of(id).is_ok_and(|said| said.is_some());
    let apart = apart.iter().copied().filter(|id| is_known(id) || !world.events(id, to).is_ok_and(|events| events.is_empty()));
    for id in quiet.chain(apart).chain(parents.iter().map(String::as_str)) {
        let events = if later.contains(id) { world.events(id, to)? } else { vec![] };
        let said = world.inputs_of(id)?.cloned().unwrap_or_default();
        let history = crate::History::new(&world.engine, id, events, said, last.reports.remove(id).unwrap_or_default(), world.open);
        let there = last.account(&history.account, &history.inputs())?;
        progress(usize::from(there), history.events.len());
    }
    Ok(workers.into_iter().map(|worker| worker.visitor).collect())
}

/// Partitions on their way to threads: each has its own, one after the other, and when it is through, the last ones of who has most.
struct Queues(Mutex<Vec<VecDeque<Partition>>>);

impl Queues {
    fn new(partitions: Vec<Partition>, threads: usize) -> Queues {
        let share = partitions.len().div_ceil(threads.max(1)).max(1);
        let mut partitions = partitions.into_iter();
        Queues(Mutex::new((0..threads).map(|_| partitions.by_ref().take(share).collect()).collect()))
    }

    fn next(&self, thread: usize) -> Option<Partition> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = queues.get_mut(thread)?;
        own.pop_front().or_else(|| queues.iter_mut().max_by_key(|queue| queue.len())?.pop_back())
    }
}

fn needs(world: &World, to: Instant) -> Needs<'_> {
    let model = world.engine.model();
    Needs {
        names: &model.event_names,
        properties: &model.properties,
        properties_of: None,
        calendar: &model.calendar,
        until: Some(to),
        accounts: None,
        positions: false,
    }
}

/// One thread of a replay.
struct Worker<'w, V> {
    world: &'w World,
    to: Instant,
    mode: Mode,
    visitor: V,
    /// What children report to their parents.
    reports: Reports,
    scratch: Scratch,
}

impl<V: Visitor> Worker<'_, V> {
    /// Tells the accounts of a partition, but for those that come later. Gives the ids of those it told.
    fn partition(&mut self, accounts: &Accounts, later: &BTreeSet<&str>, progress: Progress<'_>) -> Result<Vec<Arc<str>>> {
        let mut through = Vec::with_capacity(accounts.len());
        for events in accounts.iter().filter(|events| !later.contains(events.account.as_ref())) {
            let there = self.with_events(&events)?;
            through.push(events.account.clone());
            progress(usize::from(there), events.len());
        }
        Ok(through)
    }

    fn with_events(&mut self, events: &AccountEvents<'_>) -> Result<bool> {
        let mut changes = self.world.engine.changes(events.persons).open_after(self.world.open);
        if let Some(said) = self.world.inputs_of(events.account)? {
            changes.versions(&said.versions);
            changes.memberships(&said.memberships);
            changes.decisions(&said.decisions);
        }
        let (people, changes, _) = changes.finish();
        let (rows, values) = events.property_rows();
        let columns = Events { time: events.time, name: events.name, person: events.person, rows, values };
        self.account(events.account, &Inputs { people: &people, events: columns, changes: &changes })
    }

    /// Tells an account. Is it there?
    fn account(&mut self, id: &Arc<str>, inputs: &Inputs<'_>) -> Result<bool> {
        let Worker { world, to, mode, visitor, reports, scratch } = self;
        let (engine, to, mode) = (&world.engine, *to, *mode);
        let mut account = engine.account(id.clone());
        if engine.exports().is_empty() {
            engine.advance_in(scratch, &mut account, inputs, to, mode, visitor)?;
        } else {
            engine.advance_in(scratch, &mut account, inputs, to, mode, &mut Reporting { inner: visitor, reports })?;
        }
        if !visitor.wants_unborn() && !is_there(world, &account)? {
            return Ok(false);
        }
        // A date is told when the next one begins. One that ends with the replay is over as well; samples have told it already.
        let calendar = &engine.model().calendar;
        let last = calendar.day(to);
        if account.life() == Life::Live && !matches!(mode, Mode::Daily { .. }) && calendar.last_instant(last) == to {
            visitor.day(&account, last);
        }
        visitor.account(account, inputs)?;
        Ok(true)
    }
}

/// Has the account begun, or is nothing dated known of it at all, so that it is assumed to have been there since ever?
fn is_there(world: &World, account: &Account) -> Result<bool> {
    Ok(account.life() != Life::Unborn || world.is_undated(account.id())?)
}

/// Does nothing that was said, of what the model reads, tell when the account begins?
pub(super) fn is_undated(said: &AccountInputs) -> bool {
    let dated = |v: &Version| match (&v.entity, v.field.as_str()) {
        (Entity::Subscription(..) | Entity::Account(_), "started_at") | (Entity::Account(_), "created_at") if !v.value.is_null() => true,
        (Entity::Subscription(..), field) => field == "started_at" && v.visible_from() != Instant::MIN,
        _ => v.visible_from() != Instant::MIN,
    };
    !said.versions.iter().any(dated) && said.memberships.iter().all(|m| m.from.is_none() && m.until.is_none()) && said.decisions.is_empty()
}
