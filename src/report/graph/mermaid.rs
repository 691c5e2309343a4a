//! Mermaid: what GitHub, GitLab and many wikis draw in a Markdown file.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::picture::{Line, Node, Picture};
use crate::kind::StepKind;
use crate::report::text;

/// Writes a picture as a Mermaid flowchart: a subgraph for each lane.
///
/// # Errors
/// Those of the writer.
pub fn write_mermaid(out: &mut dyn Write, picture: &Picture) -> io::Result<()> {
    writeln!(out, "---\ntitle: {}\n---", quoted(&picture.name))?;
    writeln!(out, "flowchart TB")?;
    for (number, lane) in picture.lanes.iter().enumerate() {
        let (title, address) = (escape(&lane.title), escape(&lane.address));
        writeln!(out, "  subgraph lane{number}[\"{title}<br/>{address}\"]")?;
        for (at, node) in picture.nodes.iter().enumerate() {
            if node.lane == number {
                writeln!(out, "    n{at}(\"{}\"):::{}", label(node), class(node))?;
            }
        }
        writeln!(out, "  end")?;
    }
    for edge in &picture.edges {
        let arrow = match edge.line {
            Line::Files => "==>",
            Line::Set => "-->",
            Line::Wait => "-.->",
        };
        let word = edge.word().map(|word| format!("|{word}|"));
        let word = word.unwrap_or_default();
        writeln!(out, "  n{} {arrow}{word} n{}", edge.from, edge.to)?;
    }
    for kind in StepKind::ALL {
        let used = |implicit| {
            let mut nodes = picture.nodes.iter();
            nodes.any(|node| node.kind == *kind && node.implicit == implicit)
        };
        let (word, colour) = (kind.word(), kind.light());
        if used(false) {
            writeln!(
                out,
                "  classDef {word} fill:{colour},stroke:{colour},color:#fff"
            )?;
        }
        if used(true) {
            writeln!(
                out,
                "  classDef {word}Implicit fill:none,stroke:{colour},stroke-dasharray:4"
            )?;
        }
    }
    Ok(())
}

fn class(node: &Node) -> String {
    let implicit = if node.implicit { "Implicit" } else { "" };
    format!("{}{implicit}", node.kind)
}

fn label(node: &Node) -> String {
    let name = escape(&text::cut_end(&node.name, 60));
    match node.detail.as_str() {
        "" => format!("<b>{name}</b><br/>{}", node.kind),
        detail => format!(
            "<b>{name}</b><br/>{} {}",
            node.kind,
            escape(&text::cut_end(detail, 60))
        ),
    }
}

/// Letters and digits of any script, and a few signs that mean nothing to Mermaid, HTML or Markdown; all else as `#NUMBER;`, Mermaid's
/// own entity codes.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        if character.is_alphanumeric() || " ·→….,/-".contains(character) {
            escaped.push(character);
        } else {
            let _ = write!(escaped, "#{};", u32::from(character));
        }
        escaped
    })
}

/// A text of YAML between double quotes, which are those of JSON as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
