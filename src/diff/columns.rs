//! A version's samples as columns: what is compared of each, and every drawn parameter.
//!
//! Read from a manifest in one pass over its text, or drawn from a plan. Two versions are read side by side, each by a
//! thread of its own; what is kept of a sample is a hundred bytes and its numbers, so 180,000 of them take some 40 MB.

use super::line::{Cursor, fingerprint};
use super::recipe::Of;
use crate::digest::Digest;
use crate::seed::Role;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One sample, as far as it is compared. Class and source are numbers that both sides share ([`Names`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its key.
    pub key: u128,
    /// The start of the digest of its bytes; 0 where they are not known.
    pub digest: u128,
    /// Stands for the text of its draws.
    pub draws: u64,
    /// Stands for its label.
    pub label: u64,
    /// Its source.
    pub source: u32,
    /// Which of the source's samples of this role.
    pub copy: u32,
    /// The class of its source.
    pub class: u32,
    /// Stands for its set.
    pub set: u32,
    /// What it was drawn as.
    pub role: Role,
    /// Whether any step is on.
    pub drawn: bool,
    /// Whether a step is on whose stated draw does not settle its pixels ([`super::recipe::unsettled`]).
    pub unsettled: bool,
}

/// What both sides number alike: classes by name, sources by digest.
#[derive(Debug, Default)]
pub struct Names {
    /// Class names, sorted.
    pub classes: Vec<String>,
    /// Sources, sorted.
    pub sources: Vec<Digest>,
    by_digest: HashMap<[u8; 64], u32>,
}

impl Names {
    /// Numbers these.
    pub fn new(classes: BTreeSet<String>, sources: BTreeSet<Digest>) -> Self {
        let sources: Vec<Digest> = sources.into_iter().collect();
        let hex = |digest: &Digest| digest.hex().into_bytes().try_into().expect("BUG: 64 digits");
        let by_digest = (0..).zip(&sources).map(|(index, digest)| (hex(digest), index)).collect();
        Self { classes: classes.into_iter().collect(), sources, by_digest }
    }

    /// The number of a class.
    pub fn class(&self, name: &str) -> Option<u32> {
        self.classes.binary_search_by(|known| known.as_str().cmp(name)).ok().map(|index| index as u32)
    }

    /// The number of a source.
    pub fn source(&self, digest: &Digest) -> Option<u32> {
        self.sources.binary_search(digest).ok().map(|index| index as u32)
    }
}

/// A parameter's values, in no order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Values {
    /// Numbers, in millionths.
    pub numbers: Vec<i64>,
    /// How often each word was drawn.
    pub words: BTreeMap<String, u64>,
}

/// A step that was on in some sample.
#[derive(Clone, PartialEq, Debug)]
pub struct StepColumn {
    /// In which list of steps.
    pub of: Of,
    /// Its id.
    pub id: String,
    /// In how many samples.
    pub on: u64,
    /// By parameter. A partner is stated as its class.
    pub params: BTreeMap<String, Values>,
}

/// All samples of one side.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Columns {
    /// Sorted by key.
    pub rows: Vec<Row>,
    /// Whether the digests of the samples' bytes are known.
    pub rendered: bool,
    /// The sum of the samples' bytes.
    pub bytes: u64,
    /// The sum of the training samples' labels by class, in 65536ths.
    pub mass: Vec<u64>,
    /// Steps, in the order of list and id.
    pub steps: Vec<StepColumn>,
    /// How many samples could have had a step on: training copies, noisy validation.
    pub drawn: BTreeMap<Of, u64>,
}

/// Makes [`Columns`] from lines.
pub struct Collector<'a> {
    names: &'a Names,
    /// The number of each class, as this side numbers them.
    classes: HashMap<u32, u32>,
    /// The class of each source, on this side.
    source_classes: Vec<u32>,
    unsettled: &'a BTreeMap<Of, BTreeSet<String>>,
    columns: Columns,
    steps: Vec<Slot>,
    copies: [u64; 2],
}

/// A step being collected: names as they stand in the text.
struct Slot {
    of: Of,
    id: Vec<u8>,
    on: u64,
    unsettled: bool,
    params: Vec<ParamSlot>,
}

struct ParamSlot {
    name: Vec<u8>,
    numbers: Vec<i64>,
    words: Vec<(Vec<u8>, u64)>,
    more_words: HashMap<Vec<u8>, u64>,
    partners: Vec<u64>,
}

/// Words of a parameter that are found by looking at each; there are few, as a recipe lists them.
const FEW: usize = 16;

/// A value between its name and the step that it belongs to.
enum Raw<'a> {
    Number(i64),
    Word(&'a [u8]),
}

