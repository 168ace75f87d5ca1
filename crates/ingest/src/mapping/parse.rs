//! Reads a mapping file and checks all of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use tenure_model::file::{Files, Report};
use tenure_model::yaml::{self, Entry, Node};
use tenure_model::{Diagnostic, Kind};

use super::{Expr, Filter, Format, Import, Mapping, Piece, Rest, Rule, Take, Test, Times};

const COMMON: &[&str] = &["import", "source", "zone", "times", "where", "types", "ignore", "rename", "delimiter"];

pub(super) fn parse(file: &str, text: &str) -> Result<Mapping, Vec<Diagnostic>> {
    let files = Files::new([(file, text)]);
    let mut report = Report::new(&files);
    let root = yaml::parse(0, &mut report);
    let mapping = root.as_ref().and_then(|root| Parser { report: &mut report }.mapping(root));
    match mapping {
        Some(mapping) if report.is_empty() => Ok(mapping),
        None if report.is_empty() => Err(vec![Diagnostic {
            file: file.into(),
            line: 1,
            column: 1,
            code: "mapping",
            message: "the mapping is empty".into(),
            help: Some("begin with `import: events`".into()),
        }]),
        _ => Err(report.into_diagnostics()),
    }
}

struct Parser<'r, 'f> {
    report: &'r mut Report<'f>,
}

impl Parser<'_, '_> {
    fn error(&mut self, node: &Node, message: impl Into<String>, help: Option<&str>) {
        self.report.error(node.place, "mapping", message, help.map(str::to_owned));
    }

    fn mapping(&mut self, root: &Node) -> Option<Mapping> {
        let Some(entries) = root.as_map() else {
            self.error(root, format!("a mapping is a map, not {}", root.what()), None);
            return None;
        };
        let kinds = [
            ("accounts", Import::Accounts),
            ("people", Import::People),
            ("subscriptions", Import::Subscriptions),
            ("events", Import::Events),
        ];
        let import = match root.get("import") {
            None => {
                self.error(root, "`import` is missing", Some("`import: accounts`, `people`, `subscriptions` or `events`"));
                return None;
            }
            Some(node) => match kinds.iter().find(|(name, _)| Some(*name) == node.as_text()) {
                Some((_, import)) => *import,
                None => {
                    self.report.unknown(node.place, "mapping", "kind of import", node.as_text().unwrap_or(node.what()), kinds.map(|k| k.0));
                    return None;
                }
            },
        };
        let rest_key = if import == Import::Events { "properties" } else { "traits" };
        let mut known: Vec<&str> = COMMON.to_vec();
        known.extend(import.fields().iter().map(|(field, _)| *field));
        known.push(rest_key);
        if import == Import::Events {
            known.push("events");
        }
        self.known(entries, &known);

        let mut mapping = Mapping::default_for(import);
        mapping.source = root.get("source").and_then(|n| self.text(n));
        mapping.times = self.times(root.get("times"), root.get("zone"), &Times::default());
        mapping.filter = self.filter(root.get("where"));
        mapping.types = self.map(root.get("types"), |p, n| p.kind(n)).into_iter().collect();
        mapping.rename = self.map(root.get("rename"), |p, n| p.text(n)).into_iter().collect();
        mapping.ignore = root.get("ignore").map(|n| self.texts(n)).unwrap_or_default().into_iter().collect::<BTreeSet<_>>();
        mapping.rest = root.get(rest_key).map(|n| self.rest(n, &mapping.times)).unwrap_or_default();
        if let Some(text) = root.get("delimiter").and_then(|n| self.text(n)) {
            match text.as_bytes() {
                [byte] => mapping.delimiter = *byte,
                _ => self.error(root.get("delimiter")?, "a delimiter is one ASCII character", Some("`\";\"`, `\"\\t\"`")),
            }
        }
        let common = self.fields(entries, import, &mapping.times);
        mapping.rules = match root.get("events") {
            None => vec![Rule { fields: common, ..Rule::default() }],
            Some(node) => self.events(node, &common, &mapping.times),
        };
        Some(mapping)
    }

