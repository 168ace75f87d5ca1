//! `tenure check`: everything that is wrong with a model, at once.

use std::path::PathBuf;

use anyhow::Result;

use super::{Outcome, Shared};
use crate::model::{Source, short};
use crate::render;

/// Options of `tenure check`.
#[derive(clap::Args, Debug)]
pub struct Check {
    /// The model's folder or file [default: --model, else ./model]
    model: Option<PathBuf>,
    /// Write JSON: an array of {file, line, column, code, message, help}
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Runs it. Exit code 1 where something is wrong.
    pub fn run(self, shared: &Shared) -> Result<Outcome> {
        let path = self.model.or_else(|| shared.model.clone()).unwrap_or_else(|| PathBuf::from("model"));
        let checked = Source::read(&path)?.check();
        let (text, outcome) = match &checked {
            Ok(_) if self.json => ("[]\n".to_owned(), Outcome::Fine),
            Err((_, diagnostics)) if self.json => (serde_json::to_string_pretty(diagnostics)? + "\n", Outcome::Faulty),
            Ok(loaded) => {
                let m = &loaded.model;
                let counts = [
                    (m.metrics.len() + m.person_metrics.len(), "metric"),
                    (m.segments.len() + m.person_segments.len(), "segment"),
                    (m.stages.len(), "stage"),
                    (m.milestones.len(), "milestone"),
                    (m.scorecards.len(), "scorecard"),
                    (m.alerts.len(), "alert"),
                ];
                let list: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| render::counted(*n as u64, noun)).collect();
                (format!("{}: fine ({}), revision {}\n", loaded.source.origin, list.join(", "), short(&m.revision.0)), Outcome::Fine)
            }
            Err((source, diagnostics)) => {
                let mut text: String = diagnostics.iter().map(|d| format!("{d}\n")).collect();
                text += &format!("{}: {}\n", source.origin, render::counted(diagnostics.len() as u64, "error"));
                (text, Outcome::Faulty)
            }
        };
        render::text(&text)?;
        Ok(outcome)
    }
}
