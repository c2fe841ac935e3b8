//! What a trained network is asked, end to end: submissions, probes, and weights that are another network's.

use crate::house::{House, jpeg};
use crate::train::with_libtorch::{lines, train};
use crate::train::{config, trained_house};
use serde_json::Value;

#[test]
fn a_submission_has_the_rows_of_the_sample() {
    let (house, digest) = trained_house("val = 0.25");
    config(&house, &digest, "");
    train(&house, "--set epochs=1");
    let names = ["z.jpg", "둘 셋.jpg", "a.jpg"];
    for name in names {
        house.write(&format!("test/{name}"), &jpeg(name));
    }
    house.write(
        "sample_submission.csv",
        b"\xef\xbb\xbfID,target\r\nz.jpg,0\r\n\xeb\x91\x98 \xec\x85\x8b.jpg,0\r\na.jpg,0\r\n",
    );
    let run = "t-squeezenet1_1-001";
    let more = "--sample-submission sample_submission.csv --probabilities p.csv --tta dihedral --out sub.csv";
    let ran = house.run(&format!("predict {run} --images test {more}"));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains("--tta dihedral on noisy_val:"), "{}", ran.stderr);
    let table = String::from_utf8(house.read("sub.csv")).unwrap();
    let ids: Vec<&str> = table.lines().skip(1).map(|line| line.rsplit_once(',').unwrap().0).collect();
    assert_eq!(ids, names);
    house.write("sample_submission.csv", b"ID,target\nz.jpg,0\nmissing.jpg,0\n");
    let error = house.error(&format!("predict {run} --images test {more}"));
    assert!(error.contains("missing.jpg"), "{error}");
    let scored = house.json(&format!("evaluate {run}"));
    assert_eq!(scored.as_array().unwrap().len(), 2);
    // As the run itself scored it.
    let epoch = lines(&house.path(&format!("runs/{run}")))[0].clone();
    assert_eq!(scored[1]["macro_f1"], epoch["noisy"]["macro_f1"]);
}

/// As `augmint weights` would leave it, with weights by chance.
fn cache(house: &House) {
    use augmint::train::torch::{load, models};
    use augmint::train::weights::{catalogue, fetch, safetensors};
    let published = catalogue::find("efficientnet_lite0").unwrap();
    tch::manual_seed(1);
    let store = tch::nn::VarStore::new(tch::Device::Cpu);
    let architecture: models::Architecture = "tf_efficientnet_lite0".parse().unwrap();
    architecture.build(&store, 1000, &models::Options::default()).unwrap();
    let dict = load::save(&store, &[], published.metadata()).unwrap();
    let path = fetch::path_in(&house.path("cache"), published);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, safetensors::write(&dict)).unwrap();
}

#[test]
fn a_recipe_is_probed_before_it_is_built_and_so_is_the_version() {
    let (house, digest) = trained_house("val = 0.25");
    assert!(house.error("probe recipe.toml --cache cache").contains("augmint weights efficientnet_lite0"));
    cache(&house);
    let probe = |what: &str| house.json(&format!("probe {what} --cache cache --size 32 --draws 2 --threads 1"));
    let (recipe, version) = (probe("recipe.toml"), probe("t@v1"));
    assert_eq!(recipe["draws"], version["draws"]);
    assert_eq!(version["validation"], house.record(&digest)["validation"]["digest"]);
    let draws = version["draws"].as_array().unwrap();
    assert_eq!((draws.len(), &draws[0]["samples"]), (2, &Value::from(27 * 4)));
    assert!(draws.iter().all(|draw| draw["noisy"].as_f64().is_some_and(|score| (0.0..=1.0).contains(&score))));
    // Another recipe on the same sources has the same sample keys; its pixels are others.
    let kept = || crate::house::files(&house.path("datasets/.store/features")).len();
    let before = kept();
    assert_eq!(probe("recipe.toml"), recipe);
    assert_eq!(kept(), before);
    let text = String::from_utf8(house.read("recipe.toml")).unwrap();
    house.write("recipe.toml", text.replace("chance = 0.3", "chance = 0.9").as_bytes());
    probe("recipe.toml");
    assert!(kept() > before, "features of another recipe are not these");
    let freed = house.json("gc");
    assert!(freed["features"].as_u64().unwrap() >= 4, "{freed}");
}

#[test]
fn weights_of_a_network_that_only_looks_alike_are_refused() {
    let (house, digest) = trained_house("val = 0.25");
    cache(&house);
    config(&house, &digest, "");
    let settings = "--cache cache --set model.weights=efficientnet_lite0 --set model.train=head --set epochs=1";
    let error = house.error(&format!("train train.toml {settings} --set model.architecture=efficientnet_lite0"));
    assert!(error.contains("model.architecture = \"tf_efficientnet_lite0\""), "{error}");
    let ran = house.run(&format!("train train.toml {settings} --set model.architecture=tf_efficientnet_lite0"));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains("the head made anew for these classes"), "{}", ran.stderr);
}
