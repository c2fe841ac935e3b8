use super::*;
use std::path::Path;

const PINNED: &str = "version = \"docs17@sha256:1f0c7d4bd01b6bb1c6b0d2f2f1dc8a1d7cf0a6d9bb4f0e4a6ecb2f4bb7a3c5e6\"";

fn parse(rest: &str) -> Result<Config, ConfigError> {
    Config::parse(&format!("{PINNED}\nlearning_rate = 0.001\n{rest}"), Path::new("t.toml"), &[])
}

fn message(rest: &str) -> String {
    let error = parse(rest).unwrap_err();
    let help = miette::Diagnostic::help(&error).map(|help| format!(" ({help})"));
    format!("{error}{}", help.unwrap_or_default())
}

#[test]
fn defaults_are_filled_in_and_read_back() {
    let config = parse("epochs = 3\nmodel.architecture = \"resnet18\"").unwrap();
    assert_eq!((config.batch, config.input.size, config.model.train.clone()), (32, 224, Trained::All));
    assert_eq!((config.data.threads, config.data.cache_mb), (2, 512));
    assert_eq!(Config::parse(&config.to_text(), Path::new("x"), &[]).unwrap(), config);
    let (reference, digest) = config.pinned();
    assert_eq!((reference.to_string(), config.version.ends_with(&digest.to_string())), (config.version.clone(), true));
}

#[test]
fn mistakes_are_named_with_what_was_meant() {
    let model = "model.architecture = \"resnet18\"";
    let typo = message(&format!("epoch = 3\n{model}"));
    assert!(typo.contains("unknown field `epoch`") && typo.contains("did you mean 'epochs'?"), "{typo}");
    assert!(message(model).contains("missing field `epochs`"));
    assert!(message(&format!("epochs = 0\n{model}")).contains("epochs is 0: it must be 1 to"));
    assert!(message(&format!("epochs = 1\nfold = \"none\"\n{model}")).contains("the number of a fold, or \"all\""));
    assert!(message(&format!("epochs = 1\n{model}\noptimizer.sgd = {{ momentum = 1.0 }}")).contains("below 1"));
    assert!(
        message(&format!("epochs = 1\n{model}\noptimizer.sgd = {{ momentum = 0, nesterov = true }}"))
            .contains("nesterov")
    );
    assert!(
        message(&format!(
            "epochs = 1
{model}
model.train.unfreeze = [3, 2]"
        ))
        .contains("ascending")
    );
    assert!(message(&format!("epochs = 1\n{model}\ndata.views = 3")).contains("online"));
    let error = Config::parse(
        "version = \"docs17@v1\"\nlearning_rate = 1\nepochs = 1\nmodel.architecture = \"a\"",
        Path::new("t"),
        &[],
    );
    assert!(error.unwrap_err().to_string().contains("does not pin a version"));
}

#[test]
fn a_mistake_has_its_place() {
    let Err(ConfigError::Syntax(misread)) = parse("epochs = \"three\"\nmodel.architecture = \"a\"") else {
        panic!("no place")
    };
    let (at, text) = (misread.at.unwrap(), misread.text.inner());
    assert_eq!(&text[at.offset()..at.offset() + at.len()], "\"three\"");
}

#[test]
fn settings_are_replaced_from_the_command_line() {
    let sets = ["train.clip=1", "model.train.unfreeze=[2, 5]", "fold=all", "model.architecture=resnet50"];
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let text = format!(
        "{PINNED}\nlearning_rate = 0.1\nepochs = 3\nmodel = {{ architecture = \"resnet18\", train = \"head\" }}"
    );
    let config = Config::parse(&text, Path::new("t.toml"), &sets).unwrap();
    assert_eq!((config.train.clip.get(), config.fold), (1.0, Some(Fold::All)));
    assert_eq!(config.model.train, Trained::Unfreeze(vec![2, 5]));
    assert_eq!(config.model.architecture, "resnet50");
    let error = Config::parse(&text, Path::new("t.toml"), &["clip".to_owned()]).unwrap_err();
    assert!(error.to_string().contains("key=value"));
}

#[test]
fn the_configurations_that_come_with_it_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/recipes/train");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 2);
    for file in files {
        Config::load(&file, &[]).unwrap();
    }
}
