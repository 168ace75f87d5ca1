//! A batch out of bytes. Whatever they are, the answer is a batch or an error, and takes no more memory than they justify.

use std::io::Read;

use super::bytes::{Reader, unzigzag};
use super::encode::MAGIC;
use super::texts::Texts;
use super::{Batch, FORMAT, NONE, PAYLOAD_BYTES_MAX, Record, Request};

/// The window that `encode` needs: log2 of bytes.
const WINDOW_LOG_MAX: u32 = 21;

/// Why bytes are no batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Corrupt {
    /// They are something else.
    #[error("it does not begin as a batch of the journal does")]
    Magic,
    /// They are of a version that this program does not know.
    #[error("it is of format {0}; this program reads format {FORMAT}")]
    Format(u8),
    /// There is more or less than was announced.
    #[error("it is cut off, or longer than it says")]
    Cut,
    /// zstd says no.
    #[error("it cannot be decompressed: {0}")]
    Compression(#[from] std::io::Error),
    /// A text is none.
    #[error("a text in it is not UTF-8")]
    Text,
    /// A number points nowhere.
    #[error("a number in it is out of range")]
    Number,
    /// A record is none, or of a later version of this program.
    #[error("a record in it cannot be read: {0}")]
    Record(#[from] serde_json::Error),
}

impl Batch {
    /// Reads what `encode` wrote.
    pub fn decode(bytes: &[u8]) -> Result<Batch, Corrupt> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Corrupt::Magic)?;
        let (format, rest) = rest.split_first().ok_or(Corrupt::Cut)?;
        if *format != FORMAT {
            return Err(Corrupt::Format(*format));
        }
        let mut reader = Reader(rest);
        let length = usize::try_from(reader.number()?).ok().filter(|length| *length <= PAYLOAD_BYTES_MAX).ok_or(Corrupt::Cut)?;
        payload(&decompress(reader.0, length)?)
    }
}

fn decompress(frame: &[u8], length: usize) -> Result<Vec<u8>, Corrupt> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(frame)?.single_frame();
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    // What is announced is believed as far as the bytes that are there make it likely; beyond, the memory grows with what really comes.
    let mut out = Vec::with_capacity(length.min(frame.len().saturating_mul(8)));
    decoder.by_ref().take(length as u64).read_to_end(&mut out)?;
    // The checksum is looked at only when the end is read.
    let more = decoder.read(&mut [0])?;
    if more > 0 || out.len() != length || !decoder.finish().is_empty() { Err(Corrupt::Cut) } else { Ok(out) }
}

fn payload(bytes: &[u8]) -> Result<Batch, Corrupt> {
    let mut reader = Reader(bytes);
    let mut batch = Batch::default();
    for _ in 0..reader.count()? {
        batch.strings.add(reader.text()?);
    }
    let strings = batch.strings.len() as u64;
    let (mut received_at, mut events) = (0i64, 0usize);
    for _ in 0..reader.count()? {
        let source = reader.below(1, strings)?[0];
        received_at = received_at.wrapping_add(unzigzag(reader.number()?));
        let count = reader.count()?;
        events = events.checked_add(count).filter(|events| *events <= reader.0.len()).ok_or(Corrupt::Cut)?;
        batch.requests.push(Request { source, received_at, events: count as u32 });
    }
    batch.name = reader.below(events, strings)?;
    batch.person = reader.below(events, strings + 1)?;
    batch.account = reader.below(events, strings + 1)?;
    batch.time.reserve_exact(events);
    let mut time = 0i64;
    for _ in 0..events {
        time = time.wrapping_add(unzigzag(reader.number()?));
        batch.time.push(time);
    }
    let received = batch.requests.iter().flat_map(|r| std::iter::repeat_n(r.received_at, r.events as usize));
    batch.sent_at = nearby(&mut reader, received, events)?;
    batch.original_time = nearby(&mut reader, batch.time.iter().copied(), events)?;
    batch.message = texts(&mut reader, events)?;
    batch.properties = texts(&mut reader, events)?;
    batch.records = serde_json::from_str::<Vec<(u32, Record)>>(reader.text()?)?;
    let requests = batch.requests.len();
    if batch.records.iter().any(|(request, _)| *request as usize >= requests) {
        return Err(Corrupt::Number);
    }
    if reader.0.is_empty() { Ok(batch) } else { Err(Corrupt::Cut) }
}

fn nearby(reader: &mut Reader<'_>, from: impl Iterator<Item = i64>, count: usize) -> Result<Vec<i64>, Corrupt> {
    let mut times = Vec::with_capacity(count);
    for from in from {
        times.push(reader.number()?.checked_sub(1).map_or(NONE, |distance| from.wrapping_sub(unzigzag(distance))));
    }
    Ok(times)
}

fn texts(reader: &mut Reader<'_>, count: usize) -> Result<Texts, Corrupt> {
    let lengths = reader.below(count, PAYLOAD_BYTES_MAX as u64)?;
    let text = reader.text()?.to_owned();
    Texts::of(text, lengths.into_iter().map(|length| length as usize)).ok_or(Corrupt::Number)
}
