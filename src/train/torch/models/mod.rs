//! The networks, in torchvision's (timm's) structure and under their state-dict names, so that weights load by name.
//!
//! [`Architecture::ALL`] is the table; [`Architecture::build`] makes a [`Network`] of a row. A family is one file: its layers, its
//! initialisation, its names. What every network can do (features, pyramid, freezing) is in `network.rs`, the layers in
//! `conv.rs` and `layers.rs`. `parity.rs` holds each row against the reference: logits in train and eval mode, names, parameter counts. Any
//! other network comes in as a TorchScript module: `script.rs`.
//!
//! `tch::vision` is not used: its DenseNet and EfficientNet answer differently, three families are missing, and BatchNorm starts
//! with random gains.

mod bifpn;
mod conv;
mod convnext;
mod densenet;
mod efficientnet;
mod efficientnet_lite;
mod layers;
mod mobilenet_v2;
mod mobilenet_v3;
mod network;
#[cfg(test)]
mod parity;
mod resnet;
mod script;
mod shufflenet;
mod squeezenet;
mod start;
#[cfg(test)]
mod tests;
mod trunk;

pub use bifpn::BifpnOptions;
pub use network::{Level, Network, is_under};
pub use script::Script;

use bifpn::Bifpn;
use convnext::ConvNeXt;
use densenet::DenseNet;
use efficientnet::{EfficientNet, Norm};
use efficientnet_lite::{EfficientNetLite, Origin};
use mobilenet_v3::MobileNetV3;
use network::Tail;
use resnet::{Branch, ResNet};
use shufflenet::ShuffleNetV2;
use squeezenet::SqueezeNet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tch::nn;

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No row of the table has the name.
    #[error("no network is called {name:?}; there are {}", names())]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// Fewer than one class.
    #[error("a classifier of {classes} classes: it takes at least 1")]
    Classes {
        /// What was asked for.
        classes: i64,
    },
    /// A probability out of range.
    #[error("{what} is {value}: it must be at least 0 and below 1")]
    Rate {
        /// `drop_rate` or `drop_path`.
        what: &'static str,
        /// What was asked for.
        value: f64,
    },
    /// Stochastic depth for a network that has none in the reference.
    #[error("drop_path is {value}, but {name} has no stochastic depth: EfficientNets and ConvNeXts do")]
    NoDropPath {
        /// The network.
        name: &'static str,
        /// What was asked for.
        value: f64,
    },
    /// A BiFPN without channels or layers.
    #[error("a BiFPN of {channels} channels and {layers} layers: both must be at least 1")]
    Bifpn {
        /// What was asked for.
        channels: i64,
        /// What was asked for.
        layers: usize,
    },
    /// The file could not be loaded as a TorchScript module.
    #[error(
        "{} is not a TorchScript module that torch can load: write it with torch.jit.script(net).save(...)",
        path.display()
    )]
    Script {
        /// The file.
        path: PathBuf,
        /// What torch says.
        source: tch::TchError,
    },
    /// The module raised an error.
    #[error("{} fails on images [2, 3, {size_px}, {size_px}]", path.display())]
    ScriptFails {
        /// The file.
        path: PathBuf,
        /// The images' side.
        size_px: i64,
        /// What torch says.
        source: tch::TchError,
    },
    /// The module gives something else than logits of the classes.
    #[error(
        "{} gives {shape:?} for two images where [2, {classes}] is needed: its head cannot be replaced here, so script the \
         network with num_classes={classes}",
        path.display()
    )]
    ScriptShape {
        /// The file.
        path: PathBuf,
        /// What it gives.
        shape: Vec<i64>,
        /// The classes of the data.
        classes: i64,
    },
    /// The module could not be written.
    #[error("torch cannot write {}", path.display())]
    ScriptSave {
        /// The file.
        path: PathBuf,
        /// What torch says.
        source: tch::TchError,
    },
}

