//! `tenure simulate`: writes a simulated company to files that `tenure import` reads, and the truth about its churn.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use datafusion::arrow::array::builder::{StringBuilder, StringDictionaryBuilder};
use datafusion::arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::Int32Type;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use jiff::Timestamp;
use tenure_simulate::{Config, Events, NOBODY, Order, Property, Simulation, account_id, person_id};

use super::Outcome;

/// Simulate a company: its accounts, people, subscriptions and events, with churn that its usage foretells.
#[derive(Args, Debug)]
pub struct Simulate {
    /// Folder to write accounts.csv, people.csv, subscriptions.csv, events.* and churn.csv (the truth) into.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Another seed is another company; the same seed is the same company on every machine.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Customer accounts.
    #[arg(long, default_value_t = 1_000)]
    accounts: u32,
    /// Events in all, within 2 %.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// First day (UTC).
    #[arg(long, default_value = "2025-01-01", value_name = "DATE")]
    start: jiff::civil::Date,
    /// Days from then on.
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Format of the file of events.
    #[arg(long, value_enum, default_value_t = EventFormat::Parquet)]
    format: EventFormat,
    /// Order of the events: as they arrive, or one account after the other.
    #[arg(long, value_enum, default_value_t = EventOrder::Arrival)]
    order: EventOrder,
}

/// What the events are written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum EventFormat {
    Parquet,
    Ndjson,
}

/// How the events are ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum EventOrder {
    Arrival,
    Account,
}

impl Simulate {
    /// Runs it.
    pub fn run(self) -> Result<Outcome> {
        ensure!(self.accounts > 0 && self.days > 0, "a company needs at least one account and one day");
        let Simulate { seed, accounts, events, start, days, out, .. } = self;
        std::fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
        let simulation = Simulation::new(Config { seed, accounts, events, start, days });
        write_accounts(&simulation, &out.join("accounts.csv"))?;
        let people = write_people(&simulation, &out.join("people.csv"))?;
        let subscriptions = write_subscriptions(&simulation, &out.join("subscriptions.csv"))?;
        let churned = write_churn(&simulation, &out.join("churn.csv"))?;
        let order = match self.order {
            EventOrder::Arrival => Order::Time,
            EventOrder::Account => Order::Account,
        };
        let (file, written) = match self.format {
            EventFormat::Parquet => ("events.parquet", write_parquet(&simulation, order, &out.join("events.parquet"))?),
            EventFormat::Ndjson => ("events.ndjson", write_ndjson(&simulation, order, &out.join("events.ndjson"))?),
        };
        say!(
            "{}: {accounts} accounts, {people} people, {subscriptions} subscriptions, {written} events in {file}; {churned} accounts leave (churn.csv)",
            out.display()
        );
        Ok(Outcome::Fine)
    }
}

fn write_accounts(simulation: &Simulation, path: &Path) -> Result<u64> {
    let header = ["account_id", "name", "parent", "owner", "created_at", "started_at", "segment", "tier", "industry", "country"];
    write_csv(path, &header, simulation.accounts(), |a| {
        vec![
            a.id(),
            a.name.clone(),
            a.parent.map(account_id).unwrap_or_default(),
            a.owner.to_string(),
            time(a.started_at),
            time(a.started_at),
            a.segment.as_str().to_string(),
            a.segment.tier().to_string(),
            a.industry.to_string(),
            a.country.to_string(),
        ]
    })
}

fn write_people(simulation: &Simulation, path: &Path) -> Result<u64> {
    write_csv(path, &["person_id", "account_id", "name", "email", "role", "created_at"], simulation.people(), |p| {
        vec![p.id(), account_id(p.account), p.name.clone(), p.email.clone(), p.role.as_str().to_string(), time(p.joined_at)]
    })
}

fn write_subscriptions(simulation: &Simulation, path: &Path) -> Result<u64> {
    let header = [
        "subscription_id",
        "account_id",
        "plan",
        "seats",
        "arr",
        "started_at",
        "trial_ends_at",
        "renewal_at",
        "ended_at",
        "cancelled_at",
        "card_expires_at",
    ];
    let optional = |t: Option<i64>| t.map(time).unwrap_or_default();
    write_csv(path, &header, simulation.subscriptions(), |(account, s)| {
        vec![
            format!("sub_{:05}_{}", account.index, s.number),
            account.id(),
            s.plan.to_string(),
            s.seats.to_string(),
            s.arr.to_string(),
            time(s.started_at),
            optional(s.trial_ends_at),
            optional(s.renewal_at),
            optional(s.ended_at),
            optional(s.cancelled_at),
            optional(s.card_expires_at),
        ]
    })
}

