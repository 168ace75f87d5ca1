//! The limits of what one request may bring.

use tenure_model::time::{HOUR, MINUTE};

/// Bytes of a single call, and of an item of a batch: Segment's limit.
pub const ITEM_BYTES_MAX: usize = 32 << 10;

/// Bytes of a batch, decompressed: Segment's limit.
pub const BATCH_BYTES_MAX: usize = 500 << 10;

/// Items of a batch: Segment's limit.
pub const ITEMS_MAX: usize = 2_500;

/// Characters of a message id that is kept as it was sent; a longer one is hashed.
pub const MESSAGE_ID_CHARS_MAX: usize = 200;

/// Bytes of an id of a person or account, and of an event's name. Longer ones are texts that went astray.
pub const ID_BYTES_MAX: usize = 512;

/// Microseconds that the sender's clock may differ from ours before its times are corrected.
///
/// What we see is the difference of the clocks plus the way, with the SDK's retries on it: these wait up to 300 s as `Retry-After` tells them, and
/// some SDKs keep the `sentAt` of the first try. Below that a correction would make good times worse.
pub const CLOCK_SKEW_MAX: i64 = 5 * MINUTE;

/// Microseconds that an event may lie ahead of its arrival before it is one from the future, which waits.
pub const FUTURE_TOLERANCE: i64 = HOUR;
