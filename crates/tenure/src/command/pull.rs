//! `tenure pull`: brings what was changed elsewhere, in the UI for example, into a folder of definitions: by definition, each where it stands.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tenure_model::edit::Texts;
use tenure_model::pull::{Conflict, Merged, Taken, What, Why, merge};

use super::plan::proposed;
use super::{Outcome, Shared};
use crate::base::{base_of, note, noted_in};
use crate::failure::failure;
use crate::model::{Source, short};
use crate::render;
use crate::server::{Server, ServerArgs};

/// Options of `tenure pull`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Definitions that only others changed are written into the folder where they stand, all else stays byte for byte. What both changed is a conflict: it is shown, and stays as it is in the folder. Exit codes: 0 everything is taken; 1 there are conflicts."
)]
pub struct Pull {
    /// The model's folder [default: --model, else ./model]; one that is not there is made
    model: Option<PathBuf>,
    /// The revision that the folder was made from, where it does not say so itself
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// Show what would be taken, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Models as they were applied.
enum Applied {
    There(Server),
    Here(tenure_store::Store),
}

impl Applied {
    /// The revisions, the newest last.
    async fn known(&self) -> Result<Vec<String>> {
        match self {
            Applied::Here(store) => Ok(base_of(store).await?.known),
            Applied::There(server) => {
                let answer = server.get("/model/revisions")?;
                let revisions = answer["revisions"].as_array().into_iter().flatten().rev();
                Ok(revisions.filter_map(|r| r["revision"].as_str().map(str::to_owned)).collect())
            }
        }
    }

    async fn files(&self, revision: &str) -> Result<Texts> {
        let missing =
            || failure(format!("the revision {} cannot be read", short(revision)), "tenure revisions lists those that were applied");
        match self {
            Applied::Here(store) => {
                Ok(store.model(&tenure_model::definition::Revision(revision.to_owned())).await?.ok_or_else(missing)?.files)
            }
            Applied::There(server) => {
                let answer = server.get(&format!("/model/revisions/{revision}"))?;
                let files = answer["files"].as_object().ok_or_else(missing)?;
                Ok(files.iter().filter_map(|(path, text)| Some((path.clone(), text.as_str()?.to_owned()))).collect())
            }
        }
    }
}

impl Pull {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let path = self.model.clone().or_else(|| shared.model.clone()).unwrap_or_else(|| PathBuf::from("model"));
        let applied = match self.server.server()? {
            Some(server) => Applied::There(server),
            None => Applied::Here(shared.folder()?.store_to_read().await?),
        };
        let known = applied.known().await?;
        let Some(present) = known.last() else { return Err(failure("no model was applied yet", "tenure apply applies one")) };
        let theirs = applied.files(present).await?;
        let is_new = !path.exists() || (path.is_dir() && std::fs::read_dir(&path)?.next().is_none());
        if is_new {
            if !self.dry_run {
                write(&path, &Texts::new(), &theirs)?;
                note(&path, present)?;
            }
            render::text(&format!(
                "{} is written to {}: {}\n",
                short(present),
                path.display(),
                render::counted(theirs.len() as u64, "file")
            ))?;
            return Ok(Outcome::Fine);
        }
        let source = proposed(Some(path.clone()), shared)?;
        let base = self.base(&path, &source, &known)?;
        if base == *present {
            render::text(&format!("{} was made from {}, which decides: nothing to take\n", path.display(), short(present)))?;
            return Ok(Outcome::Fine);
        }
        let mine: Texts = source.files.iter().cloned().collect();
        let merged = merge(&applied.files(&base).await?, &mine, &theirs).map_err(|broken| {
            let first = broken.found.first().map(ToString::to_string).unwrap_or_default();
            failure(format!("{broken}: {first}"), "mend it first: tenure check shows everything that is wrong")
        })?;
        if !self.dry_run {
            write(&path, &mine, &merged.files)?;
            if merged.conflicts.is_empty() {
                note(&path, present)?;
            }
        }
        render::text(&told(&merged, &base, present, self.dry_run))?;
        Ok(if merged.conflicts.is_empty() { Outcome::Fine } else { Outcome::Faulty })
    }

    /// The revision that the folder was made from: as said, as noted in it, or the last one whose definitions are its own.
    fn base(&self, path: &Path, source: &Source, known: &[String]) -> Result<String> {
        if let Some(asked) = &self.base {
            return known
                .iter()
                .find(|revision| revision.starts_with(asked.as_str()))
                .cloned()
                .ok_or_else(|| failure(format!("no revision `{asked}` was applied"), "tenure revisions lists those that were"));
        }
        let own = || source.clone().check().ok().map(|loaded| loaded.model.revision.0);
        let found = noted_in(path).or_else(own).filter(|revision| known.contains(revision));
        found.ok_or_else(|| {
            failure(
                format!("it is not known from which revision {} was made", path.display()),
                "say so: --base REVISION (tenure revisions lists them), or pull into an empty folder",
            )
        })
    }
}

/// Writes the files that are otherwise.
fn write(root: &Path, before: &Texts, after: &Texts) -> Result<()> {
    for (path, text) in after.iter().filter(|(path, text)| before.get(*path) != Some(*text)) {
        let file = if root.is_file() { root.to_owned() } else { inside(root, path)? };
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The place of a file of a model: never outside of its folder.
fn inside(root: &Path, path: &str) -> Result<PathBuf> {
    let is_plain = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_plain {
        return Err(failure(
            format!("the model has a file `{path}`, which lies outside of its folder"),
            "apply a model whose files lie in one folder",
        ));
    }
    Ok(root.join(path))
}

/// What was taken, and what was not.
fn told(merged: &Merged, base: &str, present: &str, dry: bool) -> String {
    let mut out = format!("{} → {}{}\n", short(base), short(present), if dry { ", as it would be" } else { "" });
    for taken in &merged.taken {
        out += &format!("  {} {}  {}\n", sign(taken), name(&taken.section, &taken.name), taken.file);
    }
    if merged.taken.is_empty() && merged.conflicts.is_empty() {
        out += "  nothing to take: the folder has all of it\n";
    }
    for conflict in &merged.conflicts {
        out += &shown(conflict);
    }
    if !merged.conflicts.is_empty() {
        let n = render::counted(merged.conflicts.len() as u64, "conflict");
        out += &format!("\n{n}: the folder keeps its own. Bring each to what it shall be, then: tenure apply --over --reason …\n");
    }
    out
}

fn sign(taken: &Taken) -> &'static str {
    match taken.what {
        What::Added => "+",
        What::Changed => "~",
        What::Removed => "-",
        What::Moved => "moved",
    }
}

fn name(section: &str, name: &str) -> String {
    if name.is_empty() { section.to_owned() } else { format!("{section}.{name}") }
}

fn shown(conflict: &Conflict) -> String {
    let why = match &conflict.why {
        Why::BothChanged => "changed in both".to_owned(),
        Why::DefinedTwice => "defined twice".to_owned(),
        Why::NotWritable(why) => format!("cannot be written there: {why}"),
    };
    let text = |text: &Option<String>| {
        let text = text.as_deref().map_or("(nothing)", str::trim_end);
        text.lines().map(|line| format!("      {line}\n")).collect::<String>()
    };
    format!(
        "\nconflict: {} at {}:{}: {why}\n    before\n{}    here\n{}    there\n{}",
        name(&conflict.section, &conflict.name),
        conflict.file,
        conflict.line,
        text(&conflict.base),
        text(&conflict.mine),
        text(&conflict.theirs),
    )
}
