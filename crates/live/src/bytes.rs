//! Numbers and texts as bytes, for snapshots. Who frames them also checks that they are what was written.

use std::sync::Arc;

use tenure_engine::snapshot::SnapshotError;

const ENDS: SnapshotError = SnapshotError::Damaged("a part ends too early");

/// Where bytes go.
pub(crate) struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    /// A number: seven bits a byte, the least first; the sign is the lowest bit.
    pub fn number(&mut self, x: i64) {
        let mut x = (x << 1 ^ x >> 63) as u64;
        while x >= 0x80 {
            self.0.push(x as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len() as i64);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub fn maybe(&mut self, text: Option<&str>) {
        match text {
            None => self.number(-1),
            Some(text) => self.text(text),
        }
    }

    pub fn list<T>(&mut self, list: &[T], write: impl Fn(&mut Self, &T)) {
        self.number(list.len() as i64);
        list.iter().for_each(|one| write(self, one));
    }
}

/// Where bytes come from.
pub(crate) struct Reader<'r, 'b>(pub &'r mut &'b [u8]);

impl<'b> Reader<'_, 'b> {
    pub fn take(&mut self, n: usize) -> Result<&'b [u8], SnapshotError> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(ENDS)?;
        *self.0 = rest;
        Ok(taken)
    }

    pub fn number(&mut self) -> Result<i64, SnapshotError> {
        let (mut x, mut shift) = (0u64, 0);
        loop {
            let byte = self.take(1)?[0];
            x |= u64::from(byte & 0x7f).checked_shl(shift).ok_or(SnapshotError::Damaged("a number is too long"))?;
            if byte < 0x80 {
                return Ok((x >> 1) as i64 ^ -((x & 1) as i64));
            }
            shift += 7;
        }
    }

    /// A text; None where there was none.
    pub fn maybe(&mut self) -> Result<Option<&'b str>, SnapshotError> {
        let Ok(length) = usize::try_from(self.number()?) else { return Ok(None) };
        let text = std::str::from_utf8(self.take(length)?);
        text.map(Some).map_err(|_| SnapshotError::Damaged("a text is none"))
    }

    pub fn text(&mut self) -> Result<&'b str, SnapshotError> {
        self.maybe()?.ok_or(SnapshotError::Damaged("a text is missing"))
    }

    pub fn shared(&mut self) -> Result<Arc<str>, SnapshotError> {
        self.text().map(Into::into)
    }

    /// Each element takes a byte at least.
    pub fn list<T>(&mut self, read: impl Fn(&mut Self) -> Result<T, SnapshotError>) -> Result<Vec<T>, SnapshotError> {
        let n = usize::try_from(self.number()?).unwrap_or(0);
        if n > self.0.len() {
            return Err(ENDS);
        }
        (0..n).map(|_| read(self)).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
