//! What would change the outcome: the single comparisons that would flip a condition, and the nearest value at which each does.

use serde::{Serialize, Serializer};

use super::Program;
use super::clock::clocks;
use super::code::{Context, Logic, Typed};
use super::explain::value_as_json;
use super::lower::logic;
use super::nearest::nearest;
use super::tree::{Form, Node};
use crate::time::Instant;
use crate::value::{Kind, Value};

/// A comparison which, changed alone, makes a condition hold that does not, or not hold that does.
#[derive(Clone, Debug, Serialize)]
pub struct Flip {
    /// The SQL of the comparison.
    pub text: String,
    /// What the comparison would have to be.
    pub becomes: bool,
    /// The column to change, as written; None where no change of a single column was found.
    pub column: Option<String>,
    /// Its slot.
    pub slot: Option<u32>,
    /// Its present value.
    #[serde(serialize_with = "value_as_json")]
    pub present: Value,
    /// The nearest value that flips the condition, all else being as it is, where one was found; NULL where the column must be NULL.
    #[serde(serialize_with = "option_as_json")]
    pub needed: Option<Value>,
    /// That value in words: `4`, `below 0.5`, `another text`.
    pub phrase: Option<String>,
    /// When the condition flips by this comparison with time alone.
    pub at: Option<Instant>,
}

fn option_as_json<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Value::to_json).serialize(serializer)
}

impl Program {
    /// The single comparisons that would flip whether the condition holds. Empty: none does alone.
    ///
    /// Each comparison is tried for itself, as if the others kept their truths; a column's nearest value is then found with all comparisons
    /// that read it, and verified by evaluation.
    pub fn flips(&self, row: &[Value], now: Instant) -> Vec<Flip> {
        if self.kind() != Kind::Bool {
            return Vec::new();
        }
        let cx = &Context { row, now: now.0 };
        let held = self.holds(row, now);
        let mut leaves = Vec::new();
        find_leaves(&self.tree, &mut leaves);
        let codes: Vec<Logic> = leaves.iter().map(|leaf| logic(leaf)).collect();
        let mut truths: Vec<Option<bool>> = codes.iter().map(|code| code.eval(cx)).collect();
        let mut flips = Vec::new();
        for i in 0..leaves.len() {
            let was = truths[i];
            for becomes in [true, false] {
                truths[i] = Some(becomes);
                let flipped = (outcome(&self.tree, &mut truths.iter()) == Some(true)) != held;
                if was != Some(becomes) && flipped {
                    self.flips_of(leaves[i], &codes[i], becomes, row, now, &mut flips);
                }
            }
            truths[i] = was;
        }
        flips
    }

    /// The flips by one comparison: one for each column a change of which was found to do it, else one without a column.
    fn flips_of(&self, leaf: &Node, code: &Logic, becomes: bool, row: &[Value], now: Instant, flips: &mut Vec<Flip>) {
        let held = self.holds(row, now);
        let mut columns: Vec<(u32, Kind, &Node)> = Vec::new();
        leaf.visit(&mut |node| match node.form {
            Form::Column(slot) if columns.iter().all(|(other, ..)| *other != slot) => columns.push((slot, node.kind, node)),
            _ => {}
        });
        let at = leaf_instant(leaf, code, becomes, row, now).filter(|at| self.holds(row, *at) != held);
        let blank =
            Flip { text: self.written(leaf), becomes, column: None, slot: None, present: Value::Null, needed: None, phrase: None, at };
        let before = flips.len();
        for (slot, kind, node) in &columns {
            let present = row.get(*slot as usize).cloned().unwrap_or_default();
            let mut changed = row.to_vec();
            changed.resize(changed.len().max(*slot as usize + 1), Value::Null);
            let mut flips_at = |value: &Value| {
                changed[*slot as usize] = value.clone();
                code.is(becomes, &Context { row: &changed, now: now.0 }) && self.holds(&changed, now) != held
            };
            let Some(needed) = nearest(*kind, &present, leaf, &mut flips_at) else { continue };
            let phrase = Some(phrase(&present, &needed, leaf));
            flips.push(Flip {
                column: Some(self.written(node)),
                slot: Some(*slot),
                present,
                needed: Some(needed),
                phrase,
                ..blank.clone()
            });
        }
        if flips.len() == before {
            let only = (columns.len() == 1).then(|| columns[0]);
            let present = only.and_then(|(slot, ..)| row.get(slot as usize).cloned()).unwrap_or_default();
            flips.push(Flip { column: only.map(|(.., node)| self.written(node)), slot: only.map(|(slot, ..)| slot), present, ..blank });
        }
    }
}

/// The parts of a condition that AND, OR and NOT connect.
fn find_leaves<'a>(node: &'a Node, leaves: &mut Vec<&'a Node>) {
    match &node.form {
        Form::All(_) | Form::Any(_) | Form::Not(_) => node.children().iter().for_each(|child| find_leaves(child, leaves)),
        _ => leaves.push(node),
    }
}

/// The truth of a condition from the truths of its leaves, in their order.
fn outcome<'a>(node: &Node, truths: &mut impl Iterator<Item = &'a Option<bool>>) -> Option<bool> {
    let all = match &node.form {
        Form::Not(of) => return outcome(of, truths).map(|truth| !truth),
        Form::All(_) => true,
        Form::Any(_) => false,
        _ => return truths.next().copied().flatten(),
    };
    // Every part takes its truths, decided or not.
    let parts: Vec<_> = node.children().iter().map(|child| outcome(child, truths)).collect();
    if parts.contains(&Some(!all)) {
        return Some(!all);
    }
    if parts.contains(&None) { None } else { Some(all) }
}

/// The first instant after now at which time alone makes the leaf `becomes`.
fn leaf_instant(leaf: &Node, code: &Logic, becomes: bool, row: &[Value], now: Instant) -> Option<Instant> {
    let clocks = clocks(leaf);
    let mut t = now.0;
    // A comparison changes at most twice; a leaf of many (CASE, say) is followed for a while.
    for _ in 0..64 {
        t = clocks.iter().filter_map(|clock| clock.next(&Context { row, now: t })).min()?;
        if code.is(becomes, &Context { row, now: t }) {
            return Some(Instant(t));
        }
    }
    None
}

/// The value in words. A float just beside a limit is named by the limit.
fn phrase(present: &Value, nearest: &Value, leaf: &Node) -> String {
    let Value::Number(x) = nearest else {
        let mut named = !matches!(nearest, Value::Text(_));
        leaf.visit(&mut |node| {
            named |= matches!(&node.form, Form::Constant(value) if value.same(nearest)) || matches!(node.form, Form::Like(..))
        });
        return if named { nearest.to_string() } else { "another text".to_owned() };
    };
    let mut limit = None;
    leaf.visit(&mut |node| match node.form {
        Form::Constant(Value::Number(c)) if c.next_down() == *x => limit = Some(format!("below {c}")),
        Form::Constant(Value::Number(c)) if c.next_up() == *x => limit = Some(format!("above {c}")),
        _ => {}
    });
    limit.unwrap_or_else(|| match present.as_number() {
        Some(from) if *x != x.trunc() => {
            format!("{} {:.6}", if *x < from { "at most" } else { "at least" }, x).trim_end_matches('0').to_owned()
        }
        _ => x.to_string(),
    })
}
