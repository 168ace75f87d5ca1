//! Thresholds to try: `logins_7d < {1..10}`, `login_trend < -{0.2, 0.4, 0.6}`, `health < {30..60 step 5}`.

use std::str::FromStr;

/// How many thresholds one sweep tries at most.
pub const VALUES_MAX: usize = 100;

/// A part of a condition in which a number is varied.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The part's words before the number, and after it.
    before: String,
    after: String,
    /// The numbers as they are written into the condition, in their order.
    pub values: Vec<String>,
}

impl FromStr for Sweep {
    type Err = String;

    fn from_str(text: &str) -> Result<Sweep, String> {
        let parts = text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
        let Some((before, (values, after))) = parts.filter(|(_, (_, after))| !after.contains('{')) else {
            return Err(format!("`{text}` names no range of numbers: write one, as `logins_7d < {{1..10}}` or `logins_7d < {{1, 3, 5}}`"));
        };
        Ok(Sweep { before: before.trim().to_owned(), after: after.trim().to_owned(), values: numbers(values)? })
    }
}

fn numbers(text: &str) -> Result<Vec<String>, String> {
    let number = |text: &str| {
        let text = text.trim();
        let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
        if is_number { Ok(text.to_owned()) } else { Err(format!("`{text}` is not a number")) }
    };
    let Some((first, rest)) = text.split_once("..") else { return text.split(',').map(number).collect() };
    let (last, step) = rest.split_once("step").unwrap_or((rest, "1"));
    let (first, last, step) = (number(first)?, number(last)?, number(step)?);
    // Counted in units of the last place that any of the three has, so that 0.1, 0.2, 0.3 are just that.
    let places = [&first, &last, &step].map(|text| text.split_once('.').map_or(0, |(_, after)| after.len())).into_iter().max().unwrap_or(0);
    let units = |text: &str| (text.parse::<f64>().unwrap_or(f64::NAN) * 10f64.powi(places as i32)).round() as i64;
    let (low, high, step) = (units(&first), units(&last), units(&step));
    if step <= 0 || low > high {
        return Err(format!("`{{{text}}}` is empty: write the lower number first, and a step above 0"));
    }
    if (high - low) / step >= VALUES_MAX as i64 {
        return Err(format!("`{{{text}}}` has more than {VALUES_MAX} numbers: write a larger step, as `{{0..1000 step 50}}`"));
    }
    Ok((low..=high).step_by(step as usize).map(|n| format!("{:.places$}", n as f64 / 10f64.powi(places as i32))).collect())
}

impl Sweep {
    /// A condition with each of the numbers in its place.
    ///
    /// # Errors
    /// Where the part is not in the condition, or more than once.
    pub fn of(&self, condition: &str) -> Result<Vec<String>, String> {
        let places = self.places(condition);
        let shown = format!("{} number {}", self.before, self.after);
        match places.as_slice() {
            [(start, end)] => Ok(self.values.iter().map(|n| format!("{}{n}{}", &condition[..*start], &condition[*end..])).collect()),
            [] => Err(format!("the condition `{condition}` has no part `{}`", shown.trim())),
            _ => Err(format!("the condition `{condition}` has the part `{}` {} times: write more of it", shown.trim(), places.len())),
        }
    }

    /// Where numbers stand between the words, from byte to byte.
    fn places(&self, condition: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.');
        for (start, _) in condition.char_indices() {
            if is_word(condition[..start].chars().next_back()) && is_word(self.before.chars().next()) {
                continue;
            }
            let Some(number) = follow(condition, start, &self.before) else { continue };
            let from = number + (condition[number..].len() - condition[number..].trim_start().len());
            let length = condition[from..]
                .char_indices()
                .find(|(i, c)| !(c.is_ascii_digit() || *c == '.' || (*i == 0 && *c == '-')))
                .map_or(condition.len() - from, |(i, _)| i);
            if condition[from..from + length].parse::<f64>().is_ok() && follow(condition, from + length, &self.after).is_some() {
                found.push((from, from + length));
            }
        }
        found.dedup();
        found
    }
}

/// The end of a part that begins at `start`, whatever the white space in either; None where it is not there.
fn follow(text: &str, start: usize, part: &str) -> Option<usize> {
    let mut rest = text[start..].char_indices().peekable();
    let mut end = start;
    for wanted in part.chars().filter(|c| !c.is_whitespace()) {
        while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let (i, c) = rest.next()?;
        if c != wanted {
            return None;
        }
        end = start + i + c.len_utf8();
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(text: &str) -> Sweep {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_to_try() {
        assert_eq!(sweep("a < {1..4}").values, ["1", "2", "3", "4"]);
        assert_eq!(sweep("a < {0.1..0.3 step 0.1}").values, ["0.1", "0.2", "0.3"]);
        assert_eq!(sweep("a < {-2..2 step 2}").values, ["-2", "0", "2"]);
        assert_eq!(sweep("a < {1, 2.5, 10}").values, ["1", "2.5", "10"]);
        for (wrong, why) in [
            ("a < 3", "names no range"),
            ("a < {1..b}", "`b` is not a number"),
            ("a < {3..1}", "is empty"),
            ("a < {0..1000}", "more than 100"),
            ("a < {1, 2} AND b < {3, 4}", "names no range"),
        ] {
            assert!(wrong.parse::<Sweep>().unwrap_err().contains(why), "{wrong}");
        }
    }

    #[test]
    fn the_number_is_varied_where_it_stands() {
        let of = |sweep_: &str, condition: &str| sweep(sweep_).of(condition);
        assert_eq!(
            of("logins_7d < {1, 2}", "events > 50 AND logins_7d  <  3").unwrap(),
            ["events > 50 AND logins_7d  <  1", "events > 50 AND logins_7d  <  2"]
        );
        assert_eq!(of("trend < {-0.1}", "trend < -0.5 OR b").unwrap(), ["trend < -0.1 OR b"]);
        assert_eq!(of("BETWEEN 7 AND {9}", "age_days BETWEEN 7 AND 30").unwrap(), ["age_days BETWEEN 7 AND 9"]);
        assert!(of("logins_7d < {1}", "my_logins_7d < 3").unwrap_err().contains("has no part `logins_7d < number`"));
        assert!(of("a < {1}", "a < 3 OR b AND a < 4").unwrap_err().contains("2 times"));
    }
}
