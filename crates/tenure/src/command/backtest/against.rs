//! Two models side by side on the same history.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use tenure_backtest::Backtest as Asking;
use tenure_backtest::compare::{CardPair, SideBySide, SignPair, side_by_side};
use tenure_backtest::findings::Summary;

use super::super::Outcome;
use super::super::comparison::{accounts, effect, grid};
use super::text::{head, percent, plain};
use super::{Backtest, ask};
use crate::model::{Source, short};
use crate::render::{self, NOTHING};
use crate::world::Opened;

/// Replays both models and tells what differs.
pub fn run(command: &Backtest, asked: &Asking, opened: &Opened, path: &Path) -> Result<Outcome> {
    let other = Source::read(path)?.load()?;
    let model = &opened.loaded.model;
    let (old, before, of_old) = ask(asked, opened, &opened.loaded, "by the first")?;
    let (new, after, of_new) = ask(asked, opened, &other, "by the second")?;
    let terms = &old.terms;
    let SideBySide { comparison, figures, undated } = side_by_side((&old, &before, &of_old), (&new, &after, &of_new));
    if command.style.json {
        let mut report = command.report(terms, &of_old);
        report["asked"] = json!([model.revision.0, other.model.revision.0]);
        report["findings"] = json!({ "comparison": comparison, "figures": figures, "undated": undated });
        render::text(&format!("{report}\n"))?;
        return Ok(Outcome::Fine);
    }
    let mut text = head(&format!("{} and {}", short(&model.revision.0), short(&other.model.revision.0)), command, terms);
    text += &effect(&comparison, terms.to.0 - terms.from.0 + 1);
    text += &accounts(&comparison);
    text += &of_signs(&figures.signs);
    text += &of_cards(&figures.scorecards);
    text += &[of_old, of_new].iter().map(super::text::undated).collect::<std::collections::BTreeSet<_>>().into_iter().collect::<String>();
    render::text(&text)?;
    Ok(Outcome::Fine)
}

/// Signs whose figures differ.
fn of_signs(signs: &[SignPair]) -> String {
    let pair = |sign: &SignPair, cell: &dyn Fn(&Summary) -> String| -> Value {
        let cell = |of: &Option<Summary>| of.as_ref().map_or_else(|| NOTHING.to_owned(), cell);
        let (before, after) = (cell(&sign.before), cell(&sign.after));
        if before == after { before.into() } else { format!("{before} → {after}").into() }
    };
    let rows = signs.iter().filter(|sign| sign.before != sign.after).map(|sign| {
        vec![
            sign.kind.name().into(),
            sign.name.as_str().into(),
            pair(sign, &|of| render::count(of.fires as u64)),
            pair(sign, &|of| percent(&of.quality.precision)),
            pair(sign, &|of| percent(&of.quality.recall)),
            pair(sign, &|of| plain(&of.quality.lift)),
        ]
    });
    grid(&["", "name", "fired", "precision", "recall", "lift"], rows.collect())
}

/// Scorecards whose figures differ.
fn of_cards(cards: &[CardPair]) -> String {
    let auc = |card: &Option<tenure_backtest::scorecard::ScoreFindings>| -> Value {
        card.as_ref().and_then(|card| card.leads.first()).map_or_else(|| NOTHING.to_owned(), |lead| plain(&lead.auc)).into()
    };
    let rows = cards.iter().map(|card| (card, auc(&card.before), auc(&card.after))).filter(|(_, before, after)| before != after);
    let rows = rows.map(|(card, before, after)| vec![card.scorecard.as_str().into(), before, after]);
    grid(&["scorecard", "AUC", "AUC by the second"], rows.collect())
}
