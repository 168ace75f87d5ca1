//! The ledger of alerts: what was opened, which is never undone; when its condition ceased to hold, which history may tell anew; what people did.

use serde::{Deserialize, Serialize};
use tenure_model::Instant;
use tenure_model::definition::{AlertRule, Revision, Severity};

use crate::dialect::{Row, Value, query};
use crate::word::{parse, word};
use crate::{Error, Page, Result, Store, Write};

/// Why an alert is closed that history no longer has: what came in later says that it never fired …
pub const LEARNED_LATE: &str = "learned late";
/// … or its rule is defined otherwise now …
pub const RULE_CHANGED: &str = "rule changed";
/// … or is not there any more …
pub const RULE_REMOVED: &str = "rule removed";
/// … or its account (or person) was merged into another one, whose alert it may be.
pub const MERGED: &str = "merged";
/// All of them.
const WITHDRAWN: [&str; 4] = [LEARNED_LATE, RULE_CHANGED, RULE_REMOVED, MERGED];

/// An alert in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Made of rule, entity and the episode's start: the same episode is never opened twice.
    pub key: String,
    /// Name of the rule.
    pub rule: String,
    /// Canonical id.
    pub account: String,
    /// For alerts of persons.
    pub person: Option<String>,
    /// When it began to fire.
    pub opened_at: Instant,
    /// The model that opened it.
    pub revision: Revision,
    /// How urgent.
    pub severity: Severity,
    /// Whose it is.
    pub owner: Option<String>,
    /// For people.
    pub title: Option<String>,
    /// The plan.
    pub playbook: Option<String>,
    /// When its condition ceased to hold, and how; it may still be open for people.
    pub resolved: Option<(Instant, String)>,
    /// What people did.
    pub state: AlertState,
}

impl Alert {
    /// As a rule opens it: for people, without an owner, its condition holding.
    pub fn new(rule: &AlertRule, revision: &Revision, account: &str, person: Option<&str>, at: Instant) -> Alert {
        Alert {
            key: Alert::key(&rule.name, account, person, at),
            rule: rule.name.clone(),
            account: account.to_owned(),
            person: person.map(str::to_owned),
            opened_at: at,
            revision: revision.clone(),
            severity: rule.severity,
            owner: None,
            title: rule.title.clone(),
            playbook: rule.playbook.clone(),
            resolved: None,
            state: AlertState::Open,
        }
    }

    /// Is it open for people: not closed, not put off, its condition has not ceased to hold untouched, and history still has it?
    pub fn is_open(&self, now: Instant) -> bool {
        match &self.state {
            _ if self.is_withdrawn() => false,
            AlertState::Open | AlertState::Silent => self.resolved.is_none(),
            AlertState::Acknowledged { .. } => true,
            AlertState::Snoozed { until, .. } => *until <= now,
            AlertState::Closed { .. } => false,
        }
    }

    /// Does history no longer have it? Then nothing is left to do, whoever has it.
    pub fn is_withdrawn(&self) -> bool {
        self.resolved.as_ref().is_some_and(|(_, why)| WITHDRAWN.contains(&why.as_str()))
    }

    /// The dedupe key of an episode.
    pub fn key(rule: &str, account: &str, person: Option<&str>, episode: Instant) -> String {
        format!("{rule}/{account}/{}/{}", person.unwrap_or(""), episode.0)
    }
}

/// What people did with an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// Nothing yet.
    Open,
    /// Nothing yet, and nobody was told: it began before its rule was applied, which wants those silent.
    Silent,
    /// Somebody has it.
    Acknowledged {
        /// Who.
        by: String,
        /// Since when.
        at: Instant,
    },
    /// Not before then.
    Snoozed {
        /// Who put it off.
        by: String,
        /// When that was.
        at: Instant,
        /// Until when.
        until: Instant,
    },
    /// Done.
    Closed {
        /// Who.
        by: String,
        /// When.
        at: Instant,
        /// How it ended.
        how: Closing,
        /// In words.
        reason: String,
    },
}

/// How an alert ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// What was done helped.
    Succeeded,
    /// It did not.
    Failed,
    /// There was nothing to do.
    FalseAlarm,
}

