//! Texts that come again and again, each kept once.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Different texts by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Strings {
    texts: Vec<Arc<str>>,
    /// Empty after decoding, until something is added.
    numbers: FxHashMap<Arc<str>, u32>,
    bytes: usize,
}

impl Strings {
    /// The number of a text, which is added if it is new.
    pub fn id(&mut self, text: &str) -> u32 {
        if self.numbers.len() != self.texts.len() {
            self.numbers = self.texts.iter().zip(0..).map(|(text, number)| (text.clone(), number)).collect();
        }
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let (text, number): (Arc<str>, u32) = (text.into(), self.texts.len() as u32);
        self.bytes += text.len() + 1;
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    /// Adds a text that is known to be new, when decoding.
    pub fn add(&mut self, text: &str) {
        self.bytes += text.len() + 1;
        self.texts.push(text.into());
    }

    /// The text of a number that was given out.
    pub fn get(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts.iter().map(|text| text.as_ref())
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