/// What may be changed in a network.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Options {
    /// The probability of dropout, 0 to below 1; the default is the row's. In a DenseNet behind each dense layer, elsewhere before
    /// the last layer.
    pub drop_rate: Option<f64>,
    /// The highest probability of stochastic depth, 0 to below 1; the default is the row's.
    pub drop_path: Option<f64>,
    /// A BiFPN over the feature pyramid, in place of the network's own pool and head.
    pub bifpn: Option<BifpnOptions>,
}

/// A row of the table of networks.
#[derive(Clone, Copy, Debug)]
pub struct Architecture {
    /// torchvision's or timm's name.
    pub name: &'static str,
    family: Family,
    /// The side of the images that the reference was trained on.
    pub size_px: i64,
    /// Parameters with 1000 classes.
    pub parameters: i64,
    /// The reference's dropout.
    pub drop_rate: f64,
    /// The reference's stochastic depth, in the networks that have it.
    pub drop_path: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
enum Family {
    ResNet(ResNet),
    DenseNet(DenseNet),
    MobileNetV2,
    MobileNetV3(MobileNetV3),
    EfficientNet(EfficientNet),
    EfficientNetLite(EfficientNetLite),
    ConvNeXt(ConvNeXt),
    ShuffleNetV2(ShuffleNetV2),
    SqueezeNet(SqueezeNet),
}

const fn row(name: &'static str, family: Family, size_px: i64, parameters: i64, drop_rate: f64) -> Architecture {
    Architecture { name, family, size_px, parameters, drop_rate, drop_path: None }
}

const fn resnet(name: &'static str, branch: Branch, blocks: [i64; 4], parameters: i64) -> Architecture {
    row(name, Family::ResNet(ResNet(branch, blocks)), 224, parameters, 0.0)
}

const fn densenet(name: &'static str, stem: i64, growth: i64, blocks: [i64; 4], parameters: i64) -> Architecture {
    row(name, Family::DenseNet(DenseNet { stem, growth, blocks }), 224, parameters, 0.0)
}

const fn efficientnet(
    name: &'static str,
    (width, depth, norm): (f64, f64, Norm),
    size_px: i64,
    parameters: i64,
    drop_rate: f64,
) -> Architecture {
    let family = Family::EfficientNet(EfficientNet { width, depth, norm });
    Architecture { drop_path: Some(0.2), ..row(name, family, size_px, parameters, drop_rate) }
}

const fn lite(
    name: &'static str,
    (width, depth, origin): (f64, f64, Origin),
    size_px: i64,
    parameters: i64,
    drop_rate: f64,
) -> Architecture {
    let family = Family::EfficientNetLite(EfficientNetLite { width, depth, origin });
    Architecture { drop_path: Some(0.2), ..row(name, family, size_px, parameters, drop_rate) }
}

const fn convnext(
    name: &'static str,
    channels: [i64; 4],
    blocks: [i64; 4],
    parameters: i64,
    drop_path: f64,
) -> Architecture {
    let family = Family::ConvNeXt(ConvNeXt { channels, blocks });
    Architecture { drop_path: Some(drop_path), ..row(name, family, 224, parameters, 0.0) }
}

const fn shufflenet(name: &'static str, channels: [i64; 4], parameters: i64) -> Architecture {
    row(name, Family::ShuffleNetV2(ShuffleNetV2(channels)), 224, parameters, 0.0)
}

impl Architecture {
    /// Every network, family by family, the small ones first.
    pub const ALL: &[Self] = &[
        resnet("resnet18", Branch::Basic, [2, 2, 2, 2], 11_689_512),
        resnet("resnet34", Branch::Basic, [3, 4, 6, 3], 21_797_672),
        resnet("resnet50", Branch::Bottleneck, [3, 4, 6, 3], 25_557_032),
        resnet("resnet101", Branch::Bottleneck, [3, 4, 23, 3], 44_549_160),
        resnet("resnet152", Branch::Bottleneck, [3, 8, 36, 3], 60_192_808),
        densenet("densenet121", 64, 32, [6, 12, 24, 16], 7_978_856),
        densenet("densenet169", 64, 32, [6, 12, 32, 32], 14_149_480),
        densenet("densenet201", 64, 32, [6, 12, 48, 32], 20_013_928),
        densenet("densenet161", 96, 48, [6, 12, 36, 24], 28_681_000),
        row("mobilenet_v2", Family::MobileNetV2, 224, 3_504_872, 0.2),
        row("mobilenet_v3_small", Family::MobileNetV3(MobileNetV3::Small), 224, 2_542_856, 0.2),
        row("mobilenet_v3_large", Family::MobileNetV3(MobileNetV3::Large), 224, 5_483_032, 0.2),
        efficientnet("efficientnet_b0", (1.0, 1.0, Norm::Torch), 224, 5_288_548, 0.2),
        efficientnet("efficientnet_b1", (1.0, 1.1, Norm::Torch), 240, 7_794_184, 0.2),
        efficientnet("efficientnet_b2", (1.1, 1.2, Norm::Torch), 288, 9_109_994, 0.3),
        efficientnet("efficientnet_b3", (1.2, 1.4, Norm::Torch), 300, 12_233_232, 0.3),
        efficientnet("efficientnet_b4", (1.4, 1.8, Norm::Torch), 380, 19_341_616, 0.4),
        efficientnet("efficientnet_b5", (1.6, 2.2, Norm::TensorFlow), 456, 30_389_784, 0.4),
        lite("efficientnet_lite0", (1.0, 1.0, Origin::Torch), 224, 4_652_008, 0.2),
        lite("efficientnet_lite1", (1.0, 1.1, Origin::Torch), 240, 5_416_680, 0.2),
        lite("efficientnet_lite2", (1.1, 1.2, Origin::Torch), 260, 6_092_072, 0.3),
        lite("tf_efficientnet_lite0", (1.0, 1.0, Origin::TensorFlow), 224, 4_652_008, 0.2),
        lite("tf_efficientnet_lite1", (1.0, 1.1, Origin::TensorFlow), 240, 5_416_680, 0.2),
        lite("tf_efficientnet_lite2", (1.1, 1.2, Origin::TensorFlow), 260, 6_092_072, 0.3),
        convnext("convnext_tiny", [96, 192, 384, 768], [3, 3, 9, 3], 28_589_128, 0.1),
        convnext("convnext_small", [96, 192, 384, 768], [3, 3, 27, 3], 50_223_688, 0.4),
        convnext("convnext_base", [128, 256, 512, 1024], [3, 3, 27, 3], 88_591_464, 0.5),
        shufflenet("shufflenet_v2_x0_5", [48, 96, 192, 1024], 1_366_792),
        shufflenet("shufflenet_v2_x1_0", [116, 232, 464, 1024], 2_278_604),
        shufflenet("shufflenet_v2_x1_5", [176, 352, 704, 1024], 3_503_624),
        shufflenet("shufflenet_v2_x2_0", [244, 488, 976, 2048], 7_393_996),
        row("squeezenet1_0", Family::SqueezeNet(SqueezeNet::V1_0), 224, 1_248_424, 0.5),
        row("squeezenet1_1", Family::SqueezeNet(SqueezeNet::V1_1), 224, 1_235_496, 0.5),
    ];

