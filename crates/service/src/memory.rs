//! Keeps the process within its memory limit: accounts to which nothing has happened for longest are packed away into a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use tenure_live::{Live, Page, Pages};

use crate::{Error, Limits, Result};

/// Accounts that are packed away at a time, at least and at most (beside as many as came back meanwhile): the engine waits for it.
const PACK: std::ops::RangeInclusive<usize> = 64..=2_000;
/// The shortest place in the file.
const PLACE_MIN: u64 = 256;

/// Lets accounts be packed away, where a limit is set.
pub(crate) fn prepare(live: &mut Live, data: &Path, limits: &Limits) -> Result<()> {
    if limits.memory_max.is_some() {
        let file = tempfile::tempfile_in(data).map_err(|error| Error::Pages { path: data.to_owned(), error })?;
        live.set_pages(Box::new(PageFile { file, end: 0, free: BTreeMap::new(), full: false }));
    }
    Ok(())
}

/// Packs some accounts away where the process has more memory than it may.
pub(crate) fn relieve(live: &mut Live, limits: &Limits) {
    let Some(limit) = limits.memory_max else { return };
    let Some(used) = resident().filter(|used| *used > limit) else { return };
    let share = (used - limit) as f64 / used as f64;
    let count = (live.at_hand() as f64 * share) as usize;
    live.pack(count.clamp(*PACK.start(), *PACK.end() + live.came_back()));
}

/// Bytes of memory that the process has; None where the system does not tell.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// A file without a name: it is gone with the process.
struct PageFile {
    file: File,
    end: u64,
    /// Places that were left, by their length.
    free: BTreeMap<u64, Vec<u64>>,
    full: bool,
}

/// The length of the place for so many bytes: powers of two, and halfway between them.
fn place_length(bytes: u64) -> u64 {
    let power = bytes.next_power_of_two();
    let length = if bytes <= power / 4 * 3 { power / 4 * 3 } else { power };
    length.max(PLACE_MIN)
}

impl Pages for PageFile {
    fn put(&mut self, bytes: &[u8]) -> Option<Page> {
        let length = place_length(bytes.len() as u64);
        let left = self.free.get_mut(&length).and_then(Vec::pop);
        let place = left.unwrap_or(self.end);
        if let Err(error) = self.file.write_all_at(bytes, place) {
            if !std::mem::replace(&mut self.full, true) {
                tracing::error!(%error, "accounts cannot be packed away: they stay in memory beyond its limit");
            }
            if left.is_some() {
                self.free.entry(length).or_default().push(place);
            }
            return None;
        }
        self.full = false;
        self.end = self.end.max(place + length);
        Some(Page { place, length: bytes.len() as u32 })
    }

    fn get(&self, page: Page, out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + page.length as usize, 0);
        if let Err(error) = self.file.read_exact_at(&mut out[start..], page.place) {
            tracing::error!(%error, "an account that was packed away cannot be read: the process ends, the next start has it from snapshot and journal");
            std::process::abort();
        }
    }

    fn free(&mut self, page: Page) {
        self.free.entry(place_length(u64::from(page.length))).or_default().push(page.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_places_are_used_again() {
        let mut pages = PageFile { file: tempfile::tempfile().unwrap(), end: 0, free: BTreeMap::new(), full: false };
        let texts: Vec<Vec<u8>> = (1..200_usize).map(|n| vec![n as u8; n * 37]).collect();
        let kept: Vec<Page> = texts.iter().map(|text| pages.put(text).unwrap()).collect();
        let read = |pages: &PageFile, page| {
            let mut out = vec![];
            pages.get(page, &mut out);
            out
        };
        assert!(texts.iter().zip(&kept).all(|(text, page)| read(&pages, *page) == *text));
        let end = pages.end;
        kept.iter().step_by(2).for_each(|page| pages.free(*page));
        let again: Vec<(Page, &Vec<u8>)> = texts.iter().step_by(2).map(|text| (pages.put(text).unwrap(), text)).collect();
        assert_eq!(pages.end, end);
        assert!(again.iter().all(|(page, text)| read(&pages, *page) == **text));
        assert!(kept.iter().skip(1).step_by(2).zip(texts.iter().skip(1).step_by(2)).all(|(page, text)| read(&pages, *page) == *text));
    }

    #[test]
    fn places_have_room() {
        assert!((1..100_000).all(|n| (n..=(2 * n).max(PLACE_MIN)).contains(&place_length(n))));
    }
}
