//! A network of two convolutions and a head.

use super::*;
use crate::train::weights::safetensors;
use tch::nn::{self, Init};

/// Variables under the names of a small network, with a head for `classes`.
fn network(classes: i64, kind: Kind) -> VarStore {
    let mut store = VarStore::new(Device::Cpu);
    let root = store.root();
    for (name, shape) in [("conv1", [4, 3, 3, 3]), ("conv2", [8, 4, 1, 1])] {
        let layer = &root / name;
        let normal = Init::Randn { mean: 0.0, stdev: 1.0 };
        let _ = (layer.var("weight", &shape, normal), layer.var("bias", &shape[..1], normal));
    }
    let norm = &root / "bn1";
    let _ = (norm.zeros_no_train("running_mean", &[4]), norm.ones_no_train("running_var", &[4]));
    let head = &root / "fc";
    let _ = (head.var("weight", &[classes, 8], nn::init::DEFAULT_KAIMING_UNIFORM), head.zeros("bias", &[classes]));
    match kind {
        Kind::Float => {}
        Kind::BFloat16 => store.bfloat16(),
        Kind::Double => store.double(),
        other => panic!("{other:?}"),
    }
    store
}

fn dict(store: &VarStore) -> StateDict {
    save(store, &[], BTreeMap::new()).unwrap()
}

#[test]
fn every_bit_goes_through_a_file() {
    tch::set_num_threads(1);
    for kind in [Kind::Float, Kind::Double, Kind::BFloat16] {
        let store = network(5, kind);
        let special = Tensor::from_slice(&[f32::NAN, f32::INFINITY, -0.0, 1e-45]);
        no_grad(|| store.variables()["conv1.bias"].shallow_clone().copy_(&special));
        let step = Tensor::from_slice(&[i64::MIN, -1, i64::MAX]).reshape([3, 1]);
        let turned = Tensor::arange(6, (Kind::Double, Device::Cpu)).reshape([2, 3]).transpose(0, 1);
        let extra = [("optimizer.step".to_owned(), step.copy()), ("optimizer.turned".to_owned(), turned.copy())];
        let metadata = [("classes", "[\"여권\"]"), ("version", "sha256:00")];
        let metadata: BTreeMap<_, _> = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let saved = save(&store, &extra, metadata.clone()).unwrap();
        let bytes = safetensors::write(&saved);
        let read = safetensors::parse(&bytes).unwrap();
        assert_eq!(read, saved, "{kind:?}");
        assert_eq!(read.metadata, metadata);

        let other = network(5, kind);
        let loaded = load(&other, &read, &["fc"]).unwrap();
        assert_eq!(loaded.used.len(), 8);
        assert_eq!(loaded.extra, ["optimizer.step", "optimizer.turned"]);
        assert_eq!((loaded.missing.len(), loaded.misshaped.len(), loaded.head_replaced.len()), (0, 0, 0));
        assert_eq!(dict(&other), dict(&store), "{kind:?}");
        assert!(tensor(&read.arrays["optimizer.step"]).unwrap().equal(&step));
        let turned_back = tensor(&read.arrays["optimizer.turned"]).unwrap();
        assert!(turned_back.equal(&turned) && turned_back.size() == [3, 2]);
    }
}

#[test]
fn numbers_are_converted_to_the_kind_of_the_variable() {
    let (wide, narrow) = (network(5, Kind::Double), network(5, Kind::Float));
    load(&narrow, &dict(&wide), &["fc"]).unwrap();
    let (wide, narrow) = (&wide.variables()["conv1.weight"], &narrow.variables()["conv1.weight"]);
    assert_eq!(narrow.kind(), Kind::Float);
    assert!(narrow.equal(&wide.to_kind(Kind::Float)));
    assert!(narrow.requires_grad() && narrow.is_leaf(), "it can still be trained");
}

#[test]
fn a_head_for_other_classes_stays_as_it_was() {
    let (many, few) = (network(1000, Kind::Float), network(3, Kind::Float));
    let before = dict(&few);
    let loaded = load(&few, &dict(&many), &["fc."]).unwrap();
    let shapes = |name: &str, rest: &[usize]| Misshaped {
        name: name.into(),
        expected: [&[3], rest].concat(),
        found: [&[1000], rest].concat(),
    };
    assert_eq!(loaded.head_replaced, [shapes("fc.bias", &[]), shapes("fc.weight", &[8])]);
    assert_eq!(
        loaded.used,
        ["bn1.running_mean", "bn1.running_var", "conv1.bias", "conv1.weight", "conv2.bias", "conv2.weight"]
    );
    let after = dict(&few);
    assert_eq!(after.arrays["fc.weight"], before.arrays["fc.weight"]);
    assert_eq!(after.arrays["conv2.weight"], dict(&many).arrays["conv2.weight"]);
    // A weight that fits goes with a bias that does not.
    let mut odd = dict(&few);
    odd.arrays.insert("fc.bias".into(), Array::new(Dtype::F32, vec![2], vec![0; 8]).unwrap());
    let loaded = load(&few, &odd, &["fc"]).unwrap();
    assert!(!loaded.used.contains(&"fc.weight".to_owned()) && loaded.head_replaced.len() == 1);
}

