//! Changes only those fields of a definition that differ, so that its comments and formatting stay.

use crate::edit::{self, At, Error, Texts, same};

/// Makes what a path leads to in `files` say what it says in `theirs`; the order of fields may remain another.
pub(super) fn adapt(files: &mut Texts, theirs: &Texts, path: &[&str]) -> Result<(), Error> {
    let (Some(mine), Some(other)) = (edit::value(files, path)?, edit::value(theirs, path)?) else { return Ok(()) };
    if same(&mine, &other) {
        return Ok(());
    }
    let piece = |path: &[&str]| edit::piece(theirs, path)?.ok_or_else(|| Error::Missing { path: path.join(".") });
    let (old, new) = match (mine.as_map(), other.as_map()) {
        (Some(old), Some(new)) if !old.is_empty() && !new.is_empty() => (old, new),
        _ => return edit::replace_by(files, path, &piece(path)?),
    };
    let mut before = At::First;
    for entry in new {
        let inner = [path, &[entry.key.as_str()]].concat();
        if old.iter().any(|e| e.key == entry.key) {
            adapt(files, theirs, &inner)?;
        } else if let Some(file) = edit::find(files, path)?.map(|found| found.file.to_owned()) {
            edit::insert_from(files, &file, &inner, &piece(&inner)?, "", before)?;
        }
        before = At::After(&entry.key);
    }
    for entry in old.iter().filter(|e| !new.iter().any(|n| n.key == e.key)) {
        edit::remove(files, &[path, &[entry.key.as_str()]].concat())?;
    }
    Ok(())
}
