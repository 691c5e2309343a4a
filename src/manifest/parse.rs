//! The YAML parser's events, fed to the builder. The only file that names granit-parser: it is young, and may be exchanged.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StructureStyle, Tag};

use super::build::{Builder, Stop};
use super::code;
use super::finding::{Finding, Place};
use super::traps::{self, Fault};
use super::tree::{MAX_DEPTH, Style, Tree};

/// Reads `text` from byte `from` on (behind a byte-order mark). There is no tree when it could not be read to its end.
pub(super) fn parse(text: &str, from: usize) -> (Option<Tree>, Vec<Finding>) {
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
        builder: Builder::new(text),
        documents: 0,
    };
    let mut parser = Parser::new_from_str_with_options(body, options);
    let whole = loop {
        match parser.next_event() {
            None => break true,
            Some(Err(error)) => {
                feed.fault(&error);
                break false;
            }
            Some(Ok((event, span))) => match feed.event(event, span) {
                Ok(true) => {}
                Ok(false) => break true,
                Err(Stop) => break false,
            },
        }
    };
    let (tree, findings) = feed.builder.finish();
    (tree.filter(|_| whole), findings)
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
            Event::UnresolvedAlias(_) => self
                .builder
                .broken(place, traps::unknown_alias(self.text, place))?,
            Event::Scalar(text, style, anchor, tag) => match tag.filter(|tag| !harmless(tag)) {
                None => self
                    .builder
                    .scalar(text.into_owned(), styled(style), place, anchor)?,
                Some(_) => {
                    let place = self.tagged(span);
                    self.builder.broken(place, traps::tag(place))?;
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

    fn fault(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or_else(|| {
            let body = self.text.get(self.from..).unwrap_or_default();
            body.char_indices()
                .nth(error.marker().index())
                .map_or(body.len(), |(at, _)| at)
        });
        let at = self.clamped(at, at).start as usize;
        let finding = match sorted(error.kind()) {
            Some(fault) => {
                traps::explain(self.text, at, fault, self.builder.in_flow(), &error.info())
            }
            None => {
                self.builder.too_deep(Place::new(at, at));
                return;
            }
        };
        self.builder.report(finding);
    }
}

/// What a parser's error means to the one who has to mend it; `None` is the depth limit.
fn sorted(kind: &ErrorKind) -> Option<Fault> {
    Some(match kind {
        ErrorKind::RecursionLimitExceeded => return None,
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => Fault::Tab,
        ErrorKind::UnexpectedCharacter { .. } => Fault::Character,
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            Fault::Quote
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => Fault::AfterQuote,
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
            Fault::Escape
        }
        ErrorKind::MissingAnchorOrAliasName => Fault::Anchor,
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => Fault::Bracket,
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            Fault::Separator
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => Fault::Colon,
        ErrorKind::MappingValueNotAllowed | ErrorKind::MappingKeyNotAllowed => Fault::Value,
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry => Fault::Indentation,
        ErrorKind::ExpectedTagBang
        | ErrorKind::UndeclaredTagHandle
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::InvalidTagEscape
        | ErrorKind::UnclosedVerbatimTag => Fault::Tag,
        _ => Fault::Other,
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
