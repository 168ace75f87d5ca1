//! What a simulated company promises: the same seed, the same bytes; the size asked for; churn that use foretells.

use std::collections::BTreeMap;

use tenure_simulate::{Config, Events, NOBODY, Order, Property, Reason, Simulation};

fn config(seed: u64) -> Config {
    Config { seed, accounts: 400, events: 400_000, ..Config::default() }
}

/// A hash of everything that is written to files.
fn hash(simulation: &Simulation, order: Order) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: String| _ = hasher.update(text.as_bytes());
    simulation.accounts().for_each(|account| add(format!("{account:?}")));
    simulation.people().for_each(|person| add(format!("{person:?}")));
    simulation.subscriptions().for_each(|(_, subscription)| add(format!("{subscription:?}")));
    simulation.churns().for_each(|(_, churn)| add(format!("{churn:?}")));
    simulation.events(order).for_each(|events| add(format!("{events:?}")));
    hasher.finalize().to_hex()[..16].to_string()
}

/// (account, person, name, time, property) of every event.
fn rows(events: impl Iterator<Item = Events>) -> Vec<(u32, u32, u8, i64, String)> {
    let row = |e: &Events, i: usize| (e.account[i], e.person[i], e.name[i] as u8, e.time[i], format!("{:?}", e.property[i]));
    events.flat_map(|e| (0..e.len()).map(|i| row(&e, i)).collect::<Vec<_>>()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_everywhere() {
    let first = hash(&Simulation::new(config(1)), Order::Time);
    assert_eq!(first, hash(&Simulation::new(config(1)), Order::Time));
    assert_ne!(first, hash(&Simulation::new(config(2)), Order::Time));
    // On every machine, and from now on: a benchmark's data must not change unnoticed.
    assert_eq!(first, "186ea9422cec2dc8");
}

#[test]
fn both_orders_hold_the_same_events() {
    let simulation = Simulation::new(config(3));
    let mut by_account = rows(simulation.events(Order::Account));
    let mut by_time = rows(simulation.events(Order::Time));
    assert!(by_account.is_sorted_by_key(|row| (row.0, row.3)));
    assert!(by_time.is_sorted_by_key(|row| row.3));
    by_account.sort();
    by_time.sort();
    assert!(by_account == by_time);
}

#[test]
fn there_are_as_many_events_as_asked_for() {
    for (seed, accounts, days, events) in [(1, 400, 365, 400_000), (2, 2_000, 90, 300_000), (3, 50, 365, 1_000_000), (4, 300, 1, 30_000)] {
        let config = Config { seed, accounts, events, days, ..Config::default() };
        let found: usize = Simulation::new(config).events(Order::Account).map(|chunk| chunk.len()).sum();
        let off = found as f64 / events as f64 - 1.0;
        assert!(off.abs() < 0.02, "{found} instead of {events}");
    }
}

#[test]
fn accounts_differ_much_in_size() {
    let simulation = Simulation::new(config(5));
    let mut sizes = BTreeMap::<u32, u64>::new();
    rows(simulation.events(Order::Account)).iter().for_each(|row| *sizes.entry(row.0).or_default() += 1);
    let mut sizes: Vec<u64> = sizes.into_values().collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let top = sizes[..sizes.len() / 10].iter().sum::<u64>() as f64 / sizes.iter().sum::<u64>() as f64;
    assert!((0.4..0.9).contains(&top), "the top tenth of accounts makes {top:.2} of the events");
}

#[test]
fn churn_is_foretold_by_use() {
    const DAY: i64 = 86_400_000_000;
    let simulation = Simulation::new(Config { accounts: 3_000, events: 3_000_000, ..config(6) });
    let mut times = BTreeMap::<u32, Vec<i64>>::new();
    rows(simulation.events(Order::Account)).into_iter().for_each(|row| times.entry(row.0).or_default().push(row.3));
    // Use in the 28 days before an instant, relative to that in the 28 days which ended 90 days earlier.
    let change = |account: u32, at: i64| {
        let count = |until: i64| times.get(&account).map_or(0, |t| t.iter().filter(|&&t| (until - 28 * DAY..until).contains(&t)).count());
        let before = count(at - 90 * DAY);
        (before >= 30).then(|| count(at) as f64 / before as f64)
    };
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        (values.len(), values[values.len() / 2])
    };
    let churned: BTreeMap<u32, _> = simulation.churns().map(|(account, churn)| (account.index, churn.clone())).collect();
    let told = |foretold: bool| {
        let some = churned.iter().filter(|(_, churn)| churn.reason.is_foretold() == foretold && churn.reason != Reason::TrialNotConverted);
        median(some.filter_map(|(&account, churn)| change(account, churn.cancelled_at)).collect())
    };
    let middle = simulation.accounts().map(|account| account.started_at).max().unwrap() - 60 * DAY;
    let stayed =
        median(simulation.accounts().filter(|a| !churned.contains_key(&a.index)).filter_map(|a| change(a.index, middle)).collect());
    let (foretold, abrupt) = (told(true), told(false));
    assert!(foretold.0 > 50 && abrupt.0 > 5 && stayed.0 > 500, "{foretold:?} {abrupt:?} {stayed:?}");
    assert!(foretold.1 < 0.5, "foretold churners keep {:.2} of their use", foretold.1);
    assert!(stayed.1 > 0.75, "accounts that stay keep {:.2}", stayed.1);
    assert!(abrupt.1 > 0.6, "accounts that leave abruptly keep {:.2}", abrupt.1);
    let share = churned.len() as f64 / 3_000.0;
    assert!((0.05..0.25).contains(&share), "{share:.3} of the accounts churn in the year");
}

#[test]
fn everything_fits_together() {
    let simulation = Simulation::new(config(7));
    let joined: BTreeMap<(u32, u32), i64> = simulation.people().map(|p| ((p.account, p.number), p.joined_at)).collect();
    let emails: std::collections::BTreeSet<String> = simulation.people().map(|p| p.email).collect();
    assert_eq!(emails.len(), joined.len());
    let ended: BTreeMap<u32, i64> = simulation.churns().map(|(account, churn)| (account.index, churn.ended_at)).collect();
    let started: Vec<i64> = simulation.accounts().map(|account| account.started_at).collect();
    let mut helped = 0;
    for events in simulation.events(Order::Time) {
        for i in 0..events.len() {
            let (account, person, time) = (events.account[i], events.person[i], events.time[i]);
            assert!(time >= started[account as usize]);
            assert!(ended.get(&account).is_none_or(|&end| time < end), "an event after the end of {account}");
            assert!(person == NOBODY || joined[&(account, person)] <= time, "an event of {person} of {account} before they joined");
            helped += u32::from(events.property[i] == Property::Path("/help"));
        }
    }
    assert!(helped > 1_000);
    let mut last = BTreeMap::<u32, i64>::new();
    for (account, term) in simulation.subscriptions() {
        assert!(term.ended_at.is_none_or(|end| end > term.started_at));
        let before = last.insert(account.index, term.ended_at.unwrap_or(i64::MAX));
        assert!(before.is_none_or(|end| end == term.started_at), "terms of {} follow one another", account.index);
    }
    for parent in simulation.accounts().filter_map(|account| account.parent) {
        assert!(simulation.accounts().nth(parent as usize).is_some_and(|account| account.parent.is_none()));
    }
}
