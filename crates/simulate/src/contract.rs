//! Contracts: trials, terms and renewals, and whether, when and why an account leaves.

use crate::account::{Account, Segment};
use crate::clock::{DAY, Window, months_later};
use crate::rng::{Rng, Stream};

/// One term of a contract. Times are microseconds since 1970; what is after the simulated window is not known in it, except dates agreed on.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Number among the account's, from 1.
    pub number: u32,
    /// Plan; `trial` for a free trial.
    pub plan: &'static str,
    /// Seats paid for.
    pub seats: u32,
    /// Yearly revenue.
    pub arr: u32,
    /// First instant.
    pub started_at: i64,
    /// End of the free trial.
    pub trial_ends_at: Option<i64>,
    /// When a yearly term comes up for renewal; monthly ones run on.
    pub renewal_at: Option<i64>,
    /// When it ended, if it did.
    pub ended_at: Option<i64>,
    /// When the customer said that it would not go on.
    pub cancelled_at: Option<i64>,
    /// When the card that pays for it expires.
    pub card_expires_at: Option<i64>,
    pub(crate) monthly: bool,
}

/// Why an account left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Reason {
    LowAdoption,
    ChampionLeft,
    Competitor,
    PoorSupport,
    Price,
    CompanyClosed,
    CardFailed,
    TrialNotConverted,
}

impl Reason {
    /// As written in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::LowAdoption => "low_adoption",
            Reason::ChampionLeft => "champion_left",
            Reason::Competitor => "competitor",
            Reason::PoorSupport => "poor_support",
            Reason::Price => "price",
            Reason::CompanyClosed => "company_closed",
            Reason::CardFailed => "card_failed",
            Reason::TrialNotConverted => "trial_not_converted",
        }
    }

    /// Does use go down before? Nobody sees a closing company or an expired card in it.
    pub fn is_foretold(self) -> bool {
        !matches!(self, Reason::CompanyClosed | Reason::CardFailed)
    }
}

/// The truth about an account that left.
#[derive(Clone, Debug)]
pub struct Churn {
    /// Why.
    pub reason: Reason,
    /// When use began to go down; None where nothing foretold it.
    pub decline_from: Option<i64>,
    /// When it said so.
    pub cancelled_at: i64,
    /// When its contract ended.
    pub ended_at: i64,
    /// What is left of its use at the end.
    pub(crate) rest: f64,
}

/// All terms of an account, and its end.
pub(crate) struct Contract {
    pub subscriptions: Vec<Subscription>,
    pub churn: Option<Churn>,
}

impl Contract {
    pub fn draw(seed: u64, account: &Account, window: &Window) -> Contract {
        let mut rng = Rng::new(seed, Stream::Contract, account.index, 0);
        let mut contract = Contract { subscriptions: Vec::new(), churn: None };
        let starts = contract.trial(account, window, &mut rng);
        if let Some(starts) = starts {
            contract.terms(account, starts, window, &mut rng);
        }
        contract
    }

    /// The instant from which the account is no customer any more; the window's end if it stays.
    pub fn ends(&self, window: &Window) -> i64 {
        self.churn.as_ref().map_or(window.end, |churn| churn.ended_at.min(window.end))
    }

    /// A free trial, for some. Returns when the first paid term begins, if it does within the window.
    fn trial(&mut self, account: &Account, window: &Window, rng: &mut Rng) -> Option<i64> {
        let (tries, days, leaves) = match account.segment {
            Segment::Enterprise => (0.0, 30, 0.0),
            Segment::MidMarket => (0.3, 30, 0.15),
            Segment::Small => (0.6, 14, 0.3),
        };
        if !rng.chance(tries) {
            return Some(account.started_at);
        }
        let ends = account.started_at + days * DAY;
        let leaves = rng.chance(leaves) && window.has(ends);
        self.subscriptions.push(Subscription {
            number: 1,
            plan: "trial",
            seats: account.seats,
            arr: 0,
            started_at: account.started_at,
            trial_ends_at: Some(ends),
            renewal_at: None,
            ended_at: (ends < window.end).then_some(ends),
            cancelled_at: None,
            card_expires_at: None,
            monthly: false,
        });
        if leaves {
            let decline_from = Some(account.started_at + 3 * DAY);
            self.churn = Some(Churn { reason: Reason::TrialNotConverted, decline_from, cancelled_at: ends, ended_at: ends, rest: 0.05 });
        }
        (ends < window.end && !leaves).then_some(ends)
    }

