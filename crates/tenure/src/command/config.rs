//! `tenure config`: the configuration file with every key, what is wrong with one, what holds and why.

use anyhow::Result;

use super::Outcome;
use crate::config::{Configuration, commented};
use crate::render;

/// Options of `tenure config`.
#[derive(clap::Args, Debug)]
#[command(after_help = "tenure config > tenure-data/tenure.yaml makes a file to start from.")]
pub struct Config {
    /// Tell everything that is wrong in flags, environment and file; exit code 1 where something is
    #[arg(long)]
    check: bool,
    /// Show the value of every key and where it comes from; passwords are not shown
    #[arg(long, conflicts_with = "check")]
    effective: bool,
}

impl Config {
    /// Runs it.
    pub fn run(self, configuration: Configuration) -> Result<Outcome> {
        if !self.check && !self.effective {
            render::text(&commented())?;
            return Ok(Outcome::Fine);
        }
        let mut text = String::new();
        for problem in &configuration.problems {
            text += &format!("{problem}\n");
        }
        for warning in &configuration.warnings {
            text += &format!("warning: {warning}\n");
        }
        if self.effective {
            for (key, value, origin) in &configuration.values {
                let value = if value.is_empty() { render::NOTHING } else { value };
                text += &format!("{key:<24} {value:<24} {origin}\n");
            }
        }
        let outcome = if configuration.problems.is_empty() { Outcome::Fine } else { Outcome::Faulty };
        if self.check {
            let file = configuration.file.map_or_else(|| "no configuration file".to_owned(), |path| path.display().to_string());
            text += &match configuration.problems.len() {
                0 => format!("{file}: fine\n"),
                n => format!("{file}: {}\n", render::counted(n as u64, "error")),
            };
        }
        render::text(&text)?;
        Ok(outcome)
    }
}
