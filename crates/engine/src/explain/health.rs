//! Why the health score is what it is, and the single measures that would change its band.

use serde_json::{Value as Json, json};
use tenure_model::Value;
use tenure_model::definition::{Builtin, Comparison, Measure, Missing, RollUp, Scorecard, Shape};

use super::Teller;
use super::change::WouldChange;
use super::column::Scene;
use super::tree::Reason;
use super::words::{plain, score as points, time};
use crate::curve::score;
use crate::health::{GroupNow, HealthNow, MeasureNow, band, band_name};

/// Group and total weighted: (weight, score), None left out.
fn mean(parts: impl Iterator<Item = (f64, Option<f64>)>) -> Option<f64> {
    let (sum, weight) = parts.filter_map(|(w, s)| Some((w, s?))).fold((0.0, 0.0), |(a, b), (w, s)| (a + w * s, b + w));
    (weight > 0.0).then(|| sum / weight)
}

/// The tree: total, groups, measures, their columns.
pub(super) fn reason(scene: &Scene<'_>, card: &Scorecard, now: &HealthNow) -> Reason {
    let band = now.band.map_or("no band", |b| band_name(card, b));
    let coverage = now.coverage.map_or_else(String::new, |c| format!(", coverage {:.0} %", c * 100.0));
    let mut root = Reason::new("scorecard", format!("scorecard {}: {} ({band}){coverage}", card.name, points(now.score)))
        .with("scorecard", json!(card.name))
        .with("computed", json!(now.computed))
        .with("value", json!(now.score))
        .with("band", json!(band))
        .with("coverage", json!(now.coverage))
        .with("bands", bands(scene.teller, card))
        .with("at", time(scene.at));
    root.because.push(chosen(scene, card));
    // Own measures play no part in what is rolled up.
    let own = if rolls_up(scene.teller, card).is_some() { &[] } else { card.groups.as_slice() };
    for (group, group_now) in own.iter().zip(&now.groups) {
        let mut reason = Reason::new("group", format!("group {} (weight {}): {}", group.name, group.weight, points(group_now.score)))
            .with("group", json!(group.name))
            .with("weight", json!(group.weight))
            .with("computed", json!(group_now.computed))
            .with("value", json!(group_now.score))
            .with("coverage", json!(group_now.coverage));
        for (measure, measure_now) in group.measures.iter().zip(&group_now.measures) {
            reason.because.push(measure_reason(scene, measure, measure_now));
        }
        root.because.push(reason);
    }
    root.because.extend(children(scene, card));
    for o in scene.teller.account.overrides() {
        let until = o.until.map_or(String::new(), |u| format!(" until {u}"));
        let how = format!("{:?}", o.how).to_lowercase();
        root.because.push(
            Reason::new("override", format!("{} {how} {} by {}{until}: {}", o.target, o.value, o.author, o.reason))
                .with("target", json!(o.target))
                .with("how", json!(how))
                .with("value", json!(o.value)),
        );
    }
    for (kind, limits, holding) in [("cap", &card.caps, &now.caps), ("floor", &card.floors, &now.floors)] {
        for (i, limit) in limits.iter().enumerate() {
            let holds = holding.contains(&i);
            let text = format!("{kind} at {}{}", limit.at, if holds { "" } else { ": does not hold" });
            let reason =
                Reason::new(kind, text).with("limit", json!(limit.at)).with("holds", json!(holds)).because([scene.condition(&limit.when)]);
            root.because.push(if holds { reason } else { reason.brief() });
        }
    }
    root
}

/// The bands from the best to the lowest, and which one the score was in before: what hysteresis keeps.
fn bands(teller: &Teller<'_>, card: &Scorecard) -> Json {
    let bands = card.bands.iter().map(|b| json!({ "band": b.name, "from": b.from, "exclusive": b.exclusive }));
    json!({
        "bands": bands.collect::<Vec<_>>(), "lowest": card.lowest, "hysteresis": card.hysteresis,
        "before": teller.account.health.band.map(|b| band_name(card, b)),
    })
}

/// Why this card: the first in the order of the files whose stages and segments fit.
fn chosen(scene: &Scene<'_>, card: &Scorecard) -> Reason {
    let model = scene.teller.engine.model();
    let tried = model.scorecards.iter().position(|c| c.name == card.name).unwrap_or(0);
    let mut reason = Reason::new("card", format!("{} is the first scorecard that fits", card.name)).brief();
    for candidate in &model.scorecards[..=tried] {
        let stages = (!candidate.stages.is_empty()).then(|| scene.in_stages(&candidate.stages));
        let segments = (!candidate.segments.is_empty()).then(|| scene.in_segments(&candidate.segments, false));
        let told = Reason::new("candidate", format!("scorecard {}", candidate.name)).with("scorecard", json!(candidate.name));
        reason.because.push(told.because(stages).because(segments));
    }
    reason
}

