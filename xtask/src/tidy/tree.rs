//! The project's files as tidy sees them: their paths and, where they are text, their lines.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Folders that hold nothing anybody wrote; hidden files are skipped too.
const SKIPPED: &[&str] = &["target", "node_modules", "dist", "demo-data", "__pycache__"];

/// Endings of the files whose text is read; of others, only the path is known.
const TEXT: &[&str] = &["rs", "md", "toml", "yaml", "yml", "py", "sh", "sql", "ts", "tsx"];

/// All files of the project by path, with `/` between folders; the text is empty where it is not read.
#[derive(Default)]
pub struct Tree {
    /// Path to text.
    pub files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the files under `root`.
    pub fn read(root: &Path) -> io::Result<Tree> {
        let mut tree = Tree::default();
        tree.add(root, "")?;
        Ok(tree)
    }

    fn add(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let hidden = name.starts_with('.') && !matches!(path.as_str(), ".ci" | ".cargo");
            if hidden || SKIPPED.contains(&name.as_str()) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.add(&entry.path(), &format!("{path}/"))?;
            } else {
                let text = if TEXT.contains(&extension(&path)) { fs::read_to_string(entry.path())? } else { String::new() };
                self.files.insert(path, text);
            }
        }
        Ok(())
    }

    /// The files with this ending, as (path, text).
    pub fn with_extension<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files.iter().filter(move |(path, _)| extension(path) == ending).map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Is there such a file or folder?
    pub fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        self.files.contains_key(path) || self.files.range(folder.clone()..).next().is_some_and(|(p, _)| p.starts_with(&folder))
    }
}

/// What stands after the last point of a path's last part.
pub fn extension(path: &str) -> &str {
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending)
}

#[cfg(test)]
pub fn tree<const N: usize>(files: [(&str, &str); N]) -> Tree {
    Tree { files: files.into_iter().map(|(path, text)| (path.to_string(), text.to_string())).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_there() {
        let tree = tree([("crates/model/src/lib.rs", ""), ("README.md", "")]);
        for path in ["README.md", "crates", "crates/model/", "crates/model/src/lib.rs"] {
            assert!(tree.has(path), "{path}");
        }
        for path in ["crates/mod", "README", "docs"] {
            assert!(!tree.has(path), "{path}");
        }
    }

    #[test]
    fn the_real_tree_is_read() {
        let tree = Tree::read(crate::root()).unwrap();
        assert!(tree.has("xtask/src/tidy/tree.rs") && tree.has(".ci/run"));
        assert!(!tree.has("target") && !tree.has(".git"));
    }
}
