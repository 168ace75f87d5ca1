//! All accounts as of an instant, told from archive and store on all cores: where there is no snapshot to start from, and for another model.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use tenure_engine::{Account, Change, Engine, EventTable, Events, Happened, Inputs, Mode, Outcome, Sink, What};
use tenure_history::{Archive, Needs, Partition};
use tenure_live::{Placed, Recent, Through};
use tenure_model::Instant;
use tenure_model::input::Entity;
use tenure_store::{AccountInputs, Mark, Store};

use crate::past::recent;
use crate::switch::Progress;
use crate::{Error, Result};

/// Accounts whose inputs are read from the store at a time.
const PAGE_ACCOUNTS: usize = 2_000;
/// Events a partition should hold: bounds the memory.
const PARTITION_EVENTS: u64 = 500_000;

/// Everything that decides about the accounts.
pub(crate) struct World {
    pub engine: Arc<Engine>,
    pub archive: Archive,
    said: BTreeMap<String, AccountInputs>,
    /// Events after the instant, by account.
    ahead: HashMap<String, Vec<Recent>>,
    at: Instant,
    through: Through,
}

/// What children reported, by parent.
type Reports = BTreeMap<Arc<str>, Vec<Change>>;

impl World {
    /// Reads the store, and of the archive what lies after the instant.
    pub async fn load(engine: Arc<Engine>, archive: Archive, store: &Store, at: Instant) -> Result<World> {
        let through = Through { events: store.mark(Mark::Archive).await?, said: store.mark(Mark::Engine).await? };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let all = store.inputs(PAGE_ACCOUNTS).await?.only(engine.fields()).all(threads).await?;
        let said = all.into_iter().map(|i| (i.account.clone(), i)).collect();
        let mut ahead: HashMap<String, Vec<Recent>> = HashMap::new();
        for event in tokio::task::block_in_place(|| archive.after(at))? {
            if let Some(account) = event.account_id.clone() {
                ahead.entry(account).or_default().push(recent(event));
            }
        }
        Ok(World { engine, archive, said, ahead, at, through })
    }

