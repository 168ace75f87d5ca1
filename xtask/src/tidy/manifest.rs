//! The dependencies named in a Cargo.toml: as much of TOML as our manifests use.

/// The table a dependency stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    /// `[dependencies]`, also of a target.
    Normal,
    /// `[dev-dependencies]`.
    Dev,
    /// `[build-dependencies]`.
    Build,
}

/// One dependency.
#[derive(PartialEq, Debug)]
pub struct Dependency<'a> {
    /// Name of the crate.
    pub name: &'a str,
    /// Table.
    pub table: Table,
    /// Line, from 1.
    pub line: usize,
}

/// The package's name.
pub fn package(toml: &str) -> Option<&str> {
    let package = toml.split("[package]").nth(1)?;
    let line = package.lines().find(|line| line.starts_with("name"))?;
    line.split('"').nth(1)
}

/// Its dependencies, in the order written.
pub fn dependencies(toml: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut table = None;
    for (index, line) in toml.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|l| l.split(']').next_back().map(|rest| &l[..l.len() - rest.len() - 1])) {
            // `dependencies`, `target.'cfg(unix)'.dependencies`, `dependencies.serde`
            let parts: Vec<&str> = header.split('.').collect();
            let at = parts.iter().position(|part| kind(part).is_some());
            table = at.and_then(|at| kind(parts[at]));
            if let (Some(at), Some(table)) = (at, table)
                && let Some(name) = parts.get(at + 1)
            {
                found.push(Dependency { name, table, line: index + 1 });
            }
            if at.is_some_and(|at| at + 1 < parts.len()) || parts[0] == "workspace" {
                table = None;
            }
        } else if let Some(table) = table
            && let Some((key, _)) = line.split_once('=')
            && !line.starts_with('#')
        {
            found.push(Dependency { name: key.split('.').next().unwrap_or(key).trim().trim_matches('"'), table, line: index + 1 });
        }
    }
    found
}

fn kind(part: &str) -> Option<Table> {
    match part {
        "dependencies" => Some(Table::Normal),
        "dev-dependencies" => Some(Table::Dev),
        "build-dependencies" => Some(Table::Build),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_dependency_is_read() {
        let toml = "\
[package]
name = \"tenure-model\"

[dependencies]
# a comment = 1
serde.workspace = true
jiff = { version = \"0.2\" }
[dependencies.tokio]
version = \"1\"
[target.'cfg(unix)'.dependencies]
libc = \"0.2\"
[dev-dependencies]
insta = \"1\"
[lints]
workspace = true
";
        assert_eq!(package(toml), Some("tenure-model"));
        let found: Vec<_> = dependencies(toml).into_iter().map(|d| (d.name, d.table, d.line)).collect();
        assert_eq!(
            found,
            [
                ("serde", Table::Normal, 6),
                ("jiff", Table::Normal, 7),
                ("tokio", Table::Normal, 8),
                ("libc", Table::Normal, 11),
                ("insta", Table::Dev, 13),
            ]
        );
    }
}
