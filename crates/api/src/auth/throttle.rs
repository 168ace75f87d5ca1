//! Who tries passwords too often waits: by e-mail address and by network address, longer with every failure.

use tenure_model::time::{MINUTE, SECOND};
use tenure_store::transact;

use crate::app::App;
use crate::error::ApiError;

/// Failures of one e-mail address that cost nothing …
const FREE_OF_EMAIL: i64 = 5;
/// … and of one network address, behind which many may sit.
const FREE_OF_ADDRESS: i64 = 50;
/// The first wait, in microseconds; it doubles with every further failure …
const WAIT: i64 = 10 * SECOND;
/// … up to this.
const WAIT_MAX: i64 = 15 * MINUTE;
/// Failures longer ago than this do not count.
const FORGET: i64 = 60 * MINUTE;

/// Keys of an attempt, each with the failures that cost nothing.
fn keys(email: &str, address: Option<&str>) -> Vec<(String, i64)> {
    let of_address = address.map(|address| (format!("address {address}"), FREE_OF_ADDRESS));
    [(format!("email {}", email.to_lowercase()), FREE_OF_EMAIL)].into_iter().chain(of_address).collect()
}

/// Refuses an attempt where one has to wait.
pub(super) async fn check(app: &App, email: &str, address: Option<&str>) -> Result<(), ApiError> {
    let now = app.now();
    for (key, _) in keys(email, address) {
        if let Some(until) = app.store().login_failures(&key).await?.blocked_until.filter(|until| *until > now) {
            let seconds = (until.0 - now.0) / SECOND + 1;
            return Err(ApiError::Busy(format!("too many attempts: try again in {seconds} seconds")));
        }
    }
    Ok(())
}

/// Counts a failure.
pub(super) async fn failed(app: &App, email: &str, address: Option<&str>) -> Result<(), ApiError> {
    let now = app.now();
    for (key, free) in keys(email, address) {
        transact!(app.store(), "sign-in", |write| {
            let failures = write.login_failed(&key, now, now.plus(-FORGET)).await?;
            match wait(failures - free) {
                Some(wait) => write.block_login(&key, now.plus(wait)).await,
                None => Ok(()),
            }
        })?;
    }
    Ok(())
}

/// Forgets the failures of an e-mail address.
pub(super) async fn succeeded(app: &App, email: &str) -> Result<(), ApiError> {
    for (key, _) in keys(email, None) {
        transact!(app.store(), "sign-in", |write| write.login_succeeded(&key).await)?;
    }
    Ok(())
}

/// How long to wait after so many failures too many.
fn wait(beyond: i64) -> Option<i64> {
    (beyond > 0).then(|| (WAIT << (beyond - 1).min(20)).min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        let seconds = |beyond| wait(beyond).map(|w| w / SECOND);
        assert_eq!([-1, 0, 1, 2, 3, 8, 1000].map(seconds), [None, None, Some(10), Some(20), Some(40), Some(900), Some(900)]);
    }
}
