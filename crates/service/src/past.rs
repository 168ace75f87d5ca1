//! The whole history of one account: the archive, the store, and what the present step has not written yet.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tenure_engine::{Account, Change, Engine, Happened, Inputs, Mode, Outcome, Sink, What};
use tenure_history::{Archive, Event};
use tenure_live::{Past, PastSaid, Recent, Through};
use tenure_model::Instant;
use tenure_model::input::Merge;
use tenure_store::AccountInputs;

use crate::Result;
use crate::service::Inner;

/// Reads it; its events in the archive only where they were not read before. `unwritten` and `merges`: what is not in the store yet.
pub(crate) async fn past(inner: &Inner, account: &str, unwritten: PastSaid, merges: &[Merge], read: Option<Vec<Recent>>) -> Result<Past> {
    let at = |position: &AtomicI64| position.load(Ordering::Relaxed);
    // As of before it is read.
    let through = Through { events: at(&inner.status.archive_position), said: at(&inner.status.engine_position) };
    let PastSaid { versions, memberships, decisions } = unwritten;
    let unwritten = AccountInputs { versions, memberships, ..AccountInputs::default() };
    let inputs = inner.store.account_inputs_with(account, unwritten, merges).await?;
    let mut said = PastSaid { versions: inputs.versions, memberships: inputs.memberships, decisions: inputs.decisions };
    said.decisions.extend(decisions);
    Ok(Past { events: events(inner, account, through.events, read)?, said, children: vec![], through })
}

/// All events of an account, each message once. What waits for the archive is taken first: moved there meanwhile, it is in both, and never in neither.
/// Whose the others are, the archive says alone.
fn events(inner: &Inner, account: &str, archived: i64, read: Option<Vec<Recent>>) -> Result<Vec<Recent>> {
    let waiting = inner.live().waiting(account, archived);
    let mut events = match read {
        Some(read) => read,
        None => tokio::task::block_in_place(|| Archive::account_now(&inner.data, account))?.into_iter().map(recent).collect(),
    };
    let known: BTreeSet<_> = events.iter().filter_map(|e| Some((e.source.clone(), e.message_id.clone()?))).collect();
    let is_new = |e: &Recent| e.message_id.clone().is_none_or(|id| !known.contains(&(e.source.clone(), id)));
    events.extend(waiting.into_iter().filter(is_new));
    // The archive may not be settled yet by what is known of persons.
    let live = inner.live();
    events.iter_mut().for_each(|event| event.rename(live.resolver()));
    drop(live);
    Ok(events)
}

pub(crate) fn recent(event: Event) -> Recent {
    Recent {
        time: event.time,
        position: Recent::ARCHIVED,
        name: event.name.into(),
        given_person: event.given_person_id.as_deref().or(event.person_id.as_deref()).map(Into::into),
        person: event.person_id.map(Into::into),
        given_account: event.given_account_id.map(Into::into),
        source: event.source.into(),
        properties: event.properties.map(|p| p.get().into()),
        message_id: event.message_id.map(Into::into),
        arrived: event.received_at,
    }
}

/// What the children of an account reported to it; nothing where nothing is rolled up. `unwritten`: what concerns an account and is not in the store
/// yet.
pub(crate) async fn children(
    inner: &Inner,
    engine: &Engine,
    account: &str,
    unwritten: impl Fn(&str) -> PastSaid,
    merges: &[Merge],
) -> Result<Vec<Change>> {
    if engine.exports().is_empty() {
        return Ok(vec![]);
    }
    let children: Vec<Arc<str>> = {
        let live = inner.live();
        let is_child = |a: &tenure_live::Standing<'_>| engine.parent(a).as_deref() == Some(account);
        live.accounts().filter(is_child).map(|a| a.id().clone()).collect()
    };
    let mut reported = Vec::new();
    for child in children {
        let of_child = past(inner, &child, unwritten(&child), merges, None).await?;
        let at = inner.live().account(&child).map_or(Instant::MIN, |a| a.at());
        reported.extend(reports(engine, &child, &of_child, account, at));
    }
    Ok(reported)
}

/// What a child reports to a parent up to an instant, told from the child's history.
fn reports(engine: &Engine, child: &str, past: &Past, parent: &str, until: Instant) -> Vec<Change> {
    let mut events: Vec<&Recent> = past.events.iter().collect();
    events.sort_by(|a, b| a.order(b));
    let mut table = tenure_engine::EventTable::new(engine.model());
    events.iter().for_each(|e| e.push(&mut table));
    let mut changes = engine.changes(table.people());
    changes.versions(&past.said.versions);
    changes.memberships(&past.said.memberships);
    changes.decisions(&past.said.decisions);
    changes.children(past.children.clone());
    let (people, changes, _) = changes.finish();
    let inputs = Inputs { people: &people, events: table.events(), changes: &changes };
    let mut told = Reports { child: child.into(), parent, changes: vec![] };
    let mut account = engine.account(child);
    // From nothing on, no input is late.
    let _ = engine.advance(&mut account, &inputs, until, Mode::Exact, &mut told);
    told.changes
}

/// Keeps what is meant for one parent.
struct Reports<'a> {
    child: Arc<str>,
    parent: &'a str,
    changes: Vec<Change>,
}

impl Sink for Reports<'_> {
    fn outcome(&mut self, _: &Account, outcome: Outcome) {
        if let Happened::Export { parent, value } = outcome.what
            && *parent == *self.parent
        {
            self.changes.push(Change { at: outcome.at, what: What::Child(self.child.clone(), value) });
        }
    }

    fn wants_detail(&self) -> bool {
        false
    }
}
