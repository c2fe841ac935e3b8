//! What a tracker is told, in its own words but for the names: MLflow's terms are those of its REST API.

use crate::digest::Hasher;
use crate::train::run::{EpochRecord, Outcome, RecordedScore, RunInfo, Score, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing to tell. Times are RFC 3339.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The run begins, or goes on.
    Start(RunStart),
    /// Settings by name; each is set once.
    Params(BTreeMap<String, String>),
    /// What it trains on.
    Dataset(DatasetInput),
    /// Measures by name.
    Metrics {
        /// The epoch.
        step: u64,
        /// When they were measured.
        time: String,
        /// `None` of one that is not finite.
        values: BTreeMap<String, Option<f64>>,
    },
    /// A file of the run folder, by its path in it.
    Artefact(String),
    /// The run ended.
    End {
        /// How.
        status: Status,
        /// When.
        time: String,
    },
}

/// How a run is entered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunStart {
    /// The experiment, made where there is none of that name.
    pub experiment: String,
    /// The run's name.
    pub name: String,
    /// What it is found by again: never two runs of one identity.
    pub identity: String,
    /// When it started.
    pub time: String,
    /// Who started it.
    pub user: Option<String>,
    /// Further facts by name.
    pub tags: BTreeMap<String, String>,
}

/// A version as a dataset input.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DatasetInput {
    /// The dataset's name.
    pub name: String,
    /// The version's digest, 64 hexadecimal digits.
    pub digest: String,
    /// The version as the config names it.
    pub reference: String,
    /// The validation digest.
    pub validation: Option<String>,
    /// Training samples.
    pub samples: u64,
    /// Class names in order.
    pub classes: Vec<String>,
}

