//! `augmint views`: several views of each test image, for test-time augmentation with any trainer.

use super::machine::{Meter, Resources, duration};
use super::scan::reading;
use crate::dataset::views::{TABLE, ViewPlan};
use crate::recipe::Recipe;
use crate::store::ByteSize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Render several views of each image of a folder by a recipe's steps: test-time augmentation for any trainer
///
/// Writes DIR/ID/view-00.jpg, view-01.jpg, … and DIR/views.csv (ID,view,file), where the ID is the image's path below its
/// folder: predict every file, then average the probabilities of each ID. The first view is the image itself, through the
/// recipe's output settings alone, unless the recipe says `originals = false`. The same recipe and images give the same files on
/// any machine. Steps that mix images, or are only for some classes, are left out. The folder appears whole or not at all.
#[derive(clap::Args, Debug)]
pub struct ViewsCommand {
    /// The recipe; its sources and amount do not count, so a validation recipe will do
    recipe: PathBuf,
    /// The folder of images, labelled or not
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Views of each image, the image itself included
    #[arg(long, value_name = "K", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    copies: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    resources: Resources,
}

impl ViewsCommand {
    /// Renders and writes.
    ///
    /// # Errors
    /// With what is wrong with the recipe, the images or the disk.
    pub fn run(&self) -> miette::Result<ExitCode> {
        let stop = self.resources.start()?;
        let recipe = Recipe::load(&self.recipe)?;
        let plan = reading(|progress| ViewPlan::new(recipe, &self.images, self.copies, progress))?;
        for note in plan.notes() {
            eprintln!("{note}");
        }
        let meter = Meter::whole("views", plan.views());
        let result = plan.write(&self.out, stop, &|views, bytes| meter.set(views, bytes));
        let seconds = meter.finish();
        let made = result?;
        if self.json {
            super::print_json(&made)?;
        } else {
            super::print(&format!(
                "{}: {} views of {} images, {} in {}",
                self.out.display(),
                made.views,
                made.images,
                ByteSize(made.bytes),
                duration(seconds)
            ))?;
        }
        super::next(&format!("head -n 3 {}", self.out.join(TABLE).display()));
        Ok(ExitCode::SUCCESS)
    }
}
