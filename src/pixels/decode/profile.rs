//! ICC profiles to sRGB.
//!
//! moxcms without its SIMD features and without its fixed-point option: both give other bytes on other CPUs (its AVX
//! paths use fused multiply-add). That is why this crate asks for another minor version than `image` does: Cargo unites
//! the features of one version, and `image` turns them on.

use super::DecodeError;
use super::raster::Channels;
use moxcms::{
    BarycentricWeightScale, ColorProfile, DataColorSpace, InterpolationMethod, Layout, RenderingIntent,
    TransformOptions,
};

/// Every option written out: none may follow a library's default.
const OPTIONS: TransformOptions = TransformOptions {
    rendering_intent: RenderingIntent::Perceptual,
    allow_use_cicp_transfer: false,
    prefer_fixed_point: false,
    interpolation_method: InterpolationMethod::Tetrahedral,
    barycentric_weight_scale: BarycentricWeightScale::High,
};

/// Samples in the profile's colours to sRGB; alpha is kept. Grey samples may carry an RGB profile: many editors write
/// that, and it means R = G = B.
///
/// # Errors
/// [`DecodeError::Profile`] if the profile is broken, or is for other channels than these.
pub(super) fn to_srgb(
    profile: &[u8],
    channels: Channels,
    samples: Vec<u8>,
) -> Result<(Channels, Vec<u8>), DecodeError> {
    let profile = ColorProfile::new_from_slice(profile).map_err(|e| DecodeError::Profile(e.to_string()))?;
    let (channels, samples) = match (profile.color_space, channels) {
        (DataColorSpace::Rgb, Channels::Grey) => (Channels::Rgb, samples.into_iter().flat_map(|v| [v; 3]).collect()),
        (DataColorSpace::Rgb, Channels::GreyAlpha) => {
            (Channels::Rgba, samples.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect())
        }
        _ => (channels, samples),
    };
    let (from, to) = match (profile.color_space, channels) {
        (DataColorSpace::Rgb, Channels::Rgb) => (Layout::Rgb, Channels::Rgb),
        (DataColorSpace::Rgb, Channels::Rgba) => (Layout::Rgba, Channels::Rgba),
        (DataColorSpace::Gray, Channels::Grey) => (Layout::Gray, Channels::Rgb),
        (DataColorSpace::Gray, Channels::GreyAlpha) => (Layout::GrayAlpha, Channels::Rgba),
        // moxcms calls any four channels Rgba.
        (DataColorSpace::Cmyk, Channels::Cmyk) => (Layout::Rgba, Channels::Rgb),
        (space, _) => {
            return Err(DecodeError::Profile(format!("it is for {space:?} and the pixels are {channels:?}")));
        }
    };
    let layout = if to == Channels::Rgba { Layout::Rgba } else { Layout::Rgb };
    let apply = || {
        let transform = profile.create_transform_8bit(from, &ColorProfile::new_srgb(), layout, OPTIONS)?;
        let mut converted = vec![0; samples.len() / channels.count() * to.count()];
        transform.transform(&samples, &mut converted)?;
        Ok(converted)
    };
    apply().map(|converted| (to, converted)).map_err(|e: moxcms::CmsError| DecodeError::Profile(e.to_string()))
}
