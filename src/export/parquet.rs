//! `parquet`: tables that hold images and labels, as Hugging Face `datasets` writes them itself.
//!
//! The columns: `image` (a struct of `bytes` and `path`, which `datasets` decodes), `label` (the class of the most weight,
//! by its number), `soft_label` (a weight for each class number, exact in a float) and `key`. What they mean to `datasets`
//! stands as JSON in the files' metadata under `huggingface`. Images are compressed already, so pages are not. The
//! rows are shuffled, for readers that stream.

use super::images::Images;
use super::output::Output;
use super::{ExportError, Item, Selection, Step};
use crate::manifest::WHOLE;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use std::io::Write;
use std::sync::Arc;

/// Rows of one row group, which is what readers hold in memory; fewer where images are large.
const ROWS: usize = 256;
/// Bytes of images of one row group.
const GROUP_BYTES: u64 = 32 << 20;
/// Bytes of images of one file, about.
const FILE_BYTES: u64 = 400 << 20;

/// All values are there, and all are optional: `datasets` believes the metadata only of columns that Arrow takes for those
/// it would write itself, and Arrow's are optional.
const SCHEMA: &str = "message schema {
    optional group image { optional binary bytes; optional binary path (STRING); }
    optional int64 label;
    optional group soft_label (LIST) { repeated group list { optional float element; } }
    optional binary key (STRING);
}";

/// Writes `data/<part>-00000-of-00001.parquet` and so on.
pub(super) fn write(
    selection: &Selection,
    seed: u64,
    output: &mut Output,
    images: &mut Images<'_>,
    step: &mut Step<'_>,
) -> Result<(), ExportError> {
    let names = class_names(selection)?;
    let properties = Arc::new(properties(&names));
    for part in &selection.parts {
        let items = part.shuffled(seed);
        let files = split(&items, FILE_BYTES, usize::MAX);
        let count = files.len();
        for (index, items) in files.into_iter().enumerate() {
            // A split's name for `datasets` has no hyphen.
            let name = format!("data/{}-{index:05}-of-{count:05}.parquet", part.name.replace('-', "_"));
            let broken = |name: &str, source| ExportError::Parquet { path: name.into(), source };
            let mut file = output.start(name.clone())?;
            let schema = parse_message_type(SCHEMA).map_err(|source| broken(&name, source))?;
            let writer = SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::clone(&properties));
            let mut writer = writer.map_err(|source| broken(&name, source))?;
            for rows in split(items, GROUP_BYTES, ROWS) {
                let group = Group::read(rows, names.len(), images, step)?;
                let written = writer.next_row_group().and_then(|writer| group.write(writer));
                written.map_err(|source| broken(&name, source))?;
            }
            writer.close().map_err(|source| broken(&name, source))?;
            output.end(file)?;
        }
    }
    Ok(())
}

/// Cuts a list so that no piece has more than `rows` items or, but for one item alone, more than `bytes`.
fn split<'a, 'b>(mut items: &'a [&'b Item], bytes: u64, rows: usize) -> Vec<&'a [&'b Item]> {
    let mut pieces = Vec::new();
    while !items.is_empty() {
        let mut sum = 0;
        let fits = items.iter().take(rows).take_while(|item| {
            sum += item.bytes();
            sum <= bytes
        });
        let (piece, rest) = items.split_at(fits.count().max(1));
        pieces.push(piece);
        items = rest;
    }
    pieces
}

/// The name of each class number from 0 on: a label of `datasets` is an index into this list.
fn class_names(selection: &Selection) -> Result<Vec<String>, ExportError> {
    let known = selection.classes.0.iter().map(|(number, _)| *number);
    let largest = known.chain(selection.used().iter().map(|(number, _)| *number)).max().unwrap_or(0);
    let classes = selection.classes.0.len().max(1);
    if largest as usize > 10 * classes + 1000 {
        return Err(ExportError::Sparse { largest, classes });
    }
    let name = |number| selection.classes.name(number).map_or_else(|| format!("no class {number}"), str::to_owned);
    Ok((0..=largest).map(name).collect())
}

fn properties(names: &[String]) -> WriterProperties {
    let value = |dtype: &str| serde_json::json!({ "dtype": dtype, "_type": "Value" });
    let features = serde_json::json!({ "info": { "features": {
        "image": { "_type": "Image" },
        "label": { "names": names, "_type": "ClassLabel" },
        "soft_label": { "feature": value("float32"), "_type": "Sequence" },
        "key": value("string"),
    } } });
    let column = |path: &[&str]| ColumnPath::from(path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
    let soft_label = column(&["soft_label", "list", "element"]);
    WriterProperties::builder()
        .set_created_by(concat!("augmint ", env!("CARGO_PKG_VERSION")).into())
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_column_dictionary_enabled(soft_label, true)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled(column(&["label"]), EnabledStatistics::Chunk)
        .set_key_value_metadata(Some(vec![KeyValue::new("huggingface".to_owned(), features.to_string())]))
        .build()
}

/// The columns of a row group.
#[derive(Default)]
struct Group {
    bytes: Vec<ByteArray>,
    paths: Vec<ByteArray>,
    labels: Vec<i64>,
    weights: Vec<f32>,
    keys: Vec<ByteArray>,
    classes: usize,
}

impl Group {
    fn read(
        items: &[&Item],
        classes: usize,
        images: &mut Images<'_>,
        step: &mut Step<'_>,
    ) -> Result<Self, ExportError> {
        let mut group = Self { classes, ..Self::default() };
        for item in items {
            let (bytes, _) = images.read(item)?;
            group.bytes.push(bytes.to_vec().into());
            group.paths.push(item.file_name().into_bytes().into());
            group.labels.push(item.target().into());
            group.keys.push(item.name().into_bytes().into());
            let first = group.weights.len();
            group.weights.resize(first + classes, 0.0);
            for (class, weight) in item.label() {
                // Exact: sixteen bits fit into a float's 24.
                group.weights[first + *class as usize] = *weight as f32 / WHOLE as f32;
            }
            step.done(item.bytes())?;
        }
        Ok(group)
    }

    /// Writes the columns, in the order of the schema. A level says that a value is there, and all that holds it.
    fn write<W: Write + Send>(self, mut writer: SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        // Of each list the first element starts a row.
        let starts: Vec<i16> = (0..self.weights.len()).map(|at| i16::from(at % self.classes != 0)).collect();
        column::<ByteArrayType, W>(&mut writer, &self.bytes, 2, None)?;
        column::<ByteArrayType, W>(&mut writer, &self.paths, 2, None)?;
        column::<Int64Type, W>(&mut writer, &self.labels, 1, None)?;
        column::<FloatType, W>(&mut writer, &self.weights, 3, Some(&starts))?;
        column::<ByteArrayType, W>(&mut writer, &self.keys, 1, None)?;
        writer.close().map(|_| ())
    }
}

fn column<T: DataType, W: Write + Send>(
    writer: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    level: i16,
    starts: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = writer.next_column()?.expect("BUG: a schema of fewer columns");
    column.typed::<T>().write_batch(values, Some(&vec![level; values.len()]), starts)?;
    column.close()
}
