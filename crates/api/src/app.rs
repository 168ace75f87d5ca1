//! What all handlers share.

use std::sync::Arc;
use std::time::Duration;

use tenure_engine::{Account, Engine};
use tenure_model::{Instant, Model};
use tenure_service::Service;
use tenure_store::Store;
use tokio::sync::Semaphore;

use crate::apply::Applying;
use crate::backtests::Jobs;
use crate::ingest::Sources;

/// Fills bytes that nobody can guess.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Passwords that are hashed at once: each takes 19 MB and a core for tens of milliseconds.
const HASHING_MAX: usize = 2;

/// How long one statement of a request may take, where the database is a server.
const STATEMENT_MAX: Duration = Duration::from_secs(30);

/// Streams of changes that are open at once.
const STREAMS_MAX: usize = 1_000;

/// Files that are received at once.
const UPLOADS_MAX: usize = 4;

/// The state of the API. Clones are the same one.
#[derive(Clone)]
pub struct App {
    pub(crate) service: Service,
    pub(crate) sources: Sources,
    pub(crate) hashing: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) applying: Applying,
    pub(crate) backtests: Jobs,
    pub(crate) uploads: Arc<Semaphore>,
    store: Store,
    random: Random,
}

impl App {
    /// For a running service.
    pub fn new(service: Service, random: Random) -> App {
        let store = service.store().for_callers(STATEMENT_MAX);
        App {
            sources: Sources::new(store.clone()),
            store,
            hashing: Arc::new(Semaphore::new(HASHING_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            applying: Applying::default(),
            backtests: Jobs::default(),
            uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
            service,
            random,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.service.now()
    }

    /// The model that decides now.
    pub(crate) fn model(&self) -> Arc<Model> {
        self.service.live().engine().model().clone()
    }

    /// Shows every account as it stands by a model. Where another one takes over meanwhile, those that are left are passed over.
    pub(crate) fn each_account(&self, model: &Model, mut see: impl FnMut(&Engine, &Account)) {
        tokio::task::block_in_place(|| {
            self.service.accounts(|engine, account| {
                if engine.model().revision == model.revision {
                    see(engine, account);
                }
            });
        });
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Text of so many random bytes, in hexadecimal.
    pub(crate) fn secret(&self, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        (self.random)(&mut random);
        hex(&random)
    }

    /// Sixteen random bytes.
    pub(crate) fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        (self.random)(&mut salt);
        salt
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of a hexadecimal text.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}
