//! The file tree in memory. Paths are absolute, without `.`, `..` or a trailing `/`, and of any bytes.

use std::collections::BTreeMap;

use super::content::Content;

/// The time of files for which none is given: 2020-01-02 03:04:05 UTC.
pub const LONG_AGO: i64 = 1_577_934_245;

/// How many links a path may go through.
const MAX_LINKS: usize = 8;

/// What stands at a path.
#[derive(Clone, Debug)]
pub struct Node {
    /// File, folder or link.
    pub kind: Kind,
    /// Seconds since 1970, UTC.
    pub modified: i64,
}

/// The kind of a node.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A file and what it holds.
    File(Content),
    /// A folder; what lies in it follows from the paths.
    Folder,
    /// A symbolic link and its target, absolute or relative to its folder.
    Link(Vec<u8>),
}

/// All files of a server.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: BTreeMap<Vec<u8>, Node>,
}

impl Tree {
    /// An empty root.
    pub fn new() -> Self {
        let root = Node {
            kind: Kind::Folder,
            modified: LONG_AGO,
        };
        Self {
            nodes: BTreeMap::from([(b"/".to_vec(), root)]),
        }
    }

    /// Puts a node there, with the folders above it.
    pub fn put(&mut self, path: impl AsRef<[u8]>, kind: Kind, modified: i64) {
        let path = absolute(b"/", path.as_ref());
        let mut above = parent(&path).to_vec();
        while !self.nodes.contains_key(&above) {
            self.nodes.insert(
                above.clone(),
                Node {
                    kind: Kind::Folder,
                    modified: LONG_AGO,
                },
            );
            above = parent(&above).to_vec();
        }
        self.nodes.insert(path, Node { kind, modified });
    }

    /// Puts a file there, with the time [`LONG_AGO`].
    pub fn write(&mut self, path: impl AsRef<[u8]>, content: impl Into<Content>) {
        self.put(path, Kind::File(content.into()), LONG_AGO);
    }

    /// Takes away what stands at the path, and all below it.
    pub fn remove(&mut self, path: impl AsRef<[u8]>) {
        let path = absolute(b"/", path.as_ref());
        for below in self.below(&path) {
            self.nodes.remove(&below);
        }
        self.nodes.remove(&path);
    }

    /// Moves a node and all below it; what stood at the target is replaced.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) {
        let moved: Vec<_> = std::iter::once(from.to_vec())
            .chain(self.below(from))
            .filter_map(|path| {
                let node = self.nodes.remove(&path)?;
                Some(([to, &path[from.len()..]].concat(), node))
            })
            .collect();
        self.remove(to);
        self.nodes.extend(moved);
    }

    /// Sets the time of a node; false when there is none.
    pub fn touch(&mut self, path: impl AsRef<[u8]>, modified: i64) -> bool {
        let node = self.nodes.get_mut(path.as_ref());
        node.map(|node| node.modified = modified).is_some()
    }

    /// The node at this very path.
    pub fn get(&self, path: impl AsRef<[u8]>) -> Option<&Node> {
        self.nodes.get(path.as_ref())
    }

    /// The name and the node at this very path.
    pub fn entry(&self, path: &[u8]) -> Option<(&[u8], &Node)> {
        self.nodes
            .get_key_value(path)
            .map(|(path, node)| (name(path), node))
    }

    /// The content of the file at this path.
    pub fn file(&self, path: impl AsRef<[u8]>) -> Option<&Content> {
        match &self.get(path)?.kind {
            Kind::File(content) => Some(content),
            Kind::Folder | Kind::Link(_) => None,
        }
    }

    /// Whether a folder stands there.
    pub fn is_folder(&self, path: impl AsRef<[u8]>) -> bool {
        self.get(path)
            .is_some_and(|node| matches!(node.kind, Kind::Folder))
    }

    /// The names directly in a folder, in the order of their bytes.
    pub fn children<'a>(
        &'a self,
        folder: &[u8],
    ) -> impl Iterator<Item = (&'a [u8], &'a Node)> + use<'a> {
        let prefix = slashed(folder);
        let skip = prefix.len();
        self.nodes
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(move |(path, node)| (&path[skip..], node))
            .filter(|(name, _)| !name.is_empty() && !name.contains(&b'/'))
    }

    /// Every path and its node.
    pub fn iter(&self) -> impl Iterator<Item = (&Vec<u8>, &Node)> {
        self.nodes.iter()
    }

    /// The path with every link in it replaced by where it leads.
    pub fn follow(&self, path: &[u8]) -> Vec<u8> {
        let mut path = path.to_vec();
        for _ in 0..MAX_LINKS {
            let Some(next) = self.follow_once(&path) else {
                break;
            };
            path = next;
        }
        path
    }

    /// The path as what stands there is spelled, where only ASCII letters' case may differ.
    pub fn spelled(&self, path: &[u8]) -> Vec<u8> {
        if self.nodes.contains_key(path) {
            return path.to_vec();
        }
        let folder = self.spelled(parent(path));
        let mut inside = self.children(&folder);
        let found = inside.find(|(child, _)| child.eq_ignore_ascii_case(name(path)));
        let spelled = found.map_or(name(path), |(child, _)| child);
        absolute(&folder, spelled)
    }

    fn follow_once(&self, path: &[u8]) -> Option<Vec<u8>> {
        let ends = (1..=path.len()).filter(|&end| end == path.len() || path[end] == b'/');
        ends.into_iter()
            .find_map(|end| match &self.get(&path[..end])?.kind {
                Kind::Link(target) => {
                    let target = absolute(parent(&path[..end]), target);
                    Some(absolute(
                        b"/",
                        &[&target, b"/".as_slice(), &path[end..]].concat(),
                    ))
                }
                Kind::File(_) | Kind::Folder => None,
            })
    }

    fn below(&self, path: &[u8]) -> Vec<Vec<u8>> {
        let prefix = slashed(path);
        let from = self.nodes.range(prefix.clone()..);
        let inside = from.take_while(|(path, _)| path.starts_with(&prefix));
        inside
            .map(|(path, _)| path.clone())
            .filter(|path| *path != prefix)
            .collect()
    }
}

/// An argument of a command as an absolute path.
pub(super) fn absolute(folder: &[u8], argument: &[u8]) -> Vec<u8> {
    let joined = if argument.starts_with(b"/") {
        argument.to_vec()
    } else {
        [folder, b"/", argument].concat()
    };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in joined.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    [b"/".as_slice(), &parts.join(&b'/')].concat()
}

/// The folder of a path; the root is its own.
pub(super) fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&byte| byte == b'/') {
        None | Some(0) => b"/",
        Some(slash) => &path[..slash],
    }
}

/// The last part of a path.
pub(super) fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

fn slashed(folder: &[u8]) -> Vec<u8> {
    if folder == b"/" {
        folder.to_vec()
    } else {
        [folder, b"/"].concat()
    }
}
