//! What all handlers share.

use tenure_model::Instant;
use tenure_service::Service;

use crate::ingest::Sources;

/// The state of the API. Clones are the same one.
#[derive(Clone)]
pub struct App {
    pub(crate) service: Service,
    pub(crate) sources: Sources,
}

impl App {
    /// For a running service.
    pub fn new(service: Service) -> App {
        App { sources: Sources::new(service.store().clone()), service }
    }

    pub(crate) fn now(&self) -> Instant {
        self.service.now()
    }
}
