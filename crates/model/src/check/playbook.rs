//! Reads playbooks: their tasks are checked and kept as written.

use super::lifecycle::offset;
use crate::definition::Playbook;
use crate::file::Report;
use crate::yaml::fields::{Fields, wrong_type};
use crate::yaml::{Entry, Node};

/// A playbook.
pub(crate) fn read(entry: &Entry, report: &mut Report) -> Option<Playbook> {
    let mut fields = Fields::of(&entry.value, "playbook", entry.place, report)?;
    let tasks = fields.need("tasks", "a list of `{ title: …, after: 2d, assignee: owner }`", report);
    ["label", "description", "was"].into_iter().for_each(|name| drop(fields.owned(name, report)));
    fields.finish(report);
    let tasks = tasks?;
    match tasks.as_list() {
        Some([]) => report.error(tasks.place, "invalid-value", format!("the playbook `{}` has no tasks", entry.key), None),
        Some(items) => items.iter().enumerate().for_each(|(i, item)| task(item, i, items.len(), report)),
        None => wrong_type(report, tasks, "`tasks`", "a list"),
    }
    Some(Playbook { name: entry.key.clone(), definition: entry.value.to_json() })
}

fn task(node: &Node, i: usize, tasks: usize, report: &mut Report) {
    let Some(mut fields) = Fields::of(node, "task", node.place, report) else { return };
    fields.needed_text("title", "what is to be done", report);
    fields.at_most_one(&["after", "before"], report);
    for name in ["after", "before"] {
        if let Some(text) = fields.text(name, report).filter(|text| offset(text.text).is_none()) {
            let help = Some("write `2d`, `24h` or `2 business days`".into());
            report.error(text.place(), "invalid-duration", format!("`{}` is not a time after or before the start", text.text), help);
        }
    }
    for name in ["description", "assignee", "priority"] {
        fields.text(name, report);
    }
    if let Some(needs) = fields.node("needs") {
        match needs.as_list() {
            Some(items) => items.iter().for_each(|item| need(item, i, tasks, report)),
            None => wrong_type(report, needs, "`needs`", "a list of task numbers"),
        }
    }
    fields.finish(report);
}

/// A task can only need one that stands before it, so that no two wait for each other.
fn need(item: &Node, i: usize, tasks: usize, report: &mut Report) {
    match item.as_number().filter(|x| *x >= 0.0 && x.fract() == 0.0) {
        Some(x) if (x as usize) < i => {}
        Some(x) if (x as usize) < tasks => {
            report.error(item.place, "invalid-value", format!("task {i} cannot need task {x}: it does not stand before it"), None);
        }
        Some(x) => {
            report.error(item.place, "unknown-name", format!("there is no task {x}"), Some(format!("they count from 0 to {}", tasks - 1)))
        }
        None => wrong_type(report, item, "an item of `needs`", "the number of a task"),
    }
}
