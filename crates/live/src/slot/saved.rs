//! An account as it lives, as bytes: its checkpoint (or its state), what came since, and how far its state had come.
//!
//! The state after a checkpoint is not written: the same inputs give it again, with what it told.

use tenure_engine::snapshot::SnapshotError;
use tenure_engine::{Engine, EventTable, Inputs, Mode, What};
use tenure_model::Instant;
use tenure_model::time::DAY;

use super::{Base, Slot};
use crate::bytes::{Reader, Writer};
use crate::recent::Recent;

/// No account stands later than some three centuries after 1970: told up to there, it would not end in our time.
const LATEST: Instant = Instant(330 * 366 * DAY);

impl Slot {
    /// Appends it.
    pub(crate) fn save(&self, engine: &Engine, out: &mut Vec<u8>) {
        match &self.base {
            Some(base) => out.extend_from_slice(&base.bytes),
            None => engine.save(&self.head, out),
        }
        // They are written as counted from its dates.
        let opened = self.base.as_ref().filter(|_| !self.changes.is_empty()).and_then(|base| base.open(engine));
        engine.save_changes(opened.as_ref().unwrap_or(&self.head), &self.changes, out);
        let mut w = Writer(out);
        w.number(i64::from(self.base.is_some()));
        w.number(self.head.at().0);
        w.number(self.due.map_or(Instant::NEVER.0, |at| at.0));
        w.number(self.wants.map_or(Instant::NEVER.0, |at| at.0));
        w.list(&self.people, |w, person| w.text(person));
        w.list(&self.sources, |w, source| w.text(source));
        w.list(&self.recent, Recent::save);
    }

    /// Reads the next one, and leaves `bytes` after it.
    pub(crate) fn restore(engine: &Engine, empty: &EventTable, bytes: &mut &[u8]) -> Result<Slot, SnapshotError> {
        let whole = *bytes;
        let mut slot = Slot::new(engine.restore(bytes)?);
        let account = &whole[..whole.len() - bytes.len()];
        slot.changes = engine.restore_changes(bytes)?;
        let mut r = Reader(bytes);
        let has_base = r.number()? != 0;
        let at = Instant(r.number()?);
        let instant = |t: i64| Some(Instant(t)).filter(|t| *t != Instant::NEVER);
        slot.due = instant(r.number()?);
        slot.wants = instant(r.number()?);
        slot.people = r.list(Reader::shared)?;
        slot.sources = r.list(Reader::shared)?;
        slot.recent = r.list(Recent::restore)?;
        let person = |what: &What| match what {
            What::PersonTrait(ordinal, ..) | What::Member(ordinal, _) => Some(*ordinal as usize),
            _ => None,
        };
        if slot.changes.iter().filter_map(|c| person(&c.what)).any(|ordinal| ordinal >= slot.people.len()) {
            return Err(SnapshotError::Damaged("a change is of a person who is not named"));
        }
        if at > LATEST {
            return Err(SnapshotError::Damaged("an account stands in a time that has not come"));
        }
        if has_base {
            let from = slot.head.at();
            slot.base = Some(Base { at: from, bytes: account.into() });
            let table = slot.table(empty, from);
            let changes = &slot.changes[slot.changes.partition_point(|c| c.at <= from)..];
            let inputs = Inputs { people: table.people(), events: table.events(), changes };
            let advanced = engine.advance(&mut slot.head, &inputs, at, Mode::Exact, &mut slot.told);
            advanced.map_err(|_| SnapshotError::Damaged("an account has inputs before its checkpoint"))?;
        }
        Ok(slot)
    }
}
