//! Passwords: argon2id, with its default parameters (19 MB, two passes), and a salt of 16 random bytes.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier};

use crate::app::App;
use crate::error::ApiError;

/// Characters a password has at least …
const CHARS_MIN: usize = 10;
/// … and bytes at most: hashing takes time for each.
const BYTES_MAX: usize = 512;

/// Something to verify against where there is no such teammate: the answer takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Says what is wrong with a new password.
pub(crate) fn is_acceptable(password: &str) -> Result<(), ApiError> {
    let message = match password {
        _ if password.chars().count() < CHARS_MIN => format!("the password is too short: at least {CHARS_MIN} characters"),
        _ if password.len() > BYTES_MAX => format!("the password is too long: at most {BYTES_MAX} bytes"),
        _ => return Ok(()),
    };
    Err(ApiError::Bad { code: "bad_password", message })
}

/// The hash of a password, in its text form.
pub(crate) async fn hash(app: &App, password: String) -> Result<String, ApiError> {
    let salt = app.salt();
    let hashed = at_once(app, move || Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map(|hash| hash.to_string()));
    hashed.await?.map_err(|error| ApiError::Internal(format!("a password could not be hashed: {error}")))
}

/// Is it the password? Without a hash it is not, and takes as long to say so.
pub(crate) async fn verify(app: &App, password: String, hash: Option<String>) -> Result<bool, ApiError> {
    if password.len() > BYTES_MAX {
        return Ok(false);
    }
    let known = hash.is_some();
    let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
    let verified = at_once(app, move || {
        PasswordHash::new(&hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    });
    Ok(verified.await? && known)
}

/// Runs a hash on a thread of its own, of which there are few at once.
async fn at_once<T: Send + 'static>(app: &App, hash: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let _permit = app.hashing.acquire().await.map_err(|_| ApiError::Unavailable("it is being stopped".to_owned()))?;
    tokio::task::spawn_blocking(hash).await.map_err(|error| ApiError::Internal(error.to_string()))
}
