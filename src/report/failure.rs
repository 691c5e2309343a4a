//! A failure as a block of text: all that a person needs to mend it.

use std::fmt::Write;

use super::causes::Cause;
use super::lines::{reason, with_code};
use super::paint::{Paint, Tone};
use super::text;
use crate::event::Failure;

/// Lines of the control connection shown with a failure.
const TRANSCRIPT: usize = 8;

/// The message behind `title`, and below it, indented, the facts that there are.
pub(super) fn block(title: &str, failure: &Failure, paint: Paint) -> String {
    block_beside(title, failure, None, Detail::All, paint)
}

/// The same of a step that failed beside another one, whose name and place are given.
pub(super) fn block_beside(
    title: &str,
    failure: &Failure,
    beside: Option<String>,
    detail: Detail,
    paint: Paint,
) -> String {
    let mut text = format!("  {}\n", heading(title, failure, paint));
    let file = failure.file.clone().filter(|file| file != title);
    facts(&mut text, failure, beside, file, paint);
    if detail == Detail::All {
        transcript(&mut text, &failure.transcript, paint);
    }
    help(&mut text, failure, paint);
    text
}

/// The same of all files of one cause: how many there are, the first of them, and how the first one failed.
pub(super) fn cause_block(cause: &Cause, detail: Detail, paint: Paint) -> String {
    if let (1, [name]) = (cause.files, cause.names.as_slice()) {
        return match detail {
            Detail::Line => format!("  {}\n", heading(name, &cause.failure, paint)),
            _ => block_beside(name, &cause.failure, None, detail, paint),
        };
    }
    let title = text::counted(cause.files, "file");
    if detail == Detail::Line {
        return format!("  {title}: {}\n", text::escape(&reason(&cause.failure)));
    }
    let mut text = format!("  {}\n", heading(&title, &cause.failure, paint));
    let more = cause.unnamed();
    let mut names = cause.names.clone();
    if more > 0 {
        names.push(format!("… and {} more", text::number(more)));
    }
    for (at, name) in names.iter().enumerate() {
        fact(&mut text, if at == 0 { "files" } else { "" }, name, paint);
    }
    facts(&mut text, &cause.failure, None, None, paint);
    if detail == Detail::All {
        transcript(&mut text, &cause.failure.transcript, paint);
    }
    help(&mut text, &cause.failure, paint);
    text
}

/// How much is said of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// What happened, and how often.
    Line,
    /// The facts, too.
    Facts,
    /// The end of the control connection, too.
    All,
}

/// What is known beside the message, a line each.
fn facts(
    text: &mut String,
    failure: &Failure,
    beside: Option<String>,
    file: Option<String>,
    paint: Paint,
) {
    let reply = match (failure.code, &failure.reply) {
        (Some(code), reply) => Some(with_code(code, reply.as_deref().unwrap_or_default())),
        (None, reply) => reply.clone(),
    };
    let code = failure
        .hazard
        .as_ref()
        .map(|hazard| hazard.code.clone().into_owned());
    let facts = [
        ("code", code),
        ("beside", beside),
        ("server", failure.server.clone()),
        ("file", file),
        ("command", failure.command.clone()),
        ("reply", reply),
    ];
    for (name, value) in facts {
        for (at, line) in value.iter().flat_map(|value| value.lines()).enumerate() {
            fact(text, if at == 0 { name } else { "" }, line, paint);
        }
    }
}

fn help(text: &mut String, failure: &Failure, paint: Paint) {
    if let Some(help) = &failure.help {
        fact(text, "help", help, paint);
    }
}

fn heading(title: &str, failure: &Failure, paint: Paint) -> String {
    let message = match failure.code {
        // The reply stands below.
        Some(_) => failure.message.clone(),
        None => reason(failure),
    };
    let message = text::escape(&message).into_owned();
    match title {
        "" => message,
        _ => format!(
            "{}: {message}",
            paint.tone(Tone::Strong, text::escape(title))
        ),
    }
}

fn fact(text: &mut String, name: &str, value: &str, paint: Paint) {
    let name = text::pad(name, 8);
    let value = text::escape(value.trim_end()).into_owned();
    let _ = writeln!(text, "    {} {value}", paint.tone(Tone::Cool, name));
}

fn transcript(text: &mut String, lines: &[String], paint: Paint) {
    let from = lines.len().saturating_sub(TRANSCRIPT);
    for (at, line) in lines[from..].iter().enumerate() {
        let name = if at == 0 { "control" } else { "" };
        fact(text, name, line, paint);
    }
}
