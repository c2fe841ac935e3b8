//! Contact sheets of every family, for the documentation: `cargo test --lib sheets -- --ignored` draws them anew (those in
//! `docs/ops` were reduced to 64 colours afterwards, a fifth of the size).

use super::*;
use crate::digest::Digest;
use crate::plan::{Plan, Sample};
use crate::recipe::Recipe;
use crate::report::{Row, sheet};
use crate::sample_data::{Scale, write};
use crate::seed::Role;
use crate::source::{Classes, Source};
use crate::split::Part;
use std::sync::Arc;

/// Copies of each op beside the page that they were made of.
const COPIES: u32 = 4;

/// Pages of kinds that look unlike each other, from the sample data.
fn pages() -> Vec<Arc<Image>> {
    let folder = tempfile::tempdir().unwrap();
    let summary = write(folder.path(), Scale::QUICK, |_, _| ()).unwrap();
    assert!(summary.images > 0);
    let table = std::fs::read_to_string(folder.path().join("train.csv")).unwrap();
    let first =
        |class: &str| table.lines().find_map(|line| line.strip_suffix(&format!(",{class}"))).unwrap().to_owned();
    let read = |name: String| std::fs::read(folder.path().join("train").join(name)).unwrap();
    ["0", "5", "9"]
        .map(|class| Arc::new(crate::pixels::decode(&read(first(class)), &crate::pixels::Limits::default()).unwrap()))
        .into()
}

fn row(op: &OpSpec, pages: &[Arc<Image>], page: usize) -> Row {
    let text = format!(
        "name = \"sheet\"\nseed = 3\n[source]\nfolders = \"x\"\n[amount]\ncopies = {COPIES}\noriginals = false\n[[step]]\n\
         op.{} = {{ {} }}\n",
        op.name, op.example
    );
    let sources: Vec<Source> = (0u32..)
        .zip(pages)
        .map(|(class, image)| {
            let digest = Digest::of(&class.to_le_bytes());
            let path = class.to_string();
            Source { digest, paths: vec![path.clone()], class, group: path, page: digest, size: image.size() }
        })
        .collect();
    let classes = Classes((0..pages.len() as u32).map(|class| (class, format!("class {class}"))).collect());
    let count = pages.len();
    let plan = Plan::new(
        Recipe::from_texts(&text, None).unwrap(),
        classes,
        sources,
        vec![Part::Train; count],
        vec![COPIES; count],
    )
    .unwrap();
    let copy = |copy| {
        let sample = Sample { source: page, role: Role::Train, epoch: 0, copy };
        let passes = fold(plan.lower(&sample, &plan.draw(&sample)));
        let partner = |source: usize| Ok(pages[source].clone());
        let Ok(image) = fast::execute::<Infallible>(&pages[page], &passes, &partner, &mut Buffers::default());
        (image, String::new())
    };
    let cells = [((*pages[page]).clone(), "page".to_owned())].into_iter().chain((0..COPIES).map(copy)).collect();
    Row { name: format!("{} = {{ {} }}", op.name, op.example), cells }
}

#[test]
#[ignore = "draws docs/ops"]
fn sheets() {
    let pages = pages();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ops");
    std::fs::create_dir_all(&folder).unwrap();
    let families: BTreeSet<_> = ALL.iter().map(|op| op.family).collect();
    for family in families {
        let ops = ALL.iter().filter(|op| op.family == family);
        let rows: Vec<Row> = ops.enumerate().map(|(index, op)| row(op, &pages, index % pages.len())).collect();
        let name = format!("{family:?}").to_lowercase();
        let png = sheet(&format!("{family:?}: each op as its example has it"), &rows).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
    }
}
