//! What was known of the events as of an instant: which of them had arrived, and whose they were by what was decided until then.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use datafusion::parquet::file::statistics::Statistics;
use serde_json::value::RawValue;
use tenure_ingest::Resolver;
use tenure_model::Instant;

use crate::archive::{Archive, in_parallel};
use crate::error::Error;
use crate::event::Event;
use crate::schema::{self, Source, column};

/// Which events had arrived by an instant. What files tell that were imported counts as known when it happened: it was somewhere else before.
#[derive(Clone, Debug)]
pub struct Arrived {
    by: Instant,
    imports: BTreeSet<Instant>,
}

impl Arrived {
    /// Had an event arrived that came in then?
    pub fn holds(&self, received_at: Instant) -> bool {
        received_at <= self.by || self.imports.contains(&received_at)
    }

    /// Had all events of a row group, as far as its statistics tell?
    fn holds_all(&self, source: &Source, group: usize) -> bool {
        match source.statistics(group, "received_at") {
            Some(Statistics::Int64(between)) => match (between.min_opt(), between.max_opt()) {
                (Some(least), Some(most)) => *most <= self.by.0 || (least == most && self.holds(Instant(*most))),
                _ => false,
            },
            _ => false,
        }
    }
}

impl Archive {
    /// Which of its events had arrived by an instant.
    pub fn arrived(&self, by: Instant) -> Arrived {
        Arrived { by, imports: self.catalog().imported_at.clone() }
    }

    /// The accounts with events that happened by then but had not arrived.
    pub fn late(&self, arrived: &Arrived) -> Result<BTreeSet<String>, Error> {
        let files: Vec<_> = self.catalog().events.values().filter(|file| file.min_time <= arrived.by).collect();
        let of_file = |file: &&crate::catalog::File| {
            let source = Source::open(&self.data().join(&file.path))?;
            let mut late = BTreeSet::new();
            for group in (0..source.groups()).filter(|group| !arrived.holds_all(&source, *group)) {
                let batch = source.read(group, &[column::ACCOUNT, column::TIME, column::RECEIVED], 0, usize::MAX)?;
                let [times, received] = [1, 2].map(|c| batch.column(c).as_primitive::<TimestampMicrosecondType>().values());
                let accounts = schema::dictionary(batch.column(0))?;
                let ids = schema::map_values(accounts, str::to_owned)?;
                for (row, key) in accounts.keys().values().iter().enumerate() {
                    if times[row] <= arrived.by.0 && !arrived.holds(Instant(received[row])) && !late.contains(&ids[*key as usize]) {
                        late.insert(ids[*key as usize].clone());
                    }
                }
            }
            Ok(late)
        };
        Ok(in_parallel(files, of_file, &mut |_, _| {})?.into_iter().flatten().collect())
    }

    /// The events of some accounts and those in quarantine, up to an instant, as another resolver has them: by the account that they are of.
    /// `accounts`: those that are concerned by it (`concerned`).
    pub fn resolved_by(
        &self,
        resolver: &Resolver,
        accounts: &BTreeSet<String>,
        until: Instant,
    ) -> Result<BTreeMap<String, Vec<Event>>, Error> {
        let mut events = Vec::new();
        for account in accounts {
            events.extend(self.account(account, Some(until))?);
        }
        for file in self.catalog().quarantine.values().filter(|file| file.min_time <= until) {
            let source = Source::open(&self.data().join(&file.path))?;
            for group in 0..source.groups() {
                events.extend(Event::from_batch(&source.read_all(group)?)?.into_iter().filter(|event| event.time <= until));
            }
        }
        let mut by_account: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        for mut event in events {
            event.resolve(resolver);
            if let Some(account) = event.account_id.clone() {
                by_account.entry(account).or_default().push(event);
            }
        }
        by_account.values_mut().for_each(|events| events.sort_by(|a, b| in_order(a).cmp(&in_order(b))));
        Ok(by_account)
    }
}

/// The order of an account's events in the archive: by time, content, position.
fn in_order(event: &Event) -> impl Ord {
    let given = event.given_person_id.as_deref().or(event.person_id.as_deref());
    let properties = event.properties.as_deref().map(RawValue::get);
    let content = (&*event.name, given, event.given_account_id.as_deref(), &*event.source, properties, event.message_id.as_deref());
    (event.time, content, event.position)
}

impl Event {
    /// Decides anew whose it is.
    fn resolve(&mut self, resolver: &Resolver) {
        if let Some(given) = self.given_person_id.take().or(self.person_id.take()) {
            let person = resolver.person(&given).to_owned();
            self.given_person_id = Some(given).filter(|given| *given != person);
            self.person_id = Some(person);
        }
        let whose = resolver.whose(self.given_account_id.as_deref(), self.person_id.as_deref(), self.time);
        (self.account_id, self.reason) = match whose {
            Ok(account) => (Some(account.to_owned()), None),
            Err(unknown) => (None, Some(unknown.reason().to_owned())),
        };
    }
}
