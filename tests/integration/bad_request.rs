//! Recipes, names and options that cannot be meant: refused before the first write, with the way out.

use crate::digest::rich;
use crate::house::House;

/// Two classes and a recipe of two samples a source.
fn house() -> House {
    let house = House::with_folders(&[("a", 2), ("b", 2)]);
    house.recipe("[amount]\ncopies = 2\n");
    house
}

#[test]
fn an_unknown_key_is_shown_where_it_stands() {
    let house = house();
    house.recipe("[amount]\ncopies = 2\nblance = \"equal\"\n");
    assert_eq!(
        house.error("build recipe.toml"),
        "unknown key 'blance' in [amount]\n   \
         ,-[recipe.toml:7:1]\n \
         6 | copies = 2\n \
         7 | blance = \"equal\"\n   \
         : ^^^|^^\n   \
         :    `-- did you mean 'balance'?\n \
         8 | [output]\n   \
         `----\n\
         help: valid: total, copies, per_class, balance, originals, class, max_copies"
    );
}

#[test]
fn classes_that_no_source_has_are_refused() {
    let house = House::with_folders(&[("invoice", 2), ("receipt", 2)]);
    house.recipe("[amount]\ncopies = 2\n[[step]]\nonly = [\"reciept\"]\nop.flip = { axis = \"any\" }\n");
    let error = house.error("build recipe.toml");
    assert!(error.starts_with("unknown class 'reciept'\n   ,-[recipe.toml:8:9]\n"), "{error}");
    assert!(error.contains("`-- did you mean 'receipt'?"), "{error}");
    assert!(error.ends_with("help: valid: invoice, receipt"), "{error}");
    assert!(!house.path("datasets").exists());
}

#[test]
fn a_mix_with_nobody_to_mix_with_is_refused() {
    let house = House::with_folders(&[("a", 1), ("b", 3)]);
    house.recipe("[amount]\ncopies = 4\n[[step]]\nop.mixup = { alpha = 0.4, partner = { classes = \"same\" } }\n");
    for command in ["build recipe.toml", "plan recipe.toml"] {
        assert_eq!(
            house.error(command),
            "step 'mixup' has nobody to mix source a/00.jpg (class 'a', train) with: no other group of the allowed \
             classes is in that set; allow more classes in `partner`, or leave class 'a' out with `except`",
            "{command}"
        );
    }
}

#[test]
fn a_taken_tag_moves_only_when_told_to() {
    let house = house();
    let first = house.build("--tag v1");
    house.recipe("[amount]\ncopies = 3\n");
    assert_eq!(
        house.error("build recipe.toml --tag v1"),
        format!(
            "t@v1 is version {} already, and this recipe makes another one\nhelp: choose another tag, leave --tag away \
             for the next free vN, or add --retag: the old version keeps its digest",
            &first[7..19]
        )
    );
    assert_eq!(house.shards().len(), 1, "something was made");
    let second = house.build("");
    assert_ne!(first, second);
    assert_eq!(
        house.error("tag t@v2 v1"),
        format!(
            "the tag t@v1 names {} already\nhelp: the version is t@{second}; to move the tag, add --retag (nothing is lost \
             by it)",
            &first[7..19]
        )
    );
    let third = house.json("build recipe.toml --tag v1 --retag");
    assert_eq!(third["digest"], second.as_str());
    assert_eq!(house.json("show t@v1")["record"]["digest"], second.as_str());
    house.ok(&format!("verify t@{}", &first[..19]));
}

#[test]
fn references_that_name_nothing_or_too_much_get_help() {
    let house = house();
    assert_eq!(
        house.error("show t@v1"),
        "there is no dataset 't' in datasets\nhelp: nothing was built there yet: `augmint build RECIPE`, or say --datasets \
         DIR"
    );
    house.build("--tag first");
    for (reference, message) in [
        ("tt@v1", "there is no dataset 'tt' in datasets\nhelp: did you mean 't'?"),
        ("t@frist", "t has no tag 'frist'\nhelp: did you mean t@first? its tags are: first"),
        ("t", "'t' alone does not say which version\nhelp: say which: t@first"),
        ("sha256:00000000", "no version's digest starts with '00000000'\nhelp: `augmint log t` lists its versions"),
    ] {
        for command in ["show", "verify", "restore", "evict", "path"] {
            assert_eq!(house.error(&format!("{command} {reference}")), message, "{command}");
        }
    }
    // A second version whose digest starts alike: only its record is looked at.
    let digest = house.json("show t@first")["record"]["digest"].as_str().unwrap()[7..].to_owned();
    let twin = format!("{}{}", &digest[..60], if digest.ends_with("0000") { "1111" } else { "0000" });
    let record = String::from_utf8(house.read(&format!("datasets/t/records/{digest}.json"))).unwrap();
    house.write(&format!("datasets/t/records/{twin}.json"), record.replace(&digest, &twin).as_bytes());
    let start = &digest[..8];
    assert_eq!(
        house.error(&format!("show sha256:{start}")),
        format!(
            "several versions' digests start with '{start}': t@sha256:{0}, t@sha256:{0}\nhelp: give more digits",
            &digest[..12]
        )
    );
}

#[test]
fn a_build_over_its_budget_is_refused_before_the_first_write_with_what_would_fit() {
    let house = rich();
    let refused = |budget: &str| {
        let error = house.error(&format!("build recipe.toml --budget {budget}"));
        let (message, help) = error.split_once('\n').unwrap();
        assert!(message.starts_with("the build needs about "), "{error}");
        (message[message.find(',').unwrap()..].to_owned(), help.to_owned())
    };
    let (message, help) = refused("1kB");
    assert_eq!(message, ", more than the budget of 1.00 kB");
    assert_eq!(help, "help: not one sample would fit: free some room, or choose another disk with --store");
    let (message, help) = refused("100kB");
    assert_eq!(message, ", more than the budget of 100 kB");
    let fits: u32 = help.strip_prefix("help: about ").unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((10..80).contains(&fits), "{help}");
    let way_out = format!(
        "help: about {fits} of the 102 samples would fit: lower `total`, the output's size or the quality, free some room, \
         or choose another disk with --store"
    );
    assert_eq!(help, way_out);
    assert_eq!(house.shards(), Vec::<std::path::PathBuf>::new());
    house.ok("build recipe.toml --budget 1GB");
}

#[test]
fn too_few_samples_for_the_sources_say_so() {
    let house = house();
    house.recipe("[amount]\ntotal = 3\n");
    let error = house.error("build recipe.toml");
    assert!(error.starts_with("[amount] originals = true keeps every training source, but class "), "{error}");
}
