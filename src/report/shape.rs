//! What is the same in all failures of one cause, whatever their files are called.
//!
//! A server repeats a name in its reply as it is, cut, quoted, in other bytes or not at all, and a name may be a word of the reply:
//! so words are compared, without those of the name and without what is no word.

use crate::event::Failure;

/// The longest part of a text that tells causes apart, in characters.
const LONGEST: usize = 300;

/// What stands around a word in a sentence. A slash or a question mark belongs to a name, or to what is left of one.
const MARKS: &str = ".,:;!()[]{}<>\"'";

/// The shapes of a failure, the likeliest first. Where the name is a word that the reply may have used for itself (`file: No such
/// file`), there are several, and failures that share one are of one cause.
pub(super) fn shapes(file: &str, failure: &Failure) -> Vec<String> {
    let verb = failure.command.as_deref().unwrap_or_default();
    let verb = verb.split(' ').next().unwrap_or_default();
    let code = failure.code.unwrap_or_default();
    let message = of_message(file, &failure.message);
    let reply = failure.reply.as_deref().unwrap_or_default();
    let mut shapes: Vec<String> = of_reply(file, reply)
        .into_iter()
        .map(|reply| {
            let text = format!("{code} {verb} {message} / {reply}");
            text.chars().take(LONGEST).collect()
        })
        .collect();
    let mut seen = Vec::new();
    shapes.retain(|shape| {
        let new = !seen.contains(shape);
        seen.push(shape.clone());
        new
    });
    shapes
}

/// Our own message, in which names stand between backquotes. A name that is a word is left where it may be one of ours.
fn of_message(file: &str, message: &str) -> String {
    let mut text = message.to_owned();
    for name in forms(file).iter().filter(|name| !is_word(name)) {
        text = without(&text, &places(&text, name));
    }
    let outside = text.split('`').step_by(2);
    words(&outside.collect::<Vec<_>>().join(" "), &[])
}

/// A server's reply without the name: wherever it stands, only where it stands first or last, or as it is.
fn of_reply(file: &str, reply: &str) -> Vec<String> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for name in forms(file) {
        for place in places(reply, &name) {
            if found.iter().all(|had| place.1 <= had.0 || had.1 <= place.0) {
                found.push(place);
            }
        }
    }
    if found.is_empty() {
        // It may stand there in another form: its words say nothing, and the rest of it is none.
        let own: Vec<&str> = file.split(is_gap).collect();
        return vec![words(reply, &own), words(reply, &[])];
    }
    found.sort_unstable();
    let (first, last) = (&found[..1], &found[found.len() - 1..]);
    [&found[..], first, last, &[]]
        .map(|places| words(&without(reply, places), &[]))
        .into()
}

/// The forms in which a reply is likely to repeat a name, the longest first.
fn forms(file: &str) -> Vec<String> {
    let last = file.rsplit('/').next().unwrap_or_default();
    let mut forms = Vec::new();
    for name in [file, last] {
        let shown = name.replace(|c: char| c.is_control(), " ");
        forms.extend([
            name.to_owned(),
            name.trim().to_owned(),
            // RFC 959 §4.2: quotes are doubled inside quotes.
            name.replace('"', "\"\""),
            shown.trim().to_owned(),
        ]);
    }
    forms.retain(|form| !form.is_empty());
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms
}

/// Where a name stands in a text, and is no part of a longer word.
fn places(text: &str, name: &str) -> Vec<(usize, usize)> {
    let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (first, last) = (name.chars().next(), name.chars().next_back());
    let found = text.match_indices(name).filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        let behind = text[at + name.len()..].chars().next();
        let goes_on = (inner(first) && inner(before)) || (inner(last) && inner(behind));
        !goes_on
    });
    found.map(|(at, name)| (at, at + name.len())).collect()
}

