//! Parents and children: who is whose child, and what children report to their parents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenure_engine::{Account, Change, Happened, Mode, Outcome, Sink, What};
use tenure_model::Instant;
use tenure_model::input::Entity;

use crate::{Result, World};

/// What children reported, by parent.
pub(super) type Reports = BTreeMap<Arc<str>, Vec<Change>>;

/// Passes everything on and keeps what is meant for parents.
pub(super) struct Reporting<'a, S> {
    pub inner: &'a mut S,
    pub reports: &'a mut Reports,
}

impl<S: Sink> Sink for Reporting<'_, S> {
    fn outcome(&mut self, account: &Account, outcome: Outcome) {
        if let Happened::Export { parent, value } = &outcome.what {
            let what = What::Child(account.id().clone(), value.clone());
            self.reports.entry(parent.clone()).or_default().push(Change { at: outcome.at, what });
            return;
        }
        self.inner.outcome(account, outcome);
    }

    fn day(&mut self, account: &Account, day: tenure_model::Day) {
        self.inner.day(account, day);
    }

    fn wanted_from(&self, day: tenure_model::Day) -> tenure_model::Day {
        self.inner.wanted_from(day)
    }

    fn wants_scores(&self) -> bool {
        self.inner.wants_scores()
    }

    fn wants_detail(&self) -> bool {
        self.inner.wants_detail()
    }
}

/// The accounts that were ever a parent, those without parents above them last: each comes after all its children.
/// Accounts that are each other's parent are left out of the order and come at its end.
pub(super) fn parents_in_order(world: &World) -> Result<Vec<String>> {
    if world.engine.exports().is_empty() {
        return Ok(Vec::new());
    }
    let mut children: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for said in world.inputs()? {
        let id = said.account.as_str();
        for version in said.versions.iter().filter(|v| v.field == "parent" && matches!(v.entity, Entity::Account(_))) {
            if let Some(parent) = version.value.as_str().filter(|p| *p != id) {
                children.entry(parent).or_default().insert(id);
            }
        }
    }
    let mut order: Vec<String> = Vec::new();
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    loop {
        let ready: Vec<&str> = children
            .iter()
            .filter(|(parent, of)| !placed.contains(*parent) && of.iter().all(|c| !children.contains_key(c) || placed.contains(c)))
            .map(|(parent, _)| *parent)
            .collect();
        if ready.is_empty() {
            break;
        }
        placed.extend(&ready);
        order.extend(ready.into_iter().map(str::to_owned));
    }
    order.extend(children.keys().filter(|p| !placed.contains(*p)).map(|p| (*p).to_owned()));
    Ok(order)
}

/// What the children of one account reported up to an instant; empty where nothing is rolled up.
pub(super) fn of_parent(world: &World, parent: &str, until: Instant) -> Result<Vec<Change>> {
    let order = parents_in_order(world)?;
    if !order.iter().any(|p| p == parent) {
        return Ok(Vec::new());
    }
    let mut reports = Reports::new();
    reports_of(world, parent, until, &mut reports, &mut BTreeSet::new())?;
    Ok(reports.remove(parent).unwrap_or_default())
}

fn reports_of(world: &World, parent: &str, until: Instant, reports: &mut Reports, seen: &mut BTreeSet<String>) -> Result<()> {
    if !seen.insert(parent.to_owned()) {
        return Ok(());
    }
    let is_child =
        |said: &tenure_store::AccountInputs| said.versions.iter().any(|v| v.field == "parent" && v.value.as_str() == Some(parent));
    let children = world.inputs()?.filter(|said| said.account != parent && is_child(said)).map(|said| said.account.as_str());
    for child in children {
        reports_of(world, child, until, reports, seen)?;
        let events = world.events(child, until)?;
        let said = world.inputs_of(child)?.cloned().unwrap_or_default();
        let own = reports.remove(child).unwrap_or_default();
        let history = crate::History::new(&world.engine, child, events, said, own, Instant::NEVER);
        let mut account = world.engine.account(child);
        let mut nothing = tenure_engine::Nothing;
        world.engine.advance(&mut account, &history.inputs(), until, Mode::Exact, &mut Reporting { inner: &mut nothing, reports })?;
    }
    Ok(())
}
