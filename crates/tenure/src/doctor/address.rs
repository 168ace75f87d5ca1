//! The address to listen on: free, or taken by a tenure that is well.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Findings;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(3);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 4 << 10;

pub async fn examine(listen: SocketAddr, is_running: bool, findings: &mut Findings) {
    const CHECK: &str = "address";
    let error = match TcpListener::bind(listen).await {
        Ok(_) if is_running => {
            return findings.ok(CHECK, format!("{listen} is free; the tenure that is writing listens elsewhere, or not"));
        }
        Ok(_) => return findings.ok(CHECK, format!("{listen} is free")),
        Err(error) => error,
    };
    let help = "choose another one: listen, TENURE_LISTEN, --listen";
    if error.kind() != std::io::ErrorKind::AddrInUse {
        return findings.fail(CHECK, format!("cannot listen on {listen}: {error}"), help);
    }
    match tokio::time::timeout(ANSWER, ready(listen)).await {
        Ok(Ok(answer)) if answer.contains(" 200 ") => findings.ok(CHECK, format!("a server answers on {listen} and is ready")),
        Ok(Ok(answer)) if answer.contains(" 503 ") => {
            findings.warn(CHECK, format!("the server on {listen} is not ready"), "it catches up, or stands by; its log says which");
        }
        _ => findings.warn(CHECK, format!("{listen} is taken by a program that is no ready tenure"), help),
    }
}

/// The first bytes of the answer to `GET /readyz`.
async fn ready(listen: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(listen).await?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: doctor\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
