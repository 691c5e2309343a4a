//! Folders of a thousand names in every encoding, relayed and deleted at the source: none is lost, and none arrives
//! under another name.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use encoding_rs::{Encoding, GBK, SHIFT_JIS};

use crate::harness::real::{self, Kind, Server};
use crate::harness::{Case, Outcome};

const DEBIAN: [Kind; 3] = [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd];
const THOUSAND: usize = 1_000;
const RAW: usize = 200;

/// What shells, globs, listings and command lines take for something else.
const BEGINNINGS: [&str; 20] = [
    "", "[a-z]", "]x[", "*", "?", " ", "-la ", "--", "a -> b", "\"", "'", "%", "%41", "{a,b}", "#",
    "~", "$HOME", ";", "a  b", "x..",
];

const STEPS: &str = "\
steps:
  found:
    list: { server: source, path: '@in', recursive: true }
  pass:
    relay: { from: found, to: target, into: '%in' }
  tidy:
    delete: { sources_of: pass, max: 1000, directories: remove_empty }
";

/// Paths in the folder as bytes, and what the files hold.
type Files = BTreeMap<Vec<u8>, Vec<u8>>;

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_thousand_gbk_names_become_utf8_names() {
    becomes_utf8(Kind::Vsftpd, GBK, Kind::Pyftpd);
    becomes_utf8(Kind::PyftpdGbk, GBK, Kind::Vsftpd);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_thousand_shift_jis_names_become_utf8_names() {
    becomes_utf8(Kind::Proftpd, SHIFT_JIS, Kind::Pyftpd);
    becomes_utf8(Kind::Vsftpd, SHIFT_JIS, Kind::Pureftpd);
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn names_in_no_encoding_keep_their_bytes_between_debian_servers() {
    let servers = || DEBIAN.map(|kind| real::start(kind).map(|server| (kind, server)));
    let (sources, targets) = (servers(), servers());
    for (from, source) in sources.iter().flatten() {
        for (to, target) in targets.iter().flatten().filter(|(to, _)| to != from) {
            let pair = format!("{from:?} to {to:?}");
            let files = raw_names(RAW);
            plant(source, &files);

            relay(source, "auto", target, "auto").code(0);

            assert_same(&held(target), &files, &pair);
            assert_same(
                &held(source),
                &Files::new(),
                &format!("{pair}: left behind"),
            );
            fs::remove_dir_all(target.root().join("in")).unwrap();
        }
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn names_in_no_encoding_are_not_sent_to_a_server_that_would_change_them() {
    for from in DEBIAN {
        let Some((source, target)) = real::start(from).zip(real::start(Kind::Pyftpd)) else {
            continue;
        };
        let files = raw_names(THOUSAND);
        plant(&source, &files);

        let outcome = relay(&source, "auto", &target, "auto");

        outcome.code(1).stderr_has("1,000 files failed");
        outcome.stderr_has("is not text in its server's encoding");
        outcome.stderr_has("set `encoding:` of the source server");
        assert_same(&held(&target), &Files::new(), "stored");
        assert_same(&held(&source), &files, &format!("{from:?}"));
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_wrong_encoding_of_the_target_loses_nothing() {
    let Some((source, target)) = real::start(Kind::Vsftpd).zip(real::start(Kind::Pyftpd)) else {
        return;
    };
    // pyftpdlib would take these for one name of two U+FFFD.
    let one = |name: &str, content: &str| (name.as_bytes().to_vec(), content.as_bytes().to_vec());
    let files = Files::from([one("版", "first"), one("本", "second"), one("a", "third")]);
    plant(&source, &files);

    let outcome = relay(&source, "utf-8", &target, "gbk");

    outcome.code(1).stderr_has("lists another name");
    assert_same(&held(&target), &Files::from([one("a", "third")]), "arrived");
    assert_same(&held(&source), &files, "kept");
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_server_that_decodes_names_and_does_not_say_so_loses_nothing() {
    let one = |name: &str| (name.as_bytes().to_vec(), name.as_bytes().to_vec());
    let files = Files::from([one("上.txt"), one("中.txt"), one("下.txt"), one("a.txt")]);
    for encoding in ["auto", "windows-1252"] {
        let servers = real::start(Kind::Vsftpd).zip(real::start(Kind::PyftpdGbk));
        let Some((source, target)) = servers else {
            return;
        };
        plant(&source, &files);
        let outcome = relay(&source, "auto", &target, encoding);
        outcome.code(1).stderr_has("files failed");
        assert_same(&held(&source), &files, encoding);
        assert!(held(&target).contains_key(&b"a.txt"[..]), "{encoding}");
    }
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn characters_that_the_servers_own_table_lacks_lose_nothing() {
    let servers = real::start(Kind::Vsftpd).zip(real::start(Kind::PyftpdGbk));
    let Some((source, target)) = servers else {
        return;
    };
    // Python's GBK has no `ǹ` and no euro, WHATWG's has.
    let one = |name: &str| (name.as_bytes().to_vec(), name.as_bytes().to_vec());
    let good = Files::from([one("好好"), one("报价")]);
    let bad = Files::from([one("好ǹ"), one("报价€")]);
    plant(&source, &good);
    plant(&source, &bad);
    let outcome = relay(&source, "utf-8", &target, "gbk");
    outcome.code(1).stderr_has("lists another name");
    outcome.stderr_has("2 of 4 files failed");
    let kept = held(&source);
    assert!(bad.keys().all(|name| kept.contains_key(name)));
    let arrived = held(&target);
    assert!(
        good.iter()
            .all(|(name, content)| arrived.get(name) == Some(content)),
        "{arrived:?}"
    );
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_space_at_the_end_is_not_sent_to_pureftpd_which_would_change_it() {
    let Some((source, target)) = real::start(Kind::Vsftpd).zip(real::start(Kind::Pureftpd)) else {
        return;
    };
    let one = |name: &[u8]| (name.to_vec(), name.to_vec());
    let files = Files::from([one(b"a "), one(b"a_"), one(b" b"), one(b"c d")]);
    plant(&source, &files);

    let outcome = relay(&source, "auto", &target, "auto");

    outcome.code(1).stderr_has("the name ends with a space");
    let arrived = Files::from([one(b"a_"), one(b" b"), one(b"c d")]);
    assert_same(&held(&target), &arrived, "arrived");
    assert_same(&held(&source), &files, "kept");
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_name_that_holds_a_telnet_command_is_left_alone() {
    let Some((source, target)) = real::start(Kind::Vsftpd).zip(real::start(Kind::Proftpd)) else {
        return;
    };
    let one = |name: &[u8]| (name.to_vec(), name.to_vec());
    // ProFTPD would take each of them for `ab`.
    let telnet = Files::from([one(b"a\xff\xf4b"), one(b"a\xff\xfb\x01b")]);
    let good = Files::from([one(b"ab"), one(b"a\xffb")]);
    plant(&source, &telnet);
    plant(&source, &good);

    let outcome = relay(&source, "auto", &target, "auto");

    outcome.code(1).stderr_has("telnet command");
    assert_same(&held(&target), &good, "arrived");
    assert_same(&held(&source), &telnet, "kept");
}

#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_bad_byte_is_percent_and_two_digits_on_this_machine() {
    let Some(source) = real::start(Kind::Vsftpd) else {
        return;
    };
    let one = |name: &[u8]| (name.to_vec(), name.to_vec());
    plant(&source, &Files::from([one(b"a\xffb"), one(b"\xe4\xb8c")]));
    let manifest = format!(
        "version: 1\nservers:\n{}steps:\n  get:\n    download: {{ server: source, files: '{}in/*', into: back }}\n",
        source.servers_entry("source"),
        source.prefix(),
    );
    let case = Case::new().manifest(&manifest);
    case.run().code(0);
    assert_eq!(case.files("back"), ["%E4%B8c", "a%FFb"]);
    assert_eq!(case.read("back/a%FFb").unwrap(), b"a\xffb");

    plant(&source, &Files::from([one(b"a%FFb")]));
    let case = Case::new().manifest(&manifest);
    case.run().code(1).stderr_has("a%FFb");
    assert_eq!(case.files("back"), [""; 0], "nothing is moved");
}

#[track_caller]
fn becomes_utf8(from: Kind, encoding: &'static Encoding, to: Kind) {
    let Some((source, target)) = real::start(from).zip(real::start(to)) else {
        return;
    };
    // Pure-FTPd would change a space at the end.
    let ends = if to == Kind::Pureftpd {
        [".zip", ")", "]", ""]
    } else {
        [".zip", " ", "]", ""]
    };
    let texts = names(encoding, THOUSAND, ends);
    let numbered = || texts.iter().zip(0..THOUSAND);
    let content = |number: usize| number.to_string().into_bytes();
    let arriving: Files = numbered()
        .map(|(text, number)| (text.clone().into_bytes(), content(number)))
        .collect();
    let on_disk = |text: &String| match from {
        // It speaks GBK, and its disk holds UTF-8.
        Kind::PyftpdGbk => text.clone().into_bytes(),
        _ => encoding.encode(text).0.into_owned(),
    };
    let planted: Files = numbered()
        .map(|(text, number)| (on_disk(text), content(number)))
        .collect();
    assert_eq!(planted.len(), THOUSAND, "no two names are alike");
    plant(&source, &planted);

    relay(&source, encoding.name(), &target, "utf-8").code(0);

    assert_same(&held(&target), &arriving, &format!("{from:?} to {to:?}"));
    assert_same(&held(&source), &Files::new(), "left behind");
}

/// Texts that the encoding has, half of them in characters whose second byte is a sign of ASCII: `\`, `|`, `[`, `{`.
fn names(encoding: &'static Encoding, count: usize, ends: [&str; 4]) -> Vec<String> {
    // What every table of these encodings has: WHATWG's of GBK is larger than pyftpdlib's.
    let common = ('\u{3041}'..='\u{3093}')
        .chain('\u{30a1}'..='\u{30f6}')
        .chain('\u{4e00}'..='\u{9fa0}');
    let ideographs = common.filter_map(|character| {
        let mut buffer = [0; 4];
        let (bytes, _, unmappable) = encoding.encode(character.encode_utf8(&mut buffer));
        (!unmappable && bytes.len() == 2).then(|| (character, bytes[1]))
    });
    let (signs, others): (Vec<_>, Vec<_>) =
        ideographs.partition(|(_, second)| second.is_ascii_punctuation());
    (0..count)
        .map(|number| {
            let some = if number % 2 == 0 { &signs } else { &others };
            let at = |step: usize| some[number * step % some.len()].0;
            let begin = BEGINNINGS[number % BEGINNINGS.len()];
            let end = ends[number / BEGINNINGS.len() % 4];
            format!("{begin}{}{}{number}{}{end}", at(1), at(7), at(13))
        })
        .collect()
}

/// Bytes that are text in no encoding, between others that are; 255 among them, but no command of telnet.
fn raw_names(count: usize) -> Files {
    let name = |number: usize| {
        let begin = BEGINNINGS[number % BEGINNINGS.len()];
        let byte = |step: usize| 0x80 + u8::try_from(number * step % 0x70).unwrap();
        let middle = [byte(1), byte(7), 0xff, b'a', 0xfe, byte(13)];
        let text = ["中", "é", "表", "x"][number % 4];
        [
            begin.as_bytes(),
            &middle,
            text.as_bytes(),
            number.to_string().as_bytes(),
        ]
        .concat()
    };
    // Every tenth lies in a folder with such a name.
    let path = |number: usize| match number % 10 {
        0 => [b"\xd2\xbb [x]/".as_slice(), &name(number)].concat(),
        _ => name(number),
    };
    (0..count)
        .map(|number| (path(number), number.to_string().into_bytes()))
        .collect()
}

/// Writes files into `in`.
fn plant(server: &Server, files: &Files) {
    for (path, content) in files {
        let path = server.root().join("in").join(OsStr::from_bytes(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    server.adopt();
}

/// The files in `in` and below it, temporary ones included.
fn held(server: &Server) -> Files {
    let root = server.root().join("in");
    let mut held = Files::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(&root).unwrap().as_os_str();
                held.insert(relative.as_bytes().to_vec(), fs::read(&path).unwrap());
            }
        }
    }
    held
}

/// Moves all files of `in`, deleting the sources, with these encodings.
fn relay(source: &Server, from: &str, target: &Server, to: &str) -> Outcome {
    let entry = |server: &Server, name: &str, encoding: &str| {
        let lines = server.servers_entry(name);
        let lines = lines.trim_end_matches("    encoding: gbk\n");
        format!("{lines}    encoding: {encoding}\n")
    };
    let steps = STEPS
        .replace('@', source.prefix())
        .replace('%', target.prefix());
    let case = Case::new().manifest(&format!(
        "version: 1\nservers:\n{}{}{steps}",
        entry(source, "source", from),
        entry(target, "target", to)
    ));
    case.run()
}

/// As `assert_eq`, but tells of what differs only.
#[track_caller]
fn assert_same(seen: &Files, wanted: &Files, context: &str) {
    let lacking = |all: &Files, other: &Files| -> Vec<String> {
        let lacking = all
            .iter()
            .filter(|(name, content)| other.get(*name) != Some(content));
        lacking
            .map(|(name, _)| name.escape_ascii().to_string())
            .collect()
    };
    let (lost, strange) = (lacking(wanted, seen), lacking(seen, wanted));
    assert!(
        lost.is_empty() && strange.is_empty(),
        "{context}: {} lost: {lost:#?}, {} are not wanted: {strange:#?}",
        lost.len(),
        strange.len(),
    );
}
