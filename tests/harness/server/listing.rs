//! Folders as MLSD, LIST and NLST send them.

use super::fs::{Kind, Node, Tree};
use super::time::{Date, now, stamp};

/// LIST shows the time of day for half a year, then the year.
const HALF_A_YEAR: i64 = 182 * 86_400;

/// What LIST looks like, and how much MLSD tells.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ListStyle {
    dos: bool,
    hide_dot_names: bool,
    dots: bool,
    kinds_alone: bool,
    zone: i64,
    summer_until: Option<i64>,
    year_of_past: bool,
}

impl Default for ListStyle {
    fn default() -> Self {
        Self::unix()
    }
}

impl ListStyle {
    /// Lines of `ls -l`, dot names shown, times in UTC.
    pub fn unix() -> Self {
        Self {
            dos: false,
            hide_dot_names: false,
            dots: false,
            kinds_alone: false,
            zone: 0,
            summer_until: None,
            year_of_past: false,
        }
    }

    /// Lines of IIS: `01-02-20  03:04AM       <DIR>          name`.
    pub fn dos() -> Self {
        Self {
            dos: true,
            ..Self::unix()
        }
    }

    /// Leaves out names with a leading dot unless `-a` is given, as vsftpd does.
    pub fn hide_dot_names(mut self) -> Self {
        self.hide_dot_names = true;
        self
    }

    /// Shows `.` and `..` where `-a` is given, as servers do that ask the system's `ls`.
    pub fn with_dots(mut self) -> Self {
        self.dots = true;
        self
    }

    /// MLSD tells what an entry is, and neither its size nor its time.
    pub fn kinds_alone(mut self) -> Self {
        self.kinds_alone = true;
        self
    }

    /// Shows times in a zone so many seconds east of UTC.
    pub fn zone(mut self, seconds: i64) -> Self {
        self.zone = seconds;
        self
    }

    /// Shows an hour more for files from before this moment: what summer time leaves in winter.
    pub fn summer_until(mut self, seconds: i64) -> Self {
        self.summer_until = Some(seconds);
        self
    }

    /// Writes the year of old files only, and not of those that are dated ahead, as ProFTPD and pyftpdlib do.
    pub fn year_of_past(mut self) -> Self {
        self.year_of_past = true;
        self
    }

    fn zone_at(self, seconds: i64) -> i64 {
        let summer = self.summer_until.is_some_and(|until| seconds < until);
        self.zone + if summer { 3600 } else { 0 }
    }

    fn line(self, name: &[u8], node: &Node) -> Vec<u8> {
        let zone = self.zone_at(node.modified);
        let head = if self.dos {
            dos(node, zone)
        } else {
            unix(node, zone, self.year_of_past)
        };
        let mut line = [head.as_bytes(), name].concat();
        if let (Kind::Link(target), false) = (&node.kind, self.dos) {
            line.extend_from_slice(b" -> ");
            line.extend_from_slice(target);
        }
        line.extend_from_slice(b"\r\n");
        line
    }
}

/// The lines of LIST: of a folder, or the one of a file.
pub(super) fn list(tree: &Tree, path: &[u8], style: ListStyle, all: bool) -> Vec<u8> {
    let folder = tree.get(path).filter(|_| all && style.dots);
    let dots = folder
        .into_iter()
        .flat_map(|node| [&b"."[..], b".."].map(|name| style.line(name, node)));
    let lines = shown(tree, path, style, all).map(|(name, node)| style.line(name, node));
    dots.chain(lines).collect::<Vec<_>>().concat()
}

/// The names of NLST.
pub(super) fn nlst(tree: &Tree, path: &[u8], style: ListStyle, all: bool) -> Vec<u8> {
    let lines = shown(tree, path, style, all).map(|(name, _)| [name, b"\r\n"].concat());
    lines.collect::<Vec<_>>().concat()
}

/// The lines of MLSD (RFC 3659 §7), the folder itself and the one above included.
pub(super) fn mlsd(tree: &Tree, folder: &[u8], style: ListStyle) -> Vec<u8> {
    let modify = stamp(tree.get(folder).map_or(0, |node| node.modified));
    let own = [("cdir", "."), ("pdir", "..")].map(|(kind, name)| {
        format!("type={kind};modify={modify};perm=cmpel; {name}\r\n").into_bytes()
    });
    let entries = tree.children(folder);
    let told = |node| match style.kinds_alone {
        true => kind(&facts(node)),
        false => facts(node),
    };
    let lines = entries.map(|(name, node)| [&told(node), b" ".as_slice(), name, b"\r\n"].concat());
    own.into_iter().chain(lines).collect::<Vec<_>>().concat()
}

/// The first of some facts.
fn kind(facts: &[u8]) -> Vec<u8> {
    let end = facts.iter().position(|byte| *byte == b';');
    facts[..end.map_or(0, |end| end + 1)].to_vec()
}

/// The facts of one node, without the name.
pub(super) fn facts(node: &Node) -> Vec<u8> {
    let modify = stamp(node.modified);
    match &node.kind {
        Kind::File(content) => format!(
            "type=file;size={};modify={modify};perm=adfrw;",
            content.len()
        )
        .into_bytes(),
        Kind::Folder => format!("type=dir;modify={modify};perm=cdeflmp;").into_bytes(),
        Kind::Link(target) => {
            let tail = format!(";modify={modify};perm=adfrw;");
            [b"type=OS.unix=slink:".as_slice(), target, tail.as_bytes()].concat()
        }
    }
}

/// What LIST and NLST are about: the entries of a folder, or the one file.
fn shown<'a>(
    tree: &'a Tree,
    path: &[u8],
    style: ListStyle,
    all: bool,
) -> impl Iterator<Item = (&'a [u8], &'a Node)> + use<'a> {
    let itself = tree
        .entry(path)
        .filter(|(_, node)| !matches!(node.kind, Kind::Folder));
    let all = all || !style.hide_dot_names;
    let inside = tree
        .children(path)
        .filter(move |(name, _)| all || !name.starts_with(b"."));
    itself.into_iter().chain(inside)
}

fn unix(node: &Node, zone: i64, year_of_past: bool) -> String {
    let date = Date::of(node.modified + zone);
    let (kind, size) = match &node.kind {
        Kind::File(content) => ("-rw-r--r--    1", content.len()),
        Kind::Folder => ("drwxr-xr-x    2", 4096),
        Kind::Link(target) => ("lrwxrwxrwx    1", target.len() as u64),
    };
    let age = now() - node.modified;
    let youngest = if year_of_past { i64::MIN } else { -3600 };
    let time = if (youngest..HALF_A_YEAR).contains(&age) {
        format!("{:02}:{:02}", date.hour, date.minute)
    } else {
        format!("{:>5}", date.year)
    };
    format!(
        "{kind} ftp      ftp      {size:>12} {} {:>2} {time} ",
        date.month_name(),
        date.day
    )
}

fn dos(node: &Node, zone: i64) -> String {
    let date = Date::of(node.modified + zone);
    let half = if date.hour < 12 { "AM" } else { "PM" };
    let hour = if date.hour % 12 == 0 {
        12
    } else {
        date.hour % 12
    };
    let size = match &node.kind {
        Kind::File(content) => format!("{:>20}", content.len()),
        Kind::Folder | Kind::Link(_) => format!("{:<20}", "      <DIR>"),
    };
    format!(
        "{:02}-{:02}-{:02}  {hour:02}:{:02}{half} {size} ",
        date.month,
        date.day,
        date.year % 100,
        date.minute
    )
}
