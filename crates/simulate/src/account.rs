//! Accounts: who they are, how large, where, and how much they use the product.

use crate::clock::{DAY, HOUR, Window};
use crate::names;
use crate::rng::{Rng, Stream};

/// A class of customers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segment {
    /// The largest: yearly contracts, a named customer success manager.
    Enterprise,
    /// In between.
    MidMarket,
    /// The most: often by month and card.
    Small,
}

impl Segment {
    /// As written in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Segment::Enterprise => "enterprise",
            Segment::MidMarket => "mid_market",
            Segment::Small => "small",
        }
    }

    /// 1 for the largest to 3.
    pub fn tier(self) -> u8 {
        match self {
            Segment::Enterprise => 1,
            Segment::MidMarket => 2,
            Segment::Small => 3,
        }
    }
}

/// A customer account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number, from 0.
    pub index: u32,
    /// Name of the company.
    pub name: String,
    /// Class.
    pub segment: Segment,
    /// Industry.
    pub industry: &'static str,
    /// ISO code of its country.
    pub country: &'static str,
    /// The customer success manager it belongs to.
    pub owner: &'static str,
    /// When it became a customer (or began its trial): microseconds since 1970, perhaps before the simulated window.
    pub started_at: i64,
    /// Number of the account it is a part of.
    pub parent: Option<u32>,
    /// Seats it began with.
    pub seats: u32,
    pub(crate) wants_parent: bool,
    /// Hours its offices are ahead of UTC.
    pub(crate) hours_ahead: i8,
    /// How much it uses the product, relative to others.
    pub(crate) intensity: f64,
    /// How its use grows within a year: the logarithm.
    pub(crate) growth: f64,
    /// How many of the product's features it uses, 2 to 8.
    pub(crate) breadth: u8,
    /// Share of its events that programs make, through the API.
    pub(crate) api_share: f64,
    /// A dip in use that is not followed by churn: first day and length.
    pub(crate) dip: Option<(i64, i64)>,
}

impl Account {
    /// `acct_00042`.
    pub fn id(&self) -> String {
        account_id(self.index)
    }

    pub(crate) fn draw(seed: u64, index: u32, window: &Window) -> Account {
        let mut rng = Rng::new(seed, Stream::Account, index, 0);
        let segment = rng.weighted(&[(Segment::Small, 0.65), (Segment::MidMarket, 0.27), (Segment::Enterprise, 0.08)]);
        let (seats, least, most, api, features) = match segment {
            Segment::Enterprise => (rng.lognormal(60.0, 0.9), 15.0, 1_500.0, 0.6, 3.0),
            Segment::MidMarket => (rng.lognormal(18.0, 0.7), 5.0, 200.0, 0.35, 2.0),
            Segment::Small => (rng.lognormal(4.0, 0.6), 1.0, 30.0, 0.12, 0.0),
        };
        let seats = seats.clamp(least, most) as u32;
        let industry = rng.below(names::INDUSTRIES.len() as u32) as usize;
        let (country, hours_ahead) = rng.weighted(&names::COUNTRIES);
        let day = if rng.chance(0.6) { -rng.between(1.0, 1_000.0) } else { rng.between(0.0, f64::from(window.days) * 0.97) };
        let opening = rng.between(8.0, 18.0) - f64::from(hours_ahead);
        let started_at = window.start + day as i64 * DAY + (opening.rem_euclid(24.0) * HOUR as f64) as i64;
        let dip = rng.chance(0.12).then(|| (rng.between(0.0, f64::from(window.days)) as i64, rng.between(14.0, 35.0) as i64));
        Account {
            index,
            name: names::company(index, industry),
            segment,
            industry: names::INDUSTRIES[industry].0,
            country,
            owner: rng.pick(&names::OWNERS),
            started_at,
            parent: None,
            seats,
            wants_parent: segment != Segment::Enterprise && rng.chance(0.05),
            hours_ahead,
            intensity: f64::from(seats) * rng.lognormal(1.0, 0.8),
            growth: 0.1 + 0.3 * rng.normal(),
            breadth: (2.0 + features + rng.between(0.0, 4.0)).min(8.0) as u8,
            api_share: if rng.chance(api) { rng.between(0.1, 0.6) } else { 0.0 },
            dip,
        }
    }
}

/// The id of the account with this number.
pub fn account_id(index: u32) -> String {
    format!("acct_{index:05}")
}
