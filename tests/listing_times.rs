//! Times of LIST, which are in a zone that nobody names and that changes with the season.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::harness::Case;
use crate::harness::server::{Do, Features, ListStyle, On, Running, Server};

const DAY: i64 = 86_400;

/// A server whose clocks went back some weeks ago, with a file of every week since long before.
fn server(style: ListStyle) -> (Server, usize) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let style = style.zone(3600).summer_until(now - 50 * DAY);
    let mut server = Server::new()
        .features(Features::all().without("MLSD"))
        .list_style(style);
    let weeks = 1..25_i64;
    let files = weeks.clone().count();
    for week in weeks {
        // At all seconds of a minute, too.
        let modified = now - week * 7 * DAY - week * 61;
        server = server.file_at(format!("/in/{week:02}"), "content", modified);
    }
    (server, files)
}

/// Brings the files of one server here, and on to the other.
fn brought(source: &Running, mirror: &Running) -> Case {
    Case::new().pipeline(
        &[("s", source), ("m", mirror)],
        "steps:
  found: { list: { server: s, path: /in } }
  get: { download: { from: found, into: back } }
  pass: { relay: { from: found, to: m, into: /out } }
",
    )
}

#[test]
fn summer_time_makes_no_file_another_one() {
    for style in [ListStyle::unix(), ListStyle::dos()] {
        let (source, files) = server(style);
        let (source, mirror) = (source.start(), server(style).0.folder("/out").start());
        let case = brought(&source, &mirror);
        case.run().code(0);
        let (moved, asked) = (source.count("RETR"), source.count("MDTM"));
        assert_eq!(moved, 2 * files);
        case.run().code(0);
        assert_eq!(source.count("RETR"), moved, "files were copied again");
        // A question for each month or so, and some to find the day between two seasons.
        let questions = source.count("MDTM") - asked;
        assert!(questions < files, "{questions}");
    }
}

