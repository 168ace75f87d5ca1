//! A scan gives what the archive holds, whatever the partitions.

use std::collections::BTreeSet;
use std::path::Path;

use tenure_history::{Accounts, Archive, Needs, OTHER, Partition, Resolver, Scan};
use tenure_ingest::batch::{Builder, Row};
use tenure_model::definition::Property;
use tenure_model::time::DAY;
use tenure_model::{Calendar, Instant, Kind, Value};

/// Random enough, always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// 250,000 events of 300 accounts over four months: several row groups a month.
fn archive(folder: &Path) -> Archive {
    let mut dice = Dice(7);
    let mut archive = Archive::open(folder).unwrap();
    let mut import = archive.import("test", Instant(0), 0).unwrap();
    for _ in 0..25 {
        let mut builder = Builder::default();
        for _ in 0..10_000 {
            let account = dice.roll(300);
            let (person, path) = (format!("p{}", dice.roll(20)), format!(r#"{{"path":"/{}","n":{}}}"#, dice.roll(3), dice.roll(100)));
            builder.push(Row {
                account: Some(&format!("account {}", account * account / 300)),
                person: (dice.roll(10) > 0).then_some(person.as_str()),
                name: ["login", "page_viewed", "other"][dice.roll(3) as usize],
                time: Instant(dice.roll(120 * 86_400) as i64 * 1_000_000),
                properties: (dice.roll(2) > 0).then_some(path.as_str()),
                message_id: None,
            });
        }
        import.append(&builder.finish()).unwrap();
    }
    import.finish(&Resolver::default(), &mut |_, _| {}).unwrap();
    Archive::open(folder).unwrap()
}

/// Every event of a scan as a line.
fn lines(accounts: &Accounts, names: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for events in accounts.iter() {
        assert!(events.time.is_sorted());
        assert!(events.persons.is_sorted());
        for i in 0..events.len() {
            let person = events.persons.get(events.person[i] as usize).map_or("-", |p| p.as_ref());
            let name = names.get(events.name[i] as usize).map_or("-", String::as_str);
            lines.push(format!(
                "{} {} {person} {name} {} {} {}",
                events.account,
                events.time[i],
                events.position[i],
                events.field(i, 0),
                events.field(i, 1)
            ));
        }
    }
    lines
}

/// The same from the events in full.
fn expected(archive: &Archive, account: &str, until: Option<Instant>) -> Vec<String> {
    let line = |e: tenure_history::Event| {
        let json: serde_json::Value =
            e.properties.as_ref().filter(|_| e.name == "page_viewed").map(|p| serde_json::from_str(p.get()).unwrap()).unwrap_or_default();
        let path = json["path"].as_str().map_or(Value::Null, Value::text);
        let n = json["n"].as_f64().map_or(Value::Null, Value::Number);
        let name = if e.name == "other" { "-" } else { &e.name };
        format!("{account} {} {} {name} {} {path} {n}", e.time.0, e.person_id.as_deref().unwrap_or("-"), e.position)
    };
    archive.account(account, until).unwrap().into_iter().map(line).collect()
}

#[test]
fn scans_agree_with_the_events_in_full() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let names = ["login".to_owned(), "page_viewed".to_owned()];
    let properties = [Property { name: "path".into(), kind: Kind::Text }, Property { name: "n".into(), kind: Kind::Number }];
    let calendar = Calendar::utc();
    let needs = Needs {
        names: &names,
        properties: &properties,
        properties_of: Some(&[1]),
        calendar: &calendar,
        until: None,
        accounts: None,
        positions: true,
    };
    // Each in a thread of its own: they share no cursor.
    let scan = |n: usize, needs: &Needs<'_>| -> Vec<String> {
        std::thread::scope(|scope| {
            let read = |p: &Partition| lines(&p.read(needs).unwrap(), &names);
            let reading: Vec<_> = archive.partitions(n).into_iter().map(|p| scope.spawn(move || read(&p))).collect();
            reading.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    };

    let whole = scan(1, &needs);
    assert_eq!(whole.len(), 250_000);
    for n in [2, 5, 16] {
        assert!(archive.partitions(n).len() <= n);
        assert!(scan(n, &needs) == whole, "{n} partitions");
    }
    let joined = archive.partitions(16).into_iter().reduce(Partition::and).unwrap();
    assert!(lines(&joined.read(&needs).unwrap(), &names) == whole, "16 partitions as one");
    for account in ["account 0", "account 1", "account 133", "account 298"] {
        let of_account: Vec<&String> = whole.iter().filter(|l| l.starts_with(&format!("{account} "))).collect();
        assert!(of_account.iter().map(|l| l.as_str()).eq(expected(&archive, account, None).iter().map(String::as_str)), "{account}");
    }

    let until = Some(Instant(75 * DAY + 12_345));
    let two = BTreeSet::from(["account 1".to_owned(), "account 298".to_owned(), "account unknown".to_owned()]);
    let some = scan(3, &Needs { until, accounts: Some(&two), ..needs.clone() });
    let wanted: Vec<String> = ["account 1", "account 298"].iter().flat_map(|a| expected(&archive, a, until)).collect();
    assert!(!wanted.is_empty());
    assert_eq!(some, wanted);

    // One after the other by one scan, which keeps what lies on the edges; also where they do not follow each other.
    for n in [2, 16, 40] {
        for until in [None, until] {
            let needs = Needs { until, ..needs.clone() };
            let mut kept = Scan::new(needs.clone());
            let partitions = archive.partitions(n);
            let places = (0..partitions.len()).chain((0..partitions.len()).rev()).chain([0, partitions.len() / 2]);
            for place in places {
                let alone = lines(&partitions[place].read(&needs).unwrap(), &names);
                assert!(lines(kept.read(&partitions[place]).unwrap(), &names) == alone, "{n} partitions, the one at {place}");
            }
        }
    }

    let bare =
        archive.partitions(1)[0].read(&Needs { names: &[], properties: &[], properties_of: None, positions: false, ..needs }).unwrap();
    assert!(bare.iter().all(|events| events.position.is_empty() && events.name.iter().all(|n| *n == OTHER) && events.fields(0).is_none()));
}

#[test]
fn nothing_to_scan() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(folder.path()).unwrap();
    assert!(archive.partitions(4).is_empty());
    assert!(archive.account("a", None).unwrap().is_empty());
    assert_eq!(archive.span(), None);
}
