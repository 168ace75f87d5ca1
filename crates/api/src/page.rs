//! Long lists page by page: cursors say where the last page ended, whatever was added since.

use serde::Deserialize;
use tenure_model::Instant;
use tenure_store::Page;

use crate::app::{hex, unhex};
use crate::error::ApiError;

/// Rows of a page unless asked otherwise …
const LIMIT: u32 = 50;
/// … and at most.
pub(crate) const LIMIT_MAX: u32 = 500;
// Else pages would end early, and nobody would ask for the next one.
const _: () = assert!(LIMIT_MAX <= tenure_store::ROWS_MAX);

/// How many rows a page has.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(minimum = 1, maximum = 500, default = 50)]
pub struct Limit(u32);

impl Limit {
    /// As asked, else the usual.
    ///
    /// # Errors
    /// Where it is 0 or more than allowed.
    pub fn of(asked: Option<Limit>) -> Result<u32, ApiError> {
        match asked.map_or(LIMIT, |limit| limit.0) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            limit => Err(ApiError::Bad { code: "bad_limit", message: format!("limit={limit}: from 1 to {LIMIT_MAX}") }),
        }
    }
}

/// Which page of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageAsked {
    /// At most so many.
    pub limit: Option<Limit>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A cursor that says something, opaque to who is given it.
pub(crate) fn cursor(what: &impl serde::Serialize) -> Option<String> {
    serde_json::to_vec(what).ok().map(|json| hex(&json))
}

/// What a cursor says.
///
/// # Errors
/// Where it is none of ours.
pub(crate) fn read_cursor<T: serde::de::DeserializeOwned>(cursor: &str) -> Result<T, ApiError> {
    let json = unhex(cursor).and_then(|json| serde_json::from_slice(&json).ok());
    json.ok_or_else(|| ApiError::Bad { code: "bad_cursor", message: "the cursor is none that a page gave as `next`".to_owned() })
}

/// A page of a list that is sorted by time, newest first.
pub(crate) fn before<Id: std::str::FromStr>(cursor: Option<&str>, limit: Option<Limit>) -> Result<Page<Id>, ApiError> {
    let before = cursor.map(read_cursor::<(i64, String)>).transpose()?;
    let bad = || ApiError::Bad { code: "bad_cursor", message: "the cursor belongs to another list".to_owned() };
    let before = before.map(|(at, id)| Ok::<_, ApiError>((Instant(at), id.parse().map_err(|_| bad())?))).transpose()?;
    Ok(Page { before, limit: Limit::of(limit)? })
}

/// The cursor of the page after; None where this one is the last.
pub(crate) fn next<Id, T>(page: &Page<Id>, rows: &[T], place: impl Fn(&T) -> (Instant, &str)) -> Option<String> {
    let last = rows.last().filter(|_| rows.len() >= page.limit as usize)?;
    let (at, id) = place(last);
    cursor(&(at.0, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back() {
        let page = Page::<String>::first(1);
        let next = next(&page, &[(Instant(7), "b")], |row| (row.0, row.1));
        let page: Page<String> = before(next.as_deref(), None).unwrap();
        assert_eq!(page, Page { before: Some((Instant(7), "b".to_owned())), limit: 50 });
        for wrong in ["x", "é", "ab", ""] {
            assert!(before::<String>(Some(wrong), None).is_err(), "{wrong}");
        }
    }
}
