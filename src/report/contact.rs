//! What a recipe does, on a contact sheet: per class, per step from weak to strong, or beside the images that a model
//! will have to do with.

use super::Row;
use crate::digest::{Digest, Hasher};
use crate::ops::Value;
use crate::pixels::{Image, Limits, decode};
use crate::plan::{Draw, Drawn, Plan, RenderError, Renderer, Sample};
use crate::seed::Role;
use crate::source::{SourceError, Unlabelled};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// A source is not what the plan was made from.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The folder of real images cannot be listed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It has none.
    #[error("{} holds no image that can be read{}", folder.display(), first.as_ref().map(|one| format!(": {one}")).unwrap_or_default())]
    NoImages {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with the first.
        first: Option<String>,
    },
}

/// The training copy of a source of this number; numbers beyond those planned are what more copies would give.
fn copy(source: usize, role: Role, copy: u32) -> Sample {
    Sample { source, role, epoch: 0, copy }
}

/// The steps that were on.
fn caption(draw: &Draw<'_>) -> String {
    let on: Vec<&str> = draw.steps.iter().map(|drawn| drawn.step.id.rsplit('/').next().unwrap_or("")).collect();
    if on.is_empty() { "untouched".into() } else { on.join(" ") }
}

/// For each class an original beside its first copies, with the steps that were on.
///
/// # Errors
/// When a source is not what the plan was made from.
pub fn per_class(renderer: &Renderer, copies: u32) -> Result<Vec<Row>, ContactError> {
    let plan = renderer.plan();
    let first = |class: u32| plan.sources().iter().position(|source| source.class == class);
    let row = |(name, source): (&String, usize)| {
        let image = renderer.source(source)?;
        let mut cells = vec![((*image).clone(), plan.sources()[source].paths[0].clone())];
        for number in 0..copies {
            let sample = copy(source, Role::Train, number);
            let draw = plan.draw(&sample);
            cells.push((renderer.pixels(&sample, &draw, &image)?, caption(&draw)));
        }
        Ok(Row { name: name.clone(), cells })
    };
    let classes = plan.classes().0.par_iter();
    classes.filter_map(|(class, name)| Some((name, first(*class)?))).map(row).collect()
}

/// Draws that are looked through for those of a step.
const DRAWS: u32 = 3000;
/// Draws of a step that are enough to see its range.
const ENOUGH: usize = 60;

/// For each step of the recipe (and of its validation recipe, for what is held out) an original beside what the step
/// alone makes of it, from the weakest draw to the strongest.
///
/// # Errors
/// When a source is not what the plan was made from.
pub fn per_step(renderer: &Renderer, copies: u32) -> Result<Vec<Row>, ContactError> {
    let plan = renderer.plan();
    let mut wanted: Vec<(Role, &str)> = Vec::new();
    for role in [Role::Train, Role::NoisyVal] {
        let recipe = plan.recipe_for(role);
        if role == Role::Train || plan.recipe().validation.is_some() {
            wanted.extend(recipe.op_calls().iter().map(|(step, _)| (role, step.id.as_str())));
        }
    }
    wanted.par_iter().enumerate().map(|(number, (role, id))| step_row(renderer, *role, id, number, copies)).collect()
}

