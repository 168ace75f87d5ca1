//! Which stored fields decide: those that a replay has to read.

use tenure_model::definition::{Builtin, ColumnId, Source};
use tenure_model::input::Fields;

use crate::Engine;
use crate::input::SUBSCRIPTION_FIELDS;
use crate::upstream::Upstream;

/// They tell when an account lives, whatever definitions read.
const LIFE: [&str; 3] = ["started_at", "ended_at", "cancelled_at"];

impl Engine {
    /// The fields that the model declares or knows; versions of others change nothing.
    pub fn fields(&self) -> Fields {
        let named = |fields: &mut dyn Iterator<Item = &String>| fields.cloned().collect();
        Fields {
            account: named(&mut self.plan.traits.keys()),
            person: named(&mut self.plan.person_traits.keys()),
            subscription: SUBSCRIPTION_FIELDS.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    /// Of these, those that decide when an account lives, who its parent is, and what stands in some columns. An account still begins with what has a
    /// date of any of `fields` but those of subscriptions.
    pub fn fields_of(&self, columns: &Upstream) -> Fields {
        let account = &self.model.account;
        let is_read = |slot: &ColumnId| columns.account.contains(slot);
        let of_account = self.plan.traits.iter().filter(|(name, slot)| {
            matches!(name.as_str(), "started_at" | "created_at") || Some(**slot) == self.plan.parent || is_read(slot)
        });
        let of_person = self.plan.person_traits.iter().filter(|(_, slot)| columns.person.contains(*slot));
        let builtins = columns.account.iter().filter_map(|slot| match account.get(*slot as usize)?.source {
            Source::Builtin(builtin) => Some(builtin),
            _ => None,
        });
        Fields {
            account: of_account.map(|(name, _)| name.clone()).collect(),
            person: of_person.map(|(name, _)| name.clone()).collect(),
            subscription: LIFE.iter().chain(builtins.flat_map(behind)).map(|field| (*field).to_owned()).collect(),
        }
    }
}

/// The fields of subscriptions behind a column, beside those of their lives.
fn behind(builtin: Builtin) -> &'static [&'static str] {
    match builtin {
        Builtin::Arr => &["arr"],
        Builtin::Mrr => &["mrr"],
        Builtin::Seats => &["seats"],
        // Those of the subscription that pays most.
        Builtin::Plan => &["plan", "arr"],
        Builtin::Product => &["product", "arr"],
        Builtin::RenewalAt | Builtin::DaysToRenewal => &["renewal_at"],
        Builtin::TrialEndsAt | Builtin::DaysToTrialEnd => &["trial_ends_at"],
        Builtin::CardExpiresAt | Builtin::DaysToCardExpiry => &["card_expires_at"],
        Builtin::Id
        | Builtin::StartedAt
        | Builtin::AgeDays
        | Builtin::Subscriptions
        | Builtin::Stage
        | Builtin::StageEnteredAt
        | Builtin::DaysInStage
        | Builtin::StageLate
        | Builtin::Health
        | Builtin::HealthCoverage
        | Builtin::HealthBand => &[],
    }
}
