//! Batches: their order, their content, and how they end.

use super::*;
use crate::dataset::testing::{HOLDOUT, House};
use crate::dataset::{Backing, Dataset};
use crate::pixels::Size;
use crate::shard::Pixels;
use crate::source::Classes;
use crate::store::Resolved;
use crate::train::input::{Dihedral, Fit, IMAGENET_MEAN, IMAGENET_STD, Interpolation, Scratch, View};

fn input() -> Input {
    let fit = Fit::Pad { fill: [255; 3] };
    Input::new(Size::new(20, 16), fit, IMAGENET_MEAN, IMAGENET_STD, Interpolation::Bilinear).unwrap()
}

fn version() -> (House, Resolved) {
    let house = House::new();
    let version = house.build(HOLDOUT, Pixels::Keep, "v1");
    (house, version)
}

/// A batch as plain values.
type Plain = (Vec<usize>, Vec<f32>, Vec<f32>);

fn plain(batch: &Batch) -> Plain {
    (batch.indices.clone(), batch.labels.clone(), batch.pixels.clone())
}

fn all(loader: &Loader, dataset: &Arc<Dataset>, course: Course) -> Vec<Plain> {
    loader.load(dataset, &input(), course).unwrap().map(|batch| plain(&batch.unwrap())).collect()
}

#[test]
fn batches_hold_what_the_dataset_has_in_the_order_of_the_course() {
    let (house, version) = version();
    let train = Arc::new(house.split(&version, Backing::Stored, "train"));
    let course = Course::shuffled(16, 5, 2);
    let batches = all(&Loader::new(2, 3).unwrap(), &train, course.clone());
    assert_eq!(batches.iter().map(|batch| batch.0.len()).collect::<Vec<_>>(), [16, 16, 16, 16, 16, 10]);
    let order: Vec<u32> = batches.iter().flat_map(|batch| &batch.0).map(|index| *index as u32).collect();
    assert_eq!(order, course.order.indices(90));
    let (mut scratch, mut buffer, mut label) = (Scratch::default(), Vec::new(), [0.0; 3]);
    let input = input();
    let mut expected = vec![0.0; input.numbers()];
    for (indices, labels, pixels) in &batches {
        let rows = labels.chunks(3).zip(pixels.chunks(input.numbers()));
        for (index, (labels, pixels)) in indices.iter().zip(rows) {
            train.write_label(*index, &mut label);
            assert_eq!(labels, label);
            input.write(&train.image(*index, &mut buffer).unwrap(), &View::SAME, &mut scratch, &mut expected);
            assert_eq!(pixels, expected);
        }
    }
}

#[test]
fn neither_threads_nor_room_nor_backing_reach_a_batch() {
    let (house, version) = version();
    let train = Arc::new(house.split(&version, Backing::Stored, "train"));
    let expected = all(&Loader::new(1, 1).unwrap(), &train, Course::shuffled(7, 1, 0));
    for (threads, ahead) in [(1, 4), (2, 1), (3, 8), (8, 3)] {
        let loader = Loader::new(threads, ahead).unwrap();
        assert_eq!(all(&loader, &train, Course::shuffled(7, 1, 0)), expected, "{threads} threads");
    }
    let streamed = Arc::new(house.split(&version, Backing::Streamed, "train"));
    assert_eq!(all(&Loader::new(2, 2).unwrap(), &streamed, Course::shuffled(7, 1, 0)), expected);
    assert_ne!(all(&Loader::new(2, 2).unwrap(), &train, Course::shuffled(7, 1, 1)), expected);
}

#[test]
fn a_pass_that_skips_is_the_rest_of_one_that_does_not() {
    let (house, version) = version();
    let train = Arc::new(house.split(&version, Backing::Stored, "train"));
    let loader = Loader::new(2, 3).unwrap();
    for last in [Last::Keep, Last::Drop] {
        let course = Course { last, ..Course::shuffled(16, 9, 4) };
        let whole = all(&loader, &train, course.clone());
        assert_eq!(whole.len(), if last == Last::Keep { 6 } else { 5 });
        for skip in [0, 1, 4, 5, 6, 9] {
            let rest = all(&loader, &train, Course { skip, ..course.clone() });
            assert_eq!(rest, whole[skip.min(whole.len())..], "{skip}");
        }
        assert_eq!(loader.load(&train, &input(), Course { skip: 2, ..course }).unwrap().total(), whole.len());
    }
}

