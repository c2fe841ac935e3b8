//! Tables of answers as Parquet: `ID`, and a column of numbers per class, under its name.
//!
//! One column per class rather than a list, so that `df.set_index("ID").idxmax(axis=1)` (pandas), `pl.max_horizontal`
//! (polars) and `SELECT "invoice"` (DuckDB) work, and the names are in the file. Not compressed: floats of a softmax hardly
//! shrink. Read are such tables from any program, `ID,target` tables, and a list column `probs`, `probabilities` or
//! `logits`; without Arrow, by the row interface of the `parquet` crate.

use super::AnswersError;
use super::npz::Meaning;
use super::probabilities::{Precision, Probabilities};
use super::table::{Cells, Columns, PANDAS_INDEX};
use crate::fs;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// Rows of one row group.
const GROUP: usize = 1 << 16;

/// The file of a table.
pub(super) fn bytes(table: &Probabilities) -> Result<Vec<u8>, ParquetError> {
    let values = match table.precision() {
        Precision::Single => Physical::FLOAT,
        Precision::Double => Physical::DOUBLE,
    };
    let id = Type::primitive_type_builder("ID", Physical::BYTE_ARRAY).with_logical_type(Some(LogicalType::String));
    let mut fields = vec![Arc::new(id.with_repetition(Repetition::REQUIRED).build()?)];
    for heading in table.headings() {
        let column = Type::primitive_type_builder(&heading, values).with_repetition(Repetition::REQUIRED);
        fields.push(Arc::new(column.build()?));
    }
    let schema = Type::group_type_builder("schema").with_fields(fields).build()?;
    let properties = WriterProperties::builder()
        .set_created_by(concat!("augmint ", env!("CARGO_PKG_VERSION")).into())
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    for start in (0..table.len()).step_by(GROUP) {
        let rows = start..(start + GROUP).min(table.len());
        let mut group = writer.next_row_group()?;
        let ids: Vec<ByteArray> = table.ids()[rows.clone()].iter().map(|id| id.as_bytes().to_vec().into()).collect();
        column::<ByteArrayType, _>(&mut group, &ids)?;
        for class in 0..table.classes().0.len() {
            let numbers = rows.clone().map(|row| table.row(row)[class]);
            match table.precision() {
                Precision::Single => {
                    column::<FloatType, _>(&mut group, &numbers.map(|value| value as f32).collect::<Vec<_>>())?;
                }
                Precision::Double => column::<DoubleType, _>(&mut group, &numbers.collect::<Vec<_>>())?,
            }
        }
        group.close()?;
    }
    writer.into_inner()
}

fn column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.expect("BUG: a schema of fewer columns");
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

/// Reads a table: its IDs, and what it says of them.
pub(super) fn read(path: &Path, meaning: Meaning) -> Result<(Vec<String>, Cells), AnswersError> {
    let file = fs::open(path)?;
    let rows = catch_unwind(AssertUnwindSafe(|| {
        let reader = SerializedFileReader::new(file)?;
        check(reader.metadata())?;
        let names = reader.metadata().file_metadata().schema().get_fields().iter();
        let names: Vec<String> = names.map(|field| field.name().to_owned()).collect();
        let rows: Vec<Row> = reader.get_row_iter(None)?.collect::<Result<_, _>>()?;
        Ok((names, rows))
    }));
    // The crate's reader panics on some damaged files where it should give an error.
    let rows = rows.map_err(|_| AnswersError::ParquetDamaged { path: path.to_owned() })?;
    let (names, rows) = rows.map_err(|source| AnswersError::Parquet { path: path.to_owned(), source })?;
    Reading::of(path, &names, meaning)?.read(rows)
}

/// Refuses what the crate asserts: columns that start before the file.
fn check(metadata: &ParquetMetaData) -> Result<(), ParquetError> {
    let columns = metadata.row_groups().iter().flat_map(|group| group.columns());
    let before = |column: &ColumnChunkMetaData| {
        let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        start < 0 || column.compressed_size() < 0
    };
    match columns.into_iter().any(before) {
        true => Err(ParquetError::General("a column of negative place or size".into())),
        false => Ok(()),
    }
}

/// Which column is what.
struct Reading<'a> {
    path: &'a Path,
    names: &'a [String],
    id: usize,
    target: Option<usize>,
    others: Vec<usize>,
    meaning: Meaning,
}

