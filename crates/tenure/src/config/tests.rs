//! The layers, and what is told where something is wrong.

use super::*;

fn read(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Configuration {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conf.yaml");
    std::fs::write(&path, file).unwrap();
    let values = flags.iter().map(|(key, value)| (format!("--{key}"), (*key).to_owned(), (*value).to_owned())).collect();
    let variables = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut configuration = Configuration::read(&Flags { config: Some(path), values }, &Environment::new(variables));
    for problem in &mut configuration.problems {
        if let Origin::File(path, ..) = &mut problem.origin {
            *path = "conf.yaml".into();
        }
    }
    configuration
}

#[test]
fn flags_over_environment_over_file_over_defaults() {
    let file = "listen: 127.0.0.1:1\nlog: warn\nhttp: { request_timeout: 1s }";
    let found = read(file, &[("TENURE_LISTEN", "127.0.0.1:2"), ("TENURE_LOG", "debug")], &[("listen", "127.0.0.1:3")]);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let settings = &found.settings;
    let held = (settings.listen.port(), settings.log.as_str(), settings.http.request_timeout.as_secs(), settings.http.connections_max);
    assert_eq!(held, (3, "debug", 1, 2_000));
    let origin = |key: &str| found.values.iter().find(|(name, ..)| *name == key).map(|(.., origin)| origin.to_string()).unwrap();
    assert_eq!((origin("listen"), origin("log"), origin("log_format")), ("--listen".into(), "TENURE_LOG".into(), "default".into()));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let file = "listn: 127.0.0.1:1\nlog_format: xml\nhttp:\n  request_timeout: 5\n  conections_max: 3\nretention: { outbox: 2d }\nmodel:\nrequests_max: 9\n";
    let found = read(file, &[("TENURE_LISTEN", "here"), ("TENURE_DATABASE_FILE", "/nowhere")], &[("http.none", "1")]);
    let mut told: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    told.sort();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_file_that_is_no_yaml_has_a_place() {
    let found = read("listen: [", &[], &[]);
    assert!(found.problems[0].to_string().starts_with("conf.yaml:1:"), "{:?}", found.problems);
    assert!(found.settings().is_err());
}

#[test]
fn secrets_come_from_files_and_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    std::fs::write(&path, "postgres://ann:secret@db.example/tenure\n").unwrap();
    let found = read("", &[("TENURE_DATABASE_FILE", path.to_str().unwrap())], &[]);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert!(matches!(found.settings.database, Some(Database::Postgres(_))));
    assert!(!format!("{:?}", found.values).contains("secret"));
    let both = read("", &[("TENURE_DATABASE_FILE", path.to_str().unwrap()), ("TENURE_DATABASE", "x.db")], &[]);
    assert_eq!(both.problems.len(), 1);
}

#[test]
fn misspelt_variables_are_warned_of() {
    let found = read("", &[("TENURE_LISTN", "127.0.0.1:2")], &[]);
    assert_eq!(found.warnings, ["the environment variable TENURE_LISTN is not known: did you mean TENURE_LISTEN?"]);
}

#[test]
fn the_commented_file_is_right_with_every_key() {
    let all: String = commented().lines().map(uncommented).filter(|line| !line.starts_with("data:")).map(|line| line + "\n").collect();
    let found = read(&all, &[], &[]);
    assert!(found.problems.is_empty(), "{:?}\n{all}", found.problems);
    assert!(found.values.iter().filter(|(name, ..)| *name != "data").all(|(.., origin)| *origin != Origin::Default));
    assert!(read(&commented(), &[], &[]).problems.is_empty());
}

/// A line as it is when somebody takes away the `#` before a key.
fn uncommented(line: &str) -> String {
    let bare = line.trim_start().trim_start_matches('#').trim_start();
    let is_key = bare.split_once(": ").is_some_and(|(name, _)| KEYS.iter().any(|key| key.name.rsplit('.').next() == Some(name)));
    let indent = if line.starts_with(' ') { "  " } else { "" };
    if is_key { format!("{indent}{bare}") } else { line.to_owned() }
}

#[test]
fn the_defaults_of_the_table_are_those_that_hold() {
    let mut from_table = keys::defaults();
    for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
        (key.set)(&mut from_table, &Given { text: key.default, base: None }).unwrap();
    }
    assert_eq!(format!("{from_table:?}"), format!("{:?}", keys::defaults()));
}

#[test]
fn the_reference_shows_the_file() {
    let reference = include_str!("../../../../docs/reference/config.md");
    assert!(reference.contains(&commented()), "docs/reference/config.md is old: put the output of `tenure config` into it");
}
