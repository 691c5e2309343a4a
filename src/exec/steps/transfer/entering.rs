//! What the jobs of a step with `once` write into the ledger: intents before names are given, entries once files are proven.

use std::sync::Arc;

use super::Output;
use super::book::{Book, listed, version};
use super::ends::Terms;
use super::piece::{Arrival, Failed, Moved, Named, Piece};
use crate::exec::steps::job::Work;
use crate::files::folder_of;
use crate::ledger::{Entry, How};
use crate::options::Publish;
use crate::transfer::{Decision, Looks, Verdict};

impl Book {
    /// Takes in what became of files that were moved.
    fn moved(
        &self,
        terms: &Terms,
        files: &[u32],
        moved: &[(Piece, Moved)],
        (now, last): (i64, bool),
    ) {
        let (mut entries, mut open) = (Vec::new(), Vec::new());
        for (piece, result) in moved {
            match result {
                Ok(Arrival::Copied(copied)) => {
                    let proven = copied.proven.is_ok();
                    let apart = matches!(copied.places, Some(Verdict::Different));
                    let entry =
                        self.entry(terms, piece.file, How::Transferred, copied.source, apart);
                    let entry = entry.filter(|_| proven);
                    match copied.visible {
                        true => self.arrives(entry, &mut entries),
                        false => drop(self.waiting().insert(piece.file, entry)),
                    }
                }
                Ok(Arrival::Same(Ok(()))) => {
                    let looks = Looks::listed(&terms.set, piece.file);
                    let apart = terms.is_apart(piece.file);
                    entries.extend(self.entry(terms, piece.file, How::Found, looks, apart));
                }
                Err(Failed { doubt: Some(_), .. }) => open.push(piece.file),
                Ok(Arrival::NotYet { .. } | Arrival::Same(Err(_))) | Err(_) => {}
            }
        }
        let touched = |at: &u32| moved.iter().any(|(piece, _)| piece.file == *at);
        let untouched: Vec<u32> = files.iter().copied().filter(|at| !touched(at)).collect();
        // A set has no intents before all of it has arrived.
        if terms.wishes.options.publish != Publish::Set {
            self.put_back(&untouched);
        }
        open.extend(untouched);
        self.settle(&terms.set, (files, &open), entries, now, last);
    }

    /// Takes in which files of a set have got their names.
    fn named(&self, terms: &Terms, files: &[u32], named: &[(u32, Named)], now: i64) {
        let (mut entries, mut open) = (Vec::new(), Vec::new());
        for (at, result) in named {
            match result {
                Ok(_) => {
                    let entry = self.waiting().remove(at).flatten();
                    self.arrives(entry, &mut entries);
                }
                Err(not_done) if not_done.is_unknown => open.push(*at),
                Err(_) => {}
            }
        }
        self.settle(&terms.set, (files, &open), entries, now, true);
    }

    fn arrives(&self, entry: Option<Entry>, entries: &mut Vec<Entry>) {
        match entry {
            Some(entry) => entries.push(entry),
            None => self.leaves_out(1),
        }
    }

    /// A file as it is entered; none where its time would not tell a later write, or a secret stands in its path.
    fn entry(&self, terms: &Terms, at: u32, how: How, read: Looks, apart: bool) -> Option<Entry> {
        let path = terms.set.absolute(at);
        let listed = listed(&terms.set, at);
        let settled = listed.modified.is_none() || read.modified.is_some();
        let secret = self.holds_secret(&path);
        let target = terms.path(at).unwrap_or_default();
        let target = terms.ends.route.encoding.decode(&target).text.into_owned();
        (settled && !secret).then(|| Entry {
            path,
            version: listed.read_as(version(read)),
            how,
            target: format!("{}:{target}", terms.wishes.target_name),
            apart,
        })
    }
}

/// Files whose intents are written ahead of their jobs.
const AHEAD: usize = 256;

impl Terms {
    /// The files that will be begun after these, as far as the order of the set tells.
    fn next_after(&self, files: &[u32]) -> Vec<u32> {
        let first = files.iter().max().map_or(0, |last| last + 1);
        let moves = |at: &u32| {
            let decision = self.decisions.of(*at);
            matches!(
                decision,
                Decision::Transfer { .. } | Decision::Resume { .. }
            )
        };
        let next = first..u32::try_from(self.set.len()).unwrap_or(u32::MAX);
        next.filter(moves).take(AHEAD).collect()
    }

    /// Whether a file's folder and its copy's are known to be two.
    fn is_apart(&self, at: u32) -> bool {
        let item = self.item(at).ok();
        let source = self.set.absolute(at);
        let verdict = item.and_then(|item| self.ends.verdict_of(folder_of(&source), &item));
        verdict == Some(Verdict::Different)
    }
}

/// The work of a batch, between its intents and its entries. `last`: no other file waits.
pub(super) fn moves(terms: Arc<Terms>, pieces: Vec<Piece>, last: bool, work: Work) -> Work {
    let Some(book) = terms.wishes.book.clone() else {
        return work;
    };
    Box::new(move |desk| {
        let files: Vec<u32> = pieces.iter().map(|piece| piece.file).collect();
        // A set gives no names before all of it has arrived.
        let names = terms.wishes.options.publish != Publish::Set;
        let next = || terms.next_after(&files);
        if names && let Err(fault) = book.intend(&terms.set, &files, next, desk.unix_now()) {
            let refused = pieces.into_iter().take(1);
            let refused = refused.map(|piece| (piece, Err(Failed::of_all(fault.clone()))));
            return Output::Moved(refused.collect()).boxed();
        }
        let output = work(desk);
        if let super::super::Output::Transfer(output) = &output
            && let Output::Moved(moved) = output.as_ref()
        {
            book.moved(&terms, &files, moved, (desk.unix_now(), last));
        }
        output
    })
}

/// The work of naming a set, between its intents and its entries.
pub(super) fn names(terms: Arc<Terms>, files: Vec<u32>, work: Work) -> Work {
    let Some(book) = terms.wishes.book.clone() else {
        return work;
    };
    Box::new(move |desk| {
        if let Err(fault) = book.intend(&terms.set, &files, Vec::new, desk.unix_now()) {
            let refused = files.into_iter().take(1);
            let refused = refused.map(|at| (at, Err(fault.clone().into())));
            return Output::Published(refused.collect()).boxed();
        }
        let output = work(desk);
        if let super::super::Output::Transfer(output) = &output
            && let Output::Published(named) = output.as_ref()
        {
            book.named(&terms, &files, named, desk.unix_now());
        }
        output
    })
}
