//! A sign held against an outcome: hits, false alarms and misses, account by account.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tenure_model::time::{DAY, Day, Instant};

use crate::marks::Marks;
use crate::sign::{Scope, Sign};
use crate::statistics::Part;
use crate::terms::Terms;
use crate::timeline::{Episode, Timeline};

/// How a firing, or an outcome, turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It fired, and the outcome came within the horizon.
    Hit,
    /// It fired, and the outcome did not come within the horizon.
    FalseAlarm,
    /// It fired, and the horizon reaches beyond what is known: neither.
    Censored,
    /// The outcome came, and it had not fired within the horizon before.
    Miss,
    /// As `Miss`, but it had fired earlier than that and still was firing.
    Early,
    /// The outcome came before the rule could see the account: it had not been in its scope for as long as the rule waits.
    Unforeseeable,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 6] =
        [Verdict::Hit, Verdict::FalseAlarm, Verdict::Censored, Verdict::Miss, Verdict::Early, Verdict::Unforeseeable];
}

/// One firing, or one outcome that no firing foretold.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Whose.
    pub account: Arc<str>,
    /// The person, for rules of persons.
    pub person: Option<Arc<str>>,
    /// How it turned out.
    pub verdict: Verdict,
    /// When it fired; None where it did not.
    pub fired: Option<Instant>,
    /// When it resolved; None where it did not, or has not.
    pub resolved: Option<Instant>,
    /// When the outcome came; None where it did not.
    pub outcome: Option<Instant>,
    /// Whose the account was when it fired.
    pub owner: Option<Arc<str>>,
}

/// Account-days by what the rule said and what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// Firing, and the outcome came within the horizon.
    pub true_positive: u64,
    /// Firing, and it did not.
    pub false_positive: u64,
    /// Not firing, and it did.
    pub false_negative: u64,
    /// Not firing, and it did not.
    pub true_negative: u64,
}

impl Confusion {
    /// Adds another.
    pub fn add(&mut self, other: &Confusion) {
        self.true_positive += other.true_positive;
        self.false_positive += other.false_positive;
        self.false_negative += other.false_negative;
        self.true_negative += other.true_negative;
    }

    /// Days that the outcome followed, of all.
    pub fn base(&self) -> Part {
        let followed = self.true_positive + self.false_negative;
        Part { hits: followed as f64, of: (followed + self.false_positive + self.true_negative) as f64 }
    }
}

/// What one account adds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Firings and outcomes, in order of time.
    pub cases: Vec<Case>,
    /// How many of each verdict, in their order.
    pub verdicts: [u32; Verdict::ALL.len()],
    /// Days on which the account was in the rule's scope and whose horizon is known.
    pub days: Confusion,
    /// Days from the first firing within the horizon to the outcome, of each that was foretold.
    pub leads: Vec<f64>,
}

impl Tally {
    /// All firings.
    pub fn fired(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.fired.is_some())
    }

    /// How many firings.
    pub fn fires(&self) -> usize {
        self.count(&[Verdict::Hit, Verdict::FalseAlarm, Verdict::Censored])
    }

    fn count(&self, wanted: &[Verdict]) -> usize {
        wanted.iter().map(|verdict| self.verdicts[*verdict as usize] as usize).sum()
    }

    /// Firings that the outcome followed, of those whose horizon is known.
    pub fn precision(&self) -> Part {
        self.part(&[Verdict::Hit], &[Verdict::Hit, Verdict::FalseAlarm])
    }

    /// Outcomes that were foretold, of those that could be.
    pub fn recall(&self) -> Part {
        let missed = self.part(&[], &[Verdict::Miss, Verdict::Early]).of;
        Part { hits: self.leads.len() as f64, of: self.leads.len() as f64 + missed }
    }

    fn part(&self, hits: &[Verdict], of: &[Verdict]) -> Part {
        Part { hits: self.count(hits) as f64, of: self.count(of) as f64 }
    }
}

/// Which moments of accounts belong to a question: those in any of some segments, and in one more.
#[derive(Clone, Debug, Default)]
pub struct Within {
    /// Members of any of these; empty is everyone.
    pub any_of: Vec<usize>,
    /// Only members of this.
    pub also: Option<usize>,
}

impl Within {
    /// Does an instant of an account belong to it?
    pub fn holds(&self, timeline: &Timeline, at: Instant) -> bool {
        (self.any_of.is_empty() || self.any_of.iter().any(|s| timeline.is_member(*s, at)))
            && self.also.is_none_or(|s| timeline.is_member(s, at))
    }

    /// Narrows dates to those at whose end the account belongs to it.
    fn narrow(&self, dates: &mut Marks, terms: &Terms, timeline: &Timeline) {
        narrow(dates, terms, timeline, &self.any_of, Sign::Segment);
        narrow(dates, terms, timeline, self.also.as_slice(), Sign::Segment);
    }
}

