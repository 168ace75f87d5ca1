//! `tenure retain`: removes by hand what has been kept long enough, or says what that would be.

use anyhow::Result;

use super::{Outcome, Shared};
use crate::render::{self, counted};
use crate::{clock, retain};

/// Options of `tenure retain`.
#[derive(clap::Args, Debug)]
#[command(after_help = "What is kept how long is configured: retention.events, .audit_log, .quarantine, .outbox, .sessions.")]
pub struct Retain {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove months of events too; without it they are only told of
    #[arg(long)]
    events: bool,
}

impl Retain {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let folder = shared.folder()?;
        let retention = &shared.settings.retention;
        let now = clock::now();
        let removes = !self.dry_run;
        // Rows may go beside a running service; months may not: it has replayed them.
        let _lock = if removes && self.events { Some(folder.lock()?) } else { None };
        let store = if removes { folder.store().await? } else { folder.store_to_read().await? };
        let mut text = String::new();
        for expired in retain::expired(&store, retention, now).await? {
            let rows = if removes && expired.rows > 0 { retain::remove(&store, &expired).await? } else { expired.rows };
            let verb = if removes { "removed" } else { "would remove" };
            text += &format!("{:<12} {verb} {} from before {}\n", expired.kept.table(), counted(rows, "row"), expired.before);
        }
        if let Some(before) = retention.events.before(now) {
            let mut archive = folder.archive()?;
            let months = if removes && self.events { archive.forget(before)? } else { archive.older(before) };
            let events: u64 = months.iter().map(|(_, events)| events).sum();
            let verb = if removes && self.events { "removed" } else { "would remove" };
            text += &format!("{:<12} {verb} {} in {}\n", "events", counted(events, "event"), counted(months.len() as u64, "month"));
            if let (Some((first, _)), Some((last, _))) = (months.first(), months.last()) {
                text += &format!("{:<12} {first} to {last}; accounts are computed without them from then on\n", "");
            }
            if removes && self.events && !months.is_empty() {
                // What was evaluated before is of another history now: it is to look old.
                let mut write = store.write().await?;
                write.next_position().await?;
                write.commit().await?;
                text += &format!("{:<12} run tenure evaluate: its tables are from before\n", "");
            } else if removes && !self.events && !months.is_empty() {
                text += &format!("{:<12} tenure retain --events does it, while no tenure serve runs\n", "");
            }
        }
        render::text(&text)?;
        Ok(Outcome::Fine)
    }
}
