//! `augmint sample-data`: draws a data set to try augmint on.

use crate::sample_data::{SampleDataError, Scale, Summary, write};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::process::ExitCode;

/// Draw a small data set of documents to try augmint on
///
/// Writes 17 uneven classes (forms, tables, letters, receipts, cards, plates, dials…) in a contest's format:
/// DIR/train/*.jpg, train.csv, meta.csv and groups.csv. The images are drawn, not downloaded, and are the same bytes on
/// every machine. Pages of one document share a group. A larger scale adds images to a folder and changes none.
#[derive(clap::Args, Debug)]
pub struct SampleData {
    /// Folder to draw into: new, empty, or drawn by this command before
    pub dir: PathBuf,
    /// How many: quick (157 images), full (1,570, as many as the contest has), or a share of full such as 0.5
    #[arg(long, default_value = "quick")]
    pub scale: Scale,
    /// Print one JSON object with dir, images, classes, groups and drawn
    #[arg(long)]
    pub json: bool,
}

impl SampleData {
    /// Draws, and says what is there and what to type next.
    ///
    /// # Errors
    /// As [`sample_data::write`](crate::sample_data::write()).
    pub fn run(&self) -> Result<ExitCode, SampleDataError> {
        let style = ProgressStyle::with_template("drawing {bar:30} {pos}/{len} images, {eta} left")
            .expect("BUG: a progress template that does not parse");
        let bar = ProgressBar::new(0).with_style(style);
        let summary = write(&self.dir, self.scale, |_, of| {
            bar.set_length(of as u64);
            bar.inc(1);
        })?;
        bar.finish_and_clear();
        if self.json {
            println!("{}", json(&summary));
        } else {
            println!("{}", self.sentence(&summary));
        }
        eprintln!("next: augmint build recipes/quickstart.toml");
        Ok(ExitCode::SUCCESS)
    }

    fn sentence(&self, summary: &Summary) -> String {
        let Summary { images, classes, groups, drawn, .. } = summary;
        let holds = format!("{images} images of {classes} classes, pages of {groups} documents");
        let dir = self.dir.display();
        match drawn {
            0 => format!("{dir} is complete already: {holds}. Nothing was drawn."),
            _ if drawn < images => format!("drew {drawn} more images into {dir}: now {holds}"),
            _ => format!("drew {dir}: {holds}"),
        }
    }
}

fn json(summary: &Summary) -> serde_json::Value {
    let Summary { dir, images, classes, groups, drawn } = summary;
    // A path that is no Unicode has no exact JSON; the text shown to people will do.
    let dir = dir.display().to_string();
    serde_json::json!({ "dir": dir, "images": images, "classes": classes, "groups": groups, "drawn": drawn })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        command: SampleData,
    }

    fn parse(arguments: &[&str]) -> Result<SampleData, clap::Error> {
        Line::try_parse_from([&["sample-data"], arguments].concat()).map(|line| line.command)
    }

    #[test]
    fn the_scale_is_quick_unless_given() {
        assert_eq!(parse(&["d"]).unwrap().scale, Scale::QUICK);
        assert_eq!(parse(&["d", "--scale", "full"]).unwrap().scale, Scale::FULL);
        let error = parse(&["d", "--scale", "huge"]).unwrap_err().to_string();
        assert!(error.contains("'huge' is not a scale"), "{error}");
        assert!(parse(&[]).is_err());
    }

    #[test]
    fn the_sentence_tells_a_first_run_from_a_repeat() {
        let command = parse(&["d"]).unwrap();
        let summary = |drawn| Summary { dir: "d".into(), images: 34, classes: 17, groups: 30, drawn };
        assert_eq!(command.sentence(&summary(34)), "drew d: 34 images of 17 classes, pages of 30 documents");
        assert!(command.sentence(&summary(4)).starts_with("drew 4 more images into d: now 34 images"));
        assert!(command.sentence(&summary(0)).starts_with("d is complete already: 34 images"));
    }

    #[test]
    fn json_is_one_object_on_one_line() {
        let summary = Summary { dir: "d".into(), images: 34, classes: 17, groups: 30, drawn: 0 };
        assert_eq!(json(&summary).to_string(), r#"{"classes":17,"dir":"d","drawn":0,"groups":30,"images":34}"#);
    }

    #[test]
    fn running_it_twice_succeeds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sample").to_string_lossy().into_owned();
        let command = parse(&[&path, "--scale", "0.01", "--json"]).unwrap();
        assert_eq!(command.run().unwrap(), ExitCode::SUCCESS);
        assert_eq!(command.run().unwrap(), ExitCode::SUCCESS);
        assert!(dir.path().join("sample/train.csv").exists());
    }
}