impl<'a> Reading<'a> {
    fn of(path: &'a Path, names: &'a [String], meaning: Meaning) -> Result<Self, AnswersError> {
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        let found = || super::error::some(names);
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(AnswersError::TwiceAColumn { path: path.to_owned(), column: name.clone() });
            }
        }
        let id = place("key").or_else(|| place("ID"));
        let id = id.ok_or_else(|| AnswersError::NoIds { path: path.to_owned(), found: found() })?;
        let target = place("target");
        let other = |name: &str| !["", "ID", "key", "target"].contains(&name) && !name.starts_with(PANDAS_INDEX);
        let others: Vec<usize> = (0..names.len()).filter(|at| other(&names[*at])).collect();
        if target.is_none() && others.is_empty() {
            return Err(AnswersError::NoValues { path: path.to_owned(), found: found() });
        }
        Ok(Self { path, names, id, target, others, meaning })
    }

    fn read(mut self, rows: Vec<Row>) -> Result<(Vec<String>, Cells), AnswersError> {
        let rows: Vec<Vec<Field>> =
            rows.into_iter().map(|row| row.into_columns().into_iter().map(|(_, field)| field).collect()).collect();
        if self.target.is_some() {
            // Beside a target, what is no number is a note.
            self.others.retain(|at| rows.iter().all(|row| numbers(&row[*at]).is_some_and(|all| all.len() == 1)));
        }
        let (mut ids, mut targets, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut widths = vec![];
        for (place, row) in rows.iter().enumerate() {
            let cell = |at: usize, expected| self.cell(place, at, &row[at], expected);
            ids.push(text(&row[self.id]).ok_or_else(|| cell(self.id, "a text"))?);
            if let Some(at) = self.target {
                targets.push(text(&row[at]).ok_or_else(|| cell(at, "a class"))?);
            }
            for at in &self.others {
                let all = numbers(&row[*at]).ok_or_else(|| cell(*at, "a number"))?;
                widths.push(all.len());
                values.extend(all);
            }
        }
        let single = |row: &Vec<Field>| self.others.iter().all(|at| is_single(&row[*at]));
        let single = rows.iter().all(single);
        let mut meaning = self.meaning;
        let columns = match (&self.others[..], widths.first()) {
            ([list], Some(width)) if ["probs", "probabilities", "logits"].contains(&self.names[*list].as_str()) => {
                if let Some(place) = widths.iter().position(|one| one != width) {
                    return Err(self.cell(place, *list, &rows[place][*list], "a list as long as the first row's"));
                }
                if self.names[*list] == "logits" {
                    meaning = Meaning::Logits;
                }
                Columns::Nameless(*width)
            }
            _ => {
                if let Some(place) = widths.iter().position(|one| *one != 1) {
                    let (row, at) = (place / self.others.len(), self.others[place % self.others.len()]);
                    return Err(self.cell(row, at, &rows[row][at], "a number"));
                }
                Columns::Named(self.others.iter().map(|at| self.names[*at].clone()).collect())
            }
        };
        let targets = self.target.is_some().then_some(targets);
        Ok((ids, Cells { rows: rows.len(), targets, columns, values, meaning, single }))
    }

    fn cell(&self, row: usize, at: usize, field: &Field, expected: &'static str) -> AnswersError {
        let found = match field {
            Field::Null => "nothing (null)".to_owned(),
            field => format!("'{field}'"),
        };
        AnswersError::Cell { path: self.path.to_owned(), row: row + 1, column: self.names[at].clone(), expected, found }
    }
}

/// A number, or those of a list.
fn numbers(field: &Field) -> Option<Vec<f64>> {
    match field {
        Field::ListInternal(list) => list.elements().iter().map(number).collect(),
        field => number(field).map(|number| vec![number]),
    }
}

fn number(field: &Field) -> Option<f64> {
    Some(match field {
        Field::Double(value) => *value,
        Field::Float(value) => f64::from(*value),
        Field::Float16(value) => f64::from(*value),
        Field::Byte(value) => f64::from(*value),
        Field::Short(value) => f64::from(*value),
        Field::Int(value) => f64::from(*value),
        Field::Long(value) => *value as f64,
        Field::UByte(value) => f64::from(*value),
        Field::UShort(value) => f64::from(*value),
        Field::UInt(value) => f64::from(*value),
        Field::ULong(value) => *value as f64,
        _ => return None,
    })
}

/// A text, or a whole number as one.
fn text(field: &Field) -> Option<String> {
    match field {
        Field::Str(text) => Some(text.clone()),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).ok().map(str::to_owned),
        Field::Long(value) => Some(value.to_string()),
        Field::ULong(value) => Some(value.to_string()),
        field => number(field).filter(|value| value.is_finite()).map(|value| value.to_string()),
    }
}

fn is_single(field: &Field) -> bool {
    match field {
        Field::ListInternal(list) => list.elements().iter().all(is_single),
        field => matches!(field, Field::Float(_) | Field::Float16(_)),
    }
}

#[cfg(test)]
mod tests;
