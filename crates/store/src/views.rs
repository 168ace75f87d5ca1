//! Saved views: lists that teammates made, for themselves or for all.

use sqlx::AssertSqlSafe;
use tenure_model::Instant;

use crate::dialect::{Row, query};
use crate::{Error, Result, Store, TeammateId, ViewId, Write};

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Its id.
    pub id: ViewId,
    /// Whose it is.
    pub owner: TeammateId,
    /// One of its owner's names.
    pub name: String,
    /// Do all teammates see it?
    pub shared: bool,
    /// Columns, filter and order, as JSON.
    pub definition: String,
    /// When it was made.
    pub created_at: Instant,
    /// When it was changed last.
    pub updated_at: Instant,
}

const COLUMNS: &str = "id, owner, name, shared, definition, created_at, updated_at";

impl Store {
    /// The views that a teammate sees: their own and the shared ones, by name.
    pub async fn views_of(&self, teammate: &TeammateId) -> Result<Vec<SavedView>> {
        let sql = AssertSqlSafe(format!("SELECT {COLUMNS} FROM saved_views WHERE owner = $1 OR shared ORDER BY name, id"));
        query(sql).bind(teammate).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// A view.
    pub async fn view(&self, id: &ViewId) -> Result<Option<SavedView>> {
        let sql = AssertSqlSafe(format!("SELECT {COLUMNS} FROM saved_views WHERE id = $1"));
        query(sql).bind(id).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }
}

impl Write {
    /// Writes a view, in place of the one with its id.
    ///
    /// # Errors
    /// `Error::Taken` where its owner has another one of this name.
    pub async fn put_view(&mut self, view: &SavedView) -> Result<()> {
        let other = "SELECT id FROM saved_views WHERE owner = $1 AND name = $2 AND id <> $3";
        if query(other).bind(&view.owner).bind(&view.name).bind(&view.id).fetch_optional(&mut self.tx).await?.is_some() {
            return Err(Error::Taken { what: "view", name: view.name.clone() });
        }
        let sql = "INSERT INTO saved_views (id, owner, name, shared, definition, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, shared = excluded.shared, definition = excluded.definition, updated_at = excluded.updated_at";
        let query = query(sql).bind(&view.id).bind(&view.owner).bind(&view.name).bind(view.shared).bind(&view.definition);
        query.bind(view.created_at).bind(view.updated_at).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Deletes a view; false where there is none.
    pub async fn delete_view(&mut self, id: &ViewId) -> Result<bool> {
        Ok(query("DELETE FROM saved_views WHERE id = $1").bind(id).execute(&mut self.tx).await? > 0)
    }
}

fn read(row: &Row) -> Result<SavedView> {
    Ok(SavedView {
        id: ViewId::stored(row.get(0)?),
        owner: TeammateId::stored(row.get(1)?),
        name: row.get(2)?,
        shared: row.get(3)?,
        definition: row.get(4)?,
        created_at: row.at(5)?,
        updated_at: row.at(6)?,
    })
}
