//! What happens in the world of a seed: requests, jumps of the clock, archiving, snapshots, changes of the model, restarts.

use tenure_model::Instant;
use tenure_model::input::{Action, Decision, OverrideKind};
use tenure_model::time::{DAY, HOUR, MINUTE, SECOND};

use crate::models::{self, Shape};
use crate::rng::Rng;

/// Something that is sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub source: &'static str,
    pub says: Says,
    /// The message ids of its events that can be read.
    pub messages: Vec<String>,
    /// Its items that cannot, as they stand.
    pub bad: Vec<String>,
}

/// By which way.
#[derive(Clone, Debug)]
pub enum Says {
    Batch(String),
    Accounts(String),
    People(String),
    Subscriptions(String),
    Decision(Decision),
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Op {
    /// Requests that come in while a commit is under way.
    Requests(Vec<Request>),
    /// One step of the engine.
    Step,
    /// Steps until nothing is due.
    Rest,
    Archive,
    Snapshot,
    /// The archiver looks whether it is time.
    Look,
    /// The clock goes on, or back a little.
    Pass(i64),
    Switch(Shape),
    /// A clean stop and a start.
    Restart,
}

/// A world: where it begins, by which model, and what happens.
pub struct Schedule {
    pub begins: Instant,
    pub shape: Shape,
    /// The engine follows every commit before the clock goes on, and every jump of the clock before something comes in. Then a crash costs no time,
    /// and nothing at all may differ from a run without one.
    pub prompt: bool,
    pub ops: Vec<Op>,
}

const ACCOUNTS: [&str; 4] = ["acme", "north", "lone", "group"];
const PERSONS: [&str; 5] = ["ann", "bob", "cem", "dia", "eve"];
const SOURCES: [&str; 2] = ["src_web", "src_app"];
/// Just before the clocks go on or back, somewhere.
const BEGINS: [&str; 4] = ["2025-03-28T20:00:00Z", "2025-10-25T10:00:00Z", "2025-06-30T09:00:00Z", "2024-02-28T23:50:00Z"];

/// What there may be in a world beside events; each seed has some of it.
pub mod features {
    /// Persons belong to several accounts, or come to belong to another one.
    pub const MOVES: u32 = 1;
    /// Anonymous persons become known, persons become one.
    pub const MERGES: u32 = 2;
    /// Events name an account, whether their person belongs to it or not.
    pub const NAMED: u32 = 4;
    /// Accounts have a parent.
    pub const PARENTS: u32 = 8;
    /// Subscriptions begin and end.
    pub const CONTRACTS: u32 = 16;
    /// Teammates decide.
    pub const DECISIONS: u32 = 32;
    /// Other models take over.
    pub const SWITCHES: u32 = 64;
    /// What is said of accounts holds from some other time than now.
    pub const DATED: u32 = 128;
    /// The clock goes back a little.
    pub const BACK: u32 = 256;
}

impl Schedule {
    /// The world of a seed, with some of these features.
    pub fn new(seed: u64, allowed: u32) -> Schedule {
        let rng = &mut Rng::new(seed);
        let begins = Instant::parse(rng.pick(&BEGINS)).unwrap();
        let (shape, prompt) = (models::any(rng), rng.percent(70));
        let features = allowed & rng.next() as u32;
        let mut world = World { rng, now: begins, shape, features, number: 0, sent: vec![], answered: vec![] };
        let mut ops = Vec::new();
        for _ in 0..12 + world.rng.below(25) {
            world.some(prompt, &mut ops);
        }
        Schedule { begins, shape, prompt, ops }
    }
}

impl Schedule {
    /// Does another model take over?
    pub fn switches(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Switch(_)))
    }
}

/// While the schedule is made.
struct World<'r> {
    rng: &'r mut Rng,
    now: Instant,
    shape: Shape,
    features: u32,
    number: usize,
    /// Items that were sent and can be sent again: text and message id.
    sent: Vec<(String, String)>,
    answered: Vec<Request>,
}

