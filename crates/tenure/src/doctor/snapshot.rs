//! The snapshot that the next start begins with: is there one, of which model, how old, how much of the journal comes after it, and is it whole?

use std::path::Path;

use anyhow::Result;
use tenure_model::Instant;
use tenure_model::time::HOUR;
use tenure_service::snapshot::{Whole, examine as read};
use tenure_store::{Mark, Store};

use super::Findings;
use crate::model::short;
use crate::render;

const CHECK: &str = "snapshot";
/// What it costs where there is none to begin with.
const COST: &str = "nothing is lost: the next start of tenure serve tells all accounts from their history, which takes as long as tenure evaluate, \
    and takes a new one";
/// A snapshot is taken with every run of the archive; one so old, in microseconds, with something after it is a sign that they fail.
const OLD: i64 = HOUR;

pub async fn examine(data: &Path, store: &Store, now: Instant, findings: &mut Findings) -> Result<()> {
    let Some((mut position, mut taken_at)) = store.marked(Mark::Snapshot).await? else {
        match store.marked(Mark::Engine).await? {
            None => findings.ok(CHECK, "none: tenure serve takes the first one"),
            Some(_) => findings.warn(CHECK, "there is none", COST),
        }
        return Ok(());
    };
    let mut found = tokio::task::block_in_place(|| read(data, position, taken_at));
    // A service that runs may have put another one in its place meanwhile.
    if let Some(now_in_force) = store.marked(Mark::Snapshot).await?.filter(|mark| found.is_err() && *mark != (position, taken_at)) {
        (position, taken_at) = now_in_force;
        found = tokio::task::block_in_place(|| read(data, position, taken_at));
    }
    let Whole { revision, format, bytes } = match found {
        Ok(whole) => whole,
        Err(why) => {
            findings.warn(CHECK, format!("the one of {taken_at} cannot be used: {why}"), COST);
            return Ok(());
        }
    };
    let after = store.journal_depth(position).await?;
    let message = format!(
        "of {taken_at}, model {}, format {format}, {}; {} of the journal after it",
        short(&revision.0),
        indicatif::HumanBytes(bytes),
        render::counted(after.rows, "row"),
    );
    let (unknown, last) = (store.unknown_inputs().await?, store.last_model().await?.map(|model| model.revision));
    if unknown != 0 {
        findings.warn(CHECK, format!("{message}; what was imported since is not in it"), COST);
    } else if let Some(last) = last.filter(|last| *last != revision) {
        findings.warn(CHECK, format!("{message}; the model that decides is {}", short(&last.0)), COST);
    } else if after.rows > 0 && now.0 - taken_at.0 > OLD {
        findings.warn(CHECK, message, "where tenure serve runs, its log says why none was taken since; the next start takes in those rows");
    } else {
        findings.ok(CHECK, message);
    }
    Ok(())
}
