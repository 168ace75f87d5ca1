//! Imports of files: sent, watched, cancelled; what was rejected.

mod list;
mod rejects;
mod upload;

pub(crate) mod routes {
    pub use super::list::*;
    pub use super::rejects::*;
    pub use super::upload::*;
}

pub(crate) use list::of_news;

use tenure_store::Import;

use crate::app::App;
use crate::error::ApiError;

/// An import by the text of its number.
///
/// # Errors
/// `NotFound`; what the database says.
async fn numbered(app: &App, id: &str) -> Result<Import, ApiError> {
    let missing = || ApiError::NotFound { what: "import", name: id.to_owned() };
    app.store().import_numbered(id.parse().map_err(|_| missing())?).await?.ok_or_else(missing)
}
