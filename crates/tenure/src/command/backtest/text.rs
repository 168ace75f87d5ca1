//! What a backtest found, as people read it.

use serde_json::Value;
use tenure_backtest::findings::{MilestoneFindings, ModelFindings, OfSegment, SignFindings, Summary};
use tenure_backtest::milestone::Course;
use tenure_backtest::report::{OfOwner, Quality};
use tenure_backtest::scorecard::{ScoreFindings, Slice};
use tenure_backtest::statistics::{Estimate, Spread};
use tenure_backtest::tally::Verdict;
use tenure_backtest::weights::Suggestion;
use tenure_backtest::{Answer, Findings, Terms};

use super::super::comparison::grid;
use super::{Backtest, date};
use crate::render::{self, Grid, NOTHING, tabled as table};

/// All of it.
pub fn text(asked: &Backtest, terms: &Terms, findings: &Findings) -> String {
    let mut out = head(&asked.asked(), asked, terms);
    out += &match &findings.answer {
        Answer::Sign(found) => sign(terms, found),
        Answer::Milestone(found) => milestone(terms, found),
        Answer::Scorecard(found) => scorecard(found),
        Answer::Model(found) => model(found),
    };
    out + &undated(findings)
}

/// What was asked.
pub fn head(what: &str, asked: &Backtest, terms: &Terms) -> String {
    format!(
        "{what} against {} within {}, {} to {}{}\n",
        asked.outcome,
        render::counted(asked.within as u64, "day"),
        date(terms.from),
        date(terms.to),
        if asked.segments.is_empty() { String::new() } else { format!(", {}", asked.segments.join(" or ")) },
    )
}

/// The accounts that were left out, or taken all the same, because nobody knows since when something of them is so.
pub fn undated(findings: &Findings) -> String {
    let undated = &findings.undated;
    if undated.accounts == 0 {
        return String::new();
    }
    let names: Vec<&str> = undated.traits.keys().map(String::as_str).collect();
    let all = format!("\n{} of {}", render::count(undated.accounts as u64), render::counted(findings.accounts as u64, "account"));
    let rest = format!("rest on traits without a date ({})", names.join(", "));
    match undated.assumed {
        true => format!("{all} {rest}, taken to have been so since ever\n"),
        false => format!("{all} {rest} and are left out where these count: --assume-constant takes them to have been so since ever\n"),
    }
}

fn sign(terms: &Terms, found: &SignFindings) -> String {
    let mut out = figures(terms, found);
    let fired = |q: &Quality| [Verdict::Hit, Verdict::FalseAlarm, Verdict::Censored].iter().filter_map(|v| q.verdicts.get(v)).sum();
    let rows = found.segments.iter().map(|s| line(&s.segment, fired(&s.of), &s.of)).collect();
    out += &grid(&["segment", "fired", "precision", "recall", "lift"], rows);
    out += &sweep(found);
    let load = &found.load;
    if load.by_owner.iter().any(|of| of.owner.is_some()) {
        let row = |of: &OfOwner| {
            vec![of.owner.as_deref().unwrap_or(NOTHING).into(), render::count(of.fires as u64).into(), format!("{:.2}", of.per_week).into()]
        };
        let columns = ["owner", "fired", "a week"].map(str::to_owned).to_vec();
        out += &format!("\n{}", table(&Grid { columns, rows: load.by_owner.iter().map(row).collect() }));
    }
    out
}

/// The figures with each threshold; nothing where none was tried.
fn sweep(found: &SignFindings) -> String {
    let rows = found.sweep.iter().map(|t| line(&t.number, t.of.fires, &t.of.quality)).collect();
    let said = if found.sweep_replayed { "the threshold feeds what decides about it: all history was replayed for each\n" } else { "" };
    grid(&["threshold", "fired", "precision", "recall", "lift"], rows) + said
}

fn line(name: &str, fires: usize, q: &Quality) -> Vec<Value> {
    let cells = [percent(&q.precision), percent(&q.recall), plain(&q.lift)];
    [name.to_owned(), render::count(fires as u64)].into_iter().chain(cells).map(Value::from).collect()
}