/// The text without these places, which are in order. What was glued to a name (`.ftpflow-` and digits) stays no word.
fn without(text: &str, places: &[(usize, usize)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for &(start, end) in places {
        out.push_str(&text[from..start]);
        out.push('%');
        from = end;
    }
    out.push_str(&text[from..]);
    out
}

/// The words of a text but for these: letters of any script, with what joins them inside.
fn words(text: &str, except: &[&str]) -> String {
    let words = text.split(is_gap).filter_map(|word| {
        let core = word.trim_matches(|c: char| MARKS.contains(c));
        (is_word(core) && !except.contains(&word) && !except.contains(&core)).then_some(core)
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn is_word(text: &str) -> bool {
    let joins = |c: char| matches!(c, '-' | '\'');
    text.contains(char::is_alphabetic) && text.chars().all(|c| c.is_alphabetic() || joins(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(a: (&str, &str), b: (&str, &str)) -> bool {
        let shapes = |(file, reply): (&str, &str)| {
            let failure = Failure {
                message: "at the source: refused".into(),
                code: Some(550),
                command: Some(format!("RETR /in/{file}")),
                reply: Some(reply.into()),
                ..Failure::default()
            };
            shapes(file, &failure)
        };
        let (a, b) = (shapes(a), shapes(b));
        a.iter().any(|shape| b.contains(shape))
    }

    #[test]
    fn no_name_makes_a_cause_of_its_own() {
        let plain = ("a.zip", "/in/a.zip: Permission denied");
        for (file, reply) in [
            ("e", "/in/e: Permission denied"),
            ("denied", "denied: Permission denied"),
            ("Permission", "Permission denied"),
            ("a b c", "\"/in/a b c\": Permission denied"),
            ("it's", "it's: Permission denied"),
            (" lead", "lead: Permission denied"),
            ("x\u{1}y z", "x y z: Permission denied"),
            (
                "say \"hi\" you",
                "\"/in/say \"\"hi\"\" you\": Permission denied",
            ),
            ("%FF.txt", "%FF.txt: Permission denied"),
            ("版本 x", "/in/?? x: Permission denied"),
            ("版本", "版本: Permission denied"),
            (
                "my file",
                "my file.ftpflow-0123456789abcdef: Permission denied",
            ),
            ("2024 report", "2024 report: Permission denied"),
            ("sub/deep/my file", "my file: Permission denied"),
            ("[x]*", "[x]*: Permission denied"),
            ("…", "…: Permission denied"),
            ("a`b", "a`b: Permission denied"),
            ("e\u{301}t\u{e9}", "\u{e9}t\u{e9}.txt: Permission denied"),
        ] {
            assert!(share(plain, (file, reply)), "{file:?}: {reply}");
            assert!(share((file, reply), plain), "{file:?}: {reply}");
        }
    }

    #[test]
    fn what_servers_say_tells_causes_apart_in_every_script() {
        assert!(!share(
            ("a", "a: Permission denied"),
            ("a", "a: No such file")
        ));
        assert!(!share(("a", "Отказано в доступе"), ("a", "Файл не найден")));
        assert!(share(
            ("файл", "файл: Файл не найден"),
            ("x", "x: Файл не найден")
        ));
    }

    #[test]
    fn what_our_messages_quote_is_no_cause() {
        let shape = |file: &str, message: &str| {
            let message = message.into();
            let failure = Failure {
                message,
                ..Failure::default()
            };
            shapes(file, &failure)
        };
        let cannot = |c: char| format!("the name holds `{c}`, which windows-1252 cannot write");
        assert_eq!(shape("版", &cannot('版')), shape("`", &cannot('`')));
        let not = |name: &str| format!("the name `{name}` is not UTF-8");
        assert_eq!(shape("a`%FF", &not("a`%FF")), shape("%FE", &not("%FE")));
        // A name that is a word of the message.
        let lost = "the data connection was lost";
        assert_eq!(shape("data", lost), shape("x", lost));
    }
}
