//! Milliseconds per sample of a recipe on one thread, and where they go: our side of the speed table (`benches/peers/run`).
//!
//! Sources are decoded before the clock starts, as the peers' are; everything else that a sample costs is in the figure:
//! keys and draws, lowering, folding, pixels, and what the mode asks for (encoding, SHA-256, a file per sample, or a
//! tensor). Time is CPU time of the one thread, so that a neighbour on the machine takes the processor away but not the
//! result. One JSON object on stdout.
//!
//! ```sh
//! cargo bench --bench recipe_r -- --mode jpeg,png,tensor --samples 512
//! cargo bench --bench recipe_r -- --stages
//! cargo bench --bench recipe_r -- --recipe twelve --mode tensor --one-after-the-other
//! cargo bench --bench recipe_r -- --blocks
//! ```
#![allow(clippy::disallowed_methods, reason = "a bench measures time, reads arguments and makes files")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench ends at the first thing that goes wrong")]

mod blocks;
mod clock;
mod ending;
#[path = "../executor/mod.rs"]
mod executor;
mod makespan;
#[path = "../pages/mod.rs"]
mod pages;
mod stages;

use augmint::digest::Digest;
use augmint::effect::{Pass, fold};
use augmint::pixels::{Encoding, Image, Limits, decode};
use augmint::plan::Sample;
use augmint::recipe::Recipe;
use clap::Parser as _;
use clock::Clock;
use ending::{Ending, Mode};
use executor::Executor;
use pages::Pages;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How a sample's effects are executed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Folded, as a build does.
    Folded,
    /// Each op on its own, an image in between: what folding saves. No build does this.
    OneAfterTheOther,
}

#[derive(clap::Parser)]
struct Arguments {
    /// `R`, `twelve`, or a recipe file, of which only steps and output count.
    #[arg(long, default_value = "R")]
    recipe: String,
    /// What is done with the pixels of a sample; several are measured in turn.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Mode::Jpeg, Mode::Png, Mode::Tensor])]
    mode: Vec<Mode>,
    /// Samples of each figure.
    #[arg(long, default_value_t = 256)]
    samples: usize,
    /// Samples made first, without the clock.
    #[arg(long, default_value_t = 16)]
    warm_up: usize,
    /// How many sources there are.
    #[arg(long, default_value_t = 16)]
    sources: u32,
    /// Images to use as sources instead of pages made by a formula.
    #[arg(long)]
    images: Option<PathBuf>,
    /// Execute every op on its own.
    #[arg(long)]
    one_after_the_other: bool,
    /// Where each millisecond goes.
    #[arg(long)]
    stages: bool,
    /// Times of whole blocks, as a build makes them from files, and what follows for many threads.
    #[arg(long)]
    blocks: bool,
    /// Threads that `--blocks` renders on; 0 for one per core.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 0])]
    threads: Vec<usize>,
    /// Write the sources as PNG files to this folder, for the peers, and end.
    #[arg(long)]
    write_pages: Option<PathBuf>,
    /// Where samples are written; a temporary folder otherwise.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Cargo's own.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    fn recipe(&self) -> Recipe {
        let recipe = match self.recipe.as_str() {
            "R" => Recipe::from_texts(pages::R, None),
            "twelve" => Recipe::from_texts(pages::TWELVE, None),
            path => Recipe::load(Path::new(path)),
        };
        recipe.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The sources: of the given folder, or pages made by a formula.
    fn pages(&self) -> Pages {
        let copies = (self.samples + self.warm_up).div_ceil(16 * self.sources as usize).max(1) as u32 * 16;
        let drawn = |number| {
            let image = pages::page(number, pages::SIZE);
            (Digest::of(image.data()), image)
        };
        let images = match &self.images {
            Some(folder) => files(folder, self.sources as usize).iter().map(|path| read(path)).collect(),
            None => (0..self.sources).map(drawn).collect(),
        };
        Pages::new(self.recipe(), images, copies)
    }
}

/// The first files of a folder, by name.
fn files(folder: &Path, most: usize) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.truncate(most);
    paths
}

fn read(path: &Path) -> (Digest, Image) {
    let bytes = std::fs::read(path).unwrap();
    (Digest::of(&bytes), decode(&bytes, &Limits::default()).unwrap_or_else(|error| panic!("{path:?}: {error}")))
}

/// Makes one sample; gives the bytes that it ends in.
fn make(pages: &Pages, executor: &mut Executor, sample: &Sample, how: How, ending: &mut Ending) -> usize {
    let effects = pages.plan.lower(sample, &pages.plan.draw(sample));
    let image = &pages.images[sample.source];
    if let (How::Folded, Some(planes)) = (how, ending.planes()) {
        executor.planes(image, &fold(effects), &pages.images, planes);
        return std::hint::black_box(planes).len();
    }
    let then = |image: &Image| ending.finish(image);
    match how {
        How::Folded => executor.run(image, &fold(effects), &pages.images, then),
        How::OneAfterTheOther => {
            let alone: Vec<Vec<Pass>> = effects.into_iter().map(|effect| fold(vec![effect])).collect();
            executor.run_each(image, &alone, &pages.images, then)
        }
    }
}

/// The figure of one mode.
fn measure(arguments: &Arguments, pages: &Pages, mode: Mode, out: &Path) -> Value {
    let how = if arguments.one_after_the_other { How::OneAfterTheOther } else { How::Folded };
    let mut ending = Ending::new(mode, out);
    let mut executor = Executor::default();
    let mut samples = pages.samples();
    for sample in samples.by_ref().take(arguments.warm_up) {
        make(pages, &mut executor, &sample, how, &mut ending);
    }
    let clock = Clock::start();
    let mut bytes = 0;
    for sample in samples.take(arguments.samples) {
        bytes += make(pages, &mut executor, &sample, how, &mut ending);
    }
    let count = arguments.samples as f64;
    let (cpu, wall) = (clock.cpu_ms() / count, clock.wall_ms() / count);
    ending.clean();
    json!({ "mode": mode, "ms": cpu, "wall_ms": wall, "samples": count, "bytes": bytes as f64 / count })
}

fn main() {
    let arguments = Arguments::parse();
    if let Some(folder) = &arguments.write_pages {
        std::fs::create_dir_all(folder).unwrap();
        for number in 0..arguments.sources {
            let bytes = Encoding::Png.encode(&pages::page(number, pages::SIZE)).unwrap();
            std::fs::write(folder.join(format!("{number:02}.png")), bytes).unwrap();
        }
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let out = arguments.out.as_deref().unwrap_or(temporary.path());
    let mut result = json!({ "recipe": arguments.recipe, "profile": clock::profile() });
    if arguments.blocks {
        result["blocks"] = blocks::measure(&arguments, temporary.path());
    } else if arguments.stages {
        let pages = arguments.pages();
        result["stages"] = stages::measure(&pages, arguments.samples, out);
    } else {
        let pages = arguments.pages();
        let modes = arguments.mode.iter().map(|mode| measure(&arguments, &pages, *mode, out));
        result["modes"] = Value::Array(modes.collect());
        result["one_after_the_other"] = arguments.one_after_the_other.into();
    }
    println!("{result}");
}