    /// A line for people: name, input size, parameters.
    pub fn line(&self) -> String {
        format!("{:<22} {:>3} px {:>6.1} M parameters", self.name, self.size_px, self.parameters as f64 / 1e6)
    }

    /// Makes the network in a store, with fresh weights from torch's generator (`tch::manual_seed` fixes them); names begin at
    /// the store's root.
    ///
    /// # Errors
    /// When there is no class, a probability is out of range, stochastic depth is asked of a network without, or a BiFPN has no
    /// channels or layers.
    pub fn build(&self, store: &nn::VarStore, classes: i64, options: &Options) -> Result<Network, ModelError> {
        let (drop_rate, drop_path) = self.check(classes, options)?;
        let root = &store.root();
        let trunk = match self.family {
            Family::ResNet(family) => family.trunk(root),
            Family::DenseNet(family) => family.trunk(root, drop_rate),
            Family::MobileNetV2 => mobilenet_v2::trunk(root),
            Family::MobileNetV3(family) => family.trunk(root),
            Family::EfficientNet(family) => family.trunk(root, drop_path),
            Family::EfficientNetLite(family) => family.trunk(root, drop_path),
            Family::ConvNeXt(family) => family.trunk(root, drop_path),
            Family::ShuffleNetV2(family) => family.trunk(root),
            Family::SqueezeNet(family) => family.trunk(root),
        };
        if let Some(options) = &options.bifpn {
            let levels: Vec<(i64, i64)> = trunk.levels();
            let bifpn = Bifpn::new(root, &levels, classes, drop_rate, options);
            return Ok(Network::new(trunk, Tail::Bifpn(bifpn)));
        }
        let width = trunk.channels();
        let head = match self.family {
            Family::ResNet(_) => ResNet::head(root, width, classes, drop_rate),
            Family::DenseNet(_) => DenseNet::head(root, width, classes),
            Family::MobileNetV2 => mobilenet_v2::head(root, width, classes, drop_rate),
            Family::MobileNetV3(family) => family.head(root, width, classes, drop_rate),
            Family::EfficientNet(_) => EfficientNet::head(root, width, classes, drop_rate),
            Family::EfficientNetLite(_) => EfficientNetLite::head(root, width, classes, drop_rate),
            Family::ConvNeXt(_) => ConvNeXt::head(root, width, classes, drop_rate),
            Family::ShuffleNetV2(_) => ShuffleNetV2::head(root, width, classes, drop_rate),
            Family::SqueezeNet(_) => SqueezeNet::head(root, classes, drop_rate),
        };
        Ok(Network::new(trunk, Tail::Head(head)))
    }

