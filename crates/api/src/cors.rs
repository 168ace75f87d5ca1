//! SDKs of browsers send from any site: the page that sent may read the answer.

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// Lets every answer to a call of an SDK be read, whoever gives it: where a refusal could not be, the SDK would not know that it is to try again, nor
/// when. The write key says where calls belong, no cookie does.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let is_call = request.uri().path().starts_with("/v1/");
    let mut response = next.run(request).await;
    if is_call {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    }
    response
}
