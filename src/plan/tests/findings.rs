//! One line a rule: the code, the text at the place, and words of the message or the help.

use super::{compiled, found, needs, seeing};

const SERVERS: &str = "servers: {a: {host: a}, b: {host: b, connections: 1}}\n";

/// Checks steps on the servers `a` and `b`; each case expects its code at its text, with some words.
#[track_caller]
fn check(cases: &[(&str, &str, &str, &str)]) {
    for (steps, code, at, words) in cases {
        let text = if steps.contains("servers:") || steps.contains("version:") {
            (*steps).to_owned()
        } else {
            format!("version: 1\n{SERVERS}steps:\n{steps}")
        };
        let found = found(&text);
        let hit = found.iter().any(|(c, _, place, message, help)| {
            c == code && place == at && format!("{message} | {help}").contains(words)
        });
        assert!(
            hit,
            "{code} at `{at}` with `{words}` in\n{text}\nfound {found:#?}"
        );
    }
}

#[test]
fn the_top_of_a_manifest_is_judged() {
    check(&[
        (
            "servers: {}\nsteps: {x: {list: {server: local}}}",
            "manifest::version",
            "",
            "`version` is missing",
        ),
        (
            "version: 2\nsteps: {}",
            "manifest::version",
            "2",
            "this ftpflow reads version 1",
        ),
        ("version: 1", "manifest::no_steps", "", "no steps"),
        (
            "version: 1\nsteps: {}",
            "manifest::no_steps",
            "steps",
            "no steps",
        ),
        (
            "version: 1\nstep: {}",
            "key::unknown",
            "step",
            "did you mean `steps`?",
        ),
        (
            "version: 1\nname: a-${vars.x}\nsteps: {}",
            "variable::not_here",
            "${vars.x}",
            "`name`",
        ),
        (
            "version: 1\nservers: {local: {host: h}}",
            "name::reserved",
            "local",
            "this machine",
        ),
        (
            "version: 1\nsteps: {1x: {list: {server: local}}}",
            "name::invalid",
            "1x",
            "begins with a letter",
        ),
        (
            "version: 1\nvars: {a: }\nsteps: {}",
            "value::missing",
            "a",
            "`a` has no value",
        ),
        (
            "version: 1\nservers: [a]",
            "value::type",
            "[a]",
            "`servers` is a list, and must be a map of servers",
        ),
    ]);
}

#[test]
fn servers_are_judged() {
    check(&[
        (
            "version: 1\nservers: {x: {port: 21}}",
            "value::required",
            "x",
            "`host` is missing",
        ),
        (
            "version: 1\nservers: {x: {host: 'ftp://h'}}",
            "server::host",
            "'ftp://h'",
            "write the name alone",
        ),
        (
            "version: 1\nservers: {x: {host: 'h:21'}}",
            "server::host",
            "'h:21'",
            "`port:`",
        ),
        (
            "version: 1\nservers: {x: {host: h, port: 70000}}",
            "value::bad",
            "70000",
            "from 1 to 65535",
        ),
        (
            "version: 1\nservers: {x: {host: h, user: u}}",
            "server::no_password",
            "user",
            "password: \"${env.X_PASSWORD}\"",
        ),
        (
            "version: 1\nservers: {x: {host: h, password: '${env.P}'}}",
            "server::anonymous_password",
            "'${env.P}'",
            "add `user: …`",
        ),
        (
            "version: 1\nservers: {x: {host: h, user: u, password: geheim}}",
            "server::literal_password",
            "password",
            "${env.NAME}",
        ),
        (
            "version: 1\nservers: {x: {host: ex.org, user: u, password: '${env.P}'}}",
            "server::clear_text",
            "password",
            "tls: explicit",
        ),
        (
            "version: 1\nservers: {x: {host: h, encoding: gkb}}",
            "value::bad",
            "gkb",
            "did you mean `gbk`?",
        ),
        (
            "version: 1\nservers: {x: {host: h, tls: true}}",
            "value::bad",
            "true",
            "write `explicit`",
        ),
        (
            "version: 1\nservers: {x: {host: h, tls: {mode: explicit, cert_file: c}}}",
            "value::required",
            "tls",
            "`key_file` is missing",
        ),
        (
            "version: 1\nservers: {x: {host: h, tls: {mode: explicit, min: '1.3', max: '1.2'}}}",
            "options::contradict",
            "'1.3'",
            "later",
        ),
        (
            "version: 1\nservers: {x: {host: h, data: {mode: passive, ports: 1-2}}}",
            "options::contradict",
            "1-2",
            "active mode only",
        ),
        (
            "version: 1\nservers: {x: {host: h, timeouts: {reply: 9}}}",
            "value::bad",
            "9",
            "is not a duration",
        ),
        (
            "version: 1\nservers: {x: {host: h, clock_offset: 8}}",
            "value::bad",
            "8",
            "+08:00",
        ),
        (
            "version: 1\nservers: {x: {host: h, usr: u}}",
            "key::unknown",
            "usr",
            "did you mean `user`?",
        ),
        (
            "version: 1\nservers: {x: {host: h, user: \"a\\r\\nDELE b\", password: '${env.P}'}}",
            "path::control_character",
            "\"a\\r\\nDELE b\"",
            "carriage return",
        ),
        (
            "version: 1\nservers: {x: {host: h}}",
            "server::unused",
            "x",
            "no step uses",
        ),
    ]);
}

