//! Imports that were asked for wait for their turn: their files are kept, and an end of the process loses none.

use std::sync::Arc;
use std::time::Duration;

use tenure_import::{Format, Incoming, Kept, Progress, Reading};
use tenure_store::{AuditEntry, Import, ImportStatus, transact};
use tokio::sync::watch;

use super::one::import;
use crate::service::Inner;
use crate::{Error, Result, Service, snapshot};

/// How often it is told how far an import is.
const TICK: Duration = Duration::from_millis(500);
/// How long the loop waits where the database or the disk failed.
const RETRY: Duration = Duration::from_secs(5);

/// A file that was received, and how it is to be imported.
pub struct Upload<'a> {
    /// It.
    pub incoming: &'a Incoming,
    /// The name that it was given.
    pub name: &'a str,
    /// What it is.
    pub format: Format,
    /// The text of its mapping.
    pub mapping: Option<&'a str>,
    /// How it is to be read: by that mapping.
    pub reading: &'a Reading,
    /// Read it even if it was imported before, in the same way.
    pub again: bool,
}

/// What became of the wish to cancel an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It ends, and nothing of it is kept.
    Yes,
    /// Something of it is kept already: it goes to its end.
    TooLate,
    /// It has ended.
    Ended,
}

impl Service {
    /// Imports a file in the background; gives the number of its import. One that was imported before in the same way, or waits already, has its number and is
    /// not read again. `audit`: what the audit log is to say of the import of a number.
    ///
    /// # Errors
    /// What disk and database say.
    pub async fn import(&self, upload: Upload<'_>, author: &str, audit: impl Fn(i64) -> AuditEntry) -> Result<i64> {
        let inner = self.inner();
        let _asking = inner.imports.asking.lock().await;
        let key = upload.reading.key(upload.incoming.hash());
        match inner.store.import(&key).await? {
            Some(Import { id, status, .. }) if status.is_open() => return Ok(id),
            Some(Import { id, status: ImportStatus::Done, .. }) if !upload.again => return Ok(id),
            _ => {}
        }
        tokio::task::block_in_place(|| Kept::of(&inner.data, &key).keep(upload.incoming, upload.format, upload.mapping))?;
        let now = self.now();
        let id = transact!(inner.store, "import", |write| {
            let id = write.queue_import(&key, upload.name, author, now).await?;
            write.audit(&audit(id)).await?;
            // The engine is told of it by the import itself, also after a restart.
            write.mark_inputs(now).await?;
            Ok(id)
        })?;
        inner.imports.tell(id, ImportStatus::Queued, &Progress::default());
        inner.imports.wake.notify_one();
        Ok(id)
    }

    /// Gives up an import, as long as nothing of it is kept.
    ///
    /// # Errors
    /// What the database says.
    pub async fn cancel_import(&self, id: i64, audit: &AuditEntry) -> Result<Cancelled> {
        let inner = self.inner();
        let _asking = inner.imports.asking.lock().await;
        let progress = inner.imports.progress(id);
        if progress.as_ref().is_some_and(|progress| !progress.cancel()) {
            // What is written down may still be in hand for a moment.
            let import = inner.store.import_numbered(id).await?;
            let has_ended = import.is_some_and(|import| !import.status.is_open());
            return Ok(if has_ended { Cancelled::Ended } else { Cancelled::TooLate });
        }
        let now = self.now();
        let ended = transact!(inner.store, "import", |write| {
            // One that is under way writes down itself that it has ended.
            let ended = progress.is_some() || write.end_import(id, None, now).await?;
            if ended {
                write.audit(audit).await?;
            }
            Ok(ended)
        })?;
        if ended && progress.is_none() {
            inner.imports.tell(id, ImportStatus::Cancelled, &Progress::default());
            if let Some(import) = inner.store.import_numbered(id).await? {
                Kept::of(&inner.data, &import.key).remove()?;
            }
        }
        Ok(if ended { Cancelled::Yes } else { Cancelled::Ended })
    }

    /// The progress of an import, while it is under way.
    pub fn import_progress(&self, id: i64) -> Option<Arc<Progress>> {
        self.inner().imports.progress(id)
    }

    /// How imports stand, from now on.
    pub fn import_news(&self) -> tokio::sync::broadcast::Receiver<super::ImportNews> {
        self.inner().imports.news.subscribe()
    }
}

