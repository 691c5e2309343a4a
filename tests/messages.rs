//! What people are told when the network, a server or the disk fails: each failure with its place and the next thing to do.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::fmt::Write as _;
use std::net::TcpListener;

use regex::Regex;
use serde_json::Value;

use crate::harness::server::{Cap, Do, On, Running, Server};
use crate::harness::{Case, redact};

const GET: &str = "  get: { download: { server: s, files: /in/*, into: out } }\n";
const PUT: &str = "  put: { upload: { files: up/*, to: s, into: /up } }\n";
const LIST: &str = "  found: { list: { server: s, path: /in } }\n";
const CLEAR: &str =
    "  found: { list: { server: s, path: /in } }\n  clear: { delete: { from: found } }\n";

/// A mistake of the network, a server or the disk.
struct Mistake {
    name: &'static str,
    server: Server,
    /// Further fields of the server's entry.
    fields: &'static str,
    steps: &'static str,
    /// What stands in the folder of the manifest.
    disk: fn(Case) -> Case,
}

/// A server with two files, one of them in a folder beside another.
fn server() -> Server {
    Server::new().file("/in/a.zip", "content").folder("/up")
}

/// A server that answers a command so.
fn answers(command: &str, reply: &str) -> Server {
    server().rule(On::command(command), Do::reply(reply))
}

fn mistake(name: &'static str, server: Server, steps: &'static str) -> Mistake {
    Mistake {
        name,
        server,
        fields: "",
        steps,
        disk: |case| case.file("up/b.zip", "content"),
    }
}

impl Mistake {
    fn fields(mut self, fields: &'static str) -> Mistake {
        self.fields = fields;
        self
    }

    fn disk(mut self, disk: fn(Case) -> Case) -> Mistake {
        self.disk = disk;
        self
    }

    /// What a run tells of it.
    fn told(self) -> String {
        let server = self.server.start();
        let steps = format!(
            "defaults: {{ retry: {{ attempts: 1 }} }}\nsteps:\n{}",
            self.steps
        );
        let case = Case::new().servers(&[("s", &server, self.fields)], &steps);
        told(self.name, (self.disk)(case), &[&server])
    }
}

/// The failures that the JSON report has, with all that is known of each.
fn told(name: &str, case: Case, servers: &[&Running]) -> String {
    let case = case.args(["run", "pipeline.yaml", "--report", "r.json"]);
    let outcome = case.run();
    let report: Value = serde_json::from_slice(&case.read("r.json").unwrap_or_default())
        .unwrap_or_else(|_| panic!("{name}: {}", outcome.stderr));
    let mut text = format!("# {name}\n");
    let steps = report["steps"].as_array().unwrap().iter();
    let origins = |step: &str| {
        let mut steps = report["steps"].as_array().unwrap().iter();
        let step = steps.find(|one| one["name"] == step).unwrap();
        step["origin"].as_str().unwrap().to_owned()
    };
    let own = steps.map(|step| (step["name"].as_str().unwrap(), &step["failure"]));
    let causes = report["causes"].as_array().unwrap().iter();
    let causes = causes.map(|cause| (cause["step"].as_str().unwrap(), &cause["failure"]));
    for (step, failure) in own.chain(causes).filter(|(_, failure)| !failure.is_null()) {
        let _ = writeln!(
            text,
            "{} {step}: {}",
            origins(step),
            failure["message"].as_str().unwrap()
        );
        for field in ["server", "file", "command", "code", "reply", "help"] {
            if !failure[field].is_null() {
                let value = failure[field].to_string();
                let _ = writeln!(text, "  {field:8} {}", value.trim_matches('"'));
            }
        }
    }
    let text = Regex::new(r"PORT [\d,]+").unwrap().replace(&text, "PORT …");
    // What the system says of a name, and of a connection that is gone, depends on the moment.
    let gone = r"\((Connection reset by peer \(os error \d+\)|Broken pipe \(os error \d+\)|closed by the server)\)|information: [^\n]*\)";
    let text = Regex::new(gone).unwrap().replace_all(&text, "(…)");
    redact(&text.replace(&"x".repeat(300), "x…"), &case, servers)
}

