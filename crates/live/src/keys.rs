//! Which messages were seen: their keys, kept for a while.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;
use tenure_model::Instant;

use crate::{KEYS_KEPT, KEYS_MAX};

/// The key of a message: source and message id, hashed. Two messages are one where their keys are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 16]);

impl Key {
    /// Of a message of a source.
    pub fn of(source: &str, message_id: &str) -> Key {
        let mut hasher = blake3::Hasher::new();
        hasher.update(source.as_bytes()).update(&[0]).update(message_id.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Key(key)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The keys of messages that arrived lately.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    seen: FxHashSet<Key>,
    /// In order of arrival.
    order: VecDeque<(i64, Key)>,
    /// How many have been forgotten.
    forgotten: u64,
}

impl Keys {
    /// Notes a message that arrived at this instant. False where it was seen before.
    pub fn note(&mut self, key: Key, arrived: Instant) -> bool {
        if !self.seen.insert(key) {
            return false;
        }
        self.order.push_back((arrived.0, key));
        while self.order.len() > KEYS_MAX || self.order.front().is_some_and(|(at, _)| *at < arrived.0.saturating_sub(KEYS_KEPT)) {
            if let Some((_, old)) = self.order.pop_front() {
                self.seen.remove(&old);
                self.forgotten += 1;
            }
        }
        true
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Is none kept?
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// The number that the next one gets: all are numbered in order of arrival, those forgotten too.
    pub(crate) fn next_number(&self) -> u64 {
        self.forgotten + self.order.len() as u64
    }

    /// Those with these numbers that are not forgotten, with the instants of their arrival: for a snapshot.
    pub(crate) fn numbered(&self, numbers: std::ops::Range<u64>) -> impl Iterator<Item = (Instant, Key)> + '_ {
        let place = |number: u64| (number.saturating_sub(self.forgotten) as usize).min(self.order.len());
        self.order.range(place(numbers.start)..place(numbers.end)).map(|(at, key)| (Instant(*at), *key))
    }
}
