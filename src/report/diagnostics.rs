//! What is wrong with a manifest, for people: each finding with its code, its lines and what to do about it.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters,
    ThemeStyles,
};

use super::paint::{Paint, Tone};
use super::passwords;
use super::redact::{MASK, Redactor};
use super::snippet::{CONTEXT, Snippet};
use super::text;
use crate::manifest::{Finding, Place, Severity, Source};

/// Findings shown of one manifest; the rest is counted.
const MAX_SHOWN: usize = 100;

/// How diagnostics are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Drawing<'a> {
    /// Colours.
    pub paint: Paint,
    /// Columns of the terminal.
    pub width: usize,
    /// What masks secrets.
    pub redactor: &'a Redactor,
}

/// Writes all findings of a manifest, and a line that counts them.
///
/// # Errors
/// Those of the writer.
pub fn write_findings(
    out: &mut dyn Write,
    source: &Arc<Source>,
    findings: &[Finding],
    drawing: Drawing<'_>,
) -> io::Result<()> {
    for finding in chosen(findings) {
        let places: Vec<Place> = std::iter::once(finding.place)
            .chain(finding.related.iter().map(|(place, _)| *place))
            .collect();
        let finding = masked(source, finding, drawing.redactor);
        let shown = Shown {
            snippet: Some(Snippet::new(source, &places, drawing.redactor)),
            severity: finding.severity,
            code: Some(finding.code),
            message: finding.message,
            help: finding.help,
            labels: std::iter::once((finding.place, finding.label))
                .chain(finding.related)
                .collect(),
        };
        writeln!(out, "{}", drawing.render(&shown))?;
    }
    let more = findings.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        writeln!(out, "… and {} more\n", text::number(more as u64))?;
    }
    write_count(out, source, findings, drawing)
}

/// As many as are shown, in order: of many, errors before warnings.
fn chosen(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let (mut errors, mut warnings) = (errors.count().min(MAX_SHOWN), MAX_SHOWN);
    warnings -= errors;
    findings.iter().filter(move |finding| {
        let left = match finding.severity {
            Severity::Error => &mut errors,
            Severity::Warning => &mut warnings,
        };
        let shown = *left > 0;
        *left -= usize::from(shown);
        shown
    })
}

/// A finding as it can be shown: without secrets, without characters that a terminal obeys. Codes and places are ours.
pub(super) fn masked(source: &Source, finding: &Finding, redactor: &Redactor) -> Finding {
    let near = passwords::near(source, finding.place);
    let shown = |text: &str| {
        let text = redactor.wording(text);
        let hide = |text: String, value: &String| text.replace(value.as_str(), MASK);
        let text = near.iter().fold(text.into_owned(), hide);
        let lines: Vec<_> = text.split('\n').map(text::escape).collect();
        lines.join("\n")
    };
    let related = finding.related.iter();
    Finding {
        code: finding.code,
        severity: finding.severity,
        message: shown(&finding.message),
        label: shown(&finding.label),
        help: finding.help.as_deref().map(shown),
        place: finding.place,
        related: related
            .map(|(place, label)| (*place, shown(label)))
            .collect(),
    }
}

/// A message about one place in a manifest.
pub(super) fn render_place(
    source: &Arc<Source>,
    place: Place,
    message: String,
    label: String,
    drawing: Drawing<'_>,
) -> String {
    drawing.render(&Shown {
        snippet: Some(Snippet::new(source, &[place], drawing.redactor)),
        severity: Severity::Error,
        code: None,
        message: drawing.redactor.line(&message).into_owned(),
        help: None,
        labels: vec![(place, drawing.redactor.line(&label).into_owned())],
    })
}

fn write_count(
    out: &mut dyn Write,
    source: &Source,
    findings: &[Finding],
    drawing: Drawing<'_>,
) -> io::Result<()> {
    let count = |severity| {
        let count = findings
            .iter()
            .filter(|finding| finding.severity == severity);
        count.count() as u64
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let counted: Vec<String> = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| text::counted(count, noun))
        .collect();
    if counted.is_empty() {
        return Ok(());
    }
    let (tone, word) = match errors {
        0 => (Tone::Doubtful, "warning"),
        _ => (Tone::Bad, "error"),
    };
    let name = drawing.redactor.wording(source.name());
    let name = text::escape(&name);
    writeln!(
        out,
        "{}: {name}: {}",
        drawing.paint.tone(tone, word),
        counted.join(", ")
    )
}

