//! The three data sets nobody of us wrote, through the mapping files that ship. Where the data is not present, the tests say so and pass.

use std::fs::File;
use std::path::{Path, PathBuf};

use tenure_history::{Archive, Resolver, Summary};
use tenure_ingest::{Import, Lookups, Mapping, csv, parquet};
use tenure_model::Instant;
use tenure_model::input::Membership;

const NOW: Instant = Instant(1_800_000_000_000_000);

/// The folder of the data; None where it is not there.
fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// What a file gives, events imported into the archive.
struct Told {
    rows: u64,
    versions: usize,
    rejects: usize,
    memberships: Vec<Membership>,
    summary: Option<Summary>,
}

fn import(archive: &Path, mapping: &str, file: &Path, members: &[Membership]) -> Told {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(mapping);
    let mapping = Mapping::parse(mapping, &std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|d| panic!("{}", d[0]));
    let mut lookups = Lookups::default();
    for name in mapping.lookup_files() {
        lookups.add(&name, &std::fs::read(file.with_file_name(&name)).unwrap()).unwrap();
    }
    let opened = File::open(file).unwrap();
    let chunks =
        if file.extension().is_some_and(|e| e == "csv") { csv(opened, &mapping, &lookups) } else { parquet(opened, &mapping, &lookups) }
            .unwrap();
    let mut archive = Archive::open(archive).unwrap();
    let resolver = Resolver::new(members, &[]);
    let mut import = archive.import(mapping.source().unwrap_or("file"), NOW, 0).unwrap();
    let mut told = Told { rows: 0, versions: 0, rejects: 0, memberships: Vec::new(), summary: None };
    for chunk in chunks {
        let chunk = chunk.unwrap();
        told.rows += chunk.rows;
        told.versions += chunk.versions.len();
        told.rejects += chunk.rejects.len();
        told.memberships.extend(chunk.memberships);
        chunk.events.iter().for_each(|batch| import.append(batch).unwrap());
    }
    if mapping.import == Import::Events {
        told.summary = Some(import.finish(&resolver, &mut |_, _| {}).unwrap());
    }
    told
}

#[test]
fn ravenstack() {
    let Some(data) = data().map(|d| d.join("ravenstack")) else { return };
    let folder = tempfile::tempdir().unwrap();
    for (mapping, file, rows, versions, events) in [
        ("accounts", "accounts", 500, 2_500, None),
        ("subscriptions", "subscriptions", 5_000, 25_486, None),
        ("feature_usage", "feature_usage", 25_000, 0, Some(25_000)),
        ("support_tickets", "support_tickets", 2_000, 0, Some(4_000)),
        ("churn_events", "churn_events", 600, 0, Some(600)),
    ] {
        let told = import(folder.path(), &format!("models/saas/import/{mapping}.yaml"), &data.join(format!("ravenstack_{file}.csv")), &[]);
        assert_eq!((told.rows, told.versions, told.rejects), (rows, versions, 0), "{file}");
        assert_eq!(told.summary.map(|s| (s.added, s.quarantined)), events.map(|n| (n, 0)), "{file}");
    }
}

#[test]
fn relax() {
    let Some(data) = data().map(|d| d.join("relax")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let logins =
        |members: &[Membership]| import(folder.path(), "docs/guide/relax/logins.yaml", &data.join("logins.csv"), members).summary.unwrap();
    // Logins first: nobody knows whose they are, until the people come.
    assert_eq!(logins(&[]).quarantined, 207_917);
    let people = import(folder.path(), "docs/guide/relax/people.yaml", &data.join("users.csv"), &[]);
    assert_eq!((people.rows, people.rejects, people.memberships.len()), (12_000, 0, 12_000));
    let mut archive = Archive::open(folder.path()).unwrap();
    let resolved = archive.resolve(&Resolver::new(&people.memberships, &[])).unwrap();
    assert_eq!((resolved.found, archive.rows(), archive.quarantined()), (207_917, 207_917, 0));
    assert_eq!(logins(&people.memberships).added, 0);
}

/// Ten million events: run with `--ignored`; prints the rate.
#[test]
#[ignore = "takes seconds of two cores"]
#[expect(clippy::disallowed_methods, reason = "measures")]
fn crm() {
    let Some(data) = data().map(|d| d.join("crm")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let subscriptions = import(folder.path(), "models/crm/import/subscriptions.yaml", &data.join("subscription.csv"), &[]);
    assert_eq!((subscriptions.rows, subscriptions.rejects), (12_783, 0));
    let begin = std::time::Instant::now();
    let summary = import(folder.path(), "models/crm/import/events.yaml", &data.join("events.parquet"), &[]).summary.unwrap();
    let seconds = begin.elapsed().as_secs_f64();
    println!("{} events in {seconds:.1} s: {:.2} million a second", summary.rows, summary.rows as f64 / seconds / 1e6);
    assert_eq!((summary.added, summary.quarantined), (10_209_073, 0));
}
