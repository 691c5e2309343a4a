//! Times of LIST, which are in a zone that nobody names and that changes with the season.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::harness::Case;
use crate::harness::server::{Features, ListStyle, Server};

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

#[test]
fn summer_time_makes_no_file_another_one() {
    for style in [ListStyle::unix(), ListStyle::dos()] {
        let (source, files) = server(style);
        let (source, mirror) = (source.start(), server(style).0.folder("/out").start());
        let case = Case::new().pipeline(
            &[("s", &source), ("m", &mirror)],
            "steps:
  found: { list: { server: s, path: /in } }
  get: { download: { from: found, into: back } }
  pass: { relay: { from: found, to: m, into: /out } }
",
        );
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
