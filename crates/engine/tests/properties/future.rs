//! No leakage: what comes after an instant changes nothing at or before it.

use proptest::prelude::*;
use tenure_engine::{Account, Mode, Outcome};
use tenure_model::Value;
use tenure_model::time::Day;

use super::{SPAN_MINUTES, Story, config, lines, stories};

/// A story up to a minute, and another one after it: events, traits, roles, memberships, subscriptions and what people decide.
fn turned(story: &Story, other: &Story, minute: i64) -> Story {
    fn both<T: Clone>(before: &[T], after: &[T], minute: i64, at: impl Fn(&T) -> i64) -> Vec<T> {
        let (at, kept) = (&at, before.iter().filter(|x| at(x) <= minute));
        kept.chain(after.iter().filter(|x| at(x) > minute)).cloned().collect()
    }
    // Undated ones have been there since ever; who leaves later may leave at another time, or stay.
    let mut members = both(&story.members, &other.members, minute, |(_, from, _)| from.unwrap_or(i64::MIN));
    for (_, from, length) in &mut members {
        *length = length.filter(|length| from.unwrap_or(0) + length <= minute);
    }
    let subscription = match (story.subscription, other.subscription) {
        (Some((start, length, gap)), Some((_, later, wider))) if start <= minute && start + length > minute => {
            Some((start, (minute + 1 - start).max(later), gap.max(wider)))
        }
        (Some((start, length, gap)), Some((_, _, wider))) if start + length <= minute && start + length + gap > minute => {
            Some((start, length, (minute + 1 - start - length).max(wider)))
        }
        (Some((start, length, gap)), None) if start + length <= minute && start + length + gap > minute => {
            Some((start, length, SPAN_MINUTES))
        }
        (Some(subscription), _) if subscription.0 <= minute => Some(subscription),
        (_, later) => later.filter(|(start, ..)| *start > minute),
    };
    Story {
        events: both(&story.events, &other.events, minute, |event| event.0),
        traits: both(&story.traits, &other.traits, minute, |change| change.0),
        goals: both(&story.goals, &other.goals, minute, |change| change.0),
        roles: both(&story.roles, &other.roles, minute, |change| change.0),
        decisions: both(&story.decisions, &other.decisions, minute, |decision| decision.0),
        subscription,
        members,
        ..story.clone()
    }
}

/// What happened; what happens to persons at one instant has no order.
fn sorted(outcomes: &[Outcome]) -> Vec<String> {
    let mut lines = lines(outcomes);
    lines.sort();
    lines
}

/// What is known of an account and its members. Of persons who only come later nothing is, though they have their place.
fn known(account: &Account) -> (Vec<Value>, String, Vec<String>) {
    let members = account.people().filter(|(_, member, _)| *member);
    let mut people: Vec<String> = members.map(|(id, _, row)| format!("{id} {row:?}")).collect();
    people.sort();
    (account.row().to_vec(), format!("{:?} {:?} {:?}", account.life(), account.stage(), account.milestones()), people)
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn what_comes_after_changes_nothing_before(story in stories(), other in stories(), minute in 0..SPAN_MINUTES) {
        // As of just before the next minute.
        let (one, two) = (story.build(false), turned(&story, &other, minute).build(false));
        let until = story.at(minute + 1).plus(-1);
        for mode in [Mode::Exact, Mode::Daily { from: Day(i32::MIN) }] {
            let ((a, told), (b, retold)) = (one.replay(until, mode), two.replay(until, mode));
            prop_assert_eq!(sorted(&told), sorted(&retold));
            prop_assert_eq!(known(&a), known(&b));
        }
    }
}
