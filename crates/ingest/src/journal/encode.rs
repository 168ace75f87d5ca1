//! A batch as bytes: columns of numbers and texts, compressed with zstd.
//!
//! `"TNRJ"`, the format, the length of the payload, then the payload as one zstd frame with a checksum.

use super::bytes::{put, zigzag};
use super::texts::Texts;
use super::{Batch, FORMAT, NONE};

/// What a batch begins with.
pub(super) const MAGIC: &[u8; 4] = b"TNRJ";

/// The quickest level: higher ones gain a tenth and cost half the speed.
const LEVEL: i32 = 1;

impl Batch {
    /// The batch as bytes, for one row of the journal.
    pub fn encode(&self) -> Vec<u8> {
        let payload = self.payload();
        let mut out = Vec::with_capacity(16 + payload.len() / 2);
        out.extend_from_slice(MAGIC);
        out.push(FORMAT);
        put(&mut out, payload.len() as u64);
        out.extend_from_slice(&compress(&payload).expect("compressing into memory that is large enough fails only without memory"));
        out
    }

    fn payload(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes() + self.bytes() / 8 + 64);
        put(&mut out, self.strings.len() as u64);
        for text in self.strings.iter() {
            put(&mut out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        put(&mut out, self.requests.len() as u64);
        let mut before = 0;
        for request in &self.requests {
            put(&mut out, u64::from(request.source));
            put(&mut out, zigzag(request.received_at.wrapping_sub(std::mem::replace(&mut before, request.received_at))));
            put(&mut out, u64::from(request.events));
        }
        for column in [&self.name, &self.person, &self.account] {
            column.iter().for_each(|number| put(&mut out, u64::from(*number)));
        }
        let mut before = 0;
        for time in &self.time {
            put(&mut out, zigzag(time.wrapping_sub(std::mem::replace(&mut before, *time))));
        }
        let received = self.requests.iter().flat_map(|r| std::iter::repeat_n(r.received_at, r.events as usize));
        nearby(&mut out, &self.sent_at, received);
        nearby(&mut out, &self.original_time, self.time.iter().copied());
        texts(&mut out, &self.message);
        texts(&mut out, &self.properties);
        let records = serde_json::to_vec(&self.records).expect("records have no maps whose keys are not texts");
        put(&mut out, records.len() as u64);
        out.extend_from_slice(&records);
        out
    }
}

/// Times that may be missing: 0, or one more than their distance from another.
fn nearby(out: &mut Vec<u8>, times: &[i64], from: impl Iterator<Item = i64>) {
    for (time, from) in times.iter().zip(from) {
        // Distances beyond half the range of numbers do not occur: times are checked to lie between 1900 and 2200.
        put(out, if *time == NONE { 0 } else { zigzag(from.wrapping_sub(*time)).saturating_add(1) });
    }
}

fn texts(out: &mut Vec<u8>, texts: &Texts) {
    texts.lengths().for_each(|length| put(out, length as u64));
    put(out, texts.text().len() as u64);
    out.extend_from_slice(texts.text().as_bytes());
}

fn compress(payload: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    // With its size in the frame, a reader would need a window of that size.
    compressor.include_contentsize(false)?;
    compressor.compress(payload)
}
