//! Models that were applied: each with its revision and its files as they were, so that any past outcome can be explained.

use std::collections::BTreeMap;

use tenure_model::Instant;
use tenure_model::definition::Revision;

use crate::dialect::{Row, query};
use crate::{Error, Result, Store, Write};

/// A model, applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedModel {
    /// Content hash.
    pub revision: Revision,
    /// When.
    pub applied_at: Instant,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Path within the model's folder, and text.
    pub files: BTreeMap<String, String>,
}

impl Write {
    /// Writes down that a model was applied; false, and nothing written, where it is the one applied last.
    pub async fn apply_model(&mut self, model: &AppliedModel) -> Result<bool> {
        let last = query("SELECT revision, applied_at, author, reason, files FROM model_revisions ORDER BY position DESC LIMIT 1")
            .fetch_optional(&mut self.tx)
            .await?;
        if let Some(last) = last.as_ref().map(read).transpose()?
            && (last.revision == model.revision && last.files == model.files)
        {
            return Ok(false);
        }
        let position = self.next_position().await?;
        let files = serde_json::to_string(&model.files).map_err(|e| Error::Corrupt { table: "model_revisions", why: e.to_string() })?;
        let query =
            query("INSERT INTO model_revisions (position, revision, applied_at, author, reason, files) VALUES ($1, $2, $3, $4, $5, $6)");
        let query = query.bind(position).bind(model.revision.0.as_str()).bind(model.applied_at.0);
        let query = query.bind(model.author.as_str()).bind(model.reason.as_str()).bind(files);
        query.execute(&mut self.tx).await?;
        Ok(true)
    }
}

impl Store {
    /// The model applied last.
    pub async fn last_model(&self) -> Result<Option<AppliedModel>> {
        let query = query("SELECT revision, applied_at, author, reason, files FROM model_revisions ORDER BY position DESC LIMIT 1");
        query.fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// All models, in the order in which they were applied.
    pub async fn models(&self) -> Result<Vec<AppliedModel>> {
        let query = query("SELECT revision, applied_at, author, reason, files FROM model_revisions ORDER BY position");
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// A model by its revision, as applied last.
    pub async fn model(&self, revision: &Revision) -> Result<Option<AppliedModel>> {
        let query = query(
            "SELECT revision, applied_at, author, reason, files FROM model_revisions WHERE revision = $1 ORDER BY position DESC LIMIT 1",
        );
        query.bind(revision.0.as_str()).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<AppliedModel> {
    let files = serde_json::from_str(row.get(4)?).map_err(|e| Error::Corrupt { table: "model_revisions", why: e.to_string() })?;
    Ok(AppliedModel { revision: Revision(row.get(0)?), applied_at: Instant(row.get(1)?), author: row.get(2)?, reason: row.get(3)?, files })
}
