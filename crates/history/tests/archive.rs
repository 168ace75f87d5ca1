//! The archive as a function of what was imported: idempotent, independent of order, whole after every interruption.

use std::collections::BTreeMap;
use std::io::{BufReader, Seek};
use std::path::Path;

use proptest::prelude::*;
use tenure_history::{Archive, Format, Resolver, Summary};
use tenure_ingest::batch::{Builder, Row};
use tenure_model::Instant;
use tenure_model::input::{Membership, Merge};
use tenure_model::time::DAY;

const NOW: Instant = Instant(20_000 * DAY);

/// One event of a test's file.
#[derive(Clone, Debug, Default, PartialEq)]
struct Given {
    account: Option<&'static str>,
    person: Option<&'static str>,
    name: &'static str,
    /// Days since 1970.
    day: i64,
    message_id: Option<String>,
    properties: Option<&'static str>,
}

fn event(account: &'static str, name: &'static str, day: i64) -> Given {
    Given { account: Some(account), name, day, ..Given::default() }
}

fn by(person: &'static str, name: &'static str, day: i64) -> Given {
    Given { person: Some(person), name, day, ..Given::default() }
}

fn import_with(data: &Path, file: &[Given], resolver: &Resolver, memory_max: usize) -> Summary {
    let mut archive = Archive::open(data).unwrap();
    let mut import = archive.import("test", NOW, 0).unwrap().memory_max(memory_max);
    for chunk in file.chunks(3) {
        let mut builder = Builder::default();
        for e in chunk {
            let time = Instant(e.day * DAY);
            builder.push(Row {
                account: e.account,
                person: e.person,
                name: e.name,
                time,
                message_id: e.message_id.as_deref(),
                properties: e.properties,
            });
        }
        import.append(&builder.finish()).unwrap();
    }
    import.finish(resolver, &mut |_, _| {}).unwrap()
}

fn import(data: &Path, file: &[Given], resolver: &Resolver) -> Summary {
    import_with(data, file, resolver, usize::MAX)
}

/// All that is in the archive, but position and time of arrival.
fn content(data: &Path) -> Vec<String> {
    let mut out = Vec::new();
    Archive::open(data).unwrap().export(&mut out, Format::Ndjson).unwrap();
    let lines = String::from_utf8(out).unwrap();
    let strip = |line: &str| {
        let mut event: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        event.remove("position");
        event.remove("received_at");
        serde_json::to_string(&event).unwrap()
    };
    lines.lines().map(strip).collect()
}

fn stay(person: &str, account: &str, from: Option<i64>, until: Option<i64>) -> Membership {
    let day = |d: i64| Instant(d * DAY);
    Membership { person: person.into(), account: account.into(), from: from.map(day), until: until.map(day) }
}

#[test]
fn the_same_file_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = Resolver::default();
    let mut file = vec![
        event("b", "login", 100),
        event("a", "login", 100),
        event("a", "login", 100),
        event("a", "login", 131),
        by("ann", "login", 100),
    ];
    file.push(Given { message_id: Some("m1".into()), ..event("a", "login", 100) });
    let first = import(folder.path(), &file, &nobody);
    assert_eq!((first.rows, first.added, first.duplicates, first.quarantined), (6, 6, 0, 1));
    let catalog = Archive::open(folder.path()).unwrap().catalog().clone();

    let again = import(folder.path(), &file, &nobody);
    assert_eq!((again.rows, again.added, again.duplicates), (6, 0, 6));
    assert_eq!(Archive::open(folder.path()).unwrap().catalog(), &catalog, "not even a file is written");

    // Equal rows are told apart by their ordinal: the third login of a that day is new.
    file.push(event("a", "login", 100));
    file.push(event("a", "login", 400));
    let extended = import(folder.path(), &file, &nobody);
    assert_eq!((extended.added, extended.duplicates), (2, 6));
    assert_eq!(content(folder.path()).len(), 8);
}

#[test]
fn a_message_counts_once_whatever_came_first() {
    let early = Given { message_id: Some("m".into()), ..event("a", "login", 100) };
    let late = Given { message_id: Some("m".into()), ..event("a", "login", 101) };
    let other = Given { message_id: Some("n".into()), ..event("a", "login", 101) };
    let contents: Vec<_> = [vec![early.clone(), late.clone(), other.clone()], vec![other, late, early]]
        .iter()
        .map(|order| {
            let folder = tempfile::tempdir().unwrap();
            for event in order {
                import(folder.path(), std::slice::from_ref(event), &Resolver::default());
            }
            content(folder.path())
        })
        .collect();
    assert_eq!(contents[0], contents[1]);
    assert_eq!(contents[0].len(), 2);
}

