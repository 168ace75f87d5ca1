//! The typed tree to the evaluator: constants folded, the comparisons of a bare column with a constant fused.

use std::cmp::Ordering;
use std::sync::Arc;

use super::code::{Choice, Code, Context, Logic, Number, Text, Ticks, Typed};
use super::function::Function;
use super::test::Test;
use super::tree::{Form, Node, Operator};
use crate::time::DAY;
use crate::value::{Kind, Value};

/// What a constant is evaluated over.
const NOTHING: Context = Context { row: &[], now: 0 };

/// The evaluator of a node whose type is settled.
pub fn lower(node: &Node) -> Code {
    lower_as(node, node.kind)
}

/// The evaluator of a node as a type: what is always NULL can be any.
fn lower_as(node: &Node, kind: Kind) -> Code {
    match kind {
        Kind::Bool => Code::Logic(logic(node)),
        Kind::Number => Code::Number(number(node)),
        Kind::Text | Kind::Any => Code::Text(text(node)),
        Kind::Time | Kind::Date | Kind::Interval => Code::Ticks(kind, ticks(node)),
    }
}

/// Does it read neither columns nor now?
fn is_fixed(node: &Node) -> bool {
    let mut fixed = true;
    node.visit(&mut |n| fixed &= !matches!(n.form, Form::Column(_) | Form::Now));
    fixed
}

/// The type in which nodes meet.
fn common(nodes: &[Node]) -> Kind {
    nodes.iter().map(|node| node.kind).find(|kind| *kind != Kind::Any).unwrap_or(Kind::Any)
}

fn boxed<T>(nodes: &[Node], lower: fn(&Node) -> T) -> Box<[T]> {
    nodes.iter().map(lower).collect()
}

fn pair<T>(a: &Node, b: &Node, lower: fn(&Node) -> T) -> Box<[T; 2]> {
    Box::new([lower(a), lower(b)])
}

/// CASE and the other forms that exist for every type.
fn choice<T>(node: &Node, lower: fn(&Node) -> T) -> Option<Box<Choice<T>>> {
    Some(Box::new(match &node.form {
        Form::Case(nodes) => {
            let branches = nodes.chunks_exact(2).map(|branch| (logic(&branch[0]), lower(&branch[1]))).collect();
            Choice::Case(branches, lower(nodes.last()?))
        }
        Form::Call(Function::Coalesce, nodes) => Choice::First(boxed(nodes, lower)),
        Form::Call(Function::NullIf, nodes) => Choice::Unless(lower(nodes.first()?), lower(nodes.get(1)?)),
        Form::Call(Function::Greatest, nodes) => Choice::Extreme(Ordering::Greater, boxed(nodes, lower)),
        Form::Call(Function::Least, nodes) => Choice::Extreme(Ordering::Less, boxed(nodes, lower)),
        _ => return None,
    }))
}

/// The evaluator of a condition.
pub fn logic(node: &Node) -> Logic {
    let negate = |not: bool, code: Logic| if not { Logic::Not(Box::new(code)) } else { code };
    let code = match &node.form {
        Form::Constant(value) => Logic::Constant(value.as_bool()),
        Form::Column(slot) => Logic::Column(*slot),
        Form::All(nodes) => connect(nodes, true),
        Form::Any(nodes) => connect(nodes, false),
        Form::Not(of) => negate(true, logic(of)),
        Form::Compare(test, of) => compare(*test, &of[0], &of[1]),
        Form::Distinct(distinct, of) => {
            let kind = common(&**of);
            negate(!distinct, Logic::Distinct(Box::new([lower_as(&of[0], kind), lower_as(&of[1], kind)])))
        }
        Form::Between(not, of) => negate(*not, between(&of[0], &of[1], &of[2])),
        Form::In(not, nodes) => negate(*not, is_in(&nodes[0], &nodes[1..])),
        Form::IsNull(not, of) => negate(*not, Logic::IsNull(Box::new(lower(of)))),
        Form::Is(want, not, of) => negate(*not, Logic::Is(*want, Box::new(logic(of)))),
        Form::Like(not, of, pattern) => negate(*not, Logic::Like(Box::new((text(of), pattern.clone())))),
        Form::Cast(of) if of.kind == Kind::Text => Logic::OfText(Box::new(text(of))),
        Form::Cast(of) => logic(of),
        Form::Call(Function::Search(search), nodes) => Logic::Search(*search, pair(&nodes[0], &nodes[1], text)),
        _ => choice(node, logic).map_or(Logic::Constant(None), Logic::Choice),
    };
    if is_fixed(node) { Logic::Constant(code.eval(&NOTHING)) } else { code }
}

