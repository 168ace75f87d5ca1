//! Randomness: the only place that asks the system for it.

/// Fills bytes that nobody can guess.
#[allow(clippy::disallowed_methods, reason = "this is the one place")]
pub fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has no randomness: nothing can be kept secret here");
}

/// Text of so many random bytes, in hexadecimal.
pub fn text(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}
