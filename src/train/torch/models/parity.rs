//! Every network against its reference, by `tests/train/parity.json`; `parity.py` beside it says how the numbers were made.

use super::{Architecture, Network, Options};
use serde::Deserialize;
use std::collections::BTreeMap;
use tch::{Device, Tensor, nn};

#[derive(Deserialize)]
struct Fixture {
    classes: i64,
    scripted: Vec<Vec<f32>>,
    networks: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    name: String,
    parameters: i64,
    momentum: Option<f64>,
    entries: usize,
    names: String,
    logits: BTreeMap<String, Vec<Vec<f32>>>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../../../tests/train/parity.json")).unwrap()
}

fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |value, byte| (value ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

/// Numbers in [-1, 1) that depend on the name and the position alone.
fn noise(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let mut state = fnv(name);
    (0..count).map(move |_| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 40) as f64 / 8_388_608.0 - 1.0
    })
}

fn fill(name: &str, tensor: &Tensor) {
    let shape = tensor.size();
    let (offset, scale) = if name.ends_with("layer_scale") {
        (0.3, 0.1)
    } else if shape.len() > 1 {
        (0.0, (6.0 / shape[1..].iter().product::<i64>() as f64).sqrt())
    } else if name.ends_with("bn3.weight") {
        (0.1, 0.02)
    } else if name.ends_with("weight") {
        (0.5, 0.1)
    } else {
        (0.0, 0.1)
    };
    let values: Vec<f32> = noise(name, tensor.numel()).map(|u| (offset + scale * u) as f32).collect();
    tch::no_grad(|| tensor.shallow_clone().copy_(&Tensor::from_slice(&values).reshape(shape)));
}

/// Two images `[2, 3, size, size]`.
pub(super) fn images(size: usize) -> Tensor {
    let cells = size / 8;
    let blocks: Vec<f64> = noise(&format!("blocks {size}"), 6 * cells * cells).collect();
    let pixels: Vec<f32> = noise(&format!("pixels {size}"), 6 * size * size)
        .enumerate()
        .map(|(i, u)| {
            let (plane, y, x) = (i / (size * size), i / size % size, i % size);
            (blocks[(plane * cells + y / 8) * cells + x / 8] + 0.5 * u) as f32
        })
        .collect();
    Tensor::from_slice(&pixels).reshape([2, 3, size as i64, size as i64])
}

pub(super) fn expected_of_the_script() -> Tensor {
    tensor(&fixture().scripted)
}

fn tensor(rows: &[Vec<f32>]) -> Tensor {
    Tensor::from_slice(&rows.concat()).reshape([rows.len() as i64, -1])
}

struct Subject {
    network: Network,
    store: nn::VarStore,
    momentum: Option<f64>,
}

impl Subject {
    /// Logits of a pass in train mode that leaves running statistics of these images.
    fn calibrate(&self, images: &Tensor) -> Tensor {
        let buffers = || {
            let all: BTreeMap<String, Tensor> = self.store.variables().into_iter().collect();
            all.into_iter().filter(|(name, _)| is_buffer(name))
        };
        buffers().for_each(|(_, mut buffer)| drop(buffer.zero_()));
        let logits = self.network.forward_t(images, true);
        for (name, mut buffer) in buffers() {
            let mut calibrated = buffer.shallow_clone() / self.momentum.expect("a network with norms has a momentum");
            if name.ends_with("running_var") {
                calibrated = &calibrated + 0.05 * calibrated.mean(None);
            }
            buffer.copy_(&calibrated);
        }
        logits
    }
}

/// Whether an entry of a state dict is no parameter: BatchNorm's running statistics, and what it counts.
pub(super) fn is_buffer(name: &str) -> bool {
    ["running_mean", "running_var", "num_batches_tracked"].iter().any(|buffer| name.ends_with(buffer))
}

