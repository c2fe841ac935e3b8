//! The names that `efficientnet_pytorch` and its Lite variant use, turned into timm's.
//!
//! There, blocks are counted through the whole network (`_blocks.5._bn1.weight`), and the normalisations of a block by
//! their place in the code; in timm, blocks are counted within their stage (`blocks.3.0.bn2.weight`).

use super::lite::Lite;
use super::{Array, StateDict};
use std::collections::BTreeMap;

/// Why a state dict is not of the network that it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RenameError {
    /// A name that the network does not have.
    #[error("'{name}' is no array of this EfficientNet-Lite")]
    Unknown {
        /// As in the file.
        name: String,
    },
    /// Arrays that the file does not have.
    #[error("{count} arrays of this EfficientNet-Lite are missing, the first of them '{first}'")]
    Missing {
        /// How many.
        count: usize,
        /// timm's name of the first.
        first: String,
    },
    /// An array of another shape.
    #[error("'{name}' has the shape {found:?} instead of {expected:?}")]
    Shape {
        /// timm's name.
        name: String,
        /// Of the network.
        expected: Vec<usize>,
        /// In the file.
        found: Vec<usize>,
    },
}

/// Renames the arrays of a network; all of it has to be there, with the right shapes, and nothing else.
///
/// # Errors
/// When something is missing, unknown or of another shape.
pub fn rename(dict: StateDict, lite: Lite) -> Result<StateDict, RenameError> {
    let mut expected = lite.arrays();
    let blocks = lite.blocks();
    let mut arrays = BTreeMap::<String, Array>::new();
    for (name, array) in dict.arrays {
        let renamed = rename_one(&name, &blocks).ok_or_else(|| RenameError::Unknown { name: name.clone() })?;
        match expected.remove(&renamed) {
            Some(shape) if shape == array.shape() => {}
            Some(expected) => {
                return Err(RenameError::Shape { name: renamed, expected, found: array.shape().to_vec() });
            }
            // The count of batches that a normalisation has seen, which nothing needs any more.
            None if renamed.ends_with(".num_batches_tracked") => continue,
            None => return Err(RenameError::Unknown { name }),
        }
        arrays.insert(renamed, array);
    }
    match expected.keys().next() {
        Some(first) => Err(RenameError::Missing { count: expected.len(), first: first.clone() }),
        None => Ok(StateDict { arrays, ..dict }),
    }
}

/// timm's name; `None` when nothing in the network is called so.
fn rename_one(name: &str, blocks: &[usize; 7]) -> Option<String> {
    let (module, part) = name.rsplit_once('.')?;
    let Some(within) = module.strip_prefix("_blocks.") else {
        let renamed = match module {
            "_conv_stem" => "conv_stem",
            "_bn0" => "bn1",
            "_conv_head" => "conv_head",
            "_bn1" => "bn2",
            "_fc" => "classifier",
            _ => return None,
        };
        return Some(format!("{renamed}.{part}"));
    };
    let (number, layer) = within.split_once('.')?;
    let (stage, block) = place(number.parse().ok()?, blocks)?;
    // The first stage does not expand its channels: it has two layers where the others have three.
    let renamed = match (stage, layer) {
        (0, "_depthwise_conv") => "conv_dw",
        (0, "_bn1") => "bn1",
        (0, "_project_conv") => "conv_pw",
        (0, "_bn2") => "bn2",
        (0, _) => return None,
        (_, "_expand_conv") => "conv_pw",
        (_, "_bn0") => "bn1",
        (_, "_depthwise_conv") => "conv_dw",
        (_, "_bn1") => "bn2",
        (_, "_project_conv") => "conv_pwl",
        (_, "_bn2") => "bn3",
        _ => return None,
    };
    Some(format!("blocks.{stage}.{block}.{renamed}.{part}"))
}

/// Stage and block within it of a block that is counted through the network.
fn place(mut number: usize, blocks: &[usize; 7]) -> Option<(usize, usize)> {
    for (stage, &count) in blocks.iter().enumerate() {
        if number < count {
            return Some((stage, number));
        }
        number -= count;
    }
    None
}

