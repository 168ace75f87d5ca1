//! `tenure test`: runs a model's scenarios; with `--complete` writes what came out wherever one asks `?`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tenure_engine::Engine;
use tenure_engine::scenario::run;
use tenure_model::Diagnostic;

use super::{Outcome, Shared};
use crate::failure::failure;
use crate::model::Source;
use crate::render;

/// Options of `tenure test`.
#[derive(clap::Args, Debug)]
#[command(after_help = "docs/reference/scenario.md says how scenarios are written. Exit code 1 where an expectation did not come true.")]
pub struct Test {
    /// Models (their scenarios/ are run), or scenario files [default: --model, else ./model]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write what came out wherever a scenario expects `?`
    #[arg(long)]
    complete: bool,
    /// Say what went well, too
    #[arg(long, short)]
    verbose: bool,
}

/// How all of them went.
#[derive(Default)]
struct Tally {
    scenarios: u64,
    checked: u64,
    failed: u64,
    answered: u64,
    unanswered: u64,
}

impl Test {
    /// Runs it.
    pub fn run(self, shared: &Shared) -> Result<Outcome> {
        let paths = if self.paths.is_empty() { vec![shared.model.clone().unwrap_or_else(|| "model".into())] } else { self.paths.clone() };
        let mut engines: BTreeMap<PathBuf, Arc<Engine>> = BTreeMap::new();
        let mut tally = Tally::default();
        for file in paths.iter().map(|path| scenarios(path)).collect::<Result<Vec<_>>>()?.into_iter().flatten() {
            self.one(&file, &mut engines, &mut tally)?;
        }
        if tally.scenarios == 0 {
            return Err(failure("there is no scenario", "write one into scenarios/ of the model: docs/reference/scenario.md"));
        }
        let mut went = Vec::new();
        if tally.failed > 0 {
            went.push(format!("{} failed", render::count(tally.failed)));
        }
        if tally.unanswered > 0 {
            went.push(format!("{} unanswered (`?`): --complete writes what comes out", render::count(tally.unanswered)));
        }
        let fine = went.is_empty();
        if fine {
            went.push("all fine".to_owned());
        }
        if tally.answered > 0 {
            went.push(format!("{} written", render::counted(tally.answered, "answer")));
        }
        let went = went.join(", ");
        say!("{}, {}: {went}", render::counted(tally.scenarios, "scenario"), render::counted(tally.checked, "expectation"));
        Ok(if fine { Outcome::Fine } else { Outcome::Faulty })
    }

    fn one(&self, file: &Path, engines: &mut BTreeMap<PathBuf, Arc<Engine>>, tally: &mut Tally) -> Result<()> {
        tally.scenarios += 1;
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
        let scenario = match tenure_model::scenario::parse(&shown.to_string(), &text) {
            Ok(scenario) => scenario,
            Err(diagnostics) => {
                tally.failed += 1;
                say!("FAILED {shown}");
                diagnostics.iter().for_each(|d: &Diagnostic| say!("  {d}"));
                return Ok(());
            }
        };
        let model = file.parent().unwrap_or(Path::new(".")).join(scenario.model.as_deref().unwrap_or(".."));
        let model = model.canonicalize().with_context(|| format!("{shown}: there is no model at {}", model.display()))?;
        let engine = match engines.get(&model) {
            Some(engine) => engine.clone(),
            None => {
                let engine = Arc::new(Engine::new(Arc::new(Source::read(&model)?.load()?.model)));
                engines.insert(model, engine.clone());
                engine
            }
        };
        let report = run(&engine, &scenario);
        if scenario.steps.iter().all(|step| step.expect.is_empty()) {
            remark!("warning: {shown}: it expects nothing, so it cannot fail");
        }
        tally.checked += report.checked as u64;
        if self.complete && !report.answers.is_empty() {
            tally.answered += report.answers.len() as u64;
            std::fs::write(file, tenure_model::scenario::complete(&text, &report.answers))
                .with_context(|| format!("cannot write {shown}"))?;
        } else {
            tally.unanswered += report.answers.len() as u64;
        }
        if !report.failures.is_empty() {
            tally.failed += 1;
            say!("FAILED {shown}: {}", scenario.name);
            for failure in &report.failures {
                say!(
                    "  {shown}:{}: {} at {}: expected {}, was {}",
                    failure.line,
                    failure.subject,
                    failure.at,
                    failure.expected,
                    failure.actual
                );
            }
        } else if self.verbose {
            say!("ok {shown}: {}", scenario.name);
        }
        Ok(())
    }
}

/// The scenario files of a path: itself, or those in the folder and below it.
fn scenarios(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        // `scenarios/*` names what lies beside them, too.
        return Ok(if is_yaml(path) { vec![path.to_owned()] } else { Vec::new() });
    }
    let mut files = Vec::new();
    collect(path, &mut files)
        .map_err(|error| failure(format!("cannot read {}: {error}", path.display()), "give a model's folder or a scenario file"))?;
    if files.is_empty() {
        return Err(failure(
            format!("there are no scenarios in {}", path.display()),
            "they lie in scenarios/ of a model, or anywhere with `model:`: docs/reference/scenario.md",
        ));
    }
    files.sort();
    Ok(files)
}

/// Those of a folder: of a model's folder only what lies in its scenarios/; elsewhere what calls itself a scenario.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let within = folder.join("scenarios");
    if within.is_dir() {
        return collect(&within, files);
    }
    let all_are = folder.components().any(|part| part.as_os_str() == "scenarios");
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if is_yaml(&path) && (all_are || std::fs::read_to_string(&path)?.lines().any(|line| line.starts_with("scenario:"))) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    matches!(path.extension().and_then(|e| e.to_str()), Some("yaml" | "yml"))
}
