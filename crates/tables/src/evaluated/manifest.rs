//! What an evaluation covered: a file beside its tables, so that readers know whether they still hold.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::error::Doing;
use serde::{Deserialize, Serialize};
use tenure_model::Instant;

use super::assumed::Assumed;
use super::oscillated::Oscillated;

/// Its name in `derived/<revision>/`.
const FILE: &str = "evaluation.json";

/// An evaluation, as written into its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of Tenure that wrote it: another one may give other results.
    pub tenure: String,
    /// Up to and with which instant.
    pub until: String,
    /// With all inputs up to this position.
    pub position: i64,
    /// Looked at once a date only.
    pub sampled: bool,
    /// Rows of `state`.
    pub accounts: u64,
    /// Events that were evaluated.
    pub events: u64,
    /// Accounts that rest on traits without a date.
    pub assumed: Assumed,
    /// Accounts that did not settle.
    #[serde(default)]
    pub oscillated: Oscillated,
}

impl Manifest {
    /// Of an evaluation by this version.
    pub fn new(until: Instant, position: i64, sampled: bool) -> Manifest {
        Manifest {
            tenure: env!("CARGO_PKG_VERSION").to_owned(),
            until: until.to_string(),
            position,
            sampled,
            accounts: 0,
            events: 0,
            assumed: Assumed::default(),
            oscillated: Oscillated::default(),
        }
    }

    /// Reads it; None where there is none, or one of another format.
    pub fn read(folder: &Path) -> Option<Manifest> {
        serde_json::from_slice(&std::fs::read(path(folder)).ok()?).ok()
    }

    /// Writes it.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = path(folder);
        std::fs::write(&path, serde_json::to_vec_pretty(self)?).doing(|| format!("cannot write {}", path.display()))
    }

    /// Does the evaluation answer questions as of an instant, while inputs stand at a position?
    pub fn answers(&self, at: Instant, position: i64) -> bool {
        !self.sampled && self.covers(at, position)
    }

    /// Was it up to this instant, with inputs up to this position, by this version?
    pub fn covers(&self, at: Instant, position: i64) -> bool {
        self.tenure == env!("CARGO_PKG_VERSION") && self.until == at.to_string() && self.position == position
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}
