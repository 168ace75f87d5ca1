//! `tenure backtest` on a company whose every end has a known cause: the figures are those that can be counted by hand.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::company::Company;

const MODEL: &str = r#"
traits: { tier: number }
metrics:
  days_since_login: { since: login }
segments:
  enterprise: { when: "tier = 1" }
alerts:
  silent: { when: "days_since_login >= 10", severity: high }
"#;
pub const WITHIN: i32 = 60;
/// The last day with an event: what comes after it is not known.
const LAST: i32 = 360;

/// Day 0 is 2025-01-01.
fn date(day: i32) -> String {
    jiff::civil::date(2025, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap().to_string()
}

/// What an account does: it logs in every fifth day, but for a pause; it may end.
struct Life {
    pause: Option<(i32, i32)>,
    end: Option<i32>,
}

impl Life {
    fn logs_in(&self, day: i32) -> bool {
        day % 5 == 0 && self.end.is_none_or(|end| day < end) && self.pause.is_none_or(|(from, until)| day <= from || day >= until)
    }

    /// Ten days after the last login, until the next one or the end.
    fn is_silent(&self, day: i32) -> bool {
        (0..=day).rev().find(|d| self.logs_in(*d)).is_some_and(|last| day - last >= 10)
    }
}

/// Twenty fall silent and end, twenty fall silent and come back, five end without a sign, fifteen stay, two fall silent at the end.
fn lives() -> Vec<Life> {
    let mut lives: Vec<Life> =
        (0..20).map(|i| 100 + 5 * (i % 10)).map(|last| Life { pause: Some((last, 999)), end: Some(last + 30) }).collect();
    lives.extend((0..20).map(|_| Life { pause: Some((105, 120)), end: None }));
    lives.extend((0..5).map(|_| Life { pause: None, end: Some(203) }));
    lives.extend((0..15).map(|_| Life { pause: None, end: None }));
    lives.extend((0..2).map(|_| Life { pause: Some((330, 999)), end: None }));
    lives
}

fn company() -> Company {
    let company = Company::new();
    let (mut accounts, mut subscriptions) = ("id,tier,created_at\n".to_owned(), "id,account_id,started_at,ended_at\n".to_owned());
    let mut events = String::new();
    for (i, life) in lives().iter().enumerate() {
        writeln!(accounts, "a{i:02},{},2025-01-01", 1 + i % 2).unwrap();
        writeln!(subscriptions, "s{i},a{i:02},2025-01-01,{}", life.end.map(date).unwrap_or_default()).unwrap();
        for day in (0..=LAST).filter(|day| life.logs_in(*day)) {
            let event = json!({ "event": "login", "account_id": format!("a{i:02}"), "time": format!("{}T09:00:00Z", date(day)) });
            writeln!(events, "{event}").unwrap();
        }
    }
    for (name, text) in
        [("model/model.yaml", MODEL), ("accounts.csv", &accounts), ("subscriptions.csv", &subscriptions), ("events.ndjson", &events)]
    {
        company.write(name, text);
    }
    company.fine(&["import", "accounts", "accounts.csv"]);
    company.fine(&["import", "subscriptions", "subscriptions.csv"]);
    company.fine(&["import", "events", "events.ndjson"]);
    company
}

pub fn asked(company: &Company, options: &[&str]) -> Value {
    let mut year = vec!["backtest", "--model", "model", "--from", "2025-01-01", "--json"];
    if !options.contains(&"--to") {
        year.extend(["--to", "2025-12-31"]);
    }
    let report: Value = serde_json::from_str(&company.fine(&[&year, options].concat())).unwrap();
    report["findings"].clone()
}

#[test]
fn a_known_cause() {
    let company = company();
    let report = asked(&company, &["silent"]);
    let quality = report["quality"].clone();
    assert_eq!(quality["verdicts"], json!({ "hit": 20, "false_alarm": 20, "censored": 2, "miss": 5 }));
    assert_eq!((&quality["precision"]["value"], &quality["recall"]["value"]), (&json!(0.5), &json!(0.8)));
    assert_eq!(quality["outcomes"], 25);

    let mut confusion = [[0u64; 2]; 2];
    for life in lives() {
        for day in (0..=LAST - WITHIN).filter(|day| life.end.is_none_or(|end| *day < end)) {
            let follows = life.end.is_some_and(|end| end <= day + WITHIN);
            confusion[usize::from(!life.is_silent(day))][usize::from(!follows)] += 1;
        }
    }
    let [[tp, fp], [fn_, tn]] = confusion;
    assert_eq!(quality["confusion"], json!({ "true_positive": tp, "false_positive": fp, "false_negative": fn_, "true_negative": tn }));
    let base = (tp + fn_) as f64 / (tp + fp + fn_ + tn) as f64;
    assert!((quality["base_rate"]["value"].as_f64().unwrap() - base).abs() < 1e-12);
    assert!((quality["lift"]["value"].as_f64().unwrap() - 0.5 / base).abs() < 1e-9);
    // Once a date, both are told at its last instant: twenty days apart.
    assert_eq!(quality["lead_days"]["median"], 20.0);
    let exact = asked(&company, &["silent", "--exact"]);
    assert_eq!(exact["quality"]["verdicts"], quality["verdicts"]);
    // Every second account is an enterprise; since when, the file does not say.
    let unknown = asked(&company, &["silent", "--segment", "enterprise"]);
    assert_eq!(unknown["undated"], json!({ "accounts": lives().len(), "traits": { "tier": lives().len() }, "assumed": false }));
    assert_eq!((&unknown["load"]["fires"], &report["undated"]["accounts"]), (&json!(0), &json!(0)));
    let report = asked(&company, &["silent", "--assume-constant"]);
    let segment = &report["segments"][0];
    assert_eq!((&segment["segment"], &segment["verdicts"]["hit"]), (&json!("enterprise"), &json!(10)));
    let enterprises = asked(&company, &["silent", "--segment", "enterprise", "--assume-constant"]);
    assert_eq!(enterprises["quality"]["confusion"], segment["confusion"]);
    assert_eq!(enterprises["quality"]["lift"], segment["lift"]);
}

#[test]
fn thresholds() {
    let company = company();
    let report = asked(&company, &["silent", "--sweep", "days_since_login >= {10, 15, 20, 40}"]);
    let figures = |t: &Value| (t["number"].clone(), t["fires"].clone(), t["precision"]["value"].clone(), t["recall"]["value"].clone());
    let found: Vec<_> = report["sweep"].as_array().unwrap().iter().map(figures).collect();
    // Those that come back do so after fifteen days; nobody is silent for forty.
    let row = |number: &str, fires: u64, precision: Value, recall: f64| (json!(number), json!(fires), precision, json!(recall));
    assert_eq!(
        found,
        [row("10", 42, json!(0.5), 0.8), row("15", 22, json!(1.0), 0.8), row("20", 22, json!(1.0), 0.8), row("40", 0, Value::Null, 0.0)]
    );
    assert_eq!(report["quality"]["precision"], report["sweep"][0]["precision"]);
    let tried = asked(&company, &["--when", "days_since_login >= 15"]);
    assert_eq!(tried["quality"]["precision"]["value"], 1.0);
}

#[test]
fn outcomes_and_errors() {
    let company = company();
    let back = asked(&company, &["silent", "--outcome", "days_since_login < 1", "--within", "10"]);
    // All that come back do so within five days of the alarm; nobody else is silent before a login.
    assert_eq!(back["quality"]["verdicts"]["hit"], 20);
    let login = asked(&company, &["silent", "--outcome", "event:login", "--within", "10"]);
    assert_eq!(login["quality"]["verdicts"]["hit"], 20);
    let wrong = |options: &[&str]| company.run(&[&["backtest", "--model", "model"], options].concat());
    for (options, says) in [
        (&["silnt"][..], "did you mean `silent`?"),
        (&["silent", "--segment", "enterprize"], "did you mean `enterprise`?"),
        (&["silent", "--sweep", "days_since_login >= 3"], "names no range of numbers"),
        (&["silent", "--sweep", "logins < {1..3}"], "has no part `logins < number`"),
        (&["--when", "days_since_logn > 3"], "did you mean days_since_login?"),
        (&["silent", "--outcome", "tier = 'a'"], "tier"),
        (&["silent", "--from", "2025-06-01", "--to", "2025-05-01"], "the period is empty"),
    ] {
        let said = wrong(options);
        assert!(said.contains(says) && said.contains("exit code 2"), "{options:?}: {said}");
    }
    let list = company.fine(&["backtest", "silent", "--model", "model", "--cases", "--csv"]);
    assert!(
        list.contains("\na00,,alert,hit,2025-04-21T23:59:59.999999Z,2025-05-11T23:59:59.999999Z,2025-05-11T23:59:59.999999Z,\n"),
        "{list}"
    );
}

/// The same rule by way of a segment, a stage that looks at it, and a score that falls with silence.
const WHOLE: &str = r#"
traits: { tier: number }
metrics:
  days_since_login: { since: login }
segments:
  quiet: { when: "days_since_login >= 10" }
lifecycle:
  stages:
    active: { first: true }
    away: { when: "quiet", back_to: active }
  milestones:
    kept_coming: { stage: active, reached: "age_days >= 60 AND NOT quiet", due: 90d after started_at }
scorecards:
  everyone:
    bands: { green: 75, yellow: 50 }
    groups:
      use:
        weight: 1
        measures:
          recency: { metric: days_since_login, points: { 0: 100, 30: 0 }, weight: 3 }
          nothing: { metric: tier, points: { 1: 100, 2: 0 } }
alerts:
  silent: { when: "quiet", severity: high }
"#;

#[test]
fn all_kinds_of_definitions() {
    let company = company();
    company.write("model/model.yaml", WHOLE);
    let direct = asked(&company, &["silent"]);
    let model = asked(&company, &[]);
    let line = |kind: &str, name: &str| {
        let signs = model["signs"].as_array().unwrap().clone();
        signs.into_iter().find(|sign| sign["kind"] == kind && sign["name"] == name).unwrap()
    };
    for (kind, name) in [("alert", "silent"), ("segment", "quiet"), ("stage", "away")] {
        let (one, line) = (asked(&company, &[&format!("{kind}:{name}")]), line(kind, name));
        assert_eq!((&one["kind"], &one["name"]), (&json!(kind), &json!(name)));
        // Once a date, all of them begin and end together.
        for figure in ["verdicts", "confusion", "precision", "recall", "lift", "lead_days"] {
            assert_eq!(one["quality"][figure], direct["quality"][figure], "{kind} {figure}");
            assert_eq!(line[figure], direct["quality"][figure], "{kind} {figure}");
        }
        assert_eq!((&line["fires"], &line["accounts"]), (&direct["load"]["fires"], &direct["load"]["accounts"]));
    }
    // All 62 begin with it; nobody is silent before day 105, so on day 60 all are there.
    let milestone = asked(&company, &["milestone:kept_coming"]);
    let course = &milestone["course"];
    assert_eq!((&course["began"], &course["reached"], &course["missed"]), (&json!(62), &json!(62), &json!(0)));
    assert!((course["days"]["median"].as_f64().unwrap() - 61.0).abs() < 1e-6, "{course}");
    let wrong = company.run(&["backtest", "--model", "model", "stage:quiet"]);
    assert!(wrong.contains("the model has no definition `quiet`"), "{wrong}");
    let wrong = company.run(&["backtest", "--model", "model", "kind:quiet"]);
    assert!(wrong.contains("`kind` is no kind of definition"), "{wrong}");
}

#[test]
fn a_scorecard() {
    let company = company();
    company.write("model/model.yaml", WHOLE);
    let found = asked(&company, &["scorecard:everyone", "--assume-constant", "--leads", "0,20"]);
    // Once a week, from day 0 on, while the account is there.
    let mut readings = Vec::new();
    for (i, life) in lives().iter().enumerate() {
        for day in (0..=LAST).step_by(7).filter(|day| life.end.is_none_or(|end| *day < end)) {
            let since = (0..=day).rev().find(|d| life.logs_in(*d)).map_or(0, |last| day - last);
            let recency = (100.0 - 100.0 * f64::from(since) / 30.0).max(0.0);
            let score = (3.0 * recency + if i % 2 == 0 { 100.0 } else { 0.0 }) / 4.0;
            readings.push((day, score, life.end));
        }
    }
    assert_eq!(found["readings"], json!(readings.len()));
    for (n, lead) in [0, 20].into_iter().enumerate() {
        let there = |(day, _, end): &&(i32, f64, Option<i32>)| day + lead + WITHIN <= LAST && end.is_none_or(|end| day + lead < end);
        let follows = |(day, _, end): &(i32, f64, Option<i32>)| end.is_some_and(|end| end <= day + lead + WITHIN);
        let (ill, well): (Vec<_>, Vec<_>) = readings.iter().filter(there).partition(|r| follows(r));
        let mut sum = 0.0;
        for (_, low, _) in &ill {
            for (_, high, _) in &well {
                // Scores are rounded to nine decimals.
                sum += if (low - high).abs() < 1e-9 { 0.5 } else { f64::from(u8::from(low < high)) };
            }
        }
        let at = &found["leads"][n];
        assert_eq!((&at["readings"], &at["followed"]), (&json!(ill.len() + well.len()), &json!(ill.len())), "lead {lead}");
        let area = sum / (ill.len() * well.len()) as f64;
        assert!((at["auc"]["value"].as_f64().unwrap() - area).abs() < 1e-9, "lead {lead}: {at} {area}");
        for (band, from, to) in [("green", 75.0, 101.0), ("yellow", 50.0, 75.0), ("red", -1.0, 50.0)].iter().filter(|_| lead == 0) {
            let within = |r: &&(i32, f64, Option<i32>)| *from <= r.1 + 1e-9 && r.1 + 1e-9 < *to;
            let of = |all: &[(i32, f64, Option<i32>)]| all.iter().filter(within).count();
            let (sick, all) = (of(&ill), of(&ill) + of(&well));
            let rate = found["bands"].as_array().unwrap().iter().find(|b| b["band"] == *band).unwrap();
            assert_eq!(rate["readings"], json!(all), "{band}");
            assert!((rate["rate"]["value"].as_f64().unwrap() - sick as f64 / all as f64).abs() < 1e-12, "{band}");
        }
    }
    // The tier is drawn without regard to anything: without it, health would tell more.
    let measures = found["measures"].as_array().unwrap();
    let adds = |n: usize| measures[n]["adds"]["value"].as_f64().unwrap();
    assert_eq!((&measures[0]["measure"], &measures[1]["measure"]), (&json!("recency"), &json!("nothing")));
    assert!(adds(0) > 0.05 && adds(1) < 0.0, "{measures:?}");
    let weights = found["suggestion"]["weights"].as_array().unwrap();
    assert!(weights[0]["suggested"].as_f64().unwrap() > 90.0, "{weights:?}");
}

#[test]
fn a_threshold_that_feeds_something_else() {
    let company = company();
    company.write("model/model.yaml", WHOLE);
    let direct = asked(&company, &["segment:quiet", "--sweep", "days_since_login >= {10, 15, 40}"]);
    assert_eq!(direct["sweep_replayed"], false);
    for about in ["silent", "stage:away"] {
        let found = asked(&company, &[about, "--sweep", "days_since_login >= {10, 15, 40}", "--sweep-in", "segment:quiet"]);
        assert_eq!((&found["sweep_replayed"], &found["sweep"]), (&json!(true), &direct["sweep"]), "{about}");
    }
    let said =
        company.fine(&["backtest", "silent", "--model", "model", "--sweep", "days_since_login >= {10, 15}", "--sweep-in", "segment:quiet"]);
    assert!(said.contains("all history was replayed for each"), "{said}");
    let wrong = company.run(&["backtest", "silent", "--model", "model", "--sweep", "days_since_login >= {10, 15}"]);
    assert!(wrong.contains("the condition `quiet` has no part `days_since_login >= number`"), "{wrong}");
}

#[test]
fn two_models_side_by_side() {
    let company = company();
    company.write("model/model.yaml", WHOLE);
    company.write("other/model.yaml", &WHOLE.replace("days_since_login >= 10", "days_since_login >= 15"));
    let found = asked(&company, &["--against", "other"]);
    let comparison = &found["comparison"];
    let fired = |alert: &Value| (alert["fired_before"].clone(), alert["fired_after"].clone());
    assert_eq!(fired(&comparison["alerts"][0]), (json!(42), json!(22)));
    let signs = found["figures"]["signs"].as_array().unwrap();
    let silent = signs.iter().find(|sign| sign["name"] == "silent").unwrap();
    assert_eq!((&silent["before"]["precision"]["value"], &silent["after"]["precision"]["value"]), (&json!(0.5), &json!(1.0)));
    // On day 340 two have been silent for ten days: by the other model they are not.
    let then = asked(&company, &["--against", "other", "--to", "2025-12-07"]);
    let changed: Vec<&Value> = then["comparison"]["changed"].as_array().unwrap().iter().collect();
    let names =
        |n: usize| (changed[n]["account"].clone(), changed[n]["leaves"].clone(), changed[n]["stops"].clone(), changed[n]["stage"].clone());
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert_eq!(names(0), (json!("a60"), json!(["quiet"]), json!(["silent"]), json!(["away", "active"])));
}
