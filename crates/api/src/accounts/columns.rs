//! The columns of lists: those of the model, those that lists have of their own, and what conditions call: `milestone('x')`, `alert('x')`.

use tenure_engine::{Account, AlertState, Engine};
use tenure_model::condition::{Names, compile};
use tenure_model::diagnostic::nearest;
use tenure_model::{Kind, Model, Program, Value};
use tenure_replay::portfolio::{Line, line};
use tenure_tables::evaluated::state::{OWN, own};

use crate::error::ApiError;
use crate::names::unknown_column;

/// Something a list can show, sort by and filter on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extra {
    /// Index into `OWN`.
    Own(usize),
    Milestone(usize),
    Alert(usize),
}

/// The columns of a model's lists. Slots after the model's are those that conditions asked for.
pub(crate) struct Columns<'m> {
    model: &'m Model,
    extras: Vec<Extra>,
}

/// A column that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    slot: usize,
    pub kind: Kind,
}

impl<'m> Columns<'m> {
    pub fn new(model: &'m Model) -> Columns<'m> {
        Columns { model, extras: vec![] }
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &'m str> {
        OWN.iter().map(|own| own.0).chain(self.model.account.iter().map(|c| c.name.as_str()))
    }

    fn extra(&mut self, extra: Extra, kind: Kind) -> Slot {
        let i = self.extras.iter().position(|known| *known == extra).unwrap_or_else(|| {
            self.extras.push(extra);
            self.extras.len() - 1
        });
        Slot { slot: self.model.account.len() + i, kind }
    }

    fn find(&mut self, name: &str) -> Option<Slot> {
        if let Some(i) = OWN.iter().position(|own| own.0 == name) {
            return Some(self.extra(Extra::Own(i), OWN[i].1));
        }
        self.model.account.iter().position(|c| c.name == name).map(|slot| Slot { slot, kind: self.model.account[slot].kind })
    }

    /// The column of a name.
    ///
    /// # Errors
    /// Where there is none; with the nearest one.
    pub fn slot(&mut self, name: &str) -> Result<Slot, ApiError> {
        if let Some(slot) = self.find(name) {
            return Ok(slot);
        }
        Err(unknown_column(name, self.names()))
    }

    /// A condition over these columns.
    ///
    /// # Errors
    /// What is wrong with it, where, and what to do.
    pub fn condition(&mut self, sql: &str) -> Result<Program, ApiError> {
        compile(sql, self, Some(Kind::Bool)).map_err(|problems| {
            let told = problems.iter().map(|p| {
                let help = p.help.as_deref().map_or_else(String::new, |help| format!("; {help}"));
                format!("at character {}: {}{help}", sql.get(..p.span.start).map_or(0, |s| s.chars().count()) + 1, p.message)
            });
            ApiError::Bad { code: "bad_condition", message: told.collect::<Vec<_>>().join("\n") }
        })
    }

    /// Does a row have to be made, or will the account's do?
    pub fn is_plain(&self) -> bool {
        self.extras.is_empty()
    }

    /// What was asked for beside the model's columns.
    pub fn extras(&self, account: &Account, line: &Line) -> Vec<Value> {
        let listed = own(line);
        let value = |extra: &Extra| match extra {
            Extra::Own(i) => listed[*i].clone(),
            Extra::Milestone(m) => account.milestones()[*m].status.map_or(Value::Null, |status| Value::text(status.name())),
            Extra::Alert(a) => Value::Bool(account.alert(*a).0 == AlertState::Firing),
        };
        self.extras.iter().map(value).collect()
    }
}

impl Slot {
    /// Its value in a row.
    pub fn of<'r>(&self, row: &'r [Value]) -> &'r Value {
        row.get(self.slot).unwrap_or(&Value::Null)
    }
}

/// The line of an account that lives in memory.
pub(crate) fn live_line(engine: &Engine, account: &Account) -> Line {
    let none = tenure_engine::Inputs { people: &[], events: Default::default(), changes: &[] };
    line(engine, account, &none)
}

impl Names for Columns<'_> {
    fn column(&mut self, relation: Option<&str>, name: &str) -> Option<(u32, Kind)> {
        if relation.is_some_and(|r| r != "account") {
            return None;
        }
        self.find(name).map(|slot| (slot.slot as u32, slot.kind))
    }

    fn call(&mut self, function: &str, argument: &str) -> Option<Result<(u32, Kind), (String, Option<String>)>> {
        let names: Vec<&str> = match function {
            "milestone" => self.model.milestones.iter().map(|m| m.name.as_str()).collect(),
            "alert" => self.model.alerts.iter().map(|a| a.name.as_str()).collect(),
            // Scores of measures are columns where the model asks for them.
            _ => {
                let written = format!("{function}('{argument}')");
                return self.find(&written).map(|slot| Ok((slot.slot as u32, slot.kind)));
            }
        };
        Some(match names.iter().position(|name| *name == argument) {
            Some(i) => {
                let (extra, kind) = if function == "milestone" { (Extra::Milestone(i), Kind::Text) } else { (Extra::Alert(i), Kind::Bool) };
                Ok((self.extra(extra, kind).slot as u32, kind))
            }
            None => {
                let near = nearest(argument, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                Err((format!("there is no {function} `{argument}`"), near))
            }
        })
    }

    fn infer(&mut self, _: u32, _: Kind) {}

    fn candidates(&self) -> Vec<String> {
        self.names().map(str::to_owned).collect()
    }
}
