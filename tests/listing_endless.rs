//! Servers that never come to an end: a run ends with an error that says at which limit, in little memory.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::harness::Case;
use crate::harness::server::Server;

/// The most memory that a run may take, whatever comes.
const MOST_KIB: u64 = 256 * 1024;

/// What a listing is made of, the number of the line being known; sent until nobody reads on.
type Lines = fn(u64) -> Vec<u8>;

/// Answers like a server, and lists without end. Returns its port.
fn endless(lines: Lines) -> u16 {
    serve(move |verb, control| match verb {
        "MLSD" => {
            let data = open_data(control)?;
            pour(data, lines);
            Some(())
        }
        _ => None,
    })
}

/// Serves any number of sessions; `answers` takes the commands that it wants.
fn serve(answers: impl Fn(&str, &mut Control) -> Option<()> + Copy + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || session(stream, answers));
        }
    });
    port
}

/// One control connection.
struct Control {
    stream: TcpStream,
    passive: Option<TcpListener>,
}

impl Control {
    fn say(&mut self, text: &str) {
        // A client that left is noticed at the next read.
        let _ = self.stream.write_all(format!("{text}\r\n").as_bytes());
    }
}

fn session(stream: TcpStream, answers: impl Fn(&str, &mut Control) -> Option<()>) {
    stream.set_nodelay(true).unwrap();
    let reader = BufReader::new(stream.try_clone().unwrap());
    let mut control = Control {
        stream,
        passive: None,
    };
    control.say("220 hello");
    for line in reader.lines().map_while(Result::ok) {
        let verb = line.split(' ').next().unwrap_or_default();
        if answers(verb, &mut control).is_none() {
            plain(verb, &mut control);
        }
    }
}

fn plain(verb: &str, control: &mut Control) {
    match verb {
        "USER" => control.say("331 password?"),
        "PASS" => control.say("230 in"),
        "FEAT" => control.say("211-Features:\r\n MLST type*;size*;\r\n EPSV\r\n UTF8\r\n211 End"),
        "PWD" => control.say("257 \"/\""),
        "EPSV" => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            control.passive = Some(listener);
            control.say(&format!("229 here (|||{port}|)"));
        }
        "QUIT" => control.say("221 bye"),
        "CWD" | "TYPE" | "OPTS" | "NOOP" => control.say("200 done"),
        _ => control.say("502 no"),
    }
}

fn open_data(control: &mut Control) -> Option<TcpStream> {
    let listener = control.passive.take()?;
    control.say("150 it comes");
    Some(listener.accept().ok()?.0)
}

fn pour(mut data: TcpStream, lines: Lines) {
    let mut number = 0;
    loop {
        let mut chunk = Vec::with_capacity(128 * 1024);
        while chunk.len() < 64 * 1024 {
            chunk.extend(lines(number));
            number += 1;
        }
        if data.write_all(&chunk).is_err() {
            return;
        }
    }
}

/// Lists a tree; `server` adds fields to the server's entry.
fn case(port: u16, server: &str) -> Case {
    Case::new().manifest(&format!(
        "version: 1
servers:
  s: {{ host: 127.0.0.1, port: {port}{server} }}
steps:
  found: {{ list: {{ server: s, path: /in, recursive: true }}, retry: {{ attempts: 2, backoff: 1ms }} }}
  get: {{ download: {{ from: found, into: out }} }}
"
    ))
}

/// It ends, in little memory, and names the limit, the server, the folder and the cure.
#[track_caller]
fn ends(case: &Case, limit: &str, cure: &str) {
    let outcome = case.spawn().within(Duration::from_secs(300)).wait();
    outcome.code(1).peak_below_kib(MOST_KIB);
    for part in [limit, "server   s\n", "/in", cure] {
        outcome.stderr_has(part);
    }
    assert!(!case.path("out").exists());
}

const FEW: &str = ", limits: { entries: 1000, folders: 500 }";

fn short_names(number: u64) -> Vec<u8> {
    format!("type=file;size=1; {number}\r\n").into_bytes()
}

/// Each as long as a name may be.
fn long_names(number: u64) -> Vec<u8> {
    format!("type=file;size=1; {number:04000}\r\n").into_bytes()
}

fn names_of_60_kb(number: u64) -> Vec<u8> {
    format!("type=file;size=1; {number:060000}\r\n").into_bytes()
}

fn lines_that_say_nothing(number: u64) -> Vec<u8> {
    let lines: [&[u8]; 4] = [
        b"\r\n",
        b"type=cdir; .\r\n",
        b"no line of any listing\r\n",
        b"type=file; ../up\r\n",
    ];
    lines[number as usize % 4].to_vec()
}

fn a_line_without_end(_: u64) -> Vec<u8> {
    vec![b'x'; 64 * 1024]
}

