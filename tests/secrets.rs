//! A password stands nowhere but in the manifest or its environment: not in the output, the events, the reports or the
//! journal of any command, whatever a server says and however it writes it.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::server::{Do, Features, On, Running, Server};
use crate::harness::{Case, Outcome};

/// With letters that JSON, XML, HTML, Markdown, URLs, Rust, FTP's quotes and GBK each write in a way of their own.
const SECRET: &str = r#"s3cr3t-密码 <&"'>%\|-h1dden"#;

/// Parts of the secret, as they are and in other letters. None may be seen: a mask that lets an end through is none.
const PARTS: [&[u8]; 17] = [
    b"s3cr3t",
    b"h1dden",
    b"S3CR3T",
    b"H1DDEN",
    b"S3cr3t",
    b"H1dden",
    "密码".as_bytes(),
    b"\xc3\xdc\xc2\xeb",
    b"%C3%DC",
    b"%c3%dc",
    b"%E5%AF%86",
    b"%e5%af%86",
    // The UTF-8 bytes, taken for GBK.
    "瀵嗙爜".as_bytes(),
    b"\\u5bc6",
    b"\\u{5bc6}",
    b"&#23494;",
    // The beginning of its base64.
    b"czNjcjN0",
];

fn gbk() -> Vec<u8> {
    let (bytes, _, _) = encoding_rs::GBK.encode(SECRET);
    bytes.into_owned()
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let each = bytes.iter().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(*byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    each.collect::<String>().into_bytes()
}

/// The secret in every form in which a server may know or write it.
fn forms(encoding: &str) -> Vec<Vec<u8>> {
    let raw = SECRET.as_bytes();
    let mut forms = vec![
        raw.to_vec(),
        percent(raw),
        percent(raw).to_ascii_lowercase(),
        SECRET.replace('"', "\"\"").into_bytes(),
        raw.to_ascii_uppercase(),
        raw.to_ascii_lowercase(),
        SECRET.replace('s', "S").replace('h', "H").into_bytes(),
    ];
    if encoding == "gbk" {
        forms.extend([
            gbk(),
            gbk().to_ascii_uppercase(),
            percent(&gbk()),
            [b"PASS ", raw, b"; ", &gbk()[..], b"!"].concat(),
        ]);
    }
    forms
}

/// A server that says all of that with every reply. Of a long reply the last lines are kept for people, so one line has
/// everything, too.
fn echoing(encoding: &str) -> Server {
    let mut lines = forms(encoding);
    lines.push(lines.join(&b" and "[..]));
    files().chatter(lines)
}

/// A server that breaks the secret over two lines, in every reply.
fn breaking(encoding: &str) -> Server {
    // Between two characters: behind the first that is not ASCII.
    let (first, second) = SECRET.split_at("s3cr3t-密".len());
    let mut lines = vec![first.as_bytes().to_vec(), second.as_bytes().to_vec()];
    if encoding == "gbk" {
        let (first, second) = (gbk()[..9].to_vec(), gbk()[9..].to_vec());
        lines.extend([b"and".to_vec(), first, second]);
    }
    files().chatter(lines)
}

fn files() -> Server {
    Server::new().files("/in", ["a.txt", "b.txt"], "content")
}

const ENCODINGS: [&str; 2] = ["gbk", "auto"];

fn case(server: &Running, encoding: &str, steps: &str) -> Case {
    let yaml = format!(
        "version: 1
servers:
  s: {{ host: 127.0.0.1, port: {}, user: lab, password: \"${{env.SECRET}}\", encoding: {encoding} }}
defaults: {{ retry: {{ attempts: 2, backoff: 1ms }} }}
steps:
{steps}",
        server.port()
    );
    Case::new().env("SECRET", SECRET).manifest(&yaml)
}

/// Every file below the case's folder but the manifest.
fn written(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(written(&path)),
            false if path.ends_with("pipeline.yaml") => {}
            false => found.push(path),
        }
    }
    found
}

#[track_caller]
fn nothing_in(what: &str, bytes: &[u8]) {
    for part in PARTS {
        let at = bytes.windows(part.len()).position(|window| window == part);
        if let Some(at) = at {
            let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 100)];
            panic!("{what}: {}", String::from_utf8_lossy(around));
        }
    }
}

