//! Values as people read them: rounded, times as RFC 3339. Programs read the exact ones beside the text.

use serde_json::Value as Json;
use tenure_model::Value;
use tenure_model::time::Instant;

/// At most four decimals, without trailing zeros; what is smaller stays as it is.
fn rounded(x: f64) -> String {
    if x != 0.0 && x.abs() < 1e-4 {
        return x.to_string();
    }
    ((x * 1e4).round() / 1e4).to_string()
}

/// A value: `0.3333`, `'text'`, `2025-01-31T09:00:00Z`, `NULL`.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Number(x) => rounded(*x),
        Value::Time(t) => t.to_string(),
        Value::Date(d) => d.to_string(),
        other => other.to_string(),
    }
}

/// A value as JSON holds it, as a person would write it.
pub(super) fn plain_json(value: &Json) -> String {
    match value {
        Json::Number(n) => n.as_f64().map_or_else(|| n.to_string(), rounded),
        Json::String(text) => text.clone(),
        Json::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

/// A score: `72.4`.
pub(super) fn score(score: Option<f64>) -> String {
    score.map_or_else(|| "no score".to_owned(), |x| format!("{x:.1}"))
}

/// An instant in JSON.
pub(super) fn time(t: Instant) -> Json {
    t.to_string().into()
}

/// For serde: an instant as RFC 3339.
pub(super) fn as_text<S: serde::Serializer>(t: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(t)
}

/// For serde: an instant that may be missing.
pub(super) fn as_text_if_any<S: serde::Serializer>(t: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    match t {
        Some(t) => serializer.collect_str(t),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded() {
        for (x, text) in [(1.0 / 3.0, "0.3333"), (72.4, "72.4"), (12.0, "12"), (1e-6, "0.000001"), (-0.5, "-0.5"), (0.0, "0")] {
            assert_eq!(plain(&Value::Number(x)), text);
        }
        assert_eq!(plain(&Value::text("it's")), "'it''s'");
    }
}
