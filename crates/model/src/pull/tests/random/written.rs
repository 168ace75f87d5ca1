//! A model as files, written in one of many ways; the same definition in the same way as long as it says the same.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::world::{Key, SECTIONS, World};
use crate::edit::Texts;

/// Files, and which of their lines belong to what.
pub struct Written {
    pub files: Texts,
    pub parts: Vec<Part>,
}

/// Some lines of a file.
#[derive(Default)]
pub struct Part {
    pub file: String,
    pub lines: String,
    /// The definitions in them.
    pub keys: Vec<Key>,
    /// A section in brackets: each definition with its text.
    pub inline: Vec<(Key, String)>,
    /// Comments above and beside the definition.
    pub comments: Vec<String>,
    /// The head of a section: not there where none of those is left that stood …
    pub optional: bool,
    /// … within it.
    pub within: Vec<Key>,
}

/// How one file is written.
struct Hand {
    seed: u64,
    step: usize,
}

/// Writes a model in the way of a seed.
pub fn write(world: &World, seed: u64) -> Written {
    let mut written = Written { files: Texts::new(), parts: vec![] };
    let count = 1 + pick(seed, "files", 3);
    for index in 0..count {
        let file = format!("f{index}.yaml");
        let hand = Hand { seed, step: [2, 4, 3][pick(seed, &("step", index), 3)] };
        let mut parts = hand.head(index);
        let first = pick(seed, &("first", index), SECTIONS.len());
        let mut sections: Vec<&str> = SECTIONS.to_vec();
        sections.rotate_left(first);
        // The stages and milestones of a lifecycle stand together.
        sections.sort_by_key(|section| section.starts_with("lifecycle"));
        let here =
            |key: &Key| pick(seed, &("file", &key.0, if pick(seed, &("together", &key.0), 3) > 0 { "" } else { &key.1 }), count) == index;
        let mut in_lifecycle = false;
        for section in sections {
            let keys: Vec<Key> = world.keys().filter(|key| key.0 == section && here(key)).collect();
            let definitions: Vec<(&Key, &Value)> = keys.iter().filter_map(|key| Some((key, world.get(key)?))).collect();
            parts.extend(hand.section(section, &definitions, &mut in_lifecycle, index));
        }
        let mut text: String = parts.iter().map(|part| part.lines.as_str()).collect();
        if pick(seed, &("end", index), 4) == 0 {
            text.truncate(text.trim_end().len());
        }
        if pick(seed, &("break", index), 4) == 0 {
            text = text.replace('\n', "\r\n");
        }
        written.files.insert(file.clone(), text);
        written.parts.extend(parts.into_iter().map(|part| Part { file: file.clone(), ..part }));
    }
    written
}

/// A number below `n` that hangs on nothing but the seed and the question.
fn pick(seed: u64, what: &(impl Hash + ?Sized), n: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    (seed, what).hash(&mut hasher);
    (hasher.finish() % n.max(1) as u64) as usize
}

impl Hand {
    fn head(&self, index: usize) -> Vec<Part> {
        let lines = ["", "# A file\n\n", "# A file\n", "---\n"][pick(self.seed, &("head", index), 4)];
        vec![Part { lines: lines.into(), optional: lines == "---\n", ..Part::default() }]
    }

    fn section(&self, section: &str, definitions: &[(&Key, &Value)], in_lifecycle: &mut bool, index: usize) -> Vec<Part> {
        let pick = |what: &str, n| pick(self.seed, &(what, section, index), n);
        let within: Vec<Key> = definitions.iter().map(|(key, _)| (*key).clone()).collect();
        let head = |lines: String| Part { lines, optional: true, within: within.clone(), ..Part::default() };
        let mut parts = Vec::new();
        if definitions.is_empty() && (pick("empty", 3) > 0 || section == "timezone") {
            return parts;
        }
        if let [(key, value)] = definitions
            && section == "timezone"
        {
            let comment = ["", " # here"][pick("comment", 2)];
            let lines = format!("timezone: {}{comment}\n", self.flow(value, key, 0));
            return vec![Part { lines, keys: within, comments: vec![comment.into()], ..Part::default() }];
        }
        let (name, column) = match section.split_once('.') {
            Some((_, part)) => {
                if !*in_lifecycle {
                    parts.push(Part { lines: "lifecycle:\n".into(), optional: true, ..Part::default() });
                }
                *in_lifecycle = true;
                (part, self.step)
            }
            None => (section, 0),
        };
        let indent = " ".repeat(column);
        if definitions.is_empty() {
            parts.push(head(format!("{indent}{name}:{}\n", ["", " {}", " # none"][pick("how", 3)])));
        } else if pick("flow", 6) == 0 {
            let all: Vec<String> = definitions.iter().map(|(key, value)| format!("{}: {}", key.1, self.flow(value, key, 0))).collect();
            let lines = format!("{indent}{name}: {{ {} }}{}\n", all.join(", "), ["", " # all"][pick("comment", 2)]);
            let inline = within.iter().cloned().zip(all).collect();
            parts.push(Part { lines, inline, ..Part::default() });
        } else {
            parts.push(head(format!("{indent}{name}:{}\n", ["", "  # head"][pick("comment", 2)])));
            parts.extend(definitions.iter().map(|(key, value)| self.definition(key, value, column + self.step)));
        }
        parts.push(Part { lines: ["", "\n"][pick("blank", 2)].into(), ..Part::default() });
        parts
    }

