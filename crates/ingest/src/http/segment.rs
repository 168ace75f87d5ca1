//! Segment's HTTP tracking API: what its calls mean.

use std::borrow::Cow;

use tenure_model::Instant;
use tenure_model::input::{Entity, Membership, Merge, Version};

use super::clock::{Clock, Times};
use super::envelope::{Envelope, Item, as_written, parse};
use super::intake::{Bad, Code, Event, Fault, Intake, Link};
use super::limits::{BATCH_BYTES_MAX, ID_BYTES_MAX, ITEM_BYTES_MAX};
use super::message_id::MessageIds;
use super::refused::Refused;
use super::said;
use crate::reader::Object;

/// The endpoints of Segment's API: `/v1/<name>`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Endpoint {
    /// One call of this kind.
    One(Call),
    /// Calls of any kind.
    Batch,
    /// Calls of any kind from the past: their times are taken as they are.
    Import,
}

/// The kinds of calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// Something happened.
    Track,
    /// A page was viewed.
    Page,
    /// A screen of an app was viewed.
    Screen,
    /// Traits of a person.
    Identify,
    /// Traits of an account, and who belongs to it.
    Group,
    /// Two ids mean one person.
    Alias,
}

impl Endpoint {
    /// By its name: `track`, `page`, `screen`, `identify`, `group`, `alias`, `batch` (or `b`), `import`, and the first letters of single calls that
    /// Segment's browser SDK uses.
    pub fn parse(name: &str) -> Option<Endpoint> {
        Some(match name {
            "batch" | "b" => Endpoint::Batch,
            "import" => Endpoint::Import,
            "t" => Endpoint::One(Call::Track),
            "p" => Endpoint::One(Call::Page),
            "s" => Endpoint::One(Call::Screen),
            "i" => Endpoint::One(Call::Identify),
            "g" => Endpoint::One(Call::Group),
            "a" => Endpoint::One(Call::Alias),
            name => Endpoint::One(Call::parse(name)?),
        })
    }

    /// How many bytes a body may have, decompressed.
    pub fn bytes_max(self) -> usize {
        if matches!(self, Endpoint::One(_)) { ITEM_BYTES_MAX } else { BATCH_BYTES_MAX }
    }
}

impl Call {
    fn parse(name: &str) -> Option<Call> {
        Some(match name {
            "track" => Call::Track,
            "page" => Call::Page,
            "screen" => Call::Screen,
            "identify" => Call::Identify,
            "group" => Call::Group,
            "alias" => Call::Alias,
            _ => return None,
        })
    }

    /// Its `type`.
    pub fn name(self) -> &'static str {
        match self {
            Call::Track => "track",
            Call::Page => "page",
            Call::Screen => "screen",
            Call::Identify => "identify",
            Call::Group => "group",
            Call::Alias => "alias",
        }
    }
}

/// What a body (as `open` gives it) says that was posted to an endpoint. Refused is only what cannot be taken apart; an item that is wrong is in
/// `Intake::bad`, and the others are taken.
pub fn segment(endpoint: Endpoint, body: &str, received_at: Instant) -> Result<Intake<'_>, Refused> {
    if body.len() > endpoint.bytes_max() {
        return Err(Refused::TooLarge { bytes_max: endpoint.bytes_max() });
    }
    let Endpoint::One(call) = endpoint else {
        let envelope = Envelope::read(body)?;
        return Ok(batch(&envelope, body, endpoint == Endpoint::Batch, received_at));
    };
    let item: Item<'_> = parse(body)?;
    let mut reading = Reading::new(call.name(), Clock::new(received_at, None, true), None);
    if let Err(fault) = reading.one(&item, Some(call)) {
        reading.bad(0, fault, body.trim_ascii().to_owned());
    }
    Ok(reading.intake)
}

fn batch<'a>(envelope: &Envelope<'a>, body: &'a str, corrects: bool, received_at: Instant) -> Intake<'a> {
    let items = envelope.items.as_deref().unwrap_or_default();
    let mut reading = Reading::new(
        if corrects { "batch" } else { "import" },
        Clock::new(received_at, envelope.sent_at, corrects),
        group_of(envelope.context),
    );
    reading.intake.events.reserve(items.len());
    let mut faults = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if let Err(fault) = reading.one(item, None) {
            faults.push((index, fault));
        }
    }
    if !faults.is_empty() {
        let raw = as_written(body);
        for (index, fault) in faults {
            let item = raw.get(index).map_or("null", |raw| raw.get());
            reading.bad(index, fault, alone(item, envelope));
        }
    }
    reading.intake
}

/// A batch of one item, with what the batch says of it: not more than that may have, or a long context would be kept for each item.
fn alone(item: &str, envelope: &Envelope<'_>) -> String {
    const TIME_BYTES_MAX: usize = 64;
    let mut body = format!("{{\"batch\":[{item}]");
    if let Some(group) = group_of(envelope.context).filter(|group| group.len() <= ID_BYTES_MAX) {
        body.push_str(&format!(",\"context\":{{\"groupId\":{group}}}"));
    }
    if let Some(sent_at) = envelope.sent_at.filter(|time| time.len() <= TIME_BYTES_MAX) {
        body.push_str(&format!(",\"sentAt\":{sent_at}"));
    }
    body.push('}');
    body
}

