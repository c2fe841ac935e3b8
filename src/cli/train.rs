//! `augmint train`: a run on a pinned version, from a configuration to a run folder.

use super::torch::Torch;
use super::track::Access;
use crate::store::Datasets;
use crate::train::config::{Config, Fold};
use std::path::PathBuf;
use std::process::ExitCode;

/// Train a network on a pinned version; leaves a run folder that explains itself
///
/// CONFIG is a TOML file (docs/training.md): the version by its digest, the network, loss, optimiser and schedule. Ctrl-C saves,
/// and --resume goes on to the same weights as without the stop.
#[derive(clap::Args, Debug)]
pub struct Train {
    /// The configuration, e.g. recipes/train/quickstart.toml
    #[arg(required_unless_present_any = ["resume", "architectures"], conflicts_with = "resume")]
    config: Option<PathBuf>,
    /// Another network than the configuration's, or a TorchScript module's file; short for --set model.architecture=…
    #[arg(long, value_name = "NAME|FILE.pt", conflicts_with = "resume")]
    model: Option<String>,
    /// Put a BiFPN between backbone and head; short for --set model.bifpn={}
    #[arg(long, conflicts_with = "resume")]
    bifpn: bool,
    /// Replace a setting, e.g. --set epochs=3 --set model.architecture=resnet18; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Of a version with folds, the one that is held out, or all of them, one run after the other
    #[arg(long, value_name = "K|all", conflicts_with = "resume")]
    fold: Option<Fold>,
    /// Go on with this run from its last checkpoint, with its own configuration; --set epochs=N trains it longer. Or with the
    /// folds of this folder that --fold all made
    #[arg(long, value_name = "RUN")]
    resume: Option<PathBuf>,
    /// The folder of run folders
    #[arg(long, value_name = "DIR", default_value = super::runs::DEFAULT)]
    runs: PathBuf,
    /// Where the sources are, for what is rendered; by default where the version's recipe has them
    #[arg(long, value_name = "DIR")]
    sources: Option<PathBuf>,
    /// Stop after so many optimiser steps, as Ctrl-C would
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Where fetched weights are kept; by default augmint/weights in $XDG_CACHE_HOME or ~/.cache
    #[arg(long, value_name = "DIR", env = "AUGMINT_WEIGHTS")]
    cache: Option<PathBuf>,
    /// List the networks that can be trained
    #[arg(long)]
    architectures: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// An MLflow server, told of the run as it goes on; one that is down never stops it
    #[arg(long, value_name = "URI", env = "MLFLOW_TRACKING_URI")]
    track: Option<String>,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    torch: Torch,
}

impl Train {
    /// Every setting that replaces the configuration's, those that were written out last.
    fn sets(&self) -> Vec<String> {
        // As TOML's own text: a file's name may look like a number.
        let model = self.model.iter().map(|name| format!("model.architecture={}", toml::Value::from(name.as_str())));
        let neck = self.bifpn.then(|| "model.bifpn={}".to_owned());
        model.chain(neck).chain(self.sets.iter().cloned()).collect()
    }

    /// Trains and prints what came of it.
    ///
    /// # Errors
    /// When the configuration is wrong, the version is another than the pinned, or training fails.
    #[cfg(not(feature = "torch"))]
    pub fn run(&self, _: &Datasets) -> miette::Result<ExitCode> {
        if let Some(path) = &self.config {
            // What can be checked without libtorch is.
            Config::load(path, &self.sets())?;
        }
        Err(super::torch::without("train"))
    }