#[test]
fn a_clear_text_password_is_acknowledged_by_tls_off() {
    let text = "version: 1\nservers: {x: {host: ex.org, tls: off, user: u, password: '${env.P}'}}\nsteps: {s: {list: {server: x, empty: fail}}}";
    assert_eq!(found(text), []);
}

#[test]
fn the_shape_of_steps_is_judged() {
    check(&[
        (
            "  x: {needs: y}\n",
            "step::no_kind",
            "x",
            "add one of `login`",
        ),
        (
            "  x: {lst: {server: a}}\n",
            "step::unknown_kind",
            "lst",
            "did you mean `list`?",
        ),
        (
            "  x: {get: {server: a}}\n",
            "step::unknown_kind",
            "get",
            "did you mean `download`?",
        ),
        (
            "  x: {list: {server: a}, filter: {from: y}}\n",
            "step::several_kinds",
            "list",
            "has 2",
        ),
        (
            "  x: {list: {server: a, needs: y}}\n",
            "key::misplaced",
            "needs",
            "beside `list`",
        ),
        (
            "  x: {list: {server: a}, path: /}\n",
            "key::misplaced",
            "path",
            "inside `list:`",
        ),
        (
            "  x: {list: {server: a, pth: /}}\n",
            "key::unknown",
            "pth",
            "did you mean `path`?",
        ),
        (
            "  x: {list: {server: a}, need: x}\n",
            "key::unknown",
            "need",
            "did you mean `needs`?",
        ),
        (
            "  x: {list: {server: aa}}\n",
            "step::unknown_server",
            "aa",
            "the servers are `a`, `b`",
        ),
        (
            "  files: {list: {server: a}}\n  y: {filter: {from: fils}}\n",
            "step::unknown_step",
            "fils",
            "did you mean `files`?",
        ),
        (
            "  x: {list: {server: '${env.S}'}}\n",
            "variable::not_here",
            "'${env.S}'",
            "whose values stand in the manifest",
        ),
        (
            "  x: {list: {path: /}}\n",
            "step::missing_side",
            "list",
            "`server: NAME` or `server: local`",
        ),
        (
            "  x: {download: {files: '*', into: o}}\n",
            "step::missing_side",
            "download",
            "which side?",
        ),
        (
            "  x: {list: {server: a, recursive: yes}}\n",
            "value::bad",
            "yes",
            "`true` or `false`",
        ),
        (
            "  x: {list: {server: a, max_depth: 2}}\n",
            "options::contradict",
            "2",
            "recursive: true",
        ),
        (
            "  x: {list: {server: a, path: ''}}\n",
            "path::empty",
            "''",
            "write `.`",
        ),
        (
            "  x: {needs: x, list: {server: a}}\n",
            "step::cycle",
            "x",
            "`x` waits for itself",
        ),
        ("  x: {list: {server: a}}\n", "step::unused", "x", "from: x"),
    ]);
}

#[test]
fn logins_are_judged() {
    check(&[
        (
            "  x: {login: {server: a}}\n  y: {login: {server: a}}\n",
            "login::twice",
            "a",
            "login step already",
        ),
        (
            "  x: {login: {server: a, commands: [TYPE A]}}\n",
            "login::command",
            "TYPE A",
            "sends TYPE itself",
        ),
        (
            "  x: {login: {server: a, commands: [cwd /x]}}\n",
            "login::command",
            "cwd /x",
            "directory: …",
        ),
        (
            "  x: {login: {server: local}}\n",
            "step::wrong_side",
            "local",
            "no login",
        ),
    ]);
}

