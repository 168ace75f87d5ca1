//! Whose event: the explicit account, else the person's sole account at event time; and which ids mean the same.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use tenure_model::Instant;
use tenure_model::input::{Membership, Merge};

/// Memberships and merges, ready to be asked. It learns more as it comes in.
#[derive(Clone, Debug, Default)]
pub struct Resolver {
    accounts: FxHashMap<String, String>,
    persons: FxHashMap<String, String>,
    memberships: FxHashMap<String, Vec<Stay>>,
    /// All that was told, each once, in the order in which it was learned.
    told: Vec<Arc<Membership>>,
    known: FxHashSet<Arc<Membership>>,
    merges: FxHashSet<Merge>,
}

/// A person's time at an account: [from, until).
#[derive(Clone, Debug)]
pub struct Stay {
    account: String,
    from: i64,
    until: i64,
    /// Hash of person and account as they were given, before merges.
    given: u64,
}

/// Why it is not known whose an event is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// It names neither account nor person.
    Nobody,
    /// Its person belongs to no account at its time.
    NoAccount,
    /// Its person belongs to several.
    Ambiguous,
}

impl Unknown {
    /// For people.
    pub fn reason(self) -> &'static str {
        match self {
            Unknown::Nobody => "neither an account nor a person is given",
            Unknown::NoAccount => "the person belongs to no account at that time",
            Unknown::Ambiguous => "the person belongs to several accounts at that time",
        }
    }
}

impl Stay {
    /// Where.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Does it go on without an end that is known?
    pub fn is_open(&self) -> bool {
        self.until == Instant::NEVER.0
    }
}

impl Resolver {
    /// From all memberships and all merges known; their order does not matter, but of two merges of one id the later counts
    /// (of two at one instant, the greater `into`).
    pub fn new(memberships: &[Membership], merges: &[Merge]) -> Resolver {
        let mut resolver = Resolver {
            accounts: canonical(merges, true),
            persons: canonical(merges, false),
            merges: merges.iter().cloned().collect(),
            ..Resolver::default()
        };
        for membership in memberships {
            resolver.learn(membership);
        }
        resolver
    }

    /// Takes in a membership. False where it was known.
    pub fn learn(&mut self, m: &Membership) -> bool {
        if self.known.contains(m) {
            return false;
        }
        let told = Arc::new(m.clone());
        self.known.insert(told.clone());
        self.told.push(told);
        let stay = Stay {
            account: self.account(&m.account).to_owned(),
            from: m.from.unwrap_or(Instant::MIN).0,
            until: m.until.unwrap_or(Instant::NEVER).0,
            given: FxBuildHasher.hash_one((&m.person, &m.account)),
        };
        let person = self.person(&m.person).to_owned();
        add(self.memberships.entry(person).or_default(), stay);
        true
    }

    /// Takes in a merge. False where it was known.
    pub fn learn_merge(&mut self, merge: &Merge) -> bool {
        if !self.merges.insert(merge.clone()) {
            return false;
        }
        let into = self.person(&merge.into).to_owned();
        let is_plain = !merge.account && !self.persons.contains_key(&merge.from) && into != merge.from;
        if is_plain && !self.persons.values().any(|id| *id == merge.from) {
            let stays = self.memberships.remove(&merge.from).unwrap_or_default();
            self.memberships.entry(into.clone()).or_default().extend(stays);
            self.persons.insert(merge.from.clone(), into);
            return true;
        }
        let told = std::mem::take(&mut self.told);
        let merges: Vec<Merge> = std::mem::take(&mut self.merges).into_iter().collect();
        *self = Resolver::new(&[], &merges);
        for membership in &told {
            self.learn(membership);
        }
        true
    }

    /// All memberships it was told, in the order in which it learned them: those learned later stand behind those learned before.
    pub fn told(&self) -> &[Arc<Membership>] {
        &self.told
    }

    /// All merges it was told.
    pub fn merges(&self) -> impl Iterator<Item = &Merge> {
        self.merges.iter()
    }

    /// The account that stands for this one.
    pub fn account<'a>(&'a self, id: &'a str) -> &'a str {
        self.accounts.get(id).map_or(id, String::as_str)
    }

    /// The person that stands for this one.
    pub fn person<'a>(&'a self, id: &'a str) -> &'a str {
        self.persons.get(id).map_or(id, String::as_str)
    }

