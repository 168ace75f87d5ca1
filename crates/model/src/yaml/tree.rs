//! Builds the tree from the parser's events.

use rustc_hash::FxHashMap;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::{Content, Entry, Node, Style};
use crate::file::{Place, Report};

/// Nodes in one file, those of aliases counted each time they are used.
const NODES_MAX: usize = 200_000;
/// Lists and maps inside each other.
const DEPTH_MAX: usize = 32;

/// The tree of one of the report's files. None where it is empty, or where errors were reported instead.
pub fn parse(file: usize, report: &mut Report) -> Option<Node> {
    parse_text(file, report.files().text(file), report)
}

/// As `parse`, of a text that differs from the file's in no position.
pub(crate) fn parse_text(file: usize, text: &str, report: &mut Report) -> Option<Node> {
    let mut builder =
        Builder { offsets: Offsets::new(file, text), report, open: Vec::new(), anchors: FxHashMap::default(), nodes: 0, root: None };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(e) => return builder.broken(&e),
        }
    }
    builder.root
}

/// The parser counts characters; places are bytes.
struct Offsets {
    file: usize,
    /// Byte offset of each character; None where all are ASCII.
    chars: Option<Vec<usize>>,
    end: usize,
}

impl Offsets {
    fn new(file: usize, text: &str) -> Offsets {
        let chars = (!text.is_ascii()).then(|| text.char_indices().map(|(i, _)| i).collect());
        Offsets { file, chars, end: text.len() }
    }

    fn byte(&self, index: usize) -> usize {
        match &self.chars {
            None => index.min(self.end),
            Some(chars) => chars.get(index).copied().unwrap_or(self.end),
        }
    }

    fn place(&self, span: saphyr_parser::Span) -> Place {
        Place { file: self.file, start: self.byte(span.start.index()), end: self.byte(span.end.index()) }
    }
}

/// A list or map that is not closed yet.
struct Open {
    place: Place,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, keys: FxHashMap<String, Place>, key: Option<(String, Place)> },
}

struct Builder<'r, 'f> {
    offsets: Offsets,
    report: &'r mut Report<'f>,
    open: Vec<Open>,
    /// Anchored nodes with their depth and number of nodes.
    anchors: FxHashMap<usize, (Node, usize, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder<'_, '_> {
    /// None stops the reading: an error was reported.
    fn event(&mut self, event: Event, span: saphyr_parser::Span) -> Option<()> {
        let place = self.offsets.place(span);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let place = self.without_comment(self.without_anchor(place, style), style);
                self.add(Node { content: Content::Scalar(text.into_owned(), style), place, alias: None }, anchor, 1, 1)
            }
            Event::SequenceStart(anchor, _) => self.begin(Open { place, anchor, items: Items::List(Vec::new()) }),
            Event::MappingStart(anchor, _) => {
                let items = Items::Map { entries: Vec::new(), keys: FxHashMap::default(), key: None };
                self.begin(Open { place, anchor, items })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Open { place: start, anchor, items } = self.open.pop()?;
                let content = match items {
                    Items::List(items) => Content::List(items),
                    Items::Map { entries, .. } => Content::Map(entries),
                };
                self.add(Node { content, place: Place { end: self.after_bracket(place), ..start }, alias: None }, anchor, 1, 1)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some((node, depth, size)) => self.add(Node { alias: Some(place), ..node }, 0, depth, size),
                None => {
                    self.report.error(place, "yaml", "this alias stands inside what it names", None);
                    None
                }
            },
            Event::DocumentStart(_) if self.root.is_some() => {
                self.report.error(place, "yaml", "a file holds one document", Some("put what follows `---` into its own file".into()));
                None
            }
            _ => Some(()),
        }
    }

    /// The parser lets an anchored or tagged scalar begin at its anchor or tag.
    fn without_anchor(&self, place: Place, style: Style) -> Place {
        let source = self.report.files().text(place.file);
        let Some(mut raw) = source.get(place.start..place.end) else { return place };
        while raw.starts_with(['&', '!']) {
            raw = raw.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
            if style == Style::Block && raw.starts_with(['|', '>']) {
                raw = raw.split_once('\n').map_or("", |(_, content)| content);
                break;
            }
        }
        Place { start: place.end - raw.len(), ..place }
    }

