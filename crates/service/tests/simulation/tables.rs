//! Everything that the database and the archive hold, as lines to compare.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tenure_history::{Archive, Format};
use tenure_store::Store;
use tenure_store::alerts::LEARNED_LATE;

/// What depends on the model by which it was told, of an alert.
const TOLD_BY: [&str; 4] = ["revision", "severity", "resolved_at", "resolved_reason"];

/// Lines by table.
pub type Tables = BTreeMap<String, Vec<String>>;

/// Tables and columns that say how something came to be known, not what: places in the journal, how far its readers are, what is not in the
/// snapshot yet, and numbers given out.
const OF_THE_WAY: [&str; 4] = ["journal", "marks", "counters", "unsettled"];
const NUMBERS: [&str; 2] = ["position", "number"];
/// What depends on when it was learned that an alert fires.
const LEARNED: [(&str, &str); 4] = [("alerts", "owner"), ("outbox", "recipient"), ("outbox", "created_at"), ("outbox", "due_at")];

/// All rows, in an order of their own.
pub async fn all(store: &Store, data: &Path) -> Tables {
    let mut tables = Tables::new();
    let mut snapshot = store.snapshot().await.unwrap();
    for table in snapshot.tables().await.unwrap() {
        let mut lines = Vec::new();
        snapshot
            .rows::<tenure_store::Error>(&table, |line| {
                let values: Vec<Value> = serde_json::from_str(line).unwrap();
                let line: Vec<String> = table.columns.iter().zip(&values).map(|(name, value)| format!("{name}={value}")).collect();
                lines.push(line.join(" | "));
                Ok(())
            })
            .await
            .unwrap();
        lines.sort();
        tables.insert(table.name, lines);
    }
    let mut text = Vec::new();
    Archive::open(data).unwrap().export(&mut text, Format::Ndjson).unwrap();
    let mut lines: Vec<String> = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    tables.insert("the archive".to_owned(), lines);
    tables
}

/// What may not depend on ends of processes, of two lives of one world. Left out are
/// - places in the journal and numbers given out: a request that was durable and not answered comes again;
/// - alerts that are not so by what is known now: a start may settle the archive earlier than the archiver would have, and so learn earlier of
///   whom an event is, which may open an alert or keep it from being opened for the moment; those must be closed;
/// - whose an alert is (the owner when it was learned that it fires), and when its message was put into the outbox, and whether it was young
///   enough, for the same reason;
/// - where models changed, what was told of the past, and by which of them, for the same reason: what was told before stays, and what is learned
///   late is told by the one in force then.
pub fn settled(lives: [&Tables; 2], switched: bool) -> [Tables; 2] {
    let known = lives.map(keys);
    let is_certain = |key: &str| known.iter().all(|keys| keys.get(key).is_some_and(|late| !late));
    for (keys, other) in [(&known[0], &known[1]), (&known[1], &known[0])] {
        let open = keys.iter().find(|(key, _)| !other.contains_key(*key) && lives.iter().any(|life| is_open(life, key)));
        assert_eq!(open, None, "an alert is open in one life and not there in the other");
    }
    lives.map(|life| {
        let mut settled = Tables::new();
        let of_the_past = |name: &str| switched && name == "outcomes";
        for (name, lines) in life.iter().filter(|(name, _)| !OF_THE_WAY.contains(&name.as_str()) && !of_the_past(name)) {
            let passing = |field: &str| {
                let column = field.split('=').next().unwrap_or_default();
                let by_which = switched && name == "alerts" && TOLD_BY.contains(&column) && field != "resolved_at=null";
                NUMBERS.contains(&column) || by_which || LEARNED.contains(&(name.as_str(), column))
            };
            let mut lines: Vec<String> = lines
                .iter()
                .filter(|line| !["alerts", "outbox"].contains(&name.as_str()) || key(line).is_some_and(|key| is_certain(&key)))
                .map(|line| match serde_json::from_str::<Value>(line) {
                    Ok(Value::Object(mut event)) => {
                        event.remove("position");
                        Value::Object(event).to_string()
                    }
                    _ => line.split(" | ").filter(|field| !passing(field)).collect::<Vec<_>>().join(" | "),
                })
                .collect();
            lines.sort();
            settled.insert(name.clone(), lines);
        }
        let messages = settled.remove("outbox").unwrap_or_default();
        assert!(messages.windows(2).all(|pair| pair[0] != pair[1]), "a message is there twice");
        settled
    })
}

/// The ledger's key in a line of the ledger or the outbox.
fn key(line: &str) -> Option<String> {
    let field = line.split(" | ").find_map(|field| field.strip_prefix("key=").or(field.strip_prefix("dedupe_key=")))?;
    let key: String = serde_json::from_str(field).ok()?;
    Some(key.strip_prefix("alert/").map_or(key.clone(), str::to_owned))
}

/// The keys of the ledger, and whether each was closed as learned late.
fn keys(life: &Tables) -> BTreeMap<String, bool> {
    let lines = life.get("alerts").into_iter().flatten();
    lines.filter_map(|line| Some((key(line)?, line.contains(&format!("resolved_reason=\"{LEARNED_LATE}\""))))).collect()
}

fn is_open(life: &Tables, of: &str) -> bool {
    life.get("alerts").into_iter().flatten().any(|line| key(line).as_deref() == Some(of) && line.contains("resolved_at=null"))
}

/// Where two differ; empty where they do not.
pub fn differences(a: &Tables, b: &Tables, names: [&str; 2]) -> String {
    let mut text = String::new();
    for (table, left) in a {
        let right = b.get(table).cloned().unwrap_or_default();
        let only = |of: &[String], not: &[String]| -> Vec<String> {
            let mut rest = not.to_vec();
            let found = |line: &&String| match rest.iter().position(|r| r == *line) {
                Some(i) => {
                    rest.swap_remove(i);
                    false
                }
                None => true,
            };
            of.iter().filter(found).cloned().collect()
        };
        for (name, lines) in [(names[0], only(left, &right)), (names[1], only(&right, left))] {
            lines.iter().for_each(|line| text += &format!("{table}, only {name}: {line}\n"));
        }
    }
    text
}
