//! What must hold of every reply and every listing, whatever bytes a server sends. The property tests below and the
//! fuzz targets share it; no build for users holds it.

use std::sync::Arc;

use secrecy::SecretString;

use crate::files::{Kind, NameEncoding, Page};

use super::address;
use super::checksum::{self, Algorithm};
use super::clock::shift;
use super::facts::Features;
use super::list::keep;
use super::listing::lines::Lines;
use super::listing::time::mdtm_reply;
use super::listing::zone::Zones;
use super::listing::{Reader, mlsd, nlst};
use super::reply::{Reply, path_in, size};
use super::shown::{Redact, Shown};

/// The longest line of a listing, and the longest name in one.
const LONGEST_LINE: usize = 64 * 1024;
const LONGEST_NAME: usize = 4096;
/// The longest text about a line: 200 characters of four bytes, and what is said of them.
const LONGEST_TEXT: usize = 1000;

/// What one listing is read as.
#[derive(Debug, Clone, Copy)]
enum Form {
    List,
    Mlsd,
    Nlst,
}

/// Reads the bytes as a listing of each form. The first three choose the time of day, the zone and where the stream
/// is cut.
///
/// # Panics
/// When a promise is broken: a line is lost, a name leads elsewhere, memory grows beyond what was sent, or the pieces
/// that the bytes come in make a difference.
pub fn listing(bytes: &[u8]) {
    let Some(([now, zone, cut], bytes)) = bytes.split_first_chunk() else {
        return;
    };
    let now = i64::from(*now) * 40_000_000;
    let offset = (i64::from(*zone) - 128) * 900;
    for form in [Form::List, Form::Mlsd, Form::Nlst] {
        let mut whole = page(form, [bytes].into_iter(), (now, offset));
        let pieces = bytes.chunks(usize::from(*cut) + 1);
        assert!(say_the_same(&whole, &page(form, pieces, (now, offset))));
        holds(form, &whole, bytes);
        shift(
            &mut whole,
            &Zones::fixed(i32::try_from(offset).unwrap_or(0)),
        );
    }
}

fn page<'a>(form: Form, pieces: impl Iterator<Item = &'a [u8]>, (now, offset): (i64, i64)) -> Page {
    let mut page = Page::default();
    let mut reader = Reader::default();
    let mut lines = Lines::default();
    let mut take = |line: Option<&[u8]>| match (line, form) {
        (None, _) => page.problem(|| "too long".into()),
        (Some(line), Form::List) => {
            reader.line(line, now, offset, |line, parsed| {
                keep(parsed, &mut page, || lossy(line))
            });
        }
        (Some(line), Form::Mlsd) => keep(mlsd::row(line), &mut page, || lossy(line)),
        (Some(line), Form::Nlst) => {
            page.push(nlst::name(line, b"/f"), Kind::Other, None, None);
        }
    };
    for piece in pieces {
        lines.feed(piece, &mut take);
    }
    if lines.has_begun() {
        page.broken("cut".into());
    }
    reader.finish(|line, parsed| keep(parsed, &mut page, || lossy(line)));
    page
}

