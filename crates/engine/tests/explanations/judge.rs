//! The rules of health, stages, milestones and alerts, once more: outcomes from their parts.

use serde_json::{Value as Json, json};
use tenure_model::{Instant, Value};

use super::recompute::{Outcome, Reader, below, first, of_kind, same, time};

fn mean(parts: impl Iterator<Item = (f64, Option<f64>)>) -> Option<f64> {
    let (sum, weight) = parts.filter_map(|(w, x)| Some((w, x?))).fold((0.0, 0.0), |(s, w), (weight, x)| (s + weight * x, w + weight));
    (weight > 0.0).then(|| sum / weight)
}

/// The score of a value on a printed curve.
fn scored(curve: &Json, value: &Value) -> Option<f64> {
    if let Some(points) = curve["points"].as_array() {
        let x = value.as_number()?;
        let points: Vec<(f64, f64)> = points.iter().filter_map(|p| Some((p[0].as_f64()?, p[1].as_f64()?))).collect();
        let (low, high) = (points.iter().rfind(|p| p.0 <= x), points.iter().find(|p| p.0 > x));
        return match (low, high) {
            (Some(a), Some(b)) => Some(a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0)),
            (Some(only), None) | (None, Some(only)) => Some(only.1),
            (None, None) => None,
        };
    }
    if let Some(steps) = curve["steps"].as_array() {
        let x = value.as_number()?;
        let holds = |step: &&Json| match step["test"].as_str().and_then(|t| t.split_once(' ')) {
            None => true,
            Some((test, bound)) => {
                let bound: f64 = bound.parse().unwrap();
                match test {
                    "<" => x < bound,
                    "<=" => x <= bound,
                    ">=" => x >= bound,
                    ">" => x > bound,
                    _ => x == bound,
                }
            }
        };
        return steps.iter().find(holds)?["score"].as_f64();
    }
    let key = value.as_text().map(str::to_owned).or(value.as_bool().map(|b| b.to_string()))?;
    curve["map"].get(&key).unwrap_or(&curve["else"]).as_f64()
}

/// Days of a printed span such as `30d`.
fn days(span: &Json) -> Option<f64> {
    span.as_str().map(|s| s.trim_end_matches('d').parse::<f64>().unwrap())
}

impl Reader {
    pub fn health(&mut self, printed: &Json) -> Outcome<Json> {
        let Some(card) = first(printed, "scorecard") else { return Ok(json!({ "score": null, "coverage": null, "band": null })) };
        let at = time(&card["at"]).ok_or("no instant")?;
        self.chosen(card)?;
        let overrides: Vec<&Json> = of_kind(card, "override").collect();
        let over = |target: &str, score: Option<f64>| {
            overrides.iter().filter(|o| o["target"] == *target).fold(score, |score, o| match (o["how"].as_str(), o["value"].as_f64()) {
                (Some("set"), value) => value,
                (Some("cap"), Some(value)) => score.map(|s| s.min(value)),
                (Some("floor"), Some(value)) => score.map(|s| s.max(value)),
                _ => score,
            })
        };
        let (mut groups, mut coverages) = (Vec::new(), Vec::new());
        for group in of_kind(card, "group") {
            let (mut scores, mut all, mut had) = (Vec::new(), 0.0, 0.0);
            for measure in of_kind(group, "measure") {
                let Some((score, stood_in)) = self.measure(measure, at)? else { continue };
                let name = measure["measure"].as_str().unwrap_or_default();
                let counted = over(&format!("measure:{name}"), score);
                let weight = measure["weight"].as_f64().ok_or("no weight")?;
                all += weight;
                had += if counted.is_some() && !(stood_in && counted == score) { weight } else { 0.0 };
                scores.push((weight, counted));
                self.count("measure");
            }
            let name = group["group"].as_str().unwrap_or_default();
            let score = over(&format!("group:{name}"), mean(scores.into_iter()));
            let weight = group["weight"].as_f64().ok_or("no weight")?;
            groups.push((weight, score));
            coverages.push((weight, if all > 0.0 { Some(had / all) } else { score.map(|_| 1.0) }));
        }
        let mut score = over("total", mean(groups.into_iter()));
        for _ in &overrides {
            self.count("override");
        }
        for limit in below(card).iter().filter(|n| n["kind"] == "cap" || n["kind"] == "floor") {
            let (holds, bound) = (self.truth(&below(limit)[0])?, limit["limit"].as_f64().ok_or("no limit")?);
            if holds == Some(true) {
                score = score.map(|s| if limit["kind"] == "cap" { s.min(bound) } else { s.max(bound) });
            }
        }
        let coverage = mean(coverages.into_iter());
        let rounded = |x: Option<f64>| x.map_or(Json::Null, |x| Value::Number((x * 1e9).round() / 1e9).to_json());
        let band = score.map(|s| self.band(&card["bands"], (s * 1e9).round() / 1e9)).transpose()?;
        Ok(json!({ "score": rounded(score), "coverage": rounded(coverage), "band": band }))
    }

