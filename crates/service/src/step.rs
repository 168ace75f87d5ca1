//! One step of the engine: what came in is taken, due accounts are advanced, and everything that follows is committed at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tenure_ingest::journal::Record;
use tenure_live::{Change, Live, PastSaid, Recent, Said, Silence, Step};
use tenure_model::Instant;
use tenure_model::input::{Decision, Entity, Membership, Merge, Version};
use tenure_store::{Mark, QuarantineId, QuarantineStatus, Quarantined, SourceId, transact};

use crate::journal::Committed;
use crate::memory::relieve;
use crate::past::{children, past};
use crate::service::{Inner, News};
use crate::status::Status;
use crate::told::Told;
use crate::{Result, TIMERS_MAX, unsaved};

/// Who wrote down what came over the journal.
const AUTHOR: &str = "ingest";

/// What batches say beside events.
#[derive(Default)]
struct Unwritten {
    versions: Vec<Version>,
    memberships: Vec<Membership>,
    merges: Vec<Merge>,
    decisions: Vec<Decision>,
    bad: Vec<Quarantined>,
}

/// A step from when its inputs are taken until it is committed. Where the database or the archive fails on the way, `finish` goes on from there:
/// what was taken is taken once.
pub(crate) struct UnderWay {
    unwritten: Unwritten,
    changes: Vec<Change>,
    /// The last batch's position, and when it came.
    last: Option<(i64, Instant)>,
    items: u64,
    /// Its batches were committed before a restart: they are taken into memory again, and nothing is written.
    again: bool,
    evaluated: usize,
    silences: Vec<Silence>,
    /// Events of accounts as the archive has them, where they were read beforehand.
    read: BTreeMap<Arc<str>, Vec<Recent>>,
    now: Instant,
}

impl UnderWay {
    /// Takes batches in. It is not earlier than what was told already, also where the machine's clock went back.
    pub fn take(inner: &Inner, batches: &[Committed], now: Instant) -> UnderWay {
        UnderWay { now: inner.no_earlier(now), ..UnderWay::taken(inner, batches, now) }
    }

    fn taken(inner: &Inner, batches: &[Committed], now: Instant) -> UnderWay {
        UnderWay {
            unwritten: take(inner, batches),
            changes: vec![],
            last: batches.last().map(|b| (b.position, b.received_at)),
            items: batches.iter().map(|b| b.batch.items() as u64).sum(),
            again: false,
            evaluated: 0,
            silences: vec![],
            read: BTreeMap::new(),
            now,
        }
    }

    /// As `take`, of a batch that was committed before a restart.
    pub fn take_again(inner: &Inner, batches: &[Committed], now: Instant) -> UnderWay {
        UnderWay { again: true, ..UnderWay::taken(inner, batches, now) }
    }

    /// A step that takes nothing in, and tells accounts anew whose events were read from the archive.
    pub fn telling(inner: &Inner, read: BTreeMap<Arc<str>, Vec<Recent>>, now: Instant) -> UnderWay {
        UnderWay { read, ..UnderWay::take(inner, &[], now) }
    }

    /// Advances what is due and commits. Is more due than one step does?
    pub async fn finish(&mut self, inner: &Inner) -> Result<bool> {
        let now = self.now;
        self.silences.extend(inner.live().listen(now));
        let more = loop {
            rebuild(inner, self).await?;
            let step = tokio::task::block_in_place(|| inner.live().advance(now, TIMERS_MAX));
            self.took(step.evaluated, step.changes);
            self.silences.extend(step.silences);
            if inner.live().wanting().is_empty() {
                break step.more;
            }
        };
        if !self.again && (self.last.is_some() || !self.changes.is_empty() || !self.silences.is_empty()) {
            commit(inner, self, more).await?;
        }
        relieve(&mut inner.live(), &inner.limits);
        let status = &inner.status;
        Status::add(&status.steps, 1);
        Status::add(&status.evaluated, self.evaluated as u64);
        self.show(inner);
        if let Some((position, received_at)) = self.last {
            status.done(self.items);
            status.engine_position.fetch_max(position, Ordering::Relaxed);
            status.lag_micros.store((inner.clock)().0 - received_at.0, Ordering::Relaxed);
        }
        let micros = (inner.clock)().0 - now.0;
        status.step_micros.store(micros, Ordering::Relaxed);
        status.took(self.items, micros);
        if !self.again && !self.changes.is_empty() {
            let revision = inner.live().engine().model().revision.clone();
            let accounts = self.changes.iter().map(|c| c.account.clone()).collect();
            // Nobody may be listening.
            let _ = inner.news.send(Arc::new(News::new(now, revision, accounts)));
        }
        Ok(more)
    }

