//! All accounts by number: those at hand, and those that were packed away to make room in memory.

use std::ops::{Deref, Range};
use std::sync::Arc;

use tenure_engine::{Engine, EventTable};
use tenure_model::Instant;

use crate::cores::pick;
use crate::population::Through;
use crate::slot::Slot;

/// Where packed accounts lie outside of memory.
pub trait Pages: Send + Sync {
    /// Keeps bytes; None where there is no room for them.
    fn put(&mut self, bytes: &[u8]) -> Option<Page>;

    /// Appends bytes that were kept. Who cannot read them ends the process: the next start has everything from snapshot and journal.
    fn get(&self, page: Page, out: &mut Vec<u8>);

    /// The bytes are not needed any more.
    fn free(&mut self, page: Page);
}

/// Where bytes lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Of the first byte.
    pub place: u64,
    /// How many.
    pub length: u32,
}

/// Accounts that a sweep looks at.
const SWEPT: usize = 256;

struct Held {
    id: Arc<str>,
    /// For when it stands in the timers.
    timer: Instant,
    /// None: it is packed away.
    slot: Option<Box<Slot>>,
    /// Since it was last looked for accounts to pack away.
    used: bool,
    /// Where it lies, while it is packed away.
    page: Page,
    /// As its slot says, while it is packed away: snapshots do not need it.
    through: Through,
}

/// The accounts.
pub(crate) struct Shelf {
    engine: Arc<Engine>,
    empty: EventTable,
    all: Vec<Held>,
    pages: Option<Box<dyn Pages>>,
    /// Where it is looked next for accounts to pack away.
    hand: usize,
    at_hand: usize,
    /// How many came back since some were packed away.
    back: usize,
    /// The archive has everything up to there.
    archived: i64,
    /// Accounts that may remember what the archive has.
    unswept: Range<usize>,
}

/// An account to look at.
pub(crate) enum Seen<'a> {
    AtHand(&'a Slot),
    Unpacked(Box<Slot>),
}

impl Deref for Seen<'_> {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        match self {
            Seen::AtHand(slot) => slot,
            Seen::Unpacked(slot) => slot,
        }
    }
}

impl Shelf {
    /// Nobody yet.
    pub fn new(engine: Arc<Engine>) -> Shelf {
        let empty = EventTable::new(engine.model());
        Shelf { engine, empty, all: vec![], pages: None, hand: 0, at_hand: 0, back: 0, archived: i64::MIN, unswept: 0..0 }
    }

    /// From now on accounts can be packed away.
    pub fn set_pages(&mut self, pages: Box<dyn Pages>) {
        self.pages.get_or_insert(pages);
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// How many are not packed away.
    pub fn at_hand(&self) -> usize {
        self.at_hand
    }

    /// How many came back since some were packed away.
    pub fn back(&self) -> usize {
        self.back
    }

    pub fn id(&self, i: usize) -> &Arc<str> {
        &self.all[i].id
    }

    pub fn timer(&self, i: usize) -> Instant {
        self.all[i].timer
    }

    pub fn set_timer(&mut self, i: usize, at: Instant) {
        self.all[i].timer = at;
    }

    /// Adds one. Gives its number.
    pub fn push(&mut self, slot: Slot) -> usize {
        let id = slot.head.id().clone();
        self.all.push(Held {
            id,
            timer: Instant::NEVER,
            slot: Some(Box::new(slot)),
            used: true,
            page: Page::default(),
            through: Through::default(),
        });
        self.at_hand += 1;
        self.all.len() - 1
    }

    /// One of them, to look at.
    pub fn see(&self, i: usize) -> Seen<'_> {
        let held = &self.all[i];
        match &held.slot {
            Some(slot) => Seen::AtHand(slot),
            None => Seen::Unpacked(unpack(&self.engine, &self.empty, held, self.pages.as_deref(), self.archived)),
        }
    }

    /// One of them, to be changed.
    pub fn get(&mut self, i: usize) -> &mut Slot {
        let Shelf { engine, empty, all, pages, at_hand, back, archived, .. } = self;
        let held = &mut all[i];
        held.used = true;
        let slot = match held.slot.take() {
            Some(slot) => slot,
            None => {
                let slot = unpack(engine, empty, held, pages.as_deref(), *archived);
                pages.iter_mut().for_each(|pages| pages.free(held.page));
                *at_hand += 1;
                *back += 1;
                slot
            }
        };
        held.slot.insert(slot)
    }

    /// Some of them, whose numbers ascend, to be changed.
    pub fn pick(&mut self, numbers: &[usize]) -> Vec<&mut Slot> {
        for i in numbers {
            self.get(*i);
        }
        pick(&mut self.all, numbers).into_iter().filter_map(|held| held.slot.as_deref_mut()).collect()
    }

    /// Appends one of them for a snapshot.
    pub fn save(&self, i: usize, out: &mut Vec<u8>) {
        let held = &self.all[i];
        match (&held.slot, &self.pages) {
            (Some(slot), _) => slot.save(&self.engine, out),
            (None, Some(pages)) => pages.get(held.page, out),
            (None, None) => {}
        }
    }

    /// Packs away so many of those that have not been used for longest, or as many as there is room for. Gives how many.
    pub fn pack(&mut self, count: usize) -> usize {
        let Some(pages) = &mut self.pages else { return 0 };
        self.back = 0;
        let (mut packed, mut bytes, accounts) = (0, Vec::new(), self.all.len());
        // Twice around: those that were used since the last time get another chance.
        for _ in 0..2 * accounts {
            if packed == count {
                break;
            }
            let held = &mut self.all[self.hand];
            self.hand = (self.hand + 1) % accounts;
            let Some(slot) = held.slot.as_deref() else { continue };
            if std::mem::take(&mut held.used) || slot.is_waiting() {
                continue;
            }
            bytes.clear();
            slot.save(&self.engine, &mut bytes);
            let Some(page) = pages.put(&bytes) else { break };
            (held.page, held.through) = (page, slot.through);
            held.slot = None;
            packed += 1;
        }
        self.at_hand -= packed;
        packed
    }

    /// The archive has everything up to this position: what nothing else needs is forgotten by the sweeps that follow.
    pub fn begin_forgetting(&mut self, archived: i64) {
        self.archived = archived;
        self.unswept = 0..self.all.len();
    }

    /// Lets the next accounts forget what the archive has. False where none is left.
    pub fn sweep(&mut self) -> bool {
        let first = self.unswept.start;
        self.unswept.start = (first + SWEPT).min(self.unswept.end);
        for slot in self.all[first..self.unswept.start].iter_mut().filter_map(|held| held.slot.as_deref_mut()) {
            slot.forget(self.archived);
        }
        !self.unswept.is_empty()
    }
}

/// An account as it was when it was packed away.
fn unpack(engine: &Engine, empty: &EventTable, held: &Held, pages: Option<&dyn Pages>, archived: i64) -> Box<Slot> {
    let mut bytes = Vec::with_capacity(held.page.length as usize);
    pages.iter().for_each(|pages| pages.get(held.page, &mut bytes));
    let slot = Slot::restore(engine, empty, &mut bytes.as_slice());
    let mut slot = slot.unwrap_or_else(|_| {
        // Not what was kept: its history is told again.
        let mut slot = Slot::new(engine.account(held.id.clone()));
        slot.want(Instant::MIN);
        slot
    });
    slot.through = held.through;
    slot.forget(archived);
    Box::new(slot)
}
