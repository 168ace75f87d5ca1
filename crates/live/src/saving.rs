//! Snapshots of all accounts at one instant, taken part by part while they live on.
//!
//! `begin_saving` fixes the instant: a moment between two steps. From then on, whoever is about to be changed and has not been written yet is
//! written first, as it still is (`keep`); what only grows (memberships, keys) is written as far as it had come. So all parts together are the
//! state at that one instant, though each was taken under a short lock of its own.

use std::ops::Range;
use std::sync::Arc;

use tenure_engine::snapshot::SnapshotError;
use tenure_engine::{Engine, EventTable};
use tenure_ingest::Resolver;
use tenure_model::Instant;
use tenure_model::input::{Membership, Merge};

use crate::bytes::{Reader, Writer};
use crate::keys::{Key, Keys};
use crate::population::Live;
use crate::recent::Recent;
use crate::silence::Sources;
use crate::slot::Slot;

/// The format of the parts. It changes with what is written here; the engine's own format stands in its header.
pub const FORMAT: u32 = 2;

/// Memberships or keys in one part at most.
const PART_ITEMS: usize = 20_000;

/// What a part holds: its first byte.
const GROUND: u8 = 0;
const MEMBERSHIPS: u8 = 1;
const KEYS: u8 = 2;
const ACCOUNTS: u8 = 3;

/// How far a snapshot has come.
#[derive(Debug)]
pub(crate) struct Saving {
    /// What was short enough to be written at once.
    ground: Option<Vec<u8>>,
    memberships: Range<usize>,
    keys: Range<u64>,
    /// The next account, and how many there are.
    accounts: Range<usize>,
    /// By account: has it been written?
    written: Vec<bool>,
    /// Accounts that changed before their turn.
    early: Vec<u8>,
}

/// A part of a snapshot, read back.
pub struct Part(Contents);

enum Contents {
    Ground { merges: Vec<Merge>, homeless: Vec<Recent>, sources: Sources },
    Memberships(Vec<Membership>),
    Keys(Vec<(Instant, Key)>),
    Accounts(Vec<Slot>),
}

impl Live {
    /// Begins a snapshot of what is now, between two steps; one that was under way is given up.
    pub fn begin_saving(&mut self) {
        let mut ground = vec![GROUND];
        let mut w = Writer(&mut ground);
        let merges: Vec<&Merge> = self.resolver.merges().collect();
        w.list(&merges, |w, merge| {
            w.number(i64::from(merge.account));
            w.text(&merge.from);
            w.text(&merge.into);
            w.number(merge.at.0);
        });
        let homeless: Vec<&Recent> = self.homeless.values().flatten().collect();
        w.list(&homeless, |w, event| Recent::save(w, event));
        self.sources.save(&mut w);
        let [since, saved] = &mut self.told;
        saved.append(since);
        self.saving = Some(Saving {
            ground: Some(ground),
            memberships: 0..self.resolver.told().len(),
            keys: 0..self.keys.next_number(),
            accounts: 0..self.shelf.len(),
            written: vec![false; self.shelf.len()],
            early: vec![ACCOUNTS],
        });
    }

    /// The next part, of so many bytes of accounts or a little more; None after the last. The parts are independent of each other.
    pub fn save_some(&mut self, bytes: usize) -> Option<Vec<u8>> {
        let saving = self.saving.as_mut()?;
        if let Some(ground) = saving.ground.take() {
            return Some(ground);
        }
        if let Some(part) = next(&mut saving.memberships, |at| at + PART_ITEMS) {
            let mut out = vec![MEMBERSHIPS];
            // A merge may have moved them around, and then told their order anew: it stays as it was.
            Writer(&mut out).list(&self.resolver.told()[part], |w, m| {
                w.text(&m.person);
                w.text(&m.account);
                w.number(m.from.unwrap_or(Instant::MIN).0);
                w.number(m.until.unwrap_or(Instant::NEVER).0);
            });
            return Some(out);
        }
        if let Some(part) = next(&mut saving.keys, |at| at + PART_ITEMS as u64) {
            let mut out = vec![KEYS];
            for (at, key) in self.keys.numbered(part) {
                out.extend_from_slice(&at.0.to_le_bytes());
                out.extend_from_slice(&key.0);
            }
            return Some(out);
        }
        let mut out = std::mem::replace(&mut saving.early, vec![ACCOUNTS]);
        while out.len() < bytes
            && let Some(i) = saving.accounts.next()
        {
            if !std::mem::replace(&mut saving.written[i], true) {
                self.shelf.save(i, &mut out);
            }
        }
        if out.len() == 1 {
            self.saving = None;
            return None;
        }
        Some(out)
    }

    /// Writes an account that is about to change, where a snapshot wants it as it is now.
    pub(crate) fn keep(&mut self, i: usize) {
        if let Some(saving) = &mut self.saving
            && let Some(written) = saving.written.get_mut(i)
            && !std::mem::replace(written, true)
        {
            self.shelf.save(i, &mut saving.early);
        }
    }

