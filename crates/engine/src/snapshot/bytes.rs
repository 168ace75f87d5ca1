//! How single values become bytes: small numbers in few bytes, dates and times counted from the account's present date.

use std::collections::VecDeque;
use std::sync::Arc;

use tenure_model::time::{DAY, Day, Instant, SECOND};
use tenure_model::{Decimal, Value};

use super::Names;
use crate::account::Account;

/// What is wrong with bytes that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub &'static str);

/// Something that can be written and read.
pub(crate) trait Saved: Sized {
    fn save(&self, w: &mut Writer<'_>);
    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken>;
}

/// A struct is its fields, in this order.
macro_rules! saved {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl crate::snapshot::Saved for $name {
            fn save(&self, w: &mut crate::snapshot::Writer<'_>) {
                $(self.$field.save(w);)+
            }

            fn restore(r: &mut crate::snapshot::Reader<'_>) -> Result<Self, crate::snapshot::Broken> {
                Ok($name { $($field: crate::snapshot::Saved::restore(r)?),+ })
            }
        }
    };
}
pub(crate) use saved;

/// How many elements are made room for before they have been seen.
const ROOM_MAX: usize = 4_096;

/// Where bytes go.
pub(crate) struct Writer<'a> {
    pub out: &'a mut Vec<u8>,
    names: &'a Names,
    /// The account's id.
    own: &'a str,
    /// What times and dates are counted from.
    base: (i64, i32),
}

/// Where bytes come from.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    names: &'a Names,
    own: Arc<str>,
    base: (i64, i32),
}

impl<'a> Writer<'a> {
    /// Writes what the account's values are counted from.
    pub fn new(out: &'a mut Vec<u8>, names: &'a Names, account: &'a Account) -> Writer<'a> {
        let base = if account.midnight == Instant::NEVER { (0, 0) } else { (account.midnight.0, account.today.0) };
        out.extend_from_slice(&base.0.to_le_bytes());
        out.extend_from_slice(&base.1.to_le_bytes());
        let mut w = Writer { out, names, own: "", base };
        account.id.save(&mut w);
        w.own = &account.id;
        w
    }

    pub fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    #[inline]
    pub fn unsigned(&mut self, mut x: u64) {
        while x >= 0x80 {
            self.out.push(x as u8 | 0x80);
            x >>= 7;
        }
        self.out.push(x as u8);
    }

    #[inline]
    pub fn signed(&mut self, x: i64) {
        self.unsigned((x << 1 ^ x >> 63) as u64);
    }

    /// How many elements follow.
    pub fn length(&mut self, n: usize) {
        self.unsigned(n as u64);
    }
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], names: &'a Names) -> Result<Reader<'a>, Broken> {
        let mut r = Reader { bytes, names, own: "".into(), base: (0, 0) };
        r.base = (i64::from_le_bytes(r.chunk()?), i32::from_le_bytes(r.chunk()?));
        r.own = Arc::restore(&mut r)?;
        Ok(r)
    }

    /// The account's id.
    pub fn own(&self) -> &Arc<str> {
        &self.own
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (chunk, rest) = self.bytes.split_first_chunk().ok_or(Broken("an account ends too early"))?;
        self.bytes = rest;
        Ok(*chunk)
    }

    #[inline]
    pub fn byte(&mut self) -> Result<u8, Broken> {
        let (byte, rest) = self.bytes.split_first().ok_or(Broken("an account ends too early"))?;
        self.bytes = rest;
        Ok(*byte)
    }

    #[inline]
    pub fn unsigned(&mut self) -> Result<u64, Broken> {
        let (mut x, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            x |= u64::from(byte & 0x7f).checked_shl(shift).ok_or(Broken("a number is too long"))?;
            if byte < 0x80 {
                return Ok(x);
            }
            shift += 7;
        }
    }

    #[inline]
    pub fn signed(&mut self) -> Result<i64, Broken> {
        let x = self.unsigned()?;
        Ok((x >> 1) as i64 ^ -((x & 1) as i64))
    }

    /// How many elements follow: each takes a byte at least.
    pub fn length(&mut self) -> Result<usize, Broken> {
        let n = self.unsigned()?;
        if n > self.bytes.len() as u64 { Err(Broken("a list is longer than its account")) } else { Ok(n as usize) }
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Broken> {
        T::try_from(self.unsigned()?).map_err(|_| Broken("a number is too great"))
    }
}

impl Saved for bool {
    fn save(&self, w: &mut Writer<'_>) {
        w.byte(u8::from(*self));
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        match r.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Broken("a truth is neither true nor false")),
        }
    }
}

macro_rules! whole {
    ($($kind:ty)+) => {$(
        impl Saved for $kind {
            fn save(&self, w: &mut Writer<'_>) {
                w.unsigned(*self as u64);
            }

            fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
                r.small()
            }
        }
    )+};
}
whole!(u32 u64 usize);

impl Saved for f64 {
    fn save(&self, w: &mut Writer<'_>) {
        w.out.extend_from_slice(&self.to_le_bytes());
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        Ok(f64::from_le_bytes(r.chunk()?))
    }
}

impl Saved for Decimal {
    fn save(&self, w: &mut Writer<'_>) {
        let x = self.units();
        match i64::try_from(x) {
            Ok(x) if x != i64::MIN => w.signed(x),
            _ => {
                w.signed(i64::MIN);
                w.out.extend_from_slice(&x.to_le_bytes());
            }
        }
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        Ok(Decimal::of_units(match r.signed()? {
            i64::MIN => i128::from_le_bytes(r.chunk()?),
            x => i128::from(x),
        }))
    }
}

