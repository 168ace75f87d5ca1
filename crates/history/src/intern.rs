//! Symbols for texts: each different text gets a small number.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

/// No text: NULL.
pub(crate) const NONE: u32 = u32::MAX;

/// Texts by number, numbers by text. May stand on a base whose numbers it keeps.
#[derive(Default)]
pub(crate) struct Interner {
    base: Option<Arc<Interner>>,
    ids: FxHashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
    ranks: OnceLock<Arc<[u32]>>,
}

impl Interner {
    /// On a base, which must not have a base itself.
    pub fn over(base: Arc<Interner>) -> Interner {
        Interner { base: Some(base), ..Interner::default() }
    }

    fn base_len(&self) -> usize {
        self.base.as_ref().map_or(0, |base| base.texts.len())
    }

    /// The number of a text.
    pub fn id(&mut self, text: &str) -> u32 {
        let in_base = self.base.as_ref().and_then(|base| base.ids.get(text));
        if let Some(&id) = in_base.or_else(|| self.ids.get(text)) {
            return id;
        }
        let id = self.len() as u32;
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        self.ids.insert(text, id);
        self.ranks = OnceLock::new();
        id
    }

    /// The text of a number.
    pub fn text(&self, id: u32) -> &Arc<str> {
        match &self.base {
            Some(base) if (id as usize) < base.texts.len() => &base.texts[id as usize],
            base => &self.texts[id as usize - base.as_ref().map_or(0, |b| b.texts.len())],
        }
    }

    /// How many different texts.
    pub fn len(&self) -> usize {
        self.base_len() + self.texts.len()
    }

    /// For each number its place in the order of texts.
    pub fn ranks(&self) -> Arc<[u32]> {
        if let Some(base) = self.base.as_ref().filter(|_| self.texts.is_empty()) {
            return base.ranks();
        }
        let compute = || {
            let mut order: Vec<u32> = (0..self.len() as u32).collect();
            order.sort_unstable_by(|a, b| self.text(*a).cmp(self.text(*b)));
            let mut ranks = vec![0; order.len()];
            for (rank, id) in order.iter().enumerate() {
                ranks[*id as usize] = rank as u32;
            }
            ranks.into()
        };
        self.ranks.get_or_init(compute).clone()
    }
}
