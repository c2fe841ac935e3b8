//! HTTP as MLflow's REST API speaks it, with short time-outs, and its answers told apart: taken, refused, not now.

use crate::fs;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::http::{Request, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, AsSendBody, Body, Proxy};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(10);
/// How long a file may take.
const UPLOAD: Duration = Duration::from_secs(300);
/// The longest answer that is read.
const LONGEST: u64 = 4 << 20;

/// A tracking server.
#[derive(Clone, Debug)]
pub struct Target {
    uri: String,
    auth: Auth,
    /// A file of certificates (PEM) that the server's is checked against, instead of Mozilla's.
    pub certificates: Option<PathBuf>,
    /// What requests go through.
    pub proxy: Option<Proxy>,
}

/// Who asks.
#[derive(Clone, Default)]
pub enum Auth {
    /// Nobody in particular.
    #[default]
    None,
    /// A user with a password.
    Basic {
        /// Who.
        user: String,
        /// Their password.
        password: String,
    },
    /// A bearer token.
    Token(String),
}

impl std::fmt::Debug for Auth {
    /// Secrets are not printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic",
            Self::Token(_) => "Token",
        })
    }
}

/// Why a text is no tracking server.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum TargetError {
    /// No address of HTTP.
    #[error("'{uri}' is no tracking server: expected http://HOST:PORT or https://HOST")]
    #[diagnostic(help("for runs in a local folder or database, start `mlflow server` on it, and give its address"))]
    Scheme {
        /// As given.
        uri: String,
    },
    /// A password where it would be written down.
    #[error("the tracking server's address holds a user or password")]
    #[diagnostic(help(
        "give them in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD: the address is written to the run folder"
    ))]
    Password,
    /// A certificate that is none.
    #[error("{} holds no certificate: {source}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ureq::Error,
    },
    /// A file without certificates.
    #[error("{} holds no certificate", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file that cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fs(#[from] fs::FsError),
}

/// Why a server did not take something.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It cannot be reached, or not in time.
    #[error("{uri} cannot be reached: {source}")]
    Unreachable {
        /// The server.
        uri: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// It is reached, and does not answer as it should.
    #[error("{uri} answers {status}{}", message.as_ref().map(|message| format!(": {message}")).unwrap_or_default())]
    Status {
        /// The server.
        uri: String,
        /// HTTP's number.
        status: u16,
        /// What it says.
        message: Option<String>,
    },
    /// It wants to know who asks.
    #[error(
        "{uri} refuses access ({status}): set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
    )]
    Access {
        /// The server.
        uri: String,
        /// HTTP's number.
        status: u16,
    },
    /// It understood, and will never take it.
    #[error("refused, {code}: {message}")]
    Refused {
        /// MLflow's error code.
        code: String,
        /// What it says.
        message: String,
    },
    /// Something else answers.
    #[error("{uri} does not answer as an MLflow server: no {field}")]
    Nonsense {
        /// The server.
        uri: String,
        /// What was expected.
        field: &'static str,
    },
    /// A file that cannot be read.
    #[error(transparent)]
    Fs(#[from] fs::FsError),
}

impl ClientError {
    /// Whether the same may be taken another time.
    pub const fn is_passing(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::Fs(_))
    }
}

impl Target {
    /// A server by its address, with no password in it.
    ///
    /// # Errors
    /// When it is no `http` or `https` address, or holds a password.
    pub fn new(uri: &str, auth: Auth) -> Result<Self, TargetError> {
        let uri = uri.trim().trim_end_matches('/');
        let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://")).unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        if host.is_empty() || uri.contains(['?', '#', ' ']) {
            return Err(TargetError::Scheme { uri: uri.into() });
        }
        if host.contains('@') {
            return Err(TargetError::Password);
        }
        Ok(Self { uri: uri.into(), auth, certificates: None, proxy: None })
    }

    /// Its address, without a slash at the end.
    pub fn uri(&self) -> &str {
        &self.uri
    }
}

/// A connection to a server.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    uri: String,
    authorization: Option<String>,
}

impl Client {
    /// Prepares to speak to a server; nothing is sent.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub fn new(target: &Target) -> Result<Self, TargetError> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = &target.certificates {
            tls = tls.root_certs(RootCerts::new_with_certs(&certificates(path)?));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(REQUEST))
            .max_redirects(3)
            .proxy(target.proxy.clone())
            .user_agent(concat!("augmint/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build();
        let authorization = match &target.auth {
            Auth::None => None,
            Auth::Basic { user, password } => {
                Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
            }
            Auth::Token(token) => Some(format!("Bearer {token}")),
        };
        Ok(Self { agent: Agent::new_with_config(config), uri: target.uri.clone(), authorization })
    }

    /// The server's address.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Asks with parameters that need no escaping but that of query strings.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ClientError> {
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let request = self.request("GET", &format!("{}/api/2.0/mlflow/{path}?{}", self.uri, query.join("&")));
        self.answer(request.body(()), REQUEST)
    }

    /// Tells something.
    pub(super) fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, ClientError> {
        let text = serde_json::to_vec(body).expect("BUG: a request that is no JSON");
        let request = self.request("POST", &format!("{}/api/2.0/mlflow/{path}", self.uri));
        self.answer(request.header("content-type", "application/json").body(text), REQUEST)
    }

    /// Sends a file to the whole address of an artefact.
    pub(super) fn upload(&self, address: &str, file: &Path) -> Result<(), ClientError> {
        let body = fs::open(file)?;
        let request = self.request("PUT", address).header("content-type", media_type(file));
        self.answer(request.body(body), UPLOAD).map(drop)
    }

    fn request(&self, method: &str, address: &str) -> ureq::http::request::Builder {
        let request = Request::builder().method(method).uri(address);
        match &self.authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        }
    }

    fn answer(
        &self,
        request: Result<Request<impl AsSendBody>, ureq::http::Error>,
        longest: Duration,
    ) -> Result<Value, ClientError> {
        let unreachable =
            |source: ureq::Error| ClientError::Unreachable { uri: self.uri.clone(), source: Box::new(source) };
        let request = request.map_err(|error| unreachable(error.into()))?;
        let request = self.agent.configure_request(request).timeout_global(Some(longest)).build();
        let response = self.agent.run(request).map_err(unreachable)?;
        let status = response.status().as_u16();
        let text = body(response).map_err(unreachable)?;
        let answer: Option<Value> = serde_json::from_slice(&text).ok();
        let said = |field: &str| Some(answer.as_ref()?.get(field)?.as_str()?.to_owned());
        match (status, said("error_code")) {
            // A file that was taken is answered with nothing.
            (200..300, _) if text.is_empty() => Ok(Value::Null),
            (200..300, _) => answer.ok_or_else(|| self.nonsense("JSON")),
            (401 | 403, _) => Err(ClientError::Access { uri: self.uri.clone(), status }),
            (400..500, Some(code)) if status != 429 => {
                Err(ClientError::Refused { code, message: said("message").unwrap_or_default() })
            }
            _ => Err(ClientError::Status { uri: self.uri.clone(), status, message: said("message") }),
        }
    }

    pub(super) fn nonsense(&self, field: &'static str) -> ClientError {
        ClientError::Nonsense { uri: self.uri.clone(), field }
    }
}

