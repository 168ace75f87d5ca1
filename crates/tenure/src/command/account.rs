//! `tenure account`: everything about one account as of any time.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value as Json, json};
use tenure_api::{Detail, SUBSCRIPTION};
use tenure_engine::{Account as State, AlertState, Engine, Mode, Nothing, band_name};
use tenure_model::definition::{Builtin, Source};
use tenure_model::{Instant, Model, Value};
use tenure_store::Alert;

use super::alerts::short_id;
use super::decision::known_account;
use super::{Outcome, Shared};
use crate::failure::failure;
use crate::render;
use crate::world::AsOf;
use tenure_replay::History;
use tenure_replay::portfolio::{self, Line, Status};

/// Options of `tenure account`.
#[derive(clap::Args, Debug)]
pub struct Account {
    /// The account's id
    id: String,
    #[command(flatten)]
    as_of: AsOf,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Account {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let (opened, at) = self.as_of.open(shared).await?;
        let id = known_account(&opened.folder, &opened.store, self.id).await?;
        let world = opened.world_of(&id).await?;
        let engine = &world.engine;
        let history = world.history(&id, at)?;
        let mut account = engine.account(id.as_str());
        engine.advance(&mut account, &history.inputs(), at, Mode::Exact, &mut Nothing)?;
        let line = portfolio::line(engine, &account, &history.inputs());
        if line.status == Status::New && !world.is_undated(&id)? {
            return Err(failure(format!("nothing dated is known of {id} at {at}"), "ask as of a later time: --as-of TIME"));
        }
        let ledger = opened.store.account_alerts(&id).await?;
        let stays = world.inputs_of(&id)?.map_or(&[][..], |said| &said.memberships);
        let here = stays.iter().filter(|m| m.from.is_none_or(|t| t <= at) && m.until.is_none_or(|t| at < t));
        let members = here.map(|m| &m.person).collect::<BTreeSet<_>>().len() as u64;
        let page = Page { engine, model: engine.model(), account: &account, line: &line, at, history: &history, members, ledger: &ledger };
        let text = if self.json {
            serde_json::to_string_pretty(&page.json()?)? + "\n"
        } else {
            page.text()?.lines().map(|line| render::plain(line) + "\n").collect()
        };
        render::text(&text)?;
        Ok(Outcome::Fine)
    }
}

/// What the page is made of.
struct Page<'a> {
    engine: &'a Engine,
    model: &'a Model,
    account: &'a State,
    line: &'a Line,
    at: Instant,
    history: &'a History,
    members: u64,
    ledger: &'a [Alert],
}

