//! `augmint preview`: a contact sheet of what a recipe makes.

use super::machine::Resources;
use super::scan;
use crate::fs::{self, Existing};
use crate::plan::{Plan, RenderError, Renderer, Sample};
use crate::report::{CELL, Row, sheet};
use crate::seed::Role;
use crate::store::Datasets;
use miette::IntoDiagnostic as _;
use rayon::prelude::*;
use std::path::PathBuf;
use std::process::ExitCode;

/// Draw a contact sheet of a recipe's samples, before anything is built: per class an original beside its copies
#[derive(clap::Args, Debug)]
pub struct Preview {
    /// The recipe
    recipe: PathBuf,
    /// Where the PNG goes
    #[arg(long, default_value = "preview.png")]
    out: PathBuf,
    /// Copies of each class
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=40))]
    copies: u32,
    #[command(flatten)]
    resources: Resources,
}

impl Preview {
    /// Draws the sheet.
    ///
    /// # Errors
    /// With what is wrong with the recipe or the sources, or when the sheet cannot be written.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let prepared = scan::plan(&self.recipe, datasets)?;
        let plan = &prepared.plan;
        let renderer = scan::renderer(&prepared, &self.resources);
        let rows: Vec<Row> = (plan.classes().0.par_iter())
            .filter_map(|(class, name)| Some((name, plan.sources().iter().position(|source| source.class == *class)?)))
            .map(|(name, source)| row(plan, &renderer, name, source, self.copies))
            .collect::<Result<_, RenderError>>()
            .into_diagnostic()?;
        let title = format!("{}: an original of each class, and what the recipe makes of it", prepared.name);
        fs::write(&self.out, &sheet(&title, &rows, CELL).into_diagnostic()?, Existing::Replace)?;
        super::print(&self.out.display().to_string())?;
        super::next(&format!("augmint plan {}", self.recipe.display()));
        Ok(ExitCode::SUCCESS)
    }
}

/// The original and the first training copies of a source, with the steps that were on.
fn row(plan: &Plan, renderer: &Renderer<'_>, name: &str, source: usize, copies: u32) -> Result<Row, RenderError> {
    let image = renderer.source(source)?;
    let mut cells = vec![((*image).clone(), plan.sources()[source].paths[0].clone())];
    for copy in 0..copies {
        let sample = Sample { source, role: Role::Train, epoch: 0, copy };
        let draw = plan.draw(&sample);
        let pixels = renderer.pixels(&sample, &draw, &image)?;
        let on: Vec<&str> = draw.steps.iter().map(|drawn| drawn.step.id.rsplit('/').next().unwrap_or("")).collect();
        cells.push((pixels, if on.is_empty() { "untouched".into() } else { on.join(" ") }));
    }
    Ok(Row { name: name.to_owned(), cells })
}
