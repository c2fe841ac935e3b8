//! A drawing of lines, boxes and texts, in units of its own: shown within a page, as an SVG file, and by
//! [`super::raster`] as PNG, all with the same layout.
//!
//! Colours are roles ([`Color`]): a page and an SVG file give them their values for light and for dark.

use super::escaped;
use std::fmt::Write as _;

/// What a colour is for. Names and values are those of `base.css`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Color {
    /// Texts that are read first.
    Ink,
    /// Other texts, and a series that is there for comparison.
    Faded,
    /// Axes and grids.
    Line,
    /// The first series; what is right.
    A,
    /// The second series; what is wrong.
    B,
}

impl Color {
    const ALL: [Self; 5] = [Self::Ink, Self::Faded, Self::Line, Self::A, Self::B];

    const fn name(self) -> &'static str {
        match self {
            Self::Ink => "ink",
            Self::Faded => "faded",
            Self::Line => "line",
            Self::A => "a",
            Self::B => "b",
        }
    }

    /// On light paper, sRGB.
    pub(super) const fn light(self) -> [u8; 3] {
        match self {
            Self::Ink => [0x1f, 0x23, 0x28],
            Self::Faded => [0x5d, 0x65, 0x6e],
            Self::Line => [0xd8, 0xda, 0xdd],
            Self::A => [0x2f, 0x6f, 0xb7],
            Self::B => [0xc7, 0x62, 0x1b],
        }
    }

    const fn dark(self) -> [u8; 3] {
        match self {
            Self::Ink => [0xe4, 0xe6, 0xe8],
            Self::Faded => [0x9a, 0xa2, 0xab],
            Self::Line => [0x36, 0x3a, 0x40],
            Self::A => [0x6b, 0xa6, 0xe8],
            Self::B => [0xec, 0x9a, 0x5c],
        }
    }
}

/// Light paper, sRGB.
pub(super) const PAPER: [u8; 3] = [0xfc, 0xfc, 0xfa];
const DARK_PAPER: [u8; 3] = [0x16, 0x18, 0x1b];

/// What a page with drawings in it adds to its style.
pub const PAGE_STYLE: &str = ".f-ink { fill: var(--ink); } .f-faded { fill: var(--faded); } .f-line { fill: var(--line); } \
    .f-a { fill: var(--a); } .f-b { fill: var(--b); }\n.k-ink { stroke: var(--ink); } .k-faded { stroke: var(--faded); } \
    .k-line { stroke: var(--line); } .k-a { stroke: var(--a); } .k-b { stroke: var(--b); }\nsvg text.f-ink { fill: var(--ink); }\n";

/// Which end of a text stands at its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A piece of a drawing. x goes right, y down.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Shape {
    /// A filled box; `opacity` is 0 to 1, `title` is shown on a page under the pointer (may be empty).
    Rect { x: f64, y: f64, width: f64, height: f64, color: Color, opacity: f64, title: String },
    /// Straight lines from point to point.
    Polyline { points: Vec<(f64, f64)>, color: Color, width: f64 },
    /// A filled disc.
    Dot { x: f64, y: f64, radius: f64, color: Color, title: String },
    /// A text with its baseline at y; `upright` ones run from below to above, their baseline at x.
    Text { x: f64, y: f64, size: f64, anchor: Anchor, upright: bool, color: Color, text: String },
}

/// A drawing of `width` by `height`.
#[derive(Clone, PartialEq, Debug)]
pub struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    /// What it shows, for who does not see it.
    name: String,
    pub(super) shapes: Vec<Shape>,
}

impl Drawing {
    pub(super) fn new(name: &str, width: f64, height: f64) -> Self {
        Self { width, height, name: name.into(), shapes: Vec::new() }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: Color, width: f64) {
        self.shapes.push(Shape::Polyline { points: vec![from, to], color, width });
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), size: f64, anchor: Anchor, color: Color, text: &str) {
        self.shapes.push(Shape::Text { x, y, size, anchor, upright: false, color, text: text.into() });
    }

    /// Width and height, in its units: pixels of a page at most.
    pub const fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// Drawings one below the other, as one.
    pub fn column(name: &str, drawings: &[Self]) -> Self {
        let width = drawings.iter().map(|one| one.width).fold(0.0, f64::max);
        let mut column = Self::new(name, width, 0.0);
        for one in drawings {
            let top = column.height;
            column.shapes.extend(one.shapes.iter().map(|shape| lowered(shape.clone(), top)));
            column.height += one.height;
        }
        column
    }

    /// As an element of a page that has [`PAGE_STYLE`].
    pub fn element(&self) -> String {
        self.svg("", "")
    }

    /// As a file, readable on light and dark.
    pub fn file(&self) -> String {
        let paper = format!(
            "<style>text {{ font-family: 'Noto Sans', 'Noto Sans CJK KR', 'Malgun Gothic', sans-serif; }}\n{}@media \
             (prefers-color-scheme: dark) {{\n{}}}</style><rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
            rules(Color::light, PAPER),
            rules(Color::dark, DARK_PAPER)
        );
        let size =
            format!(" xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{:.0}\"", self.width, self.height);
        self.svg(&size, &paper) + "\n"
    }

    fn svg(&self, attributes: &str, before: &str) -> String {
        let shapes: String = self.shapes.iter().map(element).collect();
        format!(
            "<svg{attributes} viewBox=\"0 0 {:.0} {:.0}\" role=\"img\" aria-label=\"{}\">{before}{shapes}</svg>",
            self.width,
            self.height,
            escaped(&self.name)
        )
    }
}