/// The largest difference, relative to the largest logit, of each state.
fn errors(row: &Architecture, classes: i64, reference: &Reference) -> BTreeMap<String, f64> {
    let store = nn::VarStore::new(Device::Cpu);
    let drop_path = row.drop_path.map(|_| 0.0);
    let options = Options { drop_rate: Some(0.0), drop_path, bifpn: None };
    let network = row.build(&store, classes, &options).unwrap();

    let variables: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
    let line = |(name, tensor): (&String, &Tensor)| {
        let shape: Vec<String> = tensor.size().iter().map(i64::to_string).collect();
        format!("{name} {}\n", shape.join(","))
    };
    let mut lines: Vec<String> = variables.iter().map(line).collect();
    lines.sort();
    assert_eq!(lines.len(), reference.entries, "{}: entries of the state dict", row.name);
    assert_eq!(format!("{:016x}", fnv(&lines.concat())), reference.names, "{}:\n{}", row.name, lines.concat());

    let count = |name: &String, tensor: &Tensor| if is_buffer(name) { 0 } else { tensor.numel() as i64 };
    let parameters: i64 = variables.iter().map(|(name, tensor)| count(name, tensor)).sum();
    let of_more_classes = (1000 - classes) * (network.width().unwrap() + 1);
    assert_eq!(parameters + of_more_classes, reference.parameters, "{}: parameters", row.name);
    assert_eq!(row.parameters, reference.parameters, "{}: the table", row.name);

    variables.iter().filter(|(name, _)| !is_buffer(name)).for_each(|(name, tensor)| fill(name, tensor));
    let subject = Subject { network, store, momentum: reference.momentum };
    let (small, large) = (images(64), images(96));
    let run = |images: &Tensor, train: bool| subject.network.forward_t(images, train);
    let mut logits = BTreeMap::new();
    tch::no_grad(|| {
        logits.insert("train 64", subject.calibrate(&small));
        logits.insert("eval 64", run(&small, false));
        logits.insert("train 96", run(&large, true));
        logits.insert("moved 64", run(&small, false));
        let _ = subject.calibrate(&large);
        logits.insert("eval 96", run(&large, false));
    });

    // The answer depends on the image, by 200 times the tolerance: otherwise agreement would say nothing.
    for state in ["eval 64", "eval 96"] {
        let ours = &logits[state];
        let scale = ours.abs().max().double_value(&[]);
        let apart = (ours.get(0) - ours.get(1)).abs().max().double_value(&[]) / scale;
        assert!(apart > 0.02, "{} {state}: two images give logits only {apart} apart", row.name);
    }
    assert!(reference.logits.keys().map(String::as_str).eq(logits.keys().copied()));
    let compare = |(state, ours): (&&str, &Tensor)| {
        let theirs = tensor(&reference.logits[*state]);
        let error = (ours - &theirs).abs().max() / theirs.abs().max();
        (state.to_string(), error.double_value(&[]))
    };
    logits.iter().map(compare).collect()
}

/// Holds the rows of a family against the reference, within 1e-4.
fn check(family: &str) {
    tch::set_num_threads(1);
    let fixture = fixture();
    let rows: Vec<&Architecture> = Architecture::ALL.iter().filter(|row| row.name.starts_with(family)).collect();
    assert!(!rows.is_empty());
    for row in rows {
        let reference = fixture.networks.iter().find(|network| network.name == row.name);
        let errors = errors(row, fixture.classes, reference.expect("every row has a reference"));
        let worst = errors.values().copied().fold(0.0, f64::max);
        println!("{:24} {worst:.1e}", row.name);
        for (state, error) in errors {
            assert!(error < 1e-4, "{} {state}: relative error {error:.1e}", row.name);
        }
    }
}

macro_rules! families {
    ($($test:ident $prefix:literal)*) => {
        $(#[test] fn $test() { check($prefix); })*

        #[test]
        fn every_row_is_checked_once_and_every_reference_has_a_row() {
            let prefixes = [$($prefix),*];
            for row in Architecture::ALL {
                let times = prefixes.iter().filter(|prefix| row.name.starts_with(**prefix)).count();
                assert_eq!(times, 1, "{}", row.name);
            }
            assert_eq!(fixture().networks.len(), Architecture::ALL.len());
        }
    };
}

families! {
    resnet_equals_torchvision "resnet"
    densenet_equals_torchvision "densenet"
    mobilenet_v2_equals_torchvision "mobilenet_v2"
    mobilenet_v3_equals_torchvision "mobilenet_v3"
    efficientnet_equals_torchvision "efficientnet_b"
    efficientnet_lite_equals_timm "efficientnet_lite"
    tf_efficientnet_lite_equals_timm "tf_efficientnet_lite"
    convnext_equals_torchvision "convnext"
    shufflenet_equals_torchvision "shufflenet"
    squeezenet_equals_torchvision "squeezenet"
}