    /// The parser lets what is in quotes or brackets reach up to what follows, over blanks and a comment.
    fn without_comment(&self, place: Place, style: Style) -> Place {
        let quote = match style {
            Style::Single => '\'',
            Style::Double => '"',
            Style::Plain | Style::Block => return place,
        };
        let source = self.report.files().text(place.file);
        let mut chars = source.get(place.start..place.end).unwrap_or("").char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if style == Style::Double && c == '\\'
                || style == Style::Single && c == quote && chars.peek().is_some_and(|next| next.1 == quote)
            {
                chars.next();
            } else if c == quote {
                return Place { end: place.start + at + 1, ..place };
            }
        }
        place
    }

    /// Where a list or map ends whose end event stands here.
    fn after_bracket(&self, place: Place) -> usize {
        let source = self.report.files().text(place.file);
        let closes = source.get(place.start..).is_some_and(|rest| rest.starts_with(['}', ']']));
        if closes { place.start + 1 } else { place.end }
    }

    fn begin(&mut self, open: Open) -> Option<()> {
        if self.open.len() >= DEPTH_MAX {
            self.report.error(open.place, "yaml", format!("lists and maps are nested more than {DEPTH_MAX} deep"), None);
            return None;
        }
        self.open.push(open);
        Some(())
    }

    fn add(&mut self, node: Node, anchor: usize, depth: usize, size: usize) -> Option<()> {
        self.nodes += size;
        if self.nodes > NODES_MAX || self.open.len() + depth > DEPTH_MAX + 1 {
            self.report.error(node.place, "yaml", format!("the file unfolds to more than {NODES_MAX} values or {DEPTH_MAX} levels"), None);
            return None;
        }
        if anchor != 0 {
            let (depth, size) = extent(&node);
            self.anchors.insert(anchor, (node.clone(), depth, size));
        }
        match self.open.last_mut().map(|o| &mut o.items) {
            None => self.root = Some(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Map { entries, keys, key }) => match key.take() {
                Some((name, place)) if keys.get(&name) == Some(&place) => entries.push(Entry { key: name, place, value: node }),
                Some(_) => {} // stands twice: reported
                None => match node.content {
                    Content::Scalar(name, _) => {
                        if let Some(first) = keys.get(&name) {
                            let (_, line, _) = self.report.files().position(*first);
                            self.report.error(
                                node.place,
                                "duplicate",
                                format!("`{name}` stands twice in this map"),
                                Some(format!("first at line {line}")),
                            );
                        } else {
                            keys.insert(name.clone(), node.place);
                        }
                        *key = Some((name, node.place));
                    }
                    _ => {
                        self.report.error(node.place, "yaml", "a key must be a name, not a list or map", None);
                        return None;
                    }
                },
            },
        }
        Some(())
    }

    fn broken(&mut self, error: &ScanError) -> Option<Node> {
        let at = self.offsets.byte(error.marker().index());
        let place = Place { file: self.offsets.file, start: at, end: at };
        self.report.error(place, "yaml", format!("this is not YAML: {}", error.info()), Some(hint(error.info()).into()));
        None
    }
}

/// Depth and number of nodes.
fn extent(node: &Node) -> (usize, usize) {
    let inner: Vec<(usize, usize)> = match &node.content {
        Content::Scalar(..) => Vec::new(),
        Content::List(items) => items.iter().map(extent).collect(),
        Content::Map(entries) => entries.iter().map(|e| extent(&e.value)).collect(),
    };
    (1 + inner.iter().map(|i| i.0).max().unwrap_or(0), 1 + inner.iter().map(|i| i.1).sum::<usize>())
}

fn hint(info: &str) -> &'static str {
    match info {
        i if i.contains("mapping values are not allowed") => "put a text that holds `: ` into quotes",
        i if i.contains("anchor") => "an alias `*name` needs an anchor `&name` before it",
        i if i.contains("tab") => "indent with spaces",
        _ => "look for a missing quote, bracket or indentation just before",
    }
}
