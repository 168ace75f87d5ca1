//! The URL map: each route under the least role that may call it.

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use tenure_store::Role;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::routes as accounts;
use crate::alerts::routes as alerts;
use crate::app::App;
use crate::auth::{require, routes as auth};
use crate::error::ApiError;
use crate::imports::routes as imports;
use crate::{
    apply, audit, backtests::routes as backtests, ingest, keys, lifecycle, model, openapi, ops, quarantine, secure, segments, setup,
    sources, sql, status, stream, teammates, views,
};

/// Bytes of a body that is read at all; what each endpoint allows is less.
const BODY_BYTES_MAX: usize = 8 << 20;

/// Everybody, signed in or not.
fn open() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(auth::sign_in)).routes(routes!(auth::set_up))
}

/// Read.
fn viewers() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(auth::session, auth::sign_out))
        .routes(routes!(auth::change_password))
        .routes(routes!(accounts::accounts))
        .routes(routes!(accounts::account))
        .routes(routes!(accounts::timeline))
        .routes(routes!(accounts::people))
        .routes(routes!(accounts::events))
        .routes(routes!(accounts::subscriptions))
        .routes(routes!(accounts::metrics))
        .routes(routes!(accounts::health))
        .routes(routes!(accounts::explain))
        .routes(routes!(accounts::notes))
        .routes(routes!(segments::segments))
        .routes(routes!(segments::members))
        .routes(routes!(segments::segment_history))
        .routes(routes!(lifecycle::lifecycle))
        .routes(routes!(lifecycle::milestones))
        .routes(routes!(alerts::alerts))
        .routes(routes!(alerts::alert))
        .routes(routes!(alerts::alert_rules))
        .routes(routes!(model::model))
        .routes(routes!(model::revisions))
        .routes(routes!(model::revision))
        .routes(routes!(model::check_model))
        .routes(routes!(model::diff_model))
        .routes(routes!(backtests::backtests))
        .routes(routes!(backtests::backtest))
        .routes(routes!(backtests::backtest_cases))
        .routes(routes!(views::views, views::add_view))
        .routes(routes!(views::change_view, views::delete_view))
        .routes(routes!(stream::stream))
        .routes(routes!(status::status))
}

/// Work with accounts.
fn csms() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(accounts::add_override, accounts::end_override))
        .routes(routes!(accounts::set_stage, accounts::release_stage))
        .routes(routes!(accounts::waive))
        .routes(routes!(accounts::add_note))
        .routes(routes!(accounts::edit_note, accounts::delete_note))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(alerts::snooze))
        .routes(routes!(alerts::close))
        .routes(routes!(alerts::reopen))
        .routes(routes!(alerts::assign))
        .routes(routes!(sql::sql))
}

/// Lead teammates; change what comes in and what decides.
fn managers() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(apply::apply_model, apply::applying, apply::cancel_apply))
        .routes(routes!(apply::roll_back))
        .routes(routes!(backtests::ask_backtest))
        .routes(routes!(backtests::cancel_backtest))
        .routes(routes!(backtests::plan_model))
        .routes(routes!(imports::imports, imports::add_import))
        .routes(routes!(imports::import))
        .routes(routes!(imports::import_rejects))
        .routes(routes!(imports::import_rejects_file))
        .routes(routes!(imports::cancel_import))
        .routes(routes!(quarantine::quarantine))
        .routes(routes!(quarantine::mend))
        .routes(routes!(quarantine::replay_quarantine))
        .routes(routes!(quarantine::discard))
        .routes(routes!(sources::sources, sources::add_source))
        .routes(routes!(sources::change_source))
        .routes(routes!(teammates::teammates))
}

/// Everything.
fn admins() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(teammates::add_teammate))
        .routes(routes!(teammates::change_teammate))
        .routes(routes!(keys::keys, keys::add_key))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(audit::audit_log))
}

/// The REST API with its document; `gate` puts a role before its routes.
fn api(gate: impl Fn(OpenApiRouter<App>, Role) -> OpenApiRouter<App>) -> (Router<App>, OpenApi) {
    let gated = [(viewers(), Role::Viewer), (csms(), Role::Csm), (managers(), Role::Manager), (admins(), Role::Admin)];
    let all = gated.into_iter().fold(OpenApiRouter::new(), |all, (routes, least)| all.merge(gate(routes, least)));
    let (router, mut document) = open().merge(all).split_for_parts();
    openapi::complete(&mut document);
    (router, document)
}

/// The document of the REST API.
pub fn document() -> OpenApi {
    api(|routes, _| routes).1
}

/// The least role for each operation of the document: method, path. Sign-in and setup are for everybody.
pub fn least_roles() -> Vec<(String, String, Option<Role>)> {
    let of = |routes: OpenApiRouter<App>, role: Option<Role>| {
        let document = routes.split_for_parts().1;
        openapi::operations(&document).into_iter().map(move |(method, path)| (method, path, role)).collect::<Vec<_>>()
    };
    let all = [
        (open(), None),
        (viewers(), Some(Role::Viewer)),
        (csms(), Some(Role::Csm)),
        (managers(), Some(Role::Manager)),
        (admins(), Some(Role::Admin)),
    ];
    all.into_iter().flat_map(|(routes, role)| of(routes, role)).collect()
}

/// All routes.
pub fn router(app: App) -> Router {
    let ingestion = Router::new()
        .route("/v1/{call}", post(ingest::segment).options(ingest::preflight))
        .route("/v1/cloudevents", post(ingest::cloud_events))
        .route("/v1/entities/{kind}", put(ingest::entities));
    let operations =
        Router::new().route("/healthz", get(ops::healthz)).route("/readyz", get(ops::readyz)).route("/metrics", get(ops::metrics));
    let (api, document) = api(|routes, least| routes.route_layer(from_fn_with_state((app.clone(), least), require)));
    let api = api.route("/api/v1/openapi.json", get(|| async move { Json(document) }));
    let nowhere =
        |request: axum::extract::Request| async move { ApiError::NotFound { what: "page", name: request.uri().path().to_owned() } };
    ingestion
        .merge(operations)
        .merge(api)
        .merge(setup::routes())
        .fallback(nowhere)
        .layer(from_fn(secure::headers))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(app)
}
