//! Accounts, people and subscriptions out of a table: versions of their fields, and memberships.

use serde_json::Value as Json;
use tenure_model::Instant;
use tenure_model::input::{Entity, Membership, Version, subscription};

use crate::bound::Bound;
use crate::events::{is_plausible, no_time};
use crate::mapping::{Import, Lookups, Mapping};
use crate::reader::Error;
use crate::table::Table;
use crate::{Inputs, Reject};

/// Adds what the rows of a table say.
pub(crate) fn add(table: &Table, mapping: &Mapping, lookups: &Lookups, inputs: &mut Inputs) -> Result<(), Error> {
    let chosen = table.filter(&mapping.filter);
    for rule in &mapping.rules {
        let bound = Bound::new(rule, table, mapping, lookups).map_err(Error::Columns)?;
        for row in 0..table.rows {
            if chosen.as_ref().is_some_and(|c| !c[row]) {
                inputs.skipped += 1;
                continue;
            }
            match Said::read(mapping.import, &bound, row) {
                Ok(said) => {
                    inputs.versions.extend(said.versions);
                    inputs.memberships.extend(said.membership);
                }
                Err(reason) => inputs.rejects.push(Reject { row: table.number(row), reason, raw: table.raw(row) }),
            }
        }
    }
    Ok(())
}

/// What one row says.
struct Said {
    versions: Vec<Version>,
    membership: Option<Membership>,
}

impl Said {
    fn read(import: Import, bound: &Bound<'_>, row: usize) -> Result<Said, String> {
        let id = bound.text("id", row).ok_or("there is no id")?.into_owned();
        let (mut valid_from, known_from) = (time(bound, "valid_from", row)?, time(bound, "known_from", row)?);
        if import == Import::Subscriptions {
            // What a subscription says holds from its beginning, unless it is said otherwise.
            valid_from = valid_from.or(time(bound, "started_at", row)?);
        }
        let account = bound.text("account_id", row).map(|a| a.into_owned());
        let entity = match import {
            Import::Accounts => Entity::Account(id.clone()),
            Import::People => Entity::Person(id.clone()),
            Import::Subscriptions => Entity::Subscription(account.clone().ok_or("there is no account_id")?, id.clone()),
            Import::Events => return Err("a row of events is no entity".into()),
        };
        let version = |field: &str, value: Json| Version { entity: entity.clone(), field: field.to_owned(), value, valid_from, known_from };
        let mut versions: Vec<Version> = if import == Import::Subscriptions {
            subscription_fields(bound, row)?.into_iter().map(|(field, value)| version(field, value)).collect()
        } else {
            traits(bound, row).into_iter().map(|(field, value)| version(&field, value)).collect()
        };
        if import == Import::Accounts && versions.is_empty() {
            // Of this account nothing else is known: that there is one is known all the same.
            versions.push(version("id", Json::from(id.as_str())));
        }
        let membership = match (import, account) {
            (Import::People, Some(account)) => {
                let (from, until) = (time(bound, "account_from", row)?, time(bound, "account_until", row)?);
                if let (Some(from), Some(until)) = (from, until)
                    && until <= from
                {
                    return Err(format!("account_until ({until}) is not after account_from ({from})"));
                }
                Some(Membership { person: id, account, from, until })
            }
            _ => None,
        };
        Ok(Said { versions, membership })
    }
}

/// The traits of a row; of what is blank nothing is said.
fn traits(bound: &Bound<'_>, row: usize) -> Vec<(String, Json)> {
    let mut text = String::new();
    let mut traits = Vec::new();
    for (name, part) in &bound.rest {
        text.clear();
        if part.json(row, &mut text)
            && let Ok(value) = serde_json::from_str(&text)
        {
            traits.push((name.clone(), value));
        }
    }
    traits
}

/// The fields of a subscription: numbers, times as RFC 3339, text.
fn subscription_fields(bound: &Bound<'_>, row: usize) -> Result<Vec<(&'static str, Json)>, String> {
    let mut fields = Vec::new();
    for field in subscription::FIELDS {
        let Some(taken) = bound.field(field) else { continue };
        if field.ends_with("_at") {
            fields.extend(time(bound, field, row)?.map(|t| (*field, Json::from(t.to_string()))));
            continue;
        }
        let mut text = String::new();
        if !taken.json(row, &mut text) {
            continue;
        }
        let value: Json = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        fields.push((*field, if matches!(*field, "seats" | "mrr" | "arr") { number(field, value)? } else { as_text(value) }));
    }
    if fields.iter().all(|(field, _)| *field != "started_at") {
        return Err("there is no started_at".into());
    }
    Ok(fields)
}

fn number(field: &str, value: Json) -> Result<Json, String> {
    let read = match &value {
        Json::Number(_) => return Ok(value),
        Json::String(text) => text.trim().parse::<f64>().ok().filter(|x| x.is_finite()),
        _ => None,
    };
    read.map(Json::from).ok_or_else(|| format!("{field} is not a number: {value}"))
}

fn as_text(value: Json) -> Json {
    if value.is_string() { value } else { Json::from(value.to_string()) }
}

fn time(bound: &Bound<'_>, field: &str, row: usize) -> Result<Option<Instant>, String> {
    match bound.field(field).and_then(|taken| taken.time(row)) {
        None => Ok(None),
        Some(Ok(t)) if is_plausible(t) => Ok(Some(t)),
        Some(Ok(t)) => Err(format!("{field}: {t} is not between 1900 and 2200")),
        Some(Err(text)) => Err(format!("{field}: {}", no_time(&text))),
    }
}
