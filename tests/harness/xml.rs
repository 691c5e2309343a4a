//! Whether a text is well-formed XML 1.0: what our reports use of it.

/// The texts of all elements, without a name, and of all attributes, with theirs, decoded. Fails where it is not well-formed.
#[track_caller]
pub fn texts(document: &str) -> Vec<(&str, String)> {
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let mut rest = document.strip_prefix(declaration).expect("a declaration");
    let mut open: Vec<&str> = Vec::new();
    let mut texts = Vec::new();
    while let Some(at) = rest.find('<') {
        texts.push(("", decoded(&rest[..at])));
        assert!(
            open.is_empty() <= rest[..at].trim().is_empty(),
            "text outside"
        );
        let end = rest[at..].find('>').expect("an end of the tag") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "what is closed was open"),
            None => {
                let whole = tag.strip_suffix('/');
                let (name, attributes) = whole.unwrap_or(tag).split_once(' ').unwrap_or((tag, ""));
                texts.extend(values(attributes));
                if whole.is_none() {
                    open.push(name);
                }
            }
        }
    }
    assert!(
        open.is_empty() && rest.trim().is_empty(),
        "{open:?} {rest:?}"
    );
    texts
}

/// The names and values of `name="value"`s.
#[track_caller]
fn values(mut rest: &str) -> Vec<(&str, String)> {
    let mut values = Vec::new();
    while !rest.trim().is_empty() {
        let (name, after) = rest.trim_start().split_once("=\"").expect("an attribute");
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        assert!(name.chars().all(plain), "{name:?}");
        let (value, after) = after.split_once('"').expect("a closing quote");
        values.push((name, decoded(value)));
        rest = after;
    }
    values
}

#[track_caller]
fn decoded(text: &str) -> String {
    for c in text.chars() {
        let allowed = matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..);
        assert!(allowed && c != '<', "{c:?} in {text:?}");
    }
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, after) = part.split_once(';').expect("an entity's end");
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => panic!("the entity {other:?}"),
        });
        out.push_str(after);
    }
    out
}