/// What `read` expects.
const COLUMNS: &str = "key, rule, account, person, opened_at, revision, severity, owner, title, playbook, resolved_at, resolved_reason, status, snoozed_until, touched_by, touched_at, closed_as, closed_reason";

impl Write {
    /// Opens alerts; those whose key is in the ledger stay as they are. Returns how many were new.
    pub async fn open_alerts(&mut self, alerts: &[Alert]) -> Result<u64> {
        const COLUMNS: [&str; 13] = [
            "key",
            "rule",
            "account",
            "person",
            "opened_at",
            "revision",
            "severity",
            "owner",
            "title",
            "playbook",
            "resolved_at",
            "resolved_reason",
            "status",
        ];
        fn row(alert: &Alert) -> [Value<'_>; 13] {
            [
                Value::from(&alert.key),
                Value::from(&alert.rule),
                Value::from(&alert.account),
                Value::from(alert.person.as_deref().unwrap_or("")),
                Value::from(alert.opened_at),
                Value::from(&alert.revision.0),
                Value::from(word(&alert.severity)),
                Value::from(alert.owner.as_deref()),
                Value::from(alert.title.as_deref()),
                Value::from(alert.playbook.as_deref()),
                Value::from(alert.resolved.as_ref().map(|r| r.0)),
                Value::from(alert.resolved.as_ref().map(|r| r.1.as_str())),
                Value::from(if alert.state == AlertState::Silent { "silent" } else { "open" }),
            ]
        }
        let rows: Vec<_> = alerts.iter().map(row).collect();
        Ok(self.tx.insert("alerts", COLUMNS, "DO NOTHING", &rows).await?)
    }

    /// Writes down when and why the condition of an alert ceased to hold; the first time stands.
    pub async fn resolve_alert(&mut self, key: &str, at: Instant, reason: &str) -> Result<()> {
        let sql = "UPDATE alerts SET resolved_at = $2, resolved_reason = $3 WHERE key = $1 AND resolved_at IS NULL";
        query(sql).bind(key).bind(at.0).bind(reason).execute(&mut self.tx).await?;
        Ok(())
    }

