//! Lives a schedule: one service after the other on the same folder, each until it ends, whether it is stopped or killed.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::Poll;

use tenure_ingest::http::{Endpoint, Kind, entities, segment};
use tenure_ingest::journal::Record;
use tenure_model::Instant;
use tenure_model::time::{HOUR, MINUTE};
use tenure_service::{Limits, Parts, Service, Stepwise};
use tenure_store::{Hash, Moment, Source, SourceId, Store};
use tokio::runtime::Runtime;

use crate::check;
use crate::models::{self, Shape};
use crate::rng::Rng;
use crate::schedule::{Op, Request, Says, Schedule};

/// When a process ends as by SIGKILL: before a transaction begins, or when it has been committed. Between two of these nothing becomes durable
/// but files, and these ends are made of what is found then (`Life::files_as_before`).
#[derive(Clone, Copy, Debug)]
pub enum Ends {
    Never,
    /// At this moment, counted from the beginning of the world.
    At(u64),
    /// At so many of a thousand moments.
    Often(u64, i64),
}

/// What the panic of an end carries.
struct Killed;

/// Counts the moments, and ends processes.
pub struct Moments {
    ends: Ends,
    count: AtomicU64,
    last: std::sync::Mutex<(&'static str, Option<Moment>)>,
}

impl Moments {
    fn tell(&self, name: &'static str, moment: Moment) {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        let is_end = match self.ends {
            Ends::Never => false,
            Ends::At(at) => n == at,
            Ends::Often(seed, per_mille) => Rng::new(seed ^ n.wrapping_mul(0x2545_f491_4f6c_dd1d)).below(1_000) < per_mille,
        };
        if is_end {
            *self.last.lock().unwrap_or_else(|e| e.into_inner()) = (name, Some(moment));
            resume_unwind(Box::new(Killed));
        }
    }
}

/// A workspace and who lives in it.
pub struct Life<'r> {
    pub runtime: &'r Runtime,
    pub data: PathBuf,
    pub store: Store,
    pub moments: Arc<Moments>,
    pub clock: Arc<AtomicI64>,
    pub answered: Vec<Request>,
    pub sent: Vec<Request>,
    pub killed: u32,
    /// Models that were in force, or were to be.
    shapes: Vec<Shape>,
    prompt: bool,
    rng: Rng,
    opened: Option<Stepwise>,
}

impl<'r> Life<'r> {
    /// Shows the account that is looked at, where one is.
    #[expect(clippy::disallowed_methods, reason = "a test's own settings")]
    fn show(&self) {
        if let Ok(id) = std::env::var("TENURE_TRACE_ACCOUNT")
            && let Some(opened) = &self.opened
        {
            let written = self.runtime.block_on(self.store.outcomes_after(0, u32::MAX)).unwrap();
            for fact in written.iter().map(|o| &o.outcome).filter(|o| o.account == id) {
                eprintln!("    {}: {} {} {} {}", fact.position, fact.at, fact.kind, fact.subject, fact.detail);
            }
            let service = opened.service();
            let live = service.live();
            let row = live.account(&id).map(|account| format!("at {} {:?}", account.at(), account.row()));
            eprintln!(
                "  {}: {id} {row:?}; next timer {}, silent {:?}, to be told anew {:?}",
                self.now(),
                live.next_timer(),
                live.silent(),
                live.unsaved()
            );
        }
    }

