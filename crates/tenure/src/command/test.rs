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
        let answered = if tally.answered == 0 { String::new() } else { format!(", {} written", render::counted(tally.answered, "answer")) };
        let failed = if tally.failed == 0 { "all fine".to_owned() } else { format!("{} failed", render::count(tally.failed)) };
        println!("{}, {}: {failed}{answered}", render::counted(tally.scenarios, "scenario"), render::counted(tally.checked, "expectation"));
        Ok(if tally.failed == 0 { Outcome::Fine } else { Outcome::Faulty })
    }

    fn one(&self, file: &Path, engines: &mut BTreeMap<PathBuf, Arc<Engine>>, tally: &mut Tally) -> Result<()> {
        tally.scenarios += 1;
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
        let scenario = match tenure_model::scenario::parse(&shown.to_string(), &text) {
            Ok(scenario) => scenario,
            Err(diagnostics) => {
                tally.failed += 1;
                println!("FAILED {shown}");
                diagnostics.iter().for_each(|d: &Diagnostic| println!("  {d}"));
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
        tally.checked += report.checked as u64;
        if self.complete && !report.answers.is_empty() {
            tally.answered += report.answers.len() as u64;
            std::fs::write(file, tenure_model::scenario::complete(&text, &report.answers))
                .with_context(|| format!("cannot write {shown}"))?;
        }
        if !report.failures.is_empty() {
            tally.failed += 1;
            println!("FAILED {shown}: {}", scenario.name);
            for failure in &report.failures {
                println!(
                    "  {shown}:{}: {} at {}: expected {}, was {}",
                    failure.line, failure.subject, failure.at, failure.expected, failure.actual
                );
            }
        } else if self.verbose {
            println!("ok {shown}: {}", scenario.name);
        }
        Ok(())
    }
}

/// The scenario files of a path: itself, or those in scenarios/ of a model's folder.
fn scenarios(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let within = path.join("scenarios");
    let folder = if within.is_dir() { within } else { path.to_owned() };
    let entries = std::fs::read_dir(&folder)
        .map_err(|error| failure(format!("cannot read {}: {error}", folder.display()), "give a model's folder or a scenario file"))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(scenarios(&path)?);
        } else if matches!(path.extension().and_then(|e| e.to_str()), Some("yaml" | "yml")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