/// The inverse of [`rename`], for tests: what the package would call an array of `lite`.
#[cfg(test)]
pub(super) fn original(lite: Lite) -> BTreeMap<String, Vec<usize>> {
    let layers = ["_conv_stem", "_bn0", "_conv_head", "_bn1", "_fc"].map(str::to_owned);
    let inner = ["_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2"];
    let all: usize = lite.blocks().iter().sum();
    let blocks = (0..all).flat_map(|block| inner.map(|layer| format!("_blocks.{block}.{layer}")));
    let parts = ["weight", "bias", "running_mean", "running_var"];
    let names = layers.into_iter().chain(blocks).flat_map(|layer| parts.map(|part| format!("{layer}.{part}")));
    let shapes = lite.arrays();
    names.filter_map(|name| Some((name.clone(), shapes.get(&rename_one(&name, &lite.blocks())?)?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Dtype;
    use super::super::lite::{LITE0, LITE1, LITE2};
    use super::*;

    fn sample(lite: Lite) -> StateDict {
        let zeros = |shape: Vec<usize>| Array::new(Dtype::U8, shape.clone(), vec![0; shape.iter().product()]).unwrap();
        let arrays = original(lite).into_iter().map(|(name, shape)| (name, zeros(shape))).collect();
        StateDict { arrays, ..StateDict::default() }
    }

    #[test]
    fn all_of_the_network_is_renamed() {
        for lite in [LITE0, LITE1, LITE2] {
            let mut dict = sample(lite);
            let count = Array::new(Dtype::I64, vec![], vec![0; 8]).unwrap();
            dict.arrays.insert("_blocks.3._bn0.num_batches_tracked".into(), count);
            let renamed = rename(dict, lite).unwrap();
            assert!(renamed.arrays.keys().eq(lite.arrays().keys()));
        }
    }

    #[test]
    fn names_follow_the_stages() {
        let blocks = LITE0.blocks();
        for (name, expected) in [
            ("_conv_stem.weight", Some("conv_stem.weight")),
            ("_bn1.running_var", Some("bn2.running_var")),
            ("_blocks.0._bn1.bias", Some("blocks.0.0.bn1.bias")),
            ("_blocks.0._project_conv.weight", Some("blocks.0.0.conv_pw.weight")),
            ("_blocks.1._expand_conv.weight", Some("blocks.1.0.conv_pw.weight")),
            ("_blocks.5._bn2.weight", Some("blocks.3.0.bn3.weight")),
            ("_blocks.15._project_conv.weight", Some("blocks.6.0.conv_pwl.weight")),
            ("_blocks.16._bn2.weight", None),
            ("_blocks.0._expand_conv.weight", None),
            ("_blocks.2._se_reduce.weight", None),
            ("fc.weight", None),
            ("weight", None),
        ] {
            assert_eq!(rename_one(name, &blocks).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn what_is_missing_unknown_or_of_another_shape_is_said() {
        let mut dict = sample(LITE0);
        dict.arrays.remove("_fc.bias");
        let error = rename(dict, LITE0).unwrap_err();
        assert_eq!(error, RenameError::Missing { count: 1, first: "classifier.bias".into() });
        let error = rename(sample(LITE0), LITE2).unwrap_err();
        assert!(matches!(error, RenameError::Unknown { .. } | RenameError::Shape { .. }), "{error}");
        let mut dict = sample(LITE0);
        let array = Array::new(Dtype::U8, vec![2], vec![0; 2]).unwrap();
        dict.arrays.insert("_se.weight".into(), array.clone());
        let unknown = RenameError::Unknown { name: "_se.weight".into() };
        assert_eq!(rename(dict.clone(), LITE0), Err(unknown));
        dict.arrays.remove("_se.weight");
        dict.arrays.insert("_fc.bias".into(), array);
        let shape = RenameError::Shape { name: "classifier.bias".into(), expected: vec![1000], found: vec![2] };
        assert_eq!(rename(dict, LITE0), Err(shape));
    }
}
