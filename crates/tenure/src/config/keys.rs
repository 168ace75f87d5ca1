//! Every key: its name, default, meaning and check. The commented file, the environment variables and the reference are made of this table.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tenure_model::diagnostic;
use tenure_store::Database;

use super::units::{bytes, count, duration, keep, size_or_none};
use super::{Keep, LogFormat, Retention, Settings};

/// The longest time that a caller may be waited for.
const WAIT_MAX: Duration = Duration::from_secs(3_600);
/// The journal is in memory too: a day of it is much.
const ARCHIVE_AGE_MAX: Duration = Duration::from_secs(86_400);
/// Messages are delivered within 24 hours or not at all; their rows tell that they were, so they stay well beyond that.
const OUTBOX_DAYS_MIN: i64 = 7;

/// A value as it was written; a relative path in a file is meant from the file's folder.
pub(crate) struct Given<'g> {
    pub text: &'g str,
    pub base: Option<&'g Path>,
}

impl Given<'_> {
    fn path(&self) -> Result<PathBuf, String> {
        match (self.text.trim(), self.base) {
            ("", _) => Err("must be a path".to_owned()),
            (text, Some(base)) => Ok(base.join(text)),
            (text, None) => Ok(text.into()),
        }
    }
}

/// A key.
#[derive(Debug)]
pub(crate) struct Key {
    /// With its section: `http.request_timeout`.
    pub name: &'static str,
    /// Its default as one would write it; empty where there is none.
    pub default: &'static str,
    /// Something to write, where there is no default.
    pub such_as: &'static str,
    /// What it means, in lines.
    pub help: &'static [&'static str],
    /// Checks a value and sets it; says what is wrong with it.
    pub set: fn(&mut Settings, &Given<'_>) -> Result<(), String>,
}

impl Key {
    /// `TENURE_HTTP_REQUEST_TIMEOUT`.
    pub fn variable(&self) -> String {
        format!("TENURE_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// A value that is right.
    pub fn example(&self) -> &'static str {
        if self.default.is_empty() { self.such_as } else { self.default }
    }
}

/// The key of a name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// What a name that there is not was probably meant to be.
pub(super) fn nearest(name: &str) -> Option<String> {
    let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    let near = diagnostic::nearest(name, KEYS.iter().map(|key| key.name));
    let near = near.or_else(|| {
        // Perhaps it stands in the wrong section.
        let own = name.rsplit('.').next().unwrap_or(name);
        let found = diagnostic::nearest(own, KEYS.iter().map(|key| last(key.name)))?;
        KEYS.iter().map(|key| key.name).find(|key| last(key) == found)
    });
    Some(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "tenure config prints all keys".to_owned(),
    })
}

/// What holds where nobody says anything.
pub(super) fn defaults() -> Settings {
    Settings {
        data: PathBuf::from("tenure-data"),
        database: None,
        model: None,
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 7171)),
        log: "info".to_owned(),
        log_format: LogFormat::Text,
        http: tenure_api::Limits::default(),
        service: tenure_service::Limits::default(),
        retention: Retention {
            events: Keep::Forever,
            audit_log: Keep::Forever,
            quarantine: Keep::For(jiff::Span::new().days(90)),
            outbox: Keep::For(jiff::Span::new().days(30)),
            sessions: Keep::For(jiff::Span::new().days(1)),
        },
    }
}

