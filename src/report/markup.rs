//! Pieces of HTML that every page is made of: text that cannot become markup, and images within the page.

use super::smaller;
use crate::pixels::{EncodeError, Encoding, Image, Size, Subsampling};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Text as HTML shows it, in an element or in a quoted attribute.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A file as an address that needs no other: `data:image/jpeg;base64,…`.
pub fn data_url(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(bytes))
}

/// An `<img>` that holds its image, the longest side at most `side` pixels, with a text (not yet escaped) for who does not
/// see it.
///
/// # Errors
/// When the image cannot be encoded.
pub fn picture(image: &Image, side: u32, alt: &str) -> Result<String, EncodeError> {
    let small = smaller(image, side);
    let bytes = Encoding::Jpeg { quality: 88, subsampling: Subsampling::S444 }.encode(&small)?;
    let Size { width, height } = small.size();
    let (alt, url) = (escaped(alt), data_url("image/jpeg", &bytes));
    Ok(format!("<img alt=\"{alt}\" width=\"{width}\" height=\"{height}\" src=\"{url}\">"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_named_becomes_markup() {
        assert_eq!(escaped("<b title='\"'>&"), "&lt;b title=&#39;&quot;&#39;&gt;&amp;");
    }

    #[test]
    fn an_image_is_within_its_element() {
        let image = Image::filled(Size::new(40, 20), [200, 10, 10]);
        let tag = picture(&image, 20, "a \"b\"").unwrap();
        assert!(
            tag.starts_with(
                "<img alt=\"a &quot;b&quot;\" width=\"20\" height=\"10\" src=\"data:image/jpeg;base64,/9j/"
            )
        );
    }
}
