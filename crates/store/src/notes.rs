//! Notes: what teammates wrote about accounts. Deleting hides a note; its row stays for the audit.

use tenure_model::Instant;

use crate::dialect::{Row, query};
use crate::{Error, NoteId, Page, Result, Store, TeammateId, Write};

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// Canonical id.
    pub account: String,
    /// Who wrote it.
    pub author: TeammateId,
    /// When what it tells of took place.
    pub at: Instant,
    /// `note`, `call`, `meeting`, `email`.
    pub kind: String,
    /// In Markdown.
    pub body: String,
    /// When it was changed last.
    pub edited_at: Option<Instant>,
}

impl Store {
    /// A page of an account's notes, newest first.
    pub async fn notes(&self, account: &str, page: &Page<NoteId>) -> Result<Vec<Note>> {
        let (before, id) = page.bound(NoteId::as_str);
        let sql = "SELECT id, account, author, at, kind, body, edited_at FROM notes WHERE account = $1 AND (at, id) < ($2, $3) \
            AND deleted_at IS NULL ORDER BY at DESC, id DESC LIMIT $4";
        let query = query(sql).bind(account).bind(before).bind(id).bind(page.rows());
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// A note that was not deleted.
    pub async fn note(&self, id: &NoteId) -> Result<Option<Note>> {
        let sql = "SELECT id, account, author, at, kind, body, edited_at FROM notes WHERE id = $1 AND deleted_at IS NULL";
        query(sql).bind(id).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }
}

impl Write {
    /// Adds a note.
    pub async fn add_note(&mut self, note: &Note) -> Result<()> {
        let sql = "INSERT INTO notes (id, account, author, at, kind, body) VALUES ($1, $2, $3, $4, $5, $6)";
        let query = query(sql).bind(&note.id).bind(&note.account).bind(&note.author).bind(note.at);
        query.bind(&note.kind).bind(&note.body).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Changes the text of a note.
    ///
    /// # Errors
    /// `Error::NotFound` where there is none, or it was deleted.
    pub async fn edit_note(&mut self, id: &NoteId, body: &str, now: Instant) -> Result<()> {
        let sql = "UPDATE notes SET body = $2, edited_at = $3 WHERE id = $1 AND deleted_at IS NULL";
        there(id, query(sql).bind(id).bind(body).bind(now).execute(&mut self.tx).await?)
    }

    /// Hides a note.
    ///
    /// # Errors
    /// `Error::NotFound` where there is none, or it was deleted before.
    pub async fn delete_note(&mut self, id: &NoteId, now: Instant) -> Result<()> {
        let sql = "UPDATE notes SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";
        there(id, query(sql).bind(id).bind(now).execute(&mut self.tx).await?)
    }
}

fn there(id: &NoteId, changed: u64) -> Result<()> {
    if changed == 0 { Err(Error::NotFound { what: "note", name: id.to_string() }) } else { Ok(()) }
}

fn read(row: &Row) -> Result<Note> {
    Ok(Note {
        id: NoteId::stored(row.get(0)?),
        account: row.get(1)?,
        author: TeammateId::stored(row.get(2)?),
        at: row.at(3)?,
        kind: row.get(4)?,
        body: row.get(5)?,
        edited_at: row.maybe_at(6)?,
    })
}