fn step_row(renderer: &Renderer, role: Role, id: &str, number: usize, copies: u32) -> Result<Row, ContactError> {
    let plan = renderer.plan();
    let heading = if role == Role::Train { id.to_owned() } else { format!("{id} (noisy validation)") };
    // Another source for each step, so that a sheet shows many; a step for few classes takes one of these.
    let classes = &plan.classes().0;
    let sources = (0..classes.len()).filter_map(|turn| {
        let class = classes[(number + turn) % classes.len()].0;
        plan.sources().iter().position(|source| source.class == class)
    });
    for source in sources {
        let mut found: Vec<(Sample, Drawn<'_>)> = Vec::new();
        for number in 0..DRAWS {
            let sample = copy(source, role, number);
            found.extend(
                plan.draw(&sample).steps.into_iter().find(|drawn| drawn.step.id == id).map(|drawn| (sample, drawn)),
            );
            if found.len() == ENOUGH || (number == DRAWS / 4 && found.is_empty()) {
                break;
            }
        }
        if found.is_empty() {
            continue;
        }
        let image = renderer.source(source)?;
        let mut cells = vec![((*image).clone(), plan.sources()[source].paths[0].clone())];
        let varying = varying(&found);
        found.sort_by(|(a, x), (b, y)| strength(x, varying).total_cmp(&strength(y, varying)).then(a.copy.cmp(&b.copy)));
        let last = found.len() - 1;
        let picks = (0..copies as usize).map(|pick| pick * last / (copies as usize - 1).max(1));
        for (sample, drawn) in picks.map(|pick| &found[pick]) {
            let draw = Draw { steps: vec![drawn.clone()], label: Vec::new() };
            cells.push((renderer.pixels(sample, &draw, &image)?, settings(drawn, varying)));
        }
        return Ok(Row { name: heading, cells });
    }
    Ok(Row { name: format!("{heading}: in none of {DRAWS} draws"), cells: Vec::new() })
}

/// The first parameter whose numbers differ, which a step's strength is read from.
fn varying(found: &[(Sample, Drawn<'_>)]) -> Option<usize> {
    let number = |value: &Value| matches!(value, Value::Number(_));
    let count = found.first().map_or(0, |(_, drawn)| drawn.values.len());
    (0..count).find(|at| {
        let first = &found[0].1.values[*at];
        number(first) && found.iter().any(|(_, drawn)| drawn.values[*at] != *first)
    })
}

/// How far a draw is from doing nothing: the partner's share of a mix, else the size of the parameter that varies.
fn strength(drawn: &Drawn<'_>, varying: Option<usize>) -> f64 {
    if let Some(partner) = &drawn.partner {
        return f64::from(partner.mix.share);
    }
    match varying.map(|at| drawn.values[at]) {
        Some(Value::Number(number)) => number.to_f64().abs(),
        _ => 0.0,
    }
}

/// The parameter that varies, and words; all of them would not fit below a picture.
fn settings(drawn: &Drawn<'_>, varying: Option<usize>) -> String {
    if let Some(partner) = &drawn.partner {
        return format!("share {:.2}", f64::from(partner.mix.share) / f64::from(crate::manifest::WHOLE));
    }
    let params = drawn.call.op.params.iter().zip(&drawn.values).enumerate();
    let shown = params.filter_map(|(at, (param, value))| match value {
        Value::Number(number) if varying == Some(at) => Some(format!("{} {:.3}", param.name, number.to_f64())),
        Value::Word(word) if varying.is_none() => Some((*word).to_owned()),
        _ => None,
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Rows by turns of samples and of images of a folder, `columns` in a row and `rows` of each; which ones follows from
/// their names alone.
///
/// # Errors
/// When a source is not what the plan was made from, or the folder has no image.
pub fn against(renderer: &Renderer, folder: &Path, rows: u32, columns: u32) -> Result<Vec<Row>, ContactError> {
    let plan = renderer.plan();
    let wanted = (rows * columns) as usize;
    let real = some_of(folder, wanted)?;
    let train: Vec<usize> = (0..plan.sources().len()).filter(|source| trains(plan, *source)).collect();
    let sources = if train.is_empty() { (0..plan.sources().len()).collect() } else { train };
    // Sources are sorted by digest, so every so-manieth is as good as a random one.
    let made = (0..wanted).into_par_iter().map(|number| {
        let source = sources[number * sources.len() / wanted % sources.len()];
        let sample = copy(source, Role::Train, number as u32 % 16);
        let draw = plan.draw(&sample);
        let image = renderer.source(source)?;
        Ok((renderer.pixels(&sample, &draw, &image)?, caption(&draw)))
    });
    let made: Vec<(Image, String)> = made.collect::<Result<_, RenderError>>()?;
    let columns = columns as usize;
    let mut sheet = Vec::new();
    for row in 0..rows as usize {
        let part = |all: &[(Image, String)]| all.iter().skip(row * columns).take(columns).cloned().collect::<Vec<_>>();
        sheet.push(Row { name: "made by the recipe".into(), cells: part(&made) });
        let cells = part(&real);
        if !cells.is_empty() {
            sheet.push(Row { name: format!("images of {}", folder.display()), cells });
        }
    }
    Ok(sheet)
}

fn trains(plan: &Plan, source: usize) -> bool {
    plan.parts()[source] != crate::split::Part::Val
}

/// Up to `count` images below a folder in a random order that follows from their names; what cannot be read is left out.
fn some_of(folder: &Path, count: usize) -> Result<Vec<(Image, String)>, ContactError> {
    let mut names = Unlabelled::list(folder)?.images;
    names.sort_by_cached_key(|name| -> Digest { Hasher::new("augmint preview 1").text(name).finish() });
    let mut found = Vec::new();
    let mut first = None;
    for chunk in names.chunks(count.max(1)) {
        let read = |name: &String| {
            let named = |problem: &dyn std::fmt::Display| format!("{name}: {problem}");
            let bytes = std::fs::read(folder.join(name)).map_err(|error| named(&error))?;
            let image = decode(&bytes, &Limits::default()).map_err(|error| named(&error))?;
            Ok((image, name.rsplit('/').next().unwrap_or(name).to_owned()))
        };
        let images: Vec<Result<_, String>> = chunk.par_iter().map(read).collect();
        for image in images {
            match image {
                Ok(image) if found.len() < count => found.push(image),
                Ok(_) => {}
                Err(reason) => first = first.or(Some(reason)),
            }
        }
        if found.len() >= count {
            break;
        }
    }
    match found.is_empty() {
        true => Err(ContactError::NoImages { folder: folder.to_owned(), first }),
        false => Ok(found),
    }
}
