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

#[test]
fn a_missing_file_is_told() {
    let company = Company::imported();
    let folder = company.path("tenure-data/events/2025-01");
    for file in std::fs::read_dir(&folder).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    let said = company.run(&["sql", "SELECT COUNT(*) FROM events"]);
    assert!(said.contains("error: the file tenure-data/events/2025-01/") && said.ends_with("exit code 2\n"), "{said}");
}

#[test]
fn tables_are_there_before_they_have_rows() {
    let company = Company::new();
    company.write("accounts.csv", "id,name\nacme,Acme\n");
    company.fine(&["import", "accounts", "accounts.csv"]);
    let tables = company.fine(&["sql", "--tables"]);
    for table in tables.lines() {
        let count = company.fine(&["sql", &format!("SELECT COUNT(*) AS n FROM {table}"), "--csv"]);
        let rows = if matches!(table, "accounts" | "versions" | "imports") { 1 } else { 0 };
        assert_eq!(count, format!("n\n{rows}\n"), "{table}");
    }
    assert!(
        ["events", "quarantine", "state", "health", "ledger", "merges"].iter().all(|t| tables.lines().any(|line| line == *t)),
        "{tables}"
    );
}

#[test]
fn plans_are_shown() {
    let company = Company::imported();
    let plan = company.fine(&["sql", "EXPLAIN SELECT name, COUNT(*) FROM events GROUP BY name"]);
    assert!(plan.starts_with("logical_plan\n") && plan.contains("TableScan: events"), "{plan}");
    let refused = company.run(&["sql", "EXPLAIN ANALYZE DROP TABLE events"]);
    assert!(refused.ends_with("exit code 2\n"), "{refused}");
}