/// AND or OR, without the parts that are constant and decide nothing.
fn connect(nodes: &[Node], all: bool) -> Logic {
    let mut parts: Vec<Logic> = nodes.iter().map(logic).collect();
    if parts.iter().any(|part| matches!(part, Logic::Constant(Some(b)) if *b != all)) {
        return Logic::Constant(Some(!all));
    }
    parts.retain(|part| !matches!(part, Logic::Constant(Some(_))));
    match (parts.len(), all) {
        (0, _) => Logic::Constant(Some(all)),
        (1, _) => parts.remove(0),
        (_, true) => Logic::All(parts.into()),
        (_, false) => Logic::Any(parts.into()),
    }
}

fn compare(test: Test, a: &Node, b: &Node) -> Logic {
    match common(&[a, b].map(Clone::clone)) {
        Kind::Number => match (number(a), number(b)) {
            (Number::Column(slot), Number::Constant(than)) if !than.is_nan() => Logic::NumberIs { slot, test, than },
            (Number::Constant(than), Number::Column(slot)) if !than.is_nan() => Logic::NumberIs { slot, test: test.mirrored(), than },
            (a, b) => Logic::Numbers(test, Box::new([a, b])),
        },
        Kind::Bool => Logic::Truths(test, pair(a, b, logic)),
        Kind::Text | Kind::Any => match (text(a), text(b)) {
            (Text::Column(slot), Text::Constant(Some(text))) | (Text::Constant(Some(text)), Text::Column(slot)) if test == Test::EQ => {
                Logic::TextIs { slot, text }
            }
            (Text::Column(slot), Text::Constant(Some(text))) | (Text::Constant(Some(text)), Text::Column(slot)) if test == Test::NE => {
                Logic::Not(Box::new(Logic::TextIs { slot, text }))
            }
            (a, b) => Logic::Texts(test, Box::new([a, b])),
        },
        Kind::Time | Kind::Date | Kind::Interval => compare_ticks(test, ticks(a), ticks(b)),
    }
}

fn compare_ticks(test: Test, a: Ticks, b: Ticks) -> Logic {
    let (test, a, b) = match (&a, &b) {
        (Ticks::Constant(_), _) | (Ticks::Now | Ticks::Plus(_), Ticks::Column(_)) => (test.mirrored(), b, a),
        _ => (test, a, b),
    };
    match (&a, &b) {
        (Ticks::Column(slot), Ticks::Constant(Some(than))) => return Logic::TicksAre { slot: *slot, test, than: *than },
        (Ticks::Column(slot), Ticks::Now) => return Logic::NowIs { slot: *slot, test, plus: 0 },
        (Ticks::Column(slot), Ticks::Plus(sum)) => {
            if let [Ticks::Now, Ticks::Constant(Some(plus))] = **sum {
                return Logic::NowIs { slot: *slot, test, plus };
            }
        }
        // x - now < c is x < now + c; now - x < c is x > now - c.
        (Ticks::Minus(difference), Ticks::Constant(Some(c))) => match &**difference {
            [Ticks::Column(slot), Ticks::Now] => return Logic::NowIs { slot: *slot, test, plus: *c },
            [Ticks::Now, Ticks::Column(slot)] => return Logic::NowIs { slot: *slot, test: test.mirrored(), plus: c.saturating_neg() },
            _ => {}
        },
        _ => {}
    }
    Logic::Ticks(test, Box::new([a, b]))
}

fn between(of: &Node, low: &Node, high: &Node) -> Logic {
    match (compare(Test::GE, of, low), compare(Test::LE, of, high)) {
        (Logic::NumberIs { slot, test: Test::GE, than: low }, Logic::NumberIs { slot: same, test: Test::LE, than: high })
            if slot == same =>
        {
            Logic::NumberBetween { slot, low, high }
        }
        (low, high) => Logic::All(Box::new([low, high])),
    }
}

