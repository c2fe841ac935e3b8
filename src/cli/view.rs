//! `augmint view`: the gallery of a version, served on loopback.

use super::machine::{self, Resources};
use super::scan::SourcesAt;
use super::subject::Subject;
use crate::opened::Viewer;
use crate::store::{Datasets, host};
use crate::view::{Answer, Served};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tiny_http::{Header, Request, Response, Server};

/// Browse all samples of a version or recipe in a browser; what is not stored is rendered when it is looked at
///
/// Serves on 127.0.0.1 only, and nothing but the version. On another machine, forward the port as it says.
#[derive(clap::Args, Debug)]
pub struct View {
    /// name@tag, name@sha256:prefix, sha256:prefix, or a recipe (a path that ends in .toml)
    #[arg(value_name = "REF")]
    subject: Subject,
    /// The port; by default 8700, or the next one that is free
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    #[command(flatten)]
    sources: SourcesAt,
    #[command(flatten)]
    resources: Resources,
}

/// The port where one is looked for, and how many are tried.
const PORTS: RangeInclusive<u16> = 8700..=8719;

/// Nowhere to listen.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("cannot listen on 127.0.0.1:{port}: {reason}")]
#[diagnostic(help("choose another port with --port; 0 takes any that is free"))]
struct Busy {
    port: u16,
    reason: String,
}

impl View {
    /// Serves until Ctrl-C.
    ///
    /// # Errors
    /// When there is no such version, its manifest cannot be read, or the port is taken.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let stop = self.resources.start()?;
        let opened = self.subject.open(datasets, &self.sources)?;
        let viewer = Viewer::new(&opened, self.resources.cache());
        let served = Served::new(&viewer)?;
        let listener = self.listen()?;
        let busy = |reason: String| Busy { port: self.port.unwrap_or(*PORTS.start()), reason };
        let port = listener.local_addr().map_err(|error| busy(error.to_string()))?.port();
        let server = Server::from_listener(listener, None).map_err(|error| busy(error.to_string()))?;
        machine::serving();
        eprintln!("{}: {} samples; Ctrl-C ends", opened.label(), served.samples());
        if let Err(reason) = viewer.renderer() {
            eprintln!("only what is stored can be shown: {reason}");
        }
        super::print(&format!("http://127.0.0.1:{port}/"))?;
        super::next(&format!(
            "ssh -L {port}:127.0.0.1:{port} {}   (on another machine, then the address above)",
            host()
        ));
        std::thread::scope(|scope| {
            for _ in 0..Resources::threads().max(2) {
                scope.spawn(|| serve(&server, &served, stop));
            }
        });
        Ok(ExitCode::SUCCESS)
    }

    fn listen(&self) -> Result<TcpListener, Busy> {
        let at = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let ports = self.port.map_or(PORTS, |port| port..=port);
        let mut reason = String::new();
        for port in ports {
            match at(port) {
                Ok(listener) => return Ok(listener),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(Busy { port: self.port.unwrap_or(*PORTS.start()), reason })
    }
}

/// How often the wish to stop is looked at.
const PAUSE: Duration = Duration::from_millis(200);

fn serve(server: &Server, served: &Served<'_>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        match server.recv_timeout(PAUSE) {
            Ok(Some(request)) => respond(request, served),
            Ok(None) => {}
            Err(error) => {
                eprintln!("a request could not be read: {error}");
                std::thread::sleep(PAUSE);
            }
        }
    }
}

fn respond(request: Request, served: &Served<'_>) {
    let name = |header: &&Header| header.field.equiv("Host");
    let host = request.headers().iter().find(name).map(|header| header.value.as_str().to_owned());
    let Answer { status, media_type, keep, body } =
        served.answer(request.method().as_str(), request.url(), host.as_deref());
    let header = |name: &str, value: &str| {
        Header::from_bytes(name.as_bytes(), value.as_bytes()).expect("BUG: a header of our own that is none")
    };
    let response = Response::from_data(body)
        .with_status_code(status)
        .with_header(header("Content-Type", media_type))
        .with_header(header("Cache-Control", if keep { "private, max-age=86400" } else { "no-store" }))
        .with_header(header("X-Content-Type-Options", "nosniff"))
        .with_header(header("Cross-Origin-Resource-Policy", "same-origin"));
    // A browser that went away is no error; tiny_http leaves the body out for HEAD.
    let _ = request.respond(response);
}