    /// Where things stand, for those who run it.
    fn show(&self, inner: &Inner) {
        let live = inner.live();
        let (silent, held) = live.silent();
        let count = |gauge: &AtomicU64, n: usize| gauge.store(n as u64, Ordering::Relaxed);
        count(&inner.status.accounts, live.len());
        count(&inner.status.accounts_packed, live.len() - live.at_hand());
        count(&inner.status.silent_sources, silent.len());
        count(&inner.status.held_accounts, held);
        for Silence { source, since, silent } in self.silences.iter().filter(|_| !self.again) {
            match silent {
                true => tracing::warn!(%source, %since, "a source has fallen silent: what depends on it waits"),
                false => tracing::info!(%source, %since, "a source that was silent speaks again"),
            }
        }
    }

    fn took(&mut self, evaluated: usize, changes: Vec<Change>) {
        self.evaluated += evaluated;
        self.changes.extend(changes);
    }
}

/// Gives the living accounts what the batches say.
fn take(inner: &Inner, batches: &[Committed]) -> Unwritten {
    let mut unwritten = Unwritten::default();
    let written = inner.status.engine_position.load(Ordering::Relaxed);
    let mut live = inner.live();
    let before = live.duplicates();
    for committed in batches {
        let position = committed.position;
        live.at_position(position);
        for origin in committed.batch.origins() {
            live.heard(origin.source, origin.received_at);
        }
        for (n, (origin, record)) in committed.batch.records().enumerate() {
            let identity = if let Record::Bad(bad) = record { bad.identity() } else { None };
            let new = (position > written).then_some(&mut unwritten);
            record_in(&mut live, record, new, || Quarantined {
                // An item that is sent again is the same one.
                id: QuarantineId::of(&match &identity {
                    Some(same) => tenure_live::Key::of(origin.source, same).to_string(),
                    None => format!("{position}-{n}"),
                }),
                source: source(origin.source),
                received_at: origin.received_at,
                reason: String::new(),
                message: String::new(),
                raw: vec![],
                endpoint: String::new(),
                status: QuarantineStatus::Waiting,
            });
        }
        for (origin, event) in committed.batch.events() {
            live.event(Said {
                position,
                arrived: origin.received_at,
                source: origin.source,
                account: event.account.as_deref(),
                person: event.person.as_deref(),
                name: &event.name,
                time: event.time,
                message_id: Some(&event.message_id),
                properties: event.properties.as_deref(),
            });
        }
    }
    Status::add(&inner.status.duplicates, live.duplicates() - before);
    Status::add(&inner.status.quarantined, unwritten.bad.len() as u64);
    unwritten
}

/// The source as the quarantine names it.
fn source(text: &str) -> SourceId {
    text.parse().unwrap_or_else(|_| SourceId::of("unknown"))
}

fn record_in(live: &mut Live, record: &Record, new: Option<&mut Unwritten>, quarantined: impl FnOnce() -> Quarantined) {
    let mut nowhere = Unwritten::default();
    let unwritten = new.unwrap_or(&mut nowhere);
    match record {
        Record::Version(version) => {
            live.version(version);
            unwritten.versions.push(version.clone());
        }
        Record::Membership(membership) => {
            live.membership(membership);
            unwritten.memberships.push(membership.clone());
        }
        Record::Belongs(said) => {
            let stays = live.resolver().stays(live.resolver().person(&said.person));
            let account = live.resolver().account(&said.account);
            if stays.iter().any(|s| s.account() == account && s.is_open()) {
                return;
            }
            let from = said.from.filter(|_| !stays.is_empty());
            let membership = Membership { from, ..said.clone() };
            live.membership(&membership);
            unwritten.memberships.push(membership);
        }
        Record::Merge(merge) if is_free(live, merge) => {
            live.merge(merge);
            unwritten.merges.push(merge.clone());
        }
        // It was merged before, or would stand for itself: the first word counts.
        Record::Merge(_) => {}
        Record::Link(link) => {
            // The first link of an anonymous id is a merge; a later one with another user would make two people one.
            let merge = link.clone().into_merge();
            if is_free(live, &merge) {
                live.merge(&merge);
                unwritten.merges.push(merge);
            }
        }
        Record::Decision(decision) => {
            live.decision(decision);
            unwritten.decisions.push(decision.clone());
        }
        Record::Bad(bad) => unwritten.bad.push(Quarantined {
            reason: bad.code.as_str().to_owned(),
            message: bad.message.clone(),
            raw: bad.raw.clone().into_bytes(),
            endpoint: bad.endpoint.clone(),
            ..quarantined()
        }),
        _ => {}
    }
}

