//! The key by which a duplicate is known: the message id as sent, or one made of the content.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::intake::Event;
use super::limits::MESSAGE_ID_CHARS_MAX;
use super::said::has_controls;

/// Gives ids to the events of one request.
#[derive(Default)]
pub(super) struct MessageIds {
    /// How often each content came without an id.
    seen: FxHashMap<[u8; 16], u32>,
}

impl MessageIds {
    /// The id as sent; hashed where it is longer than ours may be, or has control characters.
    pub fn sent(id: Cow<'_, str>) -> Cow<'_, str> {
        let fits = id.len() <= MESSAGE_ID_CHARS_MAX || id.chars().count() <= MESSAGE_ID_CHARS_MAX;
        if fits && !has_controls(&id) { id } else { Cow::Owned(told(digest([Some(id.as_bytes())]), 1)) }
    }

    /// An id made of what the event says: equal events of one request are told apart by their number, so that a request that is repeated byte for
    /// byte adds nothing, and two logins in one batch stay two. An event without a time has that of its arrival: it is another one each time.
    pub fn made(&mut self, event: &Event<'_>) -> String {
        let time = event.original_time.unwrap_or(event.time).0.to_le_bytes();
        let texts = [Some(event.name.as_ref()), event.person.as_deref(), event.account.as_deref(), event.properties.as_deref()];
        let [name, person, account, properties] = texts.map(|text| text.map(str::as_bytes));
        let hash = digest([name, person, account, Some(&time[..]), properties]);
        let number = self.seen.entry(hash).or_insert(0);
        *number += 1;
        told(hash, *number)
    }
}

fn digest<const N: usize>(parts: [Option<&[u8]>; N]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        // Lengths keep the parts apart; what is absent is not what is empty.
        hasher.update(&part.map_or(u64::MAX, |p| p.len() as u64).to_le_bytes());
        hasher.update(part.unwrap_or_default());
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    hash
}

fn told(hash: [u8; 16], number: u32) -> String {
    let hex = u128::from_be_bytes(hash);
    if number == 1 { format!("~{hex:032x}") } else { format!("~{hex:032x}-{number}") }
}