impl Drawing<'_> {
    fn render(&self, shown: &Shown) -> String {
        let theme = GraphicalTheme {
            characters: ThemeCharacters {
                error: shown.title("error"),
                warning: shown.title("warning"),
                ..ThemeCharacters::unicode()
            },
            styles: match self.paint.has_colour() {
                true => ThemeStyles::ansi(),
                false => ThemeStyles::none(),
            },
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_width(self.width.clamp(40, 200))
            .with_context_lines(CONTEXT)
            .tab_width(4);
        let mut text = String::new();
        if handler.render_report(&mut text, shown).is_err() {
            text.clone_from(&shown.message);
        }
        // The handler leaves spaces behind empty gutters, and indents the headline.
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let text = lines.join("\n");
        let text = text.trim_start_matches('\n');
        // It breaks long texts anew.
        text::uncommand(text.strip_prefix("  ").unwrap_or(text)) + "\n"
    }
}

/// A finding as miette wants it.
#[derive(Debug)]
struct Shown {
    snippet: Option<Snippet>,
    severity: Severity,
    code: Option<&'static str>,
    message: String,
    help: Option<String>,
    /// The first is the finding's own.
    labels: Vec<(Place, String)>,
}

impl Shown {
    /// `error[CODE]:`
    fn title(&self, word: &str) -> String {
        match self.code {
            Some(code) => format!("{word}[{code}]:"),
            None => format!("{word}:"),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet
            .as_ref()
            .map(|snippet| snippet as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let snippet = self.snippet.as_ref()?;
        Some(Box::new(self.labels.iter().enumerate().map(
            move |(at, (place, label))| {
                let label = Some(label.clone()).filter(|label| !label.is_empty());
                let span = snippet.span(*place);
                match at {
                    0 => LabeledSpan::new_primary_with_span(label, span),
                    _ => LabeledSpan::new_with_span(label, span),
                }
            },
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, findings: &[Finding]) -> String {
        let source = Arc::new(Source::new("a.yaml", text));
        let redactor = Redactor::new(["s3cret"]);
        let drawing = Drawing {
            paint: Paint::PLAIN,
            width: 80,
            redactor: &redactor,
        };
        let mut out = Vec::new();
        write_findings(&mut out, &source, findings, drawing).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn place(text: &str, needle: &str) -> Place {
        let at = text.find(needle).unwrap();
        Place::new(at, at + needle.len())
    }

    #[test]
    fn places_are_right_behind_wide_characters_and_tabs() {
        let text = "steps:\n  构建:\t列表: {server: bulid, path: 版本}\n  x: 1\n";
        let finding = Finding::error(
            "ftpflow::step::unknown_server",
            place(text, "bulid"),
            "unknown server",
            "no such server",
        )
        .help("did you mean `build`?")
        .also(place(text, "版本"), "its path");
        insta::assert_snapshot!(rendered(text, &[finding]), @r"
        error[ftpflow::step::unknown_server]: unknown server
           ╭─[a.yaml:2:20]
         1 │ steps:
         2 │   构建: 列表: {server: bulid, path: 版本}
           ·                        ──┬──        ──┬─
           ·                          │            ╰── its path
           ·                          ╰── no such server
         3 │   x: 1
           ╰────
          help: did you mean `build`?

        error: a.yaml: 1 error
        ");
    }

    #[test]
    fn passwords_on_lines_of_context_are_masked() {
        let text = "servers:\n  a:\n    password: \"pa # zz\" # mine\n    hots: x s3cret\n    host: x\n  \
                    b: {password: abc, hots: y}\n  c:\n    password: |\n      block\n    hots: z\n    password: ${env.PW}\n";
        let finding = |needle: &str| {
            let place = place(text, needle);
            Finding::warning("ftpflow::key::unknown", place, "unknown key", "here")
        };
        let shown = rendered(text, &["hots: x", "hots: y", "hots: z"].map(finding));
        for secret in ["pa #", "zz", "s3cret", "abc", "block"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        insta::assert_snapshot!(shown, @r"
        warning[ftpflow::key::unknown]: unknown key
           ╭─[a.yaml:4:5]
         3 │     password: *** # mine
         4 │     hots: x ***
           ·     ───┬───
           ·        ╰── here
         5 │     host: x
           ╰────

        warning[ftpflow::key::unknown]: unknown key
           ╭─[a.yaml:6:22]
         5 │     host: x
         6 │   b: {password: ***, hots: y}
           ·                      ───┬───
           ·                         ╰── here
         7 │   c:
           ╰────

        warning[ftpflow::key::unknown]: unknown key
            ╭─[a.yaml:10:5]
          9 │       ***
         10 │     hots: z
            ·     ───┬───
            ·        ╰── here
         11 │     password: ${env.PW}
            ╰────

        warning: a.yaml: 3 warnings
        ");
    }

    #[test]
    fn a_password_that_was_not_read_as_one_is_not_shown() {
        let text = "  a: { host: 'ftp://u:hunter1@h', passwrod: hunter2, x: 1 }\n  b:\n    Password: *hunter3\n    \
                    x: 2\n  c: { password: ab,hunter4 }\n";
        let finding = |needle: &str, help: &str| {
            Finding::error("ftpflow::x::y", place(text, needle), help, "").help(help)
        };
        let findings = [
            finding("x: 1", "a"),
            finding("*hunter3", "write `\"*hunter3\"`"),
            finding(",hunter4", "the key `hunter4` is unknown"),
        ];
        let shown = rendered(text, &findings);
        for secret in ["hunter1", "hunter2", "hunter3", "hunter4"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        assert!(shown.contains("host: 'ftp://u:***@h'"), "{shown}");
    }

    #[test]
    fn a_block_under_a_misspelt_password_is_not_shown() {
        let text = "  a:\n    passwrod: |\n      hunter1\n      hunter2\n    x: 1\n";
        let place = place(text, "x: 1");
        let shown = rendered(text, &[Finding::error("ftpflow::x::y", place, "a", "")]);
        assert!(!shown.contains("hunter"), "{shown}");
    }

    #[test]
    fn codes_and_places_are_shown_whatever_a_password_is() {
        let text = "steps: 1\n";
        let finding = Finding::error(
            "ftpflow::key::unknown",
            place(text, "1"),
            "the step `e`\u{1b}",
            "",
        );
        let source = Arc::new(Source::new("a.yaml", text));
        let redactor = Redactor::new(["e", "ftpflow", "1"]);
        let drawing = Drawing {
            paint: Paint::PLAIN,
            width: 80,
            redactor: &redactor,
        };
        let mut out = Vec::new();
        write_findings(&mut out, &source, &[finding], drawing).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(
            shown.starts_with("error[ftpflow::key::unknown]: the step `***`\\u{1b}\n"),
            "{shown}"
        );
        assert!(shown.contains("[a.yaml:1:8]"), "{shown}");
        assert!(shown.contains("steps: ***"), "{shown}");
    }

    #[test]
    fn of_many_findings_the_errors_are_shown() {
        let text = "x: 1\n";
        let warning = || Finding::warning("ftpflow::a::b", place(text, "x"), "many", "");
        let mut findings: Vec<Finding> = (0..150).map(|_| warning()).collect();
        findings.push(Finding::error(
            "ftpflow::c::d",
            place(text, "1"),
            "the one error",
            "",
        ));
        let shown = rendered(text, &findings);
        assert!(shown.contains("the one error"), "{shown}");
        assert_eq!(shown.matches("many").count(), 99);
        assert!(shown.contains("… and 51 more"), "{shown}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!(
            "a: [{}BAD{}]\n",
            "版, ".repeat(50_000),
            ", x".repeat(50_000)
        );
        let finding = Finding::error(
            "ftpflow::value::bad",
            place(&text, "BAD"),
            "bad value",
            "this",
        );
        insta::assert_snapshot!(rendered(&text, &[finding]), @r"
        error[ftpflow::value::bad]: bad value
           ╭─[a.yaml:1:150005]
         1 │ …版, 版, 版, 版, 版, 版, 版, 版, 版, 版, 版, 版, 版, 版, 版, 版, 版, 版, BAD, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,…
           ·                                                                          ─┬─
           ·                                                                           ╰── this
         2 │
           ╰────

        error: a.yaml: 1 error
        ");
    }
}