    /// The two probabilities, in range.
    fn check(&self, classes: i64, options: &Options) -> Result<(f64, f64), ModelError> {
        if classes < 1 {
            return Err(ModelError::Classes { classes });
        }
        if let Some(BifpnOptions { channels, layers }) = options.bifpn.filter(|b| b.channels < 1 || b.layers < 1) {
            return Err(ModelError::Bifpn { channels, layers });
        }
        for (what, rate) in [("drop_rate", options.drop_rate), ("drop_path", options.drop_path)] {
            if let Some(value) = rate.filter(|rate| !(0.0..1.0).contains(rate)) {
                return Err(ModelError::Rate { what, value });
            }
        }
        let drop_path = match (self.drop_path, options.drop_path) {
            (None, Some(value)) if value > 0.0 => return Err(ModelError::NoDropPath { name: self.name, value }),
            (default, asked) => asked.or(default).unwrap_or(0.0),
        };
        Ok((options.drop_rate.unwrap_or(self.drop_rate), drop_path))
    }
}

impl FromStr for Architecture {
    type Err = ModelError;

    /// # Errors
    /// When no row has the name.
    fn from_str(name: &str) -> Result<Self, ModelError> {
        let row = Self::ALL.iter().find(|row| row.name == name);
        row.copied().ok_or_else(|| ModelError::Unknown { name: name.into() })
    }
}

impl Network {
    /// Loads a TorchScript module (see [`Script`]) whose parameters are added to the store, and tries it on images of `size_px`.
    ///
    /// # Errors
    /// When it is no such module, fails on the images, or does not give `[n, classes]`.
    pub fn scripted(path: &Path, store: &nn::VarStore, classes: i64, size_px: i64) -> Result<Self, ModelError> {
        if classes < 1 {
            return Err(ModelError::Classes { classes });
        }
        Ok(Self::of_script(Script::load(path, store, classes, size_px)?))
    }
}

/// The names of all networks, for a message.
fn names() -> String {
    Architecture::ALL.iter().map(|row| row.name).collect::<Vec<_>>().join(", ")
}
