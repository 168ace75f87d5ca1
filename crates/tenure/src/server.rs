//! A running service, spoken to over its API.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::failure::failure;

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How long to wait before asking again how far something is.
pub const AGAIN: Duration = Duration::from_millis(200);

/// Which service.
#[derive(clap::Args, Clone, Debug)]
pub struct ServerArgs {
    /// The running service, such as https://tenure.example.com, instead of the data folder
    #[arg(long, value_name = "URL", env = "TENURE_SERVER")]
    server: Option<String>,
    /// Its API key, which must have the scope `manage`
    #[arg(long, value_name = "KEY", env = "TENURE_KEY", hide_env_values = true, requires = "server")]
    key: Option<String>,
}

/// A service and the key to it.
pub struct Server {
    url: String,
    key: String,
    agent: ureq::Agent,
}

impl ServerArgs {
    /// The service, where one was named.
    pub fn server(&self) -> Result<Option<Server>> {
        let Some(url) = &self.server else { return Ok(None) };
        let Some(key) = &self.key else {
            return Err(failure("the service wants a key", "make one (POST /api/v1/keys, scope manage) and give it in TENURE_KEY"));
        };
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(failure(format!("`{url}` is no address of a service"), "write http://HOST:PORT or https://HOST"));
        }
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        Ok(Some(Server { url: url.trim_end_matches('/').to_owned(), key: key.clone(), agent: config.into() }))
    }
}

impl Server {
    /// Where it is, for people.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// GET of a path under `/api/v1`.
    ///
    /// # Errors
    /// What the service answers, or that there is none.
    pub fn get(&self, path: &str) -> Result<Value> {
        let request = self.agent.get(self.path(path)).header("Authorization", self.bearer());
        self.read(request.call())
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// As `get`.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.agent.post(self.path(path)).header("Authorization", self.bearer());
        self.read(request.send_json(body))
    }

    fn path(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.url)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.key)
    }

    fn read(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value> {
        let mut answer =
            answer.map_err(|error| failure(format!("{} does not answer: {error}", self.url), "is it running, and is this its address?"))?;
        let status = answer.status();
        let body: Value = answer.body_mut().read_json().unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let said = body["message"].as_str().unwrap_or("no reason given");
        let help = match status.as_u16() {
            401 => "is the key right, and not revoked?",
            403 => "the key must have the scope `manage`",
            _ => "docs/reference/api.md tells what it expects",
        };
        Err(failure(format!("{} answers {}: {said}", self.url, status.as_u16()), help))
    }
}
