//! The condition of `tenure accounts --where`: one more rule of the model, checked like any other; traits it reads that the model does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use serde_json::Value as Json;
use tenure_model::input::Fields;
use tenure_model::{Calendar, Kind, Model, Value};
use tenure_store::Store;

use crate::failure::failure;
use crate::model::{Loaded, Source};
use tenure_tables::evaluated::state;

/// The rule that carries the condition through the model's checks; of no consequence otherwise.
pub const FILTER: &str = "the_where_of_this_list";

/// The model with the condition as one more rule, its columns laid out with the others. The list's own columns, and traits that were imported but
/// are not declared, are declared as traits.
pub async fn with_filter(loaded: &Loaded, sql: &str, store: &Store) -> Result<Arc<Model>> {
    let is_column = |name: &str| loaded.model.account.iter().any(|c| c.name == name);
    let unknown: BTreeSet<&str> = sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|name| !is_column(name)).collect();
    let own = state::OWN.iter().filter(|(name, _)| unknown.contains(name) && !matches!(*name, "alerts" | "health_change_30d"));
    let mut traits: BTreeMap<String, Kind> = own.map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
    match with_rule(loaded, sql, &traits) {
        Ok(model) => Ok(model),
        Err(error) => {
            let undeclared = undeclared(&unknown, store, &loaded.model.calendar).await?;
            if undeclared.is_empty() {
                return Err(error);
            }
            traits.extend(undeclared.into_iter().filter(|(name, _)| state::OWN.iter().all(|own| own.0 != name)));
            with_rule(loaded, sql, &traits)
        }
    }
}

fn with_rule(loaded: &Loaded, sql: &str, traits: &BTreeMap<String, Kind>) -> Result<Arc<Model>> {
    let mut rule = format!("alerts: {{ {FILTER}: {{ when: {} }} }}\n", Json::from(sql));
    if !traits.is_empty() {
        let traits: serde_json::Map<String, Json> = traits.iter().map(|(name, kind)| (name.clone(), kind.to_string().into())).collect();
        rule += &format!("traits: {}\n", Json::from(traits));
    }
    let mut files = loaded.source.files.clone();
    files.push(("~where.yaml".to_owned(), rule));
    let origin = &loaded.source.origin;
    let with = Source { origin: origin.clone(), files };
    with.check().map(|loaded| Arc::new(loaded.model)).map_err(|(_, diagnostics)| {
        match diagnostics.iter().find(|d| d.file == "~where.yaml") {
            Some(d) => {
                failure(format!("--where: {}", d.message), d.help.clone().unwrap_or_else(|| "it is a condition, as in models".to_owned()))
            }
            None => failure(format!("the model {origin} has errors"), format!("tenure check {origin}")),
        }
    })
}

/// Those of the names that were said of some account, with the type that all their values have.
async fn undeclared(names: &BTreeSet<&str>, store: &Store, calendar: &Calendar) -> Result<BTreeMap<String, Kind>> {
    let names = names.iter().filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
    let fields = Fields { account: names.map(|name| (*name).to_owned()).collect(), ..Fields::default() };
    for page in store.inputs(tenure_store::PAGE_ROWS).await?.only(fields) {
        let versions = page.read().await?.into_iter().flat_map(|inputs| inputs.versions);
        for version in versions.filter(|v| !v.value.is_null()) {
            let kind = kind_of(&version.value, calendar);
            kinds.entry(version.field).and_modify(|known| *known = common(*known, kind)).or_insert(kind);
        }
    }
    Ok(kinds)
}

/// The type of one value: texts that are dates or times are read as such.
fn kind_of(value: &Json, calendar: &Calendar) -> Kind {
    match value {
        Json::Number(_) => Kind::Number,
        Json::Bool(_) => Kind::Bool,
        // A bare year is no date.
        Json::String(text) if text.len() < 10 => Kind::Text,
        Json::String(text) if text.len() == 10 && Value::read(text, Kind::Date, calendar).is_some() => Kind::Date,
        Json::String(text) if Value::read(text, Kind::Time, calendar).is_some() => Kind::Time,
        _ => Kind::Text,
    }
}

/// The type that both can be read as.
fn common(a: Kind, b: Kind) -> Kind {
    match (a, b) {
        _ if a == b => a,
        (Kind::Date | Kind::Time, Kind::Date | Kind::Time) => Kind::Time,
        _ => Kind::Text,
    }
}
