//! DOT: what Graphviz draws.

use std::io::{self, Write};

use super::picture::{Line, Node, Picture};
use crate::report::text;

/// Writes a picture as a DOT digraph: a cluster for each lane.
///
/// # Errors
/// Those of the writer.
pub fn write_dot(out: &mut dyn Write, picture: &Picture) -> io::Result<()> {
    writeln!(out, "digraph ftpflow {{")?;
    writeln!(
        out,
        "  graph [label={}, labelloc=t, fontname=Helvetica, rankdir=TB, newrank=true, nodesep=0.35, ranksep=0.5]",
        quoted(&picture.name)
    )?;
    writeln!(
        out,
        "  node [shape=box, style=\"rounded,filled\", fontname=Helvetica, fontsize=11, fontcolor=white, margin=\"0.2,0.08\"]"
    )?;
    writeln!(out, "  edge [color=\"#6e7781\", arrowsize=0.7]")?;
    for (number, lane) in picture.lanes.iter().enumerate() {
        writeln!(out, "  subgraph cluster{number} {{")?;
        let label = quoted(&format!("{}\n{}", lane.title, lane.address));
        writeln!(
            out,
            "    graph [label={label}, style=\"rounded,filled\", color=\"#d0d7de\", fillcolor=\"#f6f8fa\", fontsize=12]"
        )?;
        for (at, node) in picture.nodes.iter().enumerate() {
            if node.lane == number {
                writeln!(
                    out,
                    "    n{at} [label={}, {}]",
                    quoted(&label_of(node)),
                    look(node)
                )?;
            }
        }
        writeln!(out, "  }}")?;
    }
    for edge in &picture.edges {
        let mut looks = Vec::new();
        match edge.line {
            Line::Files => {
                let colour = picture.nodes[edge.to].kind.light();
                looks.push(format!("penwidth=2, color=\"{colour}\""));
            }
            Line::Set => {}
            Line::Wait => looks.push("style=dashed".to_owned()),
        }
        let label = |word| format!("label={word}, fontname=Helvetica, fontsize=10");
        looks.extend(edge.word().map(label));
        let looks = match looks.is_empty() {
            true => String::new(),
            false => format!(" [{}]", looks.join(", ")),
        };
        writeln!(out, "  n{} -> n{}{looks}", edge.from, edge.to)?;
    }
    writeln!(out, "}}")
}

fn look(node: &Node) -> String {
    let colour = node.kind.light();
    match node.implicit {
        true => format!("style=\"rounded,dashed\", color=\"{colour}\", fontcolor=\"#57606a\""),
        false => format!("color=\"{colour}\", fillcolor=\"{colour}\""),
    }
}

fn label_of(node: &Node) -> String {
    let name = text::cut_end(&node.name, 60);
    match node.detail.as_str() {
        "" => format!("{name}\n{}", node.kind),
        detail => format!("{name}\n{} {}", node.kind, text::cut_end(detail, 60)),
    }
}

/// A quoted string. A backslash begins an escape, and `&` an entity of HTML: both mean themselves here.
fn quoted(text: &str) -> String {
    let escaped = text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '&' => escaped.push_str("&amp;"),
            _ => escaped.push(character),
        }
        escaped
    });
    format!("\"{escaped}\"")
}
