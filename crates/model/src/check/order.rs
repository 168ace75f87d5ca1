//! The order in which definitions that read each other are computed; cycles are errors.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::file::Report;
use crate::yaml::Entry;

/// Sorts definitions so that each comes after those it reads (`reads[i]`: indexes into `entries`), else as written. Reports each cycle
/// where its first definition stands.
pub(crate) fn order(entries: &[&Entry], reads: &[Vec<usize>], what: &str, report: &mut Report) -> Vec<usize> {
    let mut left: Vec<usize> = reads.iter().map(Vec::len).collect();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); entries.len()];
    for (i, read) in reads.iter().enumerate() {
        read.iter().for_each(|r| readers[*r].push(i));
    }
    let mut done = vec![false; entries.len()];
    let mut ready: BinaryHeap<Reverse<usize>> = (0..entries.len()).filter(|i| left[*i] == 0).map(Reverse).collect();
    let mut sorted = Vec::with_capacity(entries.len());
    loop {
        while let Some(Reverse(i)) = ready.pop() {
            done[i] = true;
            sorted.push(i);
            for reader in readers[i].iter().filter(|r| !done[**r]) {
                left[*reader] -= 1;
                if left[*reader] == 0 {
                    ready.push(Reverse(*reader));
                }
            }
        }
        let Some(stuck) = done.iter().position(|d| !d) else { return sorted };
        let cycle = cycle(stuck, reads, &done);
        let names: Vec<&str> = cycle.iter().map(|i| entries[*i].key.as_str()).collect();
        let message = format!("these {what}s read each other in a circle: {} → {}", names.join(" → "), names[0]);
        report.error(entries[cycle[0]].place, "cycle", message, Some("break it where a value as of an earlier time will do".into()));
        left[cycle[0]] = 0;
        ready.push(Reverse(cycle[0]));
    }
}

/// A cycle that can be reached from `from` through what is not done, beginning with its first definition as written.
fn cycle(from: usize, reads: &[Vec<usize>], done: &[bool]) -> Vec<usize> {
    let mut path = vec![from];
    let mut at = from;
    loop {
        // Whatever is stuck reads something that is stuck too.
        let Some(next) = reads[at].iter().copied().find(|r| !done[*r]) else { return path };
        if let Some(start) = path.iter().position(|p| *p == next) {
            let mut cycle = path.split_off(start);
            let first = cycle.iter().enumerate().min_by_key(|(_, i)| **i).map_or(0, |(k, _)| k);
            cycle.rotate_left(first);
            return cycle;
        }
        path.push(next);
        at = next;
    }
}

/// The bare column names an expression mentions, in order: names in quotes, names of functions and qualified names are left out.
pub(crate) fn mentions(sql: &str) -> Vec<String> {
    let bytes = sql.as_bytes();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            quote @ (b'\'' | b'"') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += 1;
                }
                if quote == b'"' && at > start + 1 {
                    found.extend(sql.get(start + 1..at).map(String::from));
                }
                at += 1;
            }
            b if b.is_ascii_alphabetic() || b == b'_' => {
                while at < bytes.len() && word(bytes[at]) {
                    at += 1;
                }
                let after = bytes[at..].iter().find(|b| !b.is_ascii_whitespace());
                let qualified = bytes[..start].iter().rev().find(|b| !b.is_ascii_whitespace()) == Some(&b'.');
                if !qualified && !matches!(after, Some(b'(' | b'.')) {
                    found.push(sql[start..at].to_string());
                }
            }
            b if word(b) => {
                while at < bytes.len() && (word(bytes[at]) || bytes[at] == b'.') {
                    at += 1;
                }
            }
            _ => at += 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn names_an_expression_mentions() {
        for (sql, names) in [
            ("a + b", vec!["a", "b"]),
            ("coalesce(a, 'b ''c', \"d\")", vec!["a", "d"]),
            ("account.a > 1e3 AND milestone('x') = 'y'", vec!["AND"]),
            ("round (x) < interval", vec!["x", "interval"]),
            ("'open", vec![]),
        ] {
            assert_eq!(mentions(sql), names, "{sql}");
        }
    }
}
