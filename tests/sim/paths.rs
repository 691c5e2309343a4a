//! Paths as the ends of a run spell them.

use super::case::{LOCAL, View};

/// The folder that relative local paths begin in.
const HERE: &str = "/w";

/// The absolute path of a path in the manifest, as its end finds it: a server's loses dots and doubled separators,
/// one of this machine is taken as it is.
pub(super) fn absolute(view: &View, at: usize, text: &str) -> Vec<u8> {
    match (at, text.starts_with('/')) {
        (_, true) if at == LOCAL => text.as_bytes().to_vec(),
        (LOCAL, _) => format!("{HERE}/{text}").into_bytes(),
        (_, true) => normal(text),
        _ => normal(&format!("{}/{text}", view.home)),
    }
}

fn normal(path: &str) -> Vec<u8> {
    let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    format!("/{}", names.collect::<Vec<_>>().join("/")).into_bytes()
}
