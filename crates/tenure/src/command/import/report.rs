//! The summary of one imported file, for people and as JSON.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tenure_history::Summary;
use tenure_import::{Imported, Outcome};
use tenure_store::{Added, Import, ImportCounts};

use crate::render::{count, counted};

/// What became of a file.
#[derive(Clone, Debug)]
pub struct Report {
    file: String,
    kind: String,
    end: End,
    counts: ImportCounts,
    skipped: u64,
    values: Added,
    memberships: Added,
    merges: u64,
    events: Summary,
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
    /// What became of a file of a kind, in so many seconds.
    pub fn new(path: &Path, kind: String, outcome: Outcome, seconds: f64) -> Report {
        match outcome {
            Outcome::Done(imported) => Report::of(path, kind, End::Done, *imported, seconds),
            Outcome::Known(import) => Report::known(path, kind, &import),
        }
    }

    /// It was only read.
    pub fn tried(path: &Path, kind: String, imported: Imported, seconds: f64) -> Report {
        Report::of(path, kind, End::Tried, imported, seconds)
    }

    fn of(path: &Path, kind: String, end: End, imported: Imported, seconds: f64) -> Report {
        let Imported { read, stated, events, found, counts, rejects } = imported;
        let file = path.display().to_string();
        let (values, memberships, merges) = (stated.values, stated.memberships, stated.merges);
        Report { file, kind, end, counts, skipped: read.skipped, values, memberships, merges, events, found, rejects, seconds }
    }

    /// It had been imported before.
    fn known(path: &Path, kind: String, import: &Import) -> Report {
        let at = import.finished_at.unwrap_or(import.started_at).to_string();
        Report {
            file: path.display().to_string(),
            kind,
            end: End::Known(at),
            counts: import.counts,
            skipped: 0,
            values: Added::default(),
            memberships: Added::default(),
            merges: 0,
            events: Summary::default(),
            found: 0,
            rejects: None,
            seconds: 0.0,
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let status = match self.end {
            End::Done => "imported",
            End::Tried => "read",
            End::Known(_) => "known",
        };
        let events = &self.events;
        json!({
            "file": self.file, "kind": self.kind, "status": status,
            "rows": self.counts.rows, "skipped": self.skipped, "rejected": self.counts.rejected, "conflicts": self.counts.conflicts,
            "new": self.counts.accepted, "known": self.counts.duplicates,
            "events": events.added, "events_known": events.duplicates, "quarantined": events.quarantined, "future": events.future,
            "found": self.found, "rejects": self.rejects, "seconds": self.seconds,
        })
    }

    /// `500 rows, 2 rejected, 2,481 values new, 19 values known before`.
    fn parts(&self) -> String {
        let (new, known) = if self.end == End::Tried { ("", "") } else { (" new", " known before") };
        let parts = [
            (1, counted(self.counts.rows, "row")),
            (self.skipped, format!("{} left out by the mapping", count(self.skipped))),
            (self.counts.rejected, format!("{} rejected", count(self.counts.rejected))),
            (self.values.new, counted(self.values.new, "value") + new),
            (self.values.known, counted(self.values.known, "value") + known),
            (self.memberships.new, counted(self.memberships.new, "membership") + new),
            (self.memberships.known, counted(self.memberships.known, "membership") + known),
            (self.events.added, counted(self.events.added, "event") + new),
            (self.events.duplicates, counted(self.events.duplicates, "event") + known),
            (self.merges, counted(self.merges, "merge") + new),
        ];
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, text)| text).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let End::Known(at) = &self.end {
            return writeln!(f, "{}: imported before ({at}), nothing to do; --again reads it again", self.file);
        }
        let events = &self.events;
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
