//! The outbox: what is to be delivered, written in the transaction of what decided it, and delivered at least once by whoever claims it.

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use tenure_model::Instant;

use crate::dialect::{Query, Row, Value, query};
use crate::page::bounded;
use crate::word::{parse, word};
use crate::{Error, MessageId, Page, Result, Store, Write};

/// How long a claim holds: who has not said by then what became of a message has died with it, and it is given out again. Microseconds.
const CLAIM: i64 = 5 * tenure_model::time::MINUTE;

/// A message to deliver, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// Made of rule, entity and the episode's start: the same decision is never delivered twice.
    pub dedupe_key: String,
    /// `email`, `slack`, `webhook`.
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// Everything delivery needs, as JSON.
    pub payload: String,
    /// Not before then.
    pub due_at: Instant,
}

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What is to be delivered; `due_at` moves with each attempt.
    pub message: NewMessage,
    /// When it was decided.
    pub created_at: Instant,
    /// How often it was claimed.
    pub attempts: i64,
    /// What became of it.
    pub state: MessageState,
    /// When that was, for the final ones.
    pub finished_at: Option<Instant>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It is not delivered yet.
    Waiting,
    /// Somebody is at it.
    Claimed,
    /// It was delivered.
    Sent,
    /// It will not be: attempts are used up, or the recipient refused.
    Failed,
}

const COLUMNS: &str = "id, dedupe_key, kind, recipient, payload, due_at, created_at, attempts, state, finished_at, last_error";

impl Write {
    /// Puts messages into the outbox; those with a known dedupe key change nothing. Returns how many were new.
    pub async fn enqueue(&mut self, messages: &[NewMessage], now: Instant) -> Result<u64> {
        let values = |m| values(m, now);
        let rows: Vec<_> = messages.iter().map(values).collect();
        let columns = ["id", "dedupe_key", "kind", "recipient", "payload", "due_at", "created_at", "attempts", "state"];
        Ok(self.tx.insert("outbox", columns, "(dedupe_key) DO NOTHING", &rows).await?)
    }

    /// Claims up to `limit` messages that are due, the longest due first. Nobody else gets them for five minutes: commit, deliver, then say what
    /// became of each.
    pub async fn claim(&mut self, now: Instant, limit: u32) -> Result<Vec<Message>> {
        // A claimed message is due again when its claim ends. The condition stands twice: PostgreSQL checks the outer one again after waiting for
        // another claimer.
        let sql = format!(
            "UPDATE outbox SET state = 'claimed', attempts = attempts + 1, due_at = $2 WHERE due_at <= $1 AND state IN ('waiting', 'claimed') \
            AND id IN (SELECT id FROM outbox WHERE due_at <= $1 AND state IN ('waiting', 'claimed') ORDER BY due_at, id LIMIT $3) RETURNING {COLUMNS}"
        );
        let query = query(AssertSqlSafe(sql)).bind(now).bind(Instant(now.0.saturating_add(CLAIM))).bind(bounded(limit));
        let mut claimed = query.fetch_all(&mut self.tx).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
        claimed.sort_by(|a, b| (a.created_at, &a.message.id).cmp(&(b.created_at, &b.message.id)));
        Ok(claimed)
    }

    /// A claimed message was delivered.
    pub async fn message_sent(&mut self, id: &MessageId, now: Instant) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'sent', finished_at = $2, last_error = NULL WHERE id = $1 AND state = 'claimed'";
        self.claimed(id, query(sql).bind(id).bind(now)).await
    }

    /// A claimed message could not be delivered and is tried again.
    pub async fn message_delayed(&mut self, id: &MessageId, error: &str, due_at: Instant) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'waiting', due_at = $2, last_error = $3 WHERE id = $1 AND state = 'claimed'";
        self.claimed(id, query(sql).bind(id).bind(due_at).bind(error)).await
    }

    /// A claimed message will not be delivered.
    pub async fn message_failed(&mut self, id: &MessageId, error: &str, now: Instant) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'failed', finished_at = $2, last_error = $3 WHERE id = $1 AND state = 'claimed'";
        self.claimed(id, query(sql).bind(id).bind(now).bind(error)).await
    }

    /// Runs an update of a claimed message.
    async fn claimed(&mut self, id: &MessageId, update: Query<'_>) -> Result<()> {
        match update.execute(&mut self.tx).await? {
            0 => Err(Error::NotFound { what: "claimed message", name: id.to_string() }),
            _ => Ok(()),
        }
    }
}

impl Store {
    /// A page of messages of one state, newest first.
    pub async fn messages(&self, state: MessageState, page: &Page<MessageId>) -> Result<Vec<Message>> {
        let (before, id) = page.bound(MessageId::as_str);
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE state = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4"
        );
        let query = query(AssertSqlSafe(sql)).bind(word(&state)).bind(before).bind(id).bind(page.rows());
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }
}

fn values(message: &NewMessage, now: Instant) -> [Value<'_>; 9] {
    [
        Value::from(&message.id),
        Value::from(&message.dedupe_key),
        Value::from(&message.kind),
        Value::from(&message.recipient),
        Value::from(&message.payload),
        Value::from(message.due_at),
        Value::from(now),
        Value::from(0i64),
        Value::from(word(&MessageState::Waiting)),
    ]
}

fn read(row: &Row) -> Result<Message> {
    Ok(Message {
        message: NewMessage {
            id: MessageId::stored(row.get(0)?),
            dedupe_key: row.get(1)?,
            kind: row.get(2)?,
            recipient: row.get(3)?,
            payload: row.get(4)?,
            due_at: row.at(5)?,
        },
        created_at: row.at(6)?,
        attempts: row.get(7)?,
        state: parse("outbox", row.get(8)?)?,
        finished_at: row.maybe_at(9)?,
        last_error: row.get(10)?,
    })
}
