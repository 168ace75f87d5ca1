//! A small company in a folder of its own, and the binary to run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with files, and `tenure` in it.
pub struct Company {
    folder: tempfile::TempDir,
}

pub const MODEL: &str = r#"
traits: { tier: number }
person_traits: { role: text }
metrics:
  logins_7d: { count: login, window: 7d }
  days_since_login: { since: login }
segments:
  enterprise: { when: "tier = 1" }
lifecycle:
  stages:
    onboarding: { first: true, expected: { enterprise: 90d, default: 30d } }
    adoption: { when: "milestone('first_login') = 'reached'" }
  milestones:
    first_login: { stage: onboarding, reached: "logins_7d > 0", due: 7d after started_at }
scorecards:
  everyone:
    bands: { green: 75, yellow: 50 }
    groups:
      usage: { weight: 1, measures: { logins: { metric: logins_7d, points: { 0: 0, 4: 100 } } } }
alerts:
  silent: { when: "days_since_login >= 10", severity: high }
"#;

pub const ACCOUNTS: &str = "id,name,tier,created_at\nacme,Acme,1,2025-01-01\nnorth,\"North, Ltd\",3,2025-01-15\n,Nameless,2,\n";
pub const PEOPLE: &str = "id,account_id,name,role\nann,acme,Ann,admin\nbob,acme,Bob,user\ncy,north,Cy,admin\n";
pub const SUBSCRIPTIONS: &str = "id,account_id,plan,seats,arr,started_at,renewal_at\ns1,acme,pro,20,12000,2025-01-01,2026-01-01\ns2,north,starter,3,900,2025-01-15,2025-03-15\n";
pub const EVENTS: &str = r#"{"message_id":"1","event":"login","person_id":"ann","time":"2025-01-02T09:00:00Z"}
{"message_id":"2","event":"login","person_id":"bob","time":"2025-01-03T09:00:00Z"}
{"message_id":"3","event":"login","account_id":"north","person_id":"cy","time":"2025-01-20T09:00:00Z"}
{"message_id":"4","event":"report_created","person_id":"zoe","time":"2025-01-21T09:00:00Z","properties":{"pages":3}}
{"message_id":"4","event":"report_created","person_id":"zoe","time":"2025-01-21T09:00:00Z","properties":{"pages":3}}
"#;

impl Company {
    /// An empty one.
    pub fn new() -> Company {
        Company { folder: tempfile::tempdir().unwrap() }
    }

    /// One whose files are there, but not imported.
    pub fn with_files() -> Company {
        let company = Company::new();
        for (name, text) in [
            ("model/model.yaml", MODEL),
            ("accounts.csv", ACCOUNTS),
            ("people.csv", PEOPLE),
            ("subscriptions.csv", SUBSCRIPTIONS),
            ("events.ndjson", EVENTS),
        ] {
            company.write(name, text);
        }
        company
    }

    /// One whose files are imported.
    pub fn imported() -> Company {
        let company = Company::with_files();
        for kind in ["accounts", "people", "subscriptions"] {
            company.fine(&["import", kind, &format!("{kind}.csv")]);
        }
        company.fine(&["import", "events", "events.ndjson"]);
        company
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The only file in a folder.
    pub fn only_file(&self, folder: &str) -> String {
        let files: Vec<PathBuf> = fs::read_dir(self.path(folder)).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        fs::read_to_string(&files[0]).unwrap()
    }

    /// A run, ready to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_tenure")));
        command.args(arguments).current_dir(self.folder.path());
        command.env_remove("TENURE_DATA").env_remove("TENURE_MODEL").env("USER", "carla").env("COLUMNS", "120");
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a run says, and its exit code where that is not 0.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let mut text = settled(&String::from_utf8(output.stdout).unwrap());
        text += &settled(&String::from_utf8(output.stderr).unwrap());
        match output.status.code() {
            Some(0) => text,
            code => format!("{text}exit code {}\n", code.map_or("none".into(), |c| c.to_string())),
        }
    }

    /// What a run writes to standard output; it must end well.
    pub fn fine(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        settled(&String::from_utf8(output.stdout).unwrap())
    }

    /// Several runs, each with its command line.
    pub fn session(&self, runs: &[&[&str]]) -> String {
        runs.iter().map(|arguments| format!("$ tenure {}\n{}", arguments.join(" "), self.run(arguments))).collect::<Vec<_>>().join("\n")
    }
}

/// Without what differs from run to run: durations, rates, and when something was done.
fn settled(text: &str) -> String {
    let line = |line: &str| -> String {
        for (open, close) in [(" (", " rows a second)"), (" (", " s)"), ("before (", "Z)"), (", applied ", "Z")] {
            if let Some(end) = line.find(close)
                && let Some(start) = line[..end].rfind(open)
            {
                return format!("{}{open}…{}", &line[..start], &line[end + close.len() - 1..]);
            }
        }
        line.to_owned()
    };
    text.lines().map(|l| line(l) + "\n").collect()
}
