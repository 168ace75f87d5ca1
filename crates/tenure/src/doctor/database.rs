//! The database: is it reached, of which format, who runs the engine, how far has each reader of the journal come, is its clock ours?

use anyhow::Result;
use tenure_model::Instant;
use tenure_model::time::SECOND;
use tenure_store::{Mark, Store};

use super::Findings;
use crate::folder::Folder;
use crate::render;

/// Clocks that differ by more than this, in microseconds, are told of; by more than that, leases are not safe any more.
const SKEW_WARN: i64 = SECOND;
const SKEW_FAIL: i64 = 10 * SECOND;
/// Items that the engine may be behind without a word.
const BEHIND_WARN: u64 = 100_000;

pub async fn examine(folder: &Folder, deep: bool, is_running: bool, now: Instant, findings: &mut Findings) {
    const CHECK: &str = "database";
    let reached = match folder.store_as_is().await {
        Ok(store) => store.format().await.map(|format| (store, format)).map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    let (store, format) = match reached {
        Ok(reached) => reached,
        Err(error) => {
            let help = "is the path or URL right (--database, TENURE_DATABASE), does the server run, does it let this user in?";
            return findings.fail(CHECK, format!("{error:#}"), help);
        }
    };
    findings.ok(CHECK, format!("{} is reached", folder.database()));
    match (format.found, format.known) {
        (0, _) => return findings.warn("format", "there are no tables of Tenure in it", "tenure serve and tenure import make them"),
        (found, known) if found > known => {
            return findings.fail("format", format!("format {found}, this tenure knows {known}"), "use the newer tenure that wrote it");
        }
        (found, known) if found < known => {
            findings.warn("format", format!("format {found}, this tenure brings it to {known}"), "back up, then start tenure serve");
        }
        (found, _) => findings.ok("format", format!("format {found}, the newest this tenure knows")),
    }
    if let Err(error) = tables(folder, &store, deep, is_running, now, findings).await {
        findings.fail(CHECK, format!("{error:#}"), "restore a backup, if reading again gives the same");
    }
    store.close().await;
}

async fn tables(folder: &Folder, store: &Store, deep: bool, is_running: bool, now: Instant, findings: &mut Findings) -> Result<()> {
    if let Some(theirs) = store.clock().await? {
        let skew = theirs.0 - now.0;
        let message = format!("the database's clock is {:+.3} s from this machine's", skew as f64 / SECOND as f64);
        match skew.abs() {
            skew if skew > SKEW_FAIL => findings.fail("clock", message, "synchronise both (NTP): leases and due times rest on it"),
            skew if skew > SKEW_WARN => findings.warn("clock", message, "synchronise both (NTP)"),
            _ => findings.ok("clock", message),
        }
    }
    lease(store, is_running, folder.is_served(), now, findings).await?;
    journal(store, findings).await?;
    super::snapshot::examine(folder.root(), store, now, findings).await?;
    if deep {
        match store.check().await? {
            wrong if wrong.is_empty() => findings.ok("pages", "every page of the database was read"),
            wrong => findings.fail("pages", wrong.join("; "), "stop the service and restore a backup"),
        }
    }
    Ok(())
}

async fn lease(store: &Store, is_running: bool, is_served: bool, now: Instant, findings: &mut Findings) -> Result<()> {
    const CHECK: &str = "lease";
    match store.lease(tenure_service::LEASE).await? {
        // Who uses a file holds the lock of its folder too; the holder of a server's lease may be on another machine.
        Some(lease) if lease.expires_at > now && (is_running || is_served) => {
            findings.ok(CHECK, format!("{} runs the engine (fence {}), until {}", lease.holder, lease.fence, lease.expires_at));
        }
        Some(lease) if lease.expires_at > Instant::MIN && !is_running => {
            let help = "start it again: what was answered is journalled and will be taken in";
            findings.warn(CHECK, format!("{} ended without giving it back, it holds until {}", lease.holder, lease.expires_at), help);
        }
        _ if is_running => findings.ok(CHECK, "nobody runs the engine; a command is writing"),
        _ => findings.ok(CHECK, "nobody runs the engine"),
    }
    Ok(())
}

async fn journal(store: &Store, findings: &mut Findings) -> Result<()> {
    let (head, engine, archive) = (store.journal_head().await?, store.mark(Mark::Engine).await?, store.mark(Mark::Archive).await?);
    let (behind, unarchived) = (store.journal_depth(engine).await?, store.journal_depth(archive).await?);
    let message = format!(
        "engine at {engine}, archive at {archive}, {}; {} after the engine, {} not archived",
        head.map_or_else(|| "journal empty".to_owned(), |head| format!("journal up to {head}")),
        render::counted(behind.items, "item"),
        render::counted(unarchived.items, "item"),
    );
    match behind.items {
        items if items > BEHIND_WARN => {
            findings.warn("journal", message, "the engine catches up when tenure serve runs; if it does, look at its log")
        }
        _ => findings.ok("journal", message),
    }
    let (before, after) = (archive.min(engine), archive.max(engine));
    if archive > engine {
        findings.fail(
            "journal",
            format!("the archive is at {after}, beyond the engine at {before}"),
            "restore a backup: this must not happen",
        );
    }
    Ok(())
}
