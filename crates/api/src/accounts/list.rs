//! Accounts in a list: filtered by a condition, sorted by a column, page by page.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_model::{Calendar, Model, Value};
use utoipa::{IntoParams, ToSchema};

use super::columns::{Columns, Slot, live_line};
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{Limit, cursor, read_cursor};

/// What a list shows unless asked otherwise, as far as the model has it.
const FIELDS: &[&str] = &[
    "name",
    "status",
    "stage",
    "days_in_stage",
    "stage_late",
    "health",
    "health_band",
    "health_coverage",
    "health_change_30d",
    "alerts",
    "next_milestone",
    "next_milestone_due",
    "arr",
    "renewal_at",
    "owner",
];

/// Which accounts, in what order, with what.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// A condition in SQL over the columns, as in the model: `stage = 'adoption' AND health < 50`.
    #[param(example = "health < 50")]
    r#where: Option<String>,
    /// A column to sort by, `-` in front for the greatest first. NULL stands last. Without it: by id.
    #[param(example = "-arr")]
    sort: Option<String>,
    /// Columns to give, separated by commas; without it those of the portfolio.
    #[param(example = "name,health,arr")]
    fields: Option<String>,
    /// At most so many.
    limit: Option<Limit>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// An account in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountListed, example = json!({ "id": "acme", "name": "Acme", "status": "live", "stage": "adoption", "health": 62.5, "health_band": "yellow", "arr": 24000.0 }))]
pub struct Listed {
    /// Its id.
    #[schema(value_type = String)]
    id: Arc<str>,
    /// The columns asked for, by name.
    #[serde(flatten)]
    values: BTreeMap<String, serde_json::Value>,
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountPage)]
pub struct Page {
    /// In the order asked for.
    accounts: Vec<Listed>,
    /// How many accounts there are on all pages.
    count: usize,
    /// Give it as `cursor` for the next page; null on the last.
    next: Option<String>,
}

/// Accounts that fulfil a condition, in an order, page by page.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", params(Asked), responses((status = 200, description = "A page", body = Page)))]
pub async fn accounts(State(app): State<App>, Params(asked): Params<Asked>) -> Result<Json<Page>, ApiError> {
    list_where(&app, asked, None)
}

/// As `accounts`, of those that are in a segment.
pub(crate) fn list_where(app: &App, asked: Asked, segment: Option<&str>) -> Result<Json<Page>, ApiError> {
    let limit = Limit::of(asked.limit)? as usize;
    let model = app.model();
    let question = Question::read(&model, &asked, segment)?;
    Ok(Json(question.find(app, limit)))
}

/// The place of an account in the order.
#[derive(Clone)]
struct Place {
    key: Value,
    id: Arc<str>,
}

/// What was asked, understood.
struct Question<'m> {
    model: &'m Model,
    columns: Columns<'m>,
    condition: Option<tenure_model::Program>,
    segment: Option<Slot>,
    /// Do condition and order read the model's columns alone? Then rows are made for the page only.
    is_plain: bool,
    sort: Option<(Slot, bool)>,
    fields: Vec<(String, Slot)>,
    after: Option<Place>,
    order: String,
}

impl<'m> Question<'m> {
    fn read(model: &'m Model, asked: &Asked, segment: Option<&str>) -> Result<Question<'m>, ApiError> {
        let mut columns = Columns::new(model);
        let condition = asked.r#where.as_deref().filter(|sql| !sql.trim().is_empty()).map(|sql| columns.condition(sql)).transpose()?;
        let segment = segment.map(|name| columns.slot(name)).transpose()?;
        let order = asked.sort.clone().unwrap_or_default();
        let sort = match order.strip_prefix('-').unwrap_or(&order) {
            "" => None,
            name => Some((columns.slot(name)?, order.starts_with('-'))),
        };
        let is_plain = columns.is_plain();
        let known: Vec<&str> = columns.names().collect();
        let names: Vec<&str> = match &asked.fields {
            Some(text) => text.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "id").collect(),
            None => FIELDS.iter().copied().filter(|name| known.contains(name)).collect(),
        };
        let fields = names.into_iter().map(|name| Ok((name.to_owned(), columns.slot(name)?))).collect::<Result<Vec<_>, ApiError>>()?;
        let after = asked.cursor.as_deref().map(|text| place(text, &order, sort, &model.calendar)).transpose()?;
        Ok(Question { model, columns, condition, segment, is_plain, sort, fields, after, order })
    }