    /// Whose an event is: of the account that it names, else of its (canonical) person's only one at its time.
    ///
    /// # Errors
    /// `Unknown` says why that is not known.
    pub fn whose<'a>(&'a self, given_account: Option<&'a str>, person: Option<&str>, time: Instant) -> Result<&'a str, Unknown> {
        match (given_account, person) {
            (Some(given), _) => Ok(self.account(given)),
            (None, Some(person)) => account_among(self.stays(person), time),
            (None, None) => Err(Unknown::Nobody),
        }
    }

    /// Where a (canonical) person belongs, and when.
    pub fn stays(&self, person: &str) -> &[Stay] {
        self.memberships.get(person).map_or(&[], Vec::as_slice)
    }
}

/// Adds a stay. Of those of one person at one account that begin at the same time the one that ends first holds: learning of an end closes what was
/// open.
fn add(stays: &mut Vec<Stay>, stay: Stay) {
    match stays.iter_mut().find(|known| known.given == stay.given && known.from == stay.from) {
        Some(known) => known.until = known.until.min(stay.until),
        None => stays.push(stay),
    }
}

/// The one account among a person's stays at a time.
///
/// # Errors
/// `Unknown` says why there is none.
pub fn account_among(stays: &[Stay], t: Instant) -> Result<&str, Unknown> {
    let mut found: Option<&str> = None;
    for stay in stays {
        if stay.from <= t.0 && t.0 < stay.until {
            match found {
                Some(other) if other != stay.account => return Err(Unknown::Ambiguous),
                _ => found = Some(&stay.account),
            }
        }
    }
    found.ok_or(Unknown::NoAccount)
}

/// Follows chains of merges to their ends. A cycle ends at its least id.
fn canonical(merges: &[Merge], account: bool) -> FxHashMap<String, String> {
    let mut sorted: Vec<&Merge> = merges.iter().filter(|m| m.account == account && m.from != m.into).collect();
    sorted.sort_by(|a, b| (a.at, &a.into).cmp(&(b.at, &b.into)));
    let next: FxHashMap<&str, &str> = sorted.iter().map(|m| (m.from.as_str(), m.into.as_str())).collect();
    let mut ends = FxHashMap::default();
    for &from in next.keys() {
        let (mut id, mut path) = (from, vec![from]);
        while let Some(&into) = next.get(id) {
            if let Some(start) = path.iter().position(|seen| *seen == into) {
                id = path[start..].iter().min().copied().unwrap_or(into);
                break;
            }
            path.push(into);
            id = into;
        }
        if id != from {
            ends.insert(from.to_owned(), id.to_owned());
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(from: &str, into: &str, at: i64) -> Merge {
        Merge { account: true, from: from.into(), into: into.into(), at: Instant(at) }
    }

    #[test]
    fn merges_follow_chains_and_survive_cycles() {
        let resolver = Resolver::new(
            &[],
            &[merge("a", "b", 1), merge("b", "c", 2), merge("x", "y", 1), merge("y", "x", 2), merge("p", "q", 1), merge("p", "r", 3)],
        );
        for (id, canonical) in [("a", "c"), ("b", "c"), ("c", "c"), ("x", "x"), ("y", "x"), ("p", "r"), ("other", "other")] {
            assert_eq!(resolver.account(id), canonical, "{id}");
        }
    }

    #[test]
    fn sole_account_at_event_time() {
        let stay = |account: &str, from, until| Membership { person: "ann".into(), account: account.into(), from, until };
        let resolver = Resolver::new(
            &[
                stay("a", None, Some(Instant(10))),
                stay("b", Some(Instant(10)), Some(Instant(20))),
                stay("c", Some(Instant(15)), None),
                stay("d", Some(Instant(15)), Some(Instant(16))),
            ],
            &[merge("d", "c", 0)],
        );
        for (t, account) in [(9, Ok("a")), (10, Ok("b")), (15, Err(Unknown::Ambiguous)), (20, Ok("c"))] {
            assert_eq!(account_among(resolver.stays("ann"), Instant(t)), account, "at {t}");
        }
        assert_eq!(account_among(resolver.stays("bob"), Instant(0)), Err(Unknown::NoAccount));
    }

    #[test]
    fn learning_of_an_end_closes_what_was_open() {
        let stay = |until| Membership { person: "ann".into(), account: "a".into(), from: None, until };
        for order in [[stay(None), stay(Some(Instant(10)))], [stay(Some(Instant(10))), stay(None)]] {
            let resolver = Resolver::new(&order, &[]);
            assert_eq!(account_among(resolver.stays("ann"), Instant(9)), Ok("a"));
            assert_eq!(account_among(resolver.stays("ann"), Instant(10)), Err(Unknown::NoAccount));
        }
    }
}