fn body(mut response: Response<Body>) -> Result<Vec<u8>, ureq::Error> {
    response.body_mut().with_config().limit(LONGEST).read_to_vec()
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, TargetError> {
    let text = fs::read(path)?;
    let mut certificates = Vec::new();
    for item in parse_pem(&text) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(source) => return Err(TargetError::Certificate { path: path.into(), source }),
        }
    }
    match certificates.is_empty() {
        true => Err(TargetError::NoCertificate { path: path.into() }),
        false => Ok(certificates),
    }
}

/// A text within an address.
pub(super) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// What a browser shows a file as.
fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "html" => "text/html",
        "csv" => "text/csv",
        "json" => "application/json",
        "jsonl" | "toml" | "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answer, server};
    use super::*;

    #[test]
    fn an_address_is_one_of_http_without_a_password() {
        assert_eq!(Target::new("http://127.0.0.1:5000/", Auth::None).unwrap().uri(), "http://127.0.0.1:5000");
        for wrong in ["", "sqlite:///x.db", "file:///tmp", "127.0.0.1:5000", "http://", "http://x y"] {
            assert!(matches!(Target::new(wrong, Auth::None), Err(TargetError::Scheme { .. })), "{wrong}");
        }
        assert!(matches!(Target::new("https://me:secret@host/", Auth::None), Err(TargetError::Password)));
        let target = Target::new("http://h", Auth::Token("secret".into())).unwrap();
        assert!(!format!("{target:?}").contains("secret"));
    }

    #[test]
    fn answers_are_told_apart() {
        let answers = [
            (200, "{\"a\":1}"),
            (200, "<html>"),
            (400, "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"no\"}"),
            (404, "<html>"),
            (401, "who?"),
            (429, "{\"error_code\":\"REQUEST_LIMIT_EXCEEDED\"}"),
            (500, "{\"error_code\":\"INTERNAL_ERROR\",\"message\":\"oh\"}"),
        ];
        let mut left = answers.into_iter();
        let server = server(move |_| {
            let (status, text) = left.next().unwrap();
            Answer::Say(status, text.into())
        });
        let client = Client::new(&server.target(Auth::None)).unwrap();
        let ask = || client.post("x", &serde_json::json!({}));
        assert_eq!(ask().unwrap()["a"], 1);
        assert!(matches!(ask(), Err(ClientError::Nonsense { .. })));
        assert!(matches!(ask(), Err(ClientError::Refused { code, .. }) if code == "INVALID_PARAMETER_VALUE"));
        assert!(matches!(ask(), Err(ClientError::Status { status: 404, .. })));
        assert!(matches!(ask(), Err(ClientError::Access { status: 401, .. })));
        assert!(matches!(ask(), Err(ClientError::Status { status: 429, .. })));
        let error = ask().unwrap_err();
        assert!(error.is_passing() && error.to_string().ends_with("answers 500: oh"), "{error}");
    }

    #[test]
    fn who_asks_is_said_as_mlflow_expects() {
        let server = server(|_| Answer::Say(200, "{}".into()));
        let basic = Auth::Basic { user: "me".into(), password: "pass".into() };
        for (auth, expected) in
            [(Auth::None, None), (basic, Some("Basic bWU6cGFzcw==")), (Auth::Token("t".into()), Some("Bearer t"))]
        {
            Client::new(&server.target(auth)).unwrap().get("x", &[("a", "b c")]).unwrap();
            let request = server.requests().pop().unwrap();
            assert_eq!(
                (request.path.as_str(), request.authorization.as_deref()),
                ("/api/2.0/mlflow/x?a=b%20c", expected)
            );
        }
    }

    #[test]
    fn a_file_that_is_no_certificate_is_named() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("ca.pem");
        fs::write(&path, b"hello\n", fs::Existing::Replace).unwrap();
        let target = Target { certificates: Some(path), ..Target::new("https://localhost:1", Auth::None).unwrap() };
        let error = Client::new(&target).unwrap_err().to_string();
        assert!(error.contains("ca.pem holds no certificate"), "{error}");
    }
}