/// A sign as a whole.
fn figures(terms: &Terms, found: &SignFindings) -> String {
    let (load, quality) = (&found.load, &found.quality);
    let verdict = |verdict: Verdict| render::count(quality.verdicts.get(&verdict).copied().unwrap_or(0) as u64);
    let mut out = format!(
        "  fired      {} for {}, {:.1} a week; {} still there{}\n",
        times(load.fires),
        render::counted(load.accounts as u64, "account"),
        load.fires as f64 / terms.weeks(),
        render::count(load.open as u64),
        load.days.as_ref().map_or_else(String::new, |days| format!("; over after {}", spread(days))),
    );
    out += &format!(
        "  precision  {}: {} hits, {} false alarms; {} too late to tell\n",
        percent(&quality.precision),
        verdict(Verdict::Hit),
        verdict(Verdict::FalseAlarm),
        verdict(Verdict::Censored),
    );
    out += &format!(
        "  recall     {}: of {} {} foretold, {} missed, {} missed as it fired before that and still did; {} came before it could see the account\n",
        percent(&quality.recall),
        render::counted(quality.outcomes as u64, "outcome"),
        render::count(quality.lead_days.map_or(0, |leads| leads.count) as u64),
        verdict(Verdict::Miss),
        verdict(Verdict::Early),
        verdict(Verdict::Unforeseeable),
    );
    out += &format!("  base rate  {}\n  lift       {}\n", percent(&quality.base_rate), plain(&quality.lift));
    if let Some(leads) = &quality.lead_days {
        out += &format!("  lead time  {}\n", spread(leads));
    }
    let c = &quality.confusion;
    let days = |n: u64| Value::from(render::count(n));
    let confusion = Grid {
        columns: ["account-days", "outcome followed", "it did not"].map(str::to_owned).to_vec(),
        rows: vec![
            vec!["firing".into(), days(c.true_positive), days(c.false_positive)],
            vec!["not firing".into(), days(c.false_negative), days(c.true_negative)],
        ],
    };
    out + &format!("\n{}", table(&confusion))
}

fn milestone(terms: &Terms, found: &MilestoneFindings) -> String {
    let number = |n: usize| Value::from(render::count(n as u64));
    let row = |name: &str, c: &Course| {
        let days = c.days.as_ref().map_or_else(|| NOTHING.to_owned(), |days| format!("{:.1}", days.median));
        let counts = [c.began, c.reached, c.reached_late, c.missed, c.waived, c.pending, c.ended].map(number);
        [Value::from(name)].into_iter().chain(counts).chain([days.into()]).collect()
    };
    let columns = ["", "began", "reached", "late", "missed", "waived", "pending", "ended", "days (median)"].map(str::to_owned).to_vec();
    let segments = found.segments.iter().filter(|s| s.of.began > 0).map(|OfSegment { segment, of }| row(segment, of));
    let courses = Grid { columns, rows: [row("all", &found.course)].into_iter().chain(segments).collect() };
    let (missed, reached) = (figures(terms, &found.missed), figures(terms, &found.reached));
    format!("{}\nmissed\n{missed}{}\nreached\n{reached}", table(&courses), sweep(&found.missed))
}

fn scorecard(found: &ScoreFindings) -> String {
    let mut out = format!("{}  base rate  {}\n", card(found), percent(&found.base_rate));
    if let Some(coverage) = &found.coverage {
        out += &format!("  coverage   {:.0} % (mean; of ten the lowest {:.0} %)\n", 100.0 * coverage.mean, 100.0 * coverage.p10);
    }
    if let Some(changes) = found.stability.per_account_month {
        out += &format!(
            "  stability  {changes:.2} changes of the band for each account and month ({} in all)\n",
            render::count(found.stability.changes as u64)
        );
    }
    let count = |n: usize| Value::from(render::count(n as u64));
    let leads = found.leads.iter().map(|l| vec![count(l.days as usize), plain(&l.auc).into(), count(l.readings), count(l.followed)]);
    out += &grid(&["days earlier", "AUC", "readings", "outcome followed"], leads.collect());
    let over = |e: &Option<Estimate>| e.as_ref().map_or_else(|| NOTHING.to_owned(), plain);
    let bands =
        found.bands.iter().map(|b| vec![b.band.as_str().into(), count(b.readings), percent(&b.rate).into(), over(&b.over_better).into()]);
    out += &grid(&["band", "readings", "outcome followed", "over the better band"], bands.collect());
    let deciles =
        found.deciles.iter().map(|d| vec![format!("{:.1} to {:.1}", d.from, d.to).into(), count(d.readings), percent(&d.rate).into()]);
    out += &grid(&["score", "readings", "outcome followed"], deciles.collect());
    let slices = |of: &[Slice]| {
        let there = of.iter().filter(|s| s.readings > 0);
        there.map(|s| vec![s.name.as_str().into(), plain(&s.auc).into(), percent(&s.base_rate).into(), count(s.readings)]).collect()
    };
    out += &grid(&["segment", "AUC", "base rate", "readings"], slices(&found.segments));
    out += &grid(&["stage", "AUC", "base rate", "readings"], slices(&found.stages));
    let measures = found.measures.iter().map(|m| {
        let share = |x: f64| Value::from(format!("{x:.0} %"));
        let name = format!("{}.{}", m.group, m.measure);
        vec![name.into(), share(m.weight), share(100.0 * m.coverage), plain(&m.auc).into(), signed(&m.adds).into()]
    });
    out += &grid(&["measure", "weight", "coverage", "AUC alone", "it adds"], measures.collect());
    out + &found
        .suggestion
        .as_ref()
        .map_or_else(|| "\nno weights are fitted: there are too few outcomes, or no measure foretells them\n".to_owned(), suggestion)
}

