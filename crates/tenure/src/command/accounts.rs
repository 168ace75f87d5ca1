//! `tenure accounts`: the portfolio as of any time, filtered by a condition.

use std::cmp::Ordering;
use std::sync::Arc;

use anyhow::Result;
use serde_json::Value as Json;
use tenure_model::definition::Source as Column;
use tenure_model::diagnostic::nearest;
use tenure_model::{Instant, Model, Value};

use super::filter::{FILTER, with_filter};
use super::{Outcome, Shared};
use crate::failure::failure;
use crate::render::{self, Grid, Style, StyleArgs};
use crate::world::{self, AsOf, Opened};
use tenure_replay::portfolio::{Line, Status, portfolio};
use tenure_tables::evaluated::manifest::Manifest;
use tenure_tables::evaluated::state;

/// Columns shown unless others are asked for. Those that no model has are given by the list itself.
const COLUMNS: &[&str] = &[
    "id",
    "name",
    "status",
    "ended_at",
    "stage",
    "days_in_stage",
    "stage_due",
    "health",
    "health_band",
    "health_change_30d",
    "health_coverage",
    "arr",
    "next_milestone",
    "alerts",
];

/// Columns that go on with the calendar, or lead somewhere: of an account that has ended they say nothing any more.
const OF_LIVE_ONES: &[&str] = &[
    "stage",
    "stage_entered_at",
    "days_in_stage",
    "stage_late",
    "stage_due",
    "health_change_30d",
    "next_milestone",
    "next_milestone_due",
    "days_to_renewal",
    "days_to_trial_end",
    "days_to_card_expiry",
];

/// Options of `tenure accounts`.
#[derive(clap::Args, Debug)]
pub struct Accounts {
    #[command(flatten)]
    as_of: AsOf,
    /// Only accounts for which this condition holds: the same SQL as in models
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// Only accounts with this status
    #[arg(long, value_name = "STATUS", value_parser = ["live", "ended", "new"])]
    status: Option<String>,
    /// Sort by this column; -COLUMN for the greatest first
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    sort: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: usize,
    /// Which columns, separated by commas: any of the model's, and status, ended_at, stage_due, next_milestone, next_milestone_due, alerts
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    columns: Vec<String>,
    #[command(flatten)]
    style: StyleArgs,
}

impl Accounts {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let (opened, at) = self.as_of.open(shared).await?;
        let filtered = match &self.condition {
            Some(sql) => Some(with_filter(&opened.loaded, sql, &opened.store).await?),
            None => None,
        };
        let model = filtered.unwrap_or_else(|| Arc::new(opened.loaded.model.clone()));
        let filter = model.alerts.iter().find(|a| a.name == FILTER).and_then(|a| a.when.as_ref());
        let style = self.style.style();
        // People see whether an account has ended; programs also when.
        let default = COLUMNS.iter().filter(|c| style != Style::Table || **c != "ended_at").map(|c| (*c).to_owned());
        let columns: Vec<String> = if self.columns.is_empty() { default.collect() } else { self.columns.clone() };
        for column in columns.iter().chain(self.sort.as_deref().map(|s| s.trim_start_matches('-').to_owned()).as_ref()) {
            known(&model, column)?;
        }

        let mut lines = lines(&opened, &model, at).await?;
        let wanted = |line: &Line| self.status.as_deref().is_none_or(|s| s == line.status.name());
        lines.retain(|line| wanted(line) && filter.is_none_or(|f| f.holds(&line.row, at)));
        if let Some(sort) = &self.sort {
            sort_by(&mut lines, &model, sort);
        }
        let all = lines.len();
        if self.limit > 0 {
            lines.truncate(self.limit);
        }
        let mut grid = Grid::new(columns.iter().map(|c| heading(c, style)));
        grid.rows = lines.iter().map(|line| columns.iter().map(|c| cell(line, &model, c, style)).collect()).collect();
        render::print(&grid, style)?;
        if style == Style::Table {
            let of = if lines.len() < all { format!(" of {}", render::count(all as u64)) } else { String::new() };
            remark!("({}{of}, as of {at})", render::counted(lines.len() as u64, "account"));
        }
        Ok(Outcome::Fine)
    }
}

/// The portfolio: from the last evaluation where it still answers, else by a replay of everything.
async fn lines(opened: &Opened, model: &Arc<Model>, at: Instant) -> Result<Vec<Line>> {
    let base = &opened.loaded.model;
    let derived = opened.folder.derived(&base.revision);
    let position = opened.store.position().await?;
    let mut lines = None;
    if let Some(manifest) = Manifest::read(&derived).filter(|m| m.answers(at, position)) {
        lines = state::lines(&derived.join("state"), base, model)?.filter(|lines| lines.len() as u64 == manifest.accounts);
    }
    let mut lines = match lines {
        Some(lines) => lines,
        None => {
            let world = opened.world_with(model.clone())?;
            let bar = world::progress(&world);
            let progress = |_: usize, events: usize| bar.inc(events as u64);
            let lines = tokio::task::block_in_place(|| portfolio(&world, at, world::threads(), &progress))?;
            bar.finish_and_clear();
            lines
        }
    };
    // The condition may read the list's own columns: they are declared as traits that the model does not have.
    let own = state::OWN.iter().enumerate().filter(|(_, (name, _))| slot(base, name).is_none());
    let slots: Vec<(usize, usize)> = own.filter_map(|(i, (name, _))| Some((i, slot_of_trait(model, name)?))).collect();
    for line in lines.iter_mut().filter(|_| !slots.is_empty()) {
        let values = state::own(line);
        slots.iter().for_each(|(own, slot)| line.row[*slot] = values[*own].clone());
    }
    // What fires is told by the list itself, whichever way it came: `alert('x')` in the condition is no column of most models.
    for (slot, column) in model.account.iter().enumerate() {
        let Column::Alert(rule) = column.source else { continue };
        let name = &model.alerts[rule].name;
        lines.iter_mut().for_each(|line| line.row[slot] = Value::Bool(line.alerts.contains(name)));
    }
    Ok(lines)
}

