//! The stream of events: by account or in order of time, in chunks.

use crate::Simulation;
use crate::clock::DAY;
use crate::event::{Event, Events};

/// The order of the events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// One account after the other, each in order of time. Memory: one account's events.
    Account,
    /// As they would arrive. Memory: one day's events.
    Time,
}

/// Rows of a chunk, about.
const CHUNK: usize = 65_536;

/// All events of a simulation.
pub(crate) fn chunks(simulation: &Simulation, order: Order) -> impl Iterator<Item = Events> {
    let mut part = 0;
    let mut late = Vec::new();
    std::iter::from_fn(move || {
        let mut chunk = Events::default();
        while chunk.len() < CHUNK {
            let more = match order {
                Order::Account => account(simulation, part, &mut chunk),
                Order::Time => day(simulation, part, &mut late, &mut chunk),
            };
            if !more {
                break;
            }
            part += 1;
        }
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Adds the events of the account with this number; false if there is none.
fn account(simulation: &Simulation, number: usize, chunk: &mut Events) -> bool {
    let Some(customer) = simulation.customers.get(number) else { return false };
    let mut events = customer.diary.clone();
    for day in 0..i64::from(simulation.window.days) {
        simulation.usage.day(customer, &simulation.window, day, &mut events);
    }
    events.sort_by_key(|event| event.time);
    events.iter().filter(|event| event.time < simulation.window.end).for_each(|event| chunk.push(event));
    true
}

/// Adds the events of the day with this number, with those of the day before that were late; false if there is none.
fn day(simulation: &Simulation, number: usize, late: &mut Vec<Event>, chunk: &mut Events) -> bool {
    let Simulation { window, customers, usage, .. } = simulation;
    if number >= window.days as usize {
        return false;
    }
    let midnight = window.start + number as i64 * DAY;
    let tomorrow = midnight + DAY;
    let mut events = std::mem::take(late);
    for customer in customers {
        let from = customer.diary.partition_point(|event| event.time < midnight);
        let until = customer.diary.partition_point(|event| event.time < tomorrow);
        events.extend(&customer.diary[from..until]);
        usage.day(customer, window, number as i64, &mut events);
    }
    events.sort_by_key(|event| (event.time, event.account));
    let today = events.partition_point(|event| event.time < tomorrow);
    events[..today].iter().for_each(|event| chunk.push(event));
    late.extend(&events[today..]);
    true
}
