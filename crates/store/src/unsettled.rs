//! Accounts to which other events may belong by what became known of their persons: how far each is with being told anew survives an end.

use crate::dialect::{Value, query};
use crate::{Result, Store, Write};

impl Store {
    /// The accounts, each with how far it is: the caller's number.
    pub async fn unsettled(&self) -> Result<Vec<(String, i64)>> {
        let rows = query("SELECT account, state FROM unsettled ORDER BY account").fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }
}

impl Write {
    /// Writes down how far accounts are.
    pub async fn unsettle(&mut self, accounts: &[(&str, i64)]) -> Result<()> {
        let rows: Vec<_> = accounts.iter().map(|(account, state)| [Value::from(*account), Value::from(*state)]).collect();
        self.tx.insert("unsettled", ["account", "state"], "(account) DO UPDATE SET state = excluded.state", &rows).await?;
        Ok(())
    }

    /// Nothing is left to do for these.
    pub async fn settled(&mut self, accounts: &[&str]) -> Result<()> {
        for account in accounts {
            query("DELETE FROM unsettled WHERE account = $1").bind(*account).execute(&mut self.tx).await?;
        }
        Ok(())
    }
}
