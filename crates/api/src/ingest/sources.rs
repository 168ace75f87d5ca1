//! Who sends: write keys in headers, bodies and queries, and the sources they belong to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use tenure_ingest::http::write_key;
use tenure_model::Instant;
use tenure_model::time::SECOND;
use tenure_store::{Hash, Source, Store};

use crate::error::ApiError;

/// How long a key that was looked up is believed, in microseconds: so soon a disabled one ceases to work.
const BELIEVED: i64 = 10 * SECOND;
/// Keys remembered at most; unknown ones are not.
const KEYS_MAX: usize = 10_000;

/// The sources, by write key.
#[derive(Clone)]
pub struct Sources {
    store: Store,
    known: Arc<Mutex<HashMap<Hash, (Instant, Source)>>>,
}

impl Sources {
    /// Of a store.
    pub fn new(store: Store) -> Sources {
        Sources { store, known: Arc::default() }
    }

    /// The source that sends a request: by Basic auth (the key is the user), Bearer, or `writeKey` in the body.
    ///
    /// # Errors
    /// `Unauthorized` where there is no key, or none that is known and enabled.
    pub async fn of(&self, headers: &HeaderMap, body: &str, now: Instant) -> Result<Source, ApiError> {
        let key = header_key(headers).or_else(|| write_key(body).map(|k| k.into_owned()));
        let key = key.filter(|k| !k.is_empty()).ok_or(ApiError::Unauthorized(
            "there is no write key: give it as the user of Basic authorization, as a Bearer token, or as `writeKey` in the body",
        ))?;
        let hash = Hash(*blake3::hash(key.as_bytes()).as_bytes());
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        let source = match known.filter(|(at, _)| now.0 - at.0 < BELIEVED) {
            Some((_, source)) => Some(source),
            None => self.look_up(hash, now).await?,
        };
        source.filter(|s| s.disabled_at.is_none()).ok_or(ApiError::Unauthorized("the write key is not known, or its source is disabled"))
    }

    /// Asks the store again for every key: a source was changed.
    pub fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn look_up(&self, hash: Hash, now: Instant) -> Result<Option<Source>, ApiError> {
        let source = self.store.source_by_key(&hash).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &source {
            Some(source) => {
                if known.len() >= KEYS_MAX {
                    known.clear();
                }
                known.insert(hash, (now, source.clone()));
            }
            None => drop(known.remove(&hash)),
        }
        Ok(source)
    }
}

fn header_key(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, rest) = given.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.trim().to_owned()),
        "basic" => {
            let decoded = decode_base64(rest.trim())?;
            let text = String::from_utf8(decoded).ok()?;
            Some(text.split_once(':').map_or(text.as_str(), |(user, _)| user).to_owned())
        }
        _ => None,
    }
}

/// Base64, standard alphabet, with or without padding.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let digits: Option<Vec<u8>> = text.trim_end_matches('=').bytes().map(digit).collect();
    let mut out = Vec::new();
    for chunk in digits?.chunks(4) {
        let bits = chunk.iter().fold(0u32, |bits, d| bits << 6 | u32::from(*d)) << (6 * (4 - chunk.len()));
        out.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_headers() {
        for (given, key) in [
            ("Basic a2V5Og==", Some("key")),
            ("basic a2V5Og", Some("key")),
            ("Basic a2V5OnNlY3JldA==", Some("key")),
            ("Bearer key", Some("key")),
            ("Digest key", None),
            ("Basic ???", None),
            ("key", None),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, given.parse().unwrap())]);
            assert_eq!(header_key(&headers).as_deref(), key, "{given}");
        }
    }
}
