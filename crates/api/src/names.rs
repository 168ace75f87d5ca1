//! Names that callers give: whether one will do, and what was probably meant by one that there is not.

use tenure_model::diagnostic::nearest;

use crate::error::ApiError;

/// Bytes of a name at most.
const BYTES_MAX: usize = 200;

/// A name for something new.
///
/// # Errors
/// Where it is empty or too long.
pub(crate) fn named(name: String) -> Result<String, ApiError> {
    if name.trim().is_empty() || name.len() > BYTES_MAX {
        return Err(ApiError::Bad { code: "bad_name", message: format!("a name has 1 to {BYTES_MAX} characters") });
    }
    Ok(name)
}

/// Refuses a name that there is not.
///
/// # Errors
/// `NotFound`, with the nearest name.
pub(crate) fn known_name<'a>(what: &'static str, name: &str, names: impl Iterator<Item = &'a str> + Clone) -> Result<(), ApiError> {
    if names.clone().any(|known| known == name) {
        return Ok(());
    }
    Err(ApiError::NotFound { what, name: format!("{name}{}", did_you_mean(name, names)) })
}

/// There is no such column.
pub(crate) fn unknown_column<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> ApiError {
    ApiError::Bad { code: "unknown_column", message: format!("there is no column `{name}`{}", did_you_mean(name, names)) }
}

/// The end of a message: the nearest of these names, where one is near.
pub(crate) fn did_you_mean<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest(name, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
