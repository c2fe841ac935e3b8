//! One source less: every other sample stays as it was, but for those that the rules of mixing, balance and split move.

use crate::digest::rich;
use crate::house::{House, png};
use crate::partner::partners;
use augmint::digest::Digest;
use augmint::manifest::{Entry, Key};
use std::collections::{BTreeMap, BTreeSet};

fn by_key(entries: Vec<Entry>) -> BTreeMap<Key, Entry> {
    entries.into_iter().map(|entry| (entry.key, entry)).collect()
}

#[test]
fn removing_a_source_keeps_every_other_sample() {
    let house = rich();
    let before = house.build("");
    let gone = house.sources(&before).into_iter().find(|(source, _)| source.paths[0] == "form/03.jpg").unwrap().0;
    std::fs::remove_file(house.path("images/form/03.jpg")).unwrap();
    let after = house.build("");
    assert_ne!(before, after);

    let parts = |digest: &str| -> BTreeMap<Digest, _> {
        house.sources(digest).into_iter().map(|(source, part)| (source.digest, part)).collect()
    };
    let (parts_before, parts_after) = (parts(&before), parts(&after));
    let moved: BTreeSet<Digest> =
        parts_after.iter().filter(|(source, part)| parts_before[source] != **part).map(|(source, _)| *source).collect();
    assert!(moved.len() <= 1, "one source less moves at most one over the boundary: {moved:?}");

    let (old, new) = (by_key(house.entries(&before)), by_key(house.entries(&after)));
    let may_differ = |entry: &Entry| {
        let affected = |source: &Digest| *source == gone.digest || moved.contains(source);
        affected(&entry.source) || partners(entry).iter().any(affected)
    };
    let mut same = 0;
    for (key, entry) in &new {
        match old.get(key) {
            Some(earlier) if earlier == entry => same += 1,
            Some(earlier) => assert!(may_differ(earlier) || may_differ(entry), "{earlier:?}\n{entry:?}"),
            // Balance: the class gets as many samples as before, from fewer sources.
            None => assert!(entry.class == gone.class || may_differ(entry), "{entry:?}"),
        }
    }
    for (key, entry) in &old {
        assert!(new.contains_key(key) || entry.class == gone.class || may_differ(entry), "{entry:?}");
    }
    assert!(same * 3 > new.len() * 2, "{same} of {} are the same", new.len());
}

#[test]
fn without_mixing_only_the_shards_of_the_removed_source_are_made_again() {
    let house = House::new();
    for number in 0..300 {
        house.write(&format!("images/{}/{number}.png", ["a", "b"][number % 2]), &png(&number.to_string()));
    }
    // 16 copies are one block, and a block is in one shard.
    house.recipe("[amount]\ncopies = 16\n[[step]]\nop.flip = { axis = \"any\" }\nchance = 0.5\n");
    let first = house.json("build recipe.toml");
    let (samples, shards) = (first["samples"].as_u64().unwrap(), first["shards"].as_u64().unwrap());
    assert_eq!((samples, shards), (4800, 8));
    std::fs::remove_file(house.path("images/b/7.png")).unwrap();
    let second = house.json("build recipe.toml");
    assert_eq!(house.shards().len(), 9, "one shard is new");
    let (taken, rendered) = (second["taken_over"].as_u64().unwrap(), second["rendered"].as_u64().unwrap());
    assert_eq!(taken + rendered, 4784);
    assert!(taken > 3500, "{taken} samples were taken over");
    let (old, new) =
        (by_key(house.entries(&crate::house::digest_of(&first))), house.entries(&crate::house::digest_of(&second)));
    assert!(new.iter().all(|entry| old[&entry.key] == *entry));
}
