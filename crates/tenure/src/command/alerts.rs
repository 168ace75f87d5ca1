//! `tenure alerts`: the ledger of alerts, and what people do with one.

use anyhow::Result;
use serde_json::Value;
use tenure_model::diagnostic::nearest;
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
        if let Some(action) = self.action {
            let _lock = folder.lock()?;
            return act(&folder.store().await?, shared, action).await;
        }
        let store = folder.store_to_read().await?;
        let now = clock::now();
        if let Some(rule) = &self.rule {
            known_rule(&store, shared, rule).await?;
        }
        let account = self.account.as_deref();
        let merges = store.merges().await?;
        let alerts = store.alerts().await?.into_iter().filter(|alert| {
            (self.all || alert.is_open(now))
                && account.is_none_or(|id| alert.account == merges.account(id))
                && self.rule.as_ref().is_none_or(|rule| *rule == alert.rule)
        });
        let mut grid =
            Grid::new(["id", "severity", "rule", "account", "person", "opened_at", "resolved_at", "state", "by", "owner", "reason"]);
        let text = |text: Option<String>| text.map_or(Value::Null, Value::from);
        for alert in alerts {
            let (state, by) = shown(&alert);
            let reason = reason(&alert);
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
                text(reason),
            ]);
        }
        render::print(&grid, self.style.style())?;
        Ok(Outcome::Fine)
    }
}

/// Is it a rule of the model, or one that has opened an alert?
async fn known_rule(store: &Store, shared: &Shared, rule: &str) -> Result<()> {
    let loaded = shared.model_if_any(store).await?;
    let ledger = store.alerts().await?;
    let names = || loaded.iter().flat_map(|l| &l.model.alerts).map(|r| r.name.as_str()).chain(ledger.iter().map(|a| a.rule.as_str()));
    if names().any(|name| name == rule) {
        return Ok(());
    }
    let help =
        nearest(rule, names()).map_or_else(|| "the model's alerts: tenure check".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(failure(format!("there is no alert rule `{rule}`"), help))
}

/// How it stands: what people did with it, else whether it has resolved by itself; and by whom.
fn shown(alert: &Alert) -> (String, Option<String>) {
    match (&alert.state, &alert.resolved) {
        (AlertState::Open | AlertState::Silent, Some(_)) => ("resolved".to_owned(), None),
        (AlertState::Acknowledged { by, .. } | AlertState::Snoozed { by, .. }, _) if alert.is_withdrawn() => {
            ("resolved".to_owned(), Some(by.clone()))
        }
        (state, _) => self::state(state),
    }
}

/// Why it was closed, or why it resolved.
fn reason(alert: &Alert) -> Option<String> {
    match (&alert.state, &alert.resolved) {
        (AlertState::Closed { reason, .. }, _) if !reason.is_empty() => Some(reason.clone()),
        (_, resolved) => resolved.as_ref().map(|(_, why)| why.clone()),
    }
}

fn state(state: &AlertState) -> (String, Option<String>) {
    match state {
        AlertState::Open => ("open".to_owned(), None),
        AlertState::Silent => ("silent".to_owned(), None),
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
            let until = when::instant(&until, &calendar)?;
            if until <= at {
                return Err(failure(format!("{until} is past"), "an alert is put off until a later time"));
            }
            (id, AlertState::Snoozed { by: author.by, at, until })
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
    if let Some((_, why)) = alert.resolved.as_ref().filter(|_| alert.is_withdrawn()) {
        return Err(failure(format!("history no longer has this alert: {why}"), "nothing is left to do with it"));
    }
    let mut write = store.write().await?;
    write.set_alert_state(&alert.key, &state).await?;
    write.commit().await?;
    say!("{} of {}: {}", alert.rule, alert.account, self::state(&state).0);
    Ok(Outcome::Fine)
}
