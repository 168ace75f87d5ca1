//! Everything a name can lead to while a model is checked, and conditions compiled against it.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::reserved::health_change;
use super::row::Row;
use crate::condition::{self, Names, Program};
use crate::definition::{ColumnId, EventId, EventRow, Property, Source};
use crate::file::{Place, Report, suggestion};
use crate::value::Kind;
use crate::yaml::fields::Text;

/// Names of definitions in the order of the indexes that stand for them.
#[derive(Default, Debug)]
pub(crate) struct Register(Vec<String>, FxHashMap<String, usize>);

impl Register {
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Register {
        let mut register = Register::default();
        names.into_iter().for_each(|name| {
            register.add(name);
        });
        register
    }

    pub fn add(&mut self, name: &str) -> usize {
        if let Some(i) = self.find(name) {
            return i;
        }
        self.0.push(name.into());
        self.1.insert(name.into(), self.0.len() - 1);
        self.0.len() - 1
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.1.get(name).copied()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn into_names(self) -> Vec<String> {
        self.0
    }

    /// The index of the definition a text names; an error where there is none.
    pub fn resolve(&self, what: &str, text: &Text, report: &mut Report) -> Option<usize> {
        let found = self.find(text.text);
        if found.is_none() {
            report.unknown(text.place(), "unknown-name", what, text.text, self.names());
        }
        found
    }
}

/// A property whose type is declared, and where.
pub(crate) struct Declared {
    pub kind: Kind,
    pub place: Place,
}

/// Everything a name can lead to.
#[derive(Default)]
pub(crate) struct Scope {
    pub account: Row,
    pub person: Row,
    pub events: Register,
    pub properties: Vec<Property>,
    /// Types of properties as declared under `events:`, by property.
    pub declared: BTreeMap<String, Declared>,
    /// Events as declared under `events:`.
    pub declared_events: Vec<String>,
    pub segments: Register,
    pub person_segments: Register,
    pub stages: Register,
    pub milestones: Register,
    pub alerts: Register,
    /// Which of `alerts` are of persons.
    pub person_alerts: Vec<bool>,
    pub playbooks: Register,
    pub measures: Register,
    pub groups: Register,
}

/// Whose row a condition reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Of {
    Account,
    Person,
    Event,
}

type Called = Option<Result<(u32, Kind), (String, Option<String>)>>;

impl Scope {
    /// The row of accounts or persons.
    pub fn row(&mut self, of: Of) -> &mut Row {
        match of {
            Of::Person => &mut self.person,
            _ => &mut self.account,
        }
    }

    /// Compiles an expression over a row; its problems are reported where they stand in the file.
    pub fn compile(&mut self, sql: &Text, of: Of, expect: Option<Kind>, report: &mut Report) -> Option<Program> {
        let mut names = RowNames { scope: self, of };
        match condition::compile(sql.text, &mut names, expect) {
            Ok(program) => Some(program),
            Err(problems) => {
                for mut p in problems {
                    let written = sql.text.get(p.span.clone()).unwrap_or_default();
                    p.help = p.help.or_else(|| self.elsewhere(written, of));
                    let place = sql.node.inside(report.files().text(sql.place().file), p.span);
                    report.error(place, p.code, p.message, p.help);
                }
                None
            }
        }
    }

    /// A condition over a row.
    pub fn condition(&mut self, sql: &Text, of: Of, report: &mut Report) -> Option<Program> {
        self.compile(sql, of, Some(Kind::Bool), report)
    }

    /// The account's column of this name, appended if it is one that is made on demand.
    pub fn account_column(&mut self, name: &str) -> Option<ColumnId> {
        self.account
            .find(name)
            .or_else(|| health_change(name).map(|days| self.account.add(name, Kind::Number, Source::HealthChange(days), None)))
    }

    /// The person's column of this name.
    fn person_column(&mut self, relation: Option<&str>, name: &str) -> Option<ColumnId> {
        match relation {
            None => self.person.find(name),
            Some("account") => {
                let id = self.account_column(name)?;
                let kind = self.account.kind(id);
                Some(self.person.add(&format!("account.{name}"), kind, Source::Account(id), None))
            }
            Some(_) => None,
        }
    }

    /// The column a reference such as `metric:`, `owner:` or an anchor names: `seat_use`, `account.owner`, `milestone('x')`.
    pub fn reference(&mut self, text: &Text, of: Of, report: &mut Report) -> Option<ColumnId> {
        let name = text.text.trim();
        if let Some((function, argument)) = name.strip_suffix("')").and_then(|n| n.split_once("('")) {
            match self.call(of, function, argument) {
                Some(Ok((id, _))) => return Some(id),
                Some(Err((message, help))) => {
                    report.error(text.place(), "unknown-name", message, help);
                    return None;
                }
                None => {}
            }
        }
        let found = match (of, name.strip_prefix("account.")) {
            (Of::Account, rest) => self.account_column(rest.unwrap_or(name)),
            (_, Some(rest)) => self.person_column(Some("account"), rest),
            (_, None) => self.person_column(None, name),
        };
        if found.is_none() {
            let candidates = RowNames { scope: self, of }.candidates();
            let bare = if of == Of::Account { name.trim_start_matches("account.") } else { name };
            let help = self.elsewhere(name, of).or_else(|| suggestion(bare, candidates.iter().map(String::as_str)));
            report.error(text.place(), "unknown-column", format!("there is no column `{name}`"), help);
        }
        found
    }

