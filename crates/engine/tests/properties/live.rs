//! The live table: conditions over columns hold where they hold row by row; what is named stale is what an advance would change.

use proptest::prelude::*;
use tenure_engine::{Account, AlertState, Change, Engine, Inputs, Life, LiveTable, Mode, Outcome, What};
use tenure_model::time::{HOUR, Instant};
use tenure_model::{Program, Value};

use super::model::model;
use super::{Built, SPAN_MINUTES, Story, config, stories};

/// A trait of `model` with a value.
fn traits() -> impl Strategy<Value = (&'static str, i64)> {
    prop_oneof![(Just("tier"), 0..4i64), (Just("goal_at"), 0..720i64), (Just("started_at"), 0..720i64)]
}

fn built(story: &Story, people: bool) -> Built {
    story.build_with(Engine::new(model(story.zone, &story.picks, &story.limits, people)), false)
}

fn programs(engine: &Engine) -> Vec<Program> {
    let model = engine.model();
    let alerts = model.alerts.iter().filter(|a| !a.person).filter_map(|a| a.when.clone());
    let stages = model.stages.iter().filter_map(|s| s.when.clone());
    model
        .segments
        .iter()
        .map(|s| s.when.clone())
        .chain(stages)
        .chain(alerts)
        .chain(model.milestones.iter().map(|m| m.reached.clone()))
        .collect()
}

/// The row as a thorough advance leaves it, and what it brings forth, given one trait more an instant later.
fn thorough(built: &Built, account: &Account, slot: u32, value: &Value) -> (Account, Vec<Outcome>) {
    let t = account.at().next();
    let changes = [Change { at: t, what: What::Trait(slot, value.clone()) }];
    let (mut account, mut outcomes) = (account.clone(), Vec::new());
    let inputs = Inputs { people: &built.people, changes: &changes, ..Inputs::default() };
    built.engine.advance(&mut account, &inputs, t, Mode::Thorough, &mut outcomes).unwrap();
    (account, outcomes)
}

/// Accounts as of several instants, in rows of which some are vacant.
fn table(built: &Built, story: &Story, at: &[i64]) -> (LiveTable, Vec<(usize, Account)>) {
    let mut table = built.engine.live_table();
    let mut accounts = Vec::new();
    for (i, minutes) in at.iter().enumerate() {
        let (account, _) = built.replay(story.at(*minutes), Mode::Exact);
        let row = i * 3 % 7;
        table.set(row, &account);
        accounts.retain(|(r, _)| *r != row);
        accounts.push((row, account));
    }
    (table, accounts)
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn conditions_hold_in_columns_where_they_hold_in_rows(story in stories(), at in prop::collection::vec(0..SPAN_MINUTES, 1..9), gone in 0..7usize) {
        let built = built(&story, true);
        let (mut table, mut accounts) = table(&built, &story, &at);
        table.remove(gone);
        accounts.retain(|(row, _)| *row != gone);
        for program in programs(&built.engine) {
            let now = story.at(at[0]);
            let mut expected = vec![false; table.len()];
            accounts.iter().for_each(|(row, account)| expected[*row] = program.holds(account.row(), now));
            prop_assert_eq!(table.holds(&program, now), expected, "{}", program.sql());
        }
    }

    /// What was advanced is not stale, whatever the inputs were, until a timer is due.
    #[test]
    fn nothing_is_stale_after_an_advance(story in stories(), people in any::<bool>(), at in prop::collection::vec(0..SPAN_MINUTES, 1..6)) {
        let built = built(&story, people);
        let (table, accounts) = table(&built, &story, &at);
        for (row, account) in &accounts {
            for now in [account.evaluated(), account.at(), Instant(account.next_timer().0.min(account.at().0 + 5 * HOUR) - 1)] {
                prop_assert!(!built.engine.stale(&table, now).contains(row), "row {row} at {now}, evaluated at {}", account.evaluated());
            }
            if account.next_timer() < Instant::NEVER {
                prop_assert!(built.engine.stale(&table, account.next_timer()).contains(row));
            }
        }
    }

    /// A trait changed by hand makes the row stale wherever the engine, told of it, would change anything.
    #[test]
    fn what_an_advance_would_change_is_stale(story in stories(), people in any::<bool>(), at in 0..SPAN_MINUTES, (name, value) in traits()) {
        let built = built(&story, people);
        let (account, _) = built.replay(story.at(at), Mode::Exact);
        prop_assume!(account.life() == Life::Live);
        let columns = &built.engine.model().account;
        let slot = columns.iter().position(|c| c.name == name).unwrap();
        let value = match name {
            _ if value == 0 => Value::Null,
            "tier" => Value::Number(value as f64),
            _ => Value::Time(story.at(value * 60)),
        };
        let mut table = built.engine.live_table();
        table.set(0, &account);
        table.put(0, slot as u32, &value);
        let stale = built.engine.stale(&table, account.at().next());
        let (after, outcomes) = thorough(&built, &account, slot as u32, &value);
        let differs = |(i, (a, b)): (usize, (&Value, &Value))| i != slot && !a.same(b);
        let rows_differ = account.row().iter().zip(after.row()).enumerate().any(differs);
        if rows_differ || !outcomes.is_empty() {
            prop_assert_eq!(stale, [0], "{} = {}: {:?}", name, value, outcomes);
        }
    }

    /// The table asked by an engine of other thresholds names the account wherever that engine, advancing it, would change anything.
    #[test]
    fn what_other_thresholds_would_change_is_stale(story in stories(), at in 0..SPAN_MINUTES, limits in prop::collection::vec(0..6u32, 4)) {
        let built = built(&story, true);
        let (account, _) = built.replay(story.at(at), Mode::Exact);
        prop_assume!(account.life() == Life::Live && account.overrides().is_empty());
        let mut table = built.engine.live_table();
        table.set(0, &account);
        let other = self::built(&Story { limits, ..story.clone() }, true);
        let stale = other.engine.stale(&table, account.at().next());
        let (after, outcomes) = thorough(&other, &account, u32::MAX, &Value::Null);
        let changed = !outcomes.is_empty() || account.row() != after.row();
        let firing = (0..other.engine.model().alerts.len()).any(|a| account.alert(a).0 == AlertState::Firing);
        prop_assert!(changed != stale.is_empty() || (firing && !changed), "{:?}, stale {:?}", outcomes, stale);
    }
}