fn of_connecting() -> Vec<Mistake> {
    let tls = "tls: explicit";
    vec![
        mistake(
            "a greeting that refuses",
            server().greeting("554 no service"),
            GET,
        ),
        mistake(
            "a greeting that is full",
            server().max_sessions(0, Cap::AtGreeting421),
            GET,
        ),
        mistake(
            "another protocol",
            server().rule(On::connect(), Do::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())),
            GET,
        ),
        mistake("no greeting", server().rule(On::connect(), Do::Hang), GET)
            .fields("timeouts: { connect: 1s }"),
        mistake(
            "closed at once",
            server().rule(On::connect(), Do::Close),
            GET,
        ),
        mistake(
            "a wrong password",
            answers("PASS", "530 Login incorrect."),
            GET,
        ),
        mistake("an unknown user", answers("USER", "530 no such user"), GET),
        mistake(
            "an account is asked for",
            answers("PASS", "332 Need account for login."),
            GET,
        ),
        mistake(
            "TLS is wanted before the user",
            answers("USER", "530 Non-anonymous sessions must use encryption."),
            GET,
        ),
        mistake(
            "TLS is wanted, said by 550",
            answers("USER", "550 SSL/TLS required on the control channel"),
            GET,
        ),
        mistake(
            "TLS is wanted, said by 421",
            answers("USER", "421 Policy requires SSL"),
            GET,
        ),
        mistake(
            "no TLS is to be had",
            answers("AUTH", "500 AUTH not understood"),
            GET,
        )
        .fields(tls),
    ]
}

fn of_folders() -> Vec<Mistake> {
    vec![
        mistake(
            "a folder that is misspelt",
            Server::new().file("/files/releases/a.zip", "content"),
            "  found: { list: { server: s, path: /files/release } }\n",
        ),
        mistake(
            "a file where a folder is wanted",
            Server::new().file("/in", "content"),
            LIST,
        ),
        mistake(
            "a folder that is refused",
            answers("CWD", "550 Permission denied."),
            LIST,
        ),
        mistake(
            "a listing that is refused",
            answers("MLSD", "550 Permission denied."),
            LIST,
        ),
        mistake(
            "too many entries",
            server().file("/in/b", "x").file("/in/c", "x"),
            LIST,
        )
        .fields("limits: { entries: 2 }"),
        mistake(
            "no file matches",
            server(),
            "  get: { download: { server: s, files: '/in/*.tar', into: out } }\n",
        ),
        mistake(
            "a listing that nobody can read",
            server().rule(On::command("MLSD"), Do::ListRaw(b"<html>\r\n".to_vec())),
            GET,
        ),
        mistake(
            "more is deleted than may be",
            server().file("/in/b", "x"),
            "  found: { list: { server: s, path: /in } }\n  clear: { delete: { from: found, max: 1 } }\n",
        ),
        mistake(
            "a deletion that is refused",
            answers("DELE", "550 Permission denied."),
            CLEAR,
        ),
        mistake(
            "a folder that cannot be made",
            answers("MKD", "550 Permission denied."),
            "  put: { upload: { files: up/*, to: s, into: /up/new } }\n",
        ),
    ]
}

