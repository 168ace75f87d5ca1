//! Why a `peak:` is as it is: when the metric was that great for the first time, and why it was so then.

use serde_json::json;
use tenure_model::definition::{ColumnId, Metric};
use tenure_model::time::Instant;

use super::Teller;
use super::column::{DEPTH_MAX, Scene};
use super::recorder::Recorder;
use super::tree::Reason;
use crate::account::{Account, Body};
use crate::advance::Mode;

impl Scene<'_> {
    /// The metric that a peak reads, explained as of the instant at which it was reached.
    pub(super) fn peak(&self, metric: &Metric, of: ColumnId, person: Option<&str>, reason: &mut Reason) {
        let teller = self.teller;
        let model = teller.engine.model();
        let columns = if person.is_some() { &model.person } else { &model.account };
        reason.text = format!("{}: the greatest {} of this tenure", reason.text, columns[of as usize].name);
        let reached = |account: &Account| body(account, person).and_then(|b| b.peaks.get(&metric.column).copied());
        let at = if self.at == teller.account.evaluated {
            reached(teller.account)
        } else {
            teller.replayed(self.at).and_then(|(account, _)| reached(&account))
        };
        let Some(at) = at else { return };
        reason.text = format!("{}, first at {at}", reason.text);
        reason.detail.insert("at".into(), json!(at));
        if self.depth >= DEPTH_MAX {
            return;
        }
        let Some((account, recorder)) = teller.replayed(at) else { return };
        let members = recorder.members(&account);
        let then = Teller { account: &account, recorder: &recorder, members: members.clone(), now: at, ..*teller };
        let row = body(&account, person).map(|b| b.row.as_slice());
        let scene = Scene { teller: &then, row: account.row(), person: person.and(row), members: &members, at, depth: self.depth + 1 };
        reason.because.push(scene.own_column(of, person.is_some()));
    }
}

impl Teller<'_> {
    /// The account as it was at an instant.
    fn replayed(&self, at: Instant) -> Option<(Account, Recorder)> {
        let mut account = self.engine.account(self.account.id().clone());
        let mut recorder = Recorder::new(self.engine.model());
        self.engine.advance(&mut account, self.inputs, at, Mode::Exact, &mut recorder).ok()?;
        Some((account, recorder))
    }
}

fn body<'a>(account: &'a Account, person: Option<&str>) -> Option<&'a Body> {
    match person {
        None => Some(&account.body),
        Some(id) => account.people.iter().find(|p| *p.id == *id).map(|p| &p.body),
    }
}