/// Keeps the dates at whose end any of some signs was there; all of them where there are none.
fn narrow(dates: &mut Marks, terms: &Terms, timeline: &Timeline, any_of: &[usize], sign: impl Fn(usize) -> Sign) {
    if !any_of.is_empty() {
        dates.keep(&there(terms, any_of.iter().flat_map(|n| timeline.episodes(sign(*n)))));
    }
}

/// The dates at whose end any of some episodes lasted.
fn there<'e>(terms: &Terms, episodes: impl IntoIterator<Item = &'e Episode>) -> Marks {
    Marks::of(terms.dates(), episodes.into_iter().map(|episode| terms.during(&episode.stay)))
}

/// Holds a sign against what came, for one account.
pub fn tally(terms: &Terms, sign: Sign, scope: &Scope, timeline: &Timeline, within: &Within) -> Tally {
    let episodes = timeline.episodes(sign);
    let in_scope = |at: Instant| {
        timeline.is_live(at)
            && (scope.segments.is_empty() || scope.segments.iter().any(|s| timeline.is_member(*s, at)))
            && (scope.stages.is_empty() || timeline.stage(at).is_some_and(|stage| scope.stages.contains(&stage)))
    };
    let mut tally = Tally { days: confusion(terms, scope, timeline, within, episodes), ..Tally::default() };
    for episode in episodes.iter().filter(|e| terms.covers(e.stay.from) && within.holds(timeline, e.stay.from)) {
        tally.cases.push(fired(terms, timeline, episode));
    }
    // As of just before it: with it, the account may leave everything.
    let outcomes = timeline.outcomes.iter().copied().filter(|at| terms.covers(*at) && within.holds(timeline, at.plus(-1)));
    for outcome in outcomes {
        if let Some(first) = episodes.iter().find(|e| e.stay.from < outcome && terms.horizon(e.stay.from) >= outcome) {
            tally.leads.push((outcome.0 - first.stay.from.0) as f64 / DAY as f64);
            continue;
        }
        tally.cases.push(Case {
            account: timeline.account.clone(),
            person: None,
            verdict: missed(terms, scope.wait, episodes, outcome, in_scope),
            fired: None,
            resolved: None,
            outcome: Some(outcome),
            owner: None,
        });
    }
    tally.cases.sort_by_key(|case| case.fired.or(case.outcome));
    for case in &tally.cases {
        tally.verdicts[case.verdict as usize] += 1;
    }
    tally
}

fn confusion(terms: &Terms, scope: &Scope, timeline: &Timeline, within: &Within, episodes: &[Episode]) -> Confusion {
    let mut seen = Marks::of(terms.dates(), timeline.lives.iter().map(|stay| terms.during(stay)));
    narrow(&mut seen, terms, timeline, &scope.segments, Sign::Segment);
    narrow(&mut seen, terms, timeline, &scope.stages, Sign::Stage);
    within.narrow(&mut seen, terms, timeline);
    let mut firing = there(terms, episodes);
    firing.keep(&seen);
    let followed = Marks::of(terms.dates(), timeline.outcomes.iter().map(|at| terms.followed_by(*at)));
    let (all, fires, follows, both) = (seen.count(), firing.count(), followed.count_with(&seen), followed.count_with(&firing));
    Confusion {
        true_positive: both,
        false_positive: fires - both,
        false_negative: follows - both,
        true_negative: all + both - fires - follows,
    }
}

fn fired(terms: &Terms, timeline: &Timeline, episode: &Episode) -> Case {
    let from = episode.stay.from;
    let outcome = timeline.outcome_within(from, terms.horizon(from));
    let verdict = match (terms.is_known(from), outcome) {
        (false, _) => Verdict::Censored,
        (true, Some(_)) => Verdict::Hit,
        (true, None) => Verdict::FalseAlarm,
    };
    Case {
        account: timeline.account.clone(),
        person: episode.person.clone(),
        verdict,
        fired: Some(from),
        resolved: (!episode.stay.is_open()).then_some(episode.stay.until),
        outcome,
        owner: episode.owner.clone(),
    }
}

/// Of an outcome that no firing within the horizon foretold.
fn missed(terms: &Terms, wait: i32, episodes: &[Episode], outcome: Instant, in_scope: impl Fn(Instant) -> bool) -> Verdict {
    if episodes.iter().any(|e| e.stay.from < outcome && e.stay.until >= outcome) {
        return Verdict::Early;
    }
    let day = terms.calendar.day(outcome).0;
    // In scope at the ends of so many dates in a row up to one within the horizon, the sign could have come on that one.
    let mut run = 0;
    let could = (day - terms.horizon - 1 - wait..day).map(|day| terms.calendar.last_instant(Day(day))).any(|end| {
        run = if end < outcome && in_scope(end) { run + 1 } else { 0 };
        run > wait && terms.horizon(end) >= outcome
    });
    if could { Verdict::Miss } else { Verdict::Unforeseeable }
}

#[cfg(test)]
mod tests {
    use tenure_model::Calendar;

    use super::*;
    use crate::timeline::Stay;

    fn day(n: f64) -> Instant {
        Instant((n * DAY as f64) as i64)
    }