fn of_data() -> Vec<Mistake> {
    vec![
        mistake(
            "a port at which nobody listens",
            server()
                .rule(On::command("EPSV"), Do::DeadPort)
                .rule(On::command("PASV"), Do::DeadPort),
            GET,
        ),
        mistake(
            "no passive mode",
            answers("EPSV", "500 unknown").rule(On::command("PASV"), Do::reply("500 unknown")),
            GET,
        ),
        mistake(
            "no active mode",
            answers("EPRT", "500 unknown").rule(On::command("PORT"), Do::reply("500 unknown")),
            GET,
        )
        .fields("data: active"),
        mistake(
            "no data connection for a file",
            answers("RETR", "425 Can't open data connection."),
            GET,
        ),
        mistake(
            "a file that may not be read",
            answers("RETR", "550 Permission denied."),
            GET,
        ),
        mistake(
            "a name that is not allowed",
            answers("STOR", "553 File name not allowed."),
            PUT,
        ),
        mistake(
            "a file that may not be written",
            answers("STOR", "550 Permission denied."),
            PUT,
        ),
        mistake(
            "a disk that is full",
            answers("STOR", "452 Insufficient storage space."),
            PUT,
        ),
        mistake(
            "a quota that is full",
            answers("STOR", "552 Quota exceeded."),
            PUT,
        ),
        mistake(
            "a command that is not there",
            answers("STOR", "502 not implemented"),
            PUT,
        ),
        mistake(
            "a final name that is refused",
            answers("RNTO", "553 Exists."),
            PUT,
        ),
        mistake(
            "closed at a download",
            server().rule(On::command("RETR"), Do::Close),
            GET,
        ),
        mistake(
            "reset at a download",
            server().rule(On::command("RETR"), Do::Reset),
            GET,
        ),
        mistake(
            "closed when all but the name was done",
            server().rule(On::command("RNTO"), Do::Close),
            PUT,
        ),
        mistake(
            "cut off in a download",
            server().rule(On::command("RETR"), Do::CutAt(3)),
            GET,
        ),
        mistake(
            "an error behind the data",
            server().rule(On::command("RETR"), Do::lie("451 Local error")),
            GET,
        ),
        mistake("silence", server().rule(On::command("RETR"), Do::Hang), GET)
            .fields("timeouts: { reply: 1s }"),
        mistake(
            "a reply that is none",
            server().rule(On::command("RETR"), Do::Raw(b"hello\r\n".to_vec())),
            GET,
        ),
        mistake(
            "too many bytes",
            server().rule(On::command("RETR"), Do::Extra(5)),
            GET,
        ),
        mistake(
            "a part of an upload",
            server().rule(On::command("SIZE"), Do::lie("213 3")),
            PUT,
        ),
        mistake(
            "checksums that the server has not",
            server(),
            "  get: { download: { server: s, files: /in/*, into: out, verify: checksum } }\n",
        ),
        mistake(
            "a file that stands there",
            server(),
            "  get: { download: { server: s, files: /in/*, into: out, if_exists: fail } }\n",
        )
        .disk(|case| case.file("out/a.zip", "other")),
    ]
}

fn of_the_disk() -> Vec<Mistake> {
    vec![
        mistake("a local file where a folder is wanted", server(), GET)
            .disk(|case| case.file("out", "x")),
        mistake("a local folder where a file goes", server(), GET)
            .disk(|case| case.file("out/a.zip/x", "x")),
        mistake("a local folder that is not there", server(), PUT).disk(|case| case),
        mistake(
            "a link on the way",
            server().file("/in/sub/b.zip", "content"),
            "  get: { download: { server: s, files: '/in/**/b.zip', into: out } }\n",
        )
        .disk(|case| {
            let case = case.file("out/other", "content");
            std::os::unix::fs::symlink("/tmp", case.path("out/sub")).unwrap();
            case
        }),
        mistake(
            "a local name that is too long",
            Server::new().file(format!("/in/{}", "x".repeat(300)), "content"),
            GET,
        ),
        mistake(
            "a name that leads out",
            server().rule(
                On::command("MLSD"),
                Do::ListRaw(b"type=file;size=1; ../../etc/x\r\n".to_vec()),
            ),
            GET,
        ),
        mistake(
            "no room for a file",
            server(),
            "  get: { download: { server: s, files: /in/*, into: /dev/null/x } }\n",
        ),
    ]
}

/// Without a server: nobody listens, or there is no such host.
fn of_nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let entries = [
        ("nobody listens", format!("host: 127.0.0.1, port: {port}")),
        ("no such host", "host: no-such-host.invalid".to_owned()),
        (
            "a CA that is not there",
            format!("host: 127.0.0.1, port: {port}, tls: {{ mode: implicit, ca_file: none.pem }}"),
        ),
    ];
    let each = entries.map(|(name, entry)| {
        let retry = "defaults: { retry: { attempts: 1 } }\n";
        let text = format!("version: 1\nservers:\n  s: {{ {entry} }}\n{retry}steps:\n{GET}");
        told(name, Case::new().manifest(&text), &[]).replace(&port.to_string(), "[PORT]")
    });
    each.concat()
}

#[test]
fn every_failure_says_where_it_is_and_what_to_do_next() {
    let all = [of_connecting(), of_folders(), of_data(), of_the_disk()];
    let mut text = of_nobody();
    text.extend(all.into_iter().flatten().map(Mistake::told));
    for failure in text.split("\npipeline.yaml:").skip(1) {
        assert!(failure.contains("\n  help "), "{failure}");
    }
    insta::assert_snapshot!(text);
}