#[test]
fn views_of_a_sample_lie_side_by_side() {
    let (house, version) = version();
    let val = Arc::new(house.split(&version, Backing::Stored, "val"));
    let loader = Loader::new(2, 2).unwrap();
    let views = View::all(&[Dihedral::Same, Dihedral::Turn90], &[1.0, 1.2]).unwrap();
    let together = all(&loader, &val, Course { views: views.clone(), ..Course::listed(4) });
    let numbers = input().numbers();
    for (number, view) in views.iter().enumerate() {
        let alone = all(&loader, &val, Course { views: vec![*view], ..Course::listed(4) });
        for (together, alone) in together.iter().zip(&alone) {
            assert_eq!((&together.0, &together.1), (&alone.0, &alone.1));
            let of_view = together.2.chunks(numbers).skip(number).step_by(4).flatten();
            assert!(of_view.eq(&alone.2), "{view}");
        }
    }
    assert_eq!(together.len(), 2);
}

#[test]
fn the_first_error_in_order_ends_a_pass_and_names_sample_and_file() {
    let (house, version) = version();
    let tar = house.tars(&version, "train").remove(0);
    let train = Arc::new(house.split(&version, Backing::Stored, "train"));
    let course = Course::shuffled(8, 3, 0);
    let mut bad = std::fs::read(&tar).unwrap();
    // Two samples, the 30th and the 43rd of the pass: which is damaged first in time must not matter.
    let order = course.order.indices(train.len());
    let keys = [29, 42].map(|place| train.id(order[place] as usize));
    for key in &keys {
        let name = format!("{key}.jpg");
        let at = bad.windows(name.len()).position(|part| part == name.as_bytes()).unwrap();
        bad[at + 512 + 20] ^= 1;
    }
    std::fs::write(&tar, bad).unwrap();
    for threads in [1, 3] {
        let loader = Loader::new(threads, 8).unwrap();
        let mut batches = loader.load(&train, &input(), course.clone()).unwrap();
        for number in 0..3 {
            assert_eq!(batches.next().unwrap().unwrap().indices.len(), 8, "{number}");
        }
        let error = batches.next().unwrap().unwrap_err().to_string();
        assert!(error.starts_with(&format!("sample {} in {} was changed", keys[0], tar.display())), "{error}");
        assert!(batches.next().is_none() && batches.next().is_none());
    }
}

#[test]
fn a_pass_that_is_dropped_leaves_no_thread_and_no_lock() {
    let (house, version) = version();
    for taken in [0, 1, 3] {
        let train = Arc::new(house.split(&version, Backing::Streamed, "train"));
        let loader = Loader::new(2, 4).unwrap();
        let mut batches = loader.load(&train, &input(), Course::shuffled(8, 3, 0)).unwrap();
        for _ in 0..taken {
            batches.next().unwrap().unwrap();
        }
        drop(batches);
        assert_eq!(Arc::strong_count(&train), 1);
        drop(train);
        let holder = crate::store::Holder::this_process("evict", String::new());
        let stopped = house.datasets().evict(&version, &holder, |_| Err("nobody reads it".into())).unwrap_err();
        assert!(stopped.to_string().ends_with("nobody reads it"), "{stopped}");
    }
}

#[test]
fn memory_goes_round() {
    let (house, version) = version();
    let train = Arc::new(house.split(&version, Backing::Stored, "train"));
    let loader = Loader::new(1, 1).unwrap();
    let addresses = |course: Course| -> std::collections::BTreeSet<*const f32> {
        loader.load(&train, &input(), course).unwrap().map(|batch| batch.unwrap().pixels.as_ptr()).collect()
    };
    // One batch is with us, one waits; and so it is in the next pass.
    let mut all = addresses(Course::shuffled(10, 1, 0));
    all.extend(addresses(Course::shuffled(10, 1, 1)));
    assert!(all.len() <= 2, "{all:?}");
}

#[test]
fn what_is_waited_for_is_counted_and_unlabelled_images_have_no_labels() {
    let (house, version) = version();
    let streamed = Arc::new(house.split(&version, Backing::Streamed, "train"));
    let loader = Loader::new(1, 1).unwrap();
    let mut batches = loader.load(&streamed, &input(), Course::listed(45)).unwrap();
    assert_eq!(batches.waited(), Duration::ZERO);
    batches.next().unwrap().unwrap();
    assert!(batches.waited() > Duration::ZERO);
    let folder = Arc::new(Dataset::of_folder(&house.path("images"), Classes::default()).unwrap());
    let batch = loader.load(&folder, &input(), Course::listed(30)).unwrap().next().unwrap().unwrap();
    assert_eq!((batch.indices.len(), batch.labels.len(), batch.pixels.len()), (24, 0, 24 * input().numbers()));
}