/// May an id be merged into another one? The store refuses what was merged before, and circles.
fn is_free(live: &Live, merge: &Merge) -> bool {
    let end = |id| if merge.account { live.resolver().account(id) } else { live.resolver().person(id) }.to_owned();
    end(&merge.from) == merge.from && end(&merge.into) != merge.from
}

/// Gives accounts their history where their inputs are too late for what is in memory; children before their parents.
async fn rebuild(inner: &Inner, under_way: &mut UnderWay) -> Result<()> {
    let wanting = inner.live().wanting();
    for account in wanting {
        let said = of_account(&inner.live(), &under_way.unwritten, &account);
        let mut past = past(inner, &account, said, &under_way.unwritten.merges, under_way.read.remove(&account)).await?;
        let engine = inner.live().engine().clone();
        let unwritten = |id: &str| of_account(&inner.live(), &under_way.unwritten, id);
        past.children = children(inner, &engine, &account, unwritten, &under_way.unwritten.merges).await?;
        let mut step = Step::default();
        tokio::task::block_in_place(|| inner.live().give(&account, past, under_way.now, &mut step));
        Status::add(&inner.status.rebuilt, step.evaluated as u64);
        under_way.took(step.evaluated, step.changes);
    }
    Ok(())
}

/// What of the present step concerns an account, under canonical ids.
fn of_account(live: &Live, unwritten: &Unwritten, account: &str) -> PastSaid {
    let resolver = live.resolver();
    let is_of = |version: &&Version| match &version.entity {
        Entity::Account(id) | Entity::Subscription(id, _) => resolver.account(id) == account,
        Entity::Person(id) => resolver.stays(resolver.person(id)).iter().any(|s| s.account() == account),
    };
    let canonical = |version: &Version| Version {
        entity: match &version.entity {
            Entity::Account(_) => Entity::Account(account.to_owned()),
            Entity::Subscription(_, id) => Entity::Subscription(account.to_owned(), id.clone()),
            Entity::Person(id) => Entity::Person(resolver.person(id).to_owned()),
        },
        ..version.clone()
    };
    let member = |m: &Membership| Membership { account: account.to_owned(), person: resolver.person(&m.person).to_owned(), ..m.clone() };
    PastSaid {
        versions: unwritten.versions.iter().filter(is_of).map(canonical).collect(),
        memberships: unwritten.memberships.iter().filter(|m| resolver.account(&m.account) == account).map(member).collect(),
        decisions: unwritten.decisions.iter().filter(|d| resolver.account(&d.account) == account).cloned().collect(),
    }
}

/// Everything that follows from a step, at once. `more`: what else follows is still to come.
async fn commit(inner: &Inner, under_way: &UnderWay, more: bool) -> Result<()> {
    let UnderWay { unwritten, changes, silences, now, .. } = under_way;
    let reached = inner.status.engine_position.load(Ordering::Relaxed);
    let mark = under_way.last.map_or(reached, |(position, _)| position.max(reached));
    let mut told = Told::of(&inner.live(), changes, mark, *now, inner.live_from, &inner.existing());
    told.silences(silences, *now);
    let (unsaved, was_unsaved) = (inner.live().unsaved(), inner.unsaved().clone());
    let lease = inner.lease.lock().await.clone();
    transact!(inner.store, "step", |write| {
        write.fenced(&lease).await?;
        write.add_versions(0, &unwritten.versions).await?;
        write.add_memberships(0, &unwritten.memberships).await?;
        for merge in &unwritten.merges {
            write.add_merge(merge, AUTHOR).await?;
        }
        for decision in &unwritten.decisions {
            write.add_decision(decision).await?;
        }
        write.quarantine(&unwritten.bad).await?;
        unsaved::write(write, &was_unsaved, &unsaved).await?;
        told.write(write, *now).await?;
        write.mark_inputs(*now).await?;
        if !more {
            write.set_mark(Mark::Whole, mark, *now).await?;
        }
        write.set_mark(Mark::Engine, mark, *now).await
    })?;
    inner.status.engine_at.store(now.0, Ordering::Relaxed);
    *inner.unsaved() = unsaved;
    Ok(())
}
