//! All accounts as of an instant, replayed from archive and store: where there is no snapshot to start from, and for another model.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use tenure_engine::{Account, Inputs, Mode, Outcome, Sink};
use tenure_history::Archive;
use tenure_live::{Live, Placed, Recent, Through};
use tenure_model::Instant;
use tenure_replay::World;
use tenure_replay::replay::{Visitor, replay};
use tenure_store::{Mark, Store};

use crate::memory::relieve;
use crate::past::recent;
use crate::switch::Progress;
use crate::{Error, Limits, Result};

/// After so many accounts it is looked at the memory.
const RELIEVED: usize = 500;

/// Tells every account up to and with an instant; what lies after it stands with its account. What happened on the way is not told: whoever wants
/// it compares what stands then.
///
/// # Errors
/// What archive and store say; `Error::Cancelled` where somebody gave it up.
pub(crate) async fn bring_up(
    live: Live,
    archive: Archive,
    store: &Store,
    at: Instant,
    limits: &Limits,
    progress: &Progress,
) -> Result<Live> {
    // As of before it is read.
    let through = Through { events: store.mark(Mark::Archive).await?, said: store.mark(Mark::Engine).await? };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    progress.total.store(archive.rows().max(1), Ordering::Relaxed);
    let world = World::load_open(live.engine().clone(), archive, store, at, threads);
    tokio::task::block_in_place(|| {
        let mut ahead: HashMap<String, Vec<Recent>> = HashMap::new();
        for event in world.archive.after(at)? {
            if let Some(account) = event.account_id.clone() {
                ahead.entry(account).or_default().push(recent(event));
            }
        }
        let told = |_: usize, events: usize| {
            progress.done.fetch_add(events as u64, Ordering::Relaxed);
        };
        let placing = Mutex::new(Placing { live, ahead });
        replay(&world, at, Mode::Exact, threads, |_| Ok(Standing { at, through, limits, progress, placing: &placing }), &told)?;
        let Placing { mut live, ahead } = placing.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Accounts of which nothing but what lies ahead is known.
        for (id, events) in ahead {
            let account = world.engine.account(id);
            live.place(Placed { account, changes: vec![], people: vec![], events, through });
        }
        Ok(live)
    })
}

/// The accounts so far, and the events that lie ahead of the others.
struct Placing {
    live: Live,
    ahead: HashMap<String, Vec<Recent>>,
}

/// Keeps the accounts, with what was said and lies ahead of them.
struct Standing<'a> {
    at: Instant,
    through: Through,
    limits: &'a Limits,
    progress: &'a Progress,
    placing: &'a Mutex<Placing>,
}

impl Sink for Standing<'_> {
    fn outcome(&mut self, _: &Account, _: Outcome) {}

    fn wants_detail(&self) -> bool {
        false
    }
}

impl Visitor for Standing<'_> {
    fn account(&mut self, account: Account, inputs: &Inputs<'_>) -> tenure_replay::Result<()> {
        self.progress.go_on().map_err(|cancelled| tenure_replay::Error::Visitor(cancelled.into()))?;
        let changes: Vec<_> = inputs.changes.iter().filter(|c| c.at > self.at).cloned().collect();
        let people = if changes.is_empty() { vec![] } else { inputs.people.to_vec() };
        let Placing { live, ahead } = &mut *self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        let events = ahead.remove(&**account.id()).unwrap_or_default();
        live.place(Placed { account, changes, people, events, through: self.through });
        if live.len().is_multiple_of(RELIEVED) {
            relieve(live, self.limits);
        }
        Ok(())
    }

    fn wants_unborn(&self) -> bool {
        true
    }
}

impl From<tenure_replay::Error> for Error {
    fn from(error: tenure_replay::Error) -> Error {
        match error {
            tenure_replay::Error::Store(error) => Error::Store(error),
            tenure_replay::Error::History(error) => Error::History(error),
            tenure_replay::Error::Visitor(error) => {
                error.downcast::<Error>().map_or_else(|other| Error::Unavailable(other.to_string()), |own| *own)
            }
            other => Error::Unavailable(other.to_string()),
        }
    }
}