    /// Several events of one row: each with its own fields, for the rest with those of the whole.
    fn events(&mut self, node: &Node, common: &BTreeMap<&'static str, Take>, times: &Times) -> Vec<Rule> {
        let Some(items) = node.as_list().filter(|items| !items.is_empty()) else {
            self.error(node, "`events` is a list", Some("one entry for each event that a row stands for"));
            return Vec::new();
        };
        let mut known: Vec<&str> = vec!["where", "properties"];
        known.extend(Import::Events.fields().iter().map(|(field, _)| *field));
        let mut rules = Vec::new();
        for item in items {
            let Some(entries) = item.as_map() else {
                self.error(item, format!("an event is a map, not {}", item.what()), None);
                continue;
            };
            self.known(entries, &known);
            let mut fields = common.clone();
            fields.extend(self.fields(entries, Import::Events, times));
            rules.push(Rule { fields, filter: self.filter(item.get("where")), rest: item.get("properties").map(|n| self.rest(n, times)) });
        }
        rules
    }

    fn known(&mut self, entries: &[Entry], known: &[&str]) {
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                self.report.unknown(entry.place, "mapping", "key", &entry.key, known.iter().copied());
            }
        }
    }

    fn fields(&mut self, entries: &[Entry], import: Import, times: &Times) -> BTreeMap<&'static str, Take> {
        let mut fields = BTreeMap::new();
        for entry in entries {
            if let Some((field, _)) = import.fields().iter().find(|(field, _)| *field == entry.key)
                && let Some(take) = self.take(&entry.value, times)
            {
                fields.insert(*field, take);
            }
        }
        fields
    }

    fn take(&mut self, node: &Node, times: &Times) -> Option<Take> {
        if let Some(column) = node.as_text() {
            return Some(Take::column(column));
        }
        let Some(entries) = node.as_map() else {
            self.error(
                node,
                format!("expected a column's name or a map, found {}", node.what()),
                Some("`{ column: … }`, `{ constant: … }`, `{ template: \"{a}/{b}\" }` or `{ lookup: … }`"),
            );
            return None;
        };
        self.known(
            entries,
            &["column", "constant", "template", "lookup", "by", "key", "take", "where", "times", "zone", "type", "scale", "map"],
        );
        let sources: Vec<&Entry> =
            entries.iter().filter(|e| matches!(e.key.as_str(), "column" | "constant" | "template" | "lookup")).collect();
        let [source] = sources[..] else {
            self.error(node, "one of `column`, `constant`, `template` and `lookup` says where the value comes from", None);
            return None;
        };
        let text = self.text(&source.value)?;
        let expr = match source.key.as_str() {
            "column" => Expr::Column(text),
            "constant" => Expr::Constant(text),
            "template" => Expr::Template(self.template(&source.value, &text)?),
            _ => {
                let mut need = |key: &str| match node.get(key) {
                    Some(n) => self.text(n),
                    None => {
                        self.error(
                            node,
                            format!("`{key}` is missing"),
                            Some("`{ lookup: FILE.csv, by: column here, take: column there }`"),
                        );
                        None
                    }
                };
                let (by, take) = (need("by")?, need("take")?);
                let key = node.get("key").and_then(|n| self.text(n)).unwrap_or_else(|| by.clone());
                Expr::Lookup { file: text, by, key, take }
            }
        };
        let has_times = node.get("times").is_some() || node.get("zone").is_some();
        let scale = node.get("scale").and_then(|n| {
            if n.as_number().is_none() {
                self.error(n, format!("`scale` is a number, not {}", n.what()), None);
            }
            n.as_number()
        });
        Some(Take {
            expr,
            filter: self.filter(node.get("where")),
            times: has_times.then(|| self.times(node.get("times"), node.get("zone"), times)),
            kind: node.get("type").and_then(|n| self.kind(n)),
            scale,
            map: self.map(node.get("map"), |p, n| p.text(n)).into_iter().collect(),
        })
    }

    fn template(&mut self, node: &Node, text: &str) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((column, after)) = after.split_once('}') else {
                self.error(node, "a `{` without its `}`", None);
                return None;
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Column(column.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Some(pieces)
    }

    fn rest(&mut self, node: &Node, times: &Times) -> Rest {
        match (node.as_text(), node.as_list(), node.as_map()) {
            (Some("all"), ..) => Rest::All,
            (Some("none"), ..) => Rest::None,
            (_, Some(_), _) => Rest::Named(self.texts(node).into_iter().map(|name| (name.clone(), Take::column(&name))).collect()),
            (_, _, Some(entries)) => {
                Rest::Named(entries.iter().filter_map(|e| Some((e.key.clone(), self.take(&e.value, times)?))).collect())
            }
            _ => {
                self.error(node, format!("expected `all`, `none`, a list of columns or a map, found {}", node.what()), None);
                Rest::None
            }
        }
    }

    fn times(&mut self, formats: Option<&Node>, zone: Option<&Node>, default: &Times) -> Times {
        let mut times = default.clone();
        if let Some(node) = zone
            && let Some(name) = self.text(node)
        {
            match TimeZone::get(&name) {
                Ok(zone) => times.zone = zone,
                Err(_) => self.error(node, format!("there is no time zone `{name}`"), Some("an IANA name such as Europe/Berlin")),
            }
        }
        if let Some(node) = formats {
            times.formats.clear();
            for (node, text) in self.scalars(node) {
                match Format::parse(&text) {
                    Ok(format) => times.formats.push(format),
                    Err(why) => self.error(node, format!("`{text}` is not a format of times: {why}"), None),
                }
            }
        }
        times
    }

    fn filter(&mut self, node: Option<&Node>) -> Filter {
        Filter(self.map(node, |p, n| p.test(n)))
    }

    fn test(&mut self, node: &Node) -> Option<Test> {
        let Some(entries) = node.as_map() else { return Some(Test::In(self.texts(node))) };
        self.known(entries, &["prefix", "not", "blank"]);
        match entries {
            [Entry { key, value, .. }] if key == "prefix" => self.text(value).map(Test::Prefix),
            [Entry { key, value, .. }] if key == "not" => Some(Test::NotIn(self.texts(value))),
            [Entry { key, value, .. }] if key == "blank" => {
                if value.as_bool().is_none() {
                    self.error(value, "`blank` is true or false", None);
                }
                value.as_bool().map(Test::Blank)
            }
            _ => {
                self.error(node, "a test is a value, a list of values, `{ prefix: … }`, `{ not: … }` or `{ blank: true }`", None);
                None
            }
        }
    }

    fn kind(&mut self, node: &Node) -> Option<Kind> {
        let kinds = [("number", Kind::Number), ("text", Kind::Text), ("bool", Kind::Bool), ("time", Kind::Time), ("date", Kind::Date)];
        let kind = kinds.iter().find(|(name, _)| Some(*name) == node.as_text());
        if kind.is_none() {
            self.report.unknown(node.place, "mapping", "type", node.as_text().unwrap_or(node.what()), kinds.map(|k| k.0));
        }
        kind.map(|k| k.1)
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        let text = node.as_text().map(str::to_owned);
        if text.is_none() {
            self.error(node, format!("expected text, found {}", node.what()), None);
        }
        text
    }

    /// A scalar or a list of scalars.
    fn scalars<'n>(&mut self, node: &'n Node) -> Vec<(&'n Node, String)> {
        let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
        nodes.iter().filter_map(|n| Some((n, self.text(n)?))).collect()
    }

    fn texts(&mut self, node: &Node) -> Vec<String> {
        self.scalars(node).into_iter().map(|(_, text)| text).collect()
    }

    fn map<T>(&mut self, node: Option<&Node>, mut value: impl FnMut(&mut Self, &Node) -> Option<T>) -> Vec<(String, T)> {
        let Some(node) = node else { return Vec::new() };
        let Some(entries) = node.as_map() else {
            self.error(node, format!("expected a map, found {}", node.what()), None);
            return Vec::new();
        };
        entries.iter().filter_map(|e| Some((e.key.clone(), value(self, &e.value)?))).collect()
    }
}
