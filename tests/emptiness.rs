//! Folders of which a listing shows nothing: empty ones, and ones that may be entered and not read.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]

use crate::harness::real::{self, Kind};
use crate::harness::server::{Do, Features, ListStyle, On, Running, Server};
use crate::harness::{Case, Outcome};

fn list(server: &Running, extra: &str) -> Outcome {
    let steps = "steps:\n  look: { list: { server: s, path: /in/box } }\n  get: { download: { from: look, into: out } }\n";
    Case::new().servers(&[("s", server, extra)], steps).run()
}

/// A server without MLSD that shows `.` and `..` to `LIST -a`, and an empty folder `/in/box`.
fn dotted() -> Server {
    Server::new()
        .features(Features::all().without("MLSD"))
        .list_style(ListStyle::unix().hide_dot_names().with_dots())
        .folder("/in/box")
}

fn at(verb: &str) -> On {
    On::command(verb).path("/in/box")
}

#[test]
fn an_empty_folder_is_empty_however_the_server_says_so() {
    // Words that stand for a forbidden folder elsewhere: `.` and `..` show that it was read.
    for told in ["550 Permission denied", "450 nichts da"] {
        for mode in ["list", "nlst"] {
            let verb = mode.to_uppercase();
            let server = dotted().rule(at(&verb).nth(1), Do::reply(told)).start();
            list(&server, &format!("listing: {mode}")).code(0);
        }
    }
    // 226 and no data connection.
    for data in ["passive", "active"] {
        let server = dotted()
            .rule(at("LIST").nth(1), Do::reply("226 nothing to send"))
            .start();
        list(&server, &format!("data: {data}, timeouts: {{ data: 2s }}")).code(0);
    }
}

#[test]
fn an_empty_folder_that_is_refused_is_empty_where_its_parent_shows_it() {
    let plain = || {
        Server::new()
            .features(Features::all().without("MLSD"))
            .list_style(ListStyle::dos())
            .folder("/in/box")
    };
    for (told, code) in [
        ("550 No files found", 0),
        ("450 Keine Rechte", 1),
        ("550 Permission denied", 1),
    ] {
        let server = plain().rule(at("LIST"), Do::reply(told)).start();
        let outcome = list(&server, "");
        outcome.code(code);
        assert_eq!(outcome.stderr.contains(&told[4..]), code == 1);
    }
    // Some servers let anybody enter what is not there.
    let server = plain()
        .rule(On::command("CWD").path("/in/none"), Do::reply("250 fine"))
        .rule(On::command("LIST").nth(1), Do::reply("550 No files found"))
        .start();
    let steps = "steps:\n  look: { list: { server: s, path: /in/none } }\n";
    let outcome = Case::new().pipeline(&[("s", &server)], steps).run();
    outcome.code(1).stderr_has("No files found");
}

#[test]
fn a_folder_that_holds_something_is_never_empty_for_a_refusal() {
    for told in ["550 No files found", "550 Permission denied"] {
        let server = dotted().file("/in/box/a", "a");
        let server = server.rule(at("LIST").nth(1), Do::reply(told)).start();
        list(&server, "").code(1).stderr_has(&told[4..]);
        let server = Server::new()
            .list_style(ListStyle::unix().with_dots())
            .file("/in/box/a", "a")
            .rule(at("MLSD"), Do::reply(told))
            .start();
        list(&server, "").code(1).stderr_has(&told[4..]);
    }
}

#[test]
fn a_listing_that_the_server_does_not_know_is_replaced_by_the_next() {
    for code in ["500", "502", "504"] {
        let server = Server::new()
            .file("/in/box/a", "content")
            .folder("/in/box/deeper")
            .rule(On::command("MLSD"), Do::reply(format!("{code} what?")))
            .rule(On::command("LIST"), Do::reply(format!("{code} what?")))
            .start();
        list(&server, "").code(0);
        assert_eq!(server.count("RETR"), 1, "{code}");
        // Each is asked for once only.
        assert_eq!((server.count("MLSD"), server.count("LIST")), (1, 1));
    }
}

#[test]
fn a_folder_that_may_be_entered_and_not_read_is_incomplete() {
    let told = "226 Transfer done (but failed to open directory).";
    let unread = vec![Do::ListRaw(Vec::new()), Do::lie(told)];
    let server = dotted().rule(at("LIST"), unread).start();
    list(&server, "")
        .code(1)
        .stderr_has("`/in/box` can be entered and not read")
        .stderr_has("failed to open directory");
    // Where no folder shows `.`, there is nothing to tell by.
    let server = Server::new()
        .features(Features::all().without("MLSD"))
        .folder("/in/box")
        .start();
    list(&server, "").code(0);
}

#[cfg(unix)]
#[test]
#[ignore = "needs the Debian FTP servers: tests/run"]
fn a_folder_that_may_not_be_read_is_told_from_an_empty_one_on_real_servers() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    for kind in [Kind::Vsftpd, Kind::Proftpd, Kind::Pureftpd] {
        let Some(server) = real::start(kind) else {
            continue;
        };
        for (name, mode, code) in [("empty", 0o755, 0), ("shut", 0o311, 1)] {
            let folder = server.root().join(name);
            server.put(format!("{name}/x"), "x");
            if name == "empty" {
                fs::remove_file(folder.join("x")).unwrap();
            }
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            for listing in ["auto", "list"] {
                let entry = server.servers_entry("s");
                let yaml = format!(
                    "version: 1\nservers:\n{entry}    listing: {listing}\nsteps:\n  look: {{ list: {{ server: s, path: {}{name} }} }}\n",
                    server.prefix()
                );
                Case::new().manifest(&yaml).run().code(code);
            }
        }
    }
}
