//! Which database holds the workspace: a SQLite file or a PostgreSQL server, from one setting.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::Error;

/// Where the operational data lies.
///
/// As text: a path, `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file, made where there is none.
    Sqlite(PathBuf),
    /// A database on a server; it must exist.
    Postgres(Server),
}

/// How to reach a database on a server. Its password is never shown.
#[derive(Clone)]
pub struct Server(Box<PgConnectOptions>);

impl Server {
    pub(crate) fn url(&self) -> &PgConnectOptions {
        &self.0
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.0.get_database().unwrap_or_default();
        match self.0.get_socket() {
            Some(socket) => write!(f, "postgres://{}@/{database}?host={}", self.0.get_username(), socket.display()),
            None => write!(f, "postgres://{}@{}:{}/{database}", self.0.get_username(), self.0.get_host(), self.0.get_port()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(path) => path.display().fmt(f),
            Database::Postgres(server) => server.fmt(f),
        }
    }
}

impl Database {
    /// May the file be written, or does it lie on a read-only file system, or belong to somebody else? A server is asked by writing.
    pub fn can_be_written(&self) -> bool {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        match self {
            Database::Postgres(_) => true,
            Database::Sqlite(path) => {
                let opened = std::fs::File::options().append(true).open(path);
                !opened.is_err_and(|error| matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem))
            }
        }
    }
}

impl From<&Path> for Database {
    fn from(path: &Path) -> Database {
        Database::Sqlite(path.to_owned())
    }
}

impl FromStr for Database {
    type Err = Error;

    /// # Errors
    /// `Error::Setting`, without the password, where the text names neither a file nor a PostgreSQL database.
    fn from_str(text: &str) -> Result<Database, Error> {
        let refuse = |why: String| Err(Error::Setting { setting: "database".into(), why });
        match text.split_once(':') {
            _ if text.is_empty() => refuse("it is empty; give a path, or postgres://USER@HOST/DATABASE".into()),
            Some(("postgres" | "postgresql", _)) => match text.parse::<PgConnectOptions>() {
                Err(e) => refuse(format!("{}; a PostgreSQL database is written postgres://USER:PASSWORD@HOST:PORT/DATABASE", cause(&e))),
                Ok(options) if options.get_database().is_none_or(str::is_empty) => {
                    refuse("the URL names no database: postgres://USER@HOST/DATABASE".into())
                }
                Ok(options) => Ok(Database::Postgres(Server(Box::new(options.disable_statement_logging())))),
            },
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                if path.is_empty() { refuse("sqlite: wants a path".into()) } else { Ok(Database::Sqlite(path.into())) }
            }
            Some((scheme, rest)) if rest.starts_with("//") => {
                refuse(format!("{scheme} is not known; give a path, or postgres://USER@HOST/DATABASE"))
            }
            _ => Ok(Database::Sqlite(text.into())),
        }
    }
}

/// What is wrong, without the library's prefixes.
fn cause(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(inner) => inner.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_setting() {
        for (text, shown) in [
            ("data/tenure.db", Ok("data/tenure.db")),
            ("sqlite:data/tenure.db", Ok("data/tenure.db")),
            ("sqlite:///var/lib/tenure.db", Ok("/var/lib/tenure.db")),
            ("postgres://ann:secret@db.example/tenure", Ok("postgres://ann@db.example:5432/tenure")),
            ("postgresql://ann@db.example:6432/tenure?sslmode=require", Ok("postgres://ann@db.example:6432/tenure")),
            ("postgres://ann@localhost/tenure?host=/run/pg", Ok("postgres://ann@/tenure?host=/run/pg")),
            ("", Err("it is empty")),
            ("mysql://ann@db/tenure", Err("mysql is not known")),
            ("postgres://ann:secret@db.example", Err("names no database")),
            ("postgres://ann:secret@db:port/tenure", Err("invalid port number")),
            ("sqlite:", Err("wants a path")),
        ] {
            let found = text.parse::<Database>().map(|d| d.to_string()).map_err(|e| e.to_string());
            match shown {
                Ok(shown) => assert_eq!(found.as_deref(), Ok(shown), "{text}"),
                Err(part) => assert!(found.as_ref().is_err_and(|e| e.contains(part) && !e.contains("secret")), "{text}: {found:?}"),
            }
        }
        assert!(!format!("{:?}", "postgres://ann:secret@db/tenure".parse::<Database>().unwrap()).contains("secret"));
    }
}
