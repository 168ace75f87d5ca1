//! What one request says: events, borrowed from its body, and the rarer things beside them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use tenure_model::Instant;
use tenure_model::input::{Membership, Merge, Version};

use super::limits::FUTURE_TOLERANCE;

/// What a request says. Good items are here however many others are bad.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Intake<'a> {
    /// What happened, in the order of the body.
    pub events: Vec<Event<'a>>,
    /// Versions of fields of accounts, people and subscriptions.
    pub versions: Vec<Version>,
    /// Who belongs where.
    pub memberships: Vec<Membership>,
    /// Who was said to belong where by calls that tell when it was said (`from`), not since when it is so: see `Record::Belongs`.
    pub belongs: Vec<Membership>,
    /// Ids that were said to mean the same person (`alias`).
    pub merges: Vec<Merge>,
    /// Anonymous ids seen together with a known one. Whether they become merges is the caller's to decide: see `Link`.
    pub links: Vec<Link>,
    /// Items that could not be read; nothing of them is in the other fields.
    pub bad: Vec<Bad>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event<'a> {
    /// What.
    pub name: Cow<'a, str>,
    /// Who: the user's id, else the anonymous one.
    pub person: Option<Cow<'a, str>>,
    /// Whose, if it was said.
    pub account: Option<Cow<'a, str>>,
    /// When, corrected by the sender's clock skew where that is large.
    pub time: Instant,
    /// When the sender sent it, by its own clock.
    pub sent_at: Option<Instant>,
    /// When it happened by the sender's clock, where `time` was corrected; None elsewhere.
    pub original_time: Option<Instant>,
    /// As sent, or made of the content: with the source the key by which duplicates are known.
    pub message_id: Cow<'a, str>,
    /// The text of a JSON object on one line, if it has members.
    pub properties: Option<Cow<'a, str>>,
}

impl Event<'_> {
    /// Is it from the future, as seen when it was received? Then it is kept, and waits for its time.
    pub fn waits(&self, received_at: Instant) -> bool {
        self.time > received_at.plus(FUTURE_TOLERANCE)
    }
}

/// An anonymous id and a user's id that came in one item.
///
/// On a shared device one anonymous id is seen with one user after another; merging all of them would make two people one. So the first link
/// of an anonymous id is a merge, later ones with another user are not. That needs memory of what came before, so the caller decides.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Link {
    /// The anonymous id.
    pub anonymous: String,
    /// The user's id.
    pub known: String,
    /// The time of the item.
    pub at: Instant,
}

impl Link {
    /// The merge it becomes if it is the first of its anonymous id.
    pub fn into_merge(self) -> Merge {
        Merge { account: false, from: self.anonymous, into: self.known, at: self.at }
    }
}

/// An item that could not be read, for the quarantine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bad {
    /// Which item of the request, from 0.
    pub index: usize,
    /// What kind of mistake it is.
    pub code: Code,
    /// What is wrong, in words.
    pub message: String,
    /// A body that says this item alone (with the batch's `context` and `sentAt`): sent to the same endpoint, it is read again.
    pub raw: String,
    /// The endpoint that reads it again: `track`, `batch`, `cloudevents`, `entities/accounts` …
    #[serde(default)]
    pub endpoint: String,
}

impl Bad {
    /// What is the same however often it is sent: the item with its message id, without the time of sending. None where it has no message id.
    pub fn identity(&self) -> Option<String> {
        let mut raw: serde_json::Value = serde_json::from_str(&self.raw).ok()?;
        let item = if raw.get("batch").is_some() { raw.pointer_mut("/batch/0")? } else { &mut raw };
        item.get("messageId")?.as_str()?;
        item.as_object_mut()?.remove("sentAt");
        Some(item.to_string())
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The kinds of mistakes of an item. Their texts are stable.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum Code { $($(#[$doc])* #[serde(rename = $text)] $variant,)* }

        impl Code {
            /// All of them.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// The stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// It is not JSON (a line of NDJSON).
    InvalidJson = "invalid_json",
    /// It is not a JSON object.
    NotAnObject = "not_an_object",
    /// It is larger than `ITEM_BYTES_MAX`.
    ItemTooLarge = "item_too_large",
    /// A batch's item has no `type` that is known.
    UnknownType = "unknown_type",
    /// Its `type` contradicts the endpoint.
    WrongType = "wrong_type",
    /// It names neither a person nor an account.
    NoUser = "no_user",
    /// An event without a name.
    NoEvent = "no_event",
    /// A `group` without `groupId`.
    NoGroup = "no_group",
    /// An `alias` without `previousId`.
    NoPreviousId = "no_previous_id",
    /// A CloudEvent without `id`, `source` or a `specversion` of 1, or an entity without `id`.
    NoId = "no_id",
    /// A subscription without `account_id`.
    NoAccount = "no_account",
    /// A subscription without `started_at`.
    NoStartedAt = "no_started_at",
    /// An id or a name that is no text or number, too long, or has control characters.
    BadId = "bad_id",
    /// A time that cannot be read, or outside of the years 1900 to 2200.
    BadTimestamp = "bad_timestamp",
    /// Properties that are no JSON object.
    BadProperties = "bad_properties",
    /// Traits that are no JSON object, or nested too deeply.
    BadTraits = "bad_traits",
    /// A field that a subscription does not have.
    UnknownField = "unknown_field",
    /// A number of a subscription that is none.
    BadNumber = "bad_number",
}

/// What is wrong with an item.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub code: Code,
    pub message: String,
}

impl Fault {
    pub fn new(code: Code, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into() }
    }
}
