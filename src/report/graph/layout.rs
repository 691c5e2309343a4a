//! Where everything in a drawing stands: boxes in rows, lanes as columns, lines that never cross a box.
//!
//! A line runs through the gaps between two rows, where there are no boxes, and past a row in a track of its own beside the boxes of
//! the lane that it comes from. Lines of one step share their track.

use super::picture::{Edge, Picture};
use crate::report::text;

/// Height of a box.
pub(super) const BOX: f64 = 46.0;
/// Space between rows, where lines cross from lane to lane.
const ROW_GAP: f64 = 44.0;
/// Space between two boxes of a row.
const BOX_GAP: f64 = 16.0;
/// Space between two lanes.
const LANE_GAP: f64 = 18.0;
/// Space between a lane's edge and its boxes.
const LANE_PADDING: f64 = 18.0;
/// Width of a track.
const TRACK: f64 = 14.0;
/// Space around the drawing.
pub(super) const MARGIN: f64 = 20.0;
/// Top of the lanes.
pub(super) const LANES_TOP: f64 = 52.0;
/// Top of the first row.
const ROWS_TOP: f64 = LANES_TOP + 62.0;
/// Height of the legend.
const LEGEND: f64 = 40.0;
/// Most boxes of a lane in one row.
const ABREAST: usize = 3;
/// A line over more rows than this goes straight, so that a plan of ten thousand steps can be drawn, too.
const LONG: usize = 400;

/// Most columns of a box's first and second line.
pub(super) const NAME_COLUMNS: usize = 30;
pub(super) const DETAIL_COLUMNS: usize = 38;

/// Places for a picture. Lengths are pixels.
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Bottom of the lanes.
    pub(super) lanes_bottom: f64,
    /// Left edge and width of each lane.
    pub(super) lanes: Vec<(f64, f64)>,
    /// Left, top and width of each box.
    pub(super) boxes: Vec<(f64, f64, f64)>,
    /// The points of each line: where it leaves a box, passes rows (top and bottom of a track) and arrives.
    pub(super) lines: Vec<Vec<(f64, f64)>>,
}

/// Lines of one step that pass rows on one side of its lane.
struct Chain {
    from: usize,
    right: bool,
    first: usize,
    last: usize,
    track: usize,
}

impl Layout {
    pub(super) fn new(picture: &Picture) -> Layout {
        let rows = rows(picture);
        let mut chains = chains(picture, &rows);
        let tracks = assign_tracks(picture, &mut chains);
        let widths = box_widths(picture);
        let mut lanes = Vec::new();
        let mut blocks = Vec::new();
        let mut x = MARGIN;
        for (number, lane) in picture.lanes.iter().enumerate() {
            let (left, right) = (
                tracks[number].0 as f64 * TRACK,
                tracks[number].1 as f64 * TRACK,
            );
            let abreast = abreast(picture, &rows, number) as f64;
            let block = abreast * (widths[number] + BOX_GAP) - BOX_GAP;
            let head = text_width(&lane.title, 14.0).max(text_width(&lane.address, 11.0));
            let width = (block + left + right).max(head) + 2.0 * LANE_PADDING;
            let spare = (width - 2.0 * LANE_PADDING - block - left - right) / 2.0;
            lanes.push((x, width));
            blocks.push((x + LANE_PADDING + spare + left, block));
            x += width + LANE_GAP;
        }
        let title = text_width(&picture.name, 17.0) + 2.0 * MARGIN;
        let count = rows.iter().max().map_or(0, |last| last + 1);
        let boxes = boxes(picture, &rows, &blocks, &widths);
        let bottom = ROWS_TOP + count as f64 * (BOX + ROW_GAP) - ROW_GAP + LANE_PADDING;
        Layout {
            width: (x - LANE_GAP + MARGIN).max(title).max(420.0),
            height: bottom + LEGEND,
            lanes_bottom: bottom,
            lines: lines(picture, &rows, &chains, &boxes, &blocks),
            lanes,
            boxes,
        }
    }
}

/// The width of a text, about: fonts differ. CJK characters take two columns.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text::width(text) as f64 * size * 0.56
}

/// Each box stands below all that it waits for, at most three beside each other in a lane.
fn rows(picture: &Picture) -> Vec<usize> {
    let mut rows: Vec<usize> = vec![0; picture.nodes.len()];
    let mut taken: Vec<Vec<usize>> = vec![Vec::new(); picture.lanes.len()];
    let mut into = picture.edges.iter().peekable();
    for (at, node) in picture.nodes.iter().enumerate() {
        while let Some(edge) = into.next_if(|edge| edge.to == at) {
            rows[at] = rows[at].max(rows[edge.from] + 1);
        }
        let lane = &mut taken[node.lane];
        while lane.get(rows[at]).is_some_and(|count| *count >= ABREAST) {
            rows[at] += 1;
        }
        if lane.len() <= rows[at] {
            lane.resize(rows[at] + 1, 0);
        }
        lane[rows[at]] += 1;
    }
    rows
}

fn abreast(picture: &Picture, rows: &[usize], lane: usize) -> usize {
    let mut counts = vec![0; rows.iter().max().map_or(0, |last| last + 1)];
    for (node, row) in picture.nodes.iter().zip(rows) {
        counts[*row] += usize::from(node.lane == lane);
    }
    counts.into_iter().max().unwrap_or(0).max(1)
}

fn box_widths(picture: &Picture) -> Vec<f64> {
    let mut widths = vec![112.0_f64; picture.lanes.len()];
    for node in &picture.nodes {
        let name = text_width(&text::cut_end(&node.name, NAME_COLUMNS), 13.0) * 1.04;
        let detail = text::cut_end(&node.detail, DETAIL_COLUMNS);
        let detail = text_width(&format!("{}  {detail}", node.kind), 11.0);
        let width = &mut widths[node.lane];
        *width = width.max(name.max(detail) + 30.0);
    }
    widths
}

