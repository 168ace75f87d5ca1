//! What comes in about one account, in the words of the world: versions of traits and subscriptions, memberships, what teammates decide.
//! Events travel in columns (the history crate), not one by one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::time::Instant;

/// Whose field a version is of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entity {
    /// An account.
    Account(String),
    /// A person, wherever they are a member.
    Person(String),
    /// A subscription (account, id).
    Subscription(String, String),
}

/// One version of one field: what was true from when, and from when it was known.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Version {
    /// Whose.
    pub entity: Entity,
    /// Trait name, or one of `subscription::FIELDS`.
    pub field: String,
    /// JSON scalar; null removes the value.
    pub value: serde_json::Value,
    /// True from then on; None: undated, *assumed* to have been so from the beginning.
    pub valid_from: Option<Instant>,
    /// Known from then on; None: as soon as it was true.
    pub known_from: Option<Instant>,
}

impl Version {
    /// From when replays may read it; `Instant::MIN` where it is assumed.
    pub fn visible_from(&self) -> Instant {
        self.valid_from.unwrap_or(Instant::MIN).max(self.known_from.unwrap_or(Instant::MIN))
    }
}

/// Names of fields, by what they are fields of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fields {
    /// Traits of accounts.
    pub account: BTreeSet<String>,
    /// Traits of persons.
    pub person: BTreeSet<String>,
    /// Fields of subscriptions.
    pub subscription: BTreeSet<String>,
}

/// The fields of a subscription.
pub mod subscription {
    /// All of them; any other field is refused. Times are RFC 3339 or dates; `started_at` is needed.
    /// `ended_at`: the end of the contract, live in [started_at, ended_at); known from `cancelled_at`, else from itself.
    pub const FIELDS: &[&str] = &[
        "product",
        "plan",
        "seats",
        "mrr",
        "arr",
        "started_at",
        "trial_ends_at",
        "renewal_at",
        "ended_at",
        "cancelled_at",
        "card_expires_at",
    ];
}

/// A person belongs to an account.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Membership {
    /// Who.
    pub person: String,
    /// Where.
    pub account: String,
    /// From then on; None: from the beginning.
    pub from: Option<Instant>,
    /// Until then; None: still.
    pub until: Option<Instant>,
}

/// What a teammate decided about an account. It acts from `at`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// Account.
    pub account: String,
    /// When.
    pub at: Instant,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// What.
    pub action: Action,
}

/// What a teammate can decide.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Sets the stage by hand; automatic moves rest until then (None: until the next such input).
    SetStage {
        /// Name of the stage.
        stage: String,
        /// Until when.
        until: Option<Instant>,
    },
    /// Lets the stage move by itself again.
    ReleaseStage,
    /// Sets, caps or floors a measure, a group or the total.
    Override {
        /// `total`, `group:<name>` or `measure:<name>`.
        target: String,
        /// How.
        how: OverrideKind,
        /// 0–100.
        value: f64,
        /// Ends by itself.
        until: Option<Instant>,
    },
    /// Ends overrides of that target.
    ClearOverride {
        /// As above.
        target: String,
    },
    /// Lets a milestone off.
    Waive {
        /// Name of the milestone.
        milestone: String,
    },
}

/// What an override does to the computed score.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideKind {
    /// Replaces it.
    Set,
    /// At most.
    Cap,
    /// At least.
    Floor,
}

/// A merge: what was said of `from` is said of `into`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Merge {
    /// True for accounts, false for persons.
    pub account: bool,
    /// The id that goes.
    pub from: String,
    /// The id that stays.
    pub into: String,
    /// When it was learned.
    pub at: Instant,
}
