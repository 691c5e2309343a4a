//! `Manifest::read`: bytes in, slots and findings out.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::code;
use super::finding::{Finding, Place};
use super::model::Manifest;
use super::source::{BOM, Source};
use super::tree::{Kind, Tree};
use super::{decode, parse, repair};

/// Largest manifest, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// Most syntax errors that are read past.
const MAX_REPAIRS: usize = 20;

/// Most bytes that are read again because of them, so that a large file of noise is refused at once.
const REPAIRED_BYTES: usize = 8 << 20;

/// What came of reading a file.
#[derive(Debug, Clone)]
pub struct Read {
    /// The manifest, unless the file is not YAML, or not a map. It may be there beside errors: those leave a part of it out.
    pub manifest: Option<Manifest>,
    /// What is wrong with the file as YAML, in the order of the file.
    pub findings: Vec<Finding>,
    /// The text that the places belong to. Of a file that is too large it is empty; of one that is not UTF-8 it ends with the
    /// first byte that is not, shown as U+FFFD.
    pub source: Arc<Source>,
}

impl Manifest {
    /// Reads a manifest. `name` is what to call the file in messages.
    ///
    /// Never fails and never recurses deeper than [`super::MAX_DEPTH`]; memory is bounded by [`MAX_BYTES`] and
    /// [`super::MAX_NODES`], whatever the file holds.
    pub fn read(name: &str, bytes: &[u8]) -> Read {
        let refused = |text: String, finding| Read {
            manifest: None,
            findings: vec![finding],
            source: Arc::new(Source::new(name, text)),
        };
        if bytes.len() > MAX_BYTES {
            return refused(String::new(), too_large());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = error.valid_up_to();
                let text = String::from_utf8_lossy(&bytes[..valid]).into_owned() + "\u{fffd}";
                return refused(text, not_utf8(bytes, valid));
            }
        };
        if let Some(at) = text
            .bytes()
            .position(|byte| byte.is_ascii_control() && !b"\t\n\r".contains(&byte))
        {
            return refused(text.to_owned(), control_character(text, at));
        }
        let from = if text.starts_with(BOM) { BOM.len() } else { 0 };
        let Pieces {
            tree,
            mut findings,
            nameless,
        } = pieces(text, from);
        let mut manifest = tree.and_then(|tree| decoded(tree, text, &mut findings));
        if let Some(manifest) = &mut manifest {
            manifest.nameless = nameless;
        }
        if manifest.is_none() && findings.is_empty() {
            findings.push(empty(text));
        }
        findings.sort_by_key(|finding| finding.place);
        let source = Arc::new(Source::new(name, text));
        Read {
            manifest,
            findings,
            source,
        }
    }
}

/// What could be read of a text.
struct Pieces {
    tree: Option<Tree>,
    findings: Vec<Finding>,
    /// Whether a step or server is missing, name and all.
    nameless: bool,
}

/// Reads the text; where a syntax error stops it, reads again without the step or server that holds the error.
fn pieces(original: &str, from: usize) -> Pieces {
    let mut text = Cow::Borrowed(original);
    let mut blanked = Vec::new();
    let mut pieces = Pieces {
        tree: None,
        findings: Vec::new(),
        nameless: false,
    };
    let mut said = HashSet::new();
    for tries in (0..=MAX_REPAIRS.min(REPAIRED_BYTES / original.len().max(1))).rev() {
        let parsed = parse::parse(&text, from, &blanked);
        for mut finding in parsed.findings {
            finding.place = finding.place.aligned(original);
            finding
                .related
                .iter_mut()
                .for_each(|(place, _)| *place = place.aligned(original));
            if said.insert((finding.code, finding.place)) {
                pieces.findings.push(finding);
            }
        }
        pieces.tree = parsed.tree;
        let repaired = parsed
            .fault
            .filter(|_| tries > 0)
            .and_then(|at| repair::without_entry(&text, at.culprit, at.seen));
        let Some(repaired) = repaired else { break };
        text = Cow::Owned(repaired.text);
        blanked.extend(repaired.keys);
        pieces.nameless |= repaired.nameless;
    }
    if let (Some(tree), Cow::Owned(_)) = (&mut pieces.tree, &text) {
        tree.align(original);
    }
    pieces
}

fn decoded(tree: Tree, text: &str, findings: &mut Vec<Finding>) -> Option<Manifest> {
    let root = tree.root();
    let Kind::Map(top) = &root.kind else {
        if !matches!(root.kind, Kind::Broken) {
            findings.push(if root.is_null() {
                empty(text)
            } else {
                not_a_map(text, root.place)
            });
        }
        return None;
    };
    let mut manifest = decode::manifest(&tree, top);
    manifest.reported = findings.iter().map(|finding| finding.place).collect();
    manifest.tree = Some(tree);
    Some(manifest)
}

fn too_large() -> Finding {
    let message = "the file is larger than 16 MiB, the most that a manifest may have";
    Finding::error(code::TOO_LARGE, Place::default(), message, "too large")
        .help("is this the right file? Files are chosen by patterns, not listed one by one")
}

fn not_utf8(bytes: &[u8], at: usize) -> Finding {
    let message = format!("byte {at} of the file is not UTF-8");
    let help = if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        "the file is UTF-16: save it as UTF-8"
    } else {
        "save the file as UTF-8; names on a server in another encoding are what `encoding:` is for"
    };
    Finding::error(
        code::NOT_UTF8,
        Place::new(at, at + '\u{fffd}'.len_utf8()),
        message,
        "not UTF-8",
    )
    .help(help)
}

fn control_character(text: &str, at: usize) -> Finding {
    let byte = text.as_bytes().get(at).copied().unwrap_or_default();
    let message =
        format!("the file holds the control character U+{byte:04X}, which YAML does not allow");
    Finding::error(code::CONTROL_CHARACTER, Place::new(at, at + 1), message, "a control character")
        .help("is this the right file? If so, delete the character, or write it as an escape in double quotes")
}

fn empty(text: &str) -> Finding {
    let end = text.trim_end().len();
    Finding::error(
        code::EMPTY,
        Place::new(end, end),
        "the manifest is empty",
        "nothing here",
    )
    .help("`ftpflow init` writes a first manifest; it needs at least `version: 1` and `steps:`")
}

fn not_a_map(text: &str, place: Place) -> Finding {
    let first = text
        .get(place.range())
        .and_then(|value| value.lines().next())
        .unwrap_or_default();
    let place = Place::new(place.start as usize, place.start as usize + first.len());
    Finding::error(
        code::NOT_A_MAP,
        place,
        "a manifest is a map of `key: value` lines",
        "not a map",
    )
    .help("begin with `version: 1`; is this the right file?")
}