    /// Tells every account up to and with the instant. What happened on the way is not told: whoever wants it compares what stands then.
    ///
    /// # Errors
    /// What the archive says; `Error::Cancelled` where somebody gave it up.
    pub fn bring_up(&self, progress: &Progress) -> Result<Vec<Placed>> {
        let parents = self.parents_in_order();
        let later: BTreeSet<&str> = parents.iter().map(String::as_str).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let n = (self.archive.rows() / PARTITION_EVENTS + 1).max(threads as u64) as usize;
        let queue: Mutex<VecDeque<Partition>> = Mutex::new(self.archive.partitions(n).into());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let (mut placed, mut reports) = (Vec::new(), Reports::new());
        std::thread::scope(|scope| -> Result<()> {
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| -> Result<(Vec<Placed>, Reports)> {
                        let mut reporting = Reporting(Reports::new());
                        let mut placed = Vec::new();
                        while let Some(partition) = next() {
                            progress.go_on()?;
                            self.partition(&partition, &later, &mut reporting, &mut placed, progress)?;
                        }
                        Ok((placed, reporting.0))
                    })
                })
                .collect();
            for worker in workers {
                let (of_worker, reported) = worker.join().map_err(|_| Error::Unavailable("telling the accounts panicked".into()))??;
                placed.extend(of_worker);
                reported.into_iter().for_each(|(parent, changes)| reports.entry(parent).or_default().extend(changes));
            }
            Ok(())
        })?;
        // Accounts of which there are no events yet, then parents, each after its children.
        let seen: BTreeSet<&str> = placed.iter().map(|p| &**p.account.id()).collect();
        let known = self.said.keys().chain(self.ahead.keys()).map(String::as_str);
        let quiet: BTreeSet<&str> = known.filter(|id| !seen.contains(id) && !later.contains(id)).collect();
        let mut reporting = Reporting(reports);
        let mut last = Vec::with_capacity(quiet.len() + parents.len());
        for id in quiet.into_iter().chain(parents.iter().map(String::as_str)) {
            let past = if later.contains(id) { self.archive.account(id, Some(self.at))? } else { vec![] };
            let mut table = EventTable::new(self.engine.model());
            past.into_iter().map(recent).for_each(|event| event.push(&mut table));
            let children = reporting.0.remove(id).unwrap_or_default();
            last.push(self.account(&id.into(), table.people(), table.events(), children, &mut reporting));
        }
        placed.extend(last);
        Ok(placed)
    }

    fn partition(
        &self,
        partition: &Partition,
        later: &BTreeSet<&str>,
        reporting: &mut Reporting,
        placed: &mut Vec<Placed>,
        progress: &Progress,
    ) -> Result<()> {
        let model = self.engine.model();
        let needs = Needs {
            names: &model.event_names,
            properties: &model.properties,
            properties_of: None,
            calendar: &model.calendar,
            until: Some(self.at),
            accounts: None,
            positions: false,
        };
        let accounts = partition.read(&needs)?;
        for events in accounts.iter().filter(|events| !later.contains(&**events.account)) {
            let (rows, values) = events.property_rows();
            let columns = Events { time: events.time, name: events.name, person: events.person, rows, values };
            placed.push(self.account(events.account, events.persons, columns, vec![], reporting));
            progress.done.fetch_add(events.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    /// One account, told from its beginning.
    fn account(&self, id: &Arc<str>, people: &[Arc<str>], events: Events<'_>, children: Vec<Change>, reporting: &mut Reporting) -> Placed {
        let mut changes = self.engine.changes(people);
        if let Some(said) = self.said.get(&**id) {
            changes.versions(&said.versions);
            changes.memberships(&said.memberships);
            changes.decisions(&said.decisions);
        }
        changes.children(children);
        let (people, changes, _) = changes.finish();
        let inputs = Inputs { people: &people, events, changes: &changes };
        let mut account = self.engine.account(id.clone());
        // From nothing on, no input is late.
        let _ = self.engine.advance(&mut account, &inputs, self.at, Mode::Exact, reporting);
        let changes: Vec<_> = changes.into_iter().filter(|c| c.at > self.at).collect();
        let people = if changes.is_empty() { vec![] } else { people };
        Placed { account, changes, people, events: self.ahead.get(&**id).cloned().unwrap_or_default(), through: self.through }
    }

    /// The accounts that were ever a parent, each after all its children; those that are each other's parent come last.
    fn parents_in_order(&self) -> Vec<String> {
        if self.engine.exports().is_empty() {
            return Vec::new();
        }
        let mut children: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (id, said) in &self.said {
            for version in said.versions.iter().filter(|v| v.field == "parent" && matches!(v.entity, Entity::Account(_))) {
                if let Some(parent) = version.value.as_str().filter(|p| p != id) {
                    children.entry(parent).or_default().insert(id);
                }
            }
        }
        let mut order: Vec<String> = Vec::new();
        while !children.is_empty() {
            let is_last = |of: &BTreeSet<&str>| !of.iter().any(|child| children.contains_key(child));
            let mut ready: Vec<&str> = children.iter().filter(|(_, of)| is_last(of)).map(|(parent, _)| *parent).collect();
            if ready.is_empty() {
                ready = children.keys().copied().collect();
            }
            ready.iter().for_each(|parent| drop(children.remove(parent)));
            order.extend(ready.into_iter().map(str::to_owned));
        }
        order
    }
}

/// Keeps what is meant for parents.
struct Reporting(Reports);

impl Sink for Reporting {
    fn outcome(&mut self, account: &Account, outcome: Outcome) {
        if let Happened::Export { parent, value } = outcome.what {
            let what = What::Child(account.id().clone(), value);
            self.0.entry(parent).or_default().push(Change { at: outcome.at, what });
        }
    }

    fn wants_detail(&self) -> bool {
        false
    }
}
