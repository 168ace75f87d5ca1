//! Bodies and queries of requests, whose faults become answers in the one shape of errors.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A body in JSON.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Body(body)),
            Err(JsonRejection::BytesRejection(error)) if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE => {
                Err(ApiError::TooLarge(error.body_text()))
            }
            Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::Bad {
                code: "bad_content_type",
                message: "send JSON, with the header content-type: application/json".to_owned(),
            }),
            Err(error) => Err(ApiError::Bad { code: "bad_body", message: plain(&error.body_text()) }),
        }
    }
}

/// What stands after `?`.
pub(crate) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Params<T>, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Params(params)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => {
                Err(ApiError::Bad { code: "bad_query", message: plain(&error.body_text()) })
            }
            Err(error) => Err(ApiError::Bad { code: "bad_query", message: error.body_text() }),
        }
    }
}

/// The message without what the library says in front of it.
fn plain(message: &str) -> String {
    let known = [
        "Failed to deserialize the JSON body into the target type: ",
        "Failed to parse the request body as JSON: ",
        "Failed to deserialize query string: ",
    ];
    known.iter().fold(message, |message, prefix| message.strip_prefix(prefix).unwrap_or(message)).to_owned()
}
