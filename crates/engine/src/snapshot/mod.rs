//! Snapshots of accounts: their state as bytes, to start again without replaying their history.
//!
//! A file begins with a header that names the format and the model's revision. Each account then stands for itself: its length, its parts in
//! the order of [`Account`]'s fields, a checksum. What the plan of the model says is not written, nor is what is only remembered to be faster.

mod account;
mod bytes;
mod checksum;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tenure_model::Value;

use crate::account::Account;
use crate::{Change, Engine};
pub(crate) use bytes::{Broken, Reader, Saved, Writer, saved};

/// The format that is written. It changes with every change of what is written; other formats are not read: their accounts are replayed.
pub const FORMAT: u32 = 1;

/// What a file of snapshots begins with.
const MAGIC: &[u8; 8] = b"tenure-s";

/// Why a snapshot cannot be used. The caller replays the accounts from their history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It is in another format, or no snapshot at all.
    #[error("the snapshot is in format {found}, this version reads format {FORMAT}: replay the accounts from their history")]
    Format {
        /// Its format; 0 of what is no snapshot.
        found: u32,
    },
    /// It is of another model.
    #[error("the snapshot is of revision {found} of the model, not of {expected}: replay the accounts from their history")]
    Revision {
        /// Its revision.
        found: String,
        /// The engine's.
        expected: String,
    },
    /// Its bytes are not those that were written.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
}

impl From<Broken> for SnapshotError {
    fn from(broken: Broken) -> SnapshotError {
        SnapshotError::Damaged(broken.0)
    }
}

/// The texts that a model gives to values: every account shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    list: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u32>,
}

impl Names {
    /// Numbers texts, each once.
    pub fn new<'a>(texts: impl Iterator<Item = &'a Arc<str>>) -> Names {
        let mut names = Names::default();
        for text in texts {
            if !names.numbers.contains_key(text) {
                names.numbers.insert(text.clone(), names.list.len() as u32);
                names.list.push(text.clone());
            }
        }
        names
    }
}

/// Reads what a file of snapshots begins with, and leaves `bytes` at its first account. Gives the revision of its model.
///
/// # Errors
/// If it is no snapshot, or in another format: then nothing in it can be used.
pub fn read_header(bytes: &mut &[u8]) -> Result<String, SnapshotError> {
    let no_snapshot = SnapshotError::Format { found: 0 };
    let rest = bytes.strip_prefix(MAGIC).ok_or(no_snapshot.clone())?;
    let (format, rest) = rest.split_first_chunk().ok_or(no_snapshot)?;
    let found = u32::from_le_bytes(*format);
    if found != FORMAT {
        return Err(SnapshotError::Format { found });
    }
    let damaged = SnapshotError::Damaged("its header ends too early");
    let (length, rest) = rest.split_first_chunk().ok_or(damaged.clone())?;
    let (revision, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(damaged)?;
    *bytes = rest;
    Ok(String::from_utf8_lossy(revision).into_owned())
}

impl Engine {
    /// Appends what a file of snapshots begins with: format and revision of the model. Once for each file.
    pub fn save_header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        let revision = self.model.revision.0.as_bytes();
        out.extend_from_slice(&(revision.len() as u32).to_le_bytes());
        out.extend_from_slice(revision);
    }

    /// Reads what a file of snapshots begins with, and leaves `bytes` at its first account.
    ///
    /// # Errors
    /// If it is no snapshot, in another format, or of another revision of the model: then nothing in it can be used.
    pub fn restore_header(&self, bytes: &mut &[u8]) -> Result<(), SnapshotError> {
        let (found, expected) = (read_header(bytes)?, &self.model.revision.0);
        if found != *expected {
            return Err(SnapshotError::Revision { found, expected: expected.clone() });
        }
        Ok(())
    }

    /// Appends an account's state. The same account gives the same state again, not always the same bytes.
    pub fn save(&self, account: &Account, out: &mut Vec<u8>) {
        framed(out, |out| account::save(self, account, &mut Writer::new(out, &self.names, account)));
    }

    /// Appends changes that lie ahead of an account, or after a checkpoint of it.
    pub fn save_changes(&self, account: &Account, changes: &[Change], out: &mut Vec<u8>) {
        framed(out, |out| {
            let mut w = Writer::new(out, &self.names, account);
            w.length(changes.len());
            changes.iter().for_each(|change| change.save(&mut w));
        });
    }

    /// Reads the next account, and leaves `bytes` after it. It was saved by an engine of the same model: see [`Engine::restore_header`].
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`] if the bytes end too early or are not those that were written; `bytes` stays where it was.
    pub fn restore(&self, bytes: &mut &[u8]) -> Result<Account, SnapshotError> {
        let (parts, rest) = unframed(bytes)?;
        let account = self.restore_parts(parts)?;
        *bytes = rest;
        Ok(account)
    }

    /// Reads what `save_changes` wrote, and leaves `bytes` after it.
    ///
    /// # Errors
    /// As [`Engine::restore`].
    pub fn restore_changes(&self, bytes: &mut &[u8]) -> Result<Vec<Change>, SnapshotError> {
        let (parts, rest) = unframed(bytes)?;
        let mut reader = Reader::new(parts, &self.names)?;
        let changes = Vec::restore(&mut reader)?;
        *bytes = rest;
        Ok(changes)
    }

    /// Reads the parts of an account, whose checksum is right.
    fn restore_parts(&self, parts: &[u8]) -> Result<Account, Broken> {
        let mut reader = Reader::new(parts, &self.names)?;
        let account = account::restore(self, &mut reader)?;
        if reader.is_empty() { Ok(account) } else { Err(Broken("an account is longer than its parts")) }
    }
}

/// Appends what is written with its length before it and its checksum after it.
fn framed(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    let sum = checksum::checksum(&out[start..]);
    out.extend_from_slice(&sum.to_le_bytes());
}

/// What was framed, and what comes after it.
fn unframed(bytes: &[u8]) -> Result<(&[u8], &[u8]), SnapshotError> {
    let length = bytes.first_chunk().map(|n| u32::from_le_bytes(*n) as usize).ok_or(SnapshotError::Damaged("it ends too early"))?;
    let (whole, rest) = bytes.split_at_checked(length.saturating_add(4)).ok_or(SnapshotError::Damaged("an account ends too early"))?;
    let (sum, rest) = rest.split_first_chunk().ok_or(SnapshotError::Damaged("an account ends too early"))?;
    if checksum::checksum(whole) != u64::from_le_bytes(*sum) {
        return Err(SnapshotError::Damaged("an account's checksum is another"));
    }
    Ok((&whole[4..], rest))
}

impl Names {
    fn number(&self, value: &Value) -> Option<u32> {
        value.as_text().and_then(|text| self.numbers.get(text)).copied()
    }
}