    fn find(&self, app: &App, limit: usize) -> Page {
        let now = app.now();
        let (mut places, mut count) = (Vec::new(), 0);
        app.each_account(self.model, |engine, account| {
            let made;
            let row = if self.is_plain {
                account.row()
            } else {
                let line = live_line(engine, account);
                made = [account.row(), &self.columns.extras(account, &line)].concat();
                &made
            };
            if self.condition.as_ref().is_some_and(|condition| !condition.holds(row, now)) {
                return;
            }
            if self.segment.is_some_and(|segment| segment.of(row).as_bool() != Some(true)) {
                return;
            }
            count += 1;
            let key = self.sort.map_or(Value::Null, |(slot, _)| slot.of(row).clone());
            let place = Place { key, id: account.id().clone() };
            if self.after.as_ref().is_none_or(|after| self.compare(after, &place) == Ordering::Less) {
                places.push(place);
            }
        });
        let more = places.len() > limit;
        if more {
            places.select_nth_unstable_by(limit, |a, b| self.compare(a, b));
            places.truncate(limit);
        }
        places.sort_unstable_by(|a, b| self.compare(a, b));
        let next = places.last().filter(|_| more).and_then(|last| cursor(&(&self.order, last.key.to_json(), &*last.id)));
        Page { accounts: self.listed(app, &places), count, next }
    }

    fn listed(&self, app: &App, places: &[Place]) -> Vec<Listed> {
        let live = app.service.live();
        let engine = live.engine();
        let account = |place: &Place| {
            let account = &*live.account(&place.id)?;
            let line = live_line(engine, account);
            let row = [line.row.as_slice(), &self.columns.extras(account, &line)].concat();
            let values = self.fields.iter().map(|(name, slot)| (name.clone(), shown(name, slot.of(&row)))).collect();
            Some(Listed { id: place.id.clone(), values })
        };
        places.iter().filter_map(account).collect()
    }

    /// By the key, NULL last; then by id.
    fn compare(&self, a: &Place, b: &Place) -> Ordering {
        let descending = self.sort.is_some_and(|(_, descending)| descending);
        let by_key = match (a.key.is_null(), b.key.is_null()) {
            (false, false) => {
                let order = a.key.compare(&b.key).unwrap_or(Ordering::Equal);
                if descending { order.reverse() } else { order }
            }
            (a, b) => a.cmp(&b),
        };
        by_key.then_with(|| a.id.cmp(&b.id))
    }
}

/// Where a page ended.
fn place(text: &str, order: &str, sort: Option<(Slot, bool)>, calendar: &Calendar) -> Result<Place, ApiError> {
    let (of, key, id): (String, serde_json::Value, String) = read_cursor(text)?;
    if of != order {
        return Err(ApiError::Bad { code: "bad_cursor", message: "the cursor belongs to a list in another order".to_owned() });
    }
    let key = sort.and_then(|(slot, _)| Value::from_json(&key, slot.kind, calendar)).unwrap_or_default();
    Ok(Place { key, id: id.into() })
}

/// A value in a list; alerts are a list of names.
fn shown(name: &str, value: &Value) -> serde_json::Value {
    match value.as_text().filter(|_| name == "alerts") {
        Some(text) => serde_json::from_str(text).unwrap_or_default(),
        None => value.to_json(),
    }
}