#[test]
fn filters_are_judged() {
    let on = |filter: &str| {
        format!("  l: {{list: {{server: a}}}}\n  f: {{filter: {{from: l, {filter}}}}}\n")
    };
    let cases = [
        ("include: '[a'", "value::pattern", "'[a'", "as a pattern"),
        (
            "include: [ok, '{b']",
            "value::pattern",
            "'{b'",
            "as a pattern",
        ),
        ("regex: '(a'", "value::pattern", "'(a'", "unclosed group"),
        ("larger_than: 2 XB", "value::bad", "2 XB", "is not a size"),
        (
            "newer_than: gestern",
            "value::bad",
            "gestern",
            "a duration or a date",
        ),
        (
            "larger_than: 2GB, smaller_than: 1GB",
            "options::contradict",
            "2GB",
            "no file can pass",
        ),
        (
            "newer_than: 1d, older_than: 7d",
            "options::contradict",
            "1d",
            "no file can pass",
        ),
        (
            "type: dir",
            "value::bad",
            "dir",
            "did you mean `directory`?",
        ),
        ("limit: 0", "value::bad", "0", "from 1"),
        ("skip: 0", "value::bad", "0", "leave `skip` out"),
    ];
    for (filter, code, at, words) in cases {
        check(&[(&on(filter), code, at, words)]);
    }
}

#[test]
fn transfers_are_judged() {
    let list = "  l: {list: {server: a}}\n  m: {list: {server: local}}\n";
    let cases = [
        (
            "download: {from: l}",
            "value::required",
            "download",
            "`into` is missing",
        ),
        (
            "download: {into: o}",
            "value::required",
            "download",
            "`from: STEP`, or `server: NAME`",
        ),
        (
            "download: {from: l, server: a, files: x, into: o}",
            "step::several_sources",
            "files",
            "both say",
        ),
        (
            "download: {from: m, into: o}",
            "step::wrong_side",
            "m",
            "use `upload`",
        ),
        (
            "upload: {from: l, to: b, into: o}",
            "step::wrong_side",
            "l",
            "use `relay`",
        ),
        (
            "upload: {from: m, to: local, into: o}",
            "step::wrong_side",
            "local",
            "name a server",
        ),
        (
            "relay: {from: m, to: b, into: o}",
            "step::wrong_side",
            "m",
            "use `upload`",
        ),
        (
            "relay: {from: l, to: local, into: o}",
            "step::wrong_side",
            "local",
            "use `download`",
        ),
        (
            "relay: {server: b, files: x, to: b, into: o}",
            "step::relay_connections",
            "b",
            "connections: 2",
        ),
        (
            "upload: {from: m, to: a, into: o, chmod: 999}",
            "value::bad",
            "999",
            "octal",
        ),
        (
            "download: {from: l, into: o, type: ascii, verify: checksum}",
            "options::contradict",
            "checksum",
            "line ends",
        ),
        (
            "download: {from: l, into: o, type: ascii, verify: size}",
            "options::contradict",
            "size",
            "line ends",
        ),
        (
            "download: {from: l, into: o, type: ascii, resume: true}",
            "options::contradict",
            "true",
            "continued",
        ),
        (
            "download: {from: l, into: o, publish: direct, if_exists: skip}",
            "options::contradict",
            "skip",
            "cut off",
        ),
        (
            "download: {from: l, into: o, publish: direct, resume: true}",
            "options::contradict",
            "true",
            "never resumes",
        ),
        (
            "on_error: continue, download: {from: l, into: o, publish: set}",
            "options::contradict",
            "continue",
            "all or nothing",
        ),
        (
            "retry: {backoff: 2m, max_backoff: 1m}, download: {from: l, into: o}",
            "options::contradict",
            "2m",
            "longer",
        ),
        (
            "download: {server: a, files: [], into: o}",
            "files::empty",
            "[]",
            "names no file",
        ),
        (
            "download: {server: a, files: /in/, into: o}",
            "files::folder",
            "/in/",
            "names a folder",
        ),
        (
            "download: {server: a, files: [/in/x, y], into: o}",
            "files::mixed",
            "y",
            "no folder in common",
        ),
        (
            "download: {server: local, files: x, into: o}",
            "step::wrong_side",
            "local",
            "use `upload`",
        ),
    ];
    for (step, code, at, words) in cases {
        check(&[(&format!("{list}  t: {{{step}}}\n"), code, at, words)]);
    }
}

#[test]
fn a_path_must_be_writable_in_the_servers_encoding() {
    let text = "version: 1\nservers: {x: {host: h, encoding: windows-1252}}\nsteps: {s: {list: {server: x, path: /中}}}";
    check(&[(
        text,
        "path::unmappable",
        "/中",
        "`中` cannot be written in windows-1252",
    )]);
}