#[test]
fn what_does_not_fit_is_listed() {
    let store = network(5, Kind::Float);
    let mut other = dict(&network(5, Kind::Float));
    let moved = other.arrays.remove("conv2.bias").unwrap();
    other.arrays.insert("conv3.bias".into(), moved);
    let number = Array::new(Dtype::I64, vec![], vec![0; 8]).unwrap();
    other.arrays.insert("bn1.num_batches_tracked".into(), number.clone());
    other.arrays.insert("bn1.running_var".into(), number);
    let loaded = load(&store, &other, &["fc"]).unwrap();
    assert_eq!(
        (loaded.missing.as_slice(), loaded.extra.as_slice()),
        (&["conv2.bias".to_owned()][..], &["conv3.bias".to_owned()][..])
    );
    assert_eq!(loaded.misshaped, [Misshaped { name: "bn1.running_var".into(), expected: vec![4], found: vec![] }]);
}

#[test]
fn weights_of_another_network_change_nothing() {
    let store = network(5, Kind::Float);
    let before = dict(&store);
    let renamed = dict(&network(5, Kind::Float)).arrays.into_iter().map(|(name, array)| (format!("net.{name}"), array));
    let other = StateDict { arrays: renamed.collect(), ..StateDict::default() };
    let error = load(&store, &other, &["fc"]).unwrap_err().to_string();
    assert!(
        error.starts_with("the weights are of another network: 0 of its 6 variables below the head fit; "),
        "{error}"
    );
    assert!(error.contains("; 'conv1.bias' is missing, and the file has 'net.conv1.bias'"), "{error}");
    // Two of six is too little, three is enough.
    let mut some = dict(&network(5, Kind::Float));
    let few = |dict: &StateDict| load(&store, dict, &["fc"]).map(|loaded| loaded.used.len());
    for name in ["conv1.weight", "conv1.bias", "conv2.weight"] {
        some.arrays.remove(name);
    }
    assert_eq!(few(&some).unwrap(), 5);
    let before_failing = dict(&store);
    some.arrays.remove("conv2.bias");
    assert!(few(&some).unwrap_err().to_string().contains("2 of its 6 variables"));
    assert_eq!(dict(&store), before_failing);
    assert_ne!(before_failing, before);
    assert!(few(&StateDict::default()).is_err(), "an empty file");
}

#[test]
fn what_cannot_be_saved_is_said() {
    let store = network(5, Kind::Float);
    let twice = [("fc.bias".to_owned(), Tensor::zeros([1], (Kind::Float, Device::Cpu)))];
    assert!(matches!(save(&store, &twice, BTreeMap::new()), Err(LoadError::Twice { name }) if name == "fc.bias"));
    let complex = [("z".to_owned(), Tensor::zeros([1], (Kind::ComplexFloat, Device::Cpu)))];
    let error = save(&store, &complex, BTreeMap::new()).unwrap_err().to_string();
    assert_eq!(error, "'z' is a tensor of ComplexFloat, which cannot be saved");
    let empty = array("e", &Tensor::zeros([0, 2], (Kind::Float, Device::Cpu))).unwrap();
    assert_eq!(tensor(&empty).unwrap().size(), [0, 2]);
}

#[test]
fn a_python_state_dict_goes_into_a_network_of_its_names() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/train/weights/network-legacy.pth");
    let file = crate::train::weights::read(&path, crate::train::weights::Part::Best).unwrap();
    let store = VarStore::new(Device::Cpu);
    for (name, array) in &file.arrays {
        let (layer, leaf) = name.rsplit_once('.').unwrap();
        let layer = store.root() / layer;
        let shape: Vec<_> = array.shape().iter().map(|&extent| extent as i64).collect();
        let _ = layer.zeros(leaf, &shape);
    }
    let loaded = load(&store, &file, &["3"]).unwrap();
    assert_eq!(loaded.used.len(), 7);
    let saved = dict(&store);
    assert!(loaded.used.iter().all(|name| saved.arrays[name] == file.arrays[name]));
    assert!(!loaded.used.contains(&"1.num_batches_tracked".to_owned()), "it is passed over in silence");
    assert!(loaded.missing.is_empty() && loaded.extra.is_empty());
}
