//! Whatever two sides change and however all is written, the merge says what both changed, and what was not taken stays byte for byte.

mod world;
mod written;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

use crate::check::revision;
use crate::edit::Texts;
use crate::file::{Files, Report};
use crate::pull::{Merged, What, Why, merge};
use crate::yaml;
use world::{Key, World, sides};
use written::{Part, Written, write};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, rng_seed: RngSeed::Fixed(20260801), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_sides_changes_and_nothing_else(sides in sides(), seeds in any::<[u64; 2]>(), alike in any::<bool>()) {
        // Mine as the base is written, but for what it changed; or written anew.
        let [base, mine, theirs] = [(&sides.base, seeds[0]), (&sides.mine, seeds[usize::from(!alike)]), (&sides.theirs, seeds[1])];
        let [base, mine, theirs] = [base, mine, theirs].map(|(world, seed)| write(world, seed));
        let merged = merge(&base.files, &mine.files, &theirs.files).unwrap();
        for (which, side, world) in [("base", &base, &sides.base), ("mine", &mine, &sides.mine), ("theirs", &theirs, &sides.theirs)] {
            prop_assert_eq!(read(&side.files).values(), world.values(), "{} is written as it is meant", which);
        }
        let [b, m, t] = [&base, &mine, &theirs].map(|side| read(&side.files));
        says_what_both_changed(&[&b, &m, &t], &merged)?;
        is_in_order(&[&b, &m, &t], &merged)?;
        leaves_the_rest(&mine, &merged)?;
        prop_assert_eq!(merge(&base.files, &mine.files, &base.files).unwrap().files, mine.files, "nothing to take");
    }
}

/// What files say, read by other means than those of the merge.
fn read(files: &Texts) -> World {
    let texts = Files::new(files.iter().map(|(file, text)| (file.as_str(), text.as_str())));
    let mut report = Report::new(&texts);
    let roots: Vec<yaml::Node> = (0..texts.len()).filter_map(|file| yaml::parse(file, &mut report)).collect();
    assert!(report.is_empty(), "{:?}\n{files:?}", report.into_diagnostics());
    let mut world = World::default();
    for (section, value) in revision::definitions(&roots).as_object().into_iter().flatten() {
        match value {
            Value::Object(all) => all.iter().for_each(|(name, value)| world.set((section.clone(), name.clone()), value.clone())),
            Value::Array(pairs) => pairs.iter().for_each(|pair| {
                world.set((section.clone(), pair[0].as_str().unwrap_or_default().to_owned()), pair[1].clone());
            }),
            value => world.set((section.clone(), String::new()), value.clone()),
        }
    }
    world
}

