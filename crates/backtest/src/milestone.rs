//! A milestone in the past: how many accounts reached it, in time, late or never, and how soon.

use serde::Serialize;
use tenure_engine::MilestoneStatus;
use tenure_model::time::DAY;

use crate::statistics::{Spread, spread};
use crate::tally::Within;
use crate::terms::Terms;
use crate::timeline::{Status, Timeline};

/// What became of a milestone, each time that it began for an account in the period, as of the end of what is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Course {
    /// Times that it began.
    pub began: usize,
    /// Reached in time.
    pub reached: usize,
    /// Reached after it was due.
    pub reached_late: usize,
    /// Due, and not reached.
    pub missed: usize,
    /// An account was let off it.
    pub waived: usize,
    /// Neither due nor reached.
    pub pending: usize,
    /// The account ended before any of this.
    pub ended: usize,
    /// Days from its beginning until it was reached, in time or late.
    pub days: Option<Spread>,
}

/// The courses of a milestone for some accounts.
pub fn course<'t>(terms: &Terms, milestone: usize, timelines: impl Iterator<Item = &'t Timeline>, within: &Within) -> Course {
    let mut course = Course::default();
    let mut days = Vec::new();
    for timeline in timelines {
        let statuses = timeline.milestones.get(&milestone).map_or(&[][..], Vec::as_slice);
        // It begins anew when the account comes back, perhaps at its end at once.
        let life = |status: &Status| timeline.lives.partition_point(|life| life.from <= status.at);
        for run in statuses.chunk_by(|before, next| next.is != MilestoneStatus::Pending && life(before) == life(next)) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            if !terms.covers(first.at) || !within.holds(timeline, first.at) {
                continue;
            }
            course.began += 1;
            *course.slot(last, timeline) += 1;
            let reached = run.iter().find(|s| matches!(s.is, MilestoneStatus::Reached | MilestoneStatus::ReachedLate));
            days.extend(reached.map(|reached| (reached.at.0 - first.at.0) as f64 / DAY as f64));
        }
    }
    course.days = spread(days);
    course
}

impl Course {
    fn slot(&mut self, last: &Status, timeline: &Timeline) -> &mut usize {
        match last.is {
            MilestoneStatus::Reached => &mut self.reached,
            MilestoneStatus::ReachedLate => &mut self.reached_late,
            MilestoneStatus::Missed => &mut self.missed,
            MilestoneStatus::Waived => &mut self.waived,
            MilestoneStatus::Pending => {
                let lasts = timeline.lives.iter().any(|life| life.is_open() && life.covers(last.at));
                if lasts { &mut self.pending } else { &mut self.ended }
            }
        }
    }
}
