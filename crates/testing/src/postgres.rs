//! Starts a PostgreSQL for the tests of this process, in a temporary folder, and stops it when the process ends, however it ends.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It does not: for tests that never crash the server.
    None,
    /// It does: for measurements and crash tests.
    Fsync,
}

/// A running server. It listens on a Unix socket only and ends when this is dropped or the process ends.
#[derive(Debug)]
pub struct Postgres {
    /// Holds data, socket and log.
    folder: PathBuf,
    bin: PathBuf,
    runs_as: Option<User>,
    databases: AtomicU32,
    /// Stops the server and deletes the folder as soon as the other end of its standard input is closed.
    guard: Child,
}

/// Who runs the server, where we are root: it refuses to.
#[derive(Clone, Copy, Debug)]
struct User {
    uid: u32,
    gid: u32,
}

/// Names the folder with the server's programs; else PATH and the usual places are searched.
const BIN_VARIABLE: &str = "TENURE_TEST_POSTGRES_BIN";
/// What is run of them.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "createdb"];
/// The user of the server, which is not that of the process.
const SUPERUSER: &str = "tenure";

impl Postgres {
    /// The server of this process, started by the first test that asks. None, said aloud, where no PostgreSQL is installed.
    ///
    /// # Panics
    /// Where one is installed and cannot be started.
    pub fn shared() -> Option<&'static Postgres> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(|| Postgres::start(Durability::None)).as_ref()
    }

    /// Starts a server. None, said aloud, where no PostgreSQL is installed.
    ///
    /// # Panics
    /// Where one is installed and cannot be started.
    pub fn start(durability: Durability) -> Option<Postgres> {
        let Some(bin) = programs() else {
            let message =
                format!("\n*** NO POSTGRESQL IS INSTALLED: ITS TESTS ARE SKIPPED. Set {BIN_VARIABLE} to the folder of initdb. ***\n\n");
            // Not eprint!: the test harness would swallow it.
            io::stderr().write_all(message.as_bytes()).expect("standard error is open");
            return None;
        };
        Some(Postgres::start_in(bin, durability).unwrap_or_else(|error| panic!("PostgreSQL for the tests: {error}")))
    }

    fn start_in(bin: PathBuf, durability: Durability) -> io::Result<Postgres> {
        let folder = tempfile::Builder::new().prefix("tenure-pg").tempdir()?.keep();
        let root = fs::metadata(&folder)?.uid() == 0;
        let runs_as = if root { Some(unprivileged()?) } else { None };
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        if let Some(user) = runs_as {
            chown(&folder, Some(user.uid), Some(user.gid))?;
        }
        let guard = guard(&bin, &folder, runs_as)?;
        let server = Postgres { folder, bin, runs_as, databases: AtomicU32::new(0), guard };
        let data = server.folder.join("data");
        // A locale that orders text as people do: what relies on the order of bytes must say so.
        server.run(
            "initdb",
            &["--username", SUPERUSER, "--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C"],
            |initdb| {
                initdb.args(["--locale-provider", "icu", "--icu-locale", "en", "-D"]).arg(&data);
            },
        )?;
        let socket = server.folder.to_string_lossy();
        let settings = match durability {
            Durability::None => "fsync = off\nfull_page_writes = off",
            Durability::Fsync => "fsync = on",
        };
        let settings = format!("listen_addresses = ''\nunix_socket_directories = '{socket}'\nmax_connections = 300\n{settings}\n");
        fs::File::options().append(true).open(data.join("postgresql.conf"))?.write_all(settings.as_bytes())?;
        server.pg_ctl(&["start", "--wait", "--silent"])?;
        Ok(server)
    }

    /// Makes an empty database; returns its URL.
    ///
    /// # Panics
    /// Where the server does not answer.
    pub fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let socket = self.folder.to_string_lossy();
        self.run("createdb", &["--username", SUPERUSER, "--host", &socket, "--maintenance-db", "postgres", &name], |_| {})
            .unwrap_or_else(|error| panic!("PostgreSQL for the tests: {error}"));
        format!("postgres://{SUPERUSER}@localhost/{name}?host={socket}")
    }

    /// Ends the server as a power cut would, and starts it again.
    ///
    /// # Panics
    /// Where it does not come back.
    pub fn crash(&self) {
        self.pg_ctl(&["stop", "--wait", "--mode", "immediate"])
            .and_then(|()| self.pg_ctl(&["start", "--wait", "--silent"]))
            .unwrap_or_else(|error| panic!("PostgreSQL for the tests: {error}"));
    }

    fn pg_ctl(&self, arguments: &[&str]) -> io::Result<()> {
        self.run("pg_ctl", arguments, |pg_ctl| {
            pg_ctl.arg("-D").arg(self.folder.join("data")).arg("--log").arg(self.folder.join("log"));
        })
    }

    /// Runs one of the server's programs to its end.
    fn run(&self, program: &str, arguments: &[&str], more: impl FnOnce(&mut Command)) -> io::Result<()> {
        let mut command = as_user(Command::new(self.bin.join(program)), self.runs_as);
        more(command.args(arguments));
        // Output goes to files: a server started here inherits it, and would keep a pipe open for ever.
        let said = self.folder.join(format!("{program}.out"));
        let out = fs::File::create(&said)?;
        let status = command.current_dir(&self.folder).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).status()?;
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(io::Error::other(format!("{program} failed\n{}\n{log}", fs::read_to_string(said).unwrap_or_default())))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// A process that outlives this one by a moment: it waits for the end of its standard input, which comes with the end of this process,
/// also by a panic or a kill, and then stops the server and deletes the folder.
fn guard(bin: &Path, folder: &Path, runs_as: Option<User>) -> io::Result<Child> {
    const SCRIPT: &str = r#"cat >/dev/null; "$0/pg_ctl" stop -D "$1/data" -m immediate; cd /; rm -rf "$1"/* "$1""#;
    let mut command = as_user(Command::new("sh"), runs_as);
    command.arg("-c").arg(SCRIPT).arg(bin).arg(folder);
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

fn as_user(mut command: Command, user: Option<User>) -> Command {
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// The folder of initdb: the variable's, else one of PATH, else the newest where distributions put it.
#[allow(clippy::disallowed_methods, reason = "tests have no command line for settings")]
fn programs() -> Option<PathBuf> {
    let named = std::env::var_os(BIN_VARIABLE).map(PathBuf::from);
    let path: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    let mut usual: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin")).collect();
    usual.sort_by_key(|bin| std::cmp::Reverse(version(bin)));
    // In PATH may be links to one program only: the others lie beside what it leads to.
    let folders = named.into_iter().chain(path).chain(usual);
    let mut real = folders.filter_map(|bin| Some(bin.join("initdb").canonicalize().ok()?.parent()?.to_owned()));
    real.find(|bin| PROGRAMS.iter().all(|program| bin.join(program).is_file()))
}

/// The number in `/usr/lib/postgresql/15/bin`.
fn version(bin: &Path) -> Option<u32> {
    bin.parent().and_then(Path::file_name).and_then(OsStr::to_str).and_then(|name| name.parse().ok())
}

/// A user who is not root: postgres, else nobody.
fn unprivileged() -> io::Result<User> {
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let fields: Vec<&str> = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').collect();
        Some(User { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    };
    find("postgres").or_else(|| find("nobody")).ok_or_else(|| io::Error::other("neither postgres nor nobody is a user here"))
}
