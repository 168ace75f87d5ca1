//! `tenure sql`: reading everything, writing nothing.

use crate::company::Company;

#[test]
fn tables_and_styles() {
    let company = Company::imported();
    insta::assert_snapshot!(company.session(&[
        &["sql", "--tables"],
        &["sql", "SELECT a.id, a.tier, COUNT(e.name) AS events FROM accounts a LEFT JOIN events e ON e.account_id = a.id GROUP BY ALL ORDER BY a.id", "--model", "model"],
        &["sql", "SELECT * FROM subscriptions ORDER BY id", "--json"],
        &["sql", "SELECT person_id, account_id, valid_until FROM memberships ORDER BY 1", "--csv"],
        &["sql", "SELECT kind, file, rows, new, known, rejected, status FROM imports ORDER BY id"],
        &["sql", "SELECT * FROM people ORDER BY id", "--limit", "2"],
        &["sql", "DESCRIBE accounts"],
    ]));
}

#[test]
fn what_is_refused() {
    let company = Company::imported();
    insta::assert_snapshot!(company.session(&[
        &["sql", "SELECT * FROM event"],
        &["sql", "SELECT * FROM health"],
        &["sql", "SELEC 1"],
        &["sql", "SELECT nme FROM accounts"],
        &["sql", "CREATE TABLE x AS SELECT 1"],
        &["sql", "DROP TABLE events"],
        &["sql", "COPY accounts TO 'stolen.csv'"],
        &["sql"],
        &["--data", "nowhere", "sql", "SELECT 1"],
    ]));
    assert!(!company.path("stolen.csv").exists());
}
