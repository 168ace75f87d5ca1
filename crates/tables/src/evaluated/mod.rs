//! What an evaluation writes, as Parquet under `derived/<revision>/`, with a manifest beside it.

pub mod assumed;
pub mod derived;
pub mod manifest;
pub mod oscillated;
pub mod state;
mod table;

pub(crate) use table::schema;

use std::path::{Path, PathBuf};

use tenure_model::definition::Revision;

/// Where what evaluations of a model gave lies in a data folder.
pub fn folder(data: &Path, revision: &Revision) -> PathBuf {
    data.join("derived").join(&revision.0)
}
