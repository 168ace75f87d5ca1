//! Why a column has its value: conditions down to columns, metrics down to events, traits down to their versions.

use serde_json::json;
use tenure_model::condition::{Trace, TraceKind};
use tenure_model::definition::{Builtin, ColumnId, Metric, MetricDef, Source};
use tenure_model::time::Instant;
use tenure_model::{Program, Value};

use super::Teller;
use super::events::Taken;
use super::recorder::Members;
use super::tree::Reason;
use super::words::{plain, time};

/// Columns are explained through one another to this depth; beyond it their value stands alone.
pub(super) const DEPTH_MAX: usize = 12;

/// A row at an instant, to be explained.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub teller: &'a Teller<'a>,
    pub row: &'a [Value],
    /// The person's row, for conditions of persons.
    pub person: Option<&'a [Value]>,
    /// Who is in which person segment.
    pub members: &'a Members,
    pub at: Instant,
    pub depth: usize,
}

impl Scene<'_> {
    fn deeper(&self) -> Self {
        Scene { depth: self.depth + 1, ..*self }
    }

    /// A condition of the account.
    pub fn condition(&self, program: &Program) -> Reason {
        self.trace(&program.trace(self.row, self.at), false).with("at", time(self.at))
    }

    /// A condition of the person.
    pub fn person_condition(&self, program: &Program) -> Reason {
        self.trace(&program.trace(self.person.unwrap_or(&[]), self.at), true).with("at", time(self.at))
    }

    fn trace(&self, trace: &Trace, person: bool) -> Reason {
        if let TraceKind::Column { slot } = trace.kind {
            return self.own_column(slot, person);
        }
        let kind = match trace.kind {
            TraceKind::All => "all",
            TraceKind::Any => "any",
            TraceKind::Not => "not",
            TraceKind::Comparison => "comparison",
            _ => "expression",
        };
        let mut reason = Reason::new(kind, format!("{} is {}", trace.text, plain(&trace.value)))
            .with("sql", json!(trace.text))
            .with("value", trace.value.to_json());
        reason.because = trace.children.iter().filter(|c| !is_literal(c)).map(|c| self.trace(c, person)).collect();
        reason
    }

    /// A column of the account, or of the person.
    pub fn own_column(&self, slot: ColumnId, person: bool) -> Reason {
        if person { self.person_column(slot) } else { self.column(slot) }
    }

    fn person_column(&self, slot: ColumnId) -> Reason {
        let model = self.teller.engine.model();
        let Some(column) = model.person.get(slot as usize) else { return Reason::new("column", "unknown") };
        let value = self.person.and_then(|r| r.get(slot as usize)).unwrap_or(&Value::Null);
        let mut reason = Reason::new("column", format!("{} = {}", column.name, plain(value)))
            .with("column", json!(column.name))
            .with("value", value.to_json());
        match column.source {
            Source::Account(slot) => reason.because.push(self.deeper().column(slot)),
            Source::Metric(m) => {
                let person = self
                    .person
                    .and_then(|r| r.iter().zip(&model.person).find(|(_, c)| c.source == Source::Builtin(Builtin::Id)))
                    .and_then(|(v, _)| v.as_text());
                self.metric(&model.person_metrics[m], self.person.unwrap_or(&[]), person, &mut reason);
            }
            Source::Segment(s) if self.depth < DEPTH_MAX => {
                reason.because.push(self.deeper().person_condition(&model.person_segments[s].when))
            }
            _ => {}
        }
        reason
    }

    /// A column of the account.
    pub fn column(&self, slot: ColumnId) -> Reason {
        let engine = self.teller.engine;
        let model = engine.model();
        let Some(column) = model.account.get(slot as usize) else { return Reason::new("column", "unknown") };
        let value = self.row.get(slot as usize).unwrap_or(&Value::Null);
        let mut reason = Reason::new("column", format!("{} = {}", column.name, plain(value)))
            .with("column", json!(column.name))
            .with("value", value.to_json());
        if self.depth >= DEPTH_MAX {
            return reason;
        }
        match column.source {
            Source::Trait => {
                reason.kind = "trait";
                let versions = self.teller.evidence.versions(&column.name);
                let current = versions.iter().filter(|v| v.visible_from() <= self.at).max_by_key(|v| v.valid_from);
                if let Some(version) = current {
                    let since = version.valid_from.map_or("assumed from the beginning".to_owned(), |t| format!("since {t}"));
                    let known = version
                        .known_from
                        .filter(|k| version.valid_from.is_none_or(|v| *k > v))
                        .map_or(String::new(), |k| format!(", known from {k}"));
                    reason.text = format!("{} ({since}{known})", reason.text);
                }
            }
            Source::Metric(m) => {
                reason.kind = "metric";
                self.metric(&model.metrics[m], self.row, None, &mut reason);
            }
            Source::Segment(s) => {
                reason.kind = "segment";
                reason.because.push(self.deeper().condition(&model.segments[s].when));
            }
            Source::Builtin(builtin) => {
                let from = match builtin {
                    Builtin::AgeDays => Some(Builtin::StartedAt),
                    Builtin::DaysToRenewal => Some(Builtin::RenewalAt),
                    Builtin::DaysToTrialEnd => Some(Builtin::TrialEndsAt),
                    Builtin::DaysToCardExpiry => Some(Builtin::CardExpiresAt),
                    Builtin::DaysInStage | Builtin::StageLate => Some(Builtin::StageEnteredAt),
                    _ => None,
                };
                reason.because.extend(from.and_then(|b| self.builtin(b)));
            }
            _ => {}
        }
        reason
    }

    /// The column of a builtin.
    pub(super) fn builtin(&self, builtin: Builtin) -> Option<Reason> {
        Some(self.deeper().column(builtin.column()))
    }

    fn metric(&self, metric: &Metric, row: &[Value], person: Option<&str>, reason: &mut Reason) {
        match &metric.def {
            MetricDef::Sql(program) => {
                let trace = program.trace(row, self.at);
                reason.text = format!("{}, from {}", reason.text, trace.text);
                reason.detail.insert("sql".into(), json!(trace.text));
                let inner = self.deeper();
                reason.because = trace.children.iter().filter(|c| !is_literal(c)).map(|c| inner.trace(c, person.is_some())).collect();
                if let TraceKind::Column { slot } = trace.kind {
                    reason.because.push(inner.own_column(slot, person.is_some()));
                }
            }
            MetricDef::Ago { of, days } => {
                let name = &self.teller.engine.model().account[*of as usize].name;
                reason.text = format!("{}: {name} as of {days} dates before", reason.text);
            }
            MetricDef::PeopleIn(segment) => {
                let name = &self.teller.engine.model().person_segments[*segment].name;
                reason.text = format!("{}: persons in {name}", reason.text);
                reason.detail.insert("people_in".into(), json!(name));
                let members = self.members.get(*segment).into_iter().flatten();
                reason.because = members.map(|id| Reason::new("person", id.to_string()).with("person", json!(id))).collect();
            }
            MetricDef::Peak(of) => self.peak(metric, *of, person, reason),
            MetricDef::Children { of, how } => {
                let engine = self.teller.engine;
                let name = &engine.model().account[*of as usize].name;
                reason.text = format!("{}: {name} of its children, {how:?}", reason.text);
                reason.detail.insert("children".into(), json!(format!("{how:?}").to_lowercase()));
                let index = engine.exports().iter().position(|c| c == of);
                let children = self.teller.account.children.iter();
                reason.because = children
                    .map(|(id, values)| {
                        let value = index.and_then(|i| values.get(i)).unwrap_or(&Value::Null);
                        Reason::new("child", format!("{id}: {name} = {}", plain(value)))
                            .with("account", json!(id))
                            .with("value", value.to_json())
                    })
                    .collect();
            }
            MetricDef::Events { aggregate, events, filter, window } => {
                let taken = Taken { metric, aggregate: *aggregate, events, filter: filter.as_ref(), window: *window, person };
                self.events(&taken, row, reason);
            }
        }
    }
}

fn is_literal(trace: &Trace) -> bool {
    matches!(trace.kind, TraceKind::Expression) && trace.children.is_empty()
}
