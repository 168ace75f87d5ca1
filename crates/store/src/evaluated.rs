//! How far each revision of the model was evaluated: evaluating again where nothing came in costs nothing.

use tenure_model::Instant;
use tenure_model::definition::Revision;

use crate::dialect::{Row, query};
use crate::{Result, Store, Write};

/// One finished evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated {
    /// Of which model.
    pub revision: Revision,
    /// Up to which instant.
    pub until: Instant,
    /// With all inputs up to this position.
    pub position: i64,
    /// When it was done.
    pub evaluated_at: Instant,
}

impl Write {
    /// Writes an evaluation down, in place of the earlier one of that revision.
    pub async fn set_evaluated(&mut self, evaluated: &Evaluated) -> Result<()> {
        let sql = "INSERT INTO evaluated (revision, until, position, evaluated_at) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (revision) DO UPDATE SET until = excluded.until, position = excluded.position, evaluated_at = excluded.evaluated_at";
        let query = query(sql).bind(evaluated.revision.0.as_str()).bind(evaluated.until.0);
        query.bind(evaluated.position).bind(evaluated.evaluated_at.0).execute(&mut self.tx).await?;
        Ok(())
    }
}

impl Store {
    /// The latest evaluation of all.
    pub async fn last_evaluated(&self) -> Result<Option<Evaluated>> {
        let query = query("SELECT revision, until, position, evaluated_at FROM evaluated ORDER BY evaluated_at DESC, revision LIMIT 1");
        query.fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// The latest evaluation of a revision.
    pub async fn evaluated(&self, revision: &Revision) -> Result<Option<Evaluated>> {
        let query = query("SELECT revision, until, position, evaluated_at FROM evaluated WHERE revision = $1").bind(revision.0.as_str());
        query.fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<Evaluated> {
    Ok(Evaluated {
        revision: Revision(row.get(0)?),
        until: Instant(row.get(1)?),
        position: row.get(2)?,
        evaluated_at: Instant(row.get(3)?),
    })
}
