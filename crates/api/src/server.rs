//! The HTTP server: takes connections and gives each to the routes, within limits, until it is told to stop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::limits::{HEAD_BYTES_MAX, HEADERS_MAX, Limits, STOP_WAIT, limited};
use crate::patience::Patience;

/// How long it waits where no connection can be taken: no file descriptors are left, mostly.
const ACCEPT_RETRY: Duration = Duration::from_millis(200);

/// Serves until `stop` comes back; requests in work are finished then.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let router = limited(router, limits);
    let slots = Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS)));
    let (stopping, stopped) = watch::channel(false);
    let taken = async {
        loop {
            // Never closed: `acquire_owned` cannot fail.
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
            let (stream, peer) = match listener.accept().await {
                Ok(taken) => taken,
                Err(error) => {
                    if !is_of_peer(&error) {
                        tracing::warn!(%error, "no connection could be taken");
                        tokio::time::sleep(ACCEPT_RETRY).await;
                    }
                    continue;
                }
            };
            // Handlers are told where a request comes from.
            let router = router.clone().layer(Extension(ConnectInfo(peer)));
            let connection = connection(stream, router, limits, stopped.clone());
            tokio::spawn(async move {
                connection.await;
                drop(slot);
            });
        }
    };
    tokio::select! {
        () = taken => {}
        () = stop => {}
    }
    drop(listener);
    stopping.send_replace(true);
    drop(stopped);
    // Each connection holds a receiver: when all are gone, all have ended.
    if tokio::time::timeout(STOP_WAIT, stopping.closed()).await.is_err() {
        tracing::warn!(connections = stopping.receiver_count(), "connections did not end in time and are cut");
    }
}

async fn connection(stream: TcpStream, router: Router, limits: Limits, mut stopped: watch::Receiver<bool>) {
    // Answers are small: they are not to wait for more.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
    let connection = server.serve_connection(TokioIo::new(Patience::new(stream, limits.write_timeout)), service).with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Did the one who called go away before the connection was taken?
fn is_of_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}
