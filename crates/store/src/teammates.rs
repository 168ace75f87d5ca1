//! Teammates: who signs in, and what they may do.

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use tenure_model::Instant;

use crate::dialect::{Query, Row, query};
use crate::word::{parse, word};
use crate::{Error, Result, Store, TeammateId, Write};

/// Someone who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Teammate {
    /// Its id.
    pub id: TeammateId,
    /// In lower case; nobody else's.
    pub email: String,
    /// For people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// A password hash in its own text form, with its parameters; None: no password is set.
    pub password_hash: Option<String>,
    /// When they were added.
    pub created_at: Instant,
    /// Since when they cannot sign in.
    pub disabled_at: Option<Instant>,
    /// When they signed in last.
    pub last_login_at: Option<Instant>,
}

/// What a teammate may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read.
    Viewer,
    /// Work with accounts.
    Csm,
    /// Lead teammates.
    Manager,
    /// Everything.
    Admin,
}

const COLUMNS: &str = "id, email, name, role, password_hash, created_at, disabled_at, last_login_at";

impl Store {
    /// All teammates, by e-mail, those that are disabled among them.
    pub async fn teammates(&self) -> Result<Vec<Teammate>> {
        select("ORDER BY email").fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// A teammate.
    pub async fn teammate(&self, id: &TeammateId) -> Result<Option<Teammate>> {
        select("WHERE id = $1").bind(id).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// The teammate with an e-mail address, in whatever case it is written.
    pub async fn teammate_by_email(&self, email: &str) -> Result<Option<Teammate>> {
        select("WHERE email = $1").bind(email.to_lowercase()).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }
}

impl Write {
    /// Adds a teammate; the e-mail address is put into lower case.
    ///
    /// # Errors
    /// `Error::Taken` where another one has the e-mail address.
    pub async fn add_teammate(&mut self, teammate: &Teammate) -> Result<()> {
        let sql = "INSERT INTO teammates (id, email, name, role, password_hash, created_at, disabled_at, last_login_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
        let query = query(sql).bind(&teammate.id).bind(teammate.email.to_lowercase()).bind(&teammate.name).bind(word(&teammate.role));
        let query = query.bind(teammate.password_hash.as_deref()).bind(teammate.created_at);
        match query.bind(teammate.disabled_at).bind(teammate.last_login_at).execute(&mut self.tx).await? {
            0 => Err(Error::Taken { what: "teammate", name: teammate.email.clone() }),
            _ => Ok(()),
        }
    }

    /// Changes name, role, password hash and whether the teammate is disabled.
    ///
    /// # Errors
    /// `Error::NotFound` where there is no such teammate.
    pub async fn update_teammate(&mut self, teammate: &Teammate) -> Result<()> {
        let sql = "UPDATE teammates SET name = $2, role = $3, password_hash = $4, disabled_at = $5 WHERE id = $1";
        let query = query(sql).bind(&teammate.id).bind(&teammate.name).bind(word(&teammate.role));
        match query.bind(teammate.password_hash.as_deref()).bind(teammate.disabled_at).execute(&mut self.tx).await? {
            0 => Err(Error::NotFound { what: "teammate", name: teammate.id.to_string() }),
            _ => Ok(()),
        }
    }

    /// Writes down that a teammate signed in.
    pub async fn teammate_signed_in(&mut self, id: &TeammateId, now: Instant) -> Result<()> {
        query("UPDATE teammates SET last_login_at = $2 WHERE id = $1").bind(id).bind(now).execute(&mut self.tx).await?;
        Ok(())
    }
}

fn select<'v>(rest: &str) -> Query<'v> {
    query(AssertSqlSafe(format!("SELECT {COLUMNS} FROM teammates {rest}")))
}

fn read(row: &Row) -> Result<Teammate> {
    Ok(Teammate {
        id: TeammateId::stored(row.get(0)?),
        email: row.get(1)?,
        name: row.get(2)?,
        role: parse("teammates", row.get(3)?)?,
        password_hash: row.get(4)?,
        created_at: row.at(5)?,
        disabled_at: row.maybe_at(6)?,
        last_login_at: row.maybe_at(7)?,
    })
}
