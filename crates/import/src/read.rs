//! The first pass over a file: what it holds, with nothing kept of it but its rejected rows and its events, which wait to be swapped in.

use std::sync::Arc;

use crate::{Concerned, Phase, Progress, Reading, Rejects, Result, Source};

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// Rows of the file.
    pub rows: u64,
    /// Rows that the mapping left out.
    pub skipped: u64,
    /// Values of fields.
    pub values: u64,
    /// Memberships.
    pub memberships: u64,
    /// Merges.
    pub merges: u64,
    /// Events.
    pub events: u64,
    /// The accounts it is about.
    pub concerned: Concerned,
}

impl Read {
    /// Does it say anything beside events?
    pub fn states(&self) -> bool {
        self.values + self.memberships + self.merges > 0
    }
}

/// Reads a file to its end. Its events go to `events`, where they wait; without, they are only counted.
///
/// # Errors
/// Where the file cannot be read any further; `Error::Cancelled`, `Error::Stopped`.
pub async fn read(
    source: &Source,
    reading: &Reading,
    mut events: Option<&mut tenure_history::Import<'_>>,
    rejects: &mut Rejects,
    progress: &Arc<Progress>,
) -> Result<Read> {
    progress.begin(Phase::Reading, source.length());
    let mut read = Read::default();
    let mut chunks = source.chunks(reading, progress);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        progress.go_on()?;
        progress.count(chunk.rows, chunk.rejects.len() as u64);
        read.rows += chunk.rows;
        read.skipped += chunk.skipped;
        read.values += chunk.versions.len() as u64;
        read.memberships += chunk.memberships.len() as u64;
        read.merges += chunk.merges.len() as u64;
        read.events += chunk.event_count() as u64;
        read.concerned.add(&chunk);
        rejects.add(&chunk.rejects)?;
        if let Some(events) = &mut events {
            chunk.events.iter().try_for_each(|batch| events.append(batch))?;
        }
    }
    progress.go_on()?;
    Ok(read)
}
