//! Numbers and texts as bytes, and back: LEB128, zigzag where they may be negative.

use super::decode::Corrupt;

/// Appends a number: seven bits a byte, the least first.
pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Small numbers of either sign become small ones.
pub(super) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// And back.
pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Bytes that are read from the front.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// A number.
    #[inline]
    pub fn number(&mut self) -> Result<u64, Corrupt> {
        let mut number = 0;
        for (i, byte) in self.0.iter().take(10).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * i);
            if *byte < 0x80 {
                self.0 = &self.0[i + 1..];
                return Ok(number);
            }
        }
        Err(Corrupt::Cut)
    }

    /// How many things follow. Each takes a byte at least, so more than there are bytes is a lie that must not be believed with memory.
    pub fn count(&mut self) -> Result<usize, Corrupt> {
        let count = self.number()?;
        if count > self.0.len() as u64 { Err(Corrupt::Cut) } else { Ok(count as usize) }
    }

    /// A text with its length before it.
    pub fn text(&mut self) -> Result<&'a str, Corrupt> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Corrupt::Text)
    }

    /// So many numbers below a bound.
    pub fn below(&mut self, count: usize, bound: u64) -> Result<Vec<u32>, Corrupt> {
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            let number = self.number()?;
            if number >= bound {
                return Err(Corrupt::Number);
            }
            numbers.push(number as u32);
        }
        Ok(numbers)
    }
}
