//! The YAML parser's events, fed to the builder. The only file that names granit-parser: it is young, and may be exchanged.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StructureStyle, Tag};

use super::build::{Builder, Stop};
use super::code;
use super::finding::{Finding, Place};
use super::traps::{self, Trap};
use super::tree::{MAX_DEPTH, Style, Tree};

/// What came of one pass over a text.
pub(super) struct Parsed {
    /// The tree, if the text was read to its end and holds a value.
    pub(super) tree: Option<Tree>,
    /// Everything found, in the order in which it was met.
    pub(super) findings: Vec<Finding>,
    /// Why the text was not read to its end, where that was a syntax error.
    pub(super) fault: Option<At>,
}

/// Where a syntax error is.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// The byte that is probably to blame.
    pub(super) culprit: usize,
    /// The byte at which the parser gave up.
    pub(super) seen: usize,
}

/// Reads `text` from byte `from` on (behind a byte-order mark). The values of the keys that begin at the bytes `broken` are
/// known to be missing.
pub(super) fn parse(text: &str, from: usize, broken: &[u32]) -> Parsed {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let body = text.get(from..).unwrap_or_default();
    let mut feed = Feed {
        text,
        from,
        builder: Builder::new(text, broken),
        documents: 0,
    };
    let mut parser = Parser::new_from_str_with_options(body, options);
    let (whole, fault) = loop {
        match parser.next_event() {
            None => break (true, None),
            Some(Err(error)) => break (false, feed.fault(&error)),
            Some(Ok((event, span))) => match feed.event(event, span) {
                Ok(true) => {}
                Ok(false) => break (true, None),
                Err(Stop) => break (false, None),
            },
        }
    };
    let (tree, findings) = feed.builder.finish();
    Parsed {
        tree: tree.filter(|_| whole),
        findings,
        fault,
    }
}

struct Feed<'a> {
    text: &'a str,
    from: usize,
    builder: Builder<'a>,
    documents: usize,
}

impl Feed<'_> {
    /// Takes one event; false when the rest of the file is of no interest.
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<bool, Stop> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.builder.report(second_document(place));
                    return Ok(false);
                }
            }
            Event::Alias(anchor) => self.builder.alias(anchor, place)?,
            Event::UnresolvedAlias(_) => {
                self.builder
                    .broken(place, traps::unknown_alias(self.text, place), 0)?
            }
            Event::Scalar(text, style, anchor, tag) => match tag.filter(|tag| !harmless(tag)) {
                None => {
                    let text = self.written(&text, style, place);
                    self.builder.scalar(text, styled(style), place, anchor)?;
                }
                Some(_) => {
                    let place = self.tagged(span);
                    self.builder.broken(place, traps::tag(place), anchor)?;
                }
            },
            Event::SequenceStart(style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                self.builder
                    .open_seq(place, style == StructureStyle::Flow, anchor)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                self.builder
                    .open_map(place, style == StructureStyle::Flow, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.builder.close(place)?,
            // The ends of documents and stream, and kinds of events that we did not ask for.
            _ => {}
        }
        Ok(true)
    }

    /// A scalar's text. The parser hands out `~` for a value that is not there.
    fn written(&self, text: &str, style: ScalarStyle, place: Place) -> String {
        let raw = self.text.get(place.range()).unwrap_or_default();
        let nothing =
            style == ScalarStyle::Plain && (raw.is_empty() || (text == "~" && raw != "~"));
        if nothing {
            String::new()
        } else {
            text.to_owned()
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: Span) {
        if tag.is_some_and(|tag| !harmless(tag)) {
            let place = self.tagged(span);
            self.builder.report(traps::tag(place));
        }
    }

    /// Where an event is, without the blanks and line breaks that some spans end with.
    fn place(&self, span: Span) -> Place {
        let range = span.byte_range().unwrap_or_default();
        let place = self.clamped(range.start, range.end);
        let text = self.text.get(place.range()).unwrap_or_default();
        Place::new(
            place.start as usize,
            place.start as usize + text.trim_end().len(),
        )
    }

    /// Where a tag is.
    fn tagged(&self, span: Span) -> Place {
        self.place(span.tag_span().unwrap_or(span))
    }

    /// Bytes of the body as a place of the file, inside it and on character boundaries whatever the parser says.
    fn clamped(&self, start: usize, end: usize) -> Place {
        let boundary = |at: usize| {
            self.text
                .floor_char_boundary(self.from.saturating_add(at).min(self.text.len()))
        };
        Place::new(boundary(start), boundary(end))
    }

    /// Says what is wrong where the parser gave up. The depth limit is no fault of syntax.
    fn fault(&mut self, error: &ScanError) -> Option<At> {
        let seen = error.marker().byte_offset().unwrap_or_else(|| {
            let body = self.text.get(self.from..).unwrap_or_default();
            body.char_indices()
                .nth(error.marker().index())
                .map_or(body.len(), |(at, _)| at)
        });
        let seen = self.clamped(seen, seen).start as usize;
        let Some(fault) = sorted(error.kind()) else {
            self.builder.too_deep(Place::new(seen, seen));
            return None;
        };
        let open = self.builder.open_bracket();
        let finding = traps::explain(self.text, seen, fault, open, &error.info());
        let culprit = finding
            .related
            .iter()
            .map(|(place, _)| place.start)
            .fold(finding.place.start, u32::min);
        if !self.builder.explained(&finding) {
            self.builder.report(finding);
        }
        Some(At {
            culprit: culprit as usize,
            seen,
        })
    }
}

/// What a parser's error means to the one who has to mend it; `None` is the depth limit.
fn sorted(kind: &ErrorKind) -> Option<Trap> {
    Some(match kind {
        ErrorKind::RecursionLimitExceeded => return None,
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => Trap::Tab,
        ErrorKind::UnexpectedCharacter { .. } => Trap::Character,
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent => Trap::Quote,
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => Trap::AfterQuote,
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
            Trap::Escape
        }
        ErrorKind::MissingAnchorOrAliasName => Trap::Anchor,
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => Trap::Bracket,
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::InvalidFlowScalarIndent => Trap::Separator,
        ErrorKind::SimpleKeyExpected
        | ErrorKind::FlowMappingValueAdjacentCollection
        | ErrorKind::InvalidSimpleKey => Trap::Colon,
        ErrorKind::MappingValueNotAllowed | ErrorKind::MappingKeyNotAllowed => Trap::Value,
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry => Trap::Indentation,
        ErrorKind::ExpectedTagBang
        | ErrorKind::UndeclaredTagHandle
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::InvalidTagEscape
        | ErrorKind::UnclosedVerbatimTag => Trap::Tag,
        _ => Trap::Other,
    })
}

/// YAML's own tags (`!!str`) change nothing here: every scalar is its text.
fn harmless(tag: &Tag) -> bool {
    ["str", "int", "float", "bool", "map", "seq"]
        .iter()
        .any(|known| tag.is_yaml_core_schema_tag(known))
}

fn styled(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

fn second_document(place: Place) -> Finding {
    Finding::error(
        code::SECOND_DOCUMENT,
        place,
        "a second YAML document begins here",
        "the second document",
    )
    .help(
        "a file holds one manifest: delete this line, or move what follows into a file of its own",
    )
}