/// The forms of an instant.
const NEVER: u8 = 0;
const ALWAYS: u8 = 1;
const DAYS: u8 = 2;
const SECONDS: u8 = 3;
const MICROS: u8 = 4;

impl Saved for Instant {
    fn save(&self, w: &mut Writer<'_>) {
        let after = self.0.wrapping_sub(w.base.0);
        let (form, x) = match *self {
            Instant::NEVER => return w.byte(NEVER),
            Instant::MIN => return w.byte(ALWAYS),
            _ if after % DAY == 0 => (DAYS, after / DAY),
            _ if after % SECOND == 0 => (SECONDS, after / SECOND),
            _ => (MICROS, after),
        };
        w.byte(form);
        w.signed(x);
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        let unit = match r.byte()? {
            NEVER => return Ok(Instant::NEVER),
            ALWAYS => return Ok(Instant::MIN),
            DAYS => DAY,
            SECONDS => SECOND,
            MICROS => 1,
            _ => return Err(Broken("an instant has no such form")),
        };
        Ok(Instant(r.signed()?.wrapping_mul(unit).wrapping_add(r.base.0)))
    }
}

impl Saved for Day {
    fn save(&self, w: &mut Writer<'_>) {
        w.signed(i64::from(self.0) - i64::from(w.base.1));
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        let day = r.signed()?.wrapping_add(i64::from(r.base.1));
        i32::try_from(day).map(Day).map_err(|_| Broken("a date is out of range"))
    }
}

impl Saved for Arc<str> {
    fn save(&self, w: &mut Writer<'_>) {
        w.length(self.len());
        w.out.extend_from_slice(self.as_bytes());
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        let (text, rest) = r.length().map(|n| r.bytes.split_at(n))?;
        r.bytes = rest;
        std::str::from_utf8(text).map(Arc::from).map_err(|_| Broken("a text is not UTF-8"))
    }
}

impl Saved for String {
    fn save(&self, w: &mut Writer<'_>) {
        w.length(self.len());
        w.out.extend_from_slice(self.as_bytes());
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        Arc::<str>::restore(r).map(|text| text.as_ref().to_owned())
    }
}

/// Whole numbers from 0 on that are written as the form of a value itself.
const SMALL: u8 = 16;

impl Saved for Value {
    fn save(&self, w: &mut Writer<'_>) {
        match self {
            Value::Null => w.byte(0),
            Value::Bool(b) => w.byte(1 + u8::from(*b)),
            Value::Number(x) if *x == x.trunc() && x.abs() < 9e15 && x.to_bits() != (-0.0f64).to_bits() => {
                let x = *x as i64;
                match u8::try_from(x).ok().and_then(|x| x.checked_add(SMALL)) {
                    Some(form) => w.byte(form),
                    None => {
                        w.byte(3);
                        w.signed(x);
                    }
                }
            }
            Value::Number(x) => {
                w.byte(4);
                x.save(w);
            }
            Value::Text(text) => match w.names.number(self) {
                Some(number) => {
                    w.byte(6);
                    number.save(w);
                }
                None if **text == *w.own => w.byte(7),
                None => {
                    w.byte(5);
                    text.save(w);
                }
            },
            Value::Time(t) => {
                w.byte(8);
                t.save(w);
            }
            Value::Date(d) => {
                w.byte(9);
                d.save(w);
            }
            Value::Interval(us) => {
                w.byte(10);
                w.signed(*us);
            }
        }
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        Ok(match r.byte()? {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Number(r.signed()? as f64),
            4 => Value::Number(f64::restore(r)?),
            5 => Value::Text(Arc::restore(r)?),
            6 => {
                let number = r.small::<usize>()?;
                Value::Text(r.names.list.get(number).cloned().ok_or(Broken("the model has no such name"))?)
            }
            7 => Value::Text(r.own.clone()),
            8 => Value::Time(Instant::restore(r)?),
            9 => Value::Date(Day::restore(r)?),
            10 => Value::Interval(r.signed()?),
            form if form >= SMALL => Value::Number(f64::from(form - SMALL)),
            _ => return Err(Broken("a value has no such form")),
        })
    }
}

impl<T: Saved> Saved for Option<T> {
    fn save(&self, w: &mut Writer<'_>) {
        self.is_some().save(w);
        self.iter().for_each(|x| x.save(w));
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        if bool::restore(r)? { T::restore(r).map(Some) } else { Ok(None) }
    }
}

impl<T: Saved> Saved for Vec<T> {
    fn save(&self, w: &mut Writer<'_>) {
        w.length(self.len());
        self.iter().for_each(|x| x.save(w));
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        let n = r.length()?;
        let mut all = Vec::with_capacity(n.min(ROOM_MAX));
        for _ in 0..n {
            all.push(T::restore(r)?);
        }
        Ok(all)
    }
}

impl<T: Saved> Saved for VecDeque<T> {
    fn save(&self, w: &mut Writer<'_>) {
        w.length(self.len());
        self.iter().for_each(|x| x.save(w));
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        Vec::restore(r).map(VecDeque::from)
    }
}

impl<A: Saved, B: Saved> Saved for (A, B) {
    fn save(&self, w: &mut Writer<'_>) {
        self.0.save(w);
        self.1.save(w);
    }

    fn restore(r: &mut Reader<'_>) -> Result<Self, Broken> {
        Ok((A::restore(r)?, B::restore(r)?))
    }
}