fn known(model: &Model, column: &str) -> Result<()> {
    let names = || model.account.iter().map(|c| c.name.as_str()).chain(state::OWN.iter().map(|(name, _)| *name));
    if names().any(|name| name == column) || ["name"].contains(&column) {
        return Ok(());
    }
    let help = nearest(column, names()).map_or_else(
        || "any column of the model will do: docs/reference/model.md, and its own metrics and traits".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Err(failure(format!("there is no column `{column}`"), help))
}

/// The value of a column in a line.
fn value(line: &Line, model: &Model, column: &str) -> Json {
    let time = |t: Option<Instant>| t.map_or(Json::Null, |t| t.to_string().into());
    match column {
        "id" => line.id.as_ref().into(),
        "status" => line.status.name().into(),
        "ended_at" => time(line.ended_at),
        "stage_due" => time(line.stage_due),
        "health_change_30d" => line.health_change_30d.map_or(Json::Null, Json::from),
        "next_milestone" => line.next_milestone.as_ref().map_or(Json::Null, |m| m.0.as_str().into()),
        "next_milestone_due" => time(line.next_milestone.as_ref().and_then(|m| m.1)),
        "alerts" => line.alerts.iter().filter(|a| *a != FILTER).cloned().collect(),
        _ => slot(model, column).and_then(|i| line.row.get(i)).map_or(Json::Null, Value::to_json),
    }
}

fn slot(model: &Model, column: &str) -> Option<usize> {
    model.account.iter().position(|c| c.name == column)
}

fn slot_of_trait(model: &Model, column: &str) -> Option<usize> {
    slot(model, column).filter(|slot| model.account[*slot].source == Column::Trait)
}

/// Has the account ended, so that this column says nothing of it any more?
fn is_over(line: &Line, column: &str) -> bool {
    line.status == Status::Ended && OF_LIVE_ONES.contains(&column)
}

/// A cell of the list. People see no frozen clocks; programs get the values as of the end.
fn cell(line: &Line, model: &Model, column: &str, style: Style) -> Json {
    if style == Style::Table && is_over(line, column) {
        return render::NOTHING.into();
    }
    shown(value(line, model, column), style)
}

/// For people: lists as text, numbers with two decimals, dates instead of instants.
fn shown(value: Json, style: Style) -> Json {
    match (style, value) {
        (Style::Json, value) => value,
        (Style::Csv, Json::Array(list)) => list.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", ").into(),
        (Style::Table, Json::Array(list)) => grouped(list.iter().filter_map(Json::as_str)).into(),
        (Style::Table, Json::Number(n)) if n.is_f64() => n.as_f64().map_or(Json::Null, |x| ((x * 100.0).round() / 100.0).into()),
        (Style::Table, Json::String(text)) if Instant::parse(&text).is_some() => text[..10].into(),
        (_, value) => value,
    }
}

/// Alerts of persons are counted: `admin_silent ×14`.
fn grouped<'a>(alerts: impl Iterator<Item = &'a str>) -> String {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for alert in alerts {
        let rule = alert.split('(').next().unwrap_or(alert);
        match groups.iter_mut().find(|(name, _)| *name == rule) {
            Some((_, count)) => *count += 1,
            None => groups.push((rule, 1)),
        }
    }
    groups
        .iter()
        .map(|(rule, count)| if *count == 1 { (*rule).to_owned() } else { format!("{rule} ×{count}") })
        .collect::<Vec<_>>()
        .join(", ")
}

/// Shorter headings for people.
fn heading(column: &str, style: Style) -> &str {
    match (style, column) {
        (Style::Table, "days_in_stage") => "days",
        (Style::Table, "stage_due") => "due",
        (Style::Table, "health_band") => "band",
        (Style::Table, "health_change_30d") => "30d",
        (Style::Table, "health_coverage") => "coverage",
        _ => column,
    }
}

/// Sorts by a column; NULL and what is frozen always come last, equal ones by id.
fn sort_by(lines: &mut [Line], model: &Model, sort: &str) {
    let (column, descending) = sort.strip_prefix('-').map_or((sort, false), |column| (column, true));
    let key = |line: &Line| if is_over(line, column) { Json::Null } else { value(line, model, column) };
    lines.sort_by_cached_key(|line| Key(key(line), descending));
}

struct Key(Json, bool);

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        let order = match (&self.0, &other.0) {
            (Json::Null, Json::Null) => return Ordering::Equal,
            (Json::Null, _) => return Ordering::Greater,
            (_, Json::Null) => return Ordering::Less,
            (Json::Number(a), Json::Number(b)) => a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0)),
            (Json::Array(a), Json::Array(b)) => a.len().cmp(&b.len()),
            (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
            (a, b) => a.as_str().unwrap_or_default().cmp(b.as_str().unwrap_or_default()),
        };
        if self.1 { order.reverse() } else { order }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}
