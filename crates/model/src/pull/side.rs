//! One of the models of a merge: its definitions as data and as text.

use serde_json::Value;

use super::{Broken, ORDERED, Which};
use crate::check::revision;
use crate::diagnostic::Diagnostic;
use crate::edit::{self, Page, Piece, Texts};
use crate::yaml::{Entry, Node};

/// A model, read.
pub(super) struct Side<'t> {
    pub files: &'t Texts,
    /// In the order of the files, and in each as they stand.
    definitions: Vec<Definition>,
}

/// A definition, or a setting.
pub(super) struct Definition {
    pub section: String,
    /// Empty for a setting.
    pub name: String,
    /// What it says, whatever its formatting.
    pub value: Value,
    pub file: String,
    pub line: usize,
    /// As text.
    pub text: String,
    /// As it is put into another file.
    pub piece: Piece,
    /// The comment beside it.
    pub beside: String,
    /// The comment above it.
    pub above: String,
}

impl<'t> Side<'t> {
    pub fn read(which: Which, files: &'t Texts) -> Result<Side<'t>, Broken> {
        let (mut definitions, mut found) = (Vec::new(), Vec::new());
        for (file, text) in files {
            match Page::read(file, text) {
                Ok(page) => of_page(&page, &mut definitions, &mut found),
                Err(edit::Error::Yaml(wrong)) => found.extend(wrong),
                Err(_) => {}
            }
        }
        if found.is_empty() { Ok(Side { files, definitions }) } else { Err(Broken { which, found }) }
    }

    /// All sections and names, each once.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let first = |d: &&Definition| self.all(&d.section, &d.name).first().is_some_and(|first| std::ptr::eq(*first, *d));
        self.definitions.iter().filter(first).map(|d| (d.section.as_str(), d.name.as_str()))
    }

    /// What a section defines under a name: one definition, unless something is wrong.
    pub fn all(&self, section: &str, name: &str) -> Vec<&Definition> {
        self.definitions.iter().filter(|d| d.section == section && d.name == name).collect()
    }

    /// The first definition of a section.
    pub fn first(&self, section: &str) -> Option<&Definition> {
        self.definitions.iter().find(|d| d.section == section)
    }

    /// The names of a section, in order, each once.
    pub fn order(&self, section: &str) -> Vec<&str> {
        self.names().filter(|(s, _)| *s == section).map(|(_, name)| name).collect()
    }

    /// The names before a definition of this model, the nearest first: of its section where order has meaning, else of its section in its file.
    pub fn before(&self, definition: &Definition) -> Vec<&str> {
        let ordered = ORDERED.contains(&definition.section.as_str());
        let with = |d: &&Definition| d.section == definition.section && (ordered || d.file == definition.file);
        let before = self.definitions.iter().take_while(|d| !std::ptr::eq(*d, definition)).filter(with);
        before.map(|d| d.name.as_str()).collect::<Vec<_>>().into_iter().rev().collect()
    }
}

/// What a value says: the same for the same, whatever the formatting.
pub(super) fn data<'n>(value: &'n Node, path: &[&'n str]) -> Value {
    revision::definition(value, path)
}

fn of_page(page: &Page, all: &mut Vec<Definition>, found: &mut Vec<Diagnostic>) {
    for entry in page.root.as_map().unwrap_or_default() {
        match entry.value.as_map() {
            Some(parts) if entry.key == "lifecycle" => {
                for part in parts {
                    of_section(page, &format!("lifecycle.{}", part.key), part, all, found);
                }
            }
            _ => of_section(page, &entry.key, entry, all, found),
        }
    }
}

fn of_section(page: &Page, section: &str, entry: &Entry, all: &mut Vec<Definition>, found: &mut Vec<Diagnostic>) {
    let definitions: Vec<(&str, &Entry)> = match entry.value.as_map() {
        Some(entries) => entries.iter().map(|inner| (inner.key.as_str(), inner)).collect(),
        None if entry.value.is_null() => vec![],
        None => vec![("", entry)],
    };
    for (name, inner) in definitions {
        let (file, line) = (page.file.to_owned(), page.line(entry.place.start));
        if name.is_empty() && entry.value.as_map().is_some() {
            let message = format!("`{section}` has a definition without a name");
            found.push(Diagnostic { file, line, column: 1, code: "invalid-name", message, help: None });
            continue;
        }
        let path = edit::path(section, name);
        // None where an alias stands for the whole section.
        let at = page.found(&path).ok().flatten();
        all.push(Definition {
            section: section.into(),
            name: name.into(),
            value: data(&inner.value, &path),
            line: at.as_ref().map_or(line, |at| at.line),
            text: at.as_ref().map_or_else(|| edit::flow(&inner.value), |at| at.text.clone()),
            piece: page.piece(inner),
            beside: at.as_ref().map_or_else(String::new, |at| at.beside.clone()),
            above: at.map_or_else(String::new, |at| at.above),
            file,
        });
    }
}