#[test]
fn deletes_are_judged() {
    let before = "  l: {list: {server: a}}\n  t: {download: {from: l, into: o}}\n";
    let cases = [
        (
            "delete: {from: t}",
            "step::wrong_sort",
            "t",
            "did you mean `sources_of: t`?",
        ),
        (
            "delete: {sources_of: l}",
            "step::wrong_sort",
            "l",
            "did you mean `from`?",
        ),
        (
            "delete: {sources_of: [t, l]}",
            "step::wrong_sort",
            "l",
            "did you mean `from`?",
        ),
        (
            "delete: {from: l, copies: true}",
            "options::contradict",
            "true",
            "for the copies",
        ),
        (
            "delete: {}",
            "value::required",
            "delete",
            "`sources_of: TRANSFER`",
        ),
        (
            "delete: {sources_of: t, from: l}",
            "step::several_sources",
            "from",
            "both say",
        ),
        (
            "delete: {sources_of: t, max: none}",
            "value::bad",
            "none",
            "whole number",
        ),
        (
            "delete: {files: x}",
            "step::missing_side",
            "delete",
            "which side?",
        ),
    ];
    for (step, code, at, words) in cases {
        check(&[(&format!("{before}  d: {{{step}}}\n"), code, at, words)]);
    }
    let login = "  l: {login: {server: a}}\n  d: {delete: {from: l}}\n";
    check(&[(
        login,
        "step::no_files",
        "l",
        "is a login, and yields no files",
    )]);
}

#[test]
fn variables_are_judged() {
    let on = |value: &str| {
        format!(
            "version: 1\nvars: {{one: x}}\nsteps: {{s: {{list: {{server: local, path: \"{value}\"}}}}}}"
        )
    };
    let cases = [
        (
            "a/${vars.oen}",
            "variable::unknown",
            "${vars.oen}",
            "did you mean `${vars.one}`?",
        ),
        (
            "${vars.one",
            "variable::syntax",
            "${vars.one",
            "never closed",
        ),
        (
            "版/${one}",
            "variable::syntax",
            "${one}",
            "`${vars.one}` or `${env.one}`",
        ),
        (
            "${matrix.a}",
            "variable::reserved",
            "${matrix.a}",
            "reserved",
        ),
    ];
    for (value, code, at, words) in cases {
        check(&[(&on(value), code, at, words)]);
    }
    check(&[
        (
            "version: 1\nvars: {a: '${vars.b}', b: '${vars.a}'}",
            "variable::cycle",
            "'${vars.b}'",
            "`a` → `b` → `a`",
        ),
        (
            "version: 1\nvars: {a: x}",
            "variable::unused",
            "a",
            "never used",
        ),
    ]);
}

#[test]
fn an_unset_variable_is_an_error_at_its_place_in_a_run() {
    let text =
        "version: 1\nsteps: {s: {list: {server: local, path: 'in/${env.NOPE}', empty: fail}}}";
    let compiled = compiled(text, &seeing(&[]));
    assert!(compiled.plan.is_none() && compiled.printable.is_none());
    assert_eq!(compiled.findings[0].code, "ftpflow::variable::unset");
    assert_eq!(
        compiled.findings[0].message,
        "the environment variable `NOPE` is not set"
    );
}

#[test]
fn allow_silences_warnings_and_never_errors() {
    let allowed = "version: 1\nallow: ftpflow::variable::unused\nvars: {a: x}\nsteps: {s: {list: {server: local, empty: fail}}}";
    assert_eq!(found(allowed), []);
    assert_eq!(found(&allowed.replace("ftpflow::", "")), []);
    check(&[
        (
            "version: 1\nallow: [ftpflow::server::unused]",
            "allow::unused",
            "ftpflow::server::unused",
            "silences nothing",
        ),
        (
            "version: 1\nallow: [ftpflow::server::unusde]",
            "allow::unused",
            "ftpflow::server::unusde",
            "did you mean",
        ),
        (
            "version: 1\nallow: [ftpflow::manifest::no_steps]",
            "allow::unused",
            "ftpflow::manifest::no_steps",
            "errors cannot be silenced",
        ),
    ]);
}