#[test]
fn an_account_is_read_while_the_archive_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = Resolver::default();
    import(folder.path(), &[event("a", "login", 100)], &nobody);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for day in 101..160 {
                import(folder.path(), &[event("a", "login", day)], &nobody);
            }
        });
        let mut known = 0;
        while !writer.is_finished() {
            let found = Archive::account_now(folder.path(), "a").unwrap().len();
            assert!(found >= 1.max(known), "{found} events, {known} before");
            known = found;
        }
    });
    assert_eq!(Archive::account_now(folder.path(), "a").unwrap().len(), 60);
}

#[test]
fn an_import_that_is_broken_off_never_happened() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = Resolver::default();
    import(folder.path(), &[event("a", "login", 100)], &nobody);
    let before = content(folder.path());
    {
        let mut archive = Archive::open(folder.path()).unwrap();
        let mut import = archive.import("test", NOW, 0).unwrap().memory_max(0);
        let mut builder = Builder::default();
        builder.push(Row { account: Some("b"), name: "login", time: Instant(0), ..Row::default() });
        import.append(&builder.finish()).unwrap();
    }
    // A crash after files were written and before the catalog was: they are there and nobody knows them.
    let orphan = folder.path().join("events/1970-01/000099.parquet");
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, "half a file").unwrap();
    std::fs::write(orphan.with_extension("tmp"), "another half").unwrap();
    assert_eq!(content(folder.path()), before);
    assert_eq!(import(folder.path(), &[event("b", "login", 0)], &nobody).added, 1);
    assert!(!orphan.exists() && !orphan.with_extension("tmp").exists());
    assert!(!folder.path().join("events/.import").exists());
}

#[test]
fn one_writer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (Archive::open(folder.path()).unwrap(), Archive::open(folder.path()).unwrap());
    let import = one.import("test", NOW, 0).unwrap();
    assert!(matches!(two.import("test", NOW, 0), Err(tenure_history::Error::Busy(_))));
    drop(import);
    assert!(two.import("test", NOW, 0).is_ok());
}

#[test]
fn whose_event() {
    let folder = tempfile::tempdir().unwrap();
    let file = [
        by("ann", "login", 100),
        by("ann", "login", 200),
        by("bob", "login", 100),
        event("old", "login", 100),
        Given { account: Some("x"), ..by("ann", "login", 300) },
        Given { name: "login", day: 1, ..Given::default() },
    ];
    let summary = import(folder.path(), &file, &Resolver::default());
    assert_eq!((summary.added, summary.quarantined), (6, 4));

    let merge = Merge { account: true, from: "old".into(), into: "new".into(), at: NOW };
    let moves =
        [stay("ann", "a", None, Some(150)), stay("ann", "b", Some(150), None), stay("bob", "a", None, None), stay("bob", "b", None, None)];
    let mut archive = Archive::open(folder.path()).unwrap();
    let resolved = archive.resolve(&Resolver::new(&moves, std::slice::from_ref(&merge))).unwrap();
    assert_eq!((resolved.found, resolved.lost, resolved.moved), (2, 0, 1));
    insta::assert_snapshot!(content(folder.path()).join("\n"));

    // Nothing to do the second time; the file is known whatever the events' accounts have become.
    let resolver = Resolver::new(&moves, &[merge]);
    assert_eq!(archive.resolve(&resolver).unwrap(), Default::default());
    assert_eq!(import(folder.path(), &file, &resolver).added, 0);
    let resolved = archive.resolve(&Resolver::default()).unwrap();
    assert_eq!((resolved.found, resolved.lost, resolved.moved), (0, 2, 1));
}

#[test]
fn a_merged_person_keeps_the_id_that_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = [by("anonymous", "login", 100)];
    let merge = Merge { account: false, from: "anonymous".into(), into: "ann".into(), at: NOW };
    let resolver = Resolver::new(&[stay("ann", "a", None, None)], &[merge]);
    import(folder.path(), &file, &resolver);
    let event = &Archive::open(folder.path()).unwrap().account("a", None).unwrap()[0];
    assert_eq!((event.person_id.as_deref(), event.given_person_id.as_deref()), (Some("ann"), Some("anonymous")));
    assert_eq!(import(folder.path(), &file, &resolver).added, 0);
}

#[test]
fn future_events_wait_but_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let summary = import(folder.path(), &[event("a", "login", 20_001), event("a", "login", 19_999)], &Resolver::default());
    assert_eq!((summary.added, summary.future), (2, 1));
    let archive = Archive::open(folder.path()).unwrap();
    assert_eq!(archive.account("a", Some(NOW)).unwrap().len(), 1);
    assert_eq!(archive.account("a", None).unwrap().len(), 2);
}