/// All keys, in the order in which people read them.
pub(super) const KEYS: &[Key] = &[
    Key {
        name: "data",
        default: "tenure-data",
        such_as: "",
        help: &["The data folder. Not in the tenure.yaml that lies in it. Also: --data"],
        set: |s, given| given.path().map(|path| s.data = path),
    },
    Key {
        name: "database",
        default: "",
        such_as: "postgres://tenure:PASSWORD@db.example/tenure",
        help: &[
            "Where the operational data lies: a path, or a PostgreSQL database. Without it: tenure.db in the data folder.",
            "It holds a password: better in a file of its own, named by TENURE_DATABASE_FILE. Also: --database",
        ],
        set: |s, given| {
            let database: Database = given.text.trim().parse().map_err(|e: tenure_store::Error| e.to_string())?;
            s.database = Some(match (database, given.base) {
                (Database::Sqlite(path), Some(base)) => Database::Sqlite(base.join(path)),
                (other, _) => other,
            });
            Ok(())
        },
    },
    Key {
        name: "model",
        default: "",
        such_as: "/etc/tenure/model",
        help: &["The model's folder or file. Without it: the one applied last, else ./model. Also: --model"],
        set: |s, given| given.path().map(|path| s.model = Some(path)),
    },
    Key {
        name: "listen",
        default: "127.0.0.1:7171",
        such_as: "",
        help: &["Where tenure serve listens; 0.0.0.0:7171 for all addresses of this machine. Also: --listen"],
        set: |s, given| {
            let wrong = |_| format!("`{}` is not an address and port: write such as `127.0.0.1:7171` or `[::]:7171`", given.text);
            given.text.trim().parse().map(|address| s.listen = address).map_err(wrong)
        },
    },
    Key {
        name: "log",
        default: "info",
        such_as: "",
        help: &["What is logged to standard error: error, warn, info, debug, or by module as in tenure_service=debug,info. Also: --log"],
        set: |s, given| {
            let wrong = |error| format!("`{}` is not a filter ({error}): write such as `info`, or `tenure_service=debug,info`", given.text);
            tracing_subscriber::EnvFilter::try_new(given.text).map_err(wrong)?;
            s.log = given.text.to_owned();
            Ok(())
        },
    },
    Key {
        name: "log_format",
        default: "text",
        such_as: "",
        help: &["How: text, or json (one object a line). Also: --log-format"],
        set: |s, given| {
            s.log_format = match given.text.trim() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                other => return Err(format!("cannot be `{other}`: write `text` or `json`")),
            };
            Ok(())
        },
    },
    Key {
        name: "http.connections_max",
        default: "2000",
        such_as: "",
        help: &["Connections at the same time; further ones wait. Each takes a file descriptor."],
        set: |s, given| count(given.text).map(|n| s.http.connections_max = n),
    },
    Key {
        name: "http.requests_max",
        default: "500",
        such_as: "",
        help: &["Requests in work at the same time; further ones are answered with 429, and senders try again."],
        set: |s, given| count(given.text).map(|n| s.http.requests_max = n),
    },
    Key {
        name: "http.header_timeout",
        default: "15s",
        such_as: "",
        help: &["How long the head of a request may take to arrive, and how long a connection may be idle."],
        set: |s, given| duration(given.text, WAIT_MAX).map(|d| s.http.header_timeout = d),
    },
    Key {
        name: "http.request_timeout",
        default: "60s",
        such_as: "",
        help: &["How long a request may take from its head to its answer's: its body to arrive, and the work."],
        set: |s, given| duration(given.text, WAIT_MAX).map(|d| s.http.request_timeout = d),
    },
    Key {
        name: "ingest.pending_max",
        default: "64 MiB",
        such_as: "",
        help: &["What may wait for its commit to the journal; beyond that, senders are answered with 429 and try again."],
        set: |s, given| bytes(given.text).map(|n| s.service.pending_bytes_max = usize::try_from(n).unwrap_or(usize::MAX)),
    },
    Key {
        name: "ingest.backlog_max",
        default: "2000000",
        such_as: "",
        help: &["Items that the engine may be behind; beyond that, the same."],
        set: |s, given| count(given.text).map(|n| s.service.backlog_items_max = n as u64),
    },
    Key {
        name: "ingest.unarchived_max",
        default: "5000000",
        such_as: "",
        help: &["Items that the archive may be behind (they are held in memory, too); beyond that, the same."],
        set: |s, given| count(given.text).map(|n| s.service.unarchived_items_max = n as u64),
    },
    Key {
        name: "imports.file_max",
        default: "2 GiB",
        such_as: "",
        help: &["The largest file that is taken to be imported (POST /api/v1/imports); it lies in the data folder until it is."],
        set: |s, given| bytes(given.text).map(|n| s.service.import_bytes_max = n),
    },
    Key {
        name: "archive.items",
        default: "500000",
        such_as: "",
        help: &["The journal goes into the archive when it holds so many items …"],
        set: |s, given| count(given.text).map(|n| s.service.archive_items = n as u64),
    },
    Key {
        name: "archive.age",
        default: "15m",
        such_as: "",
        help: &["… or the oldest of them is so old. Commands that read see the archive; SQL sees everything."],
        set: |s, given| duration(given.text, ARCHIVE_AGE_MAX).map(|d| s.service.archive_age = d.as_micros() as i64),
    },
    Key {
        name: "memory.limit",
        default: "none",
        such_as: "",
        help: &[
            "Memory that the process may have, such as 4 GB, before accounts to which nothing has happened for longest are packed away into a file",
            "of the data folder. They come back when something happens to them; lists of accounts take longer. On Linux.",
        ],
        set: |s, given| size_or_none(given.text).map(|n| s.service.memory_max = n),
    },
    Key {
        name: "retention.events",
        default: "forever",
        such_as: "",
        help: &[
            "Events of the archive, by whole months of UTC. Removed only by hand: tenure retain, while no tenure serve runs;",
            "docs/guide/operations.md says what it means for results.",
        ],
        set: |s, given| keep(given.text, 31).map(|k| s.retention.events = k),
    },
    Key {
        name: "retention.audit_log",
        default: "forever",
        such_as: "",
        help: &["Who changed what."],
        set: |s, given| keep(given.text, 1).map(|k| s.retention.audit_log = k),
    },
    Key {
        name: "retention.quarantine",
        default: "90d",
        such_as: "",
        help: &["Items that came in and could not be read."],
        set: |s, given| keep(given.text, 1).map(|k| s.retention.quarantine = k),
    },
    Key {
        name: "retention.outbox",
        default: "30d",
        such_as: "",
        help: &["Messages that were delivered or given up; at least 7d, so that none is delivered twice."],
        set: |s, given| keep(given.text, OUTBOX_DAYS_MIN).map(|k| s.retention.outbox = k),
    },
    Key {
        name: "retention.sessions",
        default: "1d",
        such_as: "",
        help: &["Sessions of browsers, after they have expired."],
        set: |s, given| keep(given.text, 1).map(|k| s.retention.sessions = k),
    },
];
