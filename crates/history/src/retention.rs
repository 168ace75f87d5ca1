//! Months that have been kept long enough: which they are, and removing them.

use tenure_model::Instant;

use crate::archive::{Archive, catalog_path};
use crate::catalog::{Catalog, File, Month};
use crate::error::Error;

impl Archive {
    /// The months that lie wholly before an instant, with how many events each has, those in quarantine included.
    pub fn older(&self, than: Instant) -> Vec<(Month, u64)> {
        let first_kept = Month::of(than);
        let files = self.catalog.events.iter().chain(self.catalog.quarantine.iter()).filter(|(month, _)| **month < first_kept);
        let mut months: Vec<(Month, u64)> = files.map(|(month, file)| (*month, file.rows)).collect();
        months.sort();
        months.dedup_by(|b, a| {
            let same = a.0 == b.0;
            a.1 += if same { b.1 } else { 0 };
            same
        });
        months
    }

    /// Removes them: the catalog first, in one step, then the files. Their events can be imported again, and are new then.
    ///
    /// # Errors
    /// `Error::Busy` while another process writes.
    pub fn forget(&mut self, than: Instant) -> Result<Vec<(Month, u64)>, Error> {
        let _lock = self.lock()?;
        let months = self.older(than);
        if months.is_empty() {
            return Ok(months);
        }
        let first_kept = Month::of(than);
        let mut catalog: Catalog = self.catalog.clone();
        let mut removed: Vec<File> = Vec::new();
        for files in [&mut catalog.events, &mut catalog.quarantine] {
            let kept = files.split_off(&first_kept);
            removed.extend(std::mem::replace(files, kept).into_values());
        }
        catalog.save(&catalog_path(&self.data))?;
        self.catalog = catalog;
        for file in removed {
            // A file that cannot be removed now is removed by the next writer.
            let _ = std::fs::remove_file(self.data.join(file.path));
        }
        Ok(months)
    }
}
