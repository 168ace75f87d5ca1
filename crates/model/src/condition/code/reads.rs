//! Which columns a part of an expression reads.

use super::{Choice, Code, Logic, Number, Text, Ticks};

/// Adds the slots that something reads, each once.
pub trait Reads {
    /// Adds them.
    fn reads(&self, slots: &mut Vec<u32>);
}

fn add(slot: u32, slots: &mut Vec<u32>) {
    if !slots.contains(&slot) {
        slots.push(slot);
    }
}

impl<T: Reads> Reads for [T] {
    fn reads(&self, slots: &mut Vec<u32>) {
        self.iter().for_each(|part| part.reads(slots));
    }
}

impl<T: Reads> Reads for Choice<T> {
    fn reads(&self, slots: &mut Vec<u32>) {
        match self {
            Choice::Case(branches, otherwise) => {
                for (condition, result) in branches {
                    condition.reads(slots);
                    result.reads(slots);
                }
                otherwise.reads(slots);
            }
            Choice::First(of) | Choice::Extreme(_, of) => of.reads(slots),
            Choice::Unless(x, y) => {
                x.reads(slots);
                y.reads(slots);
            }
        }
    }
}

impl Reads for Code {
    fn reads(&self, slots: &mut Vec<u32>) {
        match self {
            Code::Logic(code) => code.reads(slots),
            Code::Number(code) => code.reads(slots),
            Code::Text(code) => code.reads(slots),
            Code::Ticks(_, code) => code.reads(slots),
        }
    }
}

impl Reads for Logic {
    fn reads(&self, slots: &mut Vec<u32>) {
        match self {
            Logic::Constant(_) => {}
            Logic::Column(slot)
            | Logic::NumberIs { slot, .. }
            | Logic::NumberBetween { slot, .. }
            | Logic::TextIs { slot, .. }
            | Logic::TextIn { slot, .. }
            | Logic::TicksAre { slot, .. }
            | Logic::NowIs { slot, .. } => add(*slot, slots),
            Logic::All(of) | Logic::Any(of) => of.reads(slots),
            Logic::Not(of) | Logic::Is(_, of) => of.reads(slots),
            Logic::Numbers(_, of) => of.as_slice().reads(slots),
            Logic::Texts(_, of) | Logic::Search(_, of) => of.as_slice().reads(slots),
            Logic::Ticks(_, of) => of.as_slice().reads(slots),
            Logic::Truths(_, of) => of.as_slice().reads(slots),
            Logic::Distinct(of) => of.as_slice().reads(slots),
            Logic::In(of) => {
                of.0.reads(slots);
                of.1.reads(slots);
            }
            Logic::IsNull(of) => of.reads(slots),
            Logic::Like(of) => of.0.reads(slots),
            Logic::OfText(of) => of.reads(slots),
            Logic::Choice(of) => of.reads(slots),
        }
    }
}

impl Reads for Number {
    fn reads(&self, slots: &mut Vec<u32>) {
        match self {
            Number::Constant(_) => {}
            Number::Column(slot) => add(*slot, slots),
            Number::Negate(of) | Number::Math(_, of) => of.reads(slots),
            Number::Arithmetic(_, of) | Number::Power(of) | Number::Round(of) => of.as_slice().reads(slots),
            Number::Length(of) | Number::OfText(of) => of.reads(slots),
            Number::Days(of) => of.as_slice().reads(slots),
            Number::OfLogic(of) => of.reads(slots),
            Number::Choice(of) => of.reads(slots),
        }
    }
}

impl Reads for Text {
    fn reads(&self, slots: &mut Vec<u32>) {
        match self {
            Text::Constant(_) => {}
            Text::Column(slot) => add(*slot, slots),
            Text::Change(_, of) => of.reads(slots),
            Text::Concat(of) | Text::Join(of) => of.reads(slots),
            Text::OfNumber(of) => of.reads(slots),
            Text::OfLogic(of) => of.reads(slots),
            Text::Choice(of) => of.reads(slots),
        }
    }
}

impl Reads for Ticks {
    fn reads(&self, slots: &mut Vec<u32>) {
        match self {
            Ticks::Constant(_) | Ticks::Now => {}
            Ticks::Column(slot) => add(*slot, slots),
            Ticks::Plus(of) | Ticks::Minus(of) => of.as_slice().reads(slots),
            Ticks::Negate(of) => of.reads(slots),
            Ticks::Choice(of) => of.reads(slots),
        }
    }
}
