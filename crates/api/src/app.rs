//! What all handlers share.

use std::sync::Arc;

use tenure_model::Instant;
use tenure_service::Service;

use crate::ingest::Sources;

/// Fills bytes that nobody can guess: keys, tokens, session ids. From the edge, so that tests can draw the same ones again.
pub type Randomness = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// The state of the API. Clones are the same one.
#[derive(Clone)]
pub struct App {
    pub(crate) service: Service,
    pub(crate) sources: Sources,
    pub(crate) random: Randomness,
}

impl App {
    /// For a running service.
    pub fn new(service: Service, random: Randomness) -> App {
        App { sources: Sources::new(service.store().clone()), service, random }
    }

    pub(crate) fn now(&self) -> Instant {
        self.service.now()
    }
}