    /// Trains and prints what came of it.
    ///
    /// # Errors
    /// When the configuration is wrong, the version is another than the pinned, or training fails.
    #[cfg(feature = "torch")]
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        use crate::train::torch::{folds, models, start};
        if self.architectures {
            let lines: Vec<String> = models::Architecture::ALL.iter().map(models::Architecture::line).collect();
            super::print(&lines.join("\n"))?;
            return Ok(ExitCode::SUCCESS);
        }
        let resume = self.resume.as_deref().map(super::runs::located);
        let sets = self.sets();
        let config = match (&self.config, &resume) {
            (Some(path), _) => Config::load(path, &sets)?,
            (None, Some(run)) => Config::load(&run.join("config.toml"), &sets)?,
            (None, None) => unreachable!("BUG: clap lets nothing else pass"),
        };
        let device = self.torch.start()?;
        let cache = self.cache.clone().map_or_else(super::weights::cache_folder, Ok)?;
        let stop = super::machine::training()?;
        let target = self.track.as_deref().map(|uri| self.access.target(uri)).transpose()?;
        let (git, user) = (super::git::checkout(), super::log_line("train").user);
        let meter = super::epochs::Meter::default();
        let tell = |note: start::Note<'_>| meter.tell(&note);
        let request = |fold, runs| start::Request {
            config: &config,
            datasets,
            fold,
            runs,
            resume: resume.as_deref(),
            sources: self.sources.as_deref(),
            weights: &cache,
            device,
            git: git.clone(),
            target: target.clone(),
            user: Some(&user),
            now: &super::now,
            stop,
            tell: &tell,
            steps: self.steps,
        };
        let fold = self.fold.or(config.fold);
        if fold == Some(Fold::All) {
            let folds = folds::all(&request(None, &self.runs))?;
            return self.say_folds(&folds, stop);
        }
        let fold = if let Some(Fold::One(fold)) = fold { Some(fold) } else { None };
        self.say(&start::train(&request(fold, &self.runs))?, stop)
    }

    #[cfg(feature = "torch")]
    fn say(
        &self,
        finished: &crate::train::torch::start::Finished,
        stop: &std::sync::atomic::AtomicBool,
    ) -> miette::Result<ExitCode> {
        use crate::train::torch::run::Ended;
        let path = finished.path.display();
        match self.json {
            true => super::print_json(&finished.json())?,
            false => super::print(&finished.text())?,
        }
        if let Some(report) = &finished.tracked {
            super::track::say(report, &finished.path);
        }
        super::next(&match finished.ended {
            Ended::Stopped => format!("augmint train --resume {path}"),
            _ => format!("augmint predict {path} --images DIR --out submission.csv   (or open {path}/summary.html)"),
        });
        // Someone stopped it: what was asked for is not there.
        let interrupted = finished.ended == Ended::Stopped && stop.load(std::sync::atomic::Ordering::Relaxed);
        Ok(if interrupted { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    #[cfg(feature = "torch")]
    fn say_folds(
        &self,
        folds: &crate::train::torch::folds::Folds,
        stop: &std::sync::atomic::AtomicBool,
    ) -> miette::Result<ExitCode> {
        use crate::train::torch::run::Ended;
        match self.json {
            true => super::print_json(&folds.json())?,
            false => super::print(&folds.text())?,
        }
        let path = folds.path.display();
        if folds.runs.last().is_some_and(|run| run.ended == Ended::Stopped) {
            super::next(&format!("augmint train --resume {path}"));
            let interrupted = stop.load(std::sync::atomic::Ordering::Relaxed);
            return Ok(if interrupted { ExitCode::from(1) } else { ExitCode::SUCCESS });
        }
        super::next(&format!(
            "augmint suspects {path}/out_of_fold.csv --of {}   (labels that look wrong)",
            folds.version
        ));
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        train: Train,
    }

    #[test]
    fn a_model_and_a_neck_are_settings_and_a_written_setting_wins() {
        let config = |words: &str| {
            let line = Line::parse_from(format!("train recipes/train/quickstart.toml {words}").split(' '));
            Config::load(&line.train.config.clone().unwrap(), &line.train.sets()).unwrap().model
        };
        let plain = config("--json");
        assert_eq!((plain.architecture.as_str(), plain.bifpn.is_some()), ("resnet18", false));
        let other = config("--model 1e5 --bifpn");
        assert_eq!((other.architecture.as_str(), other.bifpn.map(|neck| neck.layers)), ("1e5", Some(3)));
        let written = config("--model net.pt --bifpn --set model.architecture=resnet50 --set model.bifpn.layers=2");
        assert_eq!((written.architecture.as_str(), written.bifpn.map(|neck| neck.layers)), ("resnet50", Some(2)));
    }
}