    /// Lives a schedule to its end. Gives back the life, at rest, with everything in the archive.
    pub fn live(runtime: &'r Runtime, data: &Path, store: Store, schedule: &Schedule, ends: Ends) -> Life<'r> {
        runtime.block_on(sources(&store, schedule.begins));
        let moments = Arc::new(Moments { ends, count: AtomicU64::new(0), last: Default::default() });
        let watched = moments.clone();
        let seed = if let Ends::Often(seed, _) = ends { seed } else { 0 };
        let mut life = Life {
            runtime,
            data: data.to_owned(),
            store: store.watched(move |name, moment| watched.tell(name, moment)),
            moments,
            clock: Arc::new(AtomicI64::new(schedule.begins.0)),
            answered: vec![],
            sent: vec![],
            killed: 0,
            shapes: vec![schedule.shape],
            prompt: schedule.prompt,
            rng: Rng::new(seed),
            opened: None,
        };
        life.open();
        let mut latest = schedule.begins.0;
        for (n, op) in schedule.ops.iter().enumerate() {
            if crate::number("TENURE_TRACE").is_some() {
                eprintln!("{n}: at {} {op:?}", life.now());
            }
            life.does(op);
            latest = latest.max(life.now().0);
            life.show();
            check::marks(&life);
        }
        // What came in before a clock that went back at last lies ahead of it: a replay takes it then, too.
        life.clock.fetch_max(latest, Ordering::SeqCst);
        life.show();
        life.does(&Op::Rest);
        life.show();
        for _ in 0..2 {
            life.does(&Op::Archive);
            life.does(&Op::Rest);
        }
        // Ends on the way may have left something.
        while !life.service().live().is_settled() {
            life.does(&Op::Archive);
            life.does(&Op::Rest);
        }
        check::marks(&life);
        life.show();
        life
    }

    pub fn now(&self) -> Instant {
        Instant(self.clock.load(Ordering::SeqCst))
    }

    pub fn service(&self) -> &Service {
        self.opened.as_ref().expect("it runs").service()
    }

    pub fn moments_seen(&self) -> u64 {
        self.moments.count.load(Ordering::Relaxed)
    }

    fn does(&mut self, op: &Op) {
        match op {
            Op::Requests(requests) => self.send(requests),
            Op::Pass(micros) => _ = self.clock.fetch_add(*micros, Ordering::SeqCst),
            Op::Switch(shape) => {
                self.shapes.push(*shape);
                let (_, applied) = models::model(*shape, self.now());
                while self.shape_in_force() != *shape && !models::same(self.shape_in_force(), *shape) {
                    let (engine, applied) = (models::model(*shape, self.now()).0, applied.clone());
                    self.tries(|life| life.runtime.block_on(life.service().switch(engine, applied)).unwrap());
                }
            }
            Op::Restart => {
                let stopped = self.tries(|life| {
                    life.rest();
                    life.runtime.block_on(life.service().stop());
                });
                if stopped.is_some() {
                    self.opened = None;
                    self.open();
                }
            }
            Op::Step => self.until_done(|life| _ = life.step()),
            Op::Rest => self.until_done(Life::rest),
            Op::Archive => self.until_done(|life| _ = life.runtime.block_on(life.service().archive()).unwrap()),
            Op::Snapshot => self.until_done(|life| life.runtime.block_on(life.service().snapshot()).unwrap()),
            Op::Look => self.until_done(|life| life.runtime.block_on(life.opened.as_ref().expect("it runs").look())),
        }
    }

    fn until_done(&mut self, work: impl Fn(&mut Self)) {
        while self.tries(&work).is_none() {}
    }

    /// None: the process was killed meanwhile; another one has begun.
    fn tries<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let before = check::Files::of(&self.data);
        let done = self.unless_killed(work);
        if done.is_none() {
            self.files_as_before(&before);
            if !self.prompt && self.rng.percent(30) {
                self.clock.fetch_add(self.rng.below(30 * 60) * MINUTE, Ordering::SeqCst);
            }
            self.open();
        }
        done
    }

    fn unless_killed<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(done) => Some(done),
            Err(panic) if panic.is::<Killed>() => {
                // Nobody finishes anything.
                self.opened = None;
                self.killed += 1;
                if crate::number("TENURE_TRACE").is_some() {
                    eprintln!("  an end at {:?}", *self.moments.last.lock().unwrap_or_else(|e| e.into_inner()));
                }
                None
            }
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Killed before what was written to files was put into force: sometimes it had not been written yet.
    fn files_as_before(&mut self, before: &check::Files) {
        let (name, moment) = *self.moments.last.lock().unwrap_or_else(|e| e.into_inner());
        if moment != Some(Moment::Begins) || self.rng.percent(50) {
            return;
        }
        match name {
            "archive" => before.bring_back_catalog(&self.data),
            "snapshot" => check::tear_newest_snapshot(&self.data, &mut self.rng),
            _ => {}
        }
    }