/// Imports one file after the other, until the service is stopped.
pub(crate) async fn run(inner: Arc<Inner>, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        match next(&inner).await {
            Ok(Some((import, progress))) => {
                if let Err(error) = watched(&inner, import, progress, &mut stopping).await {
                    if is_fenced(&error) {
                        return;
                    }
                    tracing::error!(%error, "an import could not be written down; it is tried again");
                    pause(RETRY, &mut stopping).await;
                }
            }
            Ok(None) => tokio::select! {
                () = inner.imports.wake.notified() => {}
                _ = stopping.changed() => {}
            },
            Err(error) => {
                tracing::error!(%error, "the next import cannot be found; it is tried again");
                pause(RETRY, &mut stopping).await;
            }
        }
    }
}

async fn pause(time: Duration, stopping: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        _ = stopping.changed() => {}
    }
}

/// What an end of the process left: imports whose file is kept are taken up again, others are written down as failed. Before anybody asks for one: the
/// files of those would be taken for rests.
pub(crate) async fn adopt(inner: &Inner) -> Result<()> {
    let (mut open, now) = (inner.store.open_imports().await?, (inner.clock)());
    let mut gone = Vec::new();
    open.retain(|import| {
        let kept = Kept::of(&inner.data, &import.key).open(import).is_ok_and(|kept| kept.is_some());
        if !kept {
            gone.push(import.id);
        }
        kept
    });
    for id in gone {
        let why = "it was interrupted, and its file is not there any more: import it again; what it had said already changes nothing then";
        transact!(inner.store, "import", |write| write.end_import(id, Some(why), now).await)?;
    }
    Ok(Kept::sweep(&inner.data, open.iter().map(|import| &import.key))?)
}

/// The next import, with its progress.
async fn next(inner: &Inner) -> Result<Option<(Import, Arc<Progress>)>> {
    let _asking = inner.imports.asking.lock().await;
    let next = inner.store.open_imports().await?.into_iter().find(|import| !import.author.is_empty());
    Ok(next.map(|import| {
        let progress = Arc::<Progress>::default();
        inner.imports.set(Some((import.id, progress.clone())));
        (import, progress)
    }))
}

/// Does an import, tells how far it is, and writes down how it ended.
async fn watched(inner: &Arc<Inner>, asked: Import, progress: Arc<Progress>, stopping: &mut watch::Receiver<bool>) -> Result<()> {
    let id = asked.id;
    let mut work = {
        let (inner, asked, progress) = (inner.clone(), asked.clone(), progress.clone());
        tokio::spawn(async move { import(&inner, &asked, &progress).await })
    };
    let mut told_to_stop = false;
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = tokio::time::sleep(TICK) => inner.imports.tell(id, ImportStatus::Running, &progress),
            _ = stopping.changed(), if !told_to_stop => {
                told_to_stop = true;
                progress.stop();
            }
        }
    };
    let result = result.unwrap_or_else(|panic| Err(Error::Unavailable(panic.to_string())));
    let (status, error) = match result {
        Ok(()) => (ImportStatus::Done, None),
        // It is taken up again by the next start …
        Err(Error::Import(tenure_import::Error::Stopped)) => {
            inner.imports.set(None);
            return Ok(());
        }
        // … or by whoever took over.
        Err(error) if is_fenced(&error) => {
            inner.imports.set(None);
            return Err(error);
        }
        Err(Error::Import(tenure_import::Error::Cancelled)) => (ImportStatus::Cancelled, None),
        Err(error) => (ImportStatus::Failed, Some(error.to_string())),
    };
    if let Some(error) = &error {
        tracing::warn!(id, file = asked.file, %error, "an import failed");
    }
    let ended = end(inner, &asked, status, error.as_deref()).await;
    inner.imports.set(None);
    inner.imports.tell(id, status, &progress);
    // It took the one before out of force.
    if status == ImportStatus::Done
        && let Err(error) = snapshot::save(inner).await
    {
        tracing::error!(%error, "no snapshot could be taken after an import: a restart tells all accounts from their history");
    }
    ended
}

/// Has another process taken over?
fn is_fenced(error: &Error) -> bool {
    use tenure_store::Error::Fenced;
    matches!(error, Error::Store(Fenced { .. }) | Error::Import(tenure_import::Error::Store(Fenced { .. })))
}

/// Writes down how an import ended, and removes its file, unless somebody has asked for it again meanwhile.
async fn end(inner: &Inner, asked: &Import, status: ImportStatus, error: Option<&str>) -> Result<()> {
    let _asking = inner.imports.asking.lock().await;
    if status != ImportStatus::Done {
        let now = (inner.clock)();
        transact!(inner.store, "import", |write| write.end_import(asked.id, error, now).await)?;
    }
    if !inner.store.import_numbered(asked.id).await?.is_some_and(|import| import.status.is_open()) {
        Kept::of(&inner.data, &asked.key).remove()?;
    }
    Ok(())
}
