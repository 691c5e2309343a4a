//! SVG, whole in itself: light and dark as the reader's system is, no script, no font, nothing fetched.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::layout::{BOX, DETAIL_COLUMNS, LANES_TOP, Layout, MARGIN, NAME_COLUMNS};
use super::picture::{Edge, Line, Node, Picture};
use crate::kind::StepKind;
use crate::report::text::{self, markup};

/// Writes a picture as an SVG document.
///
/// # Errors
/// Those of the writer.
pub fn write_svg(out: &mut dyn Write, picture: &Picture) -> io::Result<()> {
    let layout = Layout::new(picture);
    let (width, height) = (layout.width.ceil(), layout.height.ceil());
    let name = markup(&picture.name);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{name}\">"
    )?;
    writeln!(out, "<title>{name}</title>")?;
    writeln!(out, "<style>\n{}</style>", style())?;
    writeln!(
        out,
        "<rect class=\"page\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>"
    )?;
    writeln!(
        out,
        "<text class=\"title\" x=\"{MARGIN}\" y=\"34\">{name}</text>"
    )?;
    for (lane, (x, width)) in picture.lanes.iter().zip(&layout.lanes) {
        let (middle, height) = (x + width / 2.0, layout.lanes_bottom - LANES_TOP);
        writeln!(
            out,
            "<rect class=\"lane\" x=\"{x:.1}\" y=\"{LANES_TOP}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"8\"/>"
        )?;
        label(out, "side", (middle, LANES_TOP + 24.0), &lane.title)?;
        label(out, "address", (middle, LANES_TOP + 41.0), &lane.address)?;
    }
    for (edge, points) in picture.edges.iter().zip(&layout.lines) {
        line(out, picture, edge, points)?;
    }
    for (node, place) in picture.nodes.iter().zip(&layout.boxes) {
        step(out, node, *place)?;
    }
    legend(out, picture, layout.lanes_bottom + 24.0)?;
    writeln!(out, "</svg>")
}

fn label(out: &mut dyn Write, class: &str, (x, y): (f64, f64), text: &str) -> io::Result<()> {
    writeln!(
        out,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        markup(text)
    )
}

fn step(out: &mut dyn Write, node: &Node, (x, y, width): (f64, f64, f64)) -> io::Result<()> {
    let (name, detail) = (
        cut(node, &node.name, NAME_COLUMNS),
        cut(node, &node.detail, DETAIL_COLUMNS),
    );
    let implicit = if node.implicit { " implicit" } else { "" };
    let whole = match node.detail.as_str() {
        "" => format!("{}: {}", node.kind, node.name),
        detail => format!("{} ({}): {detail}", node.name, node.kind),
    };
    writeln!(
        out,
        "<g class=\"step {}{implicit}\" data-step=\"{}\"><title>{}</title>",
        node.kind,
        node.step.0,
        markup(&whole)
    )?;
    writeln!(
        out,
        "<rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BOX}\" rx=\"7\"/>"
    )?;
    // A stripe along the left edge, as round as the box.
    let (left, top, height) = (x + 7.0, y, BOX - 14.0);
    writeln!(
        out,
        "<path class=\"stripe\" d=\"M{left:.1} {top:.1}a7 7 0 0 0 -7 7v{height}a7 7 0 0 0 7 7h-1.5v-{BOX}z\"/>"
    )?;
    let text_x = x + 16.0;
    writeln!(
        out,
        "<text class=\"name\" x=\"{text_x:.1}\" y=\"{:.1}\">{}</text>",
        y + 20.0,
        markup(&name)
    )?;
    writeln!(
        out,
        "<text class=\"detail\" x=\"{text_x:.1}\" y=\"{:.1}\"><tspan class=\"kind\">{}</tspan> {}</text></g>",
        y + 36.0,
        node.kind,
        markup(&detail)
    )
}

/// Of paths the end says most, of all else the beginning.
fn cut<'t>(node: &Node, text: &'t str, columns: usize) -> std::borrow::Cow<'t, str> {
    match node.kind {
        StepKind::List if text.starts_with('/') => text::cut_start(text, columns),
        _ => text::cut_end(text, columns),
    }
}

