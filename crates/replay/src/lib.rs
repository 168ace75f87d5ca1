//! Replays: accounts told anew from archive and store, one or all.

mod error;
mod known;
pub mod portfolio;
pub mod replay;
mod rollup;
mod said;

use std::sync::Arc;

use tenure_engine::{Change, Engine, EventTable, Inputs, Unreadable, Upstream};
use tenure_history::{Archive, Event};
use tenure_model::Instant;
use tenure_model::input::Fields;
use tenure_store::{AccountInputs, Store};

use known::Known;
use said::{Said, Wanted};

pub use error::Error;

/// What replays return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a question looks at.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What decides about these columns is all that is read.
    pub columns: Upstream,
    /// Events that arrived after it are left out, and so are merges that were decided after it, and versions that show only then; None: all is known
    /// that came in.
    pub known: Option<Instant>,
}

/// Everything that decides about the accounts, ready to be replayed.
pub struct World {
    /// The compiled model.
    pub engine: Arc<Engine>,
    /// The events.
    pub archive: Archive,
    said: Said,
    /// Where what came in later is left out: which events are other ones.
    known: Option<Known>,
    /// After it, also what repeats a value is told.
    open: Instant,
}

impl World {
    /// Begins to read the store, with so many threads. Meanwhile, a replay reads the archive.
    pub fn load(engine: Arc<Engine>, archive: Archive, store: &Store, threads: usize) -> World {
        World::load_open(engine, archive, store, Instant::NEVER, threads)
    }

    /// As `load`, for those who go on from an instant: what is said already of the time after it is all there, also what would change nothing.
    pub fn load_open(engine: Arc<Engine>, archive: Archive, store: &Store, after: Instant, threads: usize) -> World {
        let wanted = Wanted { fields: engine.fields(), dated: Fields::default(), known: None, open: after };
        World { engine, archive, said: Said::read(store.clone(), wanted, threads), known: None, open: after }
    }

    /// As `load`, but only what a question looks at.
    pub async fn load_scope(scope: &Scope, engine: Arc<Engine>, archive: Archive, store: &Store, threads: usize) -> Result<World> {
        let wanted = Wanted { fields: engine.fields_of(&scope.columns), dated: engine.fields(), known: scope.known, open: Instant::NEVER };
        let said = Said::read(store.clone(), wanted, threads);
        let known = match scope.known {
            Some(at) => Some(Known::read(at, &archive, store).await?),
            None => None,
        };
        Ok(World { engine, archive, said, known, open: Instant::NEVER })
    }

    /// As `load`, for questions about one account: only what was said of it, unless it rolls up its children.
    ///
    /// # Errors
    /// As `load`.
    pub async fn load_for(account: &str, engine: Arc<Engine>, archive: Archive, store: &Store, threads: usize) -> Result<World> {
        if !engine.exports().is_empty() {
            return Ok(World::load(engine, archive, store, threads));
        }
        let said = Said::known(store.account_inputs(account).await?);
        Ok(World { engine, archive, said, known: None, open: Instant::NEVER })
    }

    /// What was said and decided, by account. Waits until all of it is read.
    pub fn inputs(&self) -> Result<impl Iterator<Item = &AccountInputs>> {
        self.said.all()
    }

    /// What was said and decided of one account; None where nothing was. Waits until it is read.
    pub fn inputs_of(&self, account: &str) -> Result<Option<&AccountInputs>> {
        self.said.of(account)
    }

    /// Of how many accounts events are left out, because they arrived after what is known.
    pub fn late(&self) -> usize {
        self.known.as_ref().map_or(0, Known::late)
    }

    /// Is nothing dated known of an account, though it was spoken of?
    pub fn is_undated(&self, account: &str) -> Result<bool> {
        Ok(self.inputs_of(account)?.is_some_and(replay::is_undated))
    }

    /// The events of one account up to an instant, as far as they are known.
    pub(crate) fn events(&self, account: &str, until: Instant) -> Result<Vec<Event>> {
        match &self.known {
            Some(known) => known.events(&self.archive, account, until),
            None => Ok(self.archive.account(account, Some(until))?),
        }
    }

    /// The history of one account up to an instant, every event in full.
    ///
    /// # Errors
    /// What the archive says.
    pub fn history(&self, account: &str, until: Instant) -> Result<History> {
        let events = self.events(account, until)?;
        let said = self.inputs_of(account)?.cloned().unwrap_or_default();
        let children = rollup::of_parent(self, account, until)?;
        Ok(History::new(&self.engine, account, events, said, children, self.open))
    }
}

/// The history of one account: what the engine takes, and each event in full beside it.
pub struct History {
    /// Whose.
    pub account: Arc<str>,
    /// The events, in the order of the columns.
    pub events: Vec<Event>,
    /// What was said and decided.
    pub said: AccountInputs,
    /// Versions that could not be read as their declared type.
    pub unreadable: Vec<Unreadable>,
    table: EventTable,
    people: Vec<Arc<str>>,
    changes: Vec<Change>,
}

impl History {
    /// Of what was said, done and, by its children, reported. After `open`, also what repeats a value is told.
    pub fn new(engine: &Engine, account: &str, events: Vec<Event>, said: AccountInputs, children: Vec<Change>, open: Instant) -> History {
        let mut table = EventTable::new(engine.model());
        for event in &events {
            let properties = event.properties.as_ref().and_then(|p| serde_json::from_str(p.get()).ok()).unwrap_or(serde_json::Value::Null);
            table.push(event.time, &event.name, event.person_id.as_deref(), &properties);
        }
        let order = table.sort();
        let mut slots: Vec<Option<Event>> = events.into_iter().map(Some).collect();
        let events = order.into_iter().filter_map(|i| slots[i].take()).collect();
        let mut changes = engine.changes(table.people()).open_after(open);
        changes.versions(&said.versions);
        changes.memberships(&said.memberships);
        changes.decisions(&said.decisions);
        changes.children(children);
        let (people, changes, unreadable) = changes.finish();
        History { account: account.into(), events, said, unreadable, table, people, changes }
    }

    /// As the engine takes it.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs { people: &self.people, events: self.table.events(), changes: &self.changes }
    }
}
