//! Replies that say less, or more, than the standard has them say, seen through the program.

use crate::harness::server::{Do, Features, On, Running, Server};
use crate::quirks::quick;

const JOB: &str = "steps:
  send: { upload: { files: out/*, to: s, into: /in } }
  bring: { needs: send, download: { server: s, files: /in/*, into: back } }
  tidy: { delete: { sources_of: bring } }
";

/// Every reply of this server is its code and nothing more.
fn bare(server: Server) -> Server {
    let said = [
        ("USER", "331"),
        ("PASS", "230"),
        ("TYPE", "200"),
        ("CWD", "250"),
        ("MKD", "257"),
        ("DELE", "250"),
        ("RNFR", "350"),
        ("RNTO", "250"),
        ("STOR", "226"),
        ("RETR", "226"),
        ("LIST", "226"),
        ("MFMT", "213"),
    ];
    let said = said.into_iter().fold(server, |server, (verb, code)| {
        server.rule(On::command(verb), Do::lie(code))
    });
    let begun = ["STOR", "RETR", "LIST"];
    begun.into_iter().fold(said, |server, verb| {
        server.rule(On::command(verb), Do::Opening("150".into()))
    })
}

fn job(server: &Running) {
    let case = quick(&[("s", server, "")], JOB).file("out/a", "content");
    case.run().code(0);
    assert_eq!(case.read("back/a").unwrap(), b"content");
    assert_eq!(server.names("/in"), [""; 0]);
}

#[test]
fn a_code_and_nothing_more_is_a_reply() {
    let server = || Server::new().folder("/in").greeting("220");
    job(&bare(server()).start());
    let old = Features::all().without("MLSD");
    job(&bare(server().features(old)).start());
}

#[test]
fn a_line_of_a_banner_may_begin_with_another_code() {
    let banner = "220-welcome\r\n404 files are here today\r\n530 more will come\r\n220 go on";
    let server = Server::new().folder("/in").greeting(banner);
    let login = "230-hello\r\n120 of you are here\r\n230-\r\n 230 indented\r\n230 in";
    job(&server.rule(On::command("PASS"), Do::lie(login)).start());
}

#[test]
fn a_reply_may_end_with_another_code_than_it_began_with() {
    let server = Server::new()
        .folder("/in")
        .rule(On::command("CWD"), Do::lie("250-one\r\n200 two"));
    job(&server.start());
}

#[test]
fn a_folder_may_be_told_without_quotes() {
    for told in ["257 /home/ann", "257 /home/ann is your folder"] {
        let server = Server::new()
            .home("/home/ann")
            .file("/home/ann/in/a", "content")
            .rule(On::command("PWD"), Do::lie(told))
            .start();
        let steps = "steps:\n  get: { download: { server: s, files: in/*, into: back } }\n";
        let case = quick(&[("s", &server, "")], steps);
        case.run().code(0);
        assert_eq!(case.files("back"), ["a"]);
    }
}