/// Runs it, and looks at all that it wrote.
#[track_caller]
fn keeps_it(case: &Case, what: &str) -> Outcome {
    let outcome = case.run();
    nothing_in(&format!("{what}: stdout"), outcome.stdout.as_bytes());
    nothing_in(&format!("{what}: stderr"), outcome.stderr.as_bytes());
    for path in written(&case.path("")) {
        let name = path.strip_prefix(case.path("")).unwrap().to_owned();
        let name = format!("{what}: {}", name.display());
        nothing_in(&name, name.as_bytes());
        nothing_in(&name, &fs::read(&path).unwrap());
    }
    outcome
}

const GET: &str = "  get: { download: { server: s, files: /in/*, into: out } }\n";
const PUT: &str = "  put: { upload: { files: '*.yaml', to: s, into: /out } }\n";

#[test]
fn a_run_that_succeeds_writes_no_secret() {
    for encoding in ENCODINGS {
        let server = echoing(encoding).start();
        let steps = format!("{GET}{PUT}  tidy: {{ delete: {{ sources_of: get }} }}\n");
        let case = case(&server, encoding, &steps).with_reports();
        keeps_it(&case, encoding).code(0);
        let journals = written(&case.path(".ftpflow"));
        assert!(journals.iter().any(|path| path.ends_with("journal")));
        assert!(server.names("/in").is_empty(), "{:?}", server.log());
    }
}

#[test]
fn a_login_that_is_refused_writes_no_secret() {
    for encoding in ENCODINGS {
        for (reply, code) in [
            ("530 who is that", "530"),
            ("332 account?", "332"),
            ("451 later", "451"),
        ] {
            for server in [echoing(encoding), breaking(encoding)] {
                let server = server.rule(On::command("PASS"), Do::reply(reply)).start();
                let outcome = keeps_it(&case(&server, encoding, GET).with_reports(), reply);
                outcome.code(1).stderr_has(code).stderr_has("***");
            }
        }
    }
}

#[test]
fn a_transfer_that_fails_writes_no_secret() {
    let noise = [&b"\xff what "[..], SECRET.as_bytes(), b"\r\n"].concat();
    let faults = [
        ("RETR", GET, vec![Do::reply("550 no")]),
        ("RETR", GET, vec![Do::CutAt(1)]),
        ("STOR", PUT, vec![Do::reply("452 full")]),
        ("STOR", PUT, vec![Do::lie("550 rejected")]),
        ("RNTO", PUT, vec![Do::reply("553 no")]),
        ("MLSD", GET, vec![Do::reply("550 no")]),
        ("CWD", GET, vec![Do::reply("550 no")]),
        ("MKD", PUT, vec![Do::reply("550 no")]),
        ("TYPE", GET, vec![Do::Goodbye("421 gone".into())]),
        ("TYPE", GET, vec![Do::Raw(noise)]),
    ];
    for (verb, steps, does) in faults {
        for encoding in ENCODINGS {
            for server in [echoing(encoding), breaking(encoding)] {
                let server = server.rule(On::command(verb), does.clone()).start();
                let what = format!("{verb}, {encoding}");
                keeps_it(&case(&server, encoding, steps).with_reports(), &what).code(1);
            }
        }
    }
}

/// A reply that says nothing but the secret, in two halves.
#[test]
fn a_secret_that_is_broken_over_lines_is_masked_whole() {
    let (first, second) = SECRET.split_at(10);
    let halves = format!("530-{first}\r\n530 {second}\r\n");
    let server = Server::new()
        .rule(On::command("PASS"), Do::Raw(halves.into_bytes()))
        .start();
    let outcome = keeps_it(&case(&server, "auto", GET).with_reports(), "halves");
    outcome.code(1).stderr_has("530");
}