impl World<'_> {
    fn has(&self, feature: u32) -> bool {
        self.features & feature != 0
    }

    /// A weight, where there is such a thing.
    fn if_has(&self, feature: u32, weight: i64) -> i64 {
        if self.has(feature) { weight } else { 0 }
    }

    /// Somebody, and an account that they belong to.
    fn member(&mut self) -> (&'static str, &'static str) {
        let person = self.rng.below(PERSONS.len() as i64) as usize;
        let account = if self.has(features::MOVES) { self.rng.pick(&ACCOUNTS) } else { ACCOUNTS[person % ACCOUNTS.len()] };
        (PERSONS[person], account)
    }

    fn some(&mut self, prompt: bool, ops: &mut Vec<Op>) {
        let switches = self.if_has(features::SWITCHES, 4);
        let kind = self.rng.weighted(&[(50, 0), (20, 1), (9, 2), (6, 3), (4, 4), (4, 5), (switches, 6), (3, 7)]);
        match kind {
            0 => {
                let n = 1 + self.rng.below(3) / 2 * self.rng.below(3);
                let requests = (0..n).map(|_| self.request()).collect();
                ops.push(Op::Requests(requests));
            }
            1 => {
                let micros = self.pause();
                self.now = self.now.plus(micros);
                ops.push(Op::Pass(micros));
            }
            2 => ops.push(Op::Archive),
            3 => ops.push(Op::Snapshot),
            4 => ops.push(Op::Look),
            5 => ops.push(Op::Restart),
            6 => {
                self.shape = models::changed(self.rng, self.shape);
                ops.push(Op::Switch(self.shape));
            }
            _ => ops.push(Op::Step),
        }
        if prompt || self.rng.percent(60) {
            ops.push(Op::Rest);
        }
    }

    /// Mostly minutes and hours, sometimes days, sometimes a little back.
    fn pause(&mut self) -> i64 {
        let back = self.if_has(features::BACK, 1);
        match self.rng.weighted(&[(5, 0), (5, 1), (3, 2), (back, 3)]) {
            0 => self.rng.below(20 * 60) * SECOND,
            1 => self.rng.below(9 * 60) * MINUTE,
            2 => self.rng.below(4 * 24 * 60) * MINUTE,
            _ => -self.rng.below(90) * SECOND,
        }
    }

    /// When something happened that is said now: mostly just before, sometimes long ago, sometimes later.
    fn time(&mut self) -> Instant {
        let back = match self.rng.weighted(&[(6, 0), (3, 1), (2, 2), (1, 3), (1, 4)]) {
            0 => self.rng.below(8 * 60) * SECOND,
            1 => self.rng.below(5 * 60) * MINUTE,
            2 => self.rng.below(5 * 24) * HOUR,
            3 => self.rng.below(40) * DAY,
            _ => -self.rng.below(30) * HOUR,
        };
        self.now.plus(-back)
    }

    fn id(&mut self, of: &str) -> String {
        self.number += 1;
        format!("{of}{}", self.number)
    }

    fn request(&mut self) -> Request {
        if !self.answered.is_empty() && self.rng.percent(10) {
            // Sent again though it was answered: the answer got lost on its way.
            let which = self.rng.below(self.answered.len() as i64) as usize;
            return self.answered[which].clone();
        }
        let (contracts, decisions) = (self.if_has(features::CONTRACTS, 3), self.if_has(features::DECISIONS, 3));
        let request = match self.rng.weighted(&[(30, 0), (3, 1), (3, 2), (contracts, 3), (decisions, 4)]) {
            0 => self.batch(),
            1 => self.table(|world| {
                let (account, tier, owner) = (world.rng.pick(&ACCOUNTS), world.rng.below(3), world.rng.pick(&["carla", "otto"]));
                let dated = if world.has(features::DATED) && world.rng.percent(50) { format!(",\"valid_from\":\"{}\"", world.time()) } else { String::new() };
                Says::Accounts(format!(r#"{{"id":"{account}","tier":{tier},"owner":"{owner}"{dated}}}"#))
            }),
            2 => self.table(|world| {
                let ((person, account), from) = (world.member(), world.time());
                let from = if world.has(features::MOVES) && world.rng.percent(50) { format!(",\"account_from\":\"{from}\"") } else { String::new() };
                Says::People(format!(r#"{{"id":"{person}","account_id":"{account}","role":"admin"{from}}}"#))
            }),
            3 => self.table(|world| {
                let (account, n, starts, renews) = (world.rng.pick(&ACCOUNTS), world.rng.below(2), world.time(), world.rng.below(60));
                let ends = if world.rng.percent(30) { format!("\"{}\"", world.time().plus(3 * DAY)) } else { "null".to_owned() };
                let (renewal, seats) = (starts.plus(renews * DAY), world.rng.below(5));
                Says::Subscriptions(format!(
                    r#"{{"id":"s{n}","account_id":"{account}","started_at":"{starts}","renewal_at":"{renewal}","ended_at":{ends},"seats":{seats}}}"#
                ))
            }),
            _ => self.table(World::decision),
        };
        self.answered.push(request.clone());
        self.answered.retain(|r| !matches!(r.says, Says::Decision(_)));
        request
    }

    fn table(&mut self, say: impl Fn(&mut Self) -> Says) -> Request {
        Request { source: "src_sync", says: say(self), messages: vec![], bad: vec![] }
    }

    fn decision(&mut self) -> Says {
        let until = if self.rng.percent(50) { Some(self.now.plus(self.rng.below(72) * HOUR)) } else { None };
        let action = match self.rng.below(5) {
            0 => Action::SetStage { stage: self.rng.pick(&["onboarding", "adoption", "leaving"]).to_owned(), until },
            1 => Action::ReleaseStage,
            2 => Action::Override { target: "total".into(), how: OverrideKind::Cap, value: self.rng.below(100) as f64, until },
            3 => Action::ClearOverride { target: "total".into() },
            _ => Action::Waive { milestone: "two".into() },
        };
        let reason = self.id("reason");
        Says::Decision(Decision { account: self.rng.pick(&ACCOUNTS).into(), at: self.now, author: "carla".into(), reason, action })
    }

    fn batch(&mut self) -> Request {
        let source = self.rng.pick(&SOURCES);
        let (mut items, mut messages, mut bad) = (vec![], vec![], vec![]);
        for _ in 0..1 + self.rng.below(5) {
            if !self.sent.is_empty() && self.rng.percent(6) {
                let which = self.rng.below(self.sent.len() as i64) as usize;
                let (item, id) = self.sent[which].clone();
                items.push(item);
                messages.push(id);
            } else if self.rng.percent(6) {
                let item = self.bad();
                items.push(item.clone());
                bad.push(item);
            } else {
                let (item, message) = self.item();
                if let Some(id) = message {
                    self.sent.push((item.clone(), id.clone()));
                    messages.push(id);
                }
                items.push(item);
            }
        }
        Request { source, says: Says::Batch(format!("{{\"batch\":[{}]}}", items.join(","))), messages, bad }
    }

    fn bad(&mut self) -> String {
        let id = self.id("bad");
        match self.rng.below(3) {
            0 => format!(r#"{{"type":"track","messageId":"{id}","userId":"ann"}}"#),
            1 => format!(r#"{{"type":"track","messageId":"{id}","event":"login","userId":"ann","timestamp":"soon"}}"#),
            _ => format!(r#"{{"type":"dance","messageId":"{id}"}}"#),
        }
    }

    /// An item, and its message id where it is an event.
    fn item(&mut self) -> (String, Option<String>) {
        let id = self.id("m");
        let ((person, account), time) = (self.member(), self.time());
        let (links, aliases) = (self.if_has(features::MERGES, 3), self.if_has(features::MERGES, i64::from(self.has(features::MOVES))));
        match self.rng.weighted(&[(20, 0), (links, 1), (4, 2), (aliases, 3)]) {
            0 => {
                let name = self.rng.weighted(&[(6, "login"), (2, "upgraded"), (1, "other")]);
                let who = if self.has(features::MERGES) && self.rng.percent(15) {
                    format!("\"anonymousId\":\"anon{}\"", self.rng.below(3))
                } else {
                    format!("\"userId\":\"{person}\"")
                };
                let named = self.rng.pick(&ACCOUNTS);
                let of = if self.has(features::NAMED) && self.rng.percent(45) {
                    format!(",\"context\":{{\"groupId\":\"{named}\"}}")
                } else {
                    String::new()
                };
                let plan = self.rng.below(3);
                let item = format!(
                    r#"{{"type":"track","messageId":"{id}","event":"{name}",{who}{of},"timestamp":"{time}","properties":{{"plan":"p{plan}"}}}}"#
                );
                (item, Some(id))
            }
            1 => {
                let (anon, role) = (self.rng.below(3), self.rng.pick(&["admin", "user"]));
                (
                    format!(
                        r#"{{"type":"identify","messageId":"{id}","userId":"{person}","anonymousId":"anon{anon}","timestamp":"{time}","traits":{{"role":"{role}"}}}}"#
                    ),
                    None,
                )
            }
            2 => {
                let parent =
                    if self.has(features::PARENTS) && account != "group" && self.rng.percent(30) { ",\"parent\":\"group\"" } else { "" };
                let tier = self.rng.below(3);
                (
                    format!(
                        r#"{{"type":"group","messageId":"{id}","userId":"{person}","groupId":"{account}","timestamp":"{time}","traits":{{"tier":{tier}{parent}}}}}"#
                    ),
                    None,
                )
            }
            _ => {
                let other = self.rng.pick(&PERSONS);
                (format!(r#"{{"type":"alias","messageId":"{id}","userId":"{person}","previousId":"{other}","timestamp":"{time}"}}"#), None)
            }
        }
    }
}
