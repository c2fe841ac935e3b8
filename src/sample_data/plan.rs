//! Which images a scale has: class by class, document by document, page by page.
//!
//! The list of a class at one scale is the beginning of its list at any larger one.

use super::classes::{CLASSES, Class};
use super::dice::Dice;
use super::scale::Scale;
use crate::digest::Hasher;
use crate::pixels::Image;

/// Raised whenever any image changes; part of the marker, so that two revisions never mix in a folder.
pub(super) const REVISION: u32 = 1;

/// Pages of a class's documents, over and over. Single pages among them let a split by document meet its share even of
/// a class of five images.
const PAGES: [u32; 5] = [1, 2, 1, 4, 2];

/// One image to draw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Page {
    /// Index of the class, which is its target.
    pub class: usize,
    pub document: u32,
    pub page: u32,
}

impl Page {
    fn kind(&self) -> &'static Class {
        &CLASSES[self.class]
    }

    /// 16 hexadecimal digits that tell nothing of the class.
    pub fn id(&self) -> String {
        let hash = Hasher::new("augmint sample-data id 1")
            .text(self.kind().name)
            .number(self.document.into())
            .number(self.page.into())
            .finish();
        hash.hex()[..16].to_owned()
    }

    /// The file below `train/`, as the tables name it.
    pub fn file_name(&self) -> String {
        format!("{}.jpg", self.id())
    }

    /// The document that this page belongs to.
    pub fn group(&self) -> String {
        format!("{}-{:04}", self.kind().name, self.document)
    }

    /// Draws the page.
    pub fn draw(&self) -> Image {
        let name = self.kind().name;
        let mut doc = Dice::of_document(name, self.document);
        (self.kind().draw)(&mut doc, &mut Dice::of_page(name, self.document, self.page))
    }
}

/// All pages at a scale, by class, document and page.
pub(super) fn pages(scale: Scale) -> Vec<Page> {
    let mut all = Vec::new();
    for (class, kind) in CLASSES.iter().enumerate() {
        let of_class = (0u32..).flat_map(|document| {
            let count = PAGES[document as usize % PAGES.len()];
            (0..count).map(move |page| Page { class, document, page })
        });
        all.extend(of_class.take(scale.of(kind.count) as usize));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// SHA-256 (first 12 digits) of size and pixels of each class's second document's first page. Where one changes,
    /// raise `REVISION`: everyone's sample data changes with it.
    const GOLDEN: [(&str, &str); 17] = [
        ("application_form", "d496b6bf05b1"),
        ("bar_chart", "20456f9fd4c0"),
        ("book_page", "9dd0d1a3812c"),
        ("business_letter", "7df5448fae56"),
        ("car_dashboard_dial", "1af65e266be8"),
        ("driver_licence", "913b546d5b79"),
        ("handwritten_note", "03e5af2b819e"),
        ("id_card", "0c2a45ee2d6c"),
        ("invoice", "4733033bc5be"),
        ("lab_report", "87b1c625784a"),
        ("license_plate", "5e1d4281b83e"),
        ("music_sheet", "d5142eda2c86"),
        ("newspaper_page", "6f9a7b75e5a5"),
        ("prescription", "dee6a10de51c"),
        ("receipt", "2aac9ebae646"),
        ("tax_table", "465d0e0a033a"),
        ("typescript", "597a750e6cb9"),
    ];

    fn digest(image: &Image) -> Digest {
        let size = image.size();
        Hasher::new("golden").number(size.width.into()).number(size.height.into()).bytes(image.data()).finish()
    }

    #[test]
    fn drawn_pixels_are_pinned() {
        let drawn: Vec<(&str, String)> = CLASSES
            .iter()
            .enumerate()
            .map(|(class, kind)| (kind.name, digest(&Page { class, document: 1, page: 0 }.draw()).short()))
            .collect();
        let pinned = GOLDEN.map(|(name, digest)| (name, digest.to_owned()));
        assert_eq!(drawn, pinned, "if this is meant, raise REVISION and pin these");
    }

    #[test]
    fn full_scale_has_the_contests_sizes() {
        assert_eq!(pages(Scale::FULL).len(), 1570);
        let mut sizes: Vec<u32> = CLASSES.iter().map(|class| class.count).collect();
        sizes.sort_unstable();
        assert_eq!(sizes[..4], [46, 50, 74, 100]);
        assert!(CLASSES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn the_first_names_and_groups_are_pinned() {
        let first = Page { class: 0, document: 3, page: 2 };
        assert_eq!((first.id().as_str(), first.group().as_str()), ("35639357be020d3c", "application_form-0003"));
    }

    #[test]
    fn identifiers_are_all_different() {
        let pages = pages("20".parse().unwrap());
        assert_eq!(pages.iter().map(Page::id).collect::<BTreeSet<_>>().len(), pages.len());
    }

    #[test]
    fn pages_of_a_document_share_its_paper_and_not_its_content() {
        for (class, kind) in CLASSES.iter().enumerate() {
            let pages: Vec<Image> = (0..3).map(|page| Page { class, document: 3, page }.draw()).collect();
            let name = kind.name;
            assert!(pages.iter().all(|page| page.size() == pages[0].size()), "{name}");
            assert!(digest(&pages[0]) != digest(&pages[1]) && digest(&pages[1]) != digest(&pages[2]), "{name}");
        }
    }

    #[test]
    fn no_two_images_of_the_quick_size_are_equal() {
        use rayon::prelude::*;
        let pages = pages(Scale::QUICK);
        let digests: BTreeSet<Digest> = pages.par_iter().map(|page| digest(&page.draw())).collect();
        assert_eq!(digests.len(), pages.len());
    }

    #[test]
    fn the_longest_side_is_512() {
        for (class, kind) in CLASSES.iter().enumerate() {
            for document in 0..6 {
                let size = Page { class, document, page: 0 }.draw().size();
                assert_eq!(size.width.max(size.height), 512, "{}: {size}", kind.name);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_larger_scale_only_adds(a in 1u32..3000, b in 1u32..3000) {
            let at = |hundredths: u32| {
                let scale = format!("{}.{:02}", hundredths / 100, hundredths % 100).parse().unwrap();
                let mut by_class: BTreeMap<usize, Vec<Page>> = BTreeMap::new();
                for page in pages(scale) {
                    by_class.entry(page.class).or_default().push(page);
                }
                by_class
            };
            let (small, large) = (at(a.min(b)), at(a.max(b)));
            for (class, pages) in &small {
                prop_assert!(large[class].starts_with(pages));
            }
        }

        #[test]
        fn any_document_can_be_drawn_and_is_drawn_alike(class in 0usize..17, document in 0u32..100_000, page in 0u32..4) {
            let page = Page { class, document, page };
            prop_assert_eq!(digest(&page.draw()), digest(&page.draw()));
        }
    }
}
