//! EfficientNet-Lite: which arrays such a network has, under timm's names.
//!
//! Lite0 is EfficientNet-B0 without squeeze-and-excitation and with ReLU6; the larger ones scale width and depth, but not
//! the stem, the head, or the number of blocks of the first and last stage. The table is that of TensorFlow's
//! `efficientnet_lite_builder.py`; timm calls the networks `tf_efficientnet_lite0` and so on.

use std::collections::BTreeMap;

/// Channels of the stem, which are never scaled.
const STEM: usize = 32;
/// Channels of the head, which are never scaled.
const HEAD: usize = 1280;
/// Classes of ImageNet.
const CLASSES: usize = 1000;

/// A run of blocks of the same output.
struct Stage {
    blocks: usize,
    kernel: usize,
    expansion: usize,
    channels: usize,
}

const fn stage(blocks: usize, kernel: usize, expansion: usize, channels: usize) -> Stage {
    Stage { blocks, kernel, expansion, channels }
}

/// Lite0's stages.
const STAGES: [Stage; 7] = [
    stage(1, 3, 1, 16),
    stage(2, 3, 6, 24),
    stage(2, 5, 6, 40),
    stage(3, 3, 6, 80),
    stage(3, 5, 6, 112),
    stage(4, 5, 6, 192),
    stage(1, 3, 6, 320),
];

/// One of the networks, by its scaling.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lite {
    /// Channels against Lite0's, in tenths.
    pub width_tenths: usize,
    /// Blocks of a stage against Lite0's, in tenths.
    pub depth_tenths: usize,
}

/// Lite0: 4.65 million parameters.
pub const LITE0: Lite = Lite { width_tenths: 10, depth_tenths: 10 };
/// Lite1: 5.42 million parameters.
pub const LITE1: Lite = Lite { width_tenths: 10, depth_tenths: 11 };
/// Lite2: 6.09 million parameters.
pub const LITE2: Lite = Lite { width_tenths: 11, depth_tenths: 12 };

impl Lite {
    /// How many blocks each stage has.
    pub fn blocks(self) -> [usize; 7] {
        std::array::from_fn(|index| match index {
            0 | 6 => STAGES[index].blocks,
            _ => (STAGES[index].blocks * self.depth_tenths).div_ceil(10),
        })
    }

    /// Channels scaled, and rounded to eights by at most a tenth downwards.
    fn scaled(self, channels: usize) -> usize {
        let tenths = channels * self.width_tenths;
        let rounded = ((tenths + 40) / 80 * 8).max(8);
        if rounded * 100 < tenths * 9 { rounded + 8 } else { rounded }
    }

    /// Every array by its name, with its shape, as for ImageNet's 1,000 classes; `num_batches_tracked` is left out.
    pub fn arrays(self) -> BTreeMap<String, Vec<usize>> {
        let mut arrays = BTreeMap::new();
        let mut convolution = |name: &str, norm: &str, shape: [usize; 4]| {
            arrays.insert(format!("{name}.weight"), shape.to_vec());
            for part in ["weight", "bias", "running_mean", "running_var"] {
                arrays.insert(format!("{norm}.{part}"), vec![shape[0]]);
            }
        };
        convolution("conv_stem", "bn1", [STEM, 3, 3, 3]);
        let mut channels = STEM;
        for (index, stage) in STAGES.iter().enumerate() {
            let (output, kernel) = (self.scaled(stage.channels), stage.kernel);
            for block in 0..self.blocks()[index] {
                let name = |part: &str| format!("blocks.{index}.{block}.{part}");
                let inner = channels * stage.expansion;
                let depthwise = [inner, 1, kernel, kernel];
                if stage.expansion == 1 {
                    convolution(&name("conv_dw"), &name("bn1"), depthwise);
                    convolution(&name("conv_pw"), &name("bn2"), [output, inner, 1, 1]);
                } else {
                    convolution(&name("conv_pw"), &name("bn1"), [inner, channels, 1, 1]);
                    convolution(&name("conv_dw"), &name("bn2"), depthwise);
                    convolution(&name("conv_pwl"), &name("bn3"), [output, inner, 1, 1]);
                }
                channels = output;
            }
        }
        convolution("conv_head", "bn2", [HEAD, channels, 1, 1]);
        arrays.insert("classifier.weight".into(), vec![CLASSES, HEAD]);
        arrays.insert("classifier.bias".into(), vec![CLASSES]);
        arrays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counts are timm's, of `tf_efficientnet_lite0` to `2`; its statistics of normalisation are no parameters.
    #[test]
    fn parameters_are_as_many_as_in_timm() {
        for (lite, expected, arrays) in [(LITE0, 4_652_008, 247), (LITE1, 5_416_680, 322), (LITE2, 6_092_072, 322)] {
            let all = lite.arrays();
            let trained = all.iter().filter(|(name, _)| !name.contains("running"));
            let count: usize = trained.map(|(_, shape)| shape.iter().product::<usize>()).sum();
            assert_eq!((count, all.len()), (expected, arrays));
        }
    }
}
