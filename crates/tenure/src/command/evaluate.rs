//! `tenure evaluate`: applies a model and runs all history through it, into histories and the ledger of alerts.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;
use tenure_model::{Calendar, Day, Instant};

use super::decision::Author;
use super::{Outcome, Shared};
use crate::clock::{self, Stopwatch};
use crate::evaluation::{Evaluated, Evaluation};
use crate::ledger::Recorded;
use crate::model::{self, short};
use crate::world::Opened;
use crate::{render, when};
use tenure_tables::evaluated::assumed::Assumed;
use tenure_tables::evaluated::derived::{self, Firing};
use tenure_tables::evaluated::manifest::Manifest;
use tenure_tables::evaluated::oscillated::Oscillated;

/// Options of `tenure evaluate`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Writes derived/<revision>/ in the data folder. The model is kept with its files: later commands use it unless --model says otherwise."
)]
pub struct Evaluate {
    /// The model's folder or file [default: --model, else the one applied last, else ./model]
    model: Option<PathBuf>,
    /// Up to when [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only once a date, at its last instant: faster, for exploring; the ledger of alerts is left as it is
    #[arg(long)]
    sampled: bool,
    /// With --sampled: the first date; what came before is looked at once, at its eve
    #[arg(long, value_name = "DATE", requires = "sampled")]
    from: Option<String>,
    /// Evaluate even where nothing has changed since the last time
    #[arg(long)]
    again: bool,
    /// Write the summary as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    author: Author,
}

/// Undated traits that are named.
const TRAITS_SHOWN: usize = 4;
/// Definitions that are named where accounts did not settle.
const DEFINITIONS_SHOWN: usize = 8;

/// What an evaluation gave.
struct Summary {
    manifest: Manifest,
    firings: Vec<Firing>,
    /// None where it was not written.
    ledger: Option<Recorded>,
    seconds: f64,
}

impl Evaluate {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let watch = Stopwatch::start();
        let folder = shared.folder()?;
        let _lock = folder.lock()?;
        let store = folder.store().await?;
        let source = model::find(self.model.as_deref().or(shared.model.as_deref()), Some(&store)).await?;
        let opened = Opened::with(folder, store, source)?;
        let to = self.to.as_deref().map_or_else(|| Ok(clock::now()), |t| when::as_of(t, &opened.loaded.model.calendar))?;
        let revision = opened.loaded.model.revision.clone();
        let target = opened.folder.derived(&revision);

        let last = opened.store.last_evaluated().await?;
        let position = opened.store.position().await?;
        let covers = |m: &Manifest| m.sampled == self.sampled && m.covers(to, position);
        let done = Manifest::read(&target).is_some_and(|m| covers(&m) && derived::is_whole(&target, m.accounts));
        if !self.again && done && last.as_ref().is_some_and(|e| e.revision == revision && e.until == to && e.position == position) {
            self.print(&opened, to, None)?;
            return Ok(Outcome::Fine);
        }
        if let Some(before) = last.filter(|e| e.until > to) {
            remark!(
                "up to {to} lies before the last evaluation, up to {}: lists, SQL and explanations are as of then from now on",
                before.until
            );
        }
        let applied = opened.loaded.applied(&self.author.by, "evaluated");
        let evaluation = Evaluation { opened: &opened, applied: &applied, to, samples: self.samples(&opened.loaded.model.calendar)? };
        let Evaluated { manifest, firings, ledger } = evaluation.run().await?;
        self.print(&opened, to, Some(Summary { manifest, firings, ledger, seconds: watch.seconds() }))?;
        Ok(Outcome::Fine)
    }

    /// The first date of samples; None where every instant counts.
    fn samples(&self, calendar: &Calendar) -> Result<Option<Day>> {
        let from = self.from.as_deref().map(|date| when::as_of(date, calendar)).transpose()?.map_or(Day(i32::MIN), |t| calendar.day(t));
        Ok(self.sampled.then_some(from))
    }

    fn print(&self, opened: &Opened, to: Instant, summary: Option<Summary>) -> Result<()> {
        let revision = &opened.loaded.model.revision.0;
        let text = match (&summary, self.json) {
            (None, true) => format!("{}\n", json!({ "revision": revision, "until": to.to_string(), "changed": false })),
            (None, false) => format!("{} was evaluated up to {to}, and nothing has come in since\n", short(revision)),
            (Some(s), true) => {
                let report = json!({
                    "revision": revision, "until": to.to_string(), "changed": true, "sampled": self.sampled, "accounts": s.manifest.accounts, "events": s.manifest.events, "assumed": s.manifest.assumed, "oscillated": s.manifest.oscillated,
                    "fired": s.firings.len(), "firing": s.firings.iter().filter(|f| f.resolved.is_none()).count(), "new_alerts": s.ledger.map(|l| l.new), "closed_alerts": s.ledger.map(|l| l.closed),
                    "seconds": s.seconds,
                });
                format!("{report}\n")
            }
            (Some(s), false) => {
                let firing = s.firings.iter().filter(|f| f.resolved.is_none()).count() as u64;
                let sampled = if self.sampled { ", sampled once a day" } else { "" };
                format!(
                    "{} evaluated up to {to}{sampled}: {}, {} ({:.1} s)\n  {} in all, {} of them firing now, {}\n{}{}",
                    short(revision),
                    render::counted(s.manifest.accounts, "account"),
                    render::counted(s.manifest.events, "event"),
                    s.seconds,
                    render::counted(s.firings.len() as u64, "alert"),
                    render::count(firing),
                    s.ledger.map_or_else(|| "the ledger is left as it is: sampled".to_owned(), in_ledger),
                    assumed(&s.manifest.assumed).map_or_else(String::new, |text| format!("  {text}\n")),
                    oscillated(&s.manifest.oscillated).map_or_else(String::new, |text| format!("  {text}\n")),
                )
            }
        };
        Ok(render::text(&text)?)
    }
}

/// What became of the ledger.
fn in_ledger(recorded: Recorded) -> String {
    let closed = if recorded.closed == 0 { String::new() } else { format!(", {} closed that history no longer has", recorded.closed) };
    format!("{} new in the ledger{closed}", render::count(recorded.new))
}

/// How many accounts rest on undated traits; None where none does.
pub fn assumed(assumed: &Assumed) -> Option<String> {
    let names = assumed.names();
    let shown = names.iter().take(TRAITS_SHOWN).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > TRAITS_SHOWN { ", …" } else { "" };
    let rest = if assumed.accounts == 1 { "rests" } else { "rest" };
    let accounts = render::counted(assumed.accounts, "account");
    (assumed.accounts > 0).then(|| format!("{accounts} {rest} on traits without a date, assumed to hold since ever: {shown}{more}"))
}

/// How many accounts did not settle, and why; None where all did.
pub fn oscillated(oscillated: &Oscillated) -> Option<String> {
    let names = oscillated.definitions.iter().map(String::as_str).take(DEFINITIONS_SHOWN).collect::<Vec<_>>().join(", ");
    let more = if oscillated.definitions.len() > DEFINITIONS_SHOWN { ", …" } else { "" };
    let accounts = render::counted(oscillated.accounts.len() as u64, "account");
    (!oscillated.accounts.is_empty())
        .then(|| format!("{accounts} did not settle: definitions change each other without end: {names}{more}"))
}
