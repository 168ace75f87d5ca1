//! The second pass over a file that says more than events: its values, memberships and merges are written.

use std::sync::Arc;

use tenure_ingest::Inputs;
use tenure_store::{Added, Lease, Store, Write};

use crate::{Phase, Progress, Reading, Result, Source};

/// Who a merge of a file is by.
const AUTHOR: &str = "import";

/// How what a file says is divided among transactions.
#[derive(Clone, Debug)]
pub enum Transactions {
    /// All in one: others that want to write wait.
    One,
    /// So many statements in each: others write in between. Each is fenced by a lease.
    Many(usize, Lease),
}

/// What of a file's statements was new.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stated {
    /// Values of fields.
    pub values: Added,
    /// Memberships.
    pub memberships: Added,
    /// Merges that were new.
    pub merges: u64,
}

/// Writes what a file says beside events, as the import of this number.
///
/// # Errors
/// Where file or database fail, or a merge contradicts another one; `Error::Stopped`.
pub async fn state(
    source: &Source,
    reading: &Reading,
    store: &Store,
    id: i64,
    transactions: &Transactions,
    progress: &Arc<Progress>,
) -> Result<Stated> {
    progress.begin(Phase::Writing, source.length());
    let mut stated = Stated::default();
    let mut chunks = source.chunks(reading, progress);
    let (most, lease) = match transactions {
        Transactions::One => (usize::MAX, None),
        Transactions::Many(most, lease) => (*most, Some(lease)),
    };
    let mut one = if lease.is_none() { Some(store.write().await?) } else { None };
    while let Some(chunk) = chunks.next().await {
        let mut chunk = chunk?;
        if let Some(dated) = reading.dated {
            chunk.versions.iter_mut().filter(|v| v.valid_from.is_none()).for_each(|v| v.valid_from = Some(dated));
        }
        for part in parts(chunk, most) {
            progress.go_on()?;
            if let Some(write) = &mut one {
                add(write, id, &part, &mut stated).await?;
                continue;
            }
            let mut write = store.write().await?;
            if let Some(lease) = lease {
                write.fenced(lease).await?;
            }
            add(&mut write, id, &part, &mut stated).await?;
            write.commit().await?;
        }
    }
    if let Some(write) = one {
        write.commit().await?;
    }
    Ok(stated)
}

/// The statements of a chunk in parts.
fn parts(mut chunk: Inputs, most: usize) -> Vec<Inputs> {
    let mut parts = Vec::new();
    loop {
        let mut part = Inputs::default();
        part.versions = take(&mut chunk.versions, most);
        part.memberships = take(&mut chunk.memberships, most - part.versions.len());
        part.merges = take(&mut chunk.merges, most - part.versions.len() - part.memberships.len());
        if part.versions.is_empty() && part.memberships.is_empty() && part.merges.is_empty() {
            return parts;
        }
        parts.push(part);
    }
}

/// The first of a list, at most so many.
fn take<T>(from: &mut Vec<T>, most: usize) -> Vec<T> {
    let rest = from.split_off(most.min(from.len()));
    std::mem::replace(from, rest)
}

/// Writes what a chunk says of accounts, people and subscriptions.
async fn add(write: &mut Write, id: i64, chunk: &Inputs, stated: &mut Stated) -> Result<()> {
    stated.values += write.add_versions(id, &chunk.versions).await?;
    stated.memberships += write.add_memberships(id, &chunk.memberships).await?;
    for merge in &chunk.merges {
        stated.merges += u64::from(write.add_merge(merge, AUTHOR).await?);
    }
    Ok(())
}
