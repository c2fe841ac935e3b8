//! Events as requests to MLflow's REST API (<https://mlflow.org/docs/latest/api_reference/rest-api.html>). Each may be sent
//! again: a run is found by its identity, a dataset, parameter or metric that is there already is dropped by the server, and
//! a file replaces itself.

use super::client::{Client, ClientError, escaped};
use super::event::{DatasetInput, Event, RunStart};
use super::limits;
use super::outbox::Remote;
use crate::train::run::Status;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The tag that a run is found again by.
const IDENTITY: &str = "augmint.run";

/// What became of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Delivery {
    /// The server has it.
    Taken,
    /// It never will, and the rest goes on.
    Skipped(String),
}

/// Enters a run, or finds it.
pub(super) fn enter(client: &Client, start: &RunStart) -> Result<Remote, ClientError> {
    let experiment_id = experiment(client, &limits::cut(&start.experiment, 500))?;
    let found = client.post(
        "runs/search",
        &json!({
            "experiment_ids": [experiment_id],
            "filter": format!("tags.`{IDENTITY}` = '{}'", start.identity),
            "max_results": 1,
        }),
    )?;
    if let Some(run) = found["runs"].as_array().and_then(|runs| runs.first()) {
        let remote = remote(client, &run["info"])?;
        // It may have ended before, and goes on.
        client.post("runs/update", &json!({ "run_id": remote.run_id, "status": "RUNNING" }))?;
        return Ok(remote);
    }
    let mut all = start.tags.clone();
    all.insert(IDENTITY.into(), start.identity.clone());
    all.extend(start.user.iter().map(|user| ("mlflow.user".to_owned(), user.clone())));
    let answer = client.post(
        "runs/create",
        &json!({
            "experiment_id": experiment_id,
            "run_name": limits::cut(&start.name, limits::NAME),
            "start_time": milliseconds(&start.time),
            "tags": pairs(&all, limits::TAG, |name| limits::cut(name, limits::NAME)),
        }),
    )?;
    remote(client, &answer["run"]["info"])
}

fn remote(client: &Client, info: &Value) -> Result<Remote, ClientError> {
    let text = |name: &'static str| info[name].as_str().map(str::to_owned).ok_or_else(|| client.nonsense(name));
    Ok(Remote { experiment_id: text("experiment_id")?, run_id: text("run_id")?, artifact_uri: text("artifact_uri")? })
}

fn experiment(client: &Client, name: &str) -> Result<String, ClientError> {
    let id = |value: &Value| value["experiment_id"].as_str().map(str::to_owned);
    let there = || -> Result<Option<String>, ClientError> {
        match client.get("experiments/get-by-name", &[("experiment_name", name)]) {
            Err(ClientError::Refused { code, .. }) if code == "RESOURCE_DOES_NOT_EXIST" => Ok(None),
            answer => id(&answer?["experiment"]).ok_or_else(|| client.nonsense("experiment_id")).map(Some),
        }
    };
    if let Some(id) = there()? {
        return Ok(id);
    }
    match client.post("experiments/create", &json!({ "name": name })) {
        // Another process made it in between.
        Err(ClientError::Refused { code, .. }) if code == "RESOURCE_ALREADY_EXISTS" => {
            there()?.ok_or_else(|| client.nonsense("experiment_id"))
        }
        answer => id(&answer?).ok_or_else(|| client.nonsense("experiment_id")),
    }
}

/// Sends an event of a run that was entered.
pub(super) fn deliver(client: &Client, remote: &Remote, run: &Path, event: &Event) -> Result<Delivery, ClientError> {
    let run_id = remote.run_id.as_str();
    match event {
        Event::Start(_) => client.post("runs/update", &json!({ "run_id": run_id, "status": "RUNNING" })).map(drop)?,
        Event::Params(params) => {
            let params = pairs(params, limits::PARAM, limits::name);
            for batch in limits::batches(params, limits::MOST_PARAMS, |one| one["value"].as_str().map_or(0, str::len)) {
                client.post("runs/log-batch", &json!({ "run_id": run_id, "params": batch }))?;
            }
        }
        Event::Dataset(input) => {
            client.post("runs/log-inputs", &json!({ "run_id": run_id, "datasets": [dataset(input)] }))?;
        }
        Event::Metrics { step, time, values } => {
            let metric = |(name, value): (&String, &Option<f64>)| {
                // As protobuf writes it.
                let value = value.map_or_else(|| json!("NaN"), |value| json!(value));
                json!({ "key": limits::name(name), "value": value, "step": step, "timestamp": milliseconds(time) })
            };
            let metrics: Vec<Value> = values.iter().map(metric).collect();
            for batch in limits::batches(metrics, limits::MOST_METRICS, |_| 400) {
                client.post("runs/log-batch", &json!({ "run_id": run_id, "metrics": batch }))?;
            }
        }
        Event::Artefact(file) => return artefact(client, remote, run, file),
        Event::End { status, time } => {
            let status = match status {
                Status::Running => "RUNNING",
                Status::Finished => "FINISHED",
                // It can be resumed, which MLflow has no word for.
                Status::Stopped => "KILLED",
                Status::Failed => "FAILED",
            };
            let end = json!({ "run_id": run_id, "status": status, "end_time": milliseconds(time) });
            client.post("runs/update", &end)?;
        }
    }
    Ok(Delivery::Taken)
}

