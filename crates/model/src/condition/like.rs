//! LIKE patterns, matched in time linear in the text for each part of the pattern.

/// A pattern: `%` is any text, `_` any character.
#[derive(Clone, PartialEq, Debug)]
pub struct Pattern {
    parts: Box<[Part]>,
    any_case: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Part {
    Char(char),
    One,
    Many,
}

impl Pattern {
    /// Reads a pattern. After the escape character every character means itself.
    pub fn new(pattern: &str, escape: Option<char>, any_case: bool) -> Pattern {
        let mut parts = Vec::with_capacity(pattern.len());
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            match c {
                c if Some(c) == escape => parts.push(Part::Char(chars.next().unwrap_or(c))),
                '%' if parts.last() == Some(&Part::Many) => {}
                '%' => parts.push(Part::Many),
                '_' => parts.push(Part::One),
                c => parts.push(Part::Char(c)),
            }
        }
        Pattern { parts: parts.into(), any_case }
    }

    /// Does the whole text match? Where it does not fit, only the last `%` takes one character more: that is enough, and never exponential.
    pub fn matches(&self, text: &str) -> bool {
        let mut rest = text.chars();
        let mut next = 0;
        let mut retry = None;
        loop {
            let before = rest.clone();
            let fits = match (self.parts.get(next), rest.next()) {
                (Some(Part::Many), _) => {
                    rest = before.clone();
                    retry = Some((next + 1, before));
                    true
                }
                (None, None) => return true,
                (_, None) => return false,
                (Some(Part::One), Some(_)) => true,
                (Some(Part::Char(p)), Some(c)) => self.same(*p, c),
                (None, Some(_)) => false,
            };
            if fits {
                next += 1;
                continue;
            }
            let Some((after, start)) = &mut retry else { return false };
            if start.next().is_none() {
                return false;
            }
            (next, rest) = (*after, start.clone());
        }
    }

    fn same(&self, a: char, b: char) -> bool {
        a == b || self.any_case && a.to_lowercase().eq(b.to_lowercase())
    }

    /// The shortest text that matches.
    pub fn sample(&self) -> String {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Char(c) => Some(*c),
                Part::One => Some('x'),
                Part::Many => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("a_c", "abc", true),
            ("a_c", "ac", false),
            ("_", "ü", true),
            ("a%b%c", "aXbYbZc", true),
            ("a%b%c", "aXbYbZ", false),
            ("100\\%", "100%", true),
            ("100\\%", "1000", false),
            ("\\", "\\", true),
            ("ABC", "abc", false),
        ] {
            assert_eq!(Pattern::new(pattern, Some('\\'), false).matches(text), matches, "{text} LIKE {pattern}");
        }
        assert!(Pattern::new("AÜ%", None, true).matches("aüx"));
        assert!(Pattern::new("5!%", Some('!'), false).matches("5%"));
    }

    #[test]
    fn never_exponential() {
        let pattern = Pattern::new(&"%a".repeat(2_000), None, false);
        assert!(!pattern.matches(&format!("{}b", "a".repeat(5_000))));
    }
}