fn is_in(of: &Node, list: &[Node]) -> Logic {
    let texts: Option<Box<[Arc<str>]>> = list
        .iter()
        .map(|node| match &node.form {
            Form::Constant(Value::Text(text)) => Some(text.clone()),
            _ => None,
        })
        .collect();
    if let (Form::Column(slot), Some(texts)) = (&of.form, texts) {
        return Logic::TextIn { slot: *slot, texts };
    }
    let kind = if of.kind == Kind::Any { common(list) } else { of.kind };
    Logic::In(Box::new((lower_as(of, kind), list.iter().map(|node| lower_as(node, kind)).collect())))
}

fn number(node: &Node) -> Number {
    let code = match &node.form {
        Form::Constant(value) => Number::Constant(value.as_number().unwrap_or(f64::NAN)),
        Form::Column(slot) => Number::Column(*slot),
        Form::Arithmetic(Operator::Subtract, of) if of[0].kind == Kind::Date => Number::Days(pair(&of[0], &of[1], ticks)),
        Form::Arithmetic(operator, of) => Number::Arithmetic(*operator, pair(&of[0], &of[1], number)),
        Form::Negate(of) => Number::Negate(Box::new(number(of))),
        Form::Cast(of) => match of.kind {
            Kind::Text => Number::OfText(Box::new(text(of))),
            Kind::Bool => Number::OfLogic(Box::new(logic(of))),
            _ => number(of),
        },
        Form::Call(Function::Math(function), nodes) => Number::Math(*function, Box::new(number(&nodes[0]))),
        Form::Call(Function::Power, nodes) => Number::Power(pair(&nodes[0], &nodes[1], number)),
        Form::Call(Function::Round, nodes) => {
            let places = nodes.get(1).map_or(Number::Constant(0.0), number);
            Number::Round(Box::new([number(&nodes[0]), places]))
        }
        Form::Call(Function::Length, nodes) => Number::Length(Box::new(text(&nodes[0]))),
        _ => choice(node, number).map_or(Number::Constant(f64::NAN), Number::Choice),
    };
    if is_fixed(node) { Number::Constant(code.eval(&NOTHING)) } else { code }
}

fn text(node: &Node) -> Text {
    let code = match &node.form {
        Form::Constant(Value::Text(text)) => return Text::Constant(Some(text.clone())),
        Form::Column(slot) => Text::Column(*slot),
        Form::Join(nodes) => Text::Join(boxed(nodes, text)),
        Form::Cast(of) => match of.kind {
            Kind::Number => Text::OfNumber(Box::new(number(of))),
            Kind::Bool => Text::OfLogic(Box::new(logic(of))),
            _ => text(of),
        },
        Form::Call(Function::Change(change), nodes) => Text::Change(*change, Box::new(text(&nodes[0]))),
        Form::Call(Function::Concat, nodes) => Text::Concat(boxed(nodes, text)),
        _ => choice(node, text).map_or(Text::Constant(None), Text::Choice),
    };
    if is_fixed(node) { Text::Constant(code.eval(&NOTHING).map(Arc::from)) } else { code }
}

/// The evaluator of a time, date or interval. Sums and differences with a constant become sums with the constant at the right.
pub fn ticks(node: &Node) -> Ticks {
    let code = match &node.form {
        Form::Constant(Value::Time(t)) => Ticks::Constant(Some(t.0)),
        Form::Constant(Value::Date(d)) => Ticks::Constant(Some(i64::from(d.0))),
        Form::Constant(Value::Interval(us)) => Ticks::Constant(Some(*us)),
        Form::Column(slot) => Ticks::Column(*slot),
        Form::Now => Ticks::Now,
        Form::Arithmetic(operator, of) => {
            let part = |part: &Node| match (&part.form, node.kind) {
                (Form::Constant(Value::Interval(us)), Kind::Date) => Ticks::Constant(Some(us / DAY)),
                _ => ticks(part),
            };
            match (part(&of[0]), operator, part(&of[1])) {
                (a, Operator::Subtract, Ticks::Constant(Some(c))) if c != i64::MIN => Ticks::Plus(Box::new([a, Ticks::Constant(Some(-c))])),
                (a, Operator::Subtract, b) => Ticks::Minus(Box::new([a, b])),
                (a @ Ticks::Constant(_), _, b) => Ticks::Plus(Box::new([b, a])),
                (a, _, b) => Ticks::Plus(Box::new([a, b])),
            }
        }
        Form::Negate(of) => Ticks::Negate(Box::new(ticks(of))),
        _ => choice(node, ticks).map_or(Ticks::Constant(None), Ticks::Choice),
    };
    if is_fixed(node) { Ticks::Constant(code.eval(&NOTHING)) } else { code }
}
