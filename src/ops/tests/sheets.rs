//! Contact sheets of every family, for the documentation: `cargo test --lib sheets -- --ignored` draws them anew (those in
//! `docs/ops` were reduced to 64 colours afterwards, a fifth of the size).

use super::*;
use crate::report::{Row, sheet};
use crate::sample_data::{Scale, write};
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
    let call = format!("{} = {{ {} }}", op.name, op.example);
    let plan = bench::plan(&format!("op.{call}"), pages, COPIES);
    let copies = bench::copies(&plan, pages, page, COPIES).into_iter().map(|(_, image)| (image, String::new()));
    Row { cells: [((*pages[page]).clone(), "page".to_owned())].into_iter().chain(copies).collect(), name: call }
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
        let png = sheet(&format!("{family:?}: each op as its example has it"), &rows, crate::report::CELL).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
    }
}
