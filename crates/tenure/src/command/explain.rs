//! `tenure explain`: why something is as it is, down to the events, and what would change it.

use std::sync::Arc;

use anyhow::Result;
use serde_json::Value as Json;
use tenure_engine::explain::{EVENTS_SHOWN_MAX, Evidence, Explanation, Reason, Subject, Unexplained};
use tenure_engine::scenario::parse_subject;
use tenure_model::input::{Entity, Version};

use super::decision::known_account;
use super::{Outcome, Shared};
use crate::failure::failure;
use crate::render;
use crate::world::AsOf;
use tenure_replay::History;

/// Options of `tenure explain`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples: tenure explain acme health; tenure explain acme milestone first_value; tenure explain acme alert unused_feature ann; tenure explain acme logins_7d"
)]
pub struct Explain {
    /// The account's id
    account: String,
    /// What: health, stage, segment NAME, milestone NAME, alert NAME [PERSON], or a column's name
    #[arg(default_value = "health", value_name = "WHAT")]
    what: Vec<String>,
    #[command(flatten)]
    as_of: AsOf,
    /// At most so many events under each metric, the latest [default: 5; with --json 100]
    #[arg(long, value_name = "N")]
    events: Option<usize>,
    /// Write the whole tree as JSON, with exact values
    #[arg(long)]
    json: bool,
}

/// Events that people are shown under each metric unless they ask for more.
const EVENTS_FOR_PEOPLE: usize = 5;

/// The history of an account and what was said of it, as explanations show them.
struct Told<'a> {
    history: &'a History,
    versions: &'a [Version],
    events_max: usize,
}

impl Evidence for Told<'_> {
    fn event(&self, index: usize) -> Json {
        self.history.events.get(index).and_then(|event| serde_json::to_value(event).ok()).unwrap_or(Json::Null)
    }

    fn versions(&self, field: &str) -> Vec<Version> {
        self.versions.iter().filter(|v| v.field == field && matches!(v.entity, Entity::Account(_))).cloned().collect()
    }

    fn events_max(&self) -> usize {
        self.events_max
    }
}

impl Explain {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let (opened, at) = self.as_of.open(shared).await?;
        let id = known_account(&opened.folder, &opened.store, self.account).await?;
        let subject = parse_subject(&opened.loaded.model, &self.what.join(" "))
            .map_err(|message| failure(message, "docs/reference/cli.md shows an example of each"))?;
        if let Subject::Alert(name, None) = &subject
            && opened.loaded.model.alerts.iter().any(|rule| rule.name == *name && rule.person)
        {
            return Err(failure(
                format!("the alert `{name}` is of persons"),
                format!("say of whom: tenure explain {id} alert {name} PERSON"),
            ));
        }
        let world = opened.world_of(&id).await?;
        let history = world.history(&id, at)?;
        let versions = world.inputs_of(&id)?.map_or(&[][..], |said| &said.versions);
        let events_max = self.events.unwrap_or(if self.json { EVENTS_SHOWN_MAX } else { EVENTS_FOR_PEOPLE });
        let told = Told { history: &history, versions, events_max };
        let id: Arc<str> = id.into();
        let explained = world.engine.explain(&id, &history.inputs(), &told, at, &subject);
        let explanation = explained.map_err(|error| match &error {
            Unexplained::NotYet(_) => failure(error.to_string(), "ask as of a later time: --as-of TIME"),
            _ => error.into(),
        })?;
        let text = if self.json { serde_json::to_string_pretty(&explanation)? + "\n" } else { lines(&explanation) };
        render::text(&text)?;
        Ok(Outcome::Fine)
    }
}

/// For people: the outcome, its reasons as an indented tree, and what would change it.
fn lines(explanation: &Explanation) -> String {
    let since = explanation.since.map_or_else(String::new, |t| format!(" since {t}"));
    let Explanation { subject, account, as_of, .. } = explanation;
    let mut lines = vec![format!("{subject} of {account} as of {as_of}: {}{since}", explanation.headline())];
    lines.extend(explanation.ended_at.map(|end| format!("  the account ended at {end}: all stands as it stood before")));
    explanation.because.iter().for_each(|reason| tree(reason, 1, &mut lines));
    lines.push("what would change it".to_owned());
    if explanation.would_change.is_empty() {
        lines.push("  no single change would".to_owned());
    }
    lines.extend(explanation.would_change.iter().map(|change| format!("  {}", change.line())));
    lines.iter().map(|line| render::plain(line)).collect::<Vec<_>>().join("\n") + "\n"
}

/// A reason and those below it; where events are left out, how to see them.
fn tree(reason: &Reason, depth: usize, lines: &mut Vec<String>) {
    let hint = match reason.detail.get("events").and_then(Json::as_u64).filter(|_| reason.kind == "more") {
        Some(all) if all as usize <= EVENTS_SHOWN_MAX => format!(" (--events {all} or --json shows them)"),
        Some(all) => format!(" (--events {all} shows them)"),
        None => String::new(),
    };
    lines.push(format!("{}{}{hint}", "  ".repeat(depth), reason.text));
    if !reason.brief {
        reason.because.iter().for_each(|below| tree(below, depth + 1, lines));
    }
}
