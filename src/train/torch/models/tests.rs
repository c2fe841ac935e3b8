//! What a network can do beside answering: features, pyramid, freezing, the head, weight decay, a BiFPN.

use super::parity::is_buffer;
use super::*;
use crate::train::optimizer::Groups;
use crate::train::torch::variables;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

fn built(name: &str, options: &Options) -> (Network, nn::VarStore) {
    tch::set_num_threads(1);
    tch::manual_seed(7);
    let store = nn::VarStore::new(Device::Cpu);
    let network = name.parse::<Architecture>().unwrap().build(&store, 5, options).unwrap();
    (network, store)
}

fn images(n: i64, size: i64) -> Tensor {
    Tensor::randn([n, 3, size, size], CPU)
}

fn distance(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

fn copies(store: &nn::VarStore) -> BTreeMap<String, Tensor> {
    store.variables().into_iter().map(|(name, tensor)| (name, tensor.detach().copy())).collect()
}

/// What a network is trained by, by name; frozen ones too.
pub(super) fn parameters(store: &nn::VarStore) -> BTreeMap<String, Tensor> {
    variables::parameters(store).into_iter().map(|one| (one.name, one.tensor)).collect()
}

/// One small row of each family.
const SMALL: [&str; 9] = [
    "resnet18",
    "densenet121",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "efficientnet_b0",
    "tf_efficientnet_lite0",
    "convnext_tiny",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
];

#[test]
fn stages_cover_every_parameter_once_and_begin_with_the_head() {
    for name in SMALL {
        let (network, store) = built(name, &Options::default());
        let stages = network.stages();
        assert_eq!(stages[0], network.head());
        for variable in store.variables().into_keys().collect::<std::collections::BTreeSet<_>>() {
            let holders = stages.iter().filter(|names| names.iter().any(|prefix| is_under(&variable, prefix))).count();
            assert_eq!(holders, 1, "{name}: {variable}");
        }
        let head: Vec<String> =
            parameters(&store).into_keys().filter(|variable| network.stage_of(variable) == Some(0)).collect();
        assert_eq!(head.len(), 2, "{name}: weight and bias of the classifier, not {head:?}");
        assert!(head.iter().all(|variable| parameters(&store)[variable].size()[0] == 5), "{name}");
        assert!(stages.iter().all(|names| !names.is_empty()), "{name}: {stages:?}");
    }
}

#[test]
fn logits_follow_from_features_where_it_says_so() {
    for name in SMALL {
        let (network, _store) = built(name, &Options::default());
        let x = images(2, 64);
        let features = network.features(&x, false).unwrap();
        assert_eq!(features.size(), [2, network.width().unwrap()], "{name}");
        let apart = distance(&network.classify(&features, false).unwrap(), &network.forward_t(&x, false));
        assert_eq!(network.can_cache_features(), name != "squeezenet1_1");
        if network.can_cache_features() {
            assert!(apart < 1e-5, "{name}: {apart}");
        }
    }
}

#[test]
fn pyramids_halve_from_stride_4_on() {
    for name in SMALL {
        let (network, _store) = built(name, &Options::default());
        let levels = network.pyramid(&images(1, 64), false).unwrap();
        let strides: Vec<i64> = levels.iter().map(|level| level.stride).collect();
        if name.starts_with("squeezenet") {
            assert_eq!(strides, [4, 8, 16]); // it does not pad: 15, 7, 3
            continue;
        }
        assert_eq!(strides, [4, 8, 16, 32], "{name}");
        for level in levels {
            assert_eq!(level.map.size()[2..], [64 / level.stride; 2], "{name}");
        }
    }
}

#[test]
fn a_frozen_stage_has_no_gradient_and_keeps_its_statistics() {
    for name in SMALL {
        let (mut network, store) = built(name, &Options::default());
        let all = network.stages().len();
        assert_eq!(network.thawed(), all);
        for stages in [1, 2, all] {
            network.thaw(&store, stages);
            parameters(&store).into_values().for_each(|mut tensor| tensor.zero_grad());
            let before = copies(&store);
            let loss = network.forward_t(&images(4, 64), true).square().mean(Kind::Float);
            loss.backward();
            for (variable, tensor) in store.variables().into_iter().collect::<BTreeMap<_, _>>() {
                let trained = network.stage_of(&variable).unwrap() < stages;
                if is_buffer(&variable) {
                    let moved = distance(&tensor, &before[&variable]) > 0.0;
                    assert_eq!(moved, trained, "{name} with {stages} stages: {variable}");
                } else {
                    assert_eq!(tensor.requires_grad(), trained, "{name} with {stages} stages: {variable}");
                }
            }
        }
    }
}

#[test]
fn a_frozen_trunk_answers_in_train_mode_as_in_eval_mode() {
    let options = Options { drop_rate: Some(0.0), ..Options::default() };
    for name in ["resnet18", "efficientnet_b0", "mobilenet_v3_small"] {
        let (mut network, store) = built(name, &options);
        let x = images(2, 64);
        assert!(distance(&network.forward_t(&x, true), &network.forward_t(&x, false)) > 1e-4, "{name}");
        network.thaw(&store, 1);
        assert!(distance(&network.forward_t(&x, true), &network.forward_t(&x, false)) < 1e-6, "{name}");
    }
}

#[test]
fn dropout_and_stochastic_depth_are_on_in_train_mode_alone() {
    let off = Options { drop_rate: Some(0.0), drop_path: Some(0.0), bifpn: None };
    let dropping = Options { drop_rate: Some(0.5), drop_path: Some(0.0), bifpn: None };
    let shallow = Options { drop_rate: Some(0.0), drop_path: Some(0.9), bifpn: None };
    // Twice in train mode: the running statistics move, but train mode does not read them.
    for (options, varies) in [(off, false), (dropping, true), (shallow, true)] {
        let (network, store) = built("efficientnet_b0", &options);
        let x = images(4, 64);
        let apart = distance(&network.forward_t(&x, true), &network.forward_t(&x, true));
        assert_eq!(apart > 1e-6, varies, "{options:?}: {apart}");
        assert_eq!(distance(&network.forward_t(&x, false), &network.forward_t(&x, false)), 0.0);
        drop(store);
    }
}

#[test]
fn weight_decay_is_for_matrices_and_kernels() {
    let (_network, store) = built("convnext_tiny", &Options::default());
    for (name, tensor) in parameters(&store) {
        let expected = name.ends_with("weight") && tensor.dim() > 1;
        assert_eq!(Groups::default().decays(&name, tensor.dim()), expected, "{name}");
    }
}

#[test]
fn a_bifpn_stands_on_every_family() {
    let options = Options { bifpn: Some(BifpnOptions { channels: 16, layers: 1 }), ..Options::default() };
    for name in SMALL {
        let (mut network, store) = built(name, &options);
        let x = images(2, 64);
        let logits = network.forward_t(&x, true);
        assert_eq!(logits.size(), [2, 5], "{name}");
        logits.square().mean(Kind::Float).backward();
        for (variable, tensor) in parameters(&store) {
            assert!(tensor.grad().defined(), "{name}: {variable} is not part of the network");
        }
        assert!(!network.can_cache_features());
        assert_eq!(network.head(), ["bifpn"]);
        assert_eq!(network.features(&x, false).unwrap().size(), [2, 80]);
        network.thaw(&store, 1);
        let trained: Vec<String> =
            parameters(&store).into_iter().filter(|(_, tensor)| tensor.requires_grad()).map(|(name, _)| name).collect();
        assert!(trained.iter().all(|variable| variable.starts_with("bifpn.")) && trained.len() > 20, "{trained:?}");
    }
}

#[test]
fn names_lead_to_rows() {
    for row in Architecture::ALL {
        assert_eq!(row.name.parse::<Architecture>().unwrap().parameters, row.parameters);
    }
    let error = "resnet19".parse::<Architecture>().unwrap_err().to_string();
    assert!(error.contains("resnet19") && error.contains("resnet18, resnet34"), "{error}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let store = nn::VarStore::new(Device::Cpu);
    let build = |name: &str, classes: i64, options: Options| {
        name.parse::<Architecture>().unwrap().build(&store, classes, &options).unwrap_err()
    };
    let default = Options::default();
    assert!(matches!(build("resnet18", 0, default), ModelError::Classes { classes: 0 }));
    let rate = Options { drop_rate: Some(1.0), ..default };
    assert!(matches!(build("resnet18", 5, rate), ModelError::Rate { what: "drop_rate", .. }));
    let rate = Options { drop_path: Some(f64::NAN), ..default };
    assert!(matches!(build("efficientnet_b0", 5, rate), ModelError::Rate { what: "drop_path", .. }));
    let path = Options { drop_path: Some(0.1), ..default };
    assert!(matches!(build("resnet18", 5, path), ModelError::NoDropPath { name: "resnet18", .. }));
    let bifpn = Options { bifpn: Some(BifpnOptions { channels: 0, layers: 1 }), ..default };
    assert!(matches!(build("resnet18", 5, bifpn), ModelError::Bifpn { channels: 0, layers: 1 }));
    assert!(store.is_empty(), "nothing was made");
}