    /// The paid terms, one after the other, until the window or the customer ends.
    fn terms(&mut self, account: &Account, starts: i64, window: &Window, rng: &mut Rng) {
        let (plan, price, churn_a_year, monthly, card) = match account.segment {
            Segment::Enterprise => ("enterprise", 1_150.0, 0.06, 0.0, 0.0),
            Segment::MidMarket => (rng.pick(&["team", "business", "business"]), 780.0, 0.13, 0.0, 0.4),
            Segment::Small => (rng.pick(&["starter", "starter", "team"]), 420.0, 0.2, 0.45, 1.0),
        };
        let price = price * rng.lognormal(1.0, 0.2);
        let monthly = rng.chance(monthly);
        let card = rng.chance(card);
        let months = if monthly { 1 } else { 12 };
        let leaves = if monthly { churn_a_year / 12.0 } else { churn_a_year };
        let mut seats = account.seats;
        let mut term = self.next(starts, plan, seats, price, card, window, rng);
        for period in 1.. {
            let renewal = months_later(starts, months * period);
            term.monthly = monthly;
            term.renewal_at = (!monthly).then_some(renewal);
            if renewal > window.start + DAY && rng.chance(leaves) {
                let churn = Churn::draw(account, &term, renewal, monthly, rng);
                if churn.cancelled_at < window.end && churn.cancelled_at > window.start {
                    term.cancelled_at = Some(churn.cancelled_at);
                    term.ended_at = Some(churn.ended_at);
                    if churn.reason == Reason::CardFailed {
                        term.card_expires_at = Some(churn.ended_at - 21 * DAY);
                    }
                    self.churn = Some(churn);
                    break;
                }
            }
            if renewal >= window.end {
                break;
            }
            if !monthly {
                seats += if rng.chance(0.35) { (f64::from(seats) * rng.between(0.05, 0.4) + 0.5) as u32 } else { 0 };
                let next = self.next(renewal, plan, seats, price, card, window, rng);
                term.ended_at = Some(renewal);
                self.subscriptions.push(std::mem::replace(&mut term, next));
                term.number = self.subscriptions.len() as u32 + 1;
            }
        }
        self.subscriptions.push(term);
    }

    #[allow(clippy::too_many_arguments)]
    fn next(&self, starts: i64, plan: &'static str, seats: u32, price: f64, card: bool, window: &Window, rng: &mut Rng) -> Subscription {
        let expires = starts.max(window.start) + (rng.between(20.0, 900.0) as i64) * DAY;
        Subscription {
            number: self.subscriptions.len() as u32 + 1,
            plan,
            seats,
            arr: (f64::from(seats) * price / 12.0) as u32 * 12,
            started_at: starts,
            trial_ends_at: None,
            renewal_at: None,
            ended_at: None,
            cancelled_at: None,
            card_expires_at: card.then_some(expires),
            monthly: false,
        }
    }
}

impl Churn {
    /// Someone does not renew on this date.
    fn draw(account: &Account, term: &Subscription, ends: i64, monthly: bool, rng: &mut Rng) -> Churn {
        let by_card = if term.card_expires_at.is_some() { 0.08 } else { 0.0 };
        let young = if ends - account.started_at < 400 * DAY { 0.3 } else { 0.08 };
        let reason = rng.weighted(&[
            (Reason::CardFailed, by_card),
            (Reason::CompanyClosed, 0.07),
            (Reason::LowAdoption, young),
            (Reason::ChampionLeft, 0.2),
            (Reason::PoorSupport, 0.12),
            (Reason::Price, 0.1),
            (Reason::Competitor, 1.0),
        ]);
        let notice = if monthly { rng.between(0.5, 20.0) } else { rng.between(10.0, 60.0) };
        let cancelled_at = if reason == Reason::CardFailed { ends - DAY / 2 } else { ends - (notice * DAY as f64) as i64 };
        let decline = (rng.between(30.0, 90.0) * DAY as f64) as i64;
        Churn {
            reason,
            decline_from: reason.is_foretold().then(|| (cancelled_at - decline).max(account.started_at + 5 * DAY)),
            cancelled_at,
            ended_at: ends,
            rest: rng.between(0.04, 0.25),
        }
    }
}
