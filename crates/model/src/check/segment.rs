//! Reads segments of accounts and persons.

use super::alert::{OF, of};
use super::order::{mentions, order};
use super::scope::{Of, Register, Scope};
use crate::definition::Segment;
use crate::file::Report;
use crate::yaml::Entry;
use crate::yaml::fields::Fields;

/// Segments of accounts and of persons, each in order of dependency.
pub(crate) fn sorted<'n>(entries: &[&'n Entry], report: &mut Report) -> (Vec<&'n Entry>, Vec<&'n Entry>) {
    let register = Register::of(entries.iter().map(|e| e.key.as_str()));
    let reads = |entry: &Entry| {
        let names = entry.value.get("when").and_then(|n| n.as_text()).map(mentions).unwrap_or_default();
        let mut reads: Vec<usize> = names.iter().filter_map(|n| register.find(n)).filter(|i| of(entries[*i]) == of(entry)).collect();
        reads.sort_unstable();
        reads.dedup();
        reads
    };
    let reads: Vec<Vec<usize>> = entries.iter().map(|e| reads(e)).collect();
    order(entries, &reads, "segment", report).into_iter().map(|i| entries[i]).partition(|e| of(e) == Of::Account)
}

/// Reads segments in this order.
pub(crate) fn read(entries: &[&Entry], scope: &mut Scope, report: &mut Report) -> Vec<Segment> {
    entries.iter().filter_map(|entry| one(entry, scope, report)).collect()
}

fn one(entry: &Entry, scope: &mut Scope, report: &mut Report) -> Option<Segment> {
    let mut fields = Fields::of(&entry.value, "segment", entry.place, report)?;
    let of = fields.choice("of", OF, report).unwrap_or(Of::Account);
    let when = fields.needed_text("when", "a condition, as in `when: \"tier = 1\"`", report);
    let (label, description) = (fields.owned("label", report), fields.owned("description", report));
    fields.owned("was", report);
    fields.finish(report);
    let when = scope.condition(&when?, of, report)?;
    let column = scope.row(of).find(&entry.key)?;
    Some(Segment { name: entry.key.clone(), column, when, label, description })
}
