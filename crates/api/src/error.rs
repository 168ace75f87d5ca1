//! Errors as answers: one shape, stable codes, and the one place that maps what went wrong to a status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenure_ingest::http::Refused;

/// Seconds after which a sender is to try again where the service is behind.
const RETRY_SECONDS: u32 = 5;

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// What was sent makes no sense: code, what is wrong and what to do.
    #[error("{message}")]
    Bad {
        /// Stable.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// Nobody is signed in, or the key is not known.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// Who is signed in may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is no such thing.
    #[error("there is no {what} {name}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// By which name.
        name: String,
    },
    /// It contradicts what is there.
    #[error("{message}")]
    Conflict {
        /// Stable.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// The request is larger than allowed.
    #[error("{0}")]
    TooLarge(String),
    /// Too often, or too much at once.
    #[error("{0}")]
    Busy(String),
    /// The service cannot write now.
    #[error("{0}")]
    Unavailable(String),
    /// Something that should not happen; it is logged, and told to nobody.
    #[error("something went wrong here; the log of the server says what")]
    Internal(String),
}

/// The body of every answer that is an error.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Stable: programs may rely on it.
    #[schema(example = "not_found")]
    code: String,
    /// What is wrong and what to do, for people.
    #[schema(example = "there is no account acme")]
    message: String,
}

impl ApiError {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            ApiError::Bad { .. } => StatusCode::BAD_REQUEST,
            ApiError::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            ApiError::Forbidden(_) => StatusCode::FORBIDDEN,
            ApiError::NotFound { .. } => StatusCode::NOT_FOUND,
            ApiError::Conflict { .. } => StatusCode::CONFLICT,
            ApiError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::Busy(_) => StatusCode::TOO_MANY_REQUESTS,
            ApiError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            ApiError::Bad { code, .. } | ApiError::Conflict { code, .. } => code,
            ApiError::Unauthorized(_) => "unauthorized",
            ApiError::Forbidden(_) => "forbidden",
            ApiError::NotFound { .. } => "not_found",
            ApiError::TooLarge(_) => "too_large",
            ApiError::Busy(_) => "too_many_requests",
            ApiError::Unavailable(_) => "unavailable",
            ApiError::Internal(_) => "internal",
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let ApiError::Internal(why) = &self {
            tracing::error!(%why, "a request failed");
        }
        let problem = Problem { code: self.code().to_owned(), message: self.to_string() };
        let mut response = (self.status(), Json(problem)).into_response();
        if matches!(self, ApiError::Busy(_) | ApiError::Unavailable(_)) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        response
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> ApiError {
        match refused {
            Refused::TooLarge { .. } | Refused::TooManyItems { .. } => ApiError::TooLarge(refused.to_string()),
            other => ApiError::Bad { code: other.code(), message: other.to_string() },
        }
    }
}

impl From<tenure_service::Error> for ApiError {
    fn from(error: tenure_service::Error) -> ApiError {
        match error {
            tenure_service::Error::Full(_) => ApiError::Busy(error.to_string()),
            tenure_service::Error::Unavailable(_) => ApiError::Unavailable(error.to_string()),
            tenure_service::Error::Store(error) => error.into(),
            tenure_service::Error::Import(error) => error.into(),
            other => ApiError::Internal(other.to_string()),
        }
    }
}

impl From<tenure_store::Error> for ApiError {
    fn from(error: tenure_store::Error) -> ApiError {
        match error {
            tenure_store::Error::NotFound { what, name } => ApiError::NotFound { what, name },
            tenure_store::Error::Taken { what, name } => {
                ApiError::Conflict { code: "taken", message: format!("there is another {what} {name}") }
            }
            passing if passing.is_passing() => {
                ApiError::Unavailable(format!("the database cannot be used now: {passing}; try again in some seconds"))
            }
            other => ApiError::Internal(other.to_string()),
        }
    }
}

impl From<tenure_import::Error> for ApiError {
    fn from(error: tenure_import::Error) -> ApiError {
        match error {
            tenure_import::Error::Asked { cause, help } => ApiError::Bad { code: "bad_import", message: format!("{cause}; {help}") },
            tenure_import::Error::Mapping(_) => ApiError::Bad { code: "bad_mapping", message: error.to_string() },
            tenure_import::Error::Unreadable(error) => ApiError::Bad { code: "bad_file", message: error.to_string() },
            tenure_import::Error::TooLarge(_) => ApiError::TooLarge(error.to_string()),
            tenure_import::Error::Store(error) => error.into(),
            tenure_import::Error::Io { doing, path, error } => ApiError::Internal(format!("cannot {doing} {}: {error}", path.display())),
            other => ApiError::Internal(other.to_string()),
        }
    }
}

impl From<tenure_tables::Error> for ApiError {
    fn from(error: tenure_tables::Error) -> ApiError {
        match error {
            tenure_tables::Error::Asked { cause, help } => ApiError::Bad { code: "bad_query", message: format!("{cause}; {help}") },
            tenure_tables::Error::Query(error) => ApiError::Bad { code: "bad_query", message: error.strip_backtrace() },
            tenure_tables::Error::Store(error) => error.into(),
            other => ApiError::Internal(other.to_string()),
        }
    }
}