/// What a roll-up is made of.
fn children(scene: &Scene<'_>, card: &Scorecard) -> Vec<Reason> {
    let Some(how) = rolls_up(scene.teller, card) else { return vec![] };
    let engine = scene.teller.engine;
    let column = |slot: u32| engine.exports().iter().position(|c| *c == slot);
    let health = column(engine.plan.slot(Builtin::Health) as u32);
    let weight = if let RollUp::Weighted(by) = how { column(by) } else { None };
    let told = scene.teller.account.children.iter().map(|(id, values)| {
        let value = |i: Option<usize>| i.and_then(|i| values.get(i)).cloned().unwrap_or_default();
        // Those of a mean count alike; of the worst only itself counts.
        let weighs = match how {
            RollUp::Weighted(_) => value(weight),
            RollUp::Mean => Value::Number(1.0),
            _ => Value::Null,
        };
        let score = value(health).as_number();
        let mut text = format!("{id}: {}", points(score));
        if !matches!(how, RollUp::Min) {
            text += &if weighs.is_null() { " (no weight)".to_owned() } else { format!(" (weight {})", plain(&weighs)) };
        }
        let counts = score.is_some() && (matches!(how, RollUp::Min) || weighs.as_number().is_some_and(|w| w > 0.0));
        if !counts {
            text += ": left out";
        }
        let reason = Reason::new("child", text).with("account", json!(id)).with("value", value(health).to_json());
        reason.with("weight", weighs.to_json()).with("counts", json!(counts))
    });
    let (how, text) = match how {
        RollUp::Weighted(by) => ("weighted", format!("weighted by {}", engine.model().account[by as usize].name)),
        RollUp::Mean => ("mean", "their mean".to_owned()),
        _ => ("worst", "the worst of them".to_owned()),
    };
    vec![Reason::new("children", format!("the healths of its children: {text}")).with("how", json!(how)).because(told)]
}

/// How the card rolls up the account's children; None where it has none: then its own measures count.
fn rolls_up(teller: &Teller<'_>, card: &Scorecard) -> Option<RollUp> {
    card.roll_up.filter(|_| !teller.account.children.is_empty())
}

fn measure_reason(scene: &Scene<'_>, measure: &Measure, now: &MeasureNow) -> Reason {
    let text = match (now.applies, now.score) {
        (false, _) => "does not apply".to_owned(),
        (true, None) => "no data: left out".to_owned(),
        (true, Some(_)) if now.stood_in => format!("{} in place of missing data ({})", points(now.score), missing(measure.missing)),
        (true, Some(_)) => points(now.score),
    };
    let mut reason = Reason::new("measure", format!("{} (weight {}): {text}", measure.name, measure.weight))
        .with("measure", json!(measure.name))
        .with("weight", json!(measure.weight))
        .with("applies", json!(now.applies))
        .with("computed", json!(now.computed))
        .with("value", json!(now.score))
        .with("missing", json!(missing(measure.missing)))
        .with("stood_in", json!(now.stood_in));
    if let Some(curve) = now.curve {
        reason = reason.with("curve", curve_json(&measure.curves[curve].shape));
    }
    if let Some(age) = measure.min_age {
        reason = reason.with("min_age", json!(age.to_string()));
    }
    if measure.curves.iter().any(|c| c.segment.is_some() || c.min_age.is_some() || c.max_age.is_some()) {
        reason.because.push(curves(scene, measure));
    }
    if let Some(when) = &measure.when {
        let condition = Reason::new("when", "applies only where").because([scene.condition(when)]);
        reason.because.push(if now.applies { condition.brief() } else { condition });
    }
    if let Some(age) = measure.min_age {
        let told = Reason::new("age", format!("applies from the age of {age} on"));
        reason.because.push(told.because(scene.builtin(Builtin::AgeDays)));
        reason.because.iter_mut().for_each(|r| r.brief |= now.applies);
    }
    reason.because(Some(scene.column(measure.column)))
}

/// Why this curve: the first that fits segment and age.
fn curves(scene: &Scene<'_>, measure: &Measure) -> Reason {
    let mut reason = Reason::new("curves", "the first curve that fits segment and age").brief();
    for curve in &measure.curves {
        let age = |age: Option<tenure_model::Span>| json!(age.map(|a| a.to_string()));
        let told = Reason::new("curve", "curve")
            .with("min_age", age(curve.min_age))
            .with("max_age", age(curve.max_age))
            .with("curve", curve_json(&curve.shape));
        reason.because.push(told.because(curve.segment.map(|s| scene.in_segments(&[s], false))));
    }
    reason.because(scene.builtin(Builtin::AgeDays))
}

fn missing(missing: Missing) -> String {
    match missing {
        Missing::Exclude => "exclude".into(),
        Missing::Zero => "zero".into(),
        Missing::Neutral => "neutral".into(),
        Missing::Keep(span) => format!("keep {span}"),
    }
}