/// What is told when a run starts: the run, its settings, its version. `name` is the run folder's, `user` who started it.
pub fn start(
    info: &RunInfo,
    name: &str,
    experiment: &str,
    user: Option<&str>,
    params: BTreeMap<String, String>,
) -> Vec<Event> {
    let version = &info.version;
    let mut tags: BTreeMap<String, String> = [
        ("augmint.version", version.reference.clone()),
        ("augmint.digest", version.digest.to_string()),
        ("augmint.program", info.program.clone()),
        ("augmint.libtorch", info.libtorch.clone()),
        ("augmint.device", info.device.clone()),
        ("augmint.model", info.model.clone()),
        ("augmint.parameters", info.parameters.to_string()),
        ("mlflow.source.name", "augmint train".into()),
        ("mlflow.source.type", "LOCAL".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    tags.extend(version.validation.map(|digest| ("augmint.validation".into(), digest.to_string())));
    tags.extend(info.fold.map(|fold| ("augmint.fold".into(), fold.to_string())));
    if let Some(git) = &info.git {
        tags.insert("mlflow.source.git.commit".into(), git.commit.clone());
        tags.insert("augmint.git.dirty".into(), git.dirty.to_string());
    }
    let seeds: Vec<String> = info.seeds.iter().map(|(name, seed)| format!("{name} {seed}")).collect();
    tags.insert("augmint.seeds".into(), seeds.join(", "));
    let reference = &version.reference;
    let dataset = DatasetInput {
        name: reference.split('@').next().unwrap_or(reference).to_owned(),
        digest: version.digest.hex(),
        reference: reference.clone(),
        validation: version.validation.map(|digest| digest.hex()),
        samples: info.classes.iter().map(|class| class.mass).sum::<f64>().round() as u64,
        classes: info.classes.iter().map(|class| class.name.clone()).collect(),
    };
    let text = serde_json::to_string(info).expect("BUG: facts that are no JSON");
    let start = RunStart {
        experiment: experiment.into(),
        name: name.into(),
        identity: Hasher::new("augmint tracked run 1").text(name).text(&text).finish().hex(),
        time: info.started.clone(),
        user: user.filter(|user| !user.is_empty()).map(str::to_owned),
        tags,
    };
    vec![Event::Start(start), Event::Params(params), Event::Dataset(dataset)]
}

/// What is told of an epoch.
pub fn epoch(record: &EpochRecord, info: &RunInfo) -> Event {
    let mut values: BTreeMap<String, Option<f64>> = BTreeMap::new();
    let mut put = |name: String, value: f64| values.insert(name, value.is_finite().then_some(value));
    put("learning_rate".into(), record.learning_rate);
    put("train_loss".into(), record.train_loss);
    put("seconds".into(), record.seconds);
    put("waited_seconds".into(), record.waited_seconds);
    put("samples_per_second".into(), record.samples_per_second);
    for (set, score) in [("clean", &record.clean), ("noisy", &record.noisy)] {
        let Some(Score { loss, accuracy, macro_f1, class_f1, .. }) = score else { continue };
        put(format!("{set}_loss"), *loss);
        put(format!("{set}_accuracy"), *accuracy);
        put(format!("{set}_macro_f1"), *macro_f1);
        for (class, f1) in info.classes.iter().zip(class_f1) {
            // The number keeps names apart that differ only in letters that MLflow does not take.
            put(format!("{set}_f1/{} {}", class.number, class.name.replace('/', "_")), *f1);
        }
    }
    Event::Metrics { step: u64::from(record.epoch), time: record.ended.clone(), values }
}

/// What is told when a run has ended; `files` are paths in the run folder, in the order in which they are sent.
pub fn finish(outcome: &Outcome, files: &[&str]) -> Vec<Event> {
    let mut events: Vec<Event> = files.iter().map(|file| Event::Artefact((*file).to_owned())).collect();
    events.push(Event::End { status: outcome.status, time: outcome.ended.clone() });
    events
}

/// What is told when the leaderboard has.
pub fn scored(score: &RecordedScore) -> Event {
    let values = [("leaderboard_public", score.public), ("leaderboard_private", score.private)];
    let values = values.into_iter().filter(|(_, value)| value.is_some()).map(|(name, value)| (name.to_owned(), value));
    Event::Metrics { step: 0, time: score.time.clone(), values: values.collect() }
}

/// The settings of a config by their path in it: `optimizer.lr` = `0.001`. Lists are one text.
pub fn params(config: &toml::Table) -> BTreeMap<String, String> {
    fn walk(table: &toml::Table, before: &str, params: &mut BTreeMap<String, String>) {
        for (key, value) in table {
            let path = if before.is_empty() { key.clone() } else { format!("{before}.{key}") };
            match value {
                toml::Value::Table(inner) => walk(inner, &path, params),
                toml::Value::String(text) => drop(params.insert(path, text.clone())),
                other => drop(params.insert(path, other.to_string())),
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(config, "", &mut all);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::run::testing::{epoch as record, info};

    #[test]
    fn a_run_is_told_with_its_version_and_found_by_what_it_is() {
        let [Event::Start(start), Event::Params(params), Event::Dataset(dataset)] =
            &start(&info("v1"), "docs17-001", "docs17", None, [("lr".to_owned(), "0.1".to_owned())].into())[..]
        else {
            panic!("other events");
        };
        assert_eq!((start.tags["augmint.digest"].len(), params["lr"].as_str()), (71, "0.1"));
        assert_eq!((dataset.name.as_str(), dataset.digest.len(), dataset.samples), ("docs17", 64, 201));
        let identity = |name, version| match &super::start(&info(version), name, "docs17", None, BTreeMap::new())[0] {
            Event::Start(start) => start.identity.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(identity("docs17-001", "v1"), start.identity);
        assert_ne!(identity("docs17-002", "v1"), start.identity);
        assert_ne!(identity("docs17-001", "v2"), start.identity);
    }

    #[test]
    fn an_epoch_is_measures_by_name() {
        let Event::Metrics { step, values, .. } =
            epoch(&EpochRecord { train_loss: f64::NAN, ..record(3, 0.5, 0.4) }, &info("v1"))
        else {
            panic!("another event");
        };
        assert_eq!((step, values["noisy_macro_f1"], values["train_loss"]), (3, Some(0.4), None));
        assert_eq!(values["clean_f1/3 계약서"], Some(0.5));
        let text = serde_json::to_string(&epoch(&record(1, 0.1, 0.2), &info("v1"))).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), epoch(&record(1, 0.1, 0.2), &info("v1")));
    }

    #[test]
    fn settings_are_named_by_their_path() {
        let config = toml::from_str(
            "model = \"resnet18\"\n[optimizer]\nlr = 0.001\nbetas = [0.9, 0.999]\n[optimizer.x]\ny = true\n",
        );
        let found: Vec<(String, String)> = params(&config.unwrap()).into_iter().collect();
        let expected = [
            ("model", "resnet18"),
            ("optimizer.betas", "[0.9, 0.999]"),
            ("optimizer.lr", "0.001"),
            ("optimizer.x.y", "true"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