#[test]
fn what_is_exported_can_be_imported() {
    let folder = tempfile::tempdir().unwrap();
    let resolver = Resolver::new(&[stay("ann", "a", None, None)], &[]);
    let file = [
        by("ann", "login", 100),
        event("b", "say \"hi\", then go", 200),
        Given { message_id: Some("m".into()), properties: Some(r#"{"path":"/","n":[1,2]}"#), ..by("bob", "click", 100) },
    ];
    import(folder.path(), &file, &resolver);
    let archive = Archive::open(folder.path()).unwrap();
    let strip = |lines: Vec<String>| {
        lines.into_iter().map(|l| l.replace(r#""given_account_id":"a","#, "").replace(r#""given_account_id":"b","#, "")).collect::<Vec<_>>()
    };
    for format in [Format::Ndjson, Format::Csv, Format::Parquet] {
        let mut exported = tempfile::tempfile().unwrap();
        assert_eq!(archive.export(&mut exported, format).unwrap(), 3);
        exported.rewind().unwrap();
        let (mapping, lookups) = (tenure_ingest::Mapping::default_for(tenure_ingest::Import::Events), tenure_ingest::Lookups::default());
        let chunks = match format {
            Format::Ndjson => tenure_ingest::ndjson(BufReader::new(exported), &mapping, &lookups),
            Format::Csv => tenure_ingest::csv(exported, &mapping, &lookups),
            Format::Parquet => tenure_ingest::parquet(exported, &mapping, &lookups),
        };
        let copy = tempfile::tempdir().unwrap();
        let mut other = Archive::open(copy.path()).unwrap();
        let mut import = other.import("test", NOW, 0).unwrap();
        for chunk in chunks.unwrap() {
            let chunk = chunk.unwrap();
            assert_eq!(chunk.rejects, []);
            chunk.events.iter().for_each(|batch| import.append(batch).unwrap());
        }
        import.finish(&resolver, &mut |_, _| {}).unwrap();
        assert_eq!(strip(content(copy.path())), strip(content(folder.path())), "{format:?}");
    }
}

fn any_event() -> impl Strategy<Value = Given> {
    let account = prop::option::of(prop::sample::select(vec!["a", "b", "old"]));
    let person = prop::option::of(prop::sample::select(vec!["ann", "bob", "cy"]));
    let properties = prop::option::of(prop::sample::select(vec![r#"{"path":"/"}"#, r#"{"n":1}"#]));
    (account, person, prop::sample::select(vec!["login", "click"]), 60..130i64, prop::option::of(0..30u32), properties).prop_map(
        |(account, person, name, day, id, properties)| {
            let mut given = Given { account, person, name, day, properties, message_id: None };
            // A message id stands for one content.
            given.message_id = id.map(|_| format!("{account:?}{person:?}{name}{day}{properties:?}"));
            given
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, rng_seed: proptest::test_runner::RngSeed::Fixed(2), failure_persistence: None, ..ProptestConfig::default() })]

    /// Files in any order, some twice, memberships before or after or between, through memory or put aside: the same archive.
    #[test]
    fn any_order_gives_the_same_archive(
        files in prop::collection::vec(prop::collection::vec(any_event(), 0..12), 1..4),
        order in Just((0..4usize).collect::<Vec<_>>()).prop_shuffle(),
        settle_at in 0..4usize,
        spills in any::<bool>(),
    ) {
        let moves = [stay("ann", "a", None, Some(90)), stay("ann", "b", Some(100), None), stay("bob", "old", None, None), stay("bob", "a", Some(110), None)];
        let resolver = Resolver::new(&moves, &[Merge { account: true, from: "old".into(), into: "b".into(), at: NOW }]);

        let straight = tempfile::tempdir().unwrap();
        for file in &files {
            import(straight.path(), file, &resolver);
        }

        let shuffled = tempfile::tempdir().unwrap();
        let nobody = Resolver::default();
        for (step, i) in order.iter().chain(&order).enumerate() {
            let known = if step < settle_at { &nobody } else { &resolver };
            if step == settle_at {
                Archive::open(shuffled.path()).unwrap().resolve(&resolver).unwrap();
            }
            if let Some(file) = files.get(*i) {
                import_with(shuffled.path(), file, known, if spills { 0 } else { usize::MAX });
            }
        }
        prop_assert_eq!(content(straight.path()), content(shuffled.path()));
    }
}
