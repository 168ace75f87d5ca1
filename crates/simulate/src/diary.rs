//! The diary of an account: what happens now and then — tickets, surveys, meetings, invoices — decided before the daily use is drawn.

use crate::account::{Account, Segment};
use crate::clock::{DAY, HOUR, Window, months_later};
use crate::contract::{Contract, Reason};
use crate::event::{Event, Name, Property};
use crate::people::{Crew, NOBODY};
use crate::rng::{Rng, Stream};

const PRIORITIES: [(&str, f64); 4] = [("low", 0.35), ("normal", 0.45), ("high", 0.16), ("urgent", 0.04)];
const INTEGRATIONS: [&str; 6] = ["salesforce", "slack", "hubspot", "jira", "snowflake", "zapier"];

struct Pen<'a> {
    account: &'a Account,
    contract: &'a Contract,
    crew: &'a Crew,
    /// The account's part of the window.
    from: i64,
    until: i64,
    rng: Rng,
    entries: Vec<Event>,
}

/// The diary of an account within the window, in order of time.
pub(crate) fn write(seed: u64, account: &Account, contract: &Contract, crew: &Crew, window: &Window) -> Vec<Event> {
    let from = account.started_at.max(window.start);
    let until = contract.ends(window).max(from);
    let mut pen = Pen { account, contract, crew, from, until, rng: Rng::new(seed, Stream::Diary, account.index, 0), entries: Vec::new() };
    pen.welcome();
    pen.tickets();
    pen.surveys();
    pen.meetings();
    pen.invoices();
    pen.cards();
    pen.entries.sort_by_key(|event| event.time);
    pen.entries
}

impl Pen<'_> {
    fn add(&mut self, time: i64, person: u32, name: Name, property: Property) {
        if (self.from..self.until).contains(&time) {
            self.entries.push(Event { time, account: self.account.index, person, name, property });
        }
    }

    /// A time at the account's office hours, about every so many days from the beginning of its part of the window on.
    fn about_every(&mut self, days: f64) -> Vec<i64> {
        let mut times = Vec::new();
        let mut day = (self.from as f64) / DAY as f64 + self.rng.exponential(days);
        while ((day * DAY as f64) as i64) < self.until {
            times.push(self.office_hours(day as i64));
            day += self.rng.exponential(days);
        }
        times
    }

    fn office_hours(&mut self, day: i64) -> i64 {
        let hour = self.rng.between(8.0, 18.0) - f64::from(self.account.hours_ahead);
        day * DAY + (hour.rem_euclid(24.0) * HOUR as f64) as i64
    }

    fn someone(&mut self, time: i64) -> u32 {
        self.crew.someone(time, &mut self.rng)
    }

    fn is_declining(&self, time: i64) -> bool {
        self.contract.churn.as_ref().and_then(|churn| churn.decline_from).is_some_and(|from| from <= time)
    }

    fn leaves_for(&self, reason: Reason) -> bool {
        self.contract.churn.as_ref().is_some_and(|churn| churn.reason == reason)
    }

    /// The first login, invitations, integrations.
    fn welcome(&mut self) {
        self.add(self.account.started_at, 0, Name::Login, Property::None);
        for number in 1..self.crew.joined.len() {
            self.add(self.crew.joined[number] - HOUR, 0, Name::InviteSent, Property::None);
        }
        let few = self.leaves_for(Reason::LowAdoption);
        let most = if few { 2 } else { u32::from(self.account.breadth) };
        for _ in 0..self.rng.below(most) {
            let day = self.account.started_at / DAY + self.rng.exponential(60.0) as i64;
            let time = self.office_hours(day);
            let integration = self.rng.pick(&INTEGRATIONS);
            self.add(time, 0, Name::IntegrationConnected, Property::Integration(integration));
        }
    }

    fn tickets(&mut self) {
        let a_year = match self.account.segment {
            Segment::Enterprise => 14.0,
            Segment::MidMarket => 5.0,
            Segment::Small => 2.0,
        };
        let poor = self.leaves_for(Reason::PoorSupport);
        for opened in self.about_every(365.0 / a_year / if poor { 6.0 } else { 1.0 }) {
            let trouble = poor && self.is_declining(opened);
            if poor && !trouble && !self.rng.chance(1.0 / 6.0) {
                continue;
            }
            let person = self.someone(opened);
            let priority = if trouble { self.rng.pick(&["high", "urgent"]) } else { self.rng.weighted(&PRIORITIES) };
            let days = self.rng.lognormal(if trouble { 9.0 } else { 1.2 }, 0.9);
            let closed = opened + (days * DAY as f64) as i64;
            self.add(opened, person, Name::SupportTicketOpened, Property::Priority(priority));
            self.add(closed, person, Name::SupportTicketClosed, Property::Priority(priority));
            if self.rng.chance(0.3) {
                let score = (5.0 - days / 4.0 + 0.7 * self.rng.normal()).clamp(1.0, 5.0) as u8;
                self.add(closed + 3 * HOUR, person, Name::SurveyAnswered, Property::Answer { survey: "csat", score });
            }
        }
    }

    fn surveys(&mut self) {
        for time in self.about_every(110.0) {
            let mood = if self.is_declining(time) { 5.5 } else { 8.2 };
            let score = (mood + 1.8 * self.rng.normal()).clamp(0.0, 10.0) as u8;
            let person = self.someone(time);
            self.add(time, person, Name::SurveyAnswered, Property::Answer { survey: "nps", score });
        }
    }

    fn meetings(&mut self) {
        let days = match self.account.segment {
            Segment::Enterprise => 30.0,
            Segment::MidMarket => 90.0,
            Segment::Small => return,
        };
        for time in self.about_every(days) {
            if self.is_declining(time) && self.rng.chance(0.7) {
                continue;
            }
            let role = self.rng.weighted(&[("admin", 0.5), ("exec", 0.25), ("user", 0.25)]);
            self.add(time, 0, Name::MeetingHeld, Property::Role(role));
        }
    }

    fn invoices(&mut self) {
        let contract = self.contract;
        for term in contract.subscriptions.iter().filter(|term| term.arr > 0) {
            let until = term.ended_at.unwrap_or(self.until).min(self.until);
            let (step, amount) = if term.monthly { (1, term.arr / 12) } else { (12, term.arr) };
            let dues = (0..).map(|n| months_later(term.started_at, n * step)).take_while(|&due| due < until);
            for due in dues {
                let paid = due + (self.rng.exponential(6.0) * DAY as f64) as i64;
                self.add(paid, NOBODY, Name::InvoicePaid, Property::Amount(amount));
            }
        }
    }

    fn cards(&mut self) {
        if self.contract.subscriptions.iter().all(|term| term.card_expires_at.is_none()) {
            return;
        }
        for time in self.about_every(2_000.0) {
            self.add(time, NOBODY, Name::CardFailed, Property::None);
        }
        if self.leaves_for(Reason::CardFailed) {
            for days in [20, 15, 8, 1] {
                self.add(self.until - days * DAY, NOBODY, Name::CardFailed, Property::None);
            }
        }
    }
}