#[test]
fn names_without_end() {
    ends(
        &case(endless(short_names), FEW),
        "more than 1000 entries",
        "limits: {entries: …}",
    );
}

#[test]
fn long_names_without_end() {
    let many = ", limits: { entries: 90000 }";
    ends(
        &case(endless(long_names), many),
        "6 MB of names",
        "limits: {entries: …}",
    );
}

#[test]
fn names_of_60_kb_without_end() {
    ends(
        &case(endless(names_of_60_kb), FEW),
        "51 MB in one listing",
        "limits: {entries: …}",
    );
}

#[test]
fn lines_without_an_entry() {
    ends(
        &case(endless(lines_that_say_nothing), FEW),
        "more than 400000 lines",
        "limits: {entries: …}",
    );
}

#[test]
fn a_line_that_never_ends() {
    ends(
        &case(endless(a_line_without_end), FEW),
        "51 MB in one listing",
        "limits: {entries: …}",
    );
}

/// What the defaults let through takes minutes in a build for tests.
#[test]
fn long_the_default_limits_keep_memory_small() {
    for lines in [
        short_names,
        long_names,
        names_of_60_kb,
        lines_that_say_nothing,
        a_line_without_end,
    ] {
        ends(
            &case(endless(lines), ""),
            "beyond the server's limits",
            "limits: {entries: …}",
        );
    }
}

#[test]
fn a_tree_that_always_goes_deeper() {
    let port = tree(|| b"type=dir; down\r\n".to_vec());
    ends(&case(port, FEW), "more than 256 levels deep", "max_depth");
}

#[test]
fn a_tree_that_always_grows_wider() {
    let port = tree(|| {
        let folders = (0..50).map(|number| format!("type=dir; {number:0200}\r\n"));
        folders.collect::<String>().into_bytes()
    });
    ends(
        &case(port, ", limits: { folders: 500 }"),
        "more than 500 folders",
        "limits: {folders: …}",
    );
    let many = ", limits: { entries: 1000 }";
    ends(
        &case(port, many),
        "more than 1000 entries",
        "limits: {entries: …}",
    );
}

/// Lists are held while a step needs them, and what they hold counts together.
#[test]
fn many_lists_hold_together_what_one_may() {
    let names = (0..600).map(|at| format!("f{at:03}"));
    let server = Server::new().files("/in", names, "").start();
    let run = |top: &str, steps: &str| {
        let steps = format!("{top}steps:\n  one: {{ list: {{ server: s, path: /in }} }}\n{steps}");
        Case::new().pipeline(&[("s", &server)], &steps).run()
    };
    let few = "limits: { entries: 1000 }\n";
    let both = "  two: { list: { server: s, path: /in }, needs: one }
  some: { filter: { from: one, include: '*' }, needs: two }
";
    let outcome = run(few, both);
    outcome.code(1);
    outcome.stderr_has("two: /in: the listing goes beyond the run's limits");
    outcome.stderr_has("more than 1000 entries in all its lists");
    outcome.stderr_has("`limits: {entries: …}` at the top of the manifest");
    run("limits: { entries: 1200 }\n", both).code(0);
    run("", both).code(0);
    // Nothing needs the first one when the second begins.
    let apart = "  two: { list: { server: s, path: /in }, needs: one }\n";
    run(few, apart).code(0);
    // Of the first, a small part is left.
    let part = "  some: { filter: { from: one, include: 'f00*' } }
  two: { list: { server: s, path: /in }, needs: some }
  rest: { filter: { from: some, include: '*' }, needs: two }
";
    run(few, part).code(0);
    run("limits: { entries: 605 }\n", part).code(1);
    run("limits: { entries: 0 }\n", part).code(3);
}

/// Every folder shows the same.
fn tree(shows: fn() -> Vec<u8>) -> u16 {
    serve(move |verb, control| match verb {
        "MLSD" => {
            let mut data = open_data(control)?;
            data.write_all(&shows()).ok()?;
            drop(data);
            control.say("226 done");
            Some(())
        }
        _ => None,
    })
}

#[test]
fn replies_without_end() {
    for at in ["CWD", "MLSD"] {
        let port = match at {
            "CWD" => serve(|verb, control| (verb == "CWD").then(|| chatter(control))),
            _ => serve(|verb, control| {
                if verb != "MLSD" {
                    return None;
                }
                drop(open_data(control)?);
                chatter(control);
                Some(())
            }),
        };
        let outcome = case(port, FEW).run();
        outcome.code(1).peak_below_kib(MOST_KIB);
        outcome.stderr_has("longer than 64 KiB or 1000 lines");
    }
}

fn chatter(control: &mut Control) {
    while control.stream.write_all(b"250-and on it goes\r\n").is_ok() {}
}