#[test]
fn listings_that_hold_the_secret_are_shown_without_it() {
    let own = gbk();
    let mlsd = |name: &[u8]| [b"type=file;size=1;modify=20240102030405; ", name, b"\r\n"].concat();
    // Such a name cannot be one: it fails, and is told of.
    let names: Vec<u8> = [SECRET.as_bytes(), &own[..], b"../x"]
        .into_iter()
        .flat_map(mlsd)
        .collect();
    // Cut off for showing in the middle of the secret.
    let unreadable = |encoding: &str| -> Vec<u8> {
        let lines = (150..200).flat_map(|length| {
            let forms = forms(encoding).concat();
            [&vec![b'?'; length][..], &forms, b"\r\n"].concat()
        });
        lines.collect()
    };
    let look = "  look: { list: { server: s, path: /in } }\n  some: { filter: { from: look, include: '*' } }\n";
    let steps = format!("{look}  get: {{ download: {{ from: some, into: out }} }}\n");
    for encoding in ENCODINGS {
        let server = echoing(encoding)
            .rule(On::command("MLSD"), Do::ListRaw(names.clone()))
            .start();
        keeps_it(&case(&server, encoding, look).with_reports(), encoding);
        let server = echoing(encoding)
            .features(Features::all().without("MLSD"))
            .rule(On::command("LIST"), Do::ListRaw(unreadable(encoding)))
            .start();
        let outcome = keeps_it(&case(&server, encoding, &steps).with_reports(), encoding);
        outcome.stderr_has("cannot be read");
    }
}

#[test]
fn commands_that_only_look_write_no_secret() {
    for encoding in ENCODINGS {
        for server in [echoing(encoding).start(), breaking(encoding).start()] {
            for arguments in [
                &["plan", "pipeline.yaml", "-v"][..],
                &["probe", "pipeline.yaml"],
                &["probe", "pipeline.yaml", "--format", "json"],
                &["run", "pipeline.yaml", "--dry-run"],
                &["check", "pipeline.yaml"],
                &["graph", "pipeline.yaml"],
            ] {
                let case = case(&server, encoding, GET).args(arguments.iter().copied());
                keeps_it(&case, &arguments.join(" ")).code(0);
            }
        }
    }
}

/// Where the manifest itself holds it, quoted in YAML's own way, and where it is wrong beside that.
#[test]
fn a_literal_password_is_shown_by_no_command() {
    let server = echoing("auto").start();
    let quoted = SECRET.replace('\'', "''");
    let yaml = format!(
        "version: 1
servers:
  s: {{ host: 127.0.0.1, port: {}, user: lab, password: '{quoted}' }}
steps:
  '{quoted}': {{ list: {{ server: s, path: '/{quoted}' }} }}
  get: {{ download: {{ server: s, files: '/{quoted}/*', into: '{quoted}', no_such: '{quoted}' }} }}
  look: {{ list: {{ server: '{quoted}', path: 1 }} }}
",
        server.port()
    );
    let right = yaml
        .lines()
        .filter(|line| {
            !line.contains("no_such") && !line.contains("server: '") && !line.starts_with("  '")
        })
        .map(|line| format!("{line}\n"))
        .collect::<String>()
        + &format!("  look: {{ list: {{ server: s, path: '/{quoted}', missing: empty }} }}\n");
    for (manifest, code) in [(&yaml, 3), (&right, 0)] {
        for arguments in [
            &["check"][..],
            &["check", "--format", "json"],
            &["check", "--format", "sarif"],
            &["check", "--format", "github"],
            &["graph", "--format", "mermaid"],
            &["graph", "--format", "dot"],
            &["graph", "--format", "svg"],
            &["run", "--dry-run"],
            &["run", "-v"],
            &["plan", "-v"],
            &["probe"],
        ] {
            let case = Case::new()
                .manifest(manifest)
                .args(arguments.iter().copied());
            let case = case.args(["pipeline.yaml"]);
            keeps_it(&case, &arguments.join(" ")).code(code);
        }
    }
}
