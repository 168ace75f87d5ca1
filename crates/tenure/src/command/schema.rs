//! `tenure schema`: the JSON Schema of model files.

use anyhow::Result;

use super::Outcome;
use crate::render;

/// Options of `tenure schema`.
#[derive(clap::Args, Debug)]
pub struct Schema {}

impl Schema {
    /// Runs it.
    pub fn run(self) -> Result<Outcome> {
        render::text(&(serde_json::to_string_pretty(&tenure_model::schema::schema())? + "\n"))?;
        Ok(Outcome::Fine)
    }
}
