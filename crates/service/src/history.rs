//! What is asked of the living accounts: all of them as they stand, one of them with its whole history.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tenure_engine::{Account, Engine};
use tenure_history::{Archive, Event};
use tenure_live::{PastSaid, Recent};
use tenure_replay::{History, Scope, World};

use crate::Result;
use crate::past::children;
use crate::service::{News, Service};

/// Accounts that are looked at while the engine waits.
const HELD: usize = 5_000;

impl Service {
    /// Shows every account as it stands, in no order. The engine goes on in between: it is no snapshot of all of them at one instant.
    pub fn accounts(&self, mut see: impl FnMut(&Engine, &Account)) {
        let mut from = 0;
        loop {
            let live = self.live();
            let mut seen = 0;
            for account in live.accounts_from(from).take(HELD) {
                seen += 1;
                // Of an account that was merged into another one, an empty place is left.
                if live.resolver().account(account.id()) == &**account.id() {
                    see(live.engine(), &account);
                }
            }
            if seen < HELD {
                return;
            }
            from += seen;
        }
    }

    /// The whole history of an account (its canonical id), with the engine it is told by: the archive's events and those that are not in it yet.
    ///
    /// # Errors
    /// What database and archive say.
    pub async fn history(&self, account: &str) -> Result<(Arc<Engine>, History)> {
        let inner = self.inner();
        let archived = inner.status.archive_position.load(Ordering::Relaxed);
        let (engine, recent) = {
            let live = inner.live();
            (live.engine().clone(), live.waiting(account, archived))
        };
        let said = inner.store.account_inputs(account).await?;
        let archived = tokio::task::block_in_place(|| Archive::account_now(&inner.data, account))?;
        let children = children(inner, &engine, account, |_| PastSaid::default(), &[]).await?;
        let events = together(archived, &recent, account);
        Ok((engine.clone(), History::new(&engine, account, events, said, children, tenure_model::Instant::NEVER)))
    }

    /// Replays the past of all accounts, as far as a question looks at it, by any engine: what the archive has, while nothing is written to it; the journal keeps what comes in meanwhile.
    ///
    /// # Errors
    /// What the archive says.
    pub async fn replaying<T>(&self, scope: &Scope, engine: Arc<Engine>, threads: usize, replay: impl FnOnce(&World) -> T) -> Result<T> {
        let inner = self.inner();
        let _still = inner.archiving.lock().await;
        let archive = tokio::task::block_in_place(|| Archive::open(&inner.data))?;
        let world = World::load_scope(scope, engine, archive, &inner.store, threads).await?;
        Ok(tokio::task::block_in_place(|| replay(&world)))
    }

    /// The latest event of the archive, and how many there are.
    ///
    /// # Errors
    /// What the archive says.
    pub fn archived(&self) -> Result<(Option<tenure_model::Instant>, u64)> {
        let archive = tokio::task::block_in_place(|| Archive::open(&self.inner().data))?;
        Ok((archive.span().map(|span| span.1), archive.rows()))
    }

    /// Tells listeners that something about an account is otherwise now, beside what the engine does.
    pub fn tell(&self, account: &str) {
        let revision = self.live().engine().model().revision.clone();
        // Nobody may be listening.
        let _ = self.inner().news.send(Arc::new(News::new(self.now(), revision, vec![account.into()])));
    }
}

/// Each message once: as the archive has it, else as it waits.
fn together(mut archived: Vec<Event>, recent: &[Recent], account: &str) -> Vec<Event> {
    let known: BTreeSet<(&str, &str)> = archived.iter().filter_map(|e| Some((e.source.as_str(), e.message_id.as_deref()?))).collect();
    let is_new = |r: &&Recent| r.message_id.as_deref().is_none_or(|id| !known.contains(&(&*r.source, id)));
    let waiting: Vec<Event> = recent.iter().filter(is_new).map(|r| event(r, account)).collect();
    archived.extend(waiting);
    archived
}

fn event(recent: &Recent, account: &str) -> Event {
    let text = |t: &Option<Arc<str>>| t.as_deref().map(str::to_owned);
    let person = text(&recent.person);
    Event {
        position: recent.position,
        message_id: recent.message_id.as_deref().map(str::to_owned),
        source: recent.source.to_string(),
        account_id: Some(account.to_owned()),
        given_account_id: text(&recent.given_account),
        given_person_id: text(&recent.given_person).filter(|given| person.as_ref() != Some(given)),
        person_id: person,
        name: recent.name.to_string(),
        time: recent.time,
        received_at: recent.arrived,
        sent_at: None,
        original_time: None,
        properties: recent.properties.as_deref().and_then(|text| serde_json::value::RawValue::from_string(text.to_owned()).ok()),
        reason: None,
    }
}
