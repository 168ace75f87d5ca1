//! Accounts, people and subscriptions as warehouse syncs put them: an object, an array of them, or one per line.

use std::borrow::Cow;

use serde_json::Value as Json;
use serde_json::value::RawValue;
use tenure_model::Instant;
use tenure_model::diagnostic::nearest;
use tenure_model::input::{Entity, Membership, Version, subscription};

use super::envelope::parse;
use super::intake::{Bad, Code, Fault, Intake};
use super::limits::{BATCH_BYTES_MAX, ITEM_BYTES_MAX, ITEMS_MAX};
use super::refused::Refused;
use super::said;
use crate::reader::Object;

/// What a body has rows of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `{ id, …traits }`.
    Accounts,
    /// `{ id, account_id?, account_from?, account_until?, …traits }`.
    People,
    /// `{ id, account_id, started_at, …fields }`.
    Subscriptions,
}

impl Kind {
    /// By its endpoint's name.
    pub fn parse(endpoint: &str) -> Option<Kind> {
        [Kind::Accounts, Kind::People, Kind::Subscriptions]
            .into_iter()
            .find(|kind| kind.endpoint().strip_prefix("entities/") == Some(endpoint))
    }

    fn endpoint(self) -> &'static str {
        match self {
            Kind::Accounts => "entities/accounts",
            Kind::People => "entities/people",
            Kind::Subscriptions => "entities/subscriptions",
        }
    }
}

/// What is said of a row rather than in it.
const ABOUT: &[&str] = &["id", "account_id", "account_from", "account_until", "valid_from", "known_from", "traits"];

/// What a body of entities says. A row that is wrong is in `Intake::bad`, and the others are taken.
pub fn entities(kind: Kind, body: &str, received_at: Instant) -> Result<Intake<'static>, Refused> {
    if body.len() > BATCH_BYTES_MAX {
        return Err(Refused::TooLarge { bytes_max: BATCH_BYTES_MAX });
    }
    let mut intake = Intake::default();
    let rows = rows(body)?;
    if rows.len() > ITEMS_MAX {
        return Err(Refused::TooManyItems { items: rows.len(), items_max: ITEMS_MAX });
    }
    for (index, row) in rows.into_iter().enumerate() {
        match Row::read(row, kind, received_at) {
            Ok(row) => {
                intake.versions.extend(row.versions);
                intake.memberships.extend(row.membership);
            }
            Err(fault) => intake.bad.push(Bad {
                index,
                code: fault.code,
                message: fault.message,
                raw: row.to_owned(),
                endpoint: kind.endpoint().to_owned(),
            }),
        }
    }
    Ok(intake)
}

/// The rows: of an array, the only one, or the lines.
fn rows(body: &str) -> Result<Vec<&str>, Refused> {
    if body.trim_ascii_start().starts_with('[') {
        return Ok(parse::<Vec<&RawValue>>(body)?.into_iter().map(RawValue::get).collect());
    }
    let whole = match parse::<&RawValue>(body) {
        Ok(row) => return Ok(vec![row.get()]),
        Err(refused) => refused,
    };
    let lines: Vec<&str> = body.lines().map(str::trim_ascii).filter(|line| !line.is_empty()).collect();
    // Where no line is an object by itself, these are not lines but one broken object.
    let is_row = |line: &&str| line.starts_with('{') && serde_json::from_str::<&RawValue>(line).is_ok();
    if lines.len() > 1 && lines.iter().any(is_row) { Ok(lines) } else { Err(whole) }
}

/// What one row says.
struct Row {
    versions: Vec<Version>,
    membership: Option<Membership>,
}

