//! `tenure doctor`: is everything as it should be, and what to do where it is not.

use anyhow::Result;

use super::Outcome;
use crate::config::Configuration;
use crate::doctor::{self, State};
use crate::{clock, render};

/// Options of `tenure doctor`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Changes nothing, and works beside a running service. Exit code 1 where a check failed; warnings alone are 0.")]
pub struct Doctor {
    /// Read every row of the archive and every page of the database
    #[arg(long)]
    deep: bool,
    /// Write JSON: an array of {check, state, message, help}, one a line
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Runs it.
    pub async fn run(self, configuration: Configuration) -> Result<Outcome> {
        let findings = doctor::examine(&configuration, self.deep, clock::now()).await;
        let mut text = String::new();
        if self.json {
            let lines: Vec<String> = findings.0.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
            text += &format!("[\n{}\n]\n", lines.join(",\n"));
        } else {
            for found in &findings.0 {
                let state = match found.state {
                    State::Ok => "ok  ",
                    State::Warn => "warn",
                    State::Fail => "FAIL",
                };
                text += &format!("{state}  {:<14} {}\n", found.check, render::plain(&found.message));
                found.help.iter().for_each(|help| text += &format!("      {:<14} → {help}\n", ""));
            }
        }
        render::text(&text)?;
        Ok(if findings.worst() == State::Fail { Outcome::Faulty } else { Outcome::Fine })
    }
}
