//! What the loop and the evaluation are fed: batches of tensors, from images or from features that were computed before.
//!
//! Whoever takes a batch cannot tell which of the two it is: with a frozen backbone the network's input is what the backbone
//! said of each image, else the image. Order, batches and labels are the same either way ([`Course`]).

use crate::dataset::Dataset;
use crate::train::input::{Input, View};
use crate::train::loader::{Batches, Course, LoadError, Loader};
use std::sync::Arc;
use std::time::Duration;
use tch::{Device, Tensor};

/// Samples, ready to be gone through any number of times.
pub struct Feed {
    dataset: Arc<Dataset>,
    from: From,
    device: Device,
}

enum From {
    Images {
        loader: Arc<Loader>,
        input: Input,
    },
    /// `[n, d]` f32, in the dataset's order, on the device; and `[n, classes]`.
    Features {
        features: Tensor,
        labels: Tensor,
    },
}

/// A batch.
#[derive(Debug)]
pub struct Fed {
    /// Images `[n · views, 3, h, w]` or features `[n, d]`; f32, on the device.
    pub x: Tensor,
    /// Soft labels `[n, classes]` f32, on the device; zeros where nothing is known.
    pub y: Tensor,
    /// Which samples of the dataset, n.
    pub indices: Vec<usize>,
}

/// A pass: batches in their order, and then `None`.
pub enum Pass<'a> {
    /// Decoded on the loader's threads.
    Images(Box<Batches>, Device),
    /// Taken from a tensor.
    Features {
        /// All features.
        features: &'a Tensor,
        /// All labels.
        labels: &'a Tensor,
        /// Samples in the order of the pass.
        order: Vec<u32>,
        /// Samples of a batch.
        batch: usize,
        /// The next batch, and the one after the last.
        next: usize,
        /// See `next`.
        end: usize,
    },
}

impl Feed {
    /// Images, decoded anew in each pass.
    pub fn images(dataset: Arc<Dataset>, loader: Arc<Loader>, input: Input, device: Device) -> Self {
        Self { dataset, from: From::Images { loader, input }, device }
    }

    /// Features `[n, d]`, one row for each sample of the dataset.
    ///
    /// # Panics
    /// When there are more or fewer rows than samples.
    pub fn features(dataset: Arc<Dataset>, features: &Tensor, device: Device) -> Self {
        assert_eq!(features.size()[0], dataset.len() as i64, "BUG: a row for each sample");
        let labels = labels(&dataset).to_device(device);
        let features = features.to_device(device);
        Self { dataset, from: From::Features { features, labels }, device }
    }

    /// What is gone through.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// Whether views of an image can be asked for: features are of one view.
    pub fn has_views(&self) -> bool {
        matches!(self.from, From::Images { .. })
    }

    /// Begins a pass.
    ///
    /// # Errors
    /// When the loader's threads cannot be started.
    ///
    /// # Panics
    /// When features are asked for in another view than they were computed in.
    pub fn pass(&self, course: Course) -> Result<Pass<'_>, LoadError> {
        match &self.from {
            From::Images { loader, input } => {
                Ok(Pass::Images(Box::new(loader.load(&self.dataset, input, course)?), self.device))
            }
            From::Features { features, labels } => {
                assert_eq!(course.views, [View::SAME], "BUG: features have one view");
                let order = course.order.indices(self.dataset.len());
                let end = course.batches(order.len());
                Ok(Pass::Features { features, labels, order, batch: course.batch, next: course.skip, end })
            }
        }
    }
}

impl Pass<'_> {
    /// How long the pass has waited for data.
    pub fn waited(&self) -> Duration {
        match self {
            Self::Images(batches, _) => batches.waited(),
            Self::Features { .. } => Duration::ZERO,
        }
    }
}

impl Iterator for Pass<'_> {
    type Item = Result<Fed, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Images(batches, device) => {
                let batch = match batches.next()? {
                    Ok(batch) => batch,
                    Err(error) => return Some(Err(error)),
                };
                let size = batches.input().size();
                let shape = [-1, 3, i64::from(size.height), i64::from(size.width)];
                let x = channels_last(&Tensor::from_slice(&batch.pixels).view(shape).to_device(*device));
                let rows = batch.indices.len() as i64;
                let y = Tensor::from_slice(&batch.labels).view([rows, -1]).to_device(*device);
                Some(Ok(Fed { x, y, indices: batch.indices.clone() }))
            }
            Self::Features { features, labels, order, batch, next, end } => {
                if next >= end {
                    return None;
                }
                let from = *next * *batch;
                let chosen = &order[from..order.len().min(from + *batch)];
                *next += 1;
                let rows: Vec<i64> = chosen.iter().map(|row| i64::from(*row)).collect();
                let rows = Tensor::from_slice(&rows).to_device(features.device());
                let (x, y) = (features.index_select(0, &rows), labels.index_select(0, &rows));
                Some(Ok(Fed { x, y, indices: chosen.iter().map(|row| *row as usize).collect() }))
            }
        }
    }
}

/// The same images `[n, 3, h, w]`, with the channels of a pixel side by side in memory: what comes of them keeps that order, in
/// which libtorch's convolutions are 1.1 (resnet18) to 1.6 times (efficientnet_lite0) as fast on a CPU.
fn channels_last(images: &Tensor) -> Tensor {
    images.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

/// Soft labels of a dataset, `[n, classes]` f32.
pub fn labels(dataset: &Dataset) -> Tensor {
    let classes = dataset.classes().0.len();
    let mut all = vec![0.0; dataset.len() * classes];
    for (index, row) in all.chunks_exact_mut(classes).enumerate() {
        dataset.write_label(index, row);
    }
    Tensor::from_slice(&all).view([-1, classes as i64])
}
