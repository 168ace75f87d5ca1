//! The lifecycle: how many accounts are in each stage and how they keep to their time; how milestones stand.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenure_engine::{Life, MilestoneStatus};
use tenure_model::definition::Builtin;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;

/// A stage of the board.
#[derive(Serialize, ToSchema)]
pub struct Stage {
    /// Its name.
    #[schema(example = "adoption")]
    name: String,
    /// How many live accounts are in it.
    accounts: u64,
    /// What they pay a year.
    arr: f64,
    /// How many of them are there longer than expected.
    late: u64,
    /// The median of the days they have been in it; null without accounts.
    median_days: Option<f64>,
    /// How many of them are in each band of health.
    bands: BTreeMap<String, u64>,
}

/// The board.
#[derive(Serialize, ToSchema)]
pub struct Board {
    /// In the model's order. Their accounts: GET /api/v1/accounts?where=stage = 'NAME'.
    stages: Vec<Stage>,
    /// How many accounts have ended.
    ended: u64,
}

#[derive(Default)]
struct Tally {
    accounts: u64,
    arr: f64,
    late: u64,
    days: Vec<f64>,
    bands: BTreeMap<String, u64>,
}

/// The lifecycle board: live accounts by stage.
#[utoipa::path(get, path = "/api/v1/lifecycle", tag = "lifecycle", responses((status = 200, description = "The board", body = Board)))]
pub async fn lifecycle(State(app): State<App>) -> Result<Json<Board>, ApiError> {
    let model = app.model();
    let [arr, late, days, band] = [Builtin::Arr, Builtin::StageLate, Builtin::DaysInStage, Builtin::HealthBand].map(Builtin::column);
    let mut tallies: Vec<Tally> = model.stages.iter().map(|_| Tally::default()).collect();
    let mut ended = 0;
    app.each_account(&model, |_, account| {
        ended += u64::from(matches!(account.life(), Life::Ended(_)));
        let stage = account.stage().filter(|_| account.life() == Life::Live);
        let Some(tally) = stage.and_then(|stage| tallies.get_mut(stage)) else { return };
        tally.accounts += 1;
        tally.arr += account.value(arr).as_number().unwrap_or_default();
        tally.late += u64::from(account.value(late).as_bool() == Some(true));
        tally.days.extend(account.value(days).as_number());
        if let Some(band) = account.value(band).as_text() {
            *tally.bands.entry(band.to_owned()).or_default() += 1;
        }
    });
    let stages = model.stages.iter().zip(tallies).map(|(stage, mut tally)| Stage {
        name: stage.name.clone(),
        accounts: tally.accounts,
        arr: tally.arr,
        late: tally.late,
        median_days: median(&mut tally.days),
        bands: tally.bands,
    });
    Ok(Json(Board { stages: stages.collect(), ended }))
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 0 => Some((values[middle - 1] + values[middle]) / 2.0),
        _ => Some(values[middle]),
    }
}

/// How a milestone stands among live accounts.
#[derive(Serialize, ToSchema)]
pub struct MilestoneTally {
    /// Its name.
    #[schema(example = "first_value")]
    name: String,
    /// Begun, neither reached nor due.
    pending: u64,
    /// Reached in time.
    reached: u64,
    /// Not reached in time.
    missed: u64,
    /// Reached after it was missed.
    reached_late: u64,
    /// Let off.
    waived: u64,
}

/// How all milestones stand.
#[derive(Serialize, ToSchema)]
pub struct Milestones {
    /// In the model's order. Their accounts: GET /api/v1/accounts?where=milestone('NAME') = 'missed'.
    milestones: Vec<MilestoneTally>,
}

/// How many live accounts have reached, missed, … each milestone.
#[utoipa::path(get, path = "/api/v1/milestones", tag = "lifecycle", responses((status = 200, description = "By milestone", body = Milestones)))]
pub async fn milestones(State(app): State<App>) -> Result<Json<Milestones>, ApiError> {
    let model = app.model();
    let new = |name: &String| MilestoneTally { name: name.clone(), pending: 0, reached: 0, missed: 0, reached_late: 0, waived: 0 };
    let mut milestones: Vec<MilestoneTally> = model.milestones.iter().map(|m| new(&m.name)).collect();
    app.each_account(&model, |_, account| {
        if account.life() != Life::Live {
            return;
        }
        for (tally, state) in milestones.iter_mut().zip(account.milestones()) {
            match state.status {
                Some(MilestoneStatus::Pending) => tally.pending += 1,
                Some(MilestoneStatus::Reached) => tally.reached += 1,
                Some(MilestoneStatus::Missed) => tally.missed += 1,
                Some(MilestoneStatus::ReachedLate) => tally.reached_late += 1,
                Some(MilestoneStatus::Waived) => tally.waived += 1,
                None => {}
            }
        }
    });
    Ok(Json(Milestones { milestones }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