#[test]
fn a_short_hand_becomes_a_list_and_a_filter() {
    let text = "version: 1\nservers: {a: {host: a}}\nsteps:\n  first:\n    list: {server: a, empty: fail}\n  keep:\n    needs: first\n    \
                download: {server: a, files: [/in/x/*.zip, /in/y.txt], into: out}\n";
    let compiled = compiled(text, &seeing(&[]));
    assert_eq!(compiled.findings, []);
    let plan = compiled.plan.unwrap();
    let names: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["login a", "first", "keep: list", "keep: filter", "keep"]
    );
    assert_eq!(needs(&plan, "keep: list"), ["login a", "first"]);
    assert_eq!(needs(&plan, "keep"), ["login a", "first", "keep: filter"]);
}

#[test]
fn cycles_are_drawn_whole() {
    check(&[(
        "  x: {needs: z, list: {server: a}}\n  y: {filter: {from: x}}\n  z: {filter: {from: y}}\n",
        "step::cycle",
        "z",
        "steps wait for each other in a circle: `x` → `z` → `y` → `x`",
    )]);
}

#[test]
fn one_bad_step_hides_no_other() {
    let text = format!(
        "version: 1\n{SERVERS}steps:\n  x: {{lst: {{}}}}\n  y: {{list: {{server: nope, hiden: true, recursive: 3}}}}\n  z: 5\n"
    );
    let found = found(&text);
    let codes: Vec<(&str, usize)> = found
        .iter()
        .map(|(code, line, ..)| (*code, *line))
        .collect();
    let expected = [
        ("server::unused", 2),
        ("server::unused", 2),
        ("step::unknown_kind", 4),
        ("step::unknown_server", 5),
        ("key::unknown", 5),
        ("value::bad", 5),
        ("value::type", 6),
    ];
    assert_eq!(codes, expected);
}

#[test]
fn no_message_repeats_a_value_from_outside() {
    let text = "version: 1\nsteps: {s: {list: {server: local, recursive: '${env.SECRET}'}}}";
    let compiled = compiled(text, &seeing(&[("SECRET", "hunter2")]));
    let all = format!("{:?}", compiled.findings);
    assert!(
        all.contains("value::bad") && !all.contains("hunter2"),
        "{all}"
    );
}

#[test]
fn variables_of_variables_do_not_multiply_without_bound() {
    let mut vars = format!("  v0: {}\n", "x".repeat(100));
    for at in 1..30 {
        let before = format!("${{vars.v{}}}", at - 1);
        vars += &format!("  v{at}: \"{}\"\n", before.repeat(10));
    }
    let empty = "  e0: ''\n".to_owned()
        + &(1..30)
            .map(|at| {
                format!(
                    "  e{at}: \"{}\"\n",
                    format!("${{vars.e{}}}", at - 1).repeat(50)
                )
            })
            .collect::<String>();
    let text = format!(
        "version: 1\nvars:\n{vars}{empty}steps: {{s: {{list: {{server: local, path: \"${{vars.v29}}${{vars.e29}}\", empty: fail}}}}}}"
    );
    let codes: Vec<_> = found(&text).into_iter().map(|(code, ..)| code).collect();
    assert!(codes.contains(&"variable::too_long"), "{codes:?}");
}

#[test]
fn every_entry_of_files_that_cannot_be_used_is_told() {
    check(&[
        (
            "version: 1\nservers: {s: {host: h}}\nsteps: {d: {delete: {server: s, files: [a, '', b/]}}}",
            "files::empty",
            "''",
            "write a path",
        ),
        (
            "version: 1\nservers: {s: {host: h}}\nsteps: {d: {delete: {server: s, files: [a, '', b/]}}}",
            "files::folder",
            "b/",
            "for the files in it",
        ),
    ]);
}

#[test]
fn where_a_part_could_not_be_read_nothing_is_called_unused() {
    let text = "version: 1\nvars: {v: x}\nservers:\n  s: {host: ${vars.v}}\n  t: {host: h}\nsteps:\n  l: {list: {server: t, path: /, empty: fail}}\n";
    let codes: Vec<_> = found(text).into_iter().map(|(code, ..)| code).collect();
    assert!(
        !codes.iter().any(|code| code.ends_with("unused")),
        "{codes:?}"
    );
}

