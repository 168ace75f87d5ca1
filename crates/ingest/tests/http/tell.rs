//! What a request says, as text for tables and snapshots.

use tenure_ingest::http::Intake;
use tenure_model::Instant;

pub fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// When requests of the tests arrive.
pub fn received() -> Instant {
    at("2026-06-01T12:00:00Z")
}

/// Everything that arrived at a time, one thing a line; message ids only where `ids`.
pub fn tell_with(intake: &Intake<'_>, received_at: Instant, ids: bool) -> String {
    let mut lines = Vec::new();
    for e in &intake.events {
        let text = |t: Option<&str>| t.unwrap_or("-").to_owned();
        let mut line = format!("{} by {} at {}, {}", e.name, text(e.person.as_deref()), text(e.account.as_deref()), e.time);
        e.original_time.iter().for_each(|t| line += &format!(", was {t}"));
        e.sent_at.iter().for_each(|t| line += &format!(", sent {t}"));
        e.properties.iter().for_each(|p| line += &format!(", {p}"));
        if e.waits(received_at) {
            line += ", waits";
        }
        if ids {
            line += &format!(", id {}", e.message_id);
        }
        lines.push(line);
    }
    for v in &intake.versions {
        let from = |t: Option<Instant>| t.map_or("-".to_owned(), |t| t.to_string());
        let known = v.known_from.map_or(String::new(), |t| format!(", known {t}"));
        lines.push(format!("{:?}.{} = {} from {}{known}", v.entity, v.field, v.value, from(v.valid_from)));
    }
    for m in intake.memberships.iter().chain(&intake.belongs) {
        let until = m.until.map_or(String::new(), |t| format!(" until {t}"));
        lines.push(format!("{} belongs to {} from {}{until}", m.person, m.account, m.from.map_or("-".into(), |t| t.to_string())));
    }
    intake.merges.iter().for_each(|m| lines.push(format!("{} is {}", m.from, m.into)));
    intake.links.iter().for_each(|l| lines.push(format!("{} ~ {}", l.anonymous, l.known)));
    intake.bad.iter().for_each(|b| lines.push(format!("bad {} {}: {}", b.index, b.code.as_str(), b.message)));
    lines.join("\n")
}

pub fn tell(intake: &Intake<'_>) -> String {
    tell_with(intake, received(), false)
}
