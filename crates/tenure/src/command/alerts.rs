//! `tenure alerts`: the ledger of alerts, and what people do with one.

use anyhow::Result;
use serde_json::Value;
use tenure_model::Instant;
use tenure_store::{Alert, AlertState, Closing, Store};

use super::decision::Author;
use super::{Outcome, Shared, calendar};
use crate::failure::failure;
use crate::render::{Grid, StyleArgs};
use crate::{clock, render, when};

/// Options of `tenure alerts`.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Alerts {
    #[command(subcommand)]
    action: Option<Action>,
    /// Of this account only
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Of this rule only
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Closed ones too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    style: StyleArgs,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Say that somebody has it
    Ack {
        /// The alert's id, as the list shows it
        id: String,
        #[command(flatten)]
        author: Author,
    },
    /// Put it off
    Snooze {
        /// The alert's id, as the list shows it
        id: String,
        /// Until when
        #[arg(long, value_name = "TIME")]
        until: String,
        #[command(flatten)]
        author: Author,
    },
    /// Close it
    Close {
        /// The alert's id, as the list shows it
        id: String,
        /// How it ended
        #[arg(long = "as", value_enum)]
        how: How,
        /// In words
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        #[command(flatten)]
        author: Author,
    },
    /// Open a closed, snoozed or acknowledged one again
    Reopen {
        /// The alert's id, as the list shows it
        id: String,
    },
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum How {
    /// What was done helped
    Succeeded,
    /// It did not
    Failed,
    /// There was nothing to do
    FalseAlarm,
}

impl Alerts {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let folder = shared.folder()?;
        let store = folder.store().await?;
        if let Some(action) = self.action {
            let _lock = folder.lock()?;
            return act(&store, shared, action).await;
        }
        let now = clock::now();
        let account = self.account.as_deref();
        let merges = store.merges().await?;
        let alerts = store.alerts().await?.into_iter().filter(|alert| {
            (self.all || is_open(alert, now))
                && account.is_none_or(|id| alert.account == merges.account(id))
                && self.rule.as_ref().is_none_or(|rule| *rule == alert.rule)
        });
        let mut grid = Grid::new(["id", "severity", "rule", "account", "person", "opened_at", "resolved_at", "state", "by", "owner"]);
        let text = |text: Option<String>| text.map_or(Value::Null, Value::from);
        for alert in alerts {
            let (state, by) = state(&alert.state);
            grid.rows.push(vec![
                short_id(&alert.key).into(),
                serde_json::to_value(alert.severity)?,
                alert.rule.into(),
                alert.account.into(),
                text(alert.person),
                alert.opened_at.to_string().into(),
                text(alert.resolved.map(|(at, _)| at.to_string())),
                state.into(),
                text(by),
                text(alert.owner),
            ]);
        }
        render::print(&grid, self.style.style())?;
        Ok(Outcome::Fine)
    }
}

/// Open for people: not closed, not put off, and its condition has not ceased to hold untouched.
fn is_open(alert: &Alert, now: Instant) -> bool {
    match &alert.state {
        AlertState::Open => alert.resolved.is_none(),
        AlertState::Acknowledged { .. } => true,
        AlertState::Snoozed { until, .. } => *until <= now,
        AlertState::Closed { .. } => false,
    }
}

fn state(state: &AlertState) -> (String, Option<String>) {
    match state {
        AlertState::Open => ("open".to_owned(), None),
        AlertState::Acknowledged { by, .. } => ("acknowledged".to_owned(), Some(by.clone())),
        AlertState::Snoozed { by, until, .. } => (format!("snoozed until {until}"), Some(by.clone())),
        AlertState::Closed { by, how, .. } => {
            let how = match how {
                Closing::Succeeded => "succeeded",
                Closing::Failed => "failed",
                Closing::FalseAlarm => "false alarm",
            };
            (format!("closed: {how}"), Some(by.clone()))
        }
    }
}

/// A short name for an alert that is easy to type; the key itself is long.
pub fn short_id(key: &str) -> String {
    blake3::hash(key.as_bytes()).to_hex()[..8].to_owned()
}

async fn act(store: &Store, shared: &Shared, action: Action) -> Result<Outcome> {
    let at = clock::now();
    let (id, state) = match action {
        Action::Ack { id, author } => (id, AlertState::Acknowledged { by: author.by, at }),
        Action::Snooze { id, until, author } => {
            let calendar = calendar(shared.model_if_any(store).await?.as_ref());
            (id, AlertState::Snoozed { by: author.by, at, until: when::instant(&until, &calendar)? })
        }
        Action::Close { id, how, reason, author } => {
            let how = match how {
                How::Succeeded => Closing::Succeeded,
                How::Failed => Closing::Failed,
                How::FalseAlarm => Closing::FalseAlarm,
            };
            (id, AlertState::Closed { by: author.by, at, how, reason })
        }
        Action::Reopen { id } => (id, AlertState::Open),
    };
    let mut found = store.alerts().await?.into_iter().filter(|alert| alert.key == id || short_id(&alert.key) == id);
    let Some(alert) = found.next() else {
        return Err(failure(format!("there is no alert `{id}`"), "tenure alerts --all lists them with their ids"));
    };
    if found.next().is_some() {
        return Err(failure(format!("`{id}` means several alerts"), "give the whole key: tenure sql \"SELECT key FROM ledger\""));
    }
    let mut write = store.write().await?;
    write.set_alert_state(&alert.key, &state).await?;
    write.commit().await?;
    println!("{} of {}: {}", alert.rule, alert.account, self::state(&state).0);
    Ok(Outcome::Fine)
}
