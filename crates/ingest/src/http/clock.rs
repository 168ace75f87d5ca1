//! The four times of an item: when it happened, by whose clock, when it was sent and when it arrived.

use tenure_model::Instant;

use super::intake::{Code, Fault};
use super::limits::CLOCK_SKEW_MAX;
use super::said;
use crate::events::is_plausible;

/// What is known of the times before any item is read.
pub(super) struct Clock {
    received_at: Instant,
    /// The batch's `sentAt`.
    sent_at: Result<Option<Instant>, Fault>,
    /// Are the times of the sender's clock corrected? Not for history.
    corrects: bool,
}

/// The times of an item.
pub(super) struct Times {
    pub time: Instant,
    pub sent_at: Option<Instant>,
    /// What the sender said, where `time` is another.
    pub original_time: Option<Instant>,
}

impl Clock {
    /// For a request whose batch has this `sentAt`.
    pub fn new(received_at: Instant, sent_at: Option<&str>, corrects: bool) -> Clock {
        Clock { received_at, sent_at: said::time(sent_at, "sentAt"), corrects }
    }

    /// The times of an item. Where sender's and our clock differ by much, the event lies as long before its arrival as it lay before its sending.
    pub fn times(&self, timestamp: Option<&str>, original: Option<&str>, sent_at: Option<&str>) -> Result<Times, Fault> {
        let original = said::time(original, "originalTimestamp")?;
        let happened = said::time(timestamp, "timestamp")?.or(original);
        let sent_at = match said::given(sent_at) {
            Some(own) => said::time(Some(own), "sentAt")?,
            None => self.sent_at.clone()?,
        };
        let Some(happened) = happened else { return Ok(Times { time: self.received_at, sent_at, original_time: None }) };
        let skew = sent_at.map_or(0, |sent_at| self.received_at.0.saturating_sub(sent_at.0));
        if self.corrects && skew.abs() > CLOCK_SKEW_MAX {
            let time = happened.plus(skew);
            if !is_plausible(time) {
                return Err(Fault::new(
                    Code::BadTimestamp,
                    format!("timestamp: {time}, corrected by sentAt, is not between 1900 and 2200"),
                ));
            }
            return Ok(Times { time, sent_at, original_time: Some(happened) });
        }
        Ok(Times { time: happened, sent_at, original_time: None })
    }
}