    fn definition(&self, key: &Key, value: &Value, column: usize) -> Part {
        let pick = |what: &str, n| pick(self.seed, &(what, key, value.to_string()), n);
        let (indent, inner) = (" ".repeat(column), " ".repeat(column + self.step));
        let id = format!("{}_{}", key.0, key.1);
        let above =
            [String::new(), format!("{indent}# above {id}\n"), format!("\n{indent}# above {id}\n"), "\n".into()][pick("above", 4)].clone();
        let beside = [String::new(), format!("  # beside {id}")][pick("beside", 2)].clone();
        let after_key = &key.1;
        let lines = match (pick("form", 4), value) {
            (0, Value::Object(map)) if !map.is_empty() => {
                format!("{indent}{after_key}:{beside}\n{}", self.block(map, key, column + self.step))
            }
            (0, Value::Array(items)) if !items.is_empty() => {
                let items: String = items.iter().map(|item| format!("{inner}- {}\n", self.flow(item, key, 1))).collect();
                format!("{indent}{after_key}:{beside}\n{items}")
            }
            (0, Value::String(text)) => {
                let content: String = text.lines().map(|line| format!("{inner}{line}\n")).collect();
                let beside = beside.trim_start();
                format!("{indent}{after_key}: |-{}{beside}\n{content}", if beside.is_empty() { "" } else { " " })
            }
            (1, Value::Object(_)) => format!("{indent}{after_key}:\n{inner}{}{beside}\n", self.flow(value, key, 0)),
            (_, Value::Null) => format!("{indent}{after_key}:{beside}\n"),
            _ => format!("{indent}{after_key}:{}{}{beside}\n", [" ", "   "][pick("gap", 2)], self.flow(value, key, 0)),
        };
        // A comment in the header of a block scalar goes with it.
        let comments = if lines.contains(": |-") { vec![above.trim().to_owned()] } else { vec![above.trim().to_owned(), beside] };
        Part { lines: format!("{above}{lines}"), keys: vec![key.clone()], comments, ..Part::default() }
    }

    fn block(&self, map: &Map<String, Value>, key: &Key, column: usize) -> String {
        let indent = " ".repeat(column);
        let mut out = String::new();
        for (i, (name, value)) in map.iter().enumerate() {
            let pick = |what: &str, n| pick(self.seed, &(what, key, name, value.to_string()), n);
            out += ["", "", "# inside\n"][pick("inside", 3)].replace("# ", &format!("{indent}# ")).as_str();
            out += &match (pick("form", 3), value) {
                (0, Value::Object(inner)) if !inner.is_empty() => {
                    format!("{indent}{}:\n{}", self.key(name), self.block(inner, key, column + self.step))
                }
                (0, Value::String(text)) => {
                    let content: String = text.lines().map(|line| format!("{indent}  {line}\n")).collect();
                    format!("{indent}{}: |-\n{content}", self.key(name))
                }
                _ => format!("{indent}{}: {}{}\n", self.key(name), self.flow(value, key, i), ["", " # field"][pick("comment", 2)]),
            };
        }
        out
    }

    fn key(&self, name: &str) -> String {
        if name.starts_with('<') { format!("\"{name}\"") } else { name.into() }
    }

    fn flow(&self, value: &Value, key: &Key, salt: usize) -> String {
        match value {
            Value::String(text) => {
                let plain =
                    text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '>' | '=' | '/' | '_')) && text != "true" && text != "12";
                match pick(self.seed, &("quotes", key, text, salt), 3) {
                    0 if plain => text.clone(),
                    1 if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
                    _ => value.to_string(),
                }
            }
            Value::Array(items) => format!("[{}]", items.iter().map(|item| self.flow(item, key, salt + 1)).collect::<Vec<_>>().join(", ")),
            Value::Object(map) if map.is_empty() => "{}".into(),
            Value::Object(map) => {
                let entries: Vec<String> =
                    map.iter().map(|(name, v)| format!("{}: {}", self.key(name), self.flow(v, key, salt + 1))).collect();
                format!("{{ {} }}", entries.join(", "))
            }
            Value::Null => ["null", "~"][pick(self.seed, &("null", key), 2)].into(),
            value => value.to_string(),
        }
    }
}