    /// As `resolve_alert`, for the one that began to fire last before `at`, of a rule and an account or person.
    pub async fn resolve_alert_of(&mut self, account: &str, rule: &str, person: Option<&str>, at: Instant, reason: &str) -> Result<()> {
        let sql = "UPDATE alerts SET resolved_at = $5, resolved_reason = $6 WHERE account = $1 AND rule = $2 AND person = $3 \
            AND resolved_at IS NULL AND opened_at <= $4";
        let query = query(sql).bind(account).bind(rule).bind(person.unwrap_or("")).bind(at);
        query.bind(at).bind(reason).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Withdraws the alerts of an account that opened after an instant and by `at`, all but these: what was learnt since says that they did not
    /// fire. Those that had ended keep the time at which they did.
    pub async fn withdraw_alerts_but(
        &mut self,
        account: &str,
        after: Instant,
        but: &std::collections::BTreeSet<&str>,
        at: Instant,
        reason: &str,
    ) -> Result<u64> {
        let is_withdrawn = format!("COALESCE(resolved_reason, '') IN ('{}')", WITHDRAWN.join("', '"));
        let sql = format!("SELECT key FROM alerts WHERE account = $1 AND opened_at > $2 AND opened_at <= $3 AND NOT ({is_withdrawn})");
        let mut withdrawn = 0;
        for row in query(sqlx::AssertSqlSafe(sql)).bind(account).bind(after).bind(at).fetch_all(&mut self.tx).await? {
            let key: String = row.get(0)?;
            if !but.contains(key.as_str()) {
                let sql = "UPDATE alerts SET resolved_at = COALESCE(resolved_at, $2), resolved_reason = $3 WHERE key = $1";
                withdrawn += query(sql).bind(&key).bind(at).bind(reason).execute(&mut self.tx).await?;
            }
        }
        Ok(withdrawn)
    }

    /// Takes back that the condition of an alert ceased to hold: restated history has it hold on.
    pub async fn resume_alert(&mut self, key: &str) -> Result<()> {
        let sql = "UPDATE alerts SET resolved_at = NULL, resolved_reason = NULL WHERE key = $1";
        query(sql).bind(key).execute(&mut self.tx).await?;
        Ok(())
    }

    /// Writes down when and why the condition of an alert ceased to hold, or that it holds on, as history is told anew. Alerts whose rule or account is
    /// another one now stay closed.
    pub async fn retell_alert(&mut self, key: &str, end: Option<(Instant, &str)>) -> Result<()> {
        let sql =
            "UPDATE alerts SET resolved_at = $2, resolved_reason = $3 WHERE key = $1 AND COALESCE(resolved_reason, '') NOT IN ($4, $5, $6)";
        let query = query(sql).bind(key).bind(end.map(|end| end.0.0)).bind(end.map(|end| end.1));
        Ok(query.bind(RULE_CHANGED).bind(RULE_REMOVED).bind(MERGED).execute(&mut self.tx).await.map(drop)?)
    }

    /// As `retell_alert`, for the one of a rule and an account or person that opened last by an instant, and ended later or not at all.
    pub async fn retell_alert_of(
        &mut self,
        account: &str,
        rule: &str,
        person: Option<&str>,
        by: Instant,
        (at, reason): (Instant, &str),
    ) -> Result<()> {
        let sql = format!(
            "UPDATE alerts SET resolved_at = $5, resolved_reason = $6 WHERE (resolved_at IS NULL OR resolved_at > $4) \
             AND key = (SELECT key FROM alerts WHERE account = $1 AND rule = $2 AND person = $3 AND opened_at <= $4 \
             AND COALESCE(resolved_reason, '') NOT IN ('{}') ORDER BY opened_at DESC LIMIT 1)",
            WITHDRAWN.join("', '")
        );
        let query = query(sqlx::AssertSqlSafe(sql)).bind(account).bind(rule).bind(person.unwrap_or("")).bind(by);
        Ok(query.bind(at).bind(reason).execute(&mut self.tx).await.map(drop)?)
    }

    /// Gives an alert to somebody; None: to nobody.
    ///
    /// # Errors
    /// `Error::NotFound` where there is no such alert.
    pub async fn assign_alert(&mut self, key: &str, owner: Option<&str>) -> Result<()> {
        match query("UPDATE alerts SET owner = $2 WHERE key = $1").bind(key).bind(owner).execute(&mut self.tx).await? {
            0 => Err(Error::NotFound { what: "alert", name: key.to_owned() }),
            _ => Ok(()),
        }
    }

    /// Writes down what somebody did with an alert.
    ///
    /// # Errors
    /// `Error::NotFound` where there is no such alert.
    pub async fn set_alert_state(&mut self, key: &str, state: &AlertState) -> Result<()> {
        let (status, by, at, until, how, reason) = match state {
            AlertState::Open => ("open", None, None, None, None, None),
            AlertState::Silent => ("silent", None, None, None, None, None),
            AlertState::Acknowledged { by, at } => ("acknowledged", Some(by), Some(at.0), None, None, None),
            AlertState::Snoozed { by, at, until } => ("snoozed", Some(by), Some(at.0), Some(until.0), None, None),
            AlertState::Closed { by, at, how, reason } => ("closed", Some(by), Some(at.0), None, Some(word(how)), Some(reason)),
        };
        let sql = "UPDATE alerts SET status = $2, touched_by = $3, touched_at = $4, snoozed_until = $5, closed_as = $6, closed_reason = $7 WHERE key = $1";
        let query = query(sql).bind(key).bind(status).bind(by).bind(at).bind(until).bind(how).bind(reason);
        match query.execute(&mut self.tx).await? {
            0 => Err(Error::NotFound { what: "alert", name: key.to_owned() }),
            _ => Ok(()),
        }
    }
}

/// Which alerts; each condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Of this account (canonical id).
    pub account: Option<String>,
    /// Of this rule.
    pub rule: Option<String>,
    /// Of this owner.
    pub owner: Option<String>,
    /// Some: those that are open for people at this instant, or those that are not.
    pub open: Option<(bool, Instant)>,
}

/// How the alerts of a rule ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCount {
    /// The rule.
    pub rule: String,
    /// How it was closed; None: not by somebody.
    pub closed_as: Option<Closing>,
    /// How many.
    pub alerts: u64,
}

