//! The configuration: every setting from four layers, flags over environment over file over defaults, and what is wrong in any of them.

mod environment;
mod file;
mod keys;
mod retention;
mod text;
mod units;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use tenure_store::Database;

pub use environment::Environment;
pub use retention::{Keep, Retention};
pub use text::commented;

use crate::failure::failure;
use keys::{Given, KEYS, Key};

/// The name of the file in the data folder.
pub const FILE: &str = "tenure.yaml";

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// Where the operational data lies; None: in the data folder.
    pub database: Option<Database>,
    /// The model's folder or file; None: the one applied last.
    pub model: Option<PathBuf>,
    /// Where `tenure serve` listens.
    pub listen: SocketAddr,
    /// What is logged, as tracing filters are written.
    pub log: String,
    /// How.
    pub log_format: LogFormat,
    /// What callers may use up.
    pub http: tenure_api::Limits,
    /// How much may wait, and when the journal is archived.
    pub service: tenure_service::Limits,
    /// How long what is kept.
    pub retention: Retention,
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A place in a file: path, line, column.
    File(PathBuf, usize, usize),
    /// An environment variable.
    Environment(String),
    /// An option of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line, column) => write!(f, "{}:{line}:{column}", path.display()),
            Origin::Environment(name) | Origin::Flag(name) => f.write_str(name),
        }
    }
}

/// Something that is wrong with a value or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "\n  help: {help}"))
    }
}

/// A value as it was written, and where.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub key: &'static Key,
    pub text: String,
    pub origin: Origin,
}

/// What was asked for on the command line.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// Option, key and value; later ones win.
    pub values: Vec<(String, String, String)>,
}

/// What the layers give together.
pub struct Configuration {
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// The settings; where something is wrong, with the defaults in its place.
    pub settings: Settings,
    /// Each key with its value as people see it, and where it comes from; secrets are not shown.
    pub values: Vec<(&'static str, String, Origin)>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What is odd, but does no harm.
    pub warnings: Vec<String>,
}

impl Configuration {
    /// Reads all layers; tells everything that is wrong at once.
    pub fn read(flags: &Flags, environment: &Environment) -> Configuration {
        let mut problems = Vec::new();
        let mut said = flagged(flags, &mut problems);
        said.splice(0..0, environment.said(&mut problems));
        let file = flags.config.clone().or_else(|| environment.config()).or_else(|| {
            let data = said.iter().rev().find(|s| s.key.name == "data").map_or("tenure-data", |s| &s.text);
            Some(Path::new(data).join(FILE)).filter(|path| path.is_file())
        });
        if let Some(path) = &file {
            said.splice(0..0, file::read(path, &mut problems));
        }
        let mut settings = keys::defaults();
        let mut values: Vec<_> = KEYS.iter().map(|key| (key.name, key.default.to_owned(), Origin::Default)).collect();
        for one in said {
            let base = match &one.origin {
                Origin::File(path, ..) => path.parent(),
                _ => None,
            };
            match (one.key.set)(&mut settings, &Given { text: &one.text, base }) {
                Err(message) => problems.push(Problem { origin: one.origin, message: format!("{}: {message}", one.key.name), help: None }),
                Ok(()) => {
                    let shown = if one.key.name == "database" { settings.database.as_ref().map(ToString::to_string) } else { None };
                    values.retain(|(name, ..)| *name != one.key.name);
                    values.push((one.key.name, shown.unwrap_or(one.text), one.origin));
                }
            }
        }
        // Those of the file first, from its top to its end.
        problems.sort_by_key(|problem| match problem.origin {
            Origin::File(_, line, column) => (0, line, column),
            _ => (1, 0, 0),
        });
        values.sort_by_key(|(name, ..)| KEYS.iter().position(|key| key.name == *name));
        Configuration { file, settings, values, problems, warnings: environment.unknown() }
    }

    /// The settings.
    ///
    /// # Errors
    /// Where anything is wrong: the first of it.
    pub fn settings(self) -> Result<Settings> {
        let Some(first) = self.problems.first() else { return Ok(self.settings) };
        let more = match self.problems.len() - 1 {
            0 => String::new(),
            n => format!(" (and {} more)", crate::render::counted(n as u64, "error")),
        };
        let help =
            first.help.clone().unwrap_or_else(|| "tenure config --check lists what is wrong, tenure config what there is".to_owned());
        Err(failure(format!("configuration: {}: {}{more}", first.origin, first.message), help))
    }
}

fn flagged(flags: &Flags, problems: &mut Vec<Problem>) -> Vec<Said> {
    let mut said = Vec::new();
    for (option, key, text) in &flags.values {
        let origin = Origin::Flag(option.clone());
        match keys::find(key) {
            Some(key) => said.push(Said { key, text: text.clone(), origin }),
            None => problems.push(Problem { origin, message: format!("there is no key `{key}`"), help: keys::nearest(key) }),
        }
    }
    said
}

#[cfg(test)]
mod tests;