    /// The state that a snapshot's parts, all of them and in any order, have kept.
    pub fn restore(engine: Arc<Engine>, parts: Vec<Part>) -> Live {
        let mut restoring = Restoring::new(Live::new(engine, Resolver::default(), Keys::default()));
        parts.into_iter().for_each(|part| restoring.take(part));
        restoring.finish()
    }

    /// Adds an account as it was kept.
    fn put(&mut self, slot: Slot) {
        let i = self.slot(slot.head.id().clone());
        let waits = slot.is_waiting();
        slot.recent().iter().for_each(|event| self.note_named(i, event));
        *self.shelf.get(i) = slot;
        if waits {
            self.touch(i);
        }
        self.set_timer(i);
    }
}

/// Accounts that come back part by part.
pub struct Restoring {
    /// The accounts so far: to pack them away where they are too many.
    pub live: Live,
    memberships: Vec<Vec<Membership>>,
    keys: Vec<(Instant, Key)>,
    homeless: Vec<Recent>,
}

impl Restoring {
    /// Into a state that knows nobody.
    pub fn new(live: Live) -> Restoring {
        Restoring { live, memberships: vec![], keys: vec![], homeless: vec![] }
    }

    /// Takes a part, in any order.
    pub fn take(&mut self, part: Part) {
        match part.0 {
            Contents::Ground { merges, homeless, sources } => {
                self.live.sources = sources;
                self.live.resolver = Resolver::new(&[], &merges);
                self.homeless = homeless;
            }
            Contents::Memberships(part) => self.memberships.push(part),
            Contents::Keys(part) => self.keys.extend(part),
            Contents::Accounts(slots) => slots.into_iter().for_each(|slot| self.live.put(slot)),
        }
    }

    /// All parts were taken.
    pub fn finish(mut self) -> Live {
        for membership in self.memberships.iter().flatten() {
            self.live.resolver.learn(membership);
        }
        self.keys.sort_by_key(|(at, _)| *at);
        for (at, key) in self.keys {
            self.live.keys.note(key, at);
        }
        for event in self.homeless {
            self.live.homeless.entry(event.person.clone().unwrap_or_else(|| "".into())).or_default().push(event);
        }
        self.live
    }
}

impl Part {
    /// Reads a part. The engine is that of the model it was saved with.
    ///
    /// # Errors
    /// Where the bytes are not those of a part.
    pub fn read(engine: &Engine, bytes: &[u8]) -> Result<Part, SnapshotError> {
        let (kind, mut bytes) = bytes.split_first().ok_or(SnapshotError::Damaged("a part is empty"))?;
        let mut r = Reader(&mut bytes);
        Ok(Part(match *kind {
            GROUND => Contents::Ground {
                merges: r.list(|r| {
                    let account = r.number()? != 0;
                    Ok(Merge { account, from: r.text()?.to_owned(), into: r.text()?.to_owned(), at: Instant(r.number()?) })
                })?,
                homeless: r.list(Recent::restore)?,
                sources: Sources::restore(&mut r)?,
            },
            MEMBERSHIPS => Contents::Memberships(r.list(|r| {
                let (person, account) = (r.text()?.to_owned(), r.text()?.to_owned());
                let (from, until) = (Instant(r.number()?), Instant(r.number()?));
                let (from, until) = (Some(from).filter(|t| *t != Instant::MIN), Some(until).filter(|t| *t != Instant::NEVER));
                Ok(Membership { person, account, from, until })
            })?),
            KEYS => {
                let mut keys = Vec::with_capacity(r.0.len() / 24);
                while !r.is_empty() {
                    let mut fixed = || r.take(8)?.try_into().map_err(|_| SnapshotError::Damaged("a key is short"));
                    let (at, low, high): ([u8; 8], [u8; 8], [u8; 8]) = (fixed()?, fixed()?, fixed()?);
                    let mut key = [0; 16];
                    key[..8].copy_from_slice(&low);
                    key[8..].copy_from_slice(&high);
                    keys.push((Instant(i64::from_le_bytes(at)), Key(key)));
                }
                Contents::Keys(keys)
            }
            ACCOUNTS => {
                let empty = EventTable::new(engine.model());
                let mut slots = Vec::new();
                while !bytes.is_empty() {
                    slots.push(Slot::restore(engine, &empty, &mut bytes)?);
                }
                Contents::Accounts(slots)
            }
            _ => return Err(SnapshotError::Damaged("a part has no such form")),
        }))
    }
}

/// Takes the first numbers off a range, up to where `end` says; None where it is empty.
fn next<N: Copy + Ord>(range: &mut Range<N>, end: impl Fn(N) -> N) -> Option<Range<N>> {
    let part = range.start..end(range.start).min(range.end);
    range.start = part.end;
    (part.start < part.end).then_some(part)
}

#[cfg(test)]
mod tests;
