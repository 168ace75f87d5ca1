//! The summary of one imported file, for people and as JSON.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tenure_store::{Import, ImportCounts, ImportKey};

use super::Said;
use crate::render::{count, counted};

/// What became of a file.
#[derive(Clone, Debug)]
pub struct Report {
    file: String,
    kind: String,
    end: End,
    counts: ImportCounts,
    said: Said,
    found: u64,
    rejects: Option<PathBuf>,
    seconds: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum End {
    /// Imported.
    Done,
    /// Only read.
    Tried,
    /// Imported before, then.
    Known(String),
}

impl Report {
    /// It was imported. `found`: events of earlier imports whose account became another one by it.
    pub(super) fn done(
        path: &Path,
        key: &ImportKey,
        counts: ImportCounts,
        said: Said,
        found: u64,
        rejects: Option<PathBuf>,
        seconds: f64,
    ) -> Report {
        let found = found + said.events.found;
        Report { file: path.display().to_string(), kind: key.kind.clone(), end: End::Done, counts, said, found, rejects, seconds }
    }

    /// It was only read.
    pub(super) fn tried(path: &Path, key: &ImportKey, counts: ImportCounts, said: Said, rejects: Option<PathBuf>, seconds: f64) -> Report {
        Report { end: End::Tried, ..Report::done(path, key, counts, said, 0, rejects, seconds) }
    }

    /// It had been imported before.
    pub(super) fn known(path: &Path, key: &ImportKey, import: &Import) -> Report {
        let at = import.finished_at.unwrap_or(import.started_at).to_string();
        Report { end: End::Known(at), ..Report::done(path, key, import.counts, Said::default(), 0, None, 0.0) }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let status = match self.end {
            End::Done => "imported",
            End::Tried => "read",
            End::Known(_) => "known",
        };
        let events = &self.said.events;
        json!({
            "file": self.file, "kind": self.kind, "status": status,
            "rows": self.counts.rows, "skipped": self.said.skipped, "rejected": self.counts.rejected, "conflicts": self.counts.conflicts,
            "new": self.counts.accepted, "known": self.counts.duplicates,
            "events": events.added, "events_known": events.duplicates, "quarantined": events.quarantined, "future": events.future,
            "found": self.found, "rejects": self.rejects, "seconds": self.seconds,
        })
    }

    /// `500 rows, 2 rejected, 2,481 values new, 19 values known before`.
    fn parts(&self) -> String {
        let said = &self.said;
        let (new, known) = if self.end == End::Tried { ("", "") } else { (" new", " known before") };
        let parts = [
            (1, counted(self.counts.rows, "row")),
            (said.skipped, format!("{} left out by the mapping", count(said.skipped))),
            (self.counts.rejected, format!("{} rejected", count(self.counts.rejected))),
            (said.values.new, counted(said.values.new, "value") + new),
            (said.values.known, counted(said.values.known, "value") + known),
            (said.memberships.new, counted(said.memberships.new, "membership") + new),
            (said.memberships.known, counted(said.memberships.known, "membership") + known),
            (said.events.added, counted(said.events.added, "event") + new),
            (said.events.duplicates, counted(said.events.duplicates, "event") + known),
            (said.merges, counted(said.merges, "merge") + new),
        ];
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, text)| text).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let End::Known(at) = &self.end {
            return writeln!(f, "{}: imported before ({at}), nothing to do; --again reads it again", self.file);
        }
        let events = &self.said.events;
        let rate = self.counts.rows as f64 / self.seconds.max(1e-9);
        writeln!(f, "{}: {} ({:.1} s, {} rows a second)", self.file, self.parts(), self.seconds, count(rate as u64))?;
        if let Some((first, last)) = events.span {
            writeln!(f, "  events from {first} to {last}")?;
        }
        if let Some(path) = &self.rejects {
            writeln!(f, "  rejected rows, with reasons: {}", path.display())?;
        }
        let notes = [
            (
                self.counts.conflicts,
                counted(self.counts.conflicts, "contradiction")
                    + ": another value of the same date; the greater text holds (--at dates a file)",
            ),
            (
                events.quarantined,
                counted(events.quarantined, "event") + " in quarantine: the account is not known; importing people may tell it",
            ),
            (events.future, counted(events.future, "event") + " in the future, waiting for their time"),
            (self.found, counted(self.found, "event") + " of earlier imports placed anew"),
        ];
        for (_, note) in notes.iter().filter(|(n, _)| *n > 0) {
            writeln!(f, "  {note}")?;
        }
        if self.end == End::Tried { writeln!(f, "  nothing was kept: --dry-run") } else { Ok(()) }
    }
}