fn line(
    out: &mut dyn Write,
    picture: &Picture,
    edge: &Edge,
    points: &[(f64, f64)],
) -> io::Result<()> {
    let class = match edge.line {
        Line::Files => format!("files {}", picture.nodes[edge.to].kind),
        Line::Set => "set".to_owned(),
        Line::Wait => "wait".to_owned(),
    };
    let Some((&(x, y), rest)) = points.split_first() else {
        return Ok(());
    };
    let mut path = format!("M{x:.1} {y:.1}");
    let (mut from, last) = ((x, y), rest.len().saturating_sub(1));
    for (number, &(x, y)) in rest.iter().enumerate() {
        // The head takes the last pixels.
        let y = if number == last { y - 6.0 } else { y };
        if x == from.0 {
            let _ = write!(path, "V{y:.1}");
        } else {
            let half = (from.1 + y) / 2.0;
            let _ = write!(
                path,
                "C{:.1} {half:.1} {x:.1} {half:.1} {x:.1} {y:.1}",
                from.0
            );
        }
        from = (x, y);
    }
    let (x, y) = from;
    writeln!(
        out,
        "<g class=\"line {class}\"><path class=\"way\" d=\"{path}\"/><path class=\"head\" d=\"M{:.1} {y:.1}h8l-4 6z\"/></g>",
        x - 4.0
    )?;
    // Above the head, where lines have come apart.
    match edge.word() {
        Some(word) => writeln!(
            out,
            "<text class=\"word\" x=\"{:.1}\" y=\"{:.1}\">{word}</text>",
            x + 7.0,
            y - 2.0
        ),
        None => Ok(()),
    }
}

fn legend(out: &mut dyn Write, picture: &Picture, y: f64) -> io::Result<()> {
    let lines = [
        (Line::Files, "files relay", "files travel"),
        (Line::Set, "set", "a set of files is handed on"),
        (Line::Wait, "wait", "waits"),
    ];
    let mut x = MARGIN + 4.0;
    for (line, class, words) in lines {
        if !picture.edges.iter().any(|edge| edge.line == line) {
            continue;
        }
        let end = x + 24.0;
        writeln!(
            out,
            "<g class=\"key {class}\"><path class=\"way\" d=\"M{x:.1} {y:.1}H{end:.1}\"/><path class=\"head\" d=\"M{end:.1} {:.1}v8l6 -4z\"/></g>",
            y - 4.0
        )?;
        writeln!(
            out,
            "<text class=\"legend\" x=\"{:.1}\" y=\"{:.1}\">{words}</text>",
            end + 13.0,
            y + 4.0
        )?;
        x = end + 34.0 + super::layout::text_width(words, 11.0);
    }
    Ok(())
}

fn style() -> String {
    let mut style = String::from(
        "text{font-family:ui-sans-serif,system-ui,-apple-system,\"Segoe UI\",\"Noto Sans\",\"Noto Sans CJK SC\",\"PingFang SC\",\"Microsoft YaHei\",sans-serif}
.page{fill:#fff}.lane{fill:#f6f8fa;stroke:#d0d7de}.box{fill:#fff;stroke:#d0d7de}
.title,.side,.name{fill:#1f2328}.address,.detail,.legend,.word{fill:#57606a}
.title{font-size:17px;font-weight:600}.side{font-size:14px;font-weight:600}.side,.address{text-anchor:middle}
.name{font-size:13px;font-weight:600}.address,.detail,.legend{font-size:11px}.word{font-size:10px;font-style:italic}.kind{font-weight:600}
.way{fill:none;stroke:#8c959f;stroke-width:1.5}.head{fill:#8c959f}.files .way{stroke-width:2.5}.wait .way{stroke-dasharray:4 4}
.implicit .box{fill:none;stroke-dasharray:4 3}.implicit .name{font-weight:400}.implicit .stripe{opacity:.45}
",
    );
    for kind in StepKind::ALL {
        style.push_str(&colours(kind.word(), kind.light()));
    }
    style.push_str("@media(prefers-color-scheme:dark){\n.page{fill:#0d1117}.lane{fill:#161b22;stroke:#30363d}.box{fill:#0d1117;stroke:#30363d}\n.title,.side,.name{fill:#e6edf3}.address,.detail,.legend,.word{fill:#8b949e}.way{stroke:#6e7681}.head{fill:#6e7681}\n");
    for kind in StepKind::ALL {
        style.push_str(&colours(kind.word(), kind.dark()));
    }
    style.push_str("}\n");
    style
}

fn colours(word: &str, colour: &str) -> String {
    format!(
        ".{word} .stripe,.{word} .kind,.{word} .head{{fill:{colour}}}.{word} .way{{stroke:{colour}}}\n"
    )
}
