//! The texts of a model's files, where in them something stands, and the report of what is wrong there.

use crate::diagnostic::{Diagnostic, nearest};

/// A range of bytes in one of several files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Place {
    /// Index of the file in `Files`.
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// The files of a model.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<File>);

/// A text and where its lines begin.
#[derive(Clone, Debug)]
struct File {
    path: String,
    text: String,
    lines: Vec<usize>,
}

impl Files {
    /// Files by (path, text), in this order.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Files {
        Files(files.into_iter().map(|(path, text)| File::new(path, text)).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of a file; empty where there is no such file.
    pub fn text(&self, file: usize) -> &str {
        self.0.get(file).map_or("", |f| &f.text)
    }

    /// Path, line and column (both from 1, columns in characters) where a place begins.
    pub fn position(&self, place: Place) -> (&str, usize, usize) {
        let Some(file) = self.0.get(place.file) else { return ("", 1, 1) };
        let line = file.lines.partition_point(|start| *start <= place.start);
        let before = file.text.get(file.lines[line - 1]..place.start).unwrap_or("");
        (&file.path, line, before.chars().count() + 1)
    }
}

impl File {
    fn new(path: &str, text: &str) -> File {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        File { path: path.into(), text: text.into(), lines }
    }
}

/// Everything found wrong so far.
#[derive(Debug)]
pub struct Report<'f> {
    files: &'f Files,
    found: Vec<Diagnostic>,
}

impl<'f> Report<'f> {
    /// An empty report about these files.
    pub fn new(files: &'f Files) -> Report<'f> {
        Report { files, found: Vec::new() }
    }

    /// The files it is about.
    pub fn files(&self) -> &'f Files {
        self.files
    }

    /// Adds an error; `help` says what to do, where there is more to say than `message` does.
    pub fn error(&mut self, place: Place, code: &'static str, message: impl Into<String>, help: Option<String>) {
        let (file, line, column) = self.files.position(place);
        self.found.push(Diagnostic { file: file.into(), line, column, code, message: message.into(), help });
    }

    /// Adds an error about a name that leads nowhere, with the nearest of those that are there.
    pub fn unknown<'c>(&mut self, place: Place, code: &'static str, what: &str, name: &str, known: impl IntoIterator<Item = &'c str>) {
        self.error(place, code, format!("there is no {what} `{name}`"), suggestion(name, known));
    }

    /// Is nothing wrong?
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found, by file, line and column, each once.
    pub fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.found.sort();
        self.found.dedup();
        self.found
    }
}

/// "did you mean …?" with the nearest name, or all of them if they are few.
pub fn suggestion<'c>(name: &str, known: impl IntoIterator<Item = &'c str>) -> Option<String> {
    const FEW: usize = 12;
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(name, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match known.len() {
        0 => None,
        n if n <= FEW => Some(format!("there are: {}", known.join(", "))),
        _ => None,
    }
}
