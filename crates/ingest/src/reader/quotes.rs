//! The quotes of a CSV file, watched while it is read: which never closes, and where text follows a closed one. The parser lets both pass.

use std::io::Read;
use std::ops::Range;

/// Passes bytes on to the parser, and keeps where quoting goes wrong.
pub(super) struct Quotes<R> {
    inner: R,
    delimiter: u8,
    state: State,
    /// Has all been read?
    ended: bool,
    /// Of the next byte.
    here: Place,
    /// Of the quote that is open, if one is.
    opened: Place,
    /// Where text follows a closing quote, ascending.
    stray: Vec<Place>,
}

/// A place in the file: the byte, and its line from 1.
#[derive(Clone, Copy)]
struct Place {
    byte: u64,
    line: u64,
}

#[derive(PartialEq)]
enum State {
    /// At the beginning of a field.
    Start,
    /// In one without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that may close, or be the first of two.
    Closed,
}

impl<R> Quotes<R> {
    pub fn of(inner: R, delimiter: u8) -> Quotes<R> {
        let start = Place { byte: 0, line: 1 };
        Quotes { inner, delimiter, state: State::Start, ended: false, here: start, opened: start, stray: Vec::new() }
    }

    /// What is wrong with the quotes of the record that these bytes are. Records are asked about in their order.
    pub fn flaw(&mut self, record: Range<u64>) -> Option<String> {
        if self.ended && self.state == State::Quoted && record.contains(&self.opened.byte) {
            let inside = self.here.line - self.opened.line;
            let line = self.opened.line;
            return Some(format!("the quote that opens on line {line} never closes: it takes in the file to its end, {inside} lines more"));
        }
        let passed = self.stray.partition_point(|place| place.byte < record.end);
        let stray = self.stray.drain(..passed).find(|place| place.byte >= record.start)?;
        Some(format!("text follows a closing quote on line {}; a quote within quotes is written twice", stray.line))
    }

    fn watch(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.state = match (&self.state, byte) {
                (State::Quoted, b'"') => State::Closed,
                (State::Quoted, _) => State::Quoted,
                (State::Start, b'"') => {
                    self.opened = self.here;
                    State::Quoted
                }
                (State::Closed, b'"') => State::Quoted,
                (_, b'\n' | b'\r') => State::Start,
                (_, byte) if byte == self.delimiter => State::Start,
                (State::Closed, _) => {
                    self.stray.push(self.here);
                    State::Plain
                }
                // A mark of UTF-8 before the first field is no part of it.
                (State::Start, 0xEF | 0xBB | 0xBF) if self.here.byte < 3 => State::Start,
                (State::Start | State::Plain, _) => State::Plain,
            };
            self.here.byte += 1;
            self.here.line += u64::from(byte == b'\n');
        }
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.ended |= n == 0 && !buffer.is_empty();
        self.watch(&buffer[..n]);
        Ok(n)
    }
}
