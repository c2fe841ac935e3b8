//! A folder of its own for a test: sources, recipes, datasets, and the program run inside it.

use assert_cmd::cargo::cargo_bin;
use augmint::digest::Digest;
use augmint::manifest::{Entry, Reader};
use augmint::pixels::{Encoding, Image, Size, Subsampling};
use augmint::source::{Source, read_tsv};
use augmint::split::Part;
use augmint::store::Datasets;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The folder; gone with the value.
pub struct House {
    dir: tempfile::TempDir,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The tail of a recipe: tiny outputs.
pub const OUTPUT: &str = "[output]\nfit.within = { width = 24, height = 24 }\nencode.jpeg = { quality = 80 }\n";

impl House {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// With sources in class folders: `count` images in each of `classes`.
    pub fn with_folders(classes: &[(&str, u32)]) -> Self {
        let house = Self::new();
        for (class, count) in classes {
            for number in 0..*count {
                house.write(&format!("images/{class}/{number:02}.jpg"), &jpeg(&format!("{class} {number}")));
            }
        }
        house
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.path(path)).unwrap()
    }

    /// Writes `recipe.toml` over class folders in `images`: `body` stands between source and output.
    pub fn recipe(&self, body: &str) {
        self.write(
            "recipe.toml",
            format!("name = \"t\"\nseed = 3\n[source]\nfolders = \"images\"\n{body}{OUTPUT}").as_bytes(),
        );
    }

    /// The program, to be run in this folder, with no setting from outside.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(cargo_bin("augmint"));
        command.current_dir(self.dir.path()).args(line.split_whitespace());
        command.env_remove("AUGMINT_STORE").env_remove("AUGMINT_DATASETS").env_remove("RAYON_NUM_THREADS");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, line: &str) -> Ran {
        self.ran(self.command(line).output().unwrap())
    }

    /// What a process printed, this folder written as `DIR`.
    pub fn ran(&self, output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(self.dir.path().to_str().unwrap(), "DIR");
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs what must work; gives what it printed.
    pub fn ok(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, Some(0), "{line}: {ran:#?}");
        ran.stdout
    }

    /// Runs what must work with `--json`; gives what it printed.
    pub fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{line} --json"))).unwrap()
    }

    /// Runs what must end as an error; gives the message without its decoration (leading blanks and signs of a line).
    pub fn error(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, Some(2), "{line}: {ran:#?}");
        assert_eq!(ran.stdout, "", "{line}");
        plain(&ran.stderr)
    }

    /// Builds `recipe.toml`; gives the digest.
    pub fn build(&self, options: &str) -> String {
        digest_of(&self.json(&format!("build recipe.toml {options}")))
    }

    /// The manifest of a version.
    pub fn entries(&self, digest: &str) -> Vec<Entry> {
        let digest: Digest = digest.parse().unwrap();
        let path = Datasets::new(self.path("datasets"), None).manifest_path(&digest);
        Reader::open(&path, Some(digest)).unwrap().map(|entry| entry.unwrap()).collect()
    }

    /// The record of a version.
    pub fn record(&self, digest: &str) -> Value {
        let hex = digest.strip_prefix("sha256:").unwrap();
        serde_json::from_slice(&self.read(&format!("datasets/t/records/{hex}.json"))).unwrap()
    }

    /// The source list of a version.
    pub fn sources(&self, digest: &str) -> Vec<(Source, Part)> {
        let list = self.record(digest)["sources"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned();
        let text = String::from_utf8(self.read(&format!("datasets/t/sources/{list}.tsv"))).unwrap();
        let (sources, parts) = read_tsv(&text).unwrap();
        sources.into_iter().zip(parts).collect()
    }

    /// The shards of the store, sorted.
    pub fn shards(&self) -> Vec<PathBuf> {
        let mut shards = files(&self.path("datasets/.store/shards"));
        shards.retain(|path| path.extension().is_some_and(|extension| extension == "tar"));
        shards
    }
}

/// `digest` of a command's answer.
pub fn digest_of(answer: &Value) -> String {
    answer["digest"].as_str().unwrap().to_owned()
}

/// The files of a folder, sorted; none where it is not there.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A report's lines without the signs in front of them.
fn plain(report: &str) -> String {
    let lines = report.lines().map(|line| {
        let line = line.strip_prefix("  ").unwrap_or(line);
        line.strip_prefix("x ").or(line.strip_prefix("| ")).unwrap_or(line)
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// 60 × 40 pixels, unlike those of any other text: blocks of colour that follow from its hash.
pub fn image(text: &str) -> Image {
    let hash = Digest::of(text.as_bytes());
    let more = Digest::of(hash.hex().as_bytes());
    Image::from_fn(Size::new(60, 40), |x, y| {
        let cell = (x / 10 + 6 * (y / 10)) as usize;
        let value = hash.bytes()[cell];
        [value, value.rotate_left(3), more.bytes()[cell]]
    })
}

pub fn jpeg(text: &str) -> Vec<u8> {
    Encoding::Jpeg { quality: 90, subsampling: Subsampling::S420 }.encode(&image(text)).unwrap()
}

pub fn png(text: &str) -> Vec<u8> {
    Encoding::Png.encode(&image(text)).unwrap()
}
