//! Servers for tests, on loopback: one that answers what a test says, and one that is as much of MLflow as is needed.

use super::{Auth, Target};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tiny_http::{Method, Response};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub put: bool,
    pub path: String,
    pub body: Vec<u8>,
    pub authorization: Option<String>,
}

/// What is answered.
pub enum Answer {
    Say(u16, String),
    /// A failure, after a while.
    Late(Duration),
}

/// A server that runs until it is dropped.
pub struct Server {
    server: Arc<tiny_http::Server>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub fn target(&self, auth: Auth) -> Target {
        Target::new(&format!("http://{}", self.server.server_addr()), auth).unwrap()
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

pub fn server(mut answer: impl FnMut(&Seen) -> Answer + Send + 'static) -> Server {
    let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (listening, noted) = (server.clone(), seen.clone());
    std::thread::spawn(move || {
        for mut request in listening.incoming_requests() {
            let mut body = Vec::new();
            request.as_reader().read_to_end(&mut body).unwrap();
            let authorization = request.headers().iter().find(|header| header.field.equiv("Authorization"));
            let one = Seen {
                put: *request.method() == Method::Put,
                path: request.url().to_owned(),
                body,
                authorization: authorization.map(|header| header.value.to_string()),
            };
            noted.lock().unwrap().push(one.clone());
            match answer(&one) {
                Answer::Say(status, text) => {
                    drop(request.respond(Response::from_string(text).with_status_code(status)))
                }
                // A request that is dropped is answered with 500.
                Answer::Late(time) => std::thread::sleep(time),
            }
        }
    });
    Server { server, seen }
}

/// A run as the server has it.
#[derive(Debug, Default)]
pub struct Entered {
    pub name: String,
    pub status: String,
    pub tags: BTreeMap<String, String>,
    pub params: BTreeMap<String, String>,
    pub metrics: BTreeMap<(String, u64), f64>,
    pub datasets: Vec<Value>,
    pub files: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, Default)]
pub struct State {
    experiments: Vec<String>,
    pub runs: Vec<Entered>,
    /// So many requests fail first.
    pub failures: usize,
    /// The end point that refuses what it gets.
    pub refuse: Option<&'static str>,
}

/// As much of MLflow as the tests need; `tests/consumers/mlflow_server.py` has the real one.
pub struct Mlflow {
    pub server: Server,
    pub state: Arc<Mutex<State>>,
}

impl Mlflow {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let own = state.clone();
        let server = server(move |seen| {
            let (status, answer) = own.lock().unwrap().answer(seen);
            // As the real one answers a file.
            Answer::Say(status, if answer.is_null() { String::new() } else { answer.to_string() })
        });
        Self { server, state }
    }
}

impl State {
    fn answer(&mut self, seen: &Seen) -> (u16, Value) {
        if self.failures > 0 {
            self.failures -= 1;
            return (500, json!({ "error_code": "INTERNAL_ERROR", "message": "not now" }));
        }
        if let Some(file) = seen.path.strip_prefix("/api/2.0/mlflow-artifacts/artifacts/0/") {
            assert!(seen.put);
            let (run, file) = file.split_once("/artifacts/").unwrap();
            self.run(run).files.insert(file.into(), seen.body.clone());
            return (200, Value::Null);
        }
        let path = seen.path.strip_prefix("/api/2.0/mlflow/").unwrap();
        if self.refuse.is_some_and(|refused| path.starts_with(refused)) {
            return (400, json!({ "error_code": "INVALID_PARAMETER_VALUE", "message": path }));
        }
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pairs = |list: &Value| -> BTreeMap<String, String> {
            let list = list.as_array().cloned().unwrap_or_default();
            list.iter().map(|one| (text(&one["key"]), text(&one["value"]))).collect()
        };
        let info = |number: usize| {
            json!({ "info": { "run_id": format!("run{number}"), "experiment_id": "0",
                "artifact_uri": format!("mlflow-artifacts:/0/run{number}/artifacts") } })
        };
        match path.split('?').next().unwrap() {
            "experiments/get-by-name" => match self.experiments.is_empty() {
                true => (404, json!({ "error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none" })),
                false => (200, json!({ "experiment": { "experiment_id": "0" } })),
            },
            "experiments/create" => {
                self.experiments.push(text(&body["name"]));
                (200, json!({ "experiment_id": "0" }))
            }
            "runs/search" => {
                let filter = text(&body["filter"]);
                let found = self
                    .runs
                    .iter()
                    .position(|run| filter == format!("tags.`augmint.run` = '{}'", run.tags["augmint.run"]));
                (200, found.map_or_else(|| json!({}), |number| json!({ "runs": [info(number)] })))
            }
            "runs/create" => {
                let (name, tags) = (text(&body["run_name"]), pairs(&body["tags"]));
                self.runs.push(Entered { name, tags, status: "RUNNING".into(), ..Entered::default() });
                (200, json!({ "run": info(self.runs.len() - 1) }))
            }
            "runs/update" => {
                self.run(&text(&body["run_id"])).status = text(&body["status"]);
                (200, json!({}))
            }
            "runs/log-batch" => {
                let run = self.run(&text(&body["run_id"]));
                run.params.extend(pairs(&body["params"]));
                for metric in body["metrics"].as_array().cloned().unwrap_or_default() {
                    let at = (text(&metric["key"]), metric["step"].as_u64().unwrap());
                    run.metrics.insert(at, metric["value"].as_f64().unwrap_or(f64::NAN));
                }
                (200, json!({}))
            }
            "runs/log-inputs" => {
                let run = self.run(&text(&body["run_id"]));
                run.datasets = body["datasets"].as_array().unwrap().clone();
                (200, json!({}))
            }
            other => (404, json!({ "error_code": "ENDPOINT_NOT_FOUND", "message": other })),
        }
    }

    fn run(&mut self, id: &str) -> &mut Entered {
        let number: usize = id.strip_prefix("run").unwrap().parse().unwrap();
        &mut self.runs[number]
    }
}
