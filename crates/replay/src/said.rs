//! What was said and decided of all accounts, read from the store page by page while other threads replay those that are there already.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tenure_model::Instant;
use tenure_model::input::Fields;
use tenure_store::{AccountInputs, InputPage, Store};

use crate::{Error, Result};

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
pub(crate) struct Said(Arc<OnceLock<Result<Vec<Page>>>>);

/// Accounts that follow one another, by id.
struct Page {
    from: String,
    accounts: Arc<OnceLock<Result<Vec<AccountInputs>>>>,
}

/// What is still to be read, and where to.
type Queue = Mutex<std::vec::IntoIter<(InputPage, Arc<OnceLock<Result<Vec<AccountInputs>>>>)>>;

impl Said {
    /// Begins to read all of them, in order of their ids.
    pub fn read(store: Store, wanted: Wanted, threads: usize) -> Said {
        let said = Said(Arc::default());
        let list = said.0.clone();
        tokio::spawn(async move {
            // Whatever becomes of the reading: who waits is told.
            let listed = tokio::spawn(pages(store, wanted)).await.map_err(|_| Error::Panicked).and_then(|listed| listed);
            let (list_of, queue) = match listed {
                Ok(pages) => {
                    let cells = pages.into_iter().map(|page| (page, Arc::default())).collect::<Vec<_>>();
                    let page =
                        |(page, accounts): &(InputPage, Arc<_>)| Page { from: page.from().to_owned(), accounts: Arc::clone(accounts) };
                    (Ok(cells.iter().map(page).collect()), cells)
                }
                Err(error) => (Err(error), Vec::new()),
            };
            let _ = list.set(list_of);
            // Threads begin at as many places, and go on from there.
            let stretch = queue.len().div_ceil(threads.max(1)).max(1);
            let mut queue: Vec<_> = queue.into_iter().enumerate().collect();
            queue.sort_by_key(|(i, _)| (i % stretch, *i));
            let queue: Vec<_> = queue.into_iter().map(|(_, page)| page).collect();
            let queue: Arc<Queue> = Arc::new(Mutex::new(queue.into_iter()));
            // Connections wait for their databases now and then.
            for _ in 0..2 * threads {
                tokio::spawn(read_pages(queue.clone()));
            }
        });
        said
    }

    /// One account's.
    pub fn known(inputs: AccountInputs) -> Said {
        let page = Page { from: inputs.account.clone(), accounts: Arc::new(OnceLock::from(Ok(vec![inputs]))) };
        Said(Arc::new(OnceLock::from(Ok(vec![page]))))
    }

    /// One account's, if something was said of it. Waits until it is read.
    pub fn of(&self, account: &str) -> Result<Option<&AccountInputs>> {
        let pages = wait(&self.0)?;
        let Some(page) = pages.partition_point(|page| page.from.as_str() <= account).checked_sub(1) else { return Ok(None) };
        let accounts = wait(&pages[page].accounts)?;
        Ok(accounts.binary_search_by(|inputs| inputs.account.as_str().cmp(account)).ok().map(|i| &accounts[i]))
    }

    /// All of them, by account. Waits until they are read.
    pub fn all(&self) -> Result<impl Iterator<Item = &AccountInputs>> {
        let pages = wait(&self.0)?.iter().map(|page| wait(&page.accounts)).collect::<Result<Vec<_>>>()?;
        Ok(pages.into_iter().flatten())
    }
}

async fn pages(store: Store, wanted: Wanted) -> Result<Vec<InputPage>> {
    let Wanted { fields, mut dated, known, open } = wanted;
    // Only starts of subscriptions begin an account.
    dated.subscription.clear();
    let pages = match known {
        Some(at) => store.inputs_known(at, tenure_store::PAGE_ROWS).await?,
        None => store.inputs(tenure_store::PAGE_ROWS).await?,
    };
    Ok(pages.only(fields).and_dated(dated).open_after(open).collect())
}

/// Reads pages until there are none.
async fn read_pages(queue: Arc<Queue>) {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    while let Some((page, accounts)) = next() {
        let read = tokio::spawn(page.read()).await;
        let _ = accounts.set(read.map_err(|_| Error::Panicked).and_then(|read| read.map_err(Error::from)));
    }
}

/// Waits until it is read.
fn wait<T>(cell: &OnceLock<Result<T>>) -> Result<&T> {
    let read = match cell.get() {
        Some(read) => read,
        // Others of this thread's tasks may be what is waited for.
        None => tokio::runtime::Handle::try_current().map_or_else(|_| cell.wait(), |_| tokio::task::block_in_place(|| cell.wait())),
    };
    read.as_ref().map_err(|error| Error::Inputs(error.to_string()))
}