fn suggestion(s: &Suggestion) -> String {
    let row = |w: &tenure_backtest::weights::Weight| {
        vec![format!("{}.{}", w.group, w.measure).into(), format!("{:.0}", w.present).into(), format!("{:.0}", w.suggested).into()]
    };
    let columns = ["measure", "weight now", "fitted"].map(str::to_owned).to_vec();
    let verdict = match s.is_worth_it {
        true => "the gain is more than noise",
        false => "the gain is not more than noise: keep the weights",
    };
    format!(
        "\n{}fitted to {} up to {}, tried on {} from {} on: AUC {} now, {} fitted, {} gained; {verdict}\n",
        table(&Grid { columns, rows: s.weights.iter().map(row).collect() }),
        render::counted(s.fitted as u64, "reading"),
        date(s.fitted_to),
        render::count(s.tried as u64),
        date(s.tried_from),
        plain(&s.present),
        plain(&s.suggested),
        signed(&s.gain),
    )
}

/// How often a card was read.
fn card(found: &ScoreFindings) -> String {
    format!(
        "  read       {} (once a week) of {}, {} with a score\n",
        times(found.readings),
        render::counted(found.accounts as u64, "account"),
        render::count(found.scored as u64)
    )
}

fn model(found: &ModelFindings) -> String {
    let row = |kind: &str, name: &str, of: &Summary| {
        let fires = [render::count(of.fires as u64), render::count(of.accounts as u64), format!("{:.1}", of.fires_per_week)];
        let quality = [percent(&of.quality.precision), percent(&of.quality.recall), plain(&of.quality.lift)];
        [kind.to_owned(), name.to_owned()].into_iter().chain(fires).chain(quality).map(Value::from).collect::<Vec<_>>()
    };
    let columns = ["", "name", "fired", "accounts", "a week", "precision", "recall", "lift"].map(str::to_owned).to_vec();
    let mut out = table(&Grid { columns, rows: found.signs.iter().map(|s| row(s.kind.name(), &s.name, &s.of)).collect() });
    let cards = found.scorecards.iter().map(|card| {
        let auc = card.leads.first().map_or_else(|| NOTHING.to_owned(), |lead| plain(&lead.auc));
        let rates: Vec<String> = card.bands.iter().map(|band| format!("{} {}", band.band, rate(&band.rate))).collect();
        let counts = [render::count(card.accounts as u64), render::count(card.readings as u64)];
        [card.scorecard.clone()].into_iter().chain(counts).chain([auc, rates.join(", ")]).map(Value::from).collect()
    });
    let columns = ["scorecard", "accounts", "readings", "AUC", "outcome followed"].map(str::to_owned).to_vec();
    let grid = Grid { columns, rows: cards.collect() };
    if !grid.rows.is_empty() {
        out += &format!("\n{}", table(&grid));
    }
    out
}

fn times(n: usize) -> String {
    if n == 1 { "once".to_owned() } else { format!("{} times", render::count(n as u64)) }
}

/// A share with its interval: `23.1 % (18.9 to 27.8)`.
pub fn percent(estimate: &Estimate) -> String {
    shown(estimate, |x| format!("{:.1}", 100.0 * x), " %")
}

fn rate(estimate: &Estimate) -> String {
    estimate.value.map_or_else(|| NOTHING.to_owned(), |x| format!("{:.1} %", 100.0 * x))
}

/// A number with its interval.
pub fn plain(estimate: &Estimate) -> String {
    shown(estimate, |x| format!("{x:.2}"), "")
}

fn signed(estimate: &Estimate) -> String {
    shown(estimate, |x| format!("{x:+.3}"), "")
}

fn shown(estimate: &Estimate, number: impl Fn(f64) -> String, unit: &str) -> String {
    match (estimate.value, estimate.low, estimate.high) {
        (None, ..) => NOTHING.to_owned(),
        (Some(value), Some(low), Some(high)) => format!("{}{unit} ({} to {})", number(value), number(low), number(high)),
        (Some(value), ..) => format!("{}{unit}", number(value)),
    }
}

fn spread(days: &Spread) -> String {
    format!("{:.1} days (median; of ten the shortest {:.1}, the longest {:.1})", days.median, days.p10, days.p90)
}
