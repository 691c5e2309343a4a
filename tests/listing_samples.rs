//! Listings of many servers (`tests/listings`): each line is read as it was meant, or reported; none is lost.
//!
//! A file there is one listing. `> ` begins a line as the server sends it; the line below says what it is:
//! `= KIND SIZE TIME NAME`, `!` (reported as unreadable), `x` (an entry that is refused for its name), or `.`
//! (nothing to know). `\xHH` is a byte. `-` is unknown. A time shows its precision; without a year it is the latest
//! such day, or unknown where that is longer ago than servers leave out the year.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, NaiveDateTime};
use ftpflow::endpoint::{
    ClockOffset, DataMode, Endpoint, ListingMode, PasvAddress, SendAhead, Timeouts, Tls,
};
use ftpflow::files::{Kind, Limits, NameEncoding, Page, PageEntry, Precision, Time};
use ftpflow::ftp::{Breaker, Facts, Session};

use crate::harness::server::{Do, Features, ListStyle, On, Running, Server};

/// A line and what it is.
struct Sample {
    line: Vec<u8>,
    meaning: String,
}

fn samples(file: &str) -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listings");
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let line = line.strip_prefix('>').unwrap_or_else(|| panic!("{line}"));
        found.push(Sample {
            line: bytes(line.strip_prefix(' ').unwrap_or(line)),
            meaning: lines.next().unwrap().to_owned(),
        });
    }
    found
}

/// Text with `\xHH` for single bytes.
fn bytes(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut out = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(&part[..2], 16).unwrap());
        out.extend_from_slice(&part.as_bytes()[2..]);
    }
    out
}

fn open(server: &Running, listing: ListingMode, clock_offset: ClockOffset) -> Session {
    let endpoint = Endpoint {
        name: "lab".into(),
        host: server.host(),
        port: server.port(),
        user: "ann".into(),
        tls: Tls::Off,
        data: DataMode::Passive,
        pasv_address: PasvAddress::Control,
        ahead: SendAhead::Auto,
        encoding: NameEncoding::Auto,
        listing,
        connections: 1,
        timeouts: Timeouts {
            connect: Duration::from_secs(10),
            ..Timeouts::default()
        },
        clock_offset,
        limits: Limits::default(),
        hidden: false,
        directory: None,
        commands: Vec::new(),
    };
    Session::open(
        &Arc::new(endpoint),
        &"hush".to_owned().into(),
        &Facts::default(),
        Breaker::new(),
        Arc::new(|line: &str| line.to_owned()),
    )
    .unwrap()
}

fn listed(samples: &[Sample], mode: ListingMode) -> Page {
    let verb = match mode {
        ListingMode::Mlsd => "MLSD",
        _ => "LIST",
    };
    let lines = samples
        .iter()
        .map(|sample| [&sample.line, &b"\r\n"[..]].concat());
    let raw = lines.collect::<Vec<_>>().concat();
    let server = Server::new()
        .folder("/f")
        .rule(On::command(verb), Do::ListRaw(raw))
        .start();
    open(&server, mode, ClockOffset::Fixed(0))
        .list(b"/f")
        .unwrap()
}

/// Seconds and precision of `2020-11-22`, `2026-11-22T08:08`, `2026-11-22T08:08:09` or `11-22T08:08`.
fn time(text: &str) -> Option<Time> {
    let precision = match text.matches(':').count() {
        _ if text == "-" => return None,
        0 => Precision::Day,
        1 => Precision::Minute,
        _ => Precision::Second,
    };
    let full = match text.find('T') {
        None => format!("{text}T00:00:00"),
        Some(5) => latest(text)?,
        Some(_) if precision == Precision::Minute => format!("{text}:00"),
        Some(_) => text.to_owned(),
    };
    let seconds = full.parse::<NaiveDateTime>().unwrap().and_utc().timestamp();
    Some(Time::known(seconds, precision))
}

/// The latest year in which this day and time is not after tomorrow, if that is of the last half year.
fn latest(text: &str) -> Option<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let limit = now + 86_400;
    let year = DateTime::from_timestamp(limit, 0).unwrap().year();
    let past = (0..9).map(|back| format!("{}-{text}:00", year - back));
    let mut past = past.filter_map(|full| {
        let time = full.parse::<NaiveDateTime>().ok()?.and_utc().timestamp();
        (time <= limit).then_some((time, full))
    });
    let (time, full) = past.next().unwrap();
    (time >= now - 184 * 86_400).then_some(full)
}