/// For each definition: theirs where only they changed it, else mine; where both did, a conflict.
fn says_what_both_changed([base, mine, theirs]: &[&World; 3], merged: &Merged) -> Result<(), TestCaseError> {
    let mut expected = World::default();
    let (mut conflicts, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for key in [base, mine, theirs].iter().flat_map(|world| world.keys()).collect::<BTreeSet<Key>>() {
        let [b, m, t] = [base, mine, theirs].map(|world| world.get(&key));
        let is = if b == m && t != m { t } else { m };
        if let Some(value) = is {
            expected.set(key.clone(), value.clone());
        }
        if b != m && b != t && m != t {
            conflicts.insert(key);
        } else if is != m {
            let what = if m.is_none() {
                What::Added
            } else if t.is_none() {
                What::Removed
            } else {
                What::Changed
            };
            taken.insert((key, format!("{what:?}")));
        }
    }
    let found = merged.conflicts.iter().filter(|found| !found.name.is_empty() || found.section == "timezone");
    let mut found: Vec<_> = found.map(|found| ((found.section.clone(), found.name.clone()), found.why.clone())).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    prop_assert_eq!(found, conflicts.into_iter().map(|key| (key, Why::BothChanged)).collect::<Vec<_>>());
    let told = merged.taken.iter().filter(|taken| taken.what != What::Moved);
    let told: BTreeSet<_> = told.map(|taken| ((taken.section.clone(), taken.name.clone()), format!("{:?}", taken.what))).collect();
    prop_assert_eq!(told, taken);
    let is = read(&merged.files);
    prop_assert_eq!(is.values(), expected.values());
    Ok(())
}

/// The order of mine, and that of theirs where only they have another one.
fn is_in_order([base, mine, theirs]: &[&World; 3], merged: &Merged) -> Result<(), TestCaseError> {
    let is = read(&merged.files);
    for section in ["lifecycle.stages", "scorecards"] {
        let [b, m, t, r] = [base, mine, theirs, &&is].map(|world| world.order(section));
        let among = |names: &[String], in_all: &[&Vec<String>]| -> Vec<String> {
            names.iter().filter(|name| in_all.iter().all(|all| all.contains(name))).cloned().collect()
        };
        let [ob, om, ot] = [&b, &m, &t].map(|names| among(names, &[&b, &m, &t]));
        let conflict = merged.conflicts.iter().find(|found| found.section == section && found.name.is_empty());
        let (theirs_moved, mine_moved) = (ob != ot && om != ot, ob != om);
        match conflict.map(|found| &found.why) {
            Some(Why::BothChanged) => prop_assert!(theirs_moved && mine_moved),
            // Allowed only where no move within one file could do it.
            Some(_) => prop_assert!(theirs_moved && !mine_moved && files_of(section, merged) > 1),
            None => prop_assert!(!theirs_moved || !mine_moved),
        }
        let takes_order = theirs_moved && conflict.is_none();
        let common = |names: &[String]| among(names, &[&b, &m, &t, &r]);
        prop_assert_eq!(common(&r), common(if takes_order { &t } else { &m }), "those that all have, in {}", section);
        if !takes_order {
            prop_assert_eq!(among(&r, &[&m]), among(&m, &[&r]), "all of mine, in {}", section);
        }
        let new_in_both = m.iter().any(|name| t.contains(name) && !b.contains(name));
        if !new_in_both && !mine_moved && conflict.is_none() {
            prop_assert_eq!(among(&r, &[&t]), among(&t, &[&r]), "all of theirs, in {}", section);
        }
    }
    Ok(())
}

/// In how many files a section stands.
fn files_of(section: &str, merged: &Merged) -> usize {
    let head = section.split('.').next().unwrap_or(section);
    merged.files.values().filter(|text| text.lines().any(|line| line.starts_with(head))).count()
}

/// Every line of mine that has nothing to do with what was taken is there, in its order; so are comments of what was changed.
fn leaves_the_rest(mine: &Written, merged: &Merged) -> Result<(), TestCaseError> {
    let taken = |key: &Key| merged.taken.iter().any(|taken| (&taken.section, &taken.name) == (&key.0, &key.1));
    if merged.taken.is_empty() {
        prop_assert_eq!(&merged.files, &mine.files);
    }
    let moved: BTreeSet<&str> = merged.taken.iter().filter(|taken| taken.what == What::Moved).map(|taken| taken.section.as_str()).collect();
    for (file, text) in &mine.files {
        let now = merged.files.get(file).map_or("", String::as_str);
        // A file that was emptied begins anew.
        let stays = |part: &&Part| match part.inline.as_slice() {
            [] => !part.optional && !part.lines.trim().is_empty() && !part.keys.iter().any(taken),
            inline => inline.iter().any(|(key, _)| !taken(key)),
        };
        let kept = mine.parts.iter().filter(|part| part.file == *file).any(|part| stays(&part));
        prop_assert!(
            !kept || !text.contains("\r\n") || now.matches('\n').count() == now.matches("\r\n").count(),
            "line breaks of {:?}",
            now
        );
        if text == now {
            continue;
        }
        let unfinished = |text: &str| !text.ends_with('\n');
        prop_assert!(!kept || unfinished(text) == unfinished(now), "the end of {:?}", now);
        let mut lines = now.lines();
        for part in mine.parts.iter().filter(|part| part.file == *file) {
            if part.keys.iter().any(taken) || part.optional && !part.within.iter().any(|key| !taken(key)) {
                continue;
            }
            let section = part.inline.first().map(|(key, _)| &key.0);
            if section.is_some_and(|section| merged.taken.iter().any(|taken| (&taken.section, &taken.file) == (section, file))) {
                for (_, text) in part.inline.iter().filter(|(key, _)| !taken(key)) {
                    prop_assert!(now.contains(text.as_str()), "{:?} in {:?}", text, now);
                }
                continue;
            }
            // A section whose entries were moved is in another order.
            if part.within.iter().chain(&part.keys).any(|key| moved.contains(key.0.as_str())) {
                prop_assert!(part.lines.lines().all(|line| now.lines().any(|is| is == line)), "{:?} in {:?}", part.lines, now);
                continue;
            }
            for line in part.lines.lines().filter(|line| !line.trim().is_empty()) {
                prop_assert!(lines.any(|is| is == line), "{:?} of {:?}\nin {:?}", line, text, now);
            }
        }
    }
    for taken in merged.taken.iter().filter(|taken| matches!(taken.what, What::Changed | What::Moved)) {
        let key = (taken.section.clone(), taken.name.clone());
        for comment in mine.parts.iter().filter(|part| part.keys.contains(&key)).flat_map(|part| &part.comments) {
            prop_assert!(merged.files[&taken.file].contains(comment.as_str()), "{} of {:?}", comment, key);
        }
    }
    Ok(())
}
