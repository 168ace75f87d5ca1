//! The hash of a secret: the store keeps no write key, token or session id itself.

use std::fmt;

use crate::dialect::{Row, Value};
use crate::{Error, Result};

/// 32 bytes, made by the caller (BLAKE3 of a secret with enough randomness).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Debug for Hash {
    /// The beginning only: enough to tell two apart in a test.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

impl Hash {
    /// From a column of a table.
    pub(crate) fn read(row: &Row, column: usize, table: &'static str) -> Result<Hash> {
        let bytes: Vec<u8> = row.get(column)?;
        bytes.try_into().map(Hash).map_err(|_| Error::Corrupt { table, why: "a hash is not 32 bytes long".into() })
    }
}

impl<'v> From<&'v Hash> for Value<'v> {
    fn from(hash: &'v Hash) -> Value<'v> {
        Value::from(hash.0.as_slice())
    }
}
