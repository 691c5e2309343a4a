//! A table in columns of the terminal, right for characters that take two.

use super::paint::{Paint, Tone};
use super::text;

/// The side to which a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// Rows under headings. Columns without content are left out.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Row>,
}

/// One cell a column, and the one that has a tone.
#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    tone: Option<(usize, Tone)>,
}

/// No column is cut to less than this.
const NARROW: usize = 16;

impl Table {
    pub(super) fn new(columns: &[(&'static str, Align)]) -> Table {
        Table {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of one cell a column; one of them may have a tone.
    pub(super) fn row(&mut self, cells: Vec<String>, tone: Option<(usize, Tone)>) {
        self.rows.push(Row { cells, tone });
    }

    /// The lines, at most `width` wide where cutting names can achieve it.
    pub(super) fn render(&self, paint: Paint, width: usize) -> String {
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width(at)).collect();
        let total: usize = widths.iter().filter(|&&w| w > 0).map(|w| w + 2).sum();
        self.narrow(&mut widths, total.saturating_sub(width));
        let headings: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        let faint = (0..headings.len())
            .map(|at| (at, Tone::Faint))
            .collect::<Vec<_>>();
        let mut text = self.line(&headings, &widths, &faint, paint);
        for Row { cells, tone } in &self.rows {
            let tones = Vec::from_iter(*tone);
            text.push_str(&self.line(cells, &widths, &tones, paint));
        }
        text
    }

    /// Takes columns from the widest texts; numbers stay whole.
    fn narrow(&self, widths: &mut [usize], excess: usize) {
        for _ in 0..excess {
            let texts = self.columns.iter().zip(widths.iter_mut());
            let widest = texts
                .filter(|((_, align), width)| *align == Align::Left && **width > NARROW)
                .max_by_key(|(_, width)| **width);
            match widest {
                Some((_, width)) => *width -= 1,
                None => return,
            }
        }
    }

    /// The width of a column; 0 where no row has anything in it.
    fn width(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
        match cells.map(|cell| text::width(cell)).max().unwrap_or(0) {
            0 => 0,
            widest => widest.max(self.columns.get(at).map_or(0, |(name, _)| name.len())),
        }
    }

    fn line(
        &self,
        cells: &[String],
        widths: &[usize],
        tones: &[(usize, Tone)],
        paint: Paint,
    ) -> String {
        let mut line = String::new();
        let mut trailing = 0;
        for (at, ((cell, &width), (_, align))) in
            cells.iter().zip(widths).zip(&self.columns).enumerate()
        {
            if width == 0 {
                continue;
            }
            let cell = text::cut_end(cell, width);
            let spaces = " ".repeat(width - text::width(&cell));
            let tone = tones.iter().find(|(column, _)| *column == at);
            let shown = match tone {
                Some((_, tone)) if !cell.is_empty() => paint.tone(*tone, &cell).to_string(),
                _ => cell.to_string(),
            };
            let before = if *align == Align::Right {
                spaces.as_str()
            } else {
                ""
            };
            line.push_str(&" ".repeat(2 + trailing));
            trailing = 0;
            if *align == Align::Left {
                trailing = spaces.len();
            }
            line.push_str(before);
            line.push_str(&shown);
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_whatever_the_script() {
        let mut table = Table::new(&[
            ("STEP", Align::Left),
            ("EMPTY", Align::Right),
            ("RESULT", Align::Left),
            ("FILES", Align::Right),
        ]);
        let row = |a: &str, b: &str, c: &str| vec![a.into(), String::new(), b.into(), c.into()];
        table.row(row("构建", "done", "12"), Some((1, Tone::Good)));
        table.row(row("keep", "failed", "1,234"), None);
        let text = table.render(Paint::PLAIN, 80);
        assert_eq!(
            text,
            "  STEP  RESULT  FILES\n  构建  done       12\n  keep  failed  1,234\n"
        );
    }
}