/// The reading of a request: what has been understood so far.
struct Reading<'a> {
    endpoint: &'static str,
    clock: Clock,
    /// The account that the batch's context names.
    group: Option<&'a str>,
    ids: MessageIds,
    intake: Intake<'a>,
}

impl<'a> Reading<'a> {
    fn new(endpoint: &'static str, clock: Clock, group: Option<&'a str>) -> Reading<'a> {
        Reading { endpoint, clock, group, ids: MessageIds::default(), intake: Intake::default() }
    }

    fn bad(&mut self, index: usize, fault: Fault, raw: String) {
        self.intake.bad.push(Bad { index, code: fault.code, message: fault.message, raw, endpoint: self.endpoint.to_owned() });
    }

    /// Understands an item; Err, and nothing is added, where it is wrong.
    fn one(&mut self, item: &Item<'a>, expected: Option<Call>) -> Result<(), Fault> {
        let call = call(item, expected)?;
        let times = self.clock.times(item.timestamp, item.original, item.sent_at)?;
        let (user, anonymous) = (said::id(item.user, "userId")?, said::id(item.anonymous, "anonymousId")?);
        let link = link(&user, &anonymous, times.time).filter(|_| call != Call::Alias);
        let person = user.or(anonymous);
        match call {
            Call::Track | Call::Page | Call::Screen => self.event(item, call, person, times)?,
            Call::Identify => self.identify(item, person, times.time)?,
            Call::Group => self.group(item, person, times.time)?,
            Call::Alias => self.alias(item, person, times.time)?,
        }
        // One request mostly speaks of one person, again and again.
        if let Some(link) = link
            && self.intake.links.last().is_none_or(|last| (&last.anonymous, &last.known) != (&link.anonymous, &link.known))
        {
            self.intake.links.push(link);
        }
        Ok(())
    }

    fn event(&mut self, item: &Item<'a>, call: Call, person: Option<Cow<'a, str>>, times: Times) -> Result<(), Fault> {
        let account = self.account(item)?;
        if person.is_none() && account.is_none() {
            return Err(nobody(call));
        }
        let properties = said::properties(item.properties)?;
        let (name, properties) = match call {
            Call::Track => {
                let name = said::id(item.event, "event")?.ok_or_else(|| Fault::new(Code::NoEvent, "a track without event"))?;
                (name, properties)
            }
            _ => {
                let (title, category) = (said::text(item.name, "name")?, said::text(item.category, "category")?);
                let name = if call == Call::Page { "page_viewed" } else { "screen_viewed" };
                (Cow::Borrowed(name), said::with_members(properties, &[("name", title.as_deref()), ("category", category.as_deref())]))
            }
        };
        let message_id = said::text(item.message, "messageId")?;
        let Times { time, sent_at, original_time } = times;
        let mut event = Event { name, person, account, time, sent_at, original_time, message_id: Cow::Borrowed(""), properties };
        event.message_id = match message_id {
            Some(id) => MessageIds::sent(id),
            None => Cow::Owned(self.ids.made(&event)),
        };
        self.intake.events.push(event);
        Ok(())
    }

    fn identify(&mut self, item: &Item<'a>, person: Option<Cow<'a, str>>, time: Instant) -> Result<(), Fault> {
        let person = person.ok_or_else(|| nobody(Call::Identify))?;
        let account = self.account(item)?;
        let in_context = within(item.context, "\"traits\"").traits;
        let mut traits = said::object(said::given(item.traits).or(in_context), "traits", Code::BadTraits)?.unwrap_or(Object(Vec::new()));
        let company = Company::take(&mut traits, time)?;
        let versions = said::versions(&Entity::Person(person.to_string()), &traits, Some(time), None)?;
        self.intake.versions.extend(versions);
        let belongs = |account: String| Membership { person: person.to_string(), account, from: Some(time), until: None };
        self.intake.belongs.extend(account.map(|account| belongs(account.into_owned())));
        if let Some(company) = company {
            self.intake.belongs.push(belongs(company.id));
            self.intake.versions.extend(company.versions);
        }
        Ok(())
    }

    fn group(&mut self, item: &Item<'a>, person: Option<Cow<'a, str>>, time: Instant) -> Result<(), Fault> {
        let account = match said::id(item.group, "groupId")? {
            Some(account) => account,
            None => self.account(item)?.ok_or_else(|| Fault::new(Code::NoGroup, "a group without groupId"))?,
        };
        let traits = said::object(item.traits, "traits", Code::BadTraits)?.unwrap_or(Object(Vec::new()));
        let mut versions = said::versions(&Entity::Account(account.to_string()), &traits, Some(time), None)?;
        if versions.is_empty() {
            versions.push(is_there(&account, time));
        }
        self.intake.versions.extend(versions);
        let account = account.into_owned();
        let membership = person.map(|person| Membership { person: person.into_owned(), account, from: Some(time), until: None });
        self.intake.belongs.extend(membership);
        Ok(())
    }

    fn alias(&mut self, item: &Item<'a>, person: Option<Cow<'a, str>>, at: Instant) -> Result<(), Fault> {
        let from = said::id(item.previous, "previousId")?.ok_or_else(|| Fault::new(Code::NoPreviousId, "an alias without previousId"))?;
        let into = person.ok_or_else(|| nobody(Call::Alias))?;
        if from != into {
            self.intake.merges.push(Merge { account: false, from: from.into_owned(), into: into.into_owned(), at });
        }
        Ok(())
    }

    /// The account that an item names: in its context, itself, or in the batch's context.
    fn account(&self, item: &Item<'a>) -> Result<Option<Cow<'a, str>>, Fault> {
        if let Some(account) = said::id(group_of(item.context), "context.groupId")? {
            return Ok(Some(account));
        }
        if let Some(account) = said::id(item.group, "groupId")? {
            return Ok(Some(account));
        }
        said::id(self.group, "context.groupId")
    }
}

