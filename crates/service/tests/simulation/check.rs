//! What must hold after every life: nothing lost, nothing doubled, and every account as a replay of its whole history gives it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenure_engine::{Account, AlertState, Happened, Inputs, Life as Stands, Mode, Outcome, Sink};
use tenure_history::Archive;
use tenure_ingest::http::{Endpoint, segment};
use tenure_model::Instant;
use tenure_model::definition::OnExisting;
use tenure_replay::World;
use tenure_replay::replay::{Visitor, replay};
use tenure_service::{alert_key, outcome_of};
use tenure_store::{Mark, Page, QuarantineStatus, RuleHistory};

use crate::life::Life;
use crate::rng::Rng;
use crate::schedule::Says;

/// The files of the archive, to bring them back.
pub struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl Files {
    pub fn of(data: &Path) -> Files {
        let mut files = BTreeMap::new();
        let mut folders = vec![data.join("events"), data.join("quarantine")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { folders.push(path) } else { _ = files.insert(path.clone(), std::fs::read(&path).unwrap()) }
            }
        }
        Files(files)
    }

    /// As if the catalog had not been swapped yet: the new files are there, and nobody mentions them.
    pub fn bring_back_catalog(&self, data: &Path) {
        let catalog = data.join("events").join("catalog.json");
        if !self.0.contains_key(&catalog) {
            let _ = std::fs::remove_file(&catalog);
        }
        for (path, bytes) in &self.0 {
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// As if the snapshot that was written last had not been written to its end.
pub fn tear_newest_snapshot(data: &Path, rng: &mut Rng) {
    let modified = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).unwrap();
    let snapshots = std::fs::read_dir(data.join("snapshots")).into_iter().flatten().flatten().map(|e| e.path());
    let Some(newest) = snapshots.max_by_key(modified) else { return };
    let part = newest.join("000000.part");
    let bytes = std::fs::read(&part).unwrap();
    std::fs::write(&part, &bytes[..rng.below(bytes.len() as i64 + 1) as usize]).unwrap();
    let _ = std::fs::remove_file(newest.join("manifest.json"));
}

/// Nobody is ahead of the journal, and its rows are there until archive and snapshot have them.
pub fn marks(life: &Life<'_>) {
    life.runtime.block_on(async {
        let store = &life.store;
        let mark = async |mark| store.mark(mark).await.unwrap();
        let (engine, archive, snapshot) = (mark(Mark::Engine).await, mark(Mark::Archive).await, mark(Mark::Snapshot).await);
        let rows = store.journal_after(0, u64::MAX).await.unwrap();
        assert!(archive <= engine && snapshot <= engine, "archive {archive}, snapshot {snapshot}, engine {engine}");
        assert!(rows.windows(2).all(|pair| pair[0].position < pair[1].position));
        assert!(rows.iter().all(|row| row.position > archive.min(snapshot)), "rows that archive and snapshot have are still there");
    });
}

/// Everything that was answered is there once, and nothing is there that was not sent.
pub fn nothing_lost(life: &Life<'_>) {
    let archive = Archive::open(&life.data).unwrap();
    let mut found: BTreeMap<(String, String), u32> = BTreeMap::new();
    for (source, message, _) in archive.messages_since(Instant::MIN).unwrap() {
        *found.entry((source, message)).or_default() += 1;
    }
    let of = |requests: &[crate::schedule::Request]| -> BTreeSet<(String, String)> {
        requests.iter().flat_map(|r| r.messages.iter().map(|m| (r.source.to_owned(), m.clone()))).collect()
    };
    let (answered, sent) = (of(&life.answered), of(&life.sent));
    let doubled: Vec<_> = found.iter().filter(|(_, n)| **n > 1).collect();
    assert!(doubled.is_empty(), "in the archive more than once: {doubled:?}");
    let lost: Vec<_> = answered.iter().filter(|m| !found.contains_key(*m)).collect();
    assert!(lost.is_empty(), "answered and not in the archive: {lost:?}");
    let strange: Vec<_> = found.keys().filter(|m| !sent.contains(*m)).collect();
    assert!(strange.is_empty(), "in the archive and never sent: {strange:?}");
    let bad: BTreeSet<String> = life.answered.iter().flat_map(|r| r.bad.iter().map(|item| format!("{{\"batch\":[{item}]}}"))).collect();
    let waiting = life.runtime.block_on(life.store.quarantined(QuarantineStatus::Waiting, &Page::first(10_000))).unwrap();
    let kept: BTreeSet<String> = waiting.iter().map(|q| String::from_utf8(q.raw.clone()).unwrap()).collect();
    assert_eq!(kept, bad, "the quarantine");
    assert_eq!(waiting.len(), kept.len(), "kept more than once in the quarantine");
}

/// Every account stands where a replay of its whole history gets, and what was told of it is what that tells.
pub fn as_replayed(life: &Life<'_>, switched: bool) {
    let service = life.service();
    let now = life.now();
    assert!(service.live().next_timer() > now, "a timer that was due at {} is left", service.live().next_timer());
    assert!(service.live().wanting().is_empty());
    let engine = service.live().engine().clone();
    let model = engine.model().clone();
    let replayed = life.runtime.block_on(async {
        let world = World::load(engine, Archive::open(&life.data).unwrap(), &life.store, 2);
        tokio::task::block_in_place(|| replay(&world, now, Mode::Exact, 2, |_| Ok(Replayed::default()), &|_, _| {})).unwrap()
    });
    let mut accounts: BTreeMap<Arc<str>, (Account, Vec<Outcome>)> = BTreeMap::new();
    for (account, outcomes) in replayed.into_iter().flat_map(|v| v.accounts) {
        accounts.insert(account.id().clone(), (account, outcomes));
    }
    let live = service.live();
    for account in live.accounts().filter(|a| a.life() != Stands::Unborn && live.resolver().account(a.id()) == &**a.id()) {
        assert!(accounts.contains_key(account.id()), "{} lives, and a replay does not know it", account.id());
    }
    for (id, (account, _)) in &accounts {
        let Some(stands) = live.account(id) else {
            assert_eq!(account.life(), Stands::Unborn, "{id} is not there");
            continue;
        };
        assert_eq!(stands.life(), account.life(), "{id}");
        for (slot, (a, b)) in account.row().iter().zip(stands.row()).enumerate() {
            let column = &model.account[slot].name;
            assert!(a.same(b) || column == "now", "{id}.{column} is {b:?}, a replay gives {a:?}; it stands at {}", stands.at());
        }
    }
    drop(live);
    if !switched {
        // Of several facts about one thing at one instant the last one stands.
        let mut told: BTreeMap<_, String> = BTreeMap::new();
        for (id, (_, outcomes)) in &accounts {
            for fact in outcomes.iter().filter_map(|o| outcome_of(&model, id, 0, o)) {
                told.insert((fact.account, fact.at, fact.kind, fact.subject), fact.detail);
            }
        }
        let told =
            told.into_iter().map(|((account, at, kind, subject), detail)| format!("{account} {at} {kind} {subject} {detail}")).collect();
        facts_as_told(life, told);
        ledger(life, &accounts, &model);
    }
}

fn facts_as_told(life: &Life<'_>, mut told: Vec<String>) {
    let written = life.runtime.block_on(life.store.outcomes_after(0, u32::MAX)).unwrap();
    let mut written: Vec<String> =
        written.into_iter().map(|o| o.outcome).map(|o| format!("{} {} {} {} {}", o.account, o.at, o.kind, o.subject, o.detail)).collect();
    written.sort();
    told.sort();
    told.dedup();
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = (written.iter().collect(), told.iter().collect());
    let only = |a: &BTreeSet<&String>, b: &BTreeSet<&String>| a.difference(b).map(|l| l.to_string()).collect::<Vec<_>>().join("\n  ");
    assert!(a == b, "only written:\n  {}\nonly replayed:\n  {}", only(&a, &b), only(&b, &a));
    assert_eq!(written.len(), told.len(), "written twice");
}

/// The ledger holds each alert that there is by what is known now, open or ended as it is; what else it holds is closed. Those that began before
/// their rule are silent in it, or not there.
fn ledger(life: &Life<'_>, accounts: &BTreeMap<Arc<str>, (Account, Vec<Outcome>)>, model: &tenure_model::Model) {
    let rules = RuleHistory::new(life.runtime.block_on(life.store.models()).unwrap());
    let mut expected: BTreeMap<String, (Option<OnExisting>, Option<(Instant, String)>)> = BTreeMap::new();
    for (id, (_, outcomes)) in accounts {
        let mut going_on = BTreeMap::new();
        for outcome in outcomes {
            let Happened::Alert { person, rule, state, why, .. } = &outcome.what else { continue };
            let definition = &model.alerts[*rule];
            if let Some(key) = alert_key(model, id, outcome) {
                let existing = outcome.at < rules.since(&definition.name, &definition.definition);
                expected.insert(key.clone(), (existing.then_some(definition.on_existing), None));
                going_on.insert((rule, person), key);
            } else if *state == AlertState::Inactive
                && let Some(key) = going_on.remove(&(rule, person))
            {
                expected.get_mut(&key).unwrap().1 = Some((outcome.at, why.name().to_owned()));
            }
        }
    }
    let alerts = life.runtime.block_on(life.store.alerts()).unwrap();
    for alert in &alerts {
        match expected.remove(&alert.key) {
            Some((existing, end)) => {
                assert_eq!(alert.resolved, end, "how {} ended", alert.key);
                let silent = alert.state == tenure_store::AlertState::Silent;
                assert_eq!(silent, existing == Some(OnExisting::Silent), "{} is {:?}", alert.key, alert.state);
            }
            None => assert!(alert.is_withdrawn(), "{} did not fire by what is known, and stands: {:?}", alert.key, alert.resolved),
        }
    }
    expected.retain(|_, (existing, _)| *existing != Some(OnExisting::Ignore));
    assert!(expected.is_empty(), "fired and not in the ledger: {expected:?}");
}

/// Keeps what a replay tells.
#[derive(Default)]
struct Replayed {
    told: Vec<Outcome>,
    accounts: Vec<(Account, Vec<Outcome>)>,
}

impl Sink for Replayed {
    fn outcome(&mut self, _: &Account, outcome: Outcome) {
        self.told.push(outcome);
    }
}

impl Visitor for Replayed {
    fn account(&mut self, account: Account, _: &Inputs<'_>) -> tenure_replay::Result<()> {
        self.accounts.push((account, std::mem::take(&mut self.told)));
        Ok(())
    }

    fn wants_unborn(&self) -> bool {
        true
    }
}

/// The generator and the server agree on which items are bad.
pub fn bad_items_are_bad(life: &Life<'_>) {
    for request in &life.sent {
        if let Says::Batch(body) = &request.says {
            let intake = segment(Endpoint::Batch, body, life.now()).unwrap();
            assert_eq!((intake.bad.len(), intake.events.len()), (request.bad.len(), request.messages.len()), "{body}");
        }
    }
}