    /// The first candidate whose stages and segments fit must be the card.
    fn chosen(&mut self, card: &Json) -> Outcome<()> {
        let candidates: Vec<&Json> = first(card, "card").map(|c| of_kind(c, "candidate").collect()).unwrap_or_default();
        let mut fitting = None;
        for candidate in candidates {
            if self.all_hold(below(candidate))? && fitting.is_none() {
                fitting = Some(&candidate["scorecard"]);
            }
        }
        if fitting == Some(&card["scorecard"]) { Ok(()) } else { Err(format!("{fitting:?} is the card that fits")) }
    }

    /// The score of a measure before overrides, and whether it stands in for missing data. None where it does not apply.
    fn measure(&mut self, measure: &Json, at: Instant) -> Outcome<Option<(Option<f64>, bool)>> {
        let column = below(measure).iter().rfind(|n| n.get("column").is_some()).ok_or("a measure without a column")?;
        let value = self.column(column, at)?;
        let age = |node: &Json| below(node).iter().find(|n| n["column"] == "age_days").and_then(|n| n["value"].as_f64());
        let young = days(&measure["min_age"]).is_some_and(|min| first(measure, "age").and_then(age).is_none_or(|age| age < min));
        let when = first(measure, "when").map(|w| self.truth(&below(w)[0])).transpose()?;
        let applies = !young && when != Some(None) && when != Some(Some(false));
        if json!(applies) != measure["applies"] {
            return Err(format!("{}: it {}", measure["text"], if applies { "applies" } else { "does not apply" }));
        }
        if !applies {
            return Ok(None);
        }
        if let Some(curves) = first(measure, "curves") {
            let fits = |curve: &&Json| {
                let member = first(curve, "segments").is_none_or(|s| below(s).iter().any(|s| s["value"] == true));
                let old = days(&curve["min_age"]).is_none_or(|min| age(curves).is_some_and(|age| age >= min));
                member && old && days(&curve["max_age"]).is_none_or(|max| age(curves).is_some_and(|age| age < max))
            };
            if of_kind(curves, "curve").find(fits).map(|c| &c["curve"]) != measure.get("curve") {
                return Err(format!("{}: another curve fits", measure["text"]));
            }
        }
        let found = measure.get("curve").and_then(|curve| scored(curve, &value));
        let stood_in = match measure["missing"].as_str() {
            _ if found.is_some() => None,
            Some("zero") => Some(0.0),
            Some("neutral") => Some(50.0),
            Some(keep) if keep.starts_with("keep") => measure["computed"].as_f64(),
            _ => None,
        };
        let score = found.or(stood_in);
        if !same(score, measure["computed"].as_f64()) {
            return Err(format!("{}: its curve gives {score:?}, computed is {}", measure["text"], measure["computed"]));
        }
        Ok(Some((score, found.is_none() && score.is_some())))
    }

    fn band(&mut self, bands: &Json, score: f64) -> Outcome<Json> {
        self.count("band");
        let list = bands["bands"].as_array().ok_or("no bands")?;
        let above = |i: usize, slack: f64| {
            let from = list[i]["from"].as_f64().unwrap_or(0.0) + slack;
            if list[i]["exclusive"] == true { score > from } else { score >= from }
        };
        let name = |i: usize| list.get(i).map_or(&bands["lowest"], |b| &b["band"]).clone();
        let plain = (0..list.len()).find(|i| above(*i, 0.0)).unwrap_or(list.len());
        let slack = bands["hysteresis"].as_f64().unwrap_or(0.0);
        let Some(before) = (0..=list.len()).find(|i| name(*i) == bands["before"]).filter(|_| slack > 0.0) else { return Ok(name(plain)) };
        let keeps = (before == list.len() || above(before, -slack)) && (before == 0 || !above(before - 1, slack));
        Ok(name(if keeps { before } else { plain }))
    }

    // Stages, milestones, alerts