/// Style rules that give colours their values.
fn rules(value: fn(Color) -> [u8; 3], paper: [u8; 3]) -> String {
    let hex = |[r, g, b]: [u8; 3]| format!("#{r:02x}{g:02x}{b:02x}");
    let mut rules = format!(".paper {{ fill: {}; }}\n", hex(paper));
    for color in Color::ALL {
        let (name, value) = (color.name(), hex(value(color)));
        let _ = writeln!(rules, ".f-{name} {{ fill: {value}; }} .k-{name} {{ stroke: {value}; }}");
    }
    rules
}

fn lowered(mut shape: Shape, by: f64) -> Shape {
    match &mut shape {
        Shape::Rect { y, .. } | Shape::Dot { y, .. } | Shape::Text { y, .. } => *y += by,
        Shape::Polyline { points, .. } => points.iter_mut().for_each(|(_, y)| *y += by),
    }
    shape
}

fn element(shape: &Shape) -> String {
    let titled = |title: &str| match title.is_empty() {
        true => String::new(),
        false => format!("<title>{}</title>", escaped(title)),
    };
    match shape {
        Shape::Rect { x, y, width, height, color, opacity, title } => format!(
            "<rect class=\"f-{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill-opacity=\"{opacity:.3}\">{}</rect>",
            color.name(),
            titled(title)
        ),
        Shape::Polyline { points, color, width } => {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            format!(
                "<polyline class=\"k-{}\" fill=\"none\" stroke-width=\"{width}\" stroke-linejoin=\"round\" points=\"{}\"/>",
                color.name(),
                points.join(" ")
            )
        }
        Shape::Dot { x, y, radius, color, title } => format!(
            "<circle class=\"f-{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\">{}</circle>",
            color.name(),
            titled(title)
        ),
        Shape::Text { x, y, size, anchor, upright, color, text } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let turn = if *upright { format!(" transform=\"rotate(-90 {x:.1} {y:.1})\"") } else { String::new() };
            format!(
                "<text class=\"f-{}\" x=\"{x:.1}\" y=\"{y:.1}\" style=\"font-size: {size}px\" text-anchor=\"{anchor}\"{turn}>{}</text>",
                color.name(),
                escaped(text)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_below_keeps_its_place_within_its_drawing() {
        let mut one = Drawing::new("one", 10.0, 20.0);
        one.text((1.0, 2.0), 8.0, Anchor::End, Color::Ink, "<계약서>");
        let mut two = Drawing::new("two", 30.0, 5.0);
        two.line((0.0, 1.0), (3.0, 4.0), Color::A, 1.0);
        let both = Drawing::column("a & b", &[one.clone(), one, two]);
        assert_eq!(both.size(), (30.0, 45.0));
        let svg = both.element();
        assert!(svg.contains("y=\"22.0\"") && svg.contains("points=\"0.0,41.0 3.0,44.0\""), "{svg}");
        assert!(svg.contains("aria-label=\"a &amp; b\"") && svg.contains("&lt;계약서&gt;"), "{svg}");
    }

    #[test]
    fn a_file_has_colours_for_light_and_dark_and_a_page_its_own() {
        let mut drawing = Drawing::new("d", 10.0, 10.0);
        drawing.line((0.0, 0.0), (1.0, 1.0), Color::B, 2.0);
        let (file, element) = (drawing.file(), drawing.element());
        assert!(file.contains(".k-b { stroke: #c7621b; }") && file.contains("prefers-color-scheme: dark"), "{file}");
        assert!(file.contains(".k-b { stroke: #ec9a5c; }"), "{file}");
        assert!(!element.contains("<style>") && element.contains("class=\"k-b\""), "{element}");
        for color in Color::ALL {
            let name = color.name();
            assert!(PAGE_STYLE.contains(&format!(".f-{name} {{ fill: var(--{name}); }}")), "{name}");
            assert!(PAGE_STYLE.contains(&format!(".k-{name} {{ stroke: var(--{name}); }}")), "{name}");
        }
    }

    #[test]
    fn colours_are_those_of_the_pages() {
        let css = include_str!("base.css");
        let (light, dark) = css.split_once("@media").unwrap();
        for color in Color::ALL {
            for (style, [r, g, b]) in [(light, color.light()), (dark, color.dark())] {
                let rule = format!("--{}: #{r:02x}{g:02x}{b:02x};", color.name());
                assert!(style.contains(&rule), "{rule}");
            }
        }
    }
}