#[test]
fn what_only_a_shell_expands_is_told() {
    check(&[
        (
            "  x: {download: {server: a, files: /y, into: ~/x}}",
            "path::home",
            "~/x",
            "${env.HOME}/x",
        ),
        (
            "  x: {list: {server: a, path: '~', empty: fail}}",
            "path::home",
            "'~'",
            "a relative path begins where the login does",
        ),
        (
            "  x: {download: {server: a, files: [/y, $DIR/*], into: x}}",
            "variable::shell",
            "$DIR/*",
            "${env.DIR}",
        ),
        (
            "  x: {download: {server: a, files: /y, into: x-$(date)}}",
            "variable::shell",
            "x-$(date)",
            "${run.date:%Y%m%d}",
        ),
    ]);
    let fine = "version: 1\nservers: {a: {host: a, password: 'pa$$WORD', user: 'a$B'}}\nsteps:\n  \
                x: {download: {server: a, files: ['/a$b/~/*.zip', '/C$/x~'], into: ./~/x}}\n";
    let codes: Vec<&str> = found(fine).into_iter().map(|(code, ..)| code).collect();
    assert!(
        !codes.contains(&"path::home") && !codes.contains(&"variable::shell"),
        "{codes:?}"
    );
}

#[test]
fn typographic_quotes_and_files_for_folders_are_told() {
    check(&[
        (
            "  x: {download: {server: a, files: “/y”, into: x}}",
            "value::typographic_quotes",
            "“/y”",
            "straight quotes",
        ),
        (
            "  x: {download: {server: a, files: /y, into: out/report.CSV}}",
            "path::into_file",
            "out/report.CSV",
            "`into: out`",
        ),
        (
            "  x: {download: {server: a, files: /y, into: report.csv}}",
            "path::into_file",
            "report.csv",
            "`into: .`",
        ),
    ]);
    let fine = "version: 1\nservers: {a: {host: a}}\nsteps:\n  \
                x: {description: “so”, download: {server: a, files: '“/y” and “z”.txt', into: v1.2/conf.d}}\n  \
                y: {download: {server: a, files: /y, into: dist.zip/}}\n";
    assert_eq!(found(fine), []);
}

#[test]
fn keys_of_other_programs_are_answered() {
    check(&[
        (
            "  x: {matrix: [1, 2], download: {server: a, files: /y, into: x}}",
            "key::foreign",
            "matrix",
            "no such key yet",
        ),
        (
            "  x: {download: {server: a, files: /y, into: x, bandwidth: 5MB}}",
            "key::foreign",
            "bandwidth",
            "`connections`",
        ),
        (
            "  x: {download: {server: a, files: /y, into: x, delete_extra: true}}",
            "key::foreign",
            "delete_extra",
            "`delete: {extras_of: TRANSFER}`",
        ),
        (
            "  x: {depends_on: y, list: {server: a, empty: fail}}\n  y: {list: {server: a, empty: fail}}",
            "key::foreign",
            "depends_on",
            "it is `needs` here",
        ),
        (
            "version: 1\nservers: {a: {host: a, ssl: true}}\nsteps: {x: {list: {server: a}}}",
            "key::foreign",
            "ssl",
            "it is `tls` here",
        ),
        (
            "  x: {sync: {server: a}}",
            "step::unknown_kind",
            "sync",
            "did you mean `relay`?",
        ),
    ]);
}

#[test]
fn a_rename_is_judged() {
    let step = |rename: &str| {
        format!("  x: {{download: {{server: a, files: '/y/*', into: x, rename: {rename}}}}}")
    };
    let cases = [
        (
            "{match: '(', to: x}",
            "value::pattern",
            "'('",
            "regular expression",
        ),
        (
            "{match: a, to: $1}",
            "value::pattern",
            "$1",
            "put what is to be kept in brackets",
        ),
        (
            "{match: '(a)', to: $2}",
            "value::pattern",
            "$2",
            "its groups are `$1` to `$1`",
        ),
        (
            "{match: '(?<n>a)', to: '${m}'}",
            "value::pattern",
            "'${m}'",
            "by name n",
        ),
        (
            "{match: a, to: b/c}",
            "value::bad",
            "b/c",
            "folders are chosen by `into`",
        ),
        (
            "{match: a, to: 'x${vars.no}'}",
            "variable::unknown",
            "${vars.no}",
            "vars",
        ),
        (
            "{match: a}",
            "value::required",
            "rename",
            "`$1` is the first group",
        ),
        (
            "{to: a}",
            "value::required",
            "rename",
            "write `match: REGEX`",
        ),
        (
            "{match: a, to: b, from: c}",
            "key::unknown",
            "from",
            "match, to",
        ),
        ("x", "value::type", "x", "`match` and `to`"),
    ];
    for (rename, code, at, words) in cases {
        check(&[(&step(rename), code, at, words)]);
    }
    let fine = format!(
        "version: 1\nvars: {{v: 'a$1'}}\nservers: {{a: {{host: a}}}}\nsteps:\n{}\n",
        step("{match: '^(?<n>a)(b)$', to: '$2${n}-${vars.v}-$0-$$${x}'}")
    );
    assert_eq!(found(&fine), []);
}

