//! The wall clock: the only place that asks what time it is, and how long something took.

use tenure_model::Instant;

/// Now.
#[allow(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Instant {
    Instant::from(jiff::Timestamp::now())
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts one.
    #[allow(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    /// Seconds since it was started.
    pub fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
