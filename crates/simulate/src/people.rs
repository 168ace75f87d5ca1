//! People: the first admin and champion, executives, and the users who join over time.

use crate::account::{Account, Segment};
use crate::clock::{DAY, HOUR, Window};
use crate::contract::{Contract, Reason};
use crate::names;
use crate::rng::{Rng, Stream};

/// In place of a person's number: the account itself did it.
pub const NOBODY: u32 = u32::MAX;

/// What someone does at their account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Role {
    Admin,
    User,
    Exec,
}

impl Role {
    /// As written in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::User => "user",
            Role::Exec => "exec",
        }
    }
}

/// Someone at an account.
#[derive(Clone, Debug)]
pub struct Person {
    /// Number of the account.
    pub account: u32,
    /// Number among the account's people, from 0.
    pub number: u32,
    /// First and last name.
    pub name: String,
    /// Address, unique.
    pub email: String,
    /// What they do.
    pub role: Role,
    /// When they joined: microseconds since 1970.
    pub joined_at: i64,
}

impl Person {
    /// `p_00042_3`.
    pub fn id(&self) -> String {
        person_id(self.account, self.number)
    }
}

/// The id of a person of an account.
pub fn person_id(account: u32, number: u32) -> String {
    format!("p_{account:05}_{number}")
}

/// The people of an account, as the stream of events needs them.
pub(crate) struct Crew {
    /// When each joined, ascending.
    pub joined: Vec<i64>,
    /// When the first of them, the champion, left.
    pub champion_left: Option<i64>,
    segment: Segment,
}

impl Crew {
    pub fn draw(seed: u64, account: &Account, contract: &Contract, window: &Window) -> Crew {
        let mut rng = Rng::new(seed, Stream::People, account.index, 0);
        let ends = contract.ends(window);
        let size = (f64::from(account.seats) * rng.between(0.35, 0.95) + 0.5).max(1.0) as usize;
        let mut joined = vec![account.started_at];
        for _ in 1..size {
            let after = if rng.chance(0.65) { rng.exponential(25.0) } else { rng.exponential(250.0) };
            joined.push(account.started_at + (after * DAY as f64) as i64 + HOUR);
        }
        joined.retain(|&at| at < ends);
        joined.sort_unstable();
        let left = contract.churn.as_ref().filter(|churn| churn.reason == Reason::ChampionLeft);
        Crew { joined, champion_left: left.and_then(|churn| churn.decline_from), segment: account.segment }
    }

    /// How many have joined by then.
    pub fn size(&self, time: i64) -> u32 {
        self.joined.partition_point(|&at| at <= time) as u32
    }

    /// What the person with this number does.
    pub fn role(&self, number: u32) -> Role {
        match (number, self.segment) {
            (0, _) => Role::Admin,
            (1, Segment::Enterprise | Segment::MidMarket) => Role::Exec,
            (n, _) if n % 12 == 5 => Role::Admin,
            (n, Segment::Enterprise) if n % 25 == 20 => Role::Exec,
            _ => Role::User,
        }
    }

    /// Someone who is there then; the earlier ones far more often.
    pub fn someone(&self, time: i64, rng: &mut Rng) -> u32 {
        let size = self.size(time).max(1);
        let number = (f64::from(size) * libm::pow(rng.uniform(), 1.8)) as u32;
        let gone = number == 0 && self.champion_left.is_some_and(|left| left <= time);
        if gone { rng.below(size) } else { number }
    }

    pub fn people<'a>(&'a self, seed: u64, account: &'a Account) -> impl Iterator<Item = Person> + 'a {
        let mut rng = Rng::new(seed, Stream::People, account.index, 1);
        let domain = account.name.to_lowercase().replace(' ', "-");
        self.joined.iter().enumerate().map(move |(number, &joined_at)| {
            let number = number as u32;
            let name = names::person(rng.below(1 << 16), rng.below(1 << 16));
            let local = name.to_lowercase().replace(' ', ".");
            Person {
                account: account.index,
                number,
                email: format!("{local}.{number}@{domain}.example"),
                name,
                role: self.role(number),
                joined_at,
            }
        })
    }
}
