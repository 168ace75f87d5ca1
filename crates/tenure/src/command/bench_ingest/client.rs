//! A plain HTTP client that keeps its connection: the same one for everything that is compared.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to a server.
pub struct Client {
    address: SocketAddr,
    reader: BufReader<TcpStream>,
    headers: String,
}

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The value of `set-cookie`, if there is one.
    pub cookie: Option<String>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects; `headers` are sent with every request, each with its line's end.
    pub fn connect(address: SocketAddr, headers: &str) -> Result<Client> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Client { address, reader: BufReader::with_capacity(64 << 10, stream), headers: headers.to_owned() })
    }

    /// Sends a request and reads its answer.
    pub fn call(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Answer> {
        self.send(method, path, body)?;
        let (status, length, cookie) = self.head()?;
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        Ok(Answer { status, cookie, body })
    }

    /// Sends a request whose answer goes on and on; its lines come from `line`.
    pub fn open(mut self, path: &str) -> Result<Client> {
        self.send("GET", path, &[])?;
        let (status, ..) = self.head()?;
        if status != 200 {
            bail!("GET {path}: {status}");
        }
        Ok(self)
    }

    /// The next line of an answer that goes on.
    pub fn line(&mut self, line: &mut String) -> Result<()> {
        line.clear();
        if self.reader.read_line(line)? == 0 {
            bail!("{} has closed the connection", self.address);
        }
        Ok(())
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<()> {
        let (address, headers) = (self.address, &self.headers);
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.reader.get_mut().write_all(&request)?;
        Ok(())
    }

    /// The status, how long the body is, and the cookie.
    fn head(&mut self) -> Result<(u16, usize, Option<String>)> {
        let mut line = String::new();
        self.line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).with_context(|| format!("not an answer: {line}"))?;
        let (mut length, mut cookie) = (0, None);
        loop {
            self.line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { return Ok((status, length, cookie)) };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse()?,
                "set-cookie" => cookie = value.trim().split(';').next().map(str::to_owned),
                _ => {}
            }
        }
    }
}
