//! Running it: configuration, doctor, backup and restore, retention, as an operator does.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use tenure_testing::Postgres;

use crate::company::Company;

const EVERYTHING: &[&str] = &["export", "all", "-o"];

/// Everything that can be exported, as one text.
fn exported(company: &Company, options: &[&str], name: &str) -> String {
    company.fine(&[options, EVERYTHING, &[name]].concat());
    let mut files: Vec<_> = fs::read_dir(company.path(name)).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn a_backup_comes_back_in_either_database() {
    let company = Company::imported();
    company.fine(&["evaluate", "model", "--to", "2025-03-01"]);
    let before = exported(&company, &[], "before");
    for target in ["backup.tar", "backup"] {
        let said = company.fine(&["backup", "--to", target]);
        assert!(said.contains("written and checked") && said.contains("3 events"), "{said}");
        assert!(company.run(&["backup", "--to", target]).contains("is there already"), "{target}");
    }
    assert!(!company.path("backup.tar.partial").exists() && !company.path("backup.partial").exists());
    company.fine(&["--data", "second", "restore", "--from", "backup.tar"]);
    assert_eq!(exported(&company, &["--data", "second"], "second-out"), before);
    assert_eq!(company.fine(&["--data", "second", "alerts"]), company.fine(&["alerts"]));
    assert!(company.fine(&["--data", "second", "doctor"]).contains("ok    archive"));
    let Some(server) = Postgres::shared() else { return };
    let url = server.database();
    let on_postgres = ["--data", "third", "--database", &url];
    company.fine(&[&on_postgres[..], &["restore", "--from", "backup"]].concat());
    assert_eq!(exported(&company, &on_postgres, "third-out"), before);
    company.fine(&[&on_postgres[..], &["backup", "--to", "third.tar"]].concat());
    company.fine(&["--data", "fourth", "restore", "--from", "third.tar"]);
    assert_eq!(exported(&company, &["--data", "fourth"], "fourth-out"), before);
    // Nothing is restored over something.
    let again = company.run(&["--data", "fifth", "--database", &url, "restore", "--from", "backup"]);
    assert!(again.contains("is not empty") && again.ends_with("exit code 2\n"), "{again}");
    assert!(!company.path("fifth").exists());
    assert!(company.run(&["--data", "second", "restore", "--from", "backup"]).contains("is not empty"));
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_written() {
    let company = Company::imported();
    company.fine(&["backup", "--to", "backup"]);
    company.fine(&["restore", "--check", "--from", "backup"]);
    let file = company.path("backup/tables/versions.ndjson.zst");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    for check in [&["restore", "--check", "--from", "backup"][..], &["--data", "new", "restore", "--from", "backup"]] {
        let said = company.run(check);
        assert!(said.contains("tables/versions.ndjson.zst has another checksum"), "{said}");
    }
    assert!(!company.path("new").exists());
    fs::remove_file(company.path("backup/manifest.json")).unwrap();
    assert!(company.run(&["restore", "--check", "--from", "backup"]).contains("is no backup"));
    assert!(company.run(&["restore", "--check", "--from", "people.csv"]).contains("is no backup"));
    // What an interrupted restore leaves is not taken for a data folder.
    company.write("tenure-data/restoring", "");
    assert!(company.run(&["status"]).contains("was interrupted"));
}

#[test]
fn doctor_says_what_is_wrong() {
    let company = Company::imported();
    let fine = company.run(&["doctor", "--deep", "--set", "listen=127.0.0.1:0"]);
    assert!(!fine.contains("FAIL") && fine.contains("every page of the database was read"), "{fine}");
    company.write("tenure-data/events/2025-01/999999.parquet", "left over");
    company.write("tenure-data/tenure.yaml", "listn: 1\n");
    let catalog = company.read("tenure-data/events/catalog.json");
    let missing = catalog.split('"').find(|text| text.starts_with("events/2025-01/")).unwrap();
    fs::remove_file(company.path(&format!("tenure-data/{missing}"))).unwrap();
    let said = company.run(&["doctor", "--json"]);
    let (json, code) = said.split_once("exit code").unwrap();
    assert_eq!(code.trim(), "1");
    let found: Vec<serde_json::Value> = serde_json::from_str(json).unwrap();
    let state = |check: &str| found.iter().filter(|f| f["check"] == check).map(|f| f["state"].as_str().unwrap()).max().unwrap_or("none");
    assert_eq!((state("configuration"), state("archive"), state("left over"), state("format")), ("fail", "fail", "warn", "ok"), "{said}");
    let nowhere = company.run(&["doctor", "--data", "nowhere"]);
    assert!(nowhere.contains("FAIL  data folder") && nowhere.ends_with("exit code 1\n"), "{nowhere}");
}

#[test]
fn configuration_is_printed_checked_and_explained() {
    let company = Company::imported();
    company.write("tenure-data/tenure.yaml", &company.fine(&["config"]));
    assert_eq!(company.fine(&["config", "--check"]), "tenure-data/tenure.yaml: fine\n");
    company.write("tenure-data/tenure.yaml", "http:\n  request_timeout: 5\n  requests_maxx: 3\nlog: debug\n");
    let said = company.run(&["config", "--check"]);
    assert!(said.contains("tenure-data/tenure.yaml:2:20: http.request_timeout: `5` is not a duration"), "{said}");
    assert!(
        said.contains("tenure-data/tenure.yaml:3:3: there is no key `http.requests_maxx`\n  help: did you mean `http.requests_max`?"),
        "{said}"
    );
    assert!(said.ends_with("2 errors\nexit code 1\n"), "{said}");
    let refused = company.run(&["status"]);
    assert!(
        refused.contains("tenure.yaml:2:20") && refused.contains("(and 1 error more)") && refused.ends_with("exit code 2\n"),
        "{refused}"
    );
    company.write("tenure-data/tenure.yaml", "log: debug\n");
    let effective = company.fine(&["config", "--effective", "--set", "http.requests_max=7"]);
    let line = |key: &str| effective.lines().find(|l| l.starts_with(key)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(line("log "), ["log", "debug", "tenure-data/tenure.yaml:1:6"]);
    assert_eq!(line("http.requests_max"), ["http.requests_max", "7", "--set"]);
}

#[test]
fn retention_removes_whole_months_by_hand() {
    let company = Company::imported();
    let events = |company: &Company| company.fine(&["sql", "SELECT COUNT(*) AS n FROM events", "--csv"]);
    company.fine(&["evaluate", "model", "--to", "2025-03-01"]);
    let keep = ["--set", "retention.events=31d", "retain"];
    let dry = company.fine(&[&keep[..], &["--dry-run", "--events"]].concat());
    assert!(dry.contains("would remove 4 events in 1 month"), "{dry}");
    let told = company.fine(&keep);
    assert!(told.contains("tenure retain --events does it"), "{told}");
    assert_eq!(events(&company), "n\n3\n");
    let done = company.fine(&[&keep[..], &["--events"]].concat());
    assert!(done.contains("removed 4 events") && done.contains("run tenure evaluate"), "{done}");
    assert_eq!(events(&company), "n\n0\n");
    assert!(company.fine(&["status"]).contains('→'), "what was evaluated is of another history now");
    assert!(company.fine(&["doctor", "--set", "listen=127.0.0.1:0"]).contains("ok    archive"));
}

/// A server, killed at the end.
struct Server {
    child: Child,
    address: String,
    key: String,
}

impl Server {
    fn start(company: &Company, options: &[&str]) -> Server {
        let arguments = [options, &["serve", "--listen", "127.0.0.1:0", "--log", "warn"]].concat();
        let mut child = company.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let mut out = child.stdout.take().unwrap();
        let mut buffer = [0; 1024];
        while !(said.contains("(shown once") || said.contains("model") && said.ends_with('\n')) {
            let read = out.read(&mut buffer).unwrap();
            assert!(read > 0, "{said}");
            said += &String::from_utf8_lossy(&buffer[..read]);
        }
        let after = |text: &str| said.split(text).nth(1).map(|rest| rest.split_whitespace().next().unwrap().to_owned()).unwrap_or_default();
        Server { child, address: after("http://"), key: after("\"first\": ") }
    }

    fn call(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    fn track(&self, n: usize) {
        let body = format!(
            "{{\"writeKey\":\"{}\",\"userId\":\"ann\",\"event\":\"login\",\"messageId\":\"live{n}\",\"context\":{{\"groupId\":\"acme\"}}}}",
            self.key
        );
        let answer = self.call(&format!(
            "POST /v1/track HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_backup_beside_a_running_service_has_all_that_was_answered() {
    let company = Company::imported();
    let server = Server::start(&company, &["--model", "model"]);
    (0..20).for_each(|n| server.track(n));
    company.fine(&["backup", "--to", "live.tar"]);
    (20..30).for_each(|n| server.track(n));
    let doctor = company.run(&["doctor", "--set", &format!("listen={}", server.address)]);
    assert!(doctor.contains("runs the engine") && doctor.contains("answers on") && !doctor.contains("FAIL"), "{doctor}");
    drop(server);
    // Killed: nothing was given back, and the journal holds what the archive has not.
    let doctor = company.run(&["doctor", "--set", "listen=127.0.0.1:0"]);
    assert!(doctor.contains("ended without giving it back") && doctor.contains("30 items not archived"), "{doctor}");
    snapshot_is_looked_at(&company);
    company.fine(&["--data", "restored", "restore", "--from", "live.tar"]);
    for (data, events) in [("restored", 23), ("tenure-data", 33)] {
        let mut server = Server::start(&company, &["--data", data, "--model", "model"]);
        company.command(&[]).arg("--version").output().unwrap();
        std::process::Command::new("kill").arg(server.child.id().to_string()).status().unwrap();
        assert!(server.child.wait().unwrap().success());
        let said = company.fine(&["--data", data, "sql", "SELECT COUNT(*) AS n FROM events", "--csv"]);
        assert_eq!(said, format!("n\n{events}\n"), "{data}");
    }
}

/// After a start and a kill: a snapshot, and all rows of the journal after it.
fn snapshot_is_looked_at(company: &Company) {
    let line = || {
        let said = company.run(&["doctor", "--set", "listen=127.0.0.1:0"]);
        said.lines().find(|line| line.contains("snapshot")).unwrap().to_owned()
    };
    let whole = line();
    assert!(whole.starts_with("ok    snapshot") && whole.contains("of the journal after it"), "{whole}");
    let folder = fs::read_dir(company.path("tenure-data/snapshots")).unwrap().next().unwrap().unwrap().path();
    let part = folder.join("000000.part");
    let bytes = fs::read(&part).unwrap();
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&part, damaged).unwrap();
    let found = line();
    assert!(found.starts_with("warn  snapshot") && found.contains("a part's hash is another"), "{found}");
    fs::remove_file(&part).unwrap();
    let found = line();
    assert!(found.starts_with("warn  snapshot") && found.contains("000000.part"), "{found}");
    fs::write(&part, bytes).unwrap();
    assert_eq!(line(), whole);
}

#[test]
fn callers_that_dawdle_are_cut() {
    let company = Company::imported();
    let quick = ["--set", "http.header_timeout=300ms", "--set", "http.request_timeout=700ms", "--set", "http.connections_max=3"];
    let server = Server::start(&company, &[&quick[..], &["--model", "model"]].concat());
    // A head that never ends, and one that never begins: the connection is closed.
    assert!(!server.call("POST /v1/track HTTP/1.1\r\nHost:").contains("200"));
    assert_eq!(server.call(""), "");
    // A body that never ends: an answer says so.
    let answer = server.call("POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("took longer"), "{answer}");
    // A head that is too long.
    let answer = server.call(&format!("GET /healthz HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "x".repeat(300_000)));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    // More connections than there may be: the others wait until dawdlers are cut.
    let dawdlers: Vec<TcpStream> = (0..10).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    let answer = server.call("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(dawdlers);
}