impl Row {
    fn read(json: &str, kind: Kind, received_at: Instant) -> Result<Row, Fault> {
        if json.len() > ITEM_BYTES_MAX {
            return Err(Fault::new(Code::ItemTooLarge, format!("it has {} bytes; {ITEM_BYTES_MAX} are allowed", json.len())));
        }
        if let Err(error) = serde_json::from_str::<&RawValue>(json) {
            return Err(Fault::new(Code::InvalidJson, format!("it is not JSON: {error}")));
        }
        let object = said::object(Some(json), "it", Code::NotAnObject)?.ok_or_else(|| Fault::new(Code::NotAnObject, "it is null"))?;
        let id = said::id(object.get("id"), "id")?.ok_or_else(|| Fault::new(Code::NoId, "there is no id"))?;
        let account = said::id(object.get("account_id"), "account_id")?;
        let fields = fields(&object)?;
        let said_from = said::time(object.get("valid_from"), "valid_from")?;
        // Said to be null: it was always so, as far as anyone knows. Not said: from now on.
        let is_undated = object.0.iter().any(|(key, json)| key == "valid_from" && *json == "null");
        let default_from = if is_undated { None } else { Some(received_at) };
        let known_from = said::time(object.get("known_from"), "known_from")?;
        let (id, mut membership) = (id.into_owned(), None);
        let mut versions = match kind {
            Kind::Accounts => said::versions(&Entity::Account(id.clone()), &fields, said_from.or(default_from), known_from)?,
            Kind::People => {
                if let Some(account) = account {
                    let (from, until) = (time(&object, "account_from")?, time(&object, "account_until")?);
                    membership = Some(Membership { person: id.clone(), account: account.into_owned(), from, until });
                }
                said::versions(&Entity::Person(id.clone()), &fields, said_from.or(default_from), known_from)?
            }
            Kind::Subscriptions => {
                let account = account.ok_or_else(|| Fault::new(Code::NoAccount, "there is no account_id"))?;
                let started = time(&fields, "started_at")?.ok_or_else(|| Fault::new(Code::NoStartedAt, "there is no started_at"))?;
                // What a subscription says holds from its beginning, but is known from now on, unless it is said otherwise.
                let known_from = known_from.or(if said_from.is_some() { None } else { default_from });
                let entity = Entity::Subscription(account.into_owned(), id.clone());
                let mut versions = said::versions(&entity, &fields, said_from.or(Some(started)), known_from)?;
                versions.iter_mut().try_for_each(check)?;
                versions
            }
        };
        if kind == Kind::Accounts && versions.is_empty() {
            // Of this account nothing else is known: that there is one is known all the same.
            let value = Json::from(id.as_str());
            versions.push(Version {
                entity: Entity::Account(id),
                field: "id".into(),
                value,
                valid_from: said_from.or(default_from),
                known_from,
            });
        }
        Ok(Row { versions, membership })
    }
}

/// The traits of a row: its members, and those of `traits`.
fn fields<'a>(object: &Object<'a>) -> Result<Object<'a>, Fault> {
    let own = object.0.iter().filter(|(key, _)| !ABOUT.contains(&key.as_ref())).cloned();
    let inner = said::object(object.get("traits"), "traits", Code::BadTraits)?;
    let inner = inner.map(|o: Object<'a>| o.0).unwrap_or_default();
    Ok(Object(own.chain(inner).collect::<Vec<(Cow<'a, str>, &'a str)>>()))
}

fn time(object: &Object<'_>, field: &str) -> Result<Option<Instant>, Fault> {
    said::time(object.get(field), field)
}

/// Checks a version of a subscription, and brings its value into form: numbers, times as RFC 3339, text.
fn check(version: &mut Version) -> Result<(), Fault> {
    let field = version.field.as_str();
    if !subscription::FIELDS.contains(&field) {
        let help = nearest(field, subscription::FIELDS.iter().copied()).map(|n| format!(": did you mean `{n}`?")).unwrap_or_default();
        return Err(Fault::new(Code::UnknownField, format!("a subscription has no field `{}`{help}", said::short(field))));
    }
    if version.value.is_null() {
        return Ok(());
    }
    if field.ends_with("_at") {
        let raw = version.value.to_string();
        version.value = said::time(Some(&raw), field)?.map_or(Json::Null, |t| Json::from(t.to_string()));
    } else if matches!(field, "seats" | "mrr" | "arr") {
        let number = match &version.value {
            Json::Number(_) => return Ok(()),
            Json::String(text) => text.trim().parse::<f64>().ok().filter(|x| x.is_finite()),
            _ => None,
        };
        let wrong = || Fault::new(Code::BadNumber, format!("{field} is not a number: {}", said::short(&version.value.to_string())));
        version.value = number.map(Json::from).ok_or_else(wrong)?;
    } else if !version.value.is_string() {
        version.value = Json::from(version.value.to_string());
    }
    Ok(())
}