    fn stay(from: f64, until: f64) -> Stay {
        Stay { from: day(from), until: if until.is_finite() { day(until) } else { Instant::NEVER } }
    }

    /// Days 0 to 99 are asked about and known; the outcome must follow within 30.
    fn judged(wait: i32, life: (f64, f64), fires: &[(f64, f64)], outcomes: &[f64]) -> Tally {
        let terms = Terms::new(Calendar::utc(), Day(0), Day(99), 30, Calendar::utc().last_instant(Day(99)));
        let mut timeline = Timeline::new("acme".into());
        timeline.lives.push(stay(life.0, life.1));
        timeline.outcomes = outcomes.iter().map(|at| day(*at)).collect();
        let episode = |(from, until): &(f64, f64)| Episode { stay: stay(*from, *until), person: None, owner: None };
        timeline.episodes.insert(Sign::Rule(0), fires.iter().map(episode).collect());
        tally(&terms, Sign::Rule(0), &Scope { wait, ..Scope::default() }, &timeline, &Within::default())
    }

    const EVER: f64 = f64::INFINITY;

    /// What, how long the rule waits, from when to when the account is there, its firings, its outcomes; the verdicts.
    type Row = (&'static str, i32, (f64, f64), &'static [(f64, f64)], &'static [f64], &'static [Verdict]);

    #[test]
    fn how_firings_and_outcomes_turn_out() {
        use Verdict::*;
        #[rustfmt::skip]
        let table: &[Row] = &[
            ("nothing happens",                     0, (0.0, EVER),  &[],                         &[],     &[]),
            ("it comes within the horizon",         0, (0.0, 30.5),  &[(10.0, 30.5)],             &[30.5], &[Hit]),
            ("at the horizon's last instant",       0, (0.0, 40.0),  &[(10.0, 40.0)],             &[40.0], &[Hit]),
            ("it comes later, after it resolved",   0, (0.0, 60.5),  &[(10.0, 20.0)],             &[60.5], &[FalseAlarm, Miss]),
            ("it comes later, and it still fires",  0, (0.0, 60.5),  &[(10.0, 60.5)],             &[60.5], &[FalseAlarm, Early]),
            ("it does not come",                    0, (0.0, EVER),  &[(10.0, 20.0)],             &[],     &[FalseAlarm]),
            ("twice before one outcome",            0, (0.0, 30.5),  &[(10.0, 12.0), (20.0, EVER)], &[30.5], &[Hit, Hit]),
            ("the horizon is not over yet",         0, (0.0, EVER),  &[(80.0, 82.0)],             &[],     &[Censored]),
            ("not over, though it came",            0, (0.0, 90.5),  &[(80.0, 90.5)],             &[90.5], &[Censored]),
            ("it fires with the outcome",           0, (0.0, 50.5),  &[(50.5, EVER)],             &[50.5], &[FalseAlarm, Miss]),
            ("gone before a date was over",         0, (50.2, 50.5), &[],                         &[50.5], &[Unforeseeable]),
            ("gone before it waited long enough",   3, (48.2, 50.5), &[],                         &[50.5], &[Unforeseeable]),
            ("there as long as it waits",           3, (46.2, 50.5), &[],                         &[50.5], &[Miss]),
            ("it waits longer than the horizon",   40, (0.0, 50.5),  &[],                         &[50.5], &[Miss]),
            ("it waits longer than it was there",  40, (20.0, 50.5), &[],                         &[50.5], &[Unforeseeable]),
            ("before the period",                   0, (-9.0, 5.5),  &[(-3.0, 5.5)],              &[5.5],  &[]),
        ];
        for (what, wait, life, fires, outcomes, verdicts) in table {
            let tally = judged(*wait, *life, fires, outcomes);
            let found: Vec<Verdict> = tally.cases.iter().map(|case| case.verdict).collect();
            assert_eq!(&found, verdicts, "{what}");
        }
    }

    #[test]
    fn days_are_counted_while_their_horizon_is_known() {
        // The horizon of day 69 is over with day 99. The account ends on day 60: dates 0 to 59; the last 30 are followed; it fires at the ends of 40 to 59.
        let tally = judged(0, (0.0, 60.5), &[(40.5, 60.5)], &[60.5]);
        assert_eq!(tally.days, Confusion { true_positive: 20, false_positive: 0, false_negative: 10, true_negative: 30 });
        assert_eq!(
            (tally.leads.as_slice(), tally.precision(), tally.recall()),
            ([20.0].as_slice(), Part { hits: 1.0, of: 1.0 }, Part { hits: 1.0, of: 1.0 })
        );
        let stays = judged(0, (0.0, EVER), &[], &[]);
        assert_eq!(stays.days, Confusion { true_negative: 70, ..Confusion::default() });
    }

    #[test]
    fn what_was_foretold_before_the_period_counts_for_recall() {
        let tally = judged(0, (-50.0, 5.5), &[(-3.0, 5.5)], &[5.5]);
        assert_eq!((tally.cases.len(), tally.recall()), (0, Part { hits: 1.0, of: 1.0 }));
    }
}