    fn open(&mut self) {
        loop {
            let opened = self.unless_killed(|life| {
                let (engine, applied) = models::model(life.shape_in_force(), life.now());
                let clock = life.clock.clone();
                let parts = Parts {
                    store: life.store.clone(),
                    data: life.data.clone(),
                    engine,
                    applied,
                    clock: Arc::new(move || Instant(clock.load(Ordering::SeqCst))),
                    holder: "simulated".to_owned(),
                };
                let limits = Limits { archive_items: 25, archive_age: 2 * HOUR, ..Limits::default() };
                life.runtime.block_on(Stepwise::open(parts, limits)).unwrap()
            });
            if opened.is_some() {
                self.opened = opened;
                return;
            }
        }
    }

    /// The model that was applied last; at the beginning, the schedule's.
    pub fn shape_in_force(&self) -> Shape {
        let last = self.runtime.block_on(self.store.last_model()).unwrap();
        let is_last = |shape: &&Shape| last.as_ref().is_none_or(|last| last.revision == models::model(**shape, self.now()).1.revision);
        *self.shapes.iter().find(is_last).expect("nobody else applies models")
    }

    /// Sends until it is answered, as senders do.
    fn send(&mut self, requests: &[Request]) {
        self.sent.extend(requests.iter().cloned());
        let mut unanswered = requests.to_vec();
        while self.tries(|life| life.offer(&unanswered)).is_none() {
            // Whoever decided something looks whether it is there before deciding it again.
            let decided = self.runtime.block_on(self.store.decisions()).unwrap();
            unanswered.retain(|r| !matches!(&r.says, Says::Decision(d) if decided.iter().any(|known| known.decision == *d)));
        }
        self.answered.extend(requests.iter().cloned());
    }

    fn offer(&mut self, requests: &[Request]) {
        let opened = self.opened.as_ref().expect("it runs");
        let now = self.now();
        let offer = |request: Request| -> Pin<Box<dyn Future<Output = ()> + '_>> { Box::pin(offer(opened.service(), request, now)) };
        let mut offers: Vec<_> = requests.iter().cloned().map(offer).collect();
        self.runtime.block_on(async {
            // All of them wait for one commit, in this order.
            let begin = poll_fn(|context| {
                offers.iter_mut().for_each(|offer| assert!(offer.as_mut().poll(context).is_pending()));
                Poll::Ready(())
            });
            begin.await;
            if !offers.is_empty() {
                assert!(opened.commit().await);
            }
            for offer in offers {
                offer.await;
            }
        });
    }

    fn step(&mut self) -> bool {
        let opened = self.opened.as_mut().expect("it runs");
        self.runtime.block_on(opened.step()).unwrap()
    }

    fn rest(&mut self) {
        for _ in 0..200 {
            if !self.step() && self.service().live().next_timer() > self.now() {
                return;
            }
        }
        panic!("it does not come to rest");
    }
}

/// Who may send.
async fn sources(store: &Store, created_at: Instant) {
    let mut write = store.write().await.unwrap();
    for name in ["web", "app", "sync"] {
        let source = Source {
            id: SourceId::of(name),
            name: name.to_owned(),
            key_hash: Hash([name.as_bytes()[0]; 32]),
            created_at,
            disabled_at: None,
            max_gap_seconds: None,
            last_seen_at: None,
        };
        write.add_source(&source).await.unwrap();
    }
    write.commit().await.unwrap();
}

async fn offer(service: &Service, request: Request, now: Instant) {
    let answer = match &request.says {
        Says::Batch(body) => service.offer(request.source, now, &segment(Endpoint::Batch, body, now).unwrap()).await,
        Says::Accounts(body) => service.offer(request.source, now, &entities(Kind::Accounts, body, now).unwrap()).await,
        Says::People(body) => service.offer(request.source, now, &entities(Kind::People, body, now).unwrap()).await,
        Says::Subscriptions(body) => service.offer(request.source, now, &entities(Kind::Subscriptions, body, now).unwrap()).await,
        Says::Decision(decision) => service.record(request.source, now, Record::Decision(decision.clone())).await,
    };
    answer.unwrap();
}