impl Page<'_> {
    /// Columns of a source, with their values; NULL is left out.
    fn values(&self, source: impl Fn(&Source) -> bool) -> impl Iterator<Item = (&str, Value)> {
        let columns = self.model.account.iter().zip(&self.line.row).filter(move |(column, _)| source(&column.source));
        columns.filter(|(_, value)| !value.is_null()).map(|(column, value)| (column.name.as_str(), value.clone()))
    }

    fn segments(&self) -> Vec<&str> {
        let member = |column| self.account.value(column).as_bool() == Some(true);
        self.model.segments.iter().filter(|s| member(s.column)).map(|s| s.name.as_str()).collect()
    }

    /// As the API tells it, with the ids that `tenure alerts` takes.
    fn json(&self) -> Result<Json> {
        let mut json = serde_json::to_value(Detail::new(self.engine, self.account, self.history, self.at, self.ledger))?;
        let opened = |a: &Alert| json!({ "id": short_id(&a.key), "rule": a.rule, "opened_at": a.opened_at.to_string() });
        json["ledger"] = self.ledger.iter().map(opened).collect();
        Ok(json)
    }

    fn text(&self) -> Result<String> {
        let mut out = String::new();
        let name = self.values(|s| *s == Source::Trait).find(|(name, _)| *name == "name").map(|(_, value)| plain(&value));
        writeln!(out, "{}{} as of {}", self.account.id(), name.map_or_else(String::new, |n| format!(" ({n})")), self.at)?;
        let members = render::counted(self.members, "member");
        let events = render::counted(self.history.events.len() as u64, "event");
        match (self.line.status, self.line.ended_at) {
            (Status::New, _) => writeln!(out, "  new: nothing dated is known of it, {members}, {events}")?,
            (_, Some(at)) => {
                writeln!(out, "  ended {at}, tenure {}, {members}, {events}; what follows is as of then", self.account.tenure())?
            }
            _ => writeln!(out, "  live in tenure {}, {members}, {events}", self.account.tenure())?,
        }
        self.stage_text(&mut out)?;
        self.health_text(&mut out)?;
        list(&mut out, "segments", self.segments().into_iter().map(str::to_owned))?;
        let milestones = self.model.milestones.iter().zip(self.account.milestones()).filter_map(|(m, state)| {
            let due = state.due.map_or_else(String::new, |t| format!(", due {t}"));
            Some(format!("{}: {}{}{due}", m.name, state.status?.name(), state.since.map_or_else(String::new, |t| format!(" since {t}"))))
        });
        list(&mut out, "milestones", milestones)?;
        let firing =
            self.model.alerts.iter().enumerate().filter(|(i, rule)| !rule.person && self.account.alert(*i).0 == AlertState::Firing);
        let firing = firing.map(|(i, rule)| {
            format!("{} ({}) since {}", rule.name, format!("{:?}", rule.severity).to_lowercase(), self.account.alert(i).1)
        });
        let persons = self.line.alerts.iter().filter(|a| a.contains('(')).cloned();
        list(&mut out, "alerts", firing.chain(persons))?;
        list(
            &mut out,
            "overrides",
            self.account.overrides().iter().map(|o| format!("{} {:?} {} by {}: {}", o.target, o.how, o.value, o.author, o.reason)),
        )?;
        let line = |(name, value): (&str, Value)| format!("{name}: {}", plain(&value));
        list(&mut out, "traits", self.values(|s| *s == Source::Trait).filter(|(name, _)| *name != "name").map(line))?;
        list(&mut out, "subscription", self.values(|s| matches!(s, Source::Builtin(b) if SUBSCRIPTION.contains(b))).map(line))?;
        list(&mut out, "metrics", self.values(|s| matches!(s, Source::Metric(_))).map(line))?;
        let unreadable = self.history.unreadable.iter().map(|u| format!("{} = {}: not a {}", u.field, u.value, u.kind));
        list(&mut out, "values that could not be read, and count as unknown", unreadable)?;
        Ok(out)
    }

    fn stage_text(&self, out: &mut String) -> Result<()> {
        let builtin = |b| self.line.builtin(b);
        let Some(stage) = builtin(Builtin::Stage).as_text() else { return Ok(()) };
        let late = if builtin(Builtin::StageLate).as_bool() == Some(true) { ", late" } else { "" };
        let due = self.line.stage_due.map_or_else(String::new, |t| format!(", expected until {t}"));
        writeln!(
            out,
            "stage: {stage}, for {} days (since {}){due}{late}",
            plain(builtin(Builtin::DaysInStage)),
            plain(builtin(Builtin::StageEnteredAt))
        )?;
        Ok(())
    }

    fn health_text(&self, out: &mut String) -> Result<()> {
        let health = self.engine.health(self.account);
        let Some(card) = health.card.and_then(|c| self.model.scorecards.get(c)) else { return Ok(()) };
        let score = |s: Option<f64>| s.map_or_else(|| "no data".to_owned(), |s| format!("{s:.1}"));
        let band = health.band.map_or_else(String::new, |b| format!(" {}", band_name(card, b)));
        let change = self.line.health_change_30d.map_or_else(String::new, |c| format!(", {c:+.1} in 30 days"));
        let coverage = health.coverage.map_or_else(String::new, |c| format!(", coverage {:.0} %", c * 100.0));
        writeln!(out, "health: {}{band}{change}{coverage} ({})", score(health.score), card.name)?;
        if health.score != health.computed {
            writeln!(out, "  computed: {}", score(health.computed))?;
        }
        for (group, now) in card.groups.iter().zip(&health.groups) {
            writeln!(out, "  {}: {} (weight {})", group.name, score(now.score), group.weight)?;
            for (measure, now) in group.measures.iter().zip(&now.measures).filter(|(_, now)| now.applies) {
                writeln!(out, "    {}: {} from {} (weight {})", measure.name, score(now.score), plain(&now.value), measure.weight)?;
            }
        }
        Ok(())
    }
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>) -> Result<()> {
    let lines: Vec<String> = lines.collect();
    if !lines.is_empty() {
        writeln!(out, "{title}:")?;
        lines.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    Ok(())
}

/// A value without SQL's marks.
fn plain(value: &Value) -> String {
    match value.to_json() {
        Json::String(text) => text,
        Json::Null => "nothing".to_owned(),
        Json::Number(n) => n.as_f64().map_or_else(|| n.to_string(), |x| ((x * 100.0).round() / 100.0).to_string()),
        other => other.to_string(),
    }
}
