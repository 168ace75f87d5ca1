//! All accounts: inputs find theirs, timers ring, and what happens is handed out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tenure_engine::{Account, Engine, EventTable, Happened, Outcome, What};
use tenure_ingest::Resolver;
use tenure_model::Instant;
use tenure_model::input::{Decision, Membership, Version};

use crate::cores::on_all_cores;
use crate::keys::Keys;
use crate::recent::Recent;
use crate::saving::Saving;
use crate::shelf::{Pages, Seen, Shelf};
use crate::silence::{Silence, Sources};
use crate::slot::{Ran, Slot};

/// The whole history of an account: what `Live` does not keep in memory.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Events of the archive, resolved, with `Recent::ARCHIVED` as position.
    pub events: Vec<Recent>,
    /// What was said and decided.
    pub said: PastSaid,
    /// What children reported.
    pub children: Vec<tenure_engine::Change>,
    /// Up to where that is everything.
    pub through: Through,
}

/// In place of an account: the archive alone knows which accounts are concerned.
pub const EVERYBODY: &str = "";

/// How far an account is of which more became known: to whom its events belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaved {
    /// The archive has to come to this position of the journal and be settled.
    Unsettled(i64),
    /// The archive is settled: it is to be told anew.
    Settled,
    /// It was told anew, and what followed is written; the last snapshot has it as it was before.
    Told,
}

/// The journal's positions up to which a history has everything. After a restart inputs come again that it has already: they are passed over.
#[derive(Clone, Copy, Debug)]
pub struct Through {
    /// Of events: how far the archive had come.
    pub events: i64,
    /// Of what was said and decided: how far the store had come.
    pub said: i64,
}

impl Default for Through {
    fn default() -> Through {
        Through { events: i64::MIN, said: i64::MIN }
    }
}

/// Everything that was said and decided about an account.
#[derive(Clone, Debug, Default)]
pub struct PastSaid {
    /// Versions of fields of the account, its persons and its subscriptions.
    pub versions: Vec<Version>,
    /// Its persons.
    pub memberships: Vec<Membership>,
    /// What teammates decided.
    pub decisions: Vec<Decision>,
}

/// An account as a replay left it.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its state.
    pub account: Account,
    /// What is known already to change later, sorted. Its persons are indexes into `people`.
    pub changes: Vec<tenure_engine::Change>,
    /// Ids of persons.
    pub people: Vec<Arc<str>>,
    /// Events after its state: those that it has not been told, and those that lie in the future.
    pub events: Vec<Recent>,
    /// Up to where its history has everything.
    pub through: Through,
}

/// An account as it stands.
pub struct Standing<'a>(Seen<'a>);

impl Deref for Standing<'_> {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.0.head
    }
}

/// What happened to an account in a step.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whose.
    pub account: Arc<str>,
    /// What was told after this instant no longer holds: `outcomes` stand in its place. None: they come after all that was told.
    pub restated: Option<Instant>,
    /// In order of time.
    pub outcomes: Vec<Outcome>,
}

/// What a step brought.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Accounts to which something happened.
    pub changes: Vec<Change>,
    /// Accounts that were evaluated.
    pub evaluated: usize,
    /// More is due than was allowed: call again.
    pub more: bool,
    /// Sources that fell silent, or speak again.
    pub silences: Vec<Silence>,
}

/// The living accounts.
pub struct Live {
    pub(crate) engine: Arc<Engine>,
    pub(crate) empty: EventTable,
    pub(crate) shelf: Shelf,
    pub(crate) index: FxHashMap<Arc<str>, usize>,
    pub(crate) names: FxHashMap<Box<str>, Arc<str>>,
    pub(crate) resolver: Resolver,
    pub(crate) keys: Keys,
    pub(crate) timers: BinaryHeap<Reverse<(Instant, usize)>>,
    pub(crate) touched: Vec<usize>,
    /// Events of persons whose account is not known, by person; those without person are under "".
    pub(crate) homeless: FxHashMap<Arc<str>, Vec<Recent>>,
    /// Where persons have events that name an account: by person the accounts, each with the journal's position of the last one, until the archive has
    /// it. Who they are may become known otherwise.
    pub(crate) named: FxHashMap<Arc<str>, BTreeMap<usize, i64>>,
    pub(crate) duplicates: u64,
    /// Accounts to which other events may belong by what became known, with the journal's position at which it did: until the archive has come
    /// so far and was settled by it.
    unsettled: BTreeMap<Arc<str>, i64>,
    /// Those of which the archive is settled, and that are still to be told anew.
    settling: BTreeSet<Arc<str>>,
    /// Those that were told anew and that the last snapshot has as they were before; and those that the one under way has as they are.
    pub(crate) told: [BTreeSet<Arc<str>>; 2],
    pub(crate) sources: Sources,
    /// The sources that were silent in the last step, with since when.
    silent: BTreeMap<Arc<str>, Instant>,
    /// Accounts whose timers wait for a silent source.
    held: Vec<usize>,
    /// The journal's position of the input that is being taken.
    pub(crate) position: i64,
    /// A snapshot that is being taken.
    pub(crate) saving: Option<Saving>,
}

