//! Settings from environment variables: the one place that reads them, but for what clap reads for single commands.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tenure_model::diagnostic::nearest;

use super::keys::KEYS;
use super::{Origin, Problem, Said};

/// Variables that are no keys.
const OTHERS: &[&str] = &["TENURE_CONFIG", "TENURE_CONFIG_FILE", "TENURE_TEST_POSTGRES_BIN"];
/// After a variable's name: its value is the path of a file that holds it.
const IN_FILE: &str = "_FILE";
/// Bytes of such a file that are read.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// The variables that begin with `TENURE_`; empty ones count as not set.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Of this process.
    #[allow(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn of_process() -> Environment {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Environment::new(std::env::vars_os().filter_map(text))
    }

    /// Of these variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
        Environment(variables.into_iter().filter(|(name, value)| name.starts_with("TENURE_") && !value.is_empty()).collect())
    }

    /// The configuration file that is named.
    pub(super) fn config(&self) -> Option<PathBuf> {
        self.0.get("TENURE_CONFIG").map(PathBuf::from)
    }

    /// The values of keys, directly or from the files named in `…_FILE`.
    pub(super) fn said(&self, problems: &mut Vec<Problem>) -> Vec<Said> {
        let mut said = Vec::new();
        for key in KEYS {
            let name = key.variable();
            let in_file = name.clone() + IN_FILE;
            let (text, origin) = match (self.0.get(&name), self.0.get(&in_file)) {
                (None, None) => continue,
                (Some(text), None) => (text.clone(), Origin::Environment(name)),
                (Some(_), Some(_)) => {
                    let help = Some("unset one of them".to_owned());
                    let message = format!("{name} is set as well");
                    problems.push(Problem { origin: Origin::Environment(in_file), message, help });
                    continue;
                }
                (None, Some(path)) => match secret(path) {
                    Ok(text) => (text, Origin::Environment(in_file)),
                    Err(message) => {
                        problems.push(Problem { origin: Origin::Environment(in_file), message, help: None });
                        continue;
                    }
                },
            };
            said.push(Said { key, text, origin });
        }
        said
    }

    /// Variables that no key has: perhaps misspelt.
    pub(super) fn unknown(&self) -> Vec<String> {
        let known: Vec<String> = KEYS.iter().map(|key| key.variable()).collect();
        let is_known = |name: &str| OTHERS.contains(&name) || known.iter().any(|k| k == name.strip_suffix(IN_FILE).unwrap_or(name));
        let unknown = self.0.keys().filter(|name| !is_known(name));
        let told = |name: &String| match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("the environment variable {name} is not known: did you mean {near}?"),
            None => format!("the environment variable {name} is not known"),
        };
        unknown.map(told).collect()
    }
}

/// A file's text without the line end that editors add.
fn secret(path: &str) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| format!("cannot read {path}: {error}"))?.len();
    if length > FILE_BYTES_MAX {
        return Err(format!("{path} has {length} bytes: that is no value"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
