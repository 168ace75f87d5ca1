//! `tenure sql`: SQL over everything in the data folder.

use anyhow::Result;

use super::{Outcome, Shared};
use crate::render;
use crate::render::{Style, StyleArgs};
use tenure_tables::{Tables, collect};

/// Options of `tenure sql`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "SHOW TABLES is --tables; DESCRIBE events lists the columns of a table. The SQL is DataFusion's; nothing can be written."
)]
pub struct Sql {
    /// The query
    #[arg(required_unless_present = "tables", default_value = "")]
    query: String,
    /// List the tables there are
    #[arg(long)]
    tables: bool,
    /// At most so many rows; 0 for all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    style: StyleArgs,
}

impl Sql {
    /// Runs it.
    pub async fn run(self, shared: &Shared) -> Result<Outcome> {
        let folder = shared.folder()?;
        let store = folder.store_to_read().await?;
        let model = shared.model_if_any(&store).await?.map(|loaded| loaded.model.into());
        let tables = Tables::open(folder.root(), &store, model).await?;
        if self.tables {
            render::text(&(tables.names().join("\n") + "\n"))?;
            return Ok(Outcome::Fine);
        }
        let query = tables.query(&self.query).await?;
        for name in &query.unevaluated {
            remark!("{name} is empty: nothing was evaluated yet; tenure evaluate MODEL");
        }
        let (grid, more) = collect(query.frame, self.limit).await?;
        if self.style.style() == Style::Table && grid.columns == ["plan_type", "plan"] {
            // A plan is a tree of lines.
            let lines = grid.rows.iter().flatten().filter_map(|cell| cell.as_str()).map(|text| format!("{}\n", text.trim_end()));
            render::text(&lines.collect::<String>())?;
            return Ok(Outcome::Fine);
        }
        render::print(&grid, self.style.style())?;
        if more {
            remark!("only the first {} rows; --limit 0 for all", self.limit);
        } else if self.style.style() == Style::Table {
            remark!("({})", render::counted(grid.rows.len() as u64, "row"));
        }
        Ok(Outcome::Fine)
    }
}
