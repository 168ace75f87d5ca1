//! The workspace: one data folder or database is one.

use tenure_model::Instant;

use crate::dialect::query;
use crate::{Result, Store, Write};

/// The workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// When its data folder was made.
    pub created_at: Instant,
    /// Decisions for earlier instants are recorded and never delivered; None: nothing is delivered.
    pub live_from: Option<Instant>,
}

impl Store {
    /// The workspace; None before `create_workspace`.
    pub async fn workspace(&self) -> Result<Option<Workspace>> {
        let row = query("SELECT created_at, live_from FROM workspace").fetch_optional(&self.pool).await?;
        row.map(|row| Ok(Workspace { created_at: Instant(row.get(0)?), live_from: row.get::<Option<i64>>(1)?.map(Instant) })).transpose()
    }
}

impl Write {
    /// Writes down that the workspace exists; changes nothing where it does.
    pub async fn create_workspace(&mut self, now: Instant) -> Result<()> {
        let sql = "INSERT INTO workspace (one, created_at) VALUES (1, $1) ON CONFLICT DO NOTHING";
        query(sql).bind(now.0).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Sets from when decisions are delivered.
    pub async fn set_live_from(&mut self, live_from: Option<Instant>) -> Result<()> {
        query("UPDATE workspace SET live_from = $1").bind(live_from.map(|t| t.0)).execute(&mut self.tx).await?;
        Ok(())
    }
}
