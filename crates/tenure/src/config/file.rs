//! The configuration file: YAML, sections and keys, each with its place.

use std::path::Path;

use tenure_model::file::{Files, Place, Report};
use tenure_model::yaml::{self, Node};

use super::keys::{self, KEYS};
use super::{Origin, Problem, Said};

/// Reads a file; what is wrong goes to `problems`, the rest is taken.
pub(super) fn read(path: &Path, problems: &mut Vec<Problem>) -> Vec<Said> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let origin = Origin::File(path.to_owned(), 1, 1);
            let help = Some("tenure config prints one to start from".to_owned());
            problems.push(Problem { origin, message: format!("cannot read it: {error}"), help });
            return Vec::new();
        }
    };
    let name = path.display().to_string();
    let files = Files::new([(name.as_str(), text.as_str())]);
    let mut report = Report::new(&files);
    let root = yaml::parse(0, &mut report);
    let mut reader = Reader { path, files: &files, problems, said: Vec::new() };
    for found in report.into_diagnostics() {
        let origin = Origin::File(path.to_owned(), found.line, found.column);
        reader.problems.push(Problem { origin, message: found.message, help: found.help });
    }
    if let Some(root) = root.filter(|root| !root.is_null()) {
        reader.section("", &root);
    }
    reader.said
}

struct Reader<'r> {
    path: &'r Path,
    files: &'r Files,
    problems: &'r mut Vec<Problem>,
    said: Vec<Said>,
}

impl Reader<'_> {
    /// The keys of a map, whose names begin with a prefix: none, or a section's name and a point.
    fn section(&mut self, prefix: &str, node: &Node) {
        let Some(entries) = node.as_map() else {
            let what = if prefix.is_empty() { "the file" } else { prefix.trim_end_matches('.') };
            return self.wrong(node.place, format!("{what} must be a map of keys, not {}", node.what()), None);
        };
        for entry in entries {
            let name = format!("{prefix}{}", entry.key);
            let inner = format!("{name}.");
            if KEYS.iter().any(|key| key.name.starts_with(&inner)) {
                if !entry.value.is_null() {
                    self.section(&inner, &entry.value);
                }
                continue;
            }
            let Some(key) = keys::find(&name) else {
                self.wrong(entry.place, format!("there is no key `{name}`"), keys::nearest(&name));
                continue;
            };
            match entry.value.as_text() {
                Some(_) if key.name == "data" && self.path.file_name().is_some_and(|f| f == super::FILE) => {
                    let help = "give it with --data, TENURE_DATA, or in a file elsewhere: --config FILE";
                    self.wrong(
                        entry.place,
                        "data: a tenure.yaml lies in its data folder and cannot say where that is".to_owned(),
                        Some(help.into()),
                    );
                }
                Some(text) => {
                    let origin = self.origin(entry.value.place);
                    self.said.push(Said { key, text: text.to_owned(), origin });
                }
                None if entry.value.is_null() => {
                    let help = format!("write `{}: {}`, or remove the line", entry.key, key.example());
                    self.wrong(entry.place, format!("{name} has no value"), Some(help));
                }
                None => self.wrong(entry.value.place, format!("{name} must be one value, not {}", entry.value.what()), None),
            }
        }
    }

    fn origin(&self, place: Place) -> Origin {
        let (_, line, column) = self.files.position(place);
        Origin::File(self.path.to_owned(), line, column)
    }

    fn wrong(&mut self, place: Place, message: String, help: Option<String>) {
        let origin = self.origin(place);
        self.problems.push(Problem { origin, message, help });
    }
}
