//! Sampling computes quiet dates in columns: the same as date by date.

use std::sync::Arc;

use proptest::prelude::*;
use tenure_engine::{Account, Engine, Mode, Outcome, Sink};
use tenure_model::time::Day;
use tenure_model::{Model, Value};

use super::model::{METRICS, model, still};
use super::{SPAN_MINUTES, Story, config, lines, same_state, stories};

/// Everything a sampled replay brings forth: outcomes, and the row of each date.
#[derive(Default)]
struct Dates {
    /// Only every so many dates, and of scores only their bands; None: everything.
    every: Option<i32>,
    outcomes: Vec<Outcome>,
    rows: Vec<(Day, Vec<Value>)>,
}

impl Sink for Dates {
    fn outcome(&mut self, _: &Account, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    fn day(&mut self, account: &Account, day: Day) {
        if self.every.is_none_or(|every| day.0 % every == 0) {
            self.rows.push((day, account.row().to_vec()));
        }
    }

    fn wanted_from(&self, day: Day) -> Day {
        (day.0..).map(Day).find(|day| self.every.is_none_or(|every| day.0 % every == 0)).unwrap_or(day)
    }

    fn wants_scores(&self) -> bool {
        self.every.is_none()
    }
}

/// Replays a story in columns and date by date, cut at an instant: everything is the same.
fn columns_change_nothing(story: &Story, model: impl Fn() -> Arc<Model>, from: Option<i32>, at: i64) {
    for every in [None, Some(7)] {
        same_when_told(every, story, &model, from, at);
    }
}

fn same_when_told(every: Option<i32>, story: &Story, model: &impl Fn() -> Arc<Model>, from: Option<i32>, at: i64) {
    let [columns, dates] = [false, true].map(|date_by_date| {
        let engine = Engine::new(model());
        assert!(engine.computes_columns());
        let built = story.build_with(if date_by_date { engine.date_by_date() } else { engine }, false);
        let from = from.map_or(Day(i32::MIN), |d| Day(built.engine.model().calendar.day(story.at(0)).0 + d));
        let mut account = built.engine.account("acme");
        let mut sink = Dates { every, ..Dates::default() };
        for (inputs, to) in built.cut(story.at(at)).iter().zip([story.at(at), built.end]) {
            built.engine.advance(&mut account, inputs, to, Mode::Daily { from }, &mut sink).unwrap();
        }
        (account, sink)
    });
    assert_eq!(lines(&columns.1.outcomes), lines(&dates.1.outcomes));
    assert_eq!(columns.1.rows, dates.1.rows);
    same_state(&columns.0, &dates.0);
}

fn picks(story: &Story, unwanted: &[&str]) -> Vec<usize> {
    story.picks.iter().copied().filter(|i| !unwanted.iter().any(|word| METRICS[*i].contains(word))).collect()
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn of_all_models(story in stories(), from in prop::option::of(0..25i32), at in 0..SPAN_MINUTES) {
        // A window that begins with a stage is settled date by date: no columns then.
        let picks = picks(&story, &["stage_entered_at"]);
        columns_change_nothing(&story, || model(story.zone, &picks, &story.limits, false), from, at);
    }

    #[test]
    fn where_scores_change_alone(story in stories(), from in prop::option::of(0..25i32), at in 0..SPAN_MINUTES) {
        // Nor metrics that are read off date by date.
        let picks = picks(&story, &["stage_entered_at", "distinct", "_time"]);
        columns_change_nothing(&story, || still(story.zone, &picks, &story.limits), from, at);
    }
}