impl Store {
    /// A page of alerts, newest first; its last key goes on.
    pub async fn alerts_of(&self, filter: &AlertFilter, page: &Page<String>) -> Result<Vec<Alert>> {
        let (before, key) = page.bound(String::as_str);
        // As `Alert::is_open`.
        let is_open = format!(
            "COALESCE(resolved_reason, '') NOT IN ('{}') AND \
             (status IN ('open', 'silent') AND resolved_at IS NULL OR status = 'acknowledged' OR status = 'snoozed' AND snoozed_until <= $7)",
            WITHDRAWN.join("', '")
        );
        let open = match filter.open {
            None => "1 = 1 OR $7 = 0".to_owned(),
            Some((true, _)) => is_open,
            Some((false, _)) => format!("NOT ({is_open})"),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM alerts WHERE (opened_at, key) < ($1, $2) AND account = COALESCE($3, account) AND rule = COALESCE($4, rule) \
             AND COALESCE(owner, '') = COALESCE($5, owner, '') AND ({open}) ORDER BY opened_at DESC, key DESC LIMIT $6"
        );
        let query = query(sqlx::AssertSqlSafe(sql)).bind(before).bind(key).bind(filter.account.as_deref()).bind(filter.rule.as_deref());
        let query = query.bind(filter.owner.as_deref()).bind(page.rows()).bind(filter.open.map_or(0, |open| open.1.0));
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// An alert.
    pub async fn alert(&self, key: &str) -> Result<Option<Alert>> {
        let sql = format!("SELECT {COLUMNS} FROM alerts WHERE key = $1");
        query(sqlx::AssertSqlSafe(sql)).bind(key).fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// How the alerts of each rule ended.
    pub async fn alert_counts(&self) -> Result<Vec<RuleCount>> {
        let rows = query("SELECT rule, closed_as, COUNT(*) FROM alerts GROUP BY rule, closed_as ORDER BY rule, closed_as")
            .fetch_all(&self.pool)
            .await?;
        let read = |row: &Row| {
            let closed_as = row.get::<Option<&str>>(1)?.map(|word| parse("alerts", word)).transpose()?;
            Ok(RuleCount { rule: row.get(0)?, closed_as, alerts: row.get::<i64>(2)? as u64 })
        };
        rows.iter().map(read).collect()
    }

    /// The whole ledger, by opening.
    pub async fn alerts(&self) -> Result<Vec<Alert>> {
        let rows =
            query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM alerts ORDER BY opened_at, key"))).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }

    /// The alerts of an account (canonical id), by opening.
    pub async fn account_alerts(&self, account: &str) -> Result<Vec<Alert>> {
        let sql = format!("SELECT {COLUMNS} FROM alerts WHERE account = $1 ORDER BY opened_at, key");
        let rows = query(sqlx::AssertSqlSafe(sql)).bind(account).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Alert> {
    let resolved = row.get::<Option<i64>>(10)?.map(Instant).zip(row.get::<Option<String>>(11)?);
    let by = || -> Result<String> { Ok(row.get::<Option<String>>(14)?.unwrap_or_default()) };
    let at = || -> Result<Instant> { Ok(Instant(row.get::<Option<i64>>(15)?.unwrap_or_default())) };
    let state = match row.get::<&str>(12)? {
        "open" => AlertState::Open,
        "silent" => AlertState::Silent,
        "acknowledged" => AlertState::Acknowledged { by: by()?, at: at()? },
        "snoozed" => AlertState::Snoozed { by: by()?, at: at()?, until: Instant(row.get::<Option<i64>>(13)?.unwrap_or_default()) },
        "closed" => AlertState::Closed {
            by: by()?,
            at: at()?,
            how: parse("alerts", row.get(16)?)?,
            reason: row.get::<Option<String>>(17)?.unwrap_or_default(),
        },
        other => return Err(Error::Corrupt { table: "alerts", why: format!("status {other:?}") }),
    };
    let person: String = row.get(3)?;
    Ok(Alert {
        key: row.get(0)?,
        rule: row.get(1)?,
        account: row.get(2)?,
        person: (!person.is_empty()).then_some(person),
        opened_at: Instant(row.get(4)?),
        revision: Revision(row.get(5)?),
        severity: parse("alerts", row.get(6)?)?,
        owner: row.get(7)?,
        title: row.get(8)?,
        playbook: row.get(9)?,
        resolved,
        state,
    })
}
