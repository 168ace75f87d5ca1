//! `tenure backtest` on a simulated company: precision and recall are those that its files say.

use serde_json::{Value, json};

use crate::backtest::{WITHIN, asked};
use crate::company::Company;

const SIMULATED: &str = r#"
metrics:
  uses_14d: { count: any, window: 14d }
  uses_28d: { count: any, window: 28d }
  uses_prior_28d: { count: any, window: 28d, offset: 28d }
alerts:
  # Who does not use the product at first does not stay: so the simulation has it.
  slow_start: { when: "age_days <= 21 AND uses_14d < 10" }
  halved: { when: "uses_prior_28d >= 20 AND uses_28d < uses_prior_28d / 2" }
"#;

/// An account as the simulation's files have it: the days on which it begins and ends, and its events by day.
struct Simulated {
    begins: i32,
    ends: Option<i32>,
    uses: std::collections::BTreeMap<i32, u32>,
}

/// The day of a time, day 0 being 2025-01-01.
fn day_of(time: &str) -> i32 {
    let day: jiff::civil::Date = time[..10].parse().unwrap();
    (day - jiff::civil::date(2025, 1, 1)).get_days()
}

/// Rows of a file without quotes.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

fn simulated(company: &Company) -> std::collections::BTreeMap<String, Simulated> {
    let mut accounts = std::collections::BTreeMap::new();
    let subscriptions = company.read("files/subscriptions.csv");
    for row in rows(&subscriptions) {
        let (id, begins, ends) = (row[1], day_of(row[5]), Some(row[8]).filter(|text| !text.is_empty()).map(day_of));
        let account = accounts.entry(id.to_owned()).or_insert(Simulated { begins, ends: Some(i32::MIN), uses: Default::default() });
        account.begins = account.begins.min(begins);
        account.ends = account.ends.zip(ends).map(|(one, other)| one.max(other));
    }
    for line in company.read("files/events.ndjson").lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let account = accounts.get_mut(event["account_id"].as_str().unwrap()).unwrap();
        *account.uses.entry(day_of(event["time"].as_str().unwrap())).or_default() += 1;
    }
    accounts
}

impl Simulated {
    fn uses(&self, from: i32, to: i32) -> u32 {
        self.uses.range(from..=to).map(|(_, n)| n).sum()
    }

    fn is_there(&self, day: i32) -> bool {
        self.begins <= day && self.ends.is_none_or(|end| day < end)
    }

    fn is_slow(&self, day: i32) -> bool {
        self.is_there(day) && day - self.begins <= 21 && self.uses(day - 13, day) < 10
    }

    fn is_halved(&self, day: i32) -> bool {
        let (last, prior) = (self.uses(day - 27, day), self.uses(day - 55, day - 28));
        self.is_there(day) && prior >= 20 && 2 * last < prior
    }
}

/// How a rule turned out: hits, false alarms, too late to tell, outcomes that were foretold, all outcomes.
fn counted<'a>(accounts: impl Iterator<Item = &'a Simulated>, holds: impl Fn(&Simulated, i32) -> bool) -> [u32; 5] {
    let [mut hits, mut false_alarms, mut late, mut foretold, mut outcomes] = [0; 5];
    for account in accounts {
        let fires: Vec<i32> = (0..365).filter(|day| holds(account, *day) && !holds(account, *day - 1)).collect();
        // What fired before the period foretells what comes in it all the same.
        let before = (-WITHIN..0).filter(|day| holds(account, *day) && !holds(account, *day - 1));
        let follows = |day: i32| account.ends.is_some_and(|end| day < end && end <= day + WITHIN);
        for day in &fires {
            *match (day + WITHIN <= 364, follows(*day)) {
                (false, _) => &mut late,
                (true, true) => &mut hits,
                (true, false) => &mut false_alarms,
            } += 1;
        }
        if account.ends.is_some_and(|end| (0..365).contains(&end)) {
            outcomes += 1;
            foretold += u32::from(fires.iter().copied().chain(before).any(follows));
        }
    }
    [hits, false_alarms, late, foretold, outcomes]
}

#[test]
fn what_makes_a_simulated_company_churn() {
    let company = Company::new();
    company.write("model/model.yaml", SIMULATED);
    company.fine(&["simulate", "--out", "files", "--accounts", "300", "--events", "60000", "--seed", "7", "--format", "ndjson"]);
    for kind in ["accounts", "subscriptions"] {
        company.fine(&["import", kind, &format!("files/{kind}.csv")]);
    }
    company.fine(&["import", "events", "files/events.ndjson"]);
    let accounts = simulated(&company);
    let rules: [(&str, fn(&Simulated, i32) -> bool); 2] = [("slow_start", Simulated::is_slow), ("halved", Simulated::is_halved)];
    for (rule, holds) in rules {
        let [hits, false_alarms, late, foretold, outcomes] = counted(accounts.values(), holds);
        let found = asked(&company, &[rule]);
        let (quality, verdicts) = (&found["quality"], &found["quality"]["verdicts"]);
        let count = |verdict: &str| verdicts[verdict].as_u64().unwrap_or(0) as u32;
        assert_eq!([count("hit"), count("false_alarm"), count("censored")], [hits, false_alarms, late], "{rule}");
        assert_eq!(quality["outcomes"], json!(outcomes), "{rule}");
        let close = |value: &Value, of: f64| assert!((value["value"].as_f64().unwrap() - of).abs() < 1e-12, "{rule}: {value} {of}");
        close(&quality["precision"], f64::from(hits) / f64::from(hits + false_alarms));
        close(&quality["recall"], f64::from(foretold) / f64::from(outcomes - count("unforeseeable")));
    }
    let slow = asked(&company, &["slow_start"])["quality"]["lift"].clone();
    assert!(slow["low"].as_f64().unwrap() > 1.5, "{slow}");
}