/// What a renamed file was called says nothing of where its copy stands.
#[test]
fn patterns_of_old_names_tell_no_two_places_apart() {
    let steps = |rename: &str| {
        format!(
            "version: 1\nservers: {{a: {{host: a}}}}\nsteps:\n  \
             x: {{upload: {{files: 'x/*.tmp', to: a, into: /in{rename}}}}}\n  \
             y: {{delete: {{server: a, files: '/in/*.csv'}}}}\n"
        )
    };
    let is_hazard = |text: &str| {
        found(text)
            .iter()
            .any(|(code, ..)| code.starts_with("hazard::"))
    };
    assert!(!is_hazard(&steps("")));
    assert!(is_hazard(&steps(", rename: {match: 'tmp$', to: csv}")));
}

#[test]
fn a_filter_tries_nothing_again() {
    check(&[(
        "  x: {list: {server: a}}\n  y: {retry: {attempts: 3}, filter: {from: x, empty: fail}}",
        "options::idle",
        "retry",
        "move it to the `list`",
    )]);
}

#[test]
fn sources_that_no_two_transfers_share_are_told() {
    check(&[
        (
            "  x: {download: {server: a, files: '/x/*', into: x}}\n  y: {download: {server: a, files: '/y/*', into: y}}\n  \
             z: {delete: {sources_of: [x, y]}}",
            "step::apart",
            "[x, y]",
            "sources_of: y",
        ),
        (
            "  x: {download: {server: a, files: '/x/*.zip', into: x}}\n  y: {download: {server: a, files: '/x/*.tar', into: y}}\n  \
             z: {delete: {sources_of: [x, y]}}",
            "step::apart",
            "[x, y]",
            "take none in common",
        ),
    ]);
    let shared = "version: 1\nservers: {a: {host: a}}\nsteps:\n  \
                  x: {download: {server: a, files: '/x/*', into: x}}\n  \
                  y: {download: {server: a, files: '/x/**/*.zip', into: y}}\n  \
                  z: {delete: {sources_of: [x, y]}}\n";
    assert!(
        found(shared)
            .iter()
            .all(|(code, ..)| *code != "step::apart")
    );
}

#[test]
fn waits_are_judged() {
    let list = |wait: &str| format!("  x: {{list: {{server: a, wait: {{{wait}}}}}}}\n");
    let cases = [
        (
            "every: 5m",
            "value::required",
            "wait",
            "write `for: PATTERN`",
        ),
        (
            "for: '*.done', ready: '${name}.done'",
            "options::contradict",
            "ready",
            "two ways to wait",
        ),
        (
            "for: '*.done', count: 0",
            "value::bad",
            "0",
            "a whole number from 1 up",
        ),
        ("for: '[a'", "value::pattern", "'[a'", "cannot be read"),
        (
            "for: '*.done', every: 10ms",
            "value::bad",
            "10ms",
            "100ms or more",
        ),
        (
            "for: '*.done', evry: 10s",
            "key::unknown",
            "evry",
            "`every`",
        ),
        (
            "for: '*.done', stable: 1h, timeout: 30m",
            "list::wait",
            "1h",
            "ends after `timeout: 30m`, before `stable: 1h` is over",
        ),
        (
            "for: '*.done', every: 1h, timeout: 30m",
            "list::wait",
            "1h",
            "a shorter `every`",
        ),
        (
            "for: '*.done', timeout: 10s, every: 1s",
            "list::wait",
            "10s",
            "before `stable: 30s` is over",
        ),
        (
            "ready: all.done",
            "list::marker",
            "all.done",
            "one name for all files",
        ),
        (
            "ready: 'ok/${name}'",
            "list::marker",
            "'ok/${name}'",
            "beside its file",
        ),
        (
            "ready: '${name}'",
            "list::marker",
            "'${name}'",
            "called as the file itself",
        ),
        (
            "ready: '.${name}.done'",
            "list::wait",
            "'.${name}.done'",
            "write `hidden: true`",
        ),
        ("for: '/.done'", "list::wait", "'/.done'", "leading dot"),
        (
            "for: 'in/*.done'",
            "list::wait",
            "'in/*.done'",
            "write `recursive: true`",
        ),
        ("ready: '${nam}.done'", "variable::syntax", "${nam}", "vars"),
        (
            "for: '*.done', on_timeout: ok",
            "value::bad",
            "ok",
            "`empty`",
        ),
    ];
    for (wait, code, at, words) in cases {
        check(&[(&list(wait), code, at, words)]);
    }
    check(&[
        (
            "  x: {timeout: 1h, list: {server: a, wait: {for: '*.done'}}}\n",
            "list::wait",
            "{for: '*.done'}",
            "the step ends after `timeout: 1h`",
        ),
        (
            "  x: {list: {server: a, empty: fail, wait: {for: '*.done', on_timeout: empty}}}\n",
            "options::contradict",
            "empty",
            "yields nothing",
        ),
        (
            "  x: {list: {server: a, wait: 5m}}\n",
            "value::type",
            "5m",
            "must be a map",
        ),
    ]);
}

