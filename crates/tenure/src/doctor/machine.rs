//! The data folder on its machine: is it there, may it be written, by whom read, how much room is left, and who works in it?

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tenure_store::Database;

use super::Findings;
use crate::folder::{Folder, RESTORING};

/// Below this share of free bytes or files somebody should look, and below that it is too late.
const FREE_WARN: f64 = 0.10;
const FREE_FAIL: f64 = 0.02;
/// Bits of a mode that let everybody read or write.
const OTHERS: u32 = 0o006;

pub fn examine(folder: &Folder, configuration: Option<&Path>, findings: &mut Findings) {
    let root = folder.root();
    let Ok(found) = fs::metadata(root) else {
        let help = "say where it is: --data DIR, TENURE_DATA; tenure serve and tenure import make one";
        return findings.fail("data folder", format!("there is none at {}", root.display()), help);
    };
    if root.join(RESTORING).exists() {
        findings.fail("data folder", "a restore into it was interrupted", "empty it, then run tenure restore again");
    } else if rustix::fs::access(root, rustix::fs::Access::WRITE_OK).is_err() {
        findings.warn(
            "data folder",
            format!("{} can only be read", root.display()),
            "commands that read work; for others make it writable",
        );
    } else {
        let used = if is_in_use(folder) { "a tenure is writing to it" } else { "nobody is writing to it" };
        findings.ok("data folder", format!("{}: {used}", root.display()));
    }
    permissions(root, found.permissions().mode(), folder, configuration, findings);
    space(root, findings);
}

/// Does another process hold the folder's lock?
pub fn is_in_use(folder: &Folder) -> bool {
    let Ok(file) = fs::File::open(folder.root().join("lock")) else { return false };
    matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
}

fn permissions(root: &Path, mode: u32, folder: &Folder, configuration: Option<&Path>, findings: &mut Findings) {
    // What lies in a folder that others cannot enter is safe.
    let mut open: Vec<String> = Vec::new();
    if mode & 0o001 != 0 {
        let database = if let Database::Sqlite(path) = folder.database() { Some(path.as_path()) } else { None };
        for path in database.into_iter().chain(configuration) {
            if fs::metadata(path).is_ok_and(|found| found.permissions().mode() & OTHERS != 0) {
                open.push(path.display().to_string());
            }
        }
    }
    match open.is_empty() {
        true => findings.ok("permissions", "others cannot read what customers do"),
        false => {
            let help = format!("chmod 700 {}", root.display());
            findings.warn("permissions", format!("everybody on this machine may read {}", open.join(", ")), help);
        }
    }
}

fn space(root: &Path, findings: &mut Findings) {
    const CHECK: &str = "disk";
    let found = match rustix::fs::statvfs(root) {
        Ok(found) => found,
        Err(error) => return findings.warn(CHECK, format!("cannot tell how much is free: {error}"), "look with df"),
    };
    let bytes = found.f_bavail.saturating_mul(found.f_frsize);
    let share = |free: u64, all: u64| if all == 0 { 1.0 } else { free as f64 / all as f64 };
    let least = share(found.f_bavail, found.f_blocks).min(share(found.f_favail, found.f_files));
    let message = format!("{} free ({:.0} % of bytes and files)", indicatif::HumanBytes(bytes), least * 100.0);
    let help = "make room: tenure retain, old backups, derived/ (evaluate writes it again)";
    match least {
        least if least < FREE_FAIL => findings.fail(CHECK, message, help),
        least if least < FREE_WARN => findings.warn(CHECK, message, help),
        _ => findings.ok(CHECK, message),
    }
}
