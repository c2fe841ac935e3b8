use super::*;
use proptest::prelude::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn sample(&self, text: &str) -> Sample {
        std::fs::write(self.path("sample.csv"), text).unwrap();
        Sample::read(&self.path("sample.csv")).unwrap()
    }

    fn file(&self, sample: &Sample, text: &str) -> Result<usize, String> {
        std::fs::write(self.path("s.csv"), text).unwrap();
        self.said(check_file(&self.path("s.csv"), sample, Some(&classes())))
    }

    fn said(&self, result: Result<usize, SubmissionError>) -> Result<usize, String> {
        result.map_err(|error| error.to_string().replace(&format!("{}/", self.0.path().display()), ""))
    }
}

fn classes() -> Classes {
    Classes(vec![(0, "계약서".into()), (3, "form".into()), (11, "receipt".into())])
}

fn rows(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(id, target)| ((*id).to_owned(), (*target).to_owned())).collect()
}

const SAMPLE: &str = "\u{feff}ID,target\r\nc.jpg,0\r\na.jpg,0\r\nb.jpg,0\r\n";

#[test]
fn a_submission_has_the_samples_rows_in_its_order() {
    let folder = Folder::new();
    let sample = folder.sample(SAMPLE);
    assert!(sample.has_numbers() && sample.ids() == ["c.jpg", "a.jpg", "b.jpg"]);
    let path = folder.path("out/sub.csv");
    let answers = rows(&[("a.jpg", "3"), ("b.jpg", "11"), ("c.jpg", "0")]);
    assert_eq!(folder.said(write(&path, &answers, Some(&sample), Some(&classes()))), Ok(3));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "ID,target\nc.jpg,0\na.jpg,3\nb.jpg,11\n");
    assert_eq!(folder.said(check_file(&path, &sample, Some(&classes()))), Ok(3));
    // Without a sample the rows stay as they are.
    assert_eq!(folder.said(write(&path, &answers, None, None)), Ok(3));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "ID,target\na.jpg,3\nb.jpg,11\nc.jpg,0\n");
}

#[test]
fn all_that_is_wrong_is_one_error_and_nothing_is_written() {
    let folder = Folder::new();
    let sample = folder.sample(SAMPLE);
    let path = folder.path("sub.csv");
    let answers = rows(&[("b.jpg", "3"), ("a.jpg", "7"), ("x.jpg", "form"), ("b.jpg", "0")]);
    assert_eq!(
        folder.said(check(&path, &answers, &sample, Some(&classes()))),
        Err("sub.csv is no answer to sample.csv:\n  1 ID is missing: c.jpg\n  1 ID was not asked for: x.jpg\n  1 ID stands \
             twice: b.jpg\n  2 rows are not in the sample's order, the first of them row 1: b.jpg where a.jpg is expected\n  \
             2 targets are no class number: '7' (a.jpg), 'form' (x.jpg)"
            .to_owned())
    );
    assert!(write(&path, &answers, Some(&sample), None).is_err() && !path.exists());
    // A long list is cut short.
    let many: Vec<(String, String)> = (0..9).map(|at| (format!("{at}"), "0".to_owned())).collect();
    let error = folder.said(check(&path, &many, &sample, None)).unwrap_err();
    assert!(
        error.contains("3 IDs are missing: c.jpg, a.jpg, b.jpg\n  9 IDs were not asked for: 0, 1, 2, 3, 4, …"),
        "{error}"
    );
}

#[test]
fn a_file_of_another_program_is_checked() {
    let folder = Folder::new();
    let sample = folder.sample(SAMPLE);
    assert_eq!(folder.file(&sample, "\u{feff}target,ID\r\n3,c.jpg\r\n3.0,a.jpg\r\n 0 ,b.jpg\r\n"), Ok(3));
    let order = folder.file(&sample, "ID,target\na.jpg,0\nb.jpg,0\nc.jpg,0\n").unwrap_err();
    assert!(
        order.ends_with("3 rows are not in the sample's order, the first of them row 1: a.jpg where c.jpg is expected")
    );
    let names = folder.file(&sample, "ID,target\nc.jpg,form\na.jpg,0\nb.jpg,0\n").unwrap_err();
    assert!(names.ends_with("1 target is no class number: 'form' (c.jpg)"), "{names}");
    let twice = folder.file(&sample, "ID,target\nc.jpg,0\na.jpg,0\na.jpg,0\nb.jpg,0\n").unwrap_err();
    assert!(twice.contains("s.csv:4: the ID 'a.jpg' stands already in line 3"), "{twice}");
    let table = folder.file(&sample, "ID,0,3\nc.jpg,0.5,0.5\n").unwrap_err();
    assert_eq!(table, "s.csv is no submission: expected the header ID,target, found ID,0,3");
}

#[test]
fn a_sample_of_names_wants_names() {
    let folder = Folder::new();
    let sample = folder.sample("ID,target\na,form\nb,form\n");
    assert_eq!(folder.file(&sample, "ID,target\na,receipt\nb,계약서\n"), Ok(2));
    let error = folder.file(&sample, "ID,target\na,receipt\nb,3\n").unwrap_err();
    assert!(error.ends_with("1 target is no class name: '3' (b)"), "{error}");
    std::fs::write(folder.path("empty.csv"), "ID,target\n").unwrap();
    assert_eq!(folder.said(Sample::read(&folder.path("empty.csv")).map(|_| 0)), Err("empty.csv has no row".to_owned()));
}

proptest! {
    // Every case flushes a file to the disk.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_in_any_order_become_the_samples(order in Just((0..12).collect::<Vec<u32>>()).prop_shuffle()) {
        let folder = Folder::new();
        let text: String = order.iter().map(|id| format!("{id}.jpg,0\n")).collect();
        let sample = folder.sample(&format!("ID,target\n{text}"));
        let answers: Vec<(String, String)> = (0..12).map(|id| (format!("{id}.jpg"), "3".to_owned())).collect();
        let path = folder.path("s.csv");
        prop_assert_eq!(folder.said(write(&path, &answers, Some(&sample), Some(&classes()))), Ok(12));
        prop_assert_eq!(folder.said(check_file(&path, &sample, Some(&classes()))), Ok(12));
        let in_order = order.windows(2).all(|pair| pair[0] < pair[1]);
        prop_assert_eq!(check(&path, &answers, &sample, None).is_ok(), in_order);
    }
}
