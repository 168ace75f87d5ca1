//! Reads the fields of a map: each asked for once, what nobody asked for is unknown.

use crate::diagnostic::nearest;
use crate::file::{Place, Report, suggestion};
use crate::time::Span;
use crate::yaml::{Entry, Node};

/// The fields of one definition.
pub(crate) struct Fields<'n> {
    /// What it defines, for messages: `metric`, `alert rule`.
    what: &'static str,
    /// Where to report what is missing.
    place: Place,
    entries: &'n [Entry],
    asked: Vec<&'static str>,
}

/// A text and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Text<'n> {
    pub text: &'n str,
    pub node: &'n Node,
}

impl Text<'_> {
    pub fn place(&self) -> Place {
        self.node.place
    }

    pub fn owned(&self) -> String {
        self.text.into()
    }
}

impl<'n> Fields<'n> {
    /// The fields of a map; None and an error where it is none. `place`: where to report what is missing, such as the name's.
    pub fn of(node: &'n Node, what: &'static str, place: Place, report: &mut Report) -> Option<Fields<'n>> {
        match node.as_map() {
            Some(entries) => Some(Fields { what, place, entries, asked: Vec::new() }),
            None => {
                wrong_type(report, node, &article(what), "a map of fields");
                None
            }
        }
    }

    /// As `of`, where a name without anything is a definition without fields.
    pub fn or_none(node: &'n Node, what: &'static str, place: Place, report: &mut Report) -> Option<Fields<'n>> {
        if node.is_null() {
            return Some(Fields { what, place, entries: &[], asked: Vec::new() });
        }
        Fields::of(node, what, place, report)
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// Is this field written?
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|e| e.key == name)
    }

    /// Where the field's name stands; the definition's name if it is not written.
    pub fn place_of(&self, name: &str) -> Place {
        self.entries.iter().find(|e| e.key == name).map_or(self.place, |e| e.place)
    }

    /// Every field read so far, and all that may still be read, are known; `finish` refuses the others.
    pub fn node(&mut self, name: &'static str) -> Option<&'n Node> {
        self.skip(&[name]);
        self.entries.iter().find(|e| e.key == name).map(|e| &e.value)
    }

    /// A scalar, as text.
    pub fn text(&mut self, name: &'static str, report: &mut Report) -> Option<Text<'n>> {
        let node = self.node(name)?;
        text(node, name, report)
    }

    /// As `text`, owned: labels, descriptions, titles.
    pub fn owned(&mut self, name: &'static str, report: &mut Report) -> Option<String> {
        self.text(name, report).map(|t| t.text.trim().to_string())
    }

    /// As `text`, and an error where the field is not written.
    pub fn needed_text(&mut self, name: &'static str, help: &str, report: &mut Report) -> Option<Text<'n>> {
        self.need(name, help, report)?;
        self.text(name, report)
    }

    /// As `node`, and an error where the field is not written.
    pub fn need(&mut self, name: &'static str, help: &str, report: &mut Report) -> Option<&'n Node> {
        let node = self.node(name);
        if node.is_none() {
            report.error(self.place, "missing-field", format!("this {} has no `{name}`", self.what), Some(help.into()));
        }
        node
    }

    pub fn number(&mut self, name: &'static str, report: &mut Report) -> Option<(f64, Place)> {
        let node = self.node(name)?;
        match node.as_number() {
            Some(x) => Some((x, node.place)),
            None => {
                wrong_type(report, node, &format!("`{name}`"), "a number");
                None
            }
        }
    }

    pub fn bool(&mut self, name: &'static str, report: &mut Report) -> Option<bool> {
        let node = self.node(name)?;
        if node.as_bool().is_none() {
            wrong_type(report, node, &format!("`{name}`"), "true or false");
        }
        node.as_bool()
    }

    pub fn span(&mut self, name: &'static str, report: &mut Report) -> Option<(Span, Place)> {
        let node = self.node(name)?;
        span(node, name, report).map(|s| (s, node.place))
    }

    /// One text or a list of them.
    pub fn texts(&mut self, name: &'static str, report: &mut Report) -> Vec<Text<'n>> {
        match self.node(name) {
            None => Vec::new(),
            Some(node) => texts(node, name, report),
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&'static str, T)], report: &mut Report) -> Option<T> {
        let text = self.text(name, report)?;
        let found = choices.iter().find(|(word, _)| *word == text.text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let help = suggestion(text.text, words.iter().copied());
            report.error(text.place(), "invalid-value", format!("`{name}` cannot be `{}`", text.text), help);
        }
        found
    }

    /// As `choice`, with help of its own.
    pub fn among<T: Copy>(&mut self, name: &'static str, choices: &[(&'static str, T)], help: &str, report: &mut Report) -> Option<T> {
        let text = self.text(name, report)?;
        let found = choices.iter().find(|(word, _)| *word == text.text).map(|(_, value)| *value);
        if found.is_none() {
            report.error(text.place(), "invalid-value", format!("`{name}` cannot be `{}`", text.text), Some(help.into()));
        }
        found
    }

    /// Fields that others read, or nobody because something else is wrong already.
    pub fn skip(&mut self, names: &[&'static str]) {
        for name in names {
            if !self.asked.contains(name) {
                self.asked.push(name);
            }
        }
    }

    /// What several fields at once exclude: an error if more than one of them is written.
    pub fn at_most_one(&self, names: &[&'static str], report: &mut Report) -> bool {
        let written: Vec<&Entry> = self.entries.iter().filter(|e| names.contains(&e.key.as_str())).collect();
        match written.as_slice() {
            [first, second, ..] => {
                let message = format!("{} has either `{}` or `{}`, not both", article(self.what), first.key, second.key);
                report.error(second.place, "conflict", message, None);
                false
            }
            _ => true,
        }
    }

    /// Are there fields nobody asked for so far?
    pub fn has_more(&self) -> bool {
        self.entries.iter().any(|e| !self.asked.contains(&e.key.as_str()))
    }

    /// Refuses the fields nobody asked for.
    pub fn finish(self, report: &mut Report) {
        for entry in self.entries.iter().filter(|e| !self.asked.contains(&e.key.as_str())) {
            let help = match nearest(&entry.key, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its fields are: {}", self.asked.join(", ")),
            };
            report.error(entry.place, "unknown-field", format!("{} has no field `{}`", article(self.what), entry.key), Some(help));
        }
    }
}

/// `a metric`, `an alert rule`.
fn article(what: &str) -> String {
    format!("{} {what}", if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })
}

/// A scalar as text; an error where it is none.
pub(crate) fn text<'n>(node: &'n Node, name: &str, report: &mut Report) -> Option<Text<'n>> {
    let text = node.as_text().map(|text| Text { text, node });
    if text.is_none() {
        wrong_type(report, node, &format!("`{name}`"), "text");
    }
    text
}

/// One text or a list of them.
pub(crate) fn texts<'n>(node: &'n Node, name: &str, report: &mut Report) -> Vec<Text<'n>> {
    match node.as_list() {
        Some(items) => items.iter().filter_map(|item| text(item, name, report)).collect(),
        None => text(node, name, report).into_iter().collect(),
    }
}

/// A duration.
pub(crate) fn span(node: &Node, name: &str, report: &mut Report) -> Option<Span> {
    let text = text(node, name, report)?;
    let span = Span::parse(text.text);
    if span.is_none() {
        let help = Some("write `7d`, `2w`, `3mo`, `24h`, `30min` or `90s`".into());
        report.error(node.place, "invalid-duration", format!("`{}` is not a duration", text.text), help);
    }
    span
}

/// `what` must be `expected`, but is something else.
pub(crate) fn wrong_type(report: &mut Report, node: &Node, what: &str, expected: &str) {
    report.error(node.place, "wrong-type", format!("{what} must be {expected}, not {}", node.what()), None);
}
