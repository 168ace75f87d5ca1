//! Use: how many events an account makes on a day, as expected, and the events that it then makes.

use crate::Customer;
use crate::account::Account;
use crate::clock::{DAY, HOUR, SECOND, Window};
use crate::contract::{Churn, Contract, Reason};
use crate::event::{Event, Name, Property};
use crate::people::NOBODY;
use crate::rng::{Rng, Stream};

/// Events of a session after its login, on average.
const FOLLOWING: f64 = 4.0;

/// What is used, most used first: an account uses as many of these as it has breadth.
const FEATURES: [(Name, f64); 8] = [
    (Name::DashboardViewed, 0.33),
    (Name::PageViewed, 0.24),
    (Name::ReportCreated, 0.15),
    (Name::WorkflowRun, 0.12),
    (Name::CommentAdded, 0.07),
    (Name::ExportDownloaded, 0.04),
    (Name::FilterSaved, 0.03),
    (Name::AlertConfigured, 0.02),
];

const PAGES: [(&str, f64); 6] =
    [("/home", 0.45), ("/settings", 0.15), ("/reports", 0.2), ("/billing", 0.05), ("/team", 0.1), ("/integrations", 0.05)];

/// How much all accounts use the product, scaled so that the expected total is what was asked for.
pub(crate) struct Usage {
    seed: u64,
    scale: f64,
}

impl Usage {
    pub fn new(seed: u64, window: &Window, customers: &[Customer], events: u64) -> Usage {
        let unscaled = Usage { seed, scale: 1.0 };
        let days = 0..i64::from(window.days);
        let total: f64 = customers.iter().map(|c| days.clone().map(|day| unscaled.expected(c, window, day)).sum::<f64>()).sum();
        Usage { seed, scale: if total > 0.0 { events as f64 / total } else { 0.0 } }
    }

    /// How many events an account makes on a day of the window, on average.
    pub fn expected(&self, customer: &Customer, window: &Window, day: i64) -> f64 {
        let Customer { account, contract, .. } = customer;
        let noon = window.start + day * DAY + DAY / 2;
        let age = (noon - account.started_at) as f64 / DAY as f64;
        if age <= 0.5 || noon >= contract.ends(window) {
            return 0.0;
        }
        let mut week = Rng::new(self.seed, Stream::Week, account.index, (day / 7) as u32);
        let noise = week.lognormal(0.96, 0.28);
        let growth = libm::exp(account.growth * day as f64 / 365.0);
        self.scale
            * account.intensity
            * window.pace[day as usize]
            * noise
            * growth
            * ramp(account, contract, age)
            * dip(account, contract, noon, day)
    }

    /// Appends what an account does on a day, in no order. The last session may run into the next day.
    pub fn day(&self, customer: &Customer, window: &Window, day: i64, events: &mut Vec<Event>) {
        let expected = self.expected(customer, window, day);
        if expected == 0.0 {
            return;
        }
        let account = &customer.account;
        let rng = &mut Rng::new(self.seed, Stream::Day, account.index, day as u32);
        let midnight = window.start + day * DAY;
        for _ in 0..rng.poisson(expected * (1.0 - account.api_share) / (1.0 + FOLLOWING)) {
            session(customer, window, midnight, rng, events);
        }
        for _ in 0..rng.poisson(expected * account.api_share) {
            let time = midnight + (rng.uniform() * DAY as f64) as i64;
            if time < customer.contract.ends(window) {
                events.push(Event { time, account: account.index, person: NOBODY, name: Name::ApiCall, property: Property::None });
            }
        }
    }
}

/// New accounts take some weeks to their full use; those that never adopt stay low.
fn ramp(account: &Account, contract: &Contract, age: f64) -> f64 {
    let low = contract.churn.as_ref().is_some_and(|churn| churn.reason == Reason::LowAdoption);
    let full = if low { 0.45 } else { 1.0 };
    let pace = 20.0 + 5.0 * f64::from(account.segment.tier());
    full * (1.0 - 0.75 * libm::exp(-age / pace))
}

/// What is left of the use: while an account declines towards its churn, and in dips of those that stay.
fn dip(account: &Account, contract: &Contract, noon: i64, day: i64) -> f64 {
    match &contract.churn {
        Some(Churn { decline_from: Some(from), cancelled_at, rest, .. }) if noon > *from => {
            let progress = ((noon - from) as f64 / (cancelled_at - from).max(DAY) as f64).min(1.0);
            libm::exp(libm::log(*rest) * progress)
        }
        None if account.dip.is_some_and(|(first, days)| (first..first + days).contains(&day)) => 0.4,
        _ => 1.0,
    }
}

/// Somebody logs in and does something, as long as the account is a customer.
fn session(customer: &Customer, window: &Window, midnight: i64, rng: &mut Rng, events: &mut Vec<Event>) {
    let Customer { account, contract, crew, .. } = customer;
    let hour = 13.0 + 3.2 * rng.normal() - f64::from(account.hours_ahead);
    let mut time = midnight + (hour.rem_euclid(24.0) * HOUR as f64) as i64;
    let person = crew.someone(time, rng);
    let needs_help = needs_help(account, contract, time);
    let ends = contract.ends(window);
    let mut push = |time, name, property| {
        if time < ends {
            events.push(Event { time, account: account.index, person, name, property });
        }
    };
    push(time, Name::Login, Property::None);
    for _ in 0..rng.geometric(FOLLOWING) {
        time += SECOND + rng.exponential(90.0 * SECOND as f64) as i64;
        let name = rng.weighted(&FEATURES[..usize::from(account.breadth)]);
        let property = match name {
            Name::PageViewed if rng.chance(needs_help) => Property::Path("/help"),
            Name::PageViewed => Property::Path(rng.weighted(&PAGES)),
            _ => Property::None,
        };
        push(time, name, property);
    }
}

/// The share of its page views that go to the help.
fn needs_help(account: &Account, contract: &Contract, time: i64) -> f64 {
    let lost = contract.churn.as_ref().is_some_and(|churn| {
        matches!(churn.reason, Reason::PoorSupport | Reason::LowAdoption) && churn.decline_from.is_some_and(|from| from <= time)
    });
    match time - account.started_at {
        _ if lost => 0.4,
        age if age < 30 * DAY => 0.15,
        _ => 0.04,
    }
}
