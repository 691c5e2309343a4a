//! A failure as a block of text: all that a person needs to mend it.

use std::fmt::Write;

use super::lines::{reason, with_code};
use super::paint::{Paint, Tone};
use super::text;
use crate::event::Failure;

/// Lines of the control connection shown with a failure.
const TRANSCRIPT: usize = 8;

/// The message behind `title`, and below it, indented, the facts that there are.
pub(super) fn block(title: &str, failure: &Failure, paint: Paint) -> String {
    block_beside(title, failure, None, paint)
}

/// The same of a step that failed beside another one, whose name and place are given.
pub(super) fn block_beside(
    title: &str,
    failure: &Failure,
    beside: Option<String>,
    paint: Paint,
) -> String {
    let mut text = format!("  {}\n", heading(title, failure, paint));
    let reply = match (failure.code, &failure.reply) {
        (Some(code), reply) => Some(with_code(code, reply.as_deref().unwrap_or_default())),
        (None, reply) => reply.clone(),
    };
    let facts = [
        (
            "code",
            failure.hazard.as_ref().map(|hazard| hazard.code.to_owned()),
        ),
        ("beside", beside),
        ("server", failure.server.clone()),
        ("file", failure.file.clone().filter(|file| file != title)),
        ("command", failure.command.clone()),
        ("reply", reply),
    ];
    for (name, value) in facts {
        for (at, line) in value.iter().flat_map(|value| value.lines()).enumerate() {
            let name = if at == 0 { name } else { "" };
            fact(&mut text, name, line, paint);
        }
    }
    transcript(&mut text, &failure.transcript, paint);
    if let Some(help) = &failure.help {
        fact(&mut text, "help", help, paint);
    }
    text
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
