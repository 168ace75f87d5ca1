//! What was said and decided of all accounts, read from the store while other threads begin with the archive.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use tenure_model::Instant;
use tenure_model::input::Fields;
use tenure_store::{AccountInputs, Store};

use crate::{Error, Result};

/// How many accounts' inputs are read at a time.
const PAGE_ACCOUNTS: usize = 2_000;

type Inputs = BTreeMap<String, AccountInputs>;

/// Which versions are read.
pub(crate) struct Wanted {
    /// Those of these fields.
    pub fields: Fields,
    /// Those of these that have a date: with them an account begins.
    pub dated: Fields,
    /// Only what was known at this instant.
    pub known: Option<Instant>,
    /// What repeats an earlier one only after this.
    pub open: Instant,
}

/// Inputs by account, once they are read.
pub(crate) struct Said(Arc<OnceLock<Result<Inputs>>>);

impl Said {
    /// Begins to read all of them.
    pub fn read(store: Store, wanted: Wanted, threads: usize) -> Said {
        let said = Said(Arc::default());
        let reading = tokio::spawn(async move {
            let Wanted { fields, mut dated, known, open } = wanted;
            // Only starts of subscriptions begin an account.
            dated.subscription.clear();
            let pages = match known {
                Some(at) => store.inputs_known(at, PAGE_ACCOUNTS).await?,
                None => store.inputs(PAGE_ACCOUNTS).await?,
            };
            let pages = pages.only(fields).and_dated(dated).open_after(open);
            // Connections wait for their databases now and then.
            let all = pages.all(2 * threads).await?;
            Ok::<Inputs, tenure_store::Error>(all.into_iter().map(|i| (i.account.clone(), i)).collect())
        });
        let cell = said.0.clone();
        // Whatever becomes of the reading: who waits is told.
        tokio::spawn(async move { cell.set(reading.await.map_err(|_| Error::Panicked).and_then(|read| read.map_err(Error::from))) });
        said
    }

    /// One account's.
    pub fn known(inputs: AccountInputs) -> Said {
        Said(Arc::new(OnceLock::from(Ok(BTreeMap::from([(inputs.account.clone(), inputs)])))))
    }

    /// All of them. Waits until they are read.
    pub fn wait(&self) -> Result<&Inputs> {
        let read = match self.0.get() {
            Some(read) => read,
            // Others of this thread's tasks may be what is waited for.
            None => tokio::runtime::Handle::try_current().map_or_else(|_| self.0.wait(), |_| tokio::task::block_in_place(|| self.0.wait())),
        };
        read.as_ref().map_err(|error| Error::Inputs(error.to_string()))
    }
}