fn shown(entry: &PageEntry<'_>) -> (Kind, Option<u64>, Option<Time>, Vec<u8>) {
    (entry.kind, entry.size, entry.modified, entry.name.to_vec())
}

fn meant(entry: &str) -> (Kind, Option<u64>, Option<Time>, Vec<u8>) {
    let mut parts = entry.splitn(4, ' ');
    let mut next = || parts.next().unwrap_or_else(|| panic!("{entry}"));
    let kind = match next() {
        "file" => Kind::File,
        "folder" => Kind::Folder,
        "link" => Kind::Link,
        "other" => Kind::Other,
        kind => panic!("{kind}"),
    };
    let size = next();
    let size = (size != "-").then(|| size.parse().unwrap());
    (kind, size, time(next()), bytes(next()))
}

#[track_caller]
fn reads(file: &str, mode: ListingMode) {
    let samples = samples(file);
    let page = listed(&samples, mode);
    let mut entries = page.entries();
    let (mut unreadable, mut refused) = (Vec::new(), 0);
    for Sample { line, meaning } in &samples {
        let text = String::from_utf8_lossy(line);
        match meaning.split_at(1) {
            ("=", entry) => {
                let found = entries.next().map(|entry| shown(&entry));
                assert_eq!(found, Some(meant(&entry[1..])), "{file}: {text}");
            }
            ("!", "") => unreadable.push(text.replace(char::is_control, " ").trim().to_owned()),
            ("x", "") => refused += 1,
            (".", "") => {}
            _ => panic!("{file}: {meaning}"),
        }
    }
    assert_eq!(entries.next().map(|entry| shown(&entry)), None, "{file}");
    let problems = page.problems();
    assert_eq!(problems.count, unreadable.len() + refused, "{problems:#?}");
    for line in &unreadable {
        let told = problems.shown.iter().any(|problem| problem.contains(line));
        assert!(told, "{file}: {line} is not in {problems:#?}");
    }
    assert_eq!(page.incomplete_reason().is_some(), !unreadable.is_empty());
}

#[test]
fn lists_of_unix_servers_are_read() {
    reads("unix.txt", ListingMode::List);
}

#[test]
fn every_form_of_a_unix_date_is_read() {
    reads("dates.txt", ListingMode::List);
}

#[test]
fn dates_in_other_languages_are_read() {
    reads("languages.txt", ListingMode::List);
}

#[test]
fn lists_of_netware_and_old_macs_are_read() {
    reads("netware.txt", ListingMode::List);
}

#[test]
fn lists_of_windows_and_os2_are_read() {
    reads("dos.txt", ListingMode::List);
    reads("dos_day_first.txt", ListingMode::List);
}

#[test]
fn lists_of_vms_are_read() {
    reads("vms.txt", ListingMode::List);
}

#[test]
fn eplf_is_read() {
    reads("eplf.txt", ListingMode::List);
}

#[test]
fn facts_of_mlsd_are_read() {
    reads("mlsd.txt", ListingMode::Mlsd);
}

#[test]
fn lists_of_mainframes_and_rare_systems_are_read() {
    reads("mainframes.txt", ListingMode::List);
}

#[test]
fn lines_of_strangers_are_reported() {
    reads("strangers.txt", ListingMode::List);
    reads("broken.txt", ListingMode::List);
}

/// The zone is found by MDTM and corrects what LIST shows in it; EPLF and dates with their zone are in UTC.
#[test]
fn times_in_utc_are_not_corrected_by_the_zone() {
    let exact = 1_299_490_893;
    let also = b"+m1299490893,r,s1,\teplf\r\n\
        -rw-r--r-- 1 a b 1 2011-03-07 09:41:33.5 +0000 full\r\n";
    let server = Server::new()
        .features(Features::all().without("MLSD"))
        .list_style(ListStyle::dos().zone(8 * 3600))
        .file_at("/f/dos", "1", exact)
        .rule(On::command("LIST"), Do::ListAlso(also.to_vec()))
        .start();
    let page = open(&server, ListingMode::Auto, ClockOffset::Auto)
        .list(b"/f")
        .unwrap();
    let times = page.entries().map(|entry| entry.modified.unwrap().seconds);
    let minute = exact - exact.rem_euclid(60);
    assert_eq!(times.collect::<Vec<_>>(), [minute, exact, exact]);
}

#[test]
fn every_file_of_samples_is_read_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listings");
    let own =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listing_samples.rs"));
    let own = own.unwrap();
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(own.contains(&format!("reads(\"{name}\"")), "{name}");
        assert!(!samples(&name).is_empty(), "{name}");
        files += 1;
    }
    assert_eq!(files, 12);
}