/// How many of some files of a LIST-only server with MDTM a second download and a second relay copy again.
#[track_caller]
fn copied_again(style: ListStyle, times: impl Iterator<Item = i64>) -> usize {
    let plain = || Features::all().without("MLSD");
    let server = || Server::new().features(plain()).list_style(style);
    let source = times.enumerate().fold(server(), |server, (at, time)| {
        server.file_at(format!("/in/{at:03}"), "content", time)
    });
    let (source, mirror) = (source.start(), server().folder("/out").start());
    let case = brought(&source, &mirror);
    case.run().code(0);
    let moved = source.count("RETR");
    case.run().code(0);
    source.count("RETR") - moved
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// Files that are older than half a year are listed with a day in a zone that nothing tells, or with that of the other season.
#[test]
fn a_day_in_any_zone_makes_no_file_another_one() {
    let hours = |days: i64| (0..48).map(move |hour| now() - days * DAY - hour * 3600 - 60);
    for zone in [-10, -5, 0, 1, 9] {
        let style = ListStyle::unix().zone(zone * 3600);
        assert_eq!(copied_again(style, hours(400)), 0, "{zone}");
        // Of recent files, which show a time of day, the zone is learned: it is that of winter, and the days are of summer.
        let style = style.summer_until(now() - 50 * DAY);
        let recent = (1..20).map(|day| now() - day * DAY);
        assert_eq!(copied_again(style, hours(400).chain(recent)), 0, "{zone}");
    }
}

/// When the clocks go back, an hour comes twice: its files are asked about one by one.
#[test]
fn an_hour_that_came_twice_makes_no_file_another_one() {
    let back = now() / 3600 * 3600 - 50 * DAY;
    let style = ListStyle::unix().zone(3600).summer_until(back);
    // Every seven minutes, and those of one and the same minute.
    let around = (-40..40).map(|at| back + at * 420);
    let twice = [-600, 3000].map(|at| back + at);
    assert_eq!(copied_again(style, around.chain(twice)), 0);
}

/// A LIST-only server with a file of each of these ages, in seconds, that leaves out the year of what is dated ahead.
fn dated_ahead(features: Features, zone: i64, ages: &[i64]) -> Running {
    let style = ListStyle::unix().zone(zone).year_of_past();
    let server = Server::new().features(features).list_style(style);
    let files = ages.iter().enumerate();
    let server = files.fold(server, |server, (at, age)| {
        server.file_at(format!("/in/{at}"), "content", now() - age)
    });
    server.start()
}

/// The last one is 1.6 days ahead, so that its date was that of last year.
const AGES: [i64; 6] = [40 * DAY, 3 * DAY, 2 * DAY, DAY, 3600, -DAY * 8 / 5];

/// Deletes what passes a filter, and gives what is left.
fn left(server: &Running, extra: &str, filter: &str) -> (Vec<String>, String) {
    let steps = format!(
        "steps:
  l: {{ list: {{ server: s, path: /in }} }}
  f: {{ filter: {{ from: l, {filter} }} }}
  d: {{ delete: {{ from: f }} }}
"
    );
    let outcome = Case::new().servers(&[("s", server, extra)], &steps).run();
    outcome.code(0);
    (server.names("/in"), outcome.stderr)
}

#[test]
fn the_newest_file_is_not_deleted_for_a_date_ahead_without_a_year() {
    let told = || Features::all().without("MLSD");
    for (zone, extra) in [(0, ""), (7200, ""), (7200, "clock_offset: '+02:00'")] {
        let server = || dated_ahead(told(), zone, &AGES);
        let (names, _) = left(&server(), extra, "sort: modified, reverse: true, skip: 3");
        assert_eq!(names, ["3", "4", "5"], "{zone} {extra}");
        let (names, _) = left(&server(), extra, "older_than: 30d");
        assert_eq!(names, ["1", "2", "3", "4", "5"], "{zone} {extra}");
    }
    // Without MDTM nothing tells the year: such a file is none that surely is old, or none of the newest.
    let untold = || dated_ahead(told().without("MDTM"), 0, &AGES);
    let (names, said) = left(&untold(), "", "sort: modified, reverse: true, skip: 3");
    assert_eq!(names, ["2", "3", "4", "5"], "{said}");
    assert!(said.contains("1 left out"), "{said}");
    let (names, said) = left(&untold(), "", "older_than: 30d");
    assert_eq!(names, ["1", "2", "3", "4", "5"], "{said}");
    assert!(said.contains("1 left out"), "{said}");
}

#[test]
fn what_is_dated_ahead_without_a_year_is_new() {
    let source = dated_ahead(Features::all().without("MLSD"), 0, &AGES);
    let steps = "steps:
  l: { list: { server: s, path: /in } }
  f: { filter: { from: l, newer_than: 12h } }
  g: { download: { from: f, into: back } }
";
    let case = Case::new().pipeline(&[("s", &source)], steps);
    case.run().code(0);
    assert_eq!(case.files("back"), ["4", "5"]);
}

/// A LIST-only server in a zone, with a file of every hour of two days long ago, and some of the last weeks.
fn of_every_hour(zone: i64, old: i64, recent: i64) -> Server {
    let features = Features::all().without("MLSD");
    let style = ListStyle::unix().zone(zone * 3600);
    let server = Server::new().features(features).list_style(style);
    let hours = (0..old).map(|hour| now() - 400 * DAY - hour * 3600 - 60);
    let weeks = (1..=recent).map(|week| now() - week * 7 * DAY - week * 61);
    let files = hours.chain(weeks).enumerate();
    files.fold(server, |server, (at, time)| {
        server.file_at(format!("/in/{at:03}"), "content", time)
    })
}

/// MDTM tells the exact time, and the listing a day of the server's zone, which nothing tells.
#[test]
fn a_day_in_any_zone_keeps_no_source() {
    let silent = "211-Features:\r\n MFMT\r\n SIZE\r\n EPSV\r\n UTF8\r\n211 End";
    for (zone, announced) in [
        (-12, true),
        (-5, true),
        (2, true),
        (14, true),
        (-5, false),
        (2, false),
    ] {
        // Without FEAT nobody asks for the zone of the recent ones, too.
        let server = of_every_hour(zone, 48, if announced { 0 } else { 9 });
        let server = match announced {
            true => server,
            false => server.rule(On::command("FEAT"), Do::reply(silent)),
        };
        let server = server.start();
        let steps = "steps:
  l: { list: { server: s, path: /in } }
  g: { download: { from: l, into: back } }
  d: { delete: { sources_of: g } }
";
        let outcome = Case::new().pipeline(&[("s", &server)], steps).run();
        assert_eq!(
            server.names("/in"),
            [""; 0],
            "{zone} {announced}: {}",
            outcome.stderr
        );
        outcome.code(0);
    }
}

/// The copies have the exact times of their sources, and are listed with a day of the server's zone.
#[test]
fn a_day_in_any_zone_proves_a_copy_that_was_seen_to_arrive() {
    for zone in [-12, -5, 2, 14] {
        let style = ListStyle::unix().zone(zone * 3600);
        let plain = Features::all().without("MLSD").without("MDTM");
        let to = Server::new().features(plain).list_style(style);
        let (from, to) = (of_every_hour(0, 48, 0).start(), to.folder("/out").start());
        let steps = "steps:
  l: { list: { server: from, path: /in } }
  r: { relay: { from: l, to: to, into: /out } }
  d: { delete: { sources_of: r } }
";
        let outcome = Case::new()
            .pipeline(&[("from", &from), ("to", &to)], steps)
            .run();
        assert_eq!(from.names("/in"), [""; 0], "{zone}: {}", outcome.stderr);
        outcome.code(0);
    }
}