fn lossy(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

fn say_the_same(one: &Page, other: &Page) -> bool {
    one.entries().eq(other.entries())
        && one.problems() == other.problems()
        && one.incomplete_reason() == other.incomplete_reason()
}

fn holds(form: Form, page: &Page, bytes: &[u8]) {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let problems = page.problems();
    assert!(page.len() + problems.count <= lines, "lines were made up");
    if matches!(form, Form::Nlst) {
        assert_eq!(page.len() + problems.count, lines, "lines were lost");
    }
    let cut = !bytes.is_empty() && !bytes.ends_with(b"\n");
    assert_eq!(page.is_broken(), cut, "the half of a line passes for one");
    let mut names = 0;
    for entry in page.entries() {
        let name = entry.name;
        names += name.len();
        assert!(name.len() <= LONGEST_NAME);
        let bad = name.iter().any(|byte| b"/\r\n\0".contains(byte));
        assert!(!bad && !matches!(name, b"" | b"." | b".."), "{name:?}");
        assert!(entry.kind == Kind::File || form_has_sizes(form) || entry.size.is_none());
    }
    assert!(names <= bytes.len(), "names take more room than was sent");
    let texts = problems.shown.iter().map(String::len).max().unwrap_or(0);
    assert!(problems.shown.len() <= 20 && texts <= LONGEST_TEXT);
}

/// EPLF may tell a size of what it does not call a file; MLSD and the others do not.
fn form_has_sizes(form: Form) -> bool {
    matches!(form, Form::List)
}

/// Reads the bytes as one reply, and as all that a reply can be asked for.
///
/// # Panics
/// When a promise is broken: a code that there is not, something longer than what was sent, or control characters on
/// their way to a terminal.
pub fn reply(bytes: &[u8]) {
    let Some(reply) = Reply::parse(bytes, "TEST".into()) else {
        return;
    };
    assert!((100..600).contains(&reply.code));
    let kept: usize = reply.lines.iter().map(Vec::len).sum();
    let text = reply.last_text();
    let path = path_in(&reply).unwrap_or_default();
    assert!(kept <= bytes.len() && text.len() <= kept && path.len() <= text.len());
    assert!(size(&reply).is_none() || reply.code == 213);
    assert!(mdtm_reply(&reply).is_none() || reply.code == 213);
    assert_ne!(address::epsv_port(&text), Some(0));
    let _ = address::pasv_address(&text);
    let features = Features::from_reply(&reply);
    let told: usize = features.lines.iter().map(String::len).sum();
    // A byte that is no UTF-8 is shown as a sign of three.
    assert!(told <= kept * 3);
    for algorithm in [Algorithm::Sha256, Algorithm::Crc32] {
        if let Some(sum) = checksum::sum_in(&reply, b"/f/name", algorithm) {
            assert_eq!(sum.len(), algorithm.digits());
        }
    }
    shown(&reply);
}

fn shown(reply: &Reply) {
    let password = SecretString::from("hush");
    let redact: Redact = Arc::new(|text| text.replace("hush", "***"));
    let shown = Shown::new(NameEncoding::Auto, &password, redact);
    assert!(!shown.answer(reply).text.chars().any(char::is_control));
    for line in &reply.lines {
        assert!(!shown.text(line).chars().any(char::is_control));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;

    /// Lines of real shapes, to be changed.
    const SAMPLES: [&str; 6] = [
        include_str!("../../tests/listings/unix.txt"),
        include_str!("../../tests/listings/dates.txt"),
        include_str!("../../tests/listings/dos.txt"),
        include_str!("../../tests/listings/vms.txt"),
        include_str!("../../tests/listings/eplf.txt"),
        include_str!("../../tests/listings/mlsd.txt"),
    ];
    const PARTS: [&[u8]; 16] = [
        b" ",
        b"\r\n",
        b"\n",
        b"\0",
        b"/",
        b"..",
        b";",
        b"; ",
        b" -> ",
        b"-",
        b":",
        b"Feb 29",
        b"9999",
        b"0",
        b"99999999999999999999",
        b"\xff",
    ];
    const REPLIES: [&str; 8] = [
        "227 Entering Passive Mode (127,0,0,1,4,1).",
        "229 Entering Extended Passive Mode (|||50000|)",
        "257 \"/a \"\"b\"\"\" is it",
        "213 20261122080809.123",
        "213 4096",
        "211-Features:\r\n MLST type*;size*;\r\n HASH SHA-256*;MD5\r\n XCRC\r\n211 End",
        "250 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "230-hello\r\n 220 inside\r\n230 done",
    ];

    fn lines() -> Vec<Vec<u8>> {
        let lines = SAMPLES.iter().flat_map(|text| text.lines());
        let sent = lines.filter_map(|line| line.strip_prefix("> "));
        sent.map(|line| [line.as_bytes(), b"\r\n"].concat())
            .collect()
    }

    fn changed(mut bytes: Vec<u8>, changes: &[(Index, Index, Index)]) -> Vec<u8> {
        for (from, length, with) in changes {
            let start = from.index(bytes.len() + 1);
            let end = (start + length.index(9)).min(bytes.len());
            bytes.splice(start..end, with.get(&PARTS).iter().copied());
        }
        bytes
    }

    fn changes() -> impl Strategy<Value = Vec<(Index, Index, Index)>> {
        prop::collection::vec(any::<(Index, Index, Index)>(), 0..6)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_listing_holds_its_promises(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            listing(&bytes);
        }

        #[test]
        fn changed_listings_hold_their_promises(head in any::<[u8; 3]>(), chosen in prop::collection::vec(any::<Index>(), 1..8), changes in changes()) {
            let all = lines();
            let text: Vec<u8> = chosen.iter().flat_map(|at| at.get(&all).clone()).collect();
            listing(&[&head[..], &changed(text, &changes)].concat());
        }

        #[test]
        fn any_reply_holds_its_promises(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            reply(&[b"213 ", &bytes[..], b"\r\n"].concat());
            reply(&bytes);
        }

        #[test]
        fn changed_replies_hold_their_promises(chosen in any::<Index>(), changes in changes()) {
            reply(&changed(chosen.get(&REPLIES).as_bytes().to_vec(), &changes));
        }
    }

    #[test]
    fn a_line_without_end_takes_bounded_memory() {
        let line = vec![b'x'; 4 * LONGEST_LINE];
        listing(&[&b"\x80\x80\xff"[..], &line].concat());
    }
}