    /// Help for a name that leads somewhere in the other sort of row.
    fn elsewhere(&self, name: &str, of: Of) -> Option<String> {
        let name = match of {
            Of::Person if self.account.find(name).is_some() => format!("account.{name}"),
            Of::Account => name.strip_prefix("account.").filter(|n| self.account.find(n).is_some())?.to_string(),
            _ => return None,
        };
        Some(format!("did you mean `{name}`?"))
    }

    fn call(&mut self, of: Of, function: &str, argument: &str) -> Called {
        if of == Of::Event {
            return None;
        }
        let (register, kind) = match function {
            "milestone" => (&self.milestones, Kind::Text),
            "measure" => (&self.measures, Kind::Number),
            "measure_group" => (&self.groups, Kind::Number),
            "alert" => (&self.alerts, Kind::Bool),
            _ => return None,
        };
        let Some(i) = register.find(argument) else {
            let what = function.replace('_', " ");
            return Some(Err((format!("there is no {what} `{argument}`"), suggestion(argument, register.names()))));
        };
        let name = format!("{function}('{argument}')");
        let source = match function {
            "milestone" => Source::Milestone(i),
            "measure" => Source::Measure,
            "measure_group" => Source::MeasureGroup,
            _ => Source::Alert(i),
        };
        if function == "alert" && self.person_alerts[i] {
            return Some(match of {
                Of::Person => Ok((self.person.add(&name, kind, source, None), kind)),
                _ => Err((format!("the alert `{argument}` is of persons, so an account's condition cannot read it"), None)),
            });
        }
        let id = self.account.add(&name, kind, source, None);
        Some(Ok(match of {
            Of::Person => (self.person.add(&name, kind, Source::Account(id), None), kind),
            _ => (id, kind),
        }))
    }

    /// The id of an event name.
    pub fn event(&mut self, name: &str, place: Place, report: &mut Report) -> Option<EventId> {
        let id = EventId::try_from(self.events.add(name)).ok();
        if id.is_none() {
            report.error(place, "too-many", format!("the model reads more than {} events", EventId::MAX), None);
        }
        id
    }

    /// Index of a property in `properties`.
    pub fn property(&mut self, name: &str) -> usize {
        self.properties.iter().position(|p| p.name == name).unwrap_or_else(|| {
            let kind = self.declared.get(name).map_or(Kind::Any, |d| d.kind);
            self.properties.push(Property { name: name.into(), kind });
            self.properties.len() - 1
        })
    }
}

/// The names of one row, for the compiler of conditions.
struct RowNames<'s> {
    scope: &'s mut Scope,
    of: Of,
}

impl Names for RowNames<'_> {
    fn column(&mut self, relation: Option<&str>, name: &str) -> Option<(u32, Kind)> {
        match self.of {
            Of::Account if relation.is_some() => None,
            Of::Account => self.scope.account_column(name).map(|id| (id, self.scope.account.kind(id))),
            Of::Person => self.scope.person_column(relation, name).map(|id| (id, self.scope.person.kind(id))),
            Of::Event => Some(match (relation, name) {
                (None, "name") => (EventRow::NAME, Kind::Text),
                (None, "person_id") => (EventRow::PERSON, Kind::Text),
                _ => {
                    let path = match relation {
                        None | Some("properties") => name.to_string(),
                        Some(relation) => format!("{relation}.{name}"),
                    };
                    let i = self.scope.property(&path);
                    (EventRow::PROPERTIES + i as u32, self.scope.properties[i].kind)
                }
            }),
        }
    }

    fn call(&mut self, function: &str, argument: &str) -> Called {
        self.scope.call(self.of, function, argument)
    }

    fn infer(&mut self, slot: u32, kind: Kind) {
        if let (Of::Event, Some(i)) = (self.of, slot.checked_sub(EventRow::PROPERTIES)) {
            self.scope.properties[i as usize].kind = kind;
        }
    }

    fn candidates(&self) -> Vec<String> {
        let own = |row: &Row| row.names().filter(|n| !n.contains(['(', '.'])).map(String::from).collect::<Vec<_>>();
        let mut names = match self.of {
            Of::Account => own(&self.scope.account),
            Of::Person => {
                let account = own(&self.scope.account).into_iter().map(|n| format!("account.{n}"));
                own(&self.scope.person).into_iter().chain(account).collect()
            }
            Of::Event => ["name".to_string(), "person_id".to_string()].into_iter().chain(self.scope.declared.keys().cloned()).collect(),
        };
        if self.of != Of::Event {
            names.push("now".into());
        }
        names
    }
}
