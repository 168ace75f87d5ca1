//! The tables `events` and `quarantine`: the archive's files, and what came in since and is not archived yet.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::prelude::SessionContext;
use tenure_history::{Archive, Tail, events_schema};
use tenure_ingest::Resolver;
use tenure_ingest::journal::Batch;
use tenure_store::{Mark, Store};

use crate::error::{Doing, asked};
use crate::{Error, Result};

/// Bytes of the journal that are read at a time.
const READ_BYTES: u64 = 32 << 20;

/// All events there are.
pub(crate) struct Events {
    archive: Archive,
    tail: Option<Tail>,
}

impl Events {
    /// Reads the journal first and opens the archive then: what is archived in between is in both, and told apart there.
    pub async fn read(data: &Path, store: &Store) -> Result<Events> {
        let mut position = store.mark(Mark::Archive).await?;
        let mut batches = Vec::new();
        loop {
            let rows = store.journal_after(position, READ_BYTES).await?;
            let Some(last) = rows.last() else { break };
            position = last.position;
            for row in &rows {
                let batch = Batch::decode(&row.payload);
                let batch = batch.map_err(|why| Error::Shape(format!("the journal's row {} cannot be read: {why}", row.position)))?;
                if !batch.is_empty() {
                    batches.push(batch.record_batch());
                }
            }
        }
        let archive = Archive::open(data)?;
        if batches.is_empty() {
            return Ok(Events { archive, tail: None });
        }
        let resolver = Resolver::new(&store.memberships().await?, &store.merge_list().await?);
        let read = tokio::task::spawn_blocking(move || {
            let tail = archive.tail(&batches, &resolver)?;
            Ok::<_, tenure_history::Error>(Events { archive, tail: Some(tail) })
        });
        Ok(read.await.map_err(|stopped| Error::Shape(stopped.to_string()))??)
    }

    /// Makes one of the two a table of a query.
    pub async fn register(&self, context: &SessionContext, name: &str) -> Result<()> {
        let is_quarantine = name == "quarantine";
        let files = if is_quarantine { self.archive.quarantine_files() } else { self.archive.files() };
        let schema = events_schema(is_quarantine);
        let recent = self.tail.as_ref().map(|tail| if is_quarantine { &tail.quarantine } else { &tail.events });
        let recent = recent.filter(|batch| batch.num_rows() > 0);
        let table: Arc<dyn TableProvider> = match (files.is_empty(), recent) {
            (false, None) => listing(context, name, &files).await?,
            // Nothing may be in it yet, but what it would have is known.
            (true, recent) => Arc::new(MemTable::try_new(schema, vec![recent.cloned().into_iter().collect()])?),
            (false, Some(recent)) => {
                let archived = context.read_table(listing(context, name, &files).await?)?;
                let recent = context.read_table(Arc::new(MemTable::try_new(schema, vec![vec![recent.clone()]])?))?;
                archived.union_by_name(recent)?.into_view()
            }
        };
        context.register_table(name, table)?;
        Ok(())
    }
}

/// Parquet files as one table.
pub(crate) async fn listing(context: &SessionContext, name: &str, paths: &[PathBuf]) -> Result<Arc<dyn TableProvider>> {
    if let Some(gone) = paths.iter().find(|path| !path.is_file()) {
        let help = "its rows would be left out of every answer; bring the file back from a copy of the data folder";
        return Err(asked(format!("the file {} of {name} is missing", gone.display()), help));
    }
    let urls = paths.iter().map(|p| ListingTableUrl::parse(p.to_string_lossy())).collect::<datafusion::error::Result<Vec<_>>>()?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options);
    let config = config.infer_schema(&context.state()).await.doing(|| format!("cannot read the files of {name}"))?;
    Ok(Arc::new(ListingTable::try_new(config)?))
}
