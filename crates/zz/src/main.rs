use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant as Clock;
use tenure_engine::*;
use tenure_history::*;
use tenure_model::*;
#[derive(Default)]
struct Tally {
    accounts: u64,
    days: u64,
    outcomes: u64,
    health: f64,
}
impl Sink for Tally {
    fn outcome(&mut self, _: &Account, _: Outcome) {
        self.outcomes += 1;
    }
    fn day(&mut self, account: &Account, _: Day) {
        self.days += 1;
        self.health += account.row().get(19).and_then(Value::as_number).unwrap_or(0.0);
    }
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let phase = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string("/work/main/benches/model.yaml")?;
    let model = Arc::new(tenure_model::check(&[("m".into(), text)]).map_err(|d| anyhow::anyhow!("{d:?}"))?);
    let cal = model.calendar.clone();
    let parse = |s: &str| cal.last_instant(cal.day(cal.parse(s).unwrap()));
    let engine = Engine::new(model.clone());
    let (to, mode) = match phase.as_str() {
        "asof" => (parse("2025-09-30"), Mode::Once),
        "read" => (parse("2025-12-31"), Mode::Once),
        "year" => (parse("2025-12-31"), Mode::Daily { from: cal.day(parse("2025-01-01")) }),
        _ => (parse("2025-12-31"), Mode::Exact),
    };
    let t0 = Clock::now();
    let archive = Archive::open(std::path::Path::new("/work/bench/workspace"))?;
    let store = tenure_store::Store::open(std::path::Path::new("/work/bench/workspace/tenure.db")).await?;
    let mut pages = store.inputs(2000).await?;
    let mut inputs = BTreeMap::new();
    while let Some(page) = pages.next().await? {
        inputs.extend(page.into_iter().map(|i| (i.account.clone(), i)));
    }
    println!("store {:?}", t0.elapsed());
    let queue: Mutex<Vec<Partition>> = Mutex::new(archive.partitions(21).into_iter().collect());
    let (mut read, mut eval) = (0.0, 0.0);
    let mut all = Tally::default();
    let parts: Vec<(Tally, f64, f64)> = std::thread::scope(|s| {
        let w: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| {
                    let mut tally = Tally::default();
                    let (mut read, mut eval) = (0.0, 0.0);
                    loop {
                        let Some(p) = queue.lock().unwrap().pop() else { break };
                        let t = Clock::now();
                        let needs = Needs {
                            names: &model.event_names,
                            properties: &model.properties,
                            properties_of: None,
                            calendar: &model.calendar,
                            until: Some(to),
                            accounts: None,
                            positions: false,
                        };
                        let accounts = p.read(&needs).unwrap();
                        read += t.elapsed().as_secs_f64();
                        let t = Clock::now();
                        if phase != "read" {
                            for events in accounts.iter() {
                                let mut changes = engine.changes(events.persons);
                                if let Some(said) = inputs.get(events.account.as_ref()) {
                                    changes.versions(&said.versions);
                                    changes.memberships(&said.memberships);
                                    changes.decisions(&said.decisions);
                                }
                                let (people, changes, _) = changes.finish();
                                let (rows, values) = events.property_rows();
                                let columns = Events { time: events.time, name: events.name, person: events.person, rows, values };
                                let mut account = engine.account(events.account.clone());
                                engine
                                    .advance(
                                        &mut account,
                                        &Inputs { people: &people, events: columns, changes: &changes },
                                        to,
                                        mode,
                                        &mut tally,
                                    )
                                    .unwrap();
                                tally.accounts += 1;
                            }
                        }
                        eval += t.elapsed().as_secs_f64();
                    }
                    (tally, read, eval)
                })
            })
            .collect();
        w.into_iter().map(|w| w.join().unwrap()).collect()
    });
    for (t, r, e) in parts {
        read += r;
        eval += e;
        all.accounts += t.accounts;
        all.days += t.days;
        all.outcomes += t.outcomes;
        all.health += t.health;
    }
    println!(
        "total {:?} read {read:.2} eval {eval:.2} core-s; accounts {} days {} outcomes {} health {}",
        t0.elapsed(),
        all.accounts,
        all.days,
        all.outcomes,
        all.health
    );
    Ok(())
}
