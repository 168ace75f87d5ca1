//! Whose the rows of a month are, and whether that is as its files have it.

use std::collections::BTreeSet;
use std::path::Path;

use rustc_hash::FxHashMap;
use tenure_model::Instant;

use crate::error::Error;
use crate::intern::{Interner, NONE};
use crate::month::Files;
use crate::rows::{RESOLVING, Rows, Was};
use crate::schema::Source;
use tenure_ingest::Resolver;
use tenure_ingest::resolver::{Stay, Unknown, account_among};

/// The accounts whose rows resolving would change, before and after; None where it would leave the month as it is. Reads only what it must.
pub(crate) fn concerned(data: &Path, files: &Files, resolver: &Resolver) -> Result<Option<BTreeSet<String>>, Error> {
    let mut concerned = None;
    for file in files.events.iter().chain(&files.quarantine) {
        let source = Source::open(&data.join(&file.path))?;
        for group in 0..source.groups() {
            let (mut rows, mut symbols) = (Rows::default(), Interner::default());
            let before = rows.extend_for_resolving(&source.read(group, &RESOLVING, 0, usize::MAX)?, &mut symbols)?;
            let now = resolve(&rows, &mut symbols, resolver);
            for (r, was) in before.iter().enumerate().filter(|(r, was)| !now.is_as(*r, was, &symbols)) {
                let accounts = [was.account, now.account[r]].into_iter().filter(|account| *account != NONE);
                concerned.get_or_insert_with(BTreeSet::new).extend(accounts.map(|account| symbols.text(account).to_string()));
            }
        }
    }
    Ok(concerned)
}

/// Whose the rows are.
pub(crate) struct Resolution {
    /// Symbol of the account; NONE where it is not known.
    pub account: Vec<u32>,
    /// Symbol of the person, after merges.
    pub person: Vec<u32>,
    /// Why not, of rows whose account is not known.
    unknown: FxHashMap<u32, Unknown>,
}

impl Resolution {
    /// Is a row as it was?
    pub fn is_as(&self, row: usize, was: &Was, symbols: &Interner) -> bool {
        let same_reason = was.account != NONE || was.reason != NONE && symbols.text(was.reason).as_ref() == self.unknown(row);
        self.account[row] == was.account && self.person[row] == was.person && same_reason
    }

    /// Why it is not known whose a row is.
    pub fn unknown(&self, row: usize) -> &'static str {
        self.unknown.get(&(row as u32)).map_or("", |u| u.reason())
    }
}

/// Whose the rows are, by the resolver.
pub(crate) fn resolve(rows: &Rows, symbols: &mut Interner, resolver: &Resolver) -> Resolution {
    // The canonical symbols and the memberships of each symbol that occurs, looked up once.
    let mut accounts: Vec<Option<u32>> = vec![None; symbols.len()];
    let mut persons: Vec<Option<(u32, &[Stay])>> = vec![None; symbols.len()];
    let mut resolution =
        Resolution { account: Vec::with_capacity(rows.len()), person: Vec::with_capacity(rows.len()), unknown: FxHashMap::default() };
    for r in 0..rows.len() {
        let (given_account, given_person) = (rows.account[r], rows.person[r]);
        let (person, stays): (u32, &[Stay]) = match given_person {
            NONE => (NONE, &[]),
            symbol => *persons[symbol as usize].get_or_insert_with(|| {
                let text = symbols.text(symbol).clone();
                let canonical = resolver.person(&text);
                let stays = resolver.stays(canonical);
                if *canonical == *text { (symbol, stays) } else { (symbols.id(canonical), stays) }
            }),
        };
        let account = match given_account {
            NONE if person == NONE => Err(Unknown::Nobody),
            NONE => account_among(stays, Instant(rows.time[r])).map(|account| symbols.id(account)),
            symbol => Ok(*accounts[symbol as usize].get_or_insert_with(|| {
                let text = symbols.text(symbol).clone();
                let canonical = resolver.account(&text);
                if *canonical == *text { symbol } else { symbols.id(canonical) }
            })),
        };
        resolution.person.push(person);
        resolution.account.push(account.unwrap_or_else(|unknown| {
            resolution.unknown.insert(r as u32, unknown);
            NONE
        }));
    }
    resolution
}