#[test]
fn markers_that_a_transfer_takes_for_data_are_warned_of() {
    let steps = |wait: &str, filter: &str| {
        format!(
            "  x: {{list: {{server: a, recursive: true, wait: {{for: '{wait}'}}}}}}\n  y: {{filter: {{from: x, {filter}}}}}\n  \
             z: {{download: {{from: y, into: in}}}}\n"
        )
    };
    for filter in [
        "type: file",
        "exclude: '*.tmp'",
        "include: ['*.csv', '*.done']",
    ] {
        check(&[(
            &steps("in/*.done", filter),
            "list::markers_taken",
            "'in/*.done'",
            "`z` copies, such as `in/x.done`",
        )]);
    }
    for (wait, filter) in [
        ("*.done", "exclude: '*.done'"),
        ("*.done", "include: '*.csv'"),
        ("*.done", "larger_than: 0"),
        ("*.csv", "type: file"),
    ] {
        let text = format!("version: 1\n{SERVERS}steps:\n{}", steps(wait, filter));
        let found = found(&text);
        assert!(
            found
                .iter()
                .all(|(code, ..)| *code != "list::markers_taken"),
            "{wait} {filter}"
        );
    }
}

#[test]
fn variables_and_parts_of_names_stand_in_a_marker() {
    // Nothing is done with its files, but it fails where none come.
    let text = "version: 1\nvars: {end: done}\nservers: {a: {host: a}}\nsteps: {x: {list: {server: a, wait: {ready: '${stem}$${name}.${vars.end}'}}}}";
    assert_eq!(found(text), []);
}

#[test]
fn what_once_cannot_keep_is_an_error() {
    let list = "  l: {list: {server: a}}\n";
    let once =
        |options: &str| format!("{list}  k: {{download: {{from: l, into: o, {options}}}}}\n");
    let filtered = |rule: &str| {
        format!(
            "{list}  f: {{filter: {{from: l, {rule}}}}}\n  g: {{filter: {{from: f, include: x}}}}\n  k: {{download: {{from: g, into: o, once: true}}}}\n"
        )
    };
    let two = |other: &str| {
        format!(
            "{}  z: {{download: {{from: l, into: p, once: {other}}}}}\n",
            once("once: true")
        )
    };
    check(&[
        (&once("once: yes"), "value::bad", "yes", "a duration"),
        (&once("once: 0s"), "value::bad", "0s", "a duration"),
        (&once("once: {fro: 9d}"), "key::unknown", "fro", "`for`"),
        (
            &once("once: {as: '${vars.x}'}"),
            "variable::not_here",
            "${vars.x}",
            "`as`",
        ),
        (&once("once: {as: a b}"), "name::invalid", "as", "a name"),
        (
            &once("max_files: 5"),
            "options::contradict",
            "5",
            "`once: true`",
        ),
        (
            &once("once: true, max_files: 5, if_exists: skip"),
            "options::contradict",
            "5",
            "`if_exists: update`",
        ),
        (
            &once("once: true, verify: none"),
            "options::contradict",
            "true",
            "every file",
        ),
        (
            &once("once: 9d, type: ascii"),
            "options::contradict",
            "9d",
            "`type: binary`",
        ),
        (
            &filtered("limit: 5"),
            "step::once_limited",
            "5",
            "`max_files: N`",
        ),
        (&filtered("skip: 7"), "step::once_limited", "7", "for ever"),
        (&two("{as: k}"), "step::once_twice", "{as: k}", "`as`"),
    ]);
    for fine in [
        once("once: true, max_files: 5"),
        once("once: {as: other, for: 90d}"),
        once("once: false, verify: none"),
        two("true"),
    ] {
        let text = format!("version: 1\nservers: {{a: {{host: a}}}}\nsteps:\n{fine}");
        assert_eq!(found(&text), [], "{fine}");
    }
}
