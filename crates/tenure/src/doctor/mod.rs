//! What `tenure doctor` looks at: each check says how it found things, and what to do where something is wrong.

mod address;
mod archive;
mod database;
mod machine;
mod snapshot;

use serde::Serialize;
use tenure_model::Instant;

use crate::config::Configuration;
use crate::folder::Folder;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, but somebody should look.
    Warn,
    /// It does not work, or not for long.
    Fail,
}

/// What one check found.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// All that was found, in order.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Found>);

impl Findings {
    fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.0.push(Found { check, state: State::Ok, message: message.into(), help: None });
    }

    fn warn(&mut self, check: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Found { check, state: State::Warn, message: message.into(), help: Some(help.into()) });
    }

    fn fail(&mut self, check: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Found { check, state: State::Fail, message: message.into(), help: Some(help.into()) });
    }

    /// The worst of it.
    pub fn worst(&self) -> State {
        self.0.iter().map(|found| found.state).max().unwrap_or(State::Ok)
    }
}

/// Looks at everything; `deep`: reads every row of the archive and every page of the database. Changes nothing.
pub async fn examine(configuration: &Configuration, deep: bool, now: Instant) -> Findings {
    let mut findings = Findings::default();
    configured(configuration, &mut findings);
    let settings = &configuration.settings;
    let folder = Folder::at(&settings.data, settings.database.as_ref());
    machine::examine(&folder, configuration.file.as_deref(), &mut findings);
    let is_running = machine::is_in_use(&folder);
    database::examine(&folder, deep, is_running, now, &mut findings).await;
    tokio::task::block_in_place(|| archive::examine(&folder, deep, &mut findings));
    address::examine(settings.listen, is_running, &mut findings).await;
    findings
}

fn configured(configuration: &Configuration, findings: &mut Findings) {
    const CHECK: &str = "configuration";
    let file = configuration.file.as_ref().map_or_else(|| "defaults, no file".to_owned(), |path| path.display().to_string());
    for problem in &configuration.problems {
        let help = problem.help.clone().unwrap_or_else(|| "tenure config prints what there is".to_owned());
        findings.fail(CHECK, format!("{}: {}", problem.origin, problem.message), help);
    }
    for warning in &configuration.warnings {
        findings.warn(CHECK, warning, "unset it, or correct its name");
    }
    if configuration.problems.is_empty() {
        findings.ok(CHECK, file);
    }
}