    pub fn stage(&mut self, printed: &Json) -> Outcome<Json> {
        let moved = first(printed, "move").ok_or("no move")?;
        let held = below(moved).first().map(|c| self.truth(c)).transpose()?;
        match (moved["moved_by"].as_str(), held) {
            (Some("condition"), Some(Some(true))) | (Some("beginning" | "hand"), None) => {}
            (Some("back_to"), Some(held)) if held != Some(true) => {}
            (by, held) => return Err(format!("moved by {by:?}, but its condition is {held:?}")),
        }
        let rests = first(printed, "held").is_some();
        for next in below(printed).iter().filter(|n| n["kind"] == "onward" || n["kind"] == "back") {
            let holds = self.truth(&below(next)[0])? == Some(true);
            // It would have moved on, or back; only a stage that is held by hand, or an account that ended, stays.
            if holds == (next["kind"] == "onward") && !rests && printed.get("ended_at").is_none() {
                return Err(format!("it would have moved: {}", next["text"]));
            }
        }
        Ok(moved["to"].clone())
    }

    pub fn milestone(&mut self, printed: &Json, at: Instant) -> Outcome<Json> {
        if first(printed, "not started").is_some() {
            if printed.get("ended_at").is_none() && self.all_hold(&below(printed)[1..])? {
                return Err("it would have started".into());
            }
            return Ok(Json::Null);
        }
        if first(printed, "waived").is_some() {
            return Ok("waived".into());
        }
        let due = first(printed, "due").and_then(|d| time(&d["due"]));
        let late = |t: Instant| due.is_some_and(|due| t > due);
        let Some(settled) = first(printed, "settled") else {
            let condition = below(printed).last().ok_or("no condition")?;
            let open = self.truth(condition)? != Some(true) && (due.is_none_or(|due| at < due) || printed.get("ended_at").is_some());
            return if open { Ok("pending".into()) } else { Err("it is settled".into()) };
        };
        let (then, reached) = (time(&settled["at"]).ok_or("no instant")?, self.truth(&below(settled)[0])? == Some(true));
        let status = match (reached, late(then)) {
            (true, false) => "reached",
            (true, true) => "reached late",
            (false, _) if due.is_some_and(|due| then >= due) => "missed",
            (false, _) => return Err(format!("nothing settled it at {then}")),
        };
        if let Some(now) = first(printed, "now")
            && self.truth(&below(now)[0])? == Some(true)
            && printed.get("ended_at").is_none()
        {
            return Err("it was reached late".into());
        }
        self.count(match status {
            "reached" => "reached",
            "missed" => "missed",
            _ => "reached late",
        });
        Ok(status.into())
    }

    pub fn alert(&mut self, printed: &Json) -> Outcome<Json> {
        let now = first(printed, "now").ok_or("nothing about now")?;
        let active = self.active(below(now))?;
        if json!(active) != now["active"] {
            return Err(format!("{}: its parts give {active}", now["text"]));
        }
        let state = first(printed, "state");
        if let Some(state) = state.filter(|s| !below(s).is_empty()) {
            let held = self.active(below(state))?;
            if !held {
                return Err(format!("{}: but it did not hold", state["text"]));
            }
        }
        let running = |kind: &str| first(printed, kind).is_some_and(|timer| time(&timer["until"]).is_some());
        let was = state.and_then(|s| s["text"].as_str()).and_then(|t| t.split(' ').next()).unwrap_or("inactive");
        let now = match (active, was) {
            (true, _) if running("for") || running("cooldown") => "pending",
            (true, _) => "firing",
            (false, "firing") if running("keep_firing_for") => "firing",
            (false, _) => "inactive",
        };
        self.count(if now == "firing" { "firing" } else { "alert" });
        Ok(now.into())
    }

    /// A milestone that was missed, or stages, segments and condition all together.
    fn active(&mut self, parts: &[Json]) -> Outcome<bool> {
        let missed = parts.iter().filter(|p| p["kind"] == "milestone").any(|p| p["status"] == "missed" && p["silent"] != true);
        let scope: Vec<Json> = parts.iter().filter(|p| p["kind"] != "milestone").cloned().collect();
        let condition = scope.iter().any(|p| p["kind"] != "stages" && p["kind"] != "segments");
        let holds = self.all_hold(&scope)?;
        Ok(missed || (condition && holds))
    }

    /// Do all of these stages, segments and conditions hold?
    fn all_hold(&mut self, parts: &[Json]) -> Outcome<bool> {
        let mut all = true;
        for part in parts {
            all &= match part["kind"].as_str().unwrap_or_default() {
                "stages" => part["stages"].as_array().is_some_and(|stages| stages.contains(&part["stage"])),
                "segments" => below(part).iter().any(|s| s["value"] == true),
                _ => self.truth(part)? == Some(true),
            };
        }
        Ok(all)
    }
}
