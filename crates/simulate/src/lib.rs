//! A company that never was: the customers of a simulated SaaS, their people, subscriptions and events, from a seed.
//!
//! Pure: the same [`Config`] gives the same bytes on every machine. Sizes of accounts and their use are heavy-tailed, days and hours have their rhythm,
//! new accounts ramp up, and accounts that will churn use the product less in the 30 to 90 days before they cancel, for the most part; others
//! dip and recover. [`Simulation::churns`] tells the truth about who left, why, and whether use foretold it.
//!
//! Every account's day is drawn by itself, from the seed and its number. That is why events can be had by account or in order of time, without end,
//! in the memory of one account or one day.

mod account;
mod clock;
mod contract;
mod diary;
mod event;
mod names;
mod people;
mod rng;
mod stream;
mod usage;

pub use account::{Account, Segment, account_id};
pub use contract::{Churn, Reason, Subscription};
pub use event::{Events, Name, Property};
pub use people::{NOBODY, Person, Role, person_id};
pub use rng::Rng;
pub use stream::Order;

use clock::Window;
use contract::Contract;
use people::Crew;
use usage::Usage;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Another seed is another company.
    pub seed: u64,
    /// How many customer accounts there are at the end, churned ones included.
    pub accounts: u32,
    /// How many events there shall be, within 2 %. About 40 for each account and year go to tickets, meetings, invoices and the like whatever stands here.
    pub events: u64,
    /// The first day (UTC).
    pub start: jiff::civil::Date,
    /// How many days.
    pub days: u32,
}

impl Default for Config {
    fn default() -> Config {
        Config { seed: 1, accounts: 20_000, events: 20_000_000, start: jiff::civil::date(2025, 1, 1), days: 365 }
    }
}

/// A simulated company, ready to tell its history.
pub struct Simulation {
    config: Config,
    window: Window,
    customers: Vec<Customer>,
    usage: Usage,
}

/// All that is known about an account.
struct Customer {
    account: Account,
    contract: Contract,
    crew: Crew,
    diary: Vec<event::Event>,
}

impl Simulation {
    /// Draws the accounts, their contracts and fates. Takes about a second for 20,000 accounts over a year.
    pub fn new(config: Config) -> Simulation {
        let window = Window::new(config.start, config.days);
        let mut customers = Vec::with_capacity(config.accounts as usize);
        for index in 0..config.accounts {
            let mut account = Account::draw(config.seed, index, &window);
            account.parent = account.wants_parent.then(|| parent(&customers, index)).flatten();
            let contract = Contract::draw(config.seed, &account, &window);
            let crew = Crew::draw(config.seed, &account, &contract, &window);
            let diary = diary::write(config.seed, &account, &contract, &crew, &window);
            customers.push(Customer { account, contract, crew, diary });
        }
        let written: u64 = customers.iter().map(|c| c.diary.len() as u64).sum();
        let usage = Usage::new(config.seed, &window, &customers, config.events.saturating_sub(written));
        Simulation { config, window, customers, usage }
    }

    /// The accounts, by number.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.customers.iter().map(|customer| &customer.account)
    }

    /// Everyone at these accounts, by account.
    pub fn people(&self) -> impl Iterator<Item = Person> {
        self.customers.iter().flat_map(|customer| customer.crew.people(self.config.seed, &customer.account))
    }

    /// What they paid for, by account and time.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&Account, &Subscription)> {
        self.customers.iter().flat_map(|customer| customer.contract.subscriptions.iter().map(|s| (&customer.account, s)))
    }

    /// The truth: who left and why.
    pub fn churns(&self) -> impl Iterator<Item = (&Account, &Churn)> {
        self.customers.iter().filter_map(|customer| customer.contract.churn.as_ref().map(|churn| (&customer.account, churn)))
    }

    /// All events, in chunks of columns.
    pub fn events(&self, order: Order) -> impl Iterator<Item = Events> {
        stream::chunks(self, order)
    }
}

/// One of the enterprises before this account, near a number that follows from its own.
fn parent(customers: &[Customer], index: u32) -> Option<u32> {
    let from = (index as usize * 31) % customers.len().max(1);
    let enterprise = |c: &&Customer| c.account.segment == Segment::Enterprise && c.account.parent.is_none();
    customers[from..].iter().chain(&customers[..from]).find(enterprise).map(|c| c.account.index)
}
