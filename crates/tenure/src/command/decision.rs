//! `tenure override`, `set-stage`, `waive`: what teammates decide about an account.

use anyhow::Result;
use tenure_model::diagnostic::nearest;
use tenure_model::input::{Action, Decision, OverrideKind};
use tenure_model::{Calendar, Model};

use super::{Outcome, Shared, calendar};
use crate::failure::failure;
use crate::folder::Folder;
use crate::model::Loaded;
use crate::{clock, when};

/// Who does it.
#[derive(clap::Args, Debug)]
pub struct Author {
    /// Who decides
    #[arg(long = "by", value_name = "NAME", env = "USER", default_value = "somebody", hide_env = true)]
    pub by: String,
}

/// Who decides, why and from when.
#[derive(clap::Args, Debug)]
pub struct Because {
    #[command(flatten)]
    author: Author,
    /// Why: kept for ever, shown wherever the decision shows
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Acts from then on [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Options of `tenure override`.
#[derive(clap::Args, Debug)]
pub struct Override {
    /// The account's id
    account: String,
    /// What: total, group:NAME or measure:NAME
    target: String,
    /// What to do with the computed score
    #[arg(value_enum)]
    how: How,
    /// The score, 0 to 100 (not with `clear`)
    value: Option<f64>,
    /// It ends by itself then [default: never]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    because: Because,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Replace it
    Set,
    /// At most this
    Cap,
    /// At least this
    Floor,
    /// End overrides of this target
    Clear,
}

/// Options of `tenure set-stage`.
#[derive(clap::Args, Debug)]
pub struct SetStage {
    /// The account's id
    account: String,
    /// The stage
    #[arg(required_unless_present = "release", conflicts_with = "release")]
    stage: Option<String>,
    /// Let the stage move by itself again
    #[arg(long)]
    release: bool,
    /// Automatic moves rest until then [default: until it is set or released again]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    because: Because,
}

/// Options of `tenure waive`.
#[derive(clap::Args, Debug)]
pub struct Waive {
    /// The account's id
    account: String,
    /// The milestone
    milestone: String,
    #[command(flatten)]
    because: Because,
}

impl Override {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        decide(shared, self.account, self.because, |calendar, model| {
            if let Some(model) = model {
                known_target(&self.target, model)?;
            }
            let target = self.target;
            let (how, value) = match (self.how, self.value) {
                (How::Clear, None) => return Ok(Action::ClearOverride { target }),
                (How::Clear, Some(_)) => return Err(failure("`clear` takes no value", "leave the number out")),
                (_, None) => return Err(failure("the score is missing", "write it after set, cap or floor")),
                (how, Some(value)) => (how, value),
            };
            if !(0.0..=100.0).contains(&value) {
                return Err(failure(format!("{value} is not a score"), "scores go from 0 to 100; 100 is good"));
            }
            let how = match how {
                How::Cap => OverrideKind::Cap,
                How::Floor => OverrideKind::Floor,
                How::Set | How::Clear => OverrideKind::Set,
            };
            let until = self.until.map(|t| when::instant(&t, calendar)).transpose()?;
            Ok(Action::Override { target, how, value, until })
        })
        .await
    }
}

impl SetStage {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        decide(shared, self.account, self.because, |calendar, model| {
            let Some(stage) = self.stage else { return Ok(Action::ReleaseStage) };
            if let Some(model) = model {
                known("stage", &stage, model.stages.iter().map(|s| s.name.as_str()))?;
            }
            let until = self.until.map(|t| when::instant(&t, calendar)).transpose()?;
            Ok(Action::SetStage { stage, until })
        })
        .await
    }
}

impl Waive {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        decide(shared, self.account, self.because, |_, model| {
            if let Some(model) = model {
                known("milestone", &self.milestone, model.milestones.iter().map(|m| m.name.as_str()))?;
            }
            Ok(Action::Waive { milestone: self.milestone })
        })
        .await
    }
}

/// Writes one decision down, after asking whether what it names exists.
async fn decide(
    shared: &Shared,
    account: String,
    because: Because,
    action: impl FnOnce(&Calendar, Option<&Model>) -> Result<Action>,
) -> Result<Outcome> {
    let folder = shared.folder()?;
    let _lock = folder.lock()?;
    let store = folder.store().await?;
    let loaded: Option<Loaded> = shared.model_if_any(&store).await?;
    let calendar = calendar(loaded.as_ref());
    let account = known_account(&folder, &store, account).await?;
    let action = action(&calendar, loaded.as_ref().map(|l| &l.model))?;
    let at = because.at.map_or_else(|| Ok(clock::now()), |t| when::instant(&t, &calendar))?;
    let decision = Decision { account, at, author: because.author.by, reason: because.reason, action };
    let mut write = store.write().await?;
    write.add_decision(&decision).await?;
    write.commit().await?;
    say!("{}: {}, from {at}, by {} ({})", decision.account, describe(&decision.action), decision.author, decision.reason);
    Ok(Outcome::Fine)
}

/// The canonical id of an account that is known by what was said of it or by its events.
pub async fn known_account(folder: &Folder, store: &tenure_store::Store, account: String) -> Result<String> {
    let id = store.merges().await?.account(&account).to_owned();
    let all = store.accounts().await?;
    if all.binary_search(&id).is_ok() || !folder.archive()?.account(&id, None)?.is_empty() {
        return Ok(id);
    }
    let help = match nearest(&account, all.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "tenure sql \"SELECT id FROM accounts\" lists them".to_owned(),
    };
    Err(failure(format!("there is no account `{account}`"), help))
}

/// Is a name among those of the model?
pub fn known<'a>(what: &str, name: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let names: Vec<&str> = names.collect();
    if names.contains(&name) {
        return Ok(());
    }
    let help = nearest(name, names.iter().copied())
        .map_or_else(|| format!("there are: {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
    Err(failure(format!("the model has no {what} `{name}`"), help))
}

fn known_target(target: &str, model: &Model) -> Result<()> {
    let groups = || model.scorecards.iter().flat_map(|card| &card.groups);
    match target.split_once(':') {
        None if target == "total" => Ok(()),
        Some(("group", name)) => known("group", name, groups().map(|g| g.name.as_str())),
        Some(("measure", name)) => known("measure", name, groups().flat_map(|g| &g.measures).map(|m| m.name.as_str())),
        _ => Err(failure(format!("`{target}` is nothing that can be overridden"), "write total, group:NAME or measure:NAME")),
    }
}

fn describe(action: &Action) -> String {
    let ends = |until: &Option<tenure_model::Instant>| until.map_or_else(String::new, |t| format!(" until {t}"));
    match action {
        Action::SetStage { stage, until } => format!("stage set to {stage}{}", ends(until)),
        Action::ReleaseStage => "stage moves by itself again".to_owned(),
        Action::Override { target, how: OverrideKind::Set, value, until } => format!("{target} set to {value}{}", ends(until)),
        Action::Override { target, how: OverrideKind::Cap, value, until } => format!("{target} at most {value}{}", ends(until)),
        Action::Override { target, how: OverrideKind::Floor, value, until } => format!("{target} at least {value}{}", ends(until)),
        Action::ClearOverride { target } => format!("overrides of {target} ended"),
        Action::Waive { milestone } => format!("milestone {milestone} waived"),
    }
}
