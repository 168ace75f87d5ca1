//! The archive: every file there, readable, with the rows it should have; none left over.

use tenure_history::Archive;

use super::Findings;
use crate::folder::Folder;
use crate::render;

/// Files named in one line.
const NAMED: usize = 3;

pub fn examine(folder: &Folder, deep: bool, findings: &mut Findings) {
    const CHECK: &str = "archive";
    if !folder.root().is_dir() {
        return;
    }
    let condition = match Archive::open(folder.root()).and_then(|archive| archive.check(deep)) {
        Ok(condition) => condition,
        Err(error) => return findings.fail(CHECK, error.to_string(), "restore a backup"),
    };
    for broken in &condition.broken {
        findings.fail(CHECK, broken, "restore a backup, or copy the file from one: backups hold it under the same path");
    }
    if condition.broken.is_empty() {
        let how = if deep { "all rows read" } else { "rows counted as in the catalog" };
        findings.ok(
            CHECK,
            format!("{} in {}, {how}", render::counted(condition.rows, "event"), render::counted(condition.files as u64, "file")),
        );
    }
    let names: Vec<String> = condition.orphans.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    if !names.is_empty() {
        let more = if condition.orphans.len() > NAMED { " …" } else { "" };
        let count = render::counted(condition.orphans.len() as u64, "file");
        let message = format!("{count} left over by a crash, or being written: {}{more}", names.join(", "));
        findings.warn("left over", message, "nothing: the next import or archiving removes them");
    }
}