/// As models write it.
fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::AtLeast => ">=",
        Comparison::Greater => ">",
        Comparison::Equal => "=",
    }
}

fn curve_json(shape: &Shape) -> serde_json::Value {
    match shape {
        Shape::Points(points) => json!({ "points": points }),
        Shape::Steps(steps) => {
            json!({ "steps": steps.iter().map(|s| json!({ "test": s.test.map(|(c, n)| format!("{} {n}", sign(c))), "score": s.score })).collect::<Vec<_>>() })
        }
        Shape::Map(map, or_else) => json!({ "map": map, "else": or_else }),
    }
}

/// The measures that, changed alone, would bring the score into the next band, up or down.
pub(super) fn would_change(teller: &Teller<'_>, card: &Scorecard, now: &HealthNow) -> Vec<WouldChange> {
    let Some(at) = now.band else { return vec![] };
    if rolls_up(teller, card).is_some() {
        return vec![];
    }
    let mut out = Vec::new();
    for target in [at.checked_sub(1), (at < card.bands.len()).then_some(at + 1)].into_iter().flatten() {
        for (g, group) in card.groups.iter().enumerate() {
            for (m, measure) in group.measures.iter().enumerate() {
                let measure_now = &now.groups[g].measures[m];
                let Some(curve) = measure_now.curve.map(|c| &measure.curves[c].shape).filter(|_| measure.weight > 0.0) else { continue };
                let reaches =
                    |candidate: f64| total(teller, card, now, (g, m), candidate).is_some_and(|t| band(card, t, Some(at)) == target);
                let value = measure_now.value.as_number();
                if let Some((needed, points)) = nearest(curve, value, &reaches) {
                    out.push(WouldChange {
                        to: format!("band {}", band_name(card, target)),
                        what: format!(
                            "measure {} at {points:.1} points instead of {}",
                            measure.name,
                            measure_now.score.map_or("none".into(), |s| format!("{s:.1}"))
                        ),
                        column: Some(teller.engine.model().account[measure.column as usize].name.clone()),
                        present: measure_now.value.to_json(),
                        needed: Some(json!(needed)),
                        at: None,
                    });
                }
            }
        }
    }
    out
}

/// The total with one measure at another score; overrides, caps and floors as they stand.
fn total(teller: &Teller<'_>, card: &Scorecard, now: &HealthNow, changed: (usize, usize), to: f64) -> Option<f64> {
    if teller.account.overrides().iter().any(|o| o.target == "total") {
        return now.score;
    }
    let groups = card.groups.iter().zip(&now.groups).enumerate().map(|(g, (group, group_now))| {
        let score = if g == changed.0 { group_score(group, group_now, Some((changed.1, to))) } else { group_now.score };
        (group.weight, score)
    });
    let mut score = mean(groups).map(|x| (x * 1e9).round() / 1e9)?;
    for cap in &now.caps {
        score = score.min(card.caps[*cap].at);
    }
    for floor in &now.floors {
        score = score.max(card.floors[*floor].at);
    }
    Some(score)
}

fn group_score(group: &tenure_model::definition::Group, now: &GroupNow, changed: Option<(usize, f64)>) -> Option<f64> {
    if now.score != now.computed {
        return now.score; // overridden
    }
    mean(group.measures.iter().zip(&now.measures).enumerate().filter(|(_, (_, n))| n.applies).map(|(i, (m, n))| {
        let score = changed.filter(|(at, _)| *at == i).map_or(n.score, |(_, to)| Some(to));
        (m.weight, score)
    }))
}

/// The value nearest to the present one whose score does what is wanted, with that score.
fn nearest(shape: &Shape, present: Option<f64>, reaches: &dyn Fn(f64) -> bool) -> Option<(f64, f64)> {
    let present = present.unwrap_or(0.0);
    let mut candidates: Vec<f64> = Vec::new();
    match shape {
        Shape::Points(points) => {
            // Between two points the score is linear: look for the first value that does, to a thousandth of the stretch.
            for pair in points.windows(2) {
                let (a, b) = (pair[0].0, pair[1].0);
                candidates.extend((0..=1000).map(|i| a + (b - a) * f64::from(i) / 1000.0));
            }
            candidates.extend(points.first().map(|p| p.0));
        }
        Shape::Steps(steps) => {
            for (_, n) in steps.iter().filter_map(|s| s.test) {
                let tick = (n.abs() * 1e-3).max(1e-3);
                candidates.extend([n, n - tick, n + tick]);
            }
        }
        Shape::Map(..) => return None,
    }
    candidates
        .into_iter()
        .filter_map(|x| Some((x, score(shape, &Value::Number(x))?)))
        .filter(|(_, points)| reaches(*points))
        .min_by(|a, b| (a.0 - present).abs().total_cmp(&(b.0 - present).abs()))
}