impl<'a> Collector<'a> {
    /// Collects the samples of a side: `classes` are its numbers and names, `sources` the class of each of its sources.
    pub fn new<'b>(
        names: &'a Names,
        classes: impl IntoIterator<Item = (u32, &'b str)>,
        sources: impl IntoIterator<Item = (&'b Digest, u32)>,
        unsettled: &'a BTreeMap<Of, BTreeSet<String>>,
    ) -> Self {
        let shared = classes.into_iter().filter_map(|(number, name)| Some((number, names.class(name)?)));
        let classes: HashMap<u32, u32> = shared.collect();
        let mut source_classes = vec![u32::MAX; names.sources.len()];
        for (digest, class) in sources {
            if let (Some(source), Some(class)) = (names.source(digest), classes.get(&class)) {
                source_classes[source as usize] = *class;
            }
        }
        let columns = Columns { mass: vec![0; names.classes.len()], ..Columns::default() };
        Self { names, classes, source_classes, unsettled, columns, steps: Vec::new(), copies: [0; 2] }
    }

    /// Takes one line, which starts at `at`; gives the place after its newline. `None` where it is no line of a sample of
    /// these classes and sources.
    pub fn line(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let mut cursor = Cursor::new(text, at);
        cursor.token(b"{\"bytes\":")?;
        self.columns.bytes += cursor.number()?;
        cursor.token(b",\"class\":")?;
        let class = *self.classes.get(&cursor.number32()?)?;
        cursor.token(b",\"copy\":")?;
        let copy = cursor.number32()?;
        cursor.token(b",\"digest\":\"")?;
        let digest = cursor.hex128()?;
        cursor.take(32)?;
        cursor.token(b"\",\"file\":")?;
        cursor.string()?;
        cursor.token(b",\"height\":")?;
        cursor.number()?;
        cursor.token(b",\"key\":\"")?;
        let key = cursor.hex128()?;
        cursor.token(b"\",\"label\":[")?;
        let (label, weights) = self.label(&mut cursor)?;
        cursor.token(b",\"role\":")?;
        let role = role(cursor.string()?)?;
        if matches!(role, Role::Original | Role::Train) {
            for (class, weight) in weights {
                self.columns.mass[class as usize] += weight;
            }
        }
        cursor.token(b",\"set\":")?;
        // The low bits are as good as any: sets are few, and they are compared, never stored.
        let set = fingerprint(cursor.string()?) as u32;
        cursor.token(b",\"source\":\"")?;
        let source = *self.names.by_digest.get(cursor.take(64)?)?;
        cursor.token(b"\",\"steps\":")?;
        let start = cursor.at();
        let of = if role == Role::NoisyVal { Of::Validation } else { Of::Recipe };
        self.copies[of as usize] += u64::from(matches!(role, Role::Train | Role::NoisyVal));
        let unsettled = self.steps(&mut cursor, of)?;
        let steps = cursor.since(start);
        let (draws, drawn) = (fingerprint(steps), steps.len() > 2);
        cursor.token(b",\"width\":")?;
        cursor.number()?;
        cursor.token(b"}\n")?;
        let row = Row { key, digest, draws, label, source, copy, class, set, role, drawn, unsettled };
        self.columns.rows.push(row);
        Some(cursor.at())
    }

    /// The label after its first bracket: what stands for it, and its weights.
    fn label(&self, cursor: &mut Cursor<'_>) -> Option<(u64, Vec<(u32, u64)>)> {
        let mut label = 0u64;
        let mut weights = Vec::with_capacity(2);
        while !cursor.has(b']') {
            if !weights.is_empty() {
                cursor.token(b",")?;
            }
            cursor.token(b"[")?;
            let class = *self.classes.get(&cursor.number32()?)?;
            cursor.token(b",")?;
            let weight = cursor.number()?;
            cursor.token(b"]")?;
            let mut pair = [0; 16];
            pair[..4].copy_from_slice(&class.to_le_bytes());
            pair[8..].copy_from_slice(&weight.to_le_bytes());
            // A sum, as the two sides may number, and so order, their classes otherwise.
            label = label.wrapping_add(fingerprint(&pair));
            weights.push((class, weight));
        }
        Some((label, weights))
    }

    /// The list of steps; whether one of them is unsettled.
    fn steps(&mut self, cursor: &mut Cursor<'_>, of: Of) -> Option<bool> {
        cursor.token(b"[")?;
        let (mut unsettled, mut last) = (false, usize::MAX);
        let mut params: Vec<(&[u8], Raw<'_>)> = Vec::with_capacity(8);
        while !cursor.has(b']') {
            cursor.has(b',');
            cursor.token(b"{\"draw\":{")?;
            params.clear();
            while !cursor.has(b'}') {
                cursor.has(b',');
                let name = cursor.string()?;
                cursor.token(b":")?;
                let value = match cursor.peek()? {
                    b'"' => Raw::Word(cursor.string()?),
                    _ => Raw::Number(cursor.millionths()?),
                };
                params.push((name, value));
            }
            cursor.token(b",\"id\":")?;
            let slot = self.slot(of, cursor.string()?, last);
            cursor.token(b"}")?;
            last = slot;
            let slot = &mut self.steps[slot];
            slot.on += 1;
            unsettled |= slot.unsettled;
            for (place, (name, value)) in params.drain(..).enumerate() {
                let param = slot.param(place, name);
                match value {
                    Raw::Number(number) => param.numbers.push(number),
                    Raw::Word(word) => param.word(word, self.names, &self.source_classes),
                }
            }
        }
        Some(unsettled)
    }

    /// The slot of a step. Steps are met in nearly the same order in every sample, so it is looked for from the one before
    /// on.
    fn slot(&mut self, of: Of, id: &[u8], last: usize) -> usize {
        let (before, after) = self.steps.split_at(last.wrapping_add(1).min(self.steps.len()));
        let is = |slot: &Slot| slot.id == id && slot.of == of;
        let found = after.iter().position(is).map(|index| before.len() + index).or_else(|| before.iter().position(is));
        found.unwrap_or_else(|| {
            let unsettled = self.unsettled.get(&of).is_some_and(|ids| ids.contains(&text(id)));
            self.steps.push(Slot { of, id: id.to_vec(), on: 0, unsettled, params: Vec::new() });
            self.steps.len() - 1
        })
    }

    /// All that was taken, the rows sorted by key.
    pub fn finish(self, rendered: bool) -> Columns {
        let Self { mut columns, mut steps, names, copies, .. } = self;
        columns.rendered = rendered;
        if !columns.rows.is_sorted_by_key(|row| row.key) {
            columns.rows.sort_unstable_by_key(|row| row.key);
        }
        steps.sort_by(|a, b| (a.of, &a.id).cmp(&(b.of, &b.id)));
        columns.steps = steps.into_iter().map(|slot| slot.finish(names)).collect();
        columns.drawn = [(Of::Recipe, copies[0]), (Of::Validation, copies[1])].into();
        columns
    }
}

impl Slot {
    /// The parameter of this name; as each draw of a step states the same ones, it mostly has the same place.
    fn param(&mut self, place: usize, name: &[u8]) -> &mut ParamSlot {
        let found = match self.params.get(place) {
            Some(param) if param.name == name => Some(place),
            _ => self.params.iter().position(|param| param.name == name),
        };
        let index = found.unwrap_or_else(|| {
            let (numbers, words, more_words) = Default::default();
            self.params.push(ParamSlot { name: name.to_vec(), numbers, words, more_words, partners: Vec::new() });
            self.params.len() - 1
        });
        &mut self.params[index]
    }

    fn finish(self, names: &Names) -> StepColumn {
        let params = self.params.into_iter().map(|param| {
            let partners = names.classes.iter().zip(&param.partners).filter(|(_, count)| **count > 0);
            let words = param.words.into_iter().chain(param.more_words).map(|(word, count)| (text(&word), count));
            let words = words.chain(partners.map(|(class, count)| (class.clone(), *count)));
            (text(&param.name), Values { numbers: param.numbers, words: words.collect() })
        });
        StepColumn { of: self.of, id: text(&self.id), on: self.on, params: params.collect() }
    }
}

impl ParamSlot {
    fn word(&mut self, word: &[u8], names: &Names, source_classes: &[u32]) {
        // A partner is one of thousands of sources: what can be compared is the class it came from.
        let partner = if self.name == b"partner" { names.by_digest.get(word) } else { None };
        if let Some(class) = partner.map(|source| source_classes[*source as usize] as usize)
            && class < names.classes.len()
        {
            self.partners.resize(names.classes.len(), 0);
            self.partners[class] += 1;
        } else if let Some((_, count)) = self.words.iter_mut().find(|(known, _)| known == word) {
            *count += 1;
        } else if self.words.len() < FEW {
            self.words.push((word.to_vec(), 1));
        } else {
            *self.more_words.entry(word.to_vec()).or_default() += 1;
        }
    }
}

/// What a string says, from how it stands between its quotes.
fn text(raw: &[u8]) -> String {
    let raw = String::from_utf8_lossy(raw);
    serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.into_owned())
}

fn role(name: &[u8]) -> Option<Role> {
    [Role::Original, Role::Train, Role::Val, Role::NoisyVal].into_iter().find(|role| role.name().as_bytes() == name)
}
