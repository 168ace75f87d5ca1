//! The document of the REST API: what every operation has in common is added here once.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use crate::error::Problem;
use crate::page::Limit;

/// Operations for everybody.
const OPEN: &[&str] = &["/api/v1/setup"];

/// Operations that name something in their body.
const NAMING: &[&str] = &["/api/v1/model/rollback"];

/// What can go wrong everywhere.
const EVERYWHERE: &[(&str, &str)] = &[
    ("400", "The request makes no sense: `code` and `message` say what is wrong"),
    ("401", "Nobody is signed in, or the key is not known"),
    ("403", "Whoever is signed in may not do this, or x-csrf-token is missing"),
    ("429", "Too often: try again after the seconds in Retry-After"),
    ("503", "The service cannot write now: try again after the seconds in Retry-After"),
];

/// What can go wrong where something is named, or sent.
const NOT_FOUND: (&str, &str) = ("404", "There is no such thing");
const CONFLICT: (&str, &str) = ("409", "It contradicts what is there");
const TOO_LARGE: (&str, &str) = ("413", "The request is larger than allowed");

/// Completes the document: title, errors, who may call.
pub(crate) fn complete(document: &mut OpenApi) {
    document.info = InfoBuilder::new()
        .title("Tenure")
        .version("1")
        .description(Some("Customer success, live: accounts with their stages, milestones, health and alerts, each with its reason."))
        .build();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("tenure_session")));
    let key = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key: tk_…")).build());
    let schemas = document.components.take().map(|c| c.schemas).unwrap_or_default();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .schema(Problem::name(), Problem::schema())
        .schema(Limit::name(), Limit::schema())
        .security_scheme("session", cookie)
        .security_scheme("key", key);
    document.components = Some(components.build());
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in each(item) {
            let names = path.contains('{') || NAMING.contains(&path.as_str());
            let writes = method != "get";
            let also = [(names, NOT_FOUND), (writes, CONFLICT), (operation.request_body.is_some(), TOO_LARGE)];
            for (status, what) in EVERYWHERE.iter().copied().chain(also.into_iter().filter(|a| a.0).map(|a| a.1)) {
                problem(operation, status, what);
            }
            let is_open = OPEN.contains(&path.as_str()) || (path == "/api/v1/session" && method == "post");
            if !is_open {
                let none: [&str; 0] = [];
                operation.security = Some(vec![SecurityRequirement::new("session", none), SecurityRequirement::new("key", none)]);
            }
        }
    }
}

fn problem(operation: &mut Operation, status: &str, what: &str) {
    let schema = RefOr::Ref(Ref::from_schema_name(Problem::name()));
    let response = ResponseBuilder::new().description(what).content("application/json", ContentBuilder::new().schema(Some(schema)).build());
    operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response.build()));
}

/// The operations of a path, by method.
fn each(item: &mut PathItem) -> Vec<(&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?))).collect()
}

/// Every operation: method and path.
pub(crate) fn operations(document: &OpenApi) -> Vec<(String, String)> {
    let of = |path: &String, item: &PathItem| {
        let mut item = item.clone();
        each(&mut item).into_iter().map(|(method, _)| (method.to_owned(), path.clone())).collect::<Vec<_>>()
    };
    document.paths.paths.iter().flat_map(|(path, item)| of(path, item)).collect()
}