/// A file goes through the server, where it says so. Where it would have to go past it (a bucket, a shared folder), that is
/// a note: it would need another service's credentials.
fn artefact(client: &Client, remote: &Remote, run: &Path, file: &str) -> Result<Delivery, ClientError> {
    let Some(base) = proxied(client.uri(), &remote.artifact_uri) else {
        return Ok(Delivery::Skipped(format!(
            "{file} is not sent: the server keeps files at {}, which it does not pass on; start it with --serve-artifacts and \
             an artifact root of mlflow-artifacts:",
            remote.artifact_uri
        )));
    };
    let path = run.join(file);
    if !path.is_file() {
        return Ok(Delivery::Skipped(format!("{file} is not sent: it is not in {}", run.display())));
    }
    let parts: Vec<String> = file.split('/').map(escaped).collect();
    client.upload(&format!("{base}/{}", parts.join("/")), &path)?;
    Ok(Delivery::Taken)
}

/// The address that a run's files are put under, for files that go through the server.
fn proxied(uri: &str, artifact_uri: &str) -> Option<String> {
    let path = artifact_uri.strip_prefix("mlflow-artifacts:")?;
    let path = match path.strip_prefix("//") {
        // With no host between: mlflow-artifacts:///0/…
        Some(rest) => rest.strip_prefix('/')?,
        None => path.trim_start_matches('/'),
    };
    let path: Vec<String> = path.split('/').map(escaped).collect();
    Some(format!("{uri}/api/2.0/mlflow-artifacts/artifacts/{}", path.join("/")))
}

/// The version, as `mlflow.data` describes datasets. A digest has at most 36 characters there, so the whole is a tag.
fn dataset(input: &DatasetInput) -> Value {
    let mut tags = vec![
        json!({ "key": "mlflow.data.context", "value": "training" }),
        json!({ "key": "augmint.digest", "value": input.digest }),
        json!({ "key": "augmint.version", "value": limits::cut(&input.reference, limits::INPUT_TAG) }),
    ];
    tags.extend(input.validation.iter().map(|digest| json!({ "key": "augmint.validation", "value": digest })));
    let schema = json!({ "mlflow_colspec": [
        { "type": "binary", "name": "image", "required": true },
        { "type": "string", "name": "label", "required": true },
    ] });
    let profile = json!({ "num_rows": input.samples, "num_classes": input.classes.len(), "classes": input.classes });
    json!({
        "tags": tags,
        "dataset": {
            "name": limits::cut(&input.name, 500),
            "digest": input.digest.chars().take(limits::DIGEST).collect::<String>(),
            "source_type": "augmint",
            "source": json!({ "uri": format!("augmint:{}@sha256:{}", input.name, input.digest) }).to_string(),
            "schema": schema.to_string(),
            "profile": profile.to_string(),
        },
    })
}

fn pairs(all: &BTreeMap<String, String>, longest: usize, name: fn(&str) -> String) -> Vec<Value> {
    all.iter().map(|(key, value)| json!({ "key": name(key), "value": limits::cut(value, longest) })).collect()
}

/// RFC 3339 as MLflow's milliseconds since 1970; 0 of what is none.
fn milliseconds(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_where_the_server_passes_them_on() {
        let proxied = |uri| proxied("http://h:5000", uri);
        let expected = Some("http://h:5000/api/2.0/mlflow-artifacts/artifacts/3/abc/artifacts".to_owned());
        assert_eq!(proxied("mlflow-artifacts:/3/abc/artifacts"), expected);
        assert_eq!(proxied("mlflow-artifacts:///3/abc/artifacts"), expected);
        for past in ["mlflow-artifacts://other/3/abc", "s3://bucket/3", "/mnt/mlruns/3", "file:///mnt"] {
            assert_eq!(proxied(past), None, "{past}");
        }
    }

    #[test]
    fn a_digest_is_cut_to_what_a_dataset_may_have_and_whole_in_a_tag() {
        let digest = "0123456789abcdef".repeat(4);
        let input = DatasetInput {
            name: "docs17".into(),
            digest: digest.clone(),
            reference: "docs17@v3".into(),
            validation: None,
            samples: 7,
            classes: vec!["계약서".into()],
        };
        let value = dataset(&input);
        assert_eq!(value["dataset"]["digest"], digest[..36]);
        assert_eq!(value["tags"][1]["value"], digest);
        let profile: Value = serde_json::from_str(value["dataset"]["profile"].as_str().unwrap()).unwrap();
        assert_eq!((&profile["num_rows"], &profile["classes"][0]), (&json!(7), &json!("계약서")));
    }

    #[test]
    fn times_are_milliseconds() {
        assert_eq!(milliseconds("1970-01-01T00:00:01Z"), 1000);
        assert_eq!(milliseconds("yesterday"), 0);
    }
}