impl Live {
    /// Nobody yet.
    pub fn new(engine: Arc<Engine>, resolver: Resolver, keys: Keys) -> Live {
        let empty = EventTable::new(engine.model());
        Live {
            shelf: Shelf::new(engine.clone()),
            engine,
            empty,
            index: FxHashMap::default(),
            names: FxHashMap::default(),
            resolver,
            keys,
            timers: BinaryHeap::new(),
            touched: vec![],
            homeless: FxHashMap::default(),
            named: FxHashMap::default(),
            duplicates: 0,
            unsettled: BTreeMap::new(),
            settling: BTreeSet::new(),
            told: Default::default(),
            sources: Sources::default(),
            silent: BTreeMap::new(),
            held: vec![],
            position: i64::MAX,
            saving: None,
        }
    }

    /// The compiled model.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Whose event, as known now.
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// Which messages were seen lately.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The accounts as they stand.
    pub fn accounts(&self) -> impl Iterator<Item = Standing<'_>> {
        self.accounts_from(0)
    }

    /// As `accounts`, without so many that come first.
    pub fn accounts_from(&self, first: usize) -> impl Iterator<Item = Standing<'_>> {
        (first..self.shelf.len()).map(|i| Standing(self.shelf.see(i)))
    }

    /// The ids of the accounts, in the same order.
    pub fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        (0..self.shelf.len()).map(|i| self.shelf.id(i))
    }

    /// An account as it stands, by any of its ids.
    pub fn account(&self, id: &str) -> Option<Standing<'_>> {
        self.index.get(self.resolver.account(id)).map(|i| Standing(self.shelf.see(*i)))
    }

    /// Events of an account that an archive does not have which has come to this position of the journal.
    pub fn waiting(&self, id: &str, archived: i64) -> Vec<Recent> {
        let waits = |event: &&Recent| event.position > archived;
        self.index.get(id).map_or_else(Vec::new, |i| self.shelf.see(*i).recent().iter().filter(waits).cloned().collect())
    }

    /// How many accounts.
    pub fn len(&self) -> usize {
        self.shelf.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many accounts are not packed away.
    pub fn at_hand(&self) -> usize {
        self.shelf.at_hand()
    }

    /// How many came back since some were packed away.
    pub fn came_back(&self) -> usize {
        self.shelf.back()
    }

    /// From now on accounts can be packed away there.
    pub fn set_pages(&mut self, pages: Box<dyn Pages>) {
        self.shelf.set_pages(pages);
    }

    /// Packs away so many accounts to make room in memory, those that have not been used for longest; fewer where more are in use, or the pages are
    /// full. Each comes back when something happens to it. Gives how many.
    pub fn pack(&mut self, count: usize) -> usize {
        self.shelf.pack(count)
    }

    /// How many events were seen before, since the start.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Accounts to which events of the archive may belong by what became known, with the position at which it did: settle the archive by what is
    /// known now, then say so by `settled`.
    pub fn unsettled(&self) -> &BTreeMap<Arc<str>, i64> {
        &self.unsettled
    }

    /// Of an account more became known at a position of the journal, also before this was made.
    pub fn unsettle(&mut self, account: Arc<str>, position: i64) {
        let known = self.unsettled.entry(account).or_insert(position);
        *known = position.max(*known);
    }

    /// The archive has everything up to a position, and is settled by what was known of these accounts: they are told anew. Those of which more
    /// became known later stay unsettled: what waits for the archive may have come to the wrong account before.
    pub fn settled<'a>(&mut self, accounts: impl IntoIterator<Item = &'a Arc<str>>, archived: i64) {
        for account in accounts {
            if self.unsettled.get(account).is_some_and(|position| *position <= archived) {
                self.unsettled.remove(account);
                if **account == *EVERYBODY {
                    continue;
                }
                self.settling.insert(account.clone());
            }
            self.known(account);
        }
    }

    /// Is no account to be told anew for such reasons?
    pub fn is_settled(&self) -> bool {
        self.unsettled.is_empty() && self.settling.is_empty()
    }

    /// What must not be forgotten by an end: the accounts that are to be told anew for such reasons, and those that were and that the last snapshot
    /// has as they were before.
    pub fn unsaved(&self) -> BTreeMap<Arc<str>, Unsaved> {
        let told = self.told.iter().flatten().map(|account| (account.clone(), Unsaved::Told));
        let settling = self.settling.iter().map(|account| (account.clone(), Unsaved::Settled));
        let unsettled = self.unsettled.iter().map(|(account, position)| (account.clone(), Unsaved::Unsettled(*position)));
        told.chain(settling).chain(unsettled).collect()
    }

    /// What was so when it was written down last, in place of what is known here.
    pub fn set_unsaved(&mut self, unsaved: &BTreeMap<Arc<str>, Unsaved>) {
        (self.unsettled, self.settling, self.told) = Default::default();
        for (account, unsaved) in unsaved {
            match unsaved {
                Unsaved::Unsettled(position) => _ = self.unsettled.insert(account.clone(), *position),
                Unsaved::Settled => {
                    self.settling.insert(account.clone());
                    self.known(account);
                }
                Unsaved::Told => _ = self.told[0].insert(account.clone()),
            }
        }
    }

    /// As `unsaved`, once the snapshot is in force that was begun last.
    pub fn unsaved_then(&self) -> BTreeMap<Arc<str>, Unsaved> {
        let mut unsaved = self.unsaved();
        unsaved.retain(|account, unsaved| *unsaved != Unsaved::Told || self.told[0].contains(account));
        unsaved
    }

    /// The snapshot that was begun last is in force.
    pub fn saved(&mut self) {
        self.told[1].clear();
    }

    /// The sources that are silent, with when each was last heard; how many accounts wait for them.
    pub fn silent(&self) -> (&BTreeMap<Arc<str>, Instant>, usize) {
        (&self.silent, self.held.len())
    }

    /// How many events wait for their account to be known.
    pub fn homeless(&self) -> usize {
        self.homeless.values().map(Vec::len).sum()
    }

    /// Sets an account as a replay left it, with the changes that lie ahead of it and the persons they speak of.
    pub fn place(&mut self, placed: Placed) {
        let i = self.slot(placed.account.id().clone());
        *self.slot_mut(i) = Slot::placed(placed);
        self.set_timer(i);
    }

    /// Makes an account known whose history is to be given.
    pub fn known(&mut self, id: &str) {
        let i = self.slot(id.into());
        self.slot_mut(i).want(Instant::MIN);
        self.touch(i);
    }

    pub(crate) fn slot(&mut self, id: Arc<str>) -> usize {
        if let Some(i) = self.index.get(&id) {
            return *i;
        }
        let i = self.shelf.push(Slot::new(self.engine.account(id.clone())));
        self.index.insert(id, i);
        i
    }

    /// An account, to be changed.
    pub(crate) fn slot_mut(&mut self, i: usize) -> &mut Slot {
        self.keep(i);
        self.shelf.get(i)
    }

    pub(crate) fn touch(&mut self, i: usize) {
        if self.touched.last() != Some(&i) {
            self.touched.push(i);
        }
    }

    /// The accounts that cannot go on without their history, with the instant from which it is told anew.
    pub fn wanting(&self) -> Vec<Arc<str>> {
        let mut wanting: Vec<usize> = self.touched.iter().copied().filter(|i| self.wants(*i)).collect();
        wanting.sort_unstable();
        wanting.dedup();
        wanting.into_iter().map(|i| self.shelf.id(i).clone()).collect()
    }

    fn wants(&self, i: usize) -> bool {
        self.shelf.see(i).wants.is_some()
    }

    /// Gives an account its history.
    pub fn give(&mut self, account: &str, past: Past, now: Instant, step: &mut Step) {
        let Some(i) = self.index.get(account).copied() else { return };
        if let Some(account) = self.settling.take(account) {
            self.told[0].insert(account);
        }
        self.keep(i);
        let slot = self.shelf.get(i);
        let now = slot.until(&self.silent, now);
        slot.rename(&self.resolver);
        let ran = slot.rebuild(&self.engine, &self.empty, past, now);
        step.evaluated += 1;
        self.took(i, ran, step);
    }

    /// Takes the inputs and timers that are due, of at most so many accounts whose timers ring. On all cores where there are many.
    pub fn advance(&mut self, now: Instant, timers_max: usize) -> Step {
        let mut step = Step { silences: self.listen(now), ..Step::default() };
        let (wanting, mut due): (Vec<usize>, Vec<usize>) = std::mem::take(&mut self.touched).into_iter().partition(|i| self.wants(*i));
        self.touched = wanting;
        let mut rung = 0;
        while let Some(Reverse((at, i))) = self.timers.peek().copied().filter(|t| t.0.0 <= now) {
            if rung == timers_max {
                step.more = true;
                break;
            }
            self.timers.pop();
            if self.shelf.timer(i) != at {
                continue;
            }
            let slot = self.shelf.get(i);
            if slot.wants.is_some() {
                continue;
            }
            if at > slot.until(&self.silent, now) {
                self.held.push(i);
            } else {
                self.shelf.set_timer(i, Instant::NEVER);
                due.push(i);
                rung += 1;
            }
        }
        due.sort_unstable();
        due.dedup();
        due.iter().for_each(|i| self.keep(*i));
        let (engine, empty, silent) = (&self.engine, &self.empty, &self.silent);
        let ran = on_all_cores(self.shelf.pick(&due), |slot| slot.run(engine, empty, slot.until(silent, now)));
        step.evaluated += due.len();
        for (i, ran) in due.into_iter().zip(ran) {
            self.took(i, ran, &mut step);
        }
        // Parents hear of their children in the next step.
        step.more |= self.touched.iter().any(|i| !self.wants(*i));
        step
    }

    /// Finds out which sources are silent by now; where that changed, the accounts that waited look again. Accounts are told no further than it
    /// allows: it comes before they are given their history.
    pub fn listen(&mut self, now: Instant) -> Vec<Silence> {
        let silent = self.sources.silent(now);
        if silent == self.silent {
            return vec![];
        }
        let before = std::mem::replace(&mut self.silent, silent);
        let told = |(source, since): (&Arc<str>, &Instant), silent| Silence { source: source.clone(), since: *since, silent };
        let speak = before.iter().filter(|(source, _)| !self.silent.contains_key(*source)).map(|s| told(s, false));
        let fell = self.silent.iter().filter(|(source, since)| before.get(*source) != Some(since)).map(|s| told(s, true));
        let silences = speak.chain(fell).collect();
        for i in std::mem::take(&mut self.held) {
            self.shelf.set_timer(i, Instant::NEVER);
            self.set_timer(i);
        }
        silences
    }

    /// When the next timer rings.
    pub fn next_timer(&self) -> Instant {
        self.timers.peek().map_or(Instant::NEVER, |t| t.0.0)
    }

    fn took(&mut self, i: usize, ran: Ran, step: &mut Step) {
        self.set_timer(i);
        let Ran { restated, mut outcomes, parents } = ran;
        let child = self.shelf.id(i).clone();
        let mut reports = Vec::new();
        outcomes.retain(|o| match &o.what {
            Happened::Export { parent, value } => {
                reports.push((o.at, parent.clone(), value.clone()));
                false
            }
            _ => true,
        });
        for (at, parent, value) in reports {
            let p = self.slot(parent);
            self.slot_mut(p).change(at, None, |_| What::Child(child.clone(), value));
            if let Some(after) = restated {
                self.slot_mut(p).want(after.next());
            }
            self.touch(p);
        }
        for (parent, after) in parents.into_iter().zip(std::iter::repeat(restated)) {
            let p = self.slot(parent);
            self.slot_mut(p).want(after.map_or(Instant::MIN, Instant::next));
            self.touch(p);
        }
        if !outcomes.is_empty() || restated.is_some() {
            step.changes.push(Change { account: child, restated, outcomes });
        }
    }

    pub(crate) fn set_timer(&mut self, i: usize) {
        let next = self.shelf.see(i).next();
        if next != self.shelf.timer(i) {
            self.shelf.set_timer(i, next);
            if next != Instant::NEVER {
                self.timers.push(Reverse((next, i)));
            }
        }
    }

    /// The archive has everything up to this position of the journal: what nothing else needs is forgotten.
    pub fn archived(&mut self, position: i64) {
        self.begin_archived(position);
        while self.sweep() {}
    }

    /// As `archived`, but for the accounts: the calls of `sweep` that follow look at them, a few at a time, so that the engine has its turn in between.
    pub fn begin_archived(&mut self, position: i64) {
        self.shelf.begin_forgetting(position);
        for events in self.homeless.values_mut() {
            events.retain(|e| e.position > position);
        }
        self.homeless.retain(|_, events| !events.is_empty());
        self.named.values_mut().for_each(|accounts| accounts.retain(|_, last| *last > position));
        self.named.retain(|_, accounts| !accounts.is_empty());
    }

    /// Lets the next accounts forget what the archive has, a few of them. False where none is left.
    pub fn sweep(&mut self) -> bool {
        self.shelf.sweep()
    }
}