fn write_churn(simulation: &Simulation, path: &Path) -> Result<u64> {
    let header = ["account_id", "reason", "foretold", "decline_from", "cancelled_at", "ended_at"];
    write_csv(path, &header, simulation.churns(), |(account, churn)| {
        vec![
            account.id(),
            churn.reason.as_str().to_string(),
            churn.reason.is_foretold().to_string(),
            churn.decline_from.map(time).unwrap_or_default(),
            time(churn.cancelled_at),
            time(churn.ended_at),
        ]
    })
}

/// Writes a header and a record for each item; returns how many.
fn write_csv<T>(path: &Path, header: &[&str], items: impl Iterator<Item = T>, record: impl Fn(T) -> Vec<String>) -> Result<u64> {
    let mut writer = csv::Writer::from_path(path).with_context(|| format!("cannot write {}", path.display()))?;
    writer.write_record(header)?;
    let mut written = 0;
    for item in items {
        writer.write_record(record(item))?;
        written += 1;
    }
    writer.flush()?;
    Ok(written)
}

fn write_parquet(simulation: &Simulation, order: Order, path: &Path) -> Result<u64> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?)).build();
    let mut writer: Option<ArrowWriter<File>> = None;
    let mut file = Some(file);
    let mut written = 0;
    for events in simulation.events(order) {
        let batch = batch(&events)?;
        if let Some(file) = file.take() {
            writer = Some(ArrowWriter::try_new(file, batch.schema(), Some(properties.clone()))?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch)?;
        }
        written += events.len() as u64;
    }
    if let Some(writer) = writer {
        writer.close()?;
    }
    Ok(written)
}

/// The columns that `tenure import events` reads without a mapping file.
fn batch(events: &Events) -> Result<RecordBatch> {
    let mut accounts = StringDictionaryBuilder::<Int32Type>::new();
    let mut people = StringDictionaryBuilder::<Int32Type>::new();
    let mut names = StringDictionaryBuilder::<Int32Type>::new();
    let mut properties = StringBuilder::new();
    for i in 0..events.len() {
        accounts.append_value(account_id(events.account[i]));
        match events.person[i] {
            NOBODY => people.append_null(),
            number => people.append_value(person_id(events.account[i], number)),
        }
        names.append_value(events.name[i].as_str());
        properties.append_option(json(events.property[i]));
    }
    let columns: [(&str, ArrayRef, bool); 5] = [
        ("account_id", Arc::new(accounts.finish()), false),
        ("person_id", Arc::new(people.finish()), true),
        ("event", Arc::new(names.finish()), false),
        ("time", Arc::new(TimestampMicrosecondArray::from(events.time.clone()).with_timezone("UTC")), false),
        ("properties", Arc::new(properties.finish()), true),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

fn write_ndjson(simulation: &Simulation, order: Order, path: &Path) -> Result<u64> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut written = 0;
    for events in simulation.events(order) {
        for i in 0..events.len() {
            let account = account_id(events.account[i]);
            write!(out, r#"{{"event":"{}","account_id":"{account}""#, events.name[i].as_str())?;
            if events.person[i] != NOBODY {
                write!(out, r#","person_id":"{}""#, person_id(events.account[i], events.person[i]))?;
            }
            write!(out, r#","time":"{}""#, time(events.time[i]))?;
            if let Some(properties) = json(events.property[i]) {
                write!(out, r#","properties":{properties}"#)?;
            }
            out.write_all(b"}\n")?;
        }
        written += events.len() as u64;
    }
    out.flush()?;
    Ok(written)
}

/// The properties as the text of a JSON object; their texts are our own and need no escapes.
fn json(property: Property) -> Option<String> {
    Some(match property {
        Property::None => return None,
        Property::Path(path) => format!(r#"{{"path":"{path}"}}"#),
        Property::Priority(priority) => format!(r#"{{"priority":"{priority}"}}"#),
        Property::Answer { survey, score } => format!(r#"{{"survey":"{survey}","score":{score}}}"#),
        Property::Role(role) => format!(r#"{{"role":"{role}"}}"#),
        Property::Amount(amount) => format!(r#"{{"amount":{amount}}}"#),
        Property::Integration(name) => format!(r#"{{"integration":"{name}"}}"#),
    })
}

/// RFC 3339 with microseconds.
fn time(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map(|t| t.to_string()).unwrap_or_default()
}