/// Which way a line goes past the boxes of its lane.
fn goes_right(picture: &Picture, edge: &Edge) -> bool {
    picture.nodes[edge.to].lane >= picture.nodes[edge.from].lane
}

fn passes(rows: &[usize], edge: &Edge) -> bool {
    (2..LONG).contains(&(rows[edge.to] - rows[edge.from]))
}

fn chains(picture: &Picture, rows: &[usize]) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    let mut numbers = vec![[None; 2]; picture.nodes.len()];
    for edge in picture.edges.iter().filter(|edge| passes(rows, edge)) {
        let right = goes_right(picture, edge);
        let number = *numbers[edge.from][usize::from(right)].get_or_insert(chains.len());
        if number == chains.len() {
            let first = rows[edge.from] + 1;
            chains.push(Chain {
                from: edge.from,
                right,
                first,
                last: first,
                track: 0,
            });
        }
        chains[number].last = chains[number].last.max(rows[edge.to] - 1);
    }
    chains.sort_by_key(|chain| (chain.first, chain.last, chain.from));
    chains
}

/// Gives each chain the innermost track that is free on all its rows; yields how many each lane has on its left and right.
fn assign_tracks(picture: &Picture, chains: &mut [Chain]) -> Vec<(usize, usize)> {
    // The last row on which each track is taken.
    let mut ends: Vec<[Vec<usize>; 2]> = vec![[Vec::new(), Vec::new()]; picture.lanes.len()];
    for chain in chains {
        let ends = &mut ends[picture.nodes[chain.from].lane][usize::from(chain.right)];
        let free = ends.iter().position(|end| *end < chain.first);
        chain.track = free.unwrap_or(ends.len());
        match free {
            Some(track) => ends[track] = chain.last,
            None => ends.push(chain.last),
        }
    }
    ends.iter()
        .map(|[left, right]| (left.len(), right.len()))
        .collect()
}

fn boxes(
    picture: &Picture,
    rows: &[usize],
    blocks: &[(f64, f64)],
    widths: &[f64],
) -> Vec<(f64, f64, f64)> {
    let mut by_place: std::collections::BTreeMap<(usize, usize), Vec<usize>> = Default::default();
    for (at, node) in picture.nodes.iter().enumerate() {
        by_place.entry((rows[at], node.lane)).or_default().push(at);
    }
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); picture.nodes.len()];
    for edge in &picture.edges {
        into[edge.to].push(edge.from);
    }
    let mut boxes = vec![(0.0, 0.0, 0.0); picture.nodes.len()];
    for ((row, lane), mut nodes) in by_place {
        // Below what they wait for, as far as that can be: fewer lines cross.
        let middle = |node: &usize| {
            let above = into[*node]
                .iter()
                .map(|from| boxes[*from].0 + boxes[*from].2 / 2.0);
            let (sum, count) = above.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
            if count == 0.0 { f64::MAX } else { sum / count }
        };
        nodes.sort_by(|one, other| middle(one).total_cmp(&middle(other)));
        let (left, block) = blocks[lane];
        let width = widths[lane];
        let used = nodes.len() as f64 * (width + BOX_GAP) - BOX_GAP;
        let mut x = left + (block - used) / 2.0;
        for node in nodes {
            boxes[node] = (x, row_top(row), width);
            x += width + BOX_GAP;
        }
    }
    boxes
}

fn row_top(row: usize) -> f64 {
    ROWS_TOP + row as f64 * (BOX + ROW_GAP)
}

fn lines(
    picture: &Picture,
    rows: &[usize],
    chains: &[Chain],
    boxes: &[(f64, f64, f64)],
    blocks: &[(f64, f64)],
) -> Vec<Vec<(f64, f64)>> {
    let mut tracks = vec![[0.0; 2]; picture.nodes.len()];
    for chain in chains {
        let (left, block) = blocks[picture.nodes[chain.from].lane];
        let away = (chain.track as f64 + 0.75) * TRACK;
        let x = if chain.right {
            left + block + away
        } else {
            left - away
        };
        tracks[chain.from][usize::from(chain.right)] = x;
    }
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::with_capacity(picture.edges.len());
    for edge in &picture.edges {
        let (x, top, width) = boxes[edge.from];
        let mut points = vec![(x + width / 2.0, top + BOX)];
        if passes(rows, edge) {
            let x = tracks[edge.from][usize::from(goes_right(picture, edge))];
            points.push((x, row_top(rows[edge.from] + 1)));
            points.push((x, row_top(rows[edge.to] - 1) + BOX));
        }
        lines.push(points);
    }
    arrive(picture, boxes, &mut lines);
    lines
}

/// Ends each line at its box: several beside each other, in the order in which they come.
fn arrive(picture: &Picture, boxes: &[(f64, f64, f64)], lines: &mut [Vec<(f64, f64)>]) {
    let mut at = 0;
    while at < lines.len() {
        let to = picture.edges[at].to;
        let count = picture.edges[at..]
            .iter()
            .take_while(|edge| edge.to == to)
            .count();
        let last = |number: &usize| lines[*number].last().map_or(0.0, |point| point.0);
        let mut order: Vec<usize> = (at..at + count).collect();
        order.sort_by(|one, other| last(one).total_cmp(&last(other)));
        let (x, top, width) = boxes[to];
        let step = ((width - 36.0) / count as f64).min(22.0);
        let first = x + width / 2.0 - step * (count as f64 - 1.0) / 2.0;
        for (port, number) in order.into_iter().enumerate() {
            lines[number].push((first + port as f64 * step, top));
        }
        at += count;
    }
}