fn call(item: &Item<'_>, expected: Option<Call>) -> Result<Call, Fault> {
    if item.bytes == 0 {
        return Err(Fault::new(Code::NotAnObject, "it is not a JSON object"));
    }
    if item.bytes > ITEM_BYTES_MAX {
        return Err(Fault::new(Code::ItemTooLarge, format!("it has {} bytes; {ITEM_BYTES_MAX} are allowed", item.bytes)));
    }
    let unknown =
        |told: &str| Fault::new(Code::UnknownType, format!("type is {told}: expected track, page, screen, identify, group or alias"));
    let told = match item.kind {
        // By far the most.
        Some("\"track\"") => Some(Call::Track),
        raw => match (said::given(raw), said::text(raw, "type").ok().flatten()) {
            (None, _) => None,
            (Some(_), Some(text)) => Some(Call::parse(&text).ok_or_else(|| unknown(&format!("`{}`", said::short(&text))))?),
            (Some(raw), None) => return Err(unknown(&said::short(raw))),
        },
    };
    match (told, expected) {
        (Some(told), Some(expected)) if told != expected => {
            let message = format!("type is `{}`, but it was sent to {}", told.name(), expected.name());
            Err(Fault::new(Code::WrongType, message))
        }
        (Some(call), _) | (None, Some(call)) => Ok(call),
        (None, None) => Err(unknown("missing")),
    }
}

fn nobody(call: Call) -> Fault {
    let account = if matches!(call, Call::Track | Call::Page | Call::Screen) { ", nor an account" } else { "" };
    Fault::new(Code::NoUser, format!("{} {} without userId or anonymousId{account}", article(call), call.name()))
}

fn article(call: Call) -> &'static str {
    if matches!(call, Call::Identify | Call::Alias) { "an" } else { "a" }
}

fn link(user: &Option<Cow<'_, str>>, anonymous: &Option<Cow<'_, str>>, at: Instant) -> Option<Link> {
    let (known, anonymous) = (user.as_ref()?, anonymous.as_ref()?);
    (known != anonymous).then(|| Link { anonymous: anonymous.to_string(), known: known.to_string(), at })
}

/// Of this account nothing else is known: that there is one is known all the same.
fn is_there(account: &str, time: Instant) -> Version {
    Version {
        entity: Entity::Account(account.to_owned()),
        field: "id".into(),
        value: account.into(),
        valid_from: Some(time),
        known_from: None,
    }
}

/// The fields of a context, which are called as those of an item; none where its text has no such word, which a search tells faster than reading.
fn within<'a>(context: Option<&'a str>, word: &str) -> Item<'a> {
    context.filter(|context| context.contains(word)).and_then(|context| serde_json::from_str(context).ok()).unwrap_or_default()
}

/// The account that a context names.
fn group_of(context: Option<&str>) -> Option<&str> {
    said::given(within(context, "\"group").group)
}

/// Segment's convention for the account of a person: the trait `company`, an object with an `id`.
struct Company {
    id: String,
    versions: Vec<Version>,
}

impl Company {
    /// Takes it out of the traits; a `company` without `id` stays a trait as any other.
    fn take(traits: &mut Object<'_>, time: Instant) -> Result<Option<Company>, Fault> {
        let Some(at) = traits.0.iter().position(|(key, raw)| key == "company" && raw.starts_with('{')) else { return Ok(None) };
        let mut company = said::object(Some(traits.0[at].1), "company", Code::BadTraits)?.unwrap_or(Object(Vec::new()));
        let Some(id) = said::id(company.get("id"), "company.id")? else { return Ok(None) };
        company.0.retain(|(key, _)| key != "id");
        traits.0.remove(at);
        let mut versions = said::versions(&Entity::Account(id.to_string()), &company, Some(time), None)?;
        if versions.is_empty() {
            versions.push(is_there(&id, time));
        }
        Ok(Some(Company { id: id.into_owned(), versions }))
    }
}
