//! The JSON Schema of a model file, for editors.

/// The schema (draft 2020-12) as JSON text. `check` knows more: names, types, references.
pub const TEXT: &str = include_str!("model.schema.json");

/// The schema. Null never: a test reads it.
pub fn schema() -> serde_json::Value {
    serde_json::from_str(TEXT).unwrap_or_default()
}
