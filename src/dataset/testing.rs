//! Small versions for tests: sources drawn by a formula, built as `augmint build` builds.

use super::{Backing, Dataset, DatasetError, Options, Pinned, Split};
use crate::build::{Job, Survey, assemble, make, record, relative_path, shard_keys, survey};
use crate::digest::Digest;
use crate::pixels::{Encoding, Image, Size, Subsampling};
use crate::prepare::prepare;
use crate::recipe::Recipe;
use crate::shard::{Pixels, tar_path};
use crate::store::{Datasets, Resolved, Retag};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// A folder with sources, a recipe and datasets; gone with the value.
pub struct House {
    dir: tempfile::TempDir,
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

/// Steps with noise and mixing, and stored as lossy JPEG.
pub const STEPS: &str = r#"
[[step]]
op.rotate = { degrees = [-180, 180], canvas = "expand", fill = "median" }
chance = 0.8
[[step]]
op.mixup = { alpha = 0.4 }
chance = 0.4
[[step]]
op.gaussian_noise = { sigma = { log = [2, 40] } }
chance = 0.5
[output]
fit.within = { width = 24, height = 24 }
encode.jpeg = { quality = 80 }
"#;

/// A quarter held out, clean and noisy.
pub const HOLDOUT: &str =
    "[split]\nval = 0.25\nnoisy_val = { recipe = \"noisy.toml\", copies = 2 }\n[amount]\ncopies = 5\n";

/// Three folds, with clean validation alone.
pub const FOLDS: &str = "[split]\nfolds = 3\n[amount]\ncopies = 4\noriginals = false\n";

impl House {
    /// With eight sources in each of three classes, numbered 0, 1 and 2.
    pub fn new() -> Self {
        let house = Self { dir: tempfile::tempdir().unwrap() };
        for class in ["form", "plate", "receipt"] {
            std::fs::create_dir_all(house.path(&format!("images/{class}"))).unwrap();
            for number in 0..8 {
                let text = format!("{class} {number}");
                let encoding = Encoding::Jpeg { quality: 90, subsampling: Subsampling::S420 };
                let path = house.path(&format!("images/{class}/{number:02}.jpg"));
                std::fs::write(path, encoding.encode(&image(&text)).unwrap()).unwrap();
            }
        }
        house
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn datasets(&self) -> Datasets {
        Datasets::new(self.path("datasets"), None)
    }

    /// Writes `recipe.toml` and `noisy.toml`.
    pub fn recipe(&self, body: &str) -> PathBuf {
        let path = self.path("recipe.toml");
        std::fs::write(&path, format!("name = \"t\"\nseed = 3\n[source]\nfolders = \"images\"\n{body}{STEPS}"))
            .unwrap();
        let noisy = "name = \"noisy\"\nseed = 1\n[[step]]\nop.brightness = { factor = [0.7, 1.4] }\n[output]\n\
                     fit.within = { width = 32, height = 32 }\nencode.png = {}\n";
        std::fs::write(self.path("noisy.toml"), noisy).unwrap();
        path
    }

    /// Builds the recipe of this body as `t@<tag>`.
    pub fn build(&self, body: &str, pixels: Pixels, tag: &str) -> Resolved {
        let (path, datasets) = (self.recipe(body), self.datasets());
        let prepared = prepare(Recipe::load(&path).unwrap(), &datasets, &|_| {}).unwrap();
        let keys = shard_keys(&prepared.plan);
        let renderer = crate::plan::Renderer::new(prepared.plan.clone(), prepared.files.clone(), 1 << 20);
        datasets.prepare_store().unwrap();
        let Survey { missing, .. } = survey(&prepared.plan, &datasets, &keys, pixels);
        make(&Job {
            renderer: &renderer,
            datasets: &datasets,
            keys: &keys,
            wanted: &missing,
            pixels,
            ahead: 4,
            stop: &AtomicBool::new(false),
            progress: &|_| {},
        })
        .unwrap();
        let assembled = assemble(&prepared, &datasets, &keys).unwrap();
        let record = record(&prepared, None, None, relative_path(&path, datasets.root()));
        datasets.write_classes(&prepared.name, prepared.plan.classes()).unwrap();
        datasets.publish(assembled, record, &prepared.list, Some((tag.parse().unwrap(), Retag::Refused))).unwrap();
        datasets.resolve(&format!("t@{tag}").parse().unwrap()).unwrap()
    }

    pub fn open(&self, version: &Resolved, backing: Backing) -> Result<Pinned, DatasetError> {
        Pinned::open(&self.datasets(), version, Options { backing, ..Options::default() })
    }

    /// A part of a version.
    pub fn split(&self, version: &Resolved, backing: Backing, split: &str) -> Dataset {
        self.open(version, backing).unwrap().split(split.parse::<Split>().unwrap()).unwrap()
    }

    /// The tars of a version's shards of a set, in order.
    pub fn tars(&self, version: &Resolved, set: &str) -> Vec<PathBuf> {
        let datasets = self.datasets();
        let info = datasets.info(&version.digest).unwrap();
        let of = info.shards.iter().filter(|shard| shard.set.to_string() == set);
        of.map(|shard| tar_path(&datasets.shards(), &shard.key)).collect()
    }
}

/// Key, label and bytes of a sample.
pub type Content = (String, Vec<(u32, u32)>, Vec<u8>);

/// Of every sample.
pub fn contents(dataset: &Dataset) -> Vec<Content> {
    let mut buffer = Vec::new();
    (0..dataset.len())
        .map(|index| {
            dataset.bytes(index, &mut buffer).unwrap();
            (dataset.id(index), dataset.label(index).to_vec(), buffer.clone())
        })
        .collect()
}
