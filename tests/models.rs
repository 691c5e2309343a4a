//! Servers that cannot be had here, modelled after their documentation by the scripted server.
// Always so here; it tells clippy that the helpers, too, are a test's, and may panic.
#![cfg(test)]

use crate::harness::Case;
use crate::harness::server::{Do, Features, ListStyle, On, OntoExisting, Server};

/// IIS on Windows: listings of `dir` in its own zone, 125 for 150, neither MLSD nor MFMT, one name for both cases, no dots
/// and spaces at the end of names, 550 for reserved names and for what is in use.
fn iis() -> Server {
    let features = ["MLSD", "MFMT", "MDTM-SET", "EPRT"];
    let features = features
        .into_iter()
        .fold(Features::all(), Features::without);
    let mut server = Server::new()
        .greeting("220 Microsoft FTP Service")
        .list_style(ListStyle::dos().zone(-8 * 3600))
        .onto_existing(OntoExisting::Refuse)
        .folder_exists("550 Cannot create a file when that file already exists.")
        .features(features)
        .folds_case()
        .alters_names(|name| name.trim_end_matches(['.', ' ']).to_owned());
    for verb in ["LIST", "RETR", "STOR", "APPE"] {
        let opening = "125 Data connection already open; Transfer starting.";
        server = server.rule(On::command(verb), Do::Opening(opening.into()));
    }
    for verb in ["STOR", "RNTO"] {
        let refusal = Do::reply("550 The parameter is incorrect.");
        server = server.rule(On::command(verb).path_has("/NUL"), refusal);
    }
    server
}

const STEPS: &str = "defaults: { retry: { attempts: 2, backoff: 1ms } }
steps:
  up: { upload: { files: 'out/*', to: s, into: /up }, on_error: continue }
  sent: { delete: { sources_of: up } }
  list: { list: { server: s, path: /in } }
  down: { download: { from: list, into: down } }
  tidy: { delete: { sources_of: down } }
";

#[test]
fn a_model_of_iis_takes_and_gives_files_and_a_second_run_moves_nothing() {
    let server = iis().file("/in/Annual report.doc", "report").start();
    let only_moves = STEPS.lines().filter(|line| !line.contains("delete:"));
    let moves = only_moves.collect::<Vec<_>>().join("\n");
    let case = Case::new().pipeline(&[("s", &server)], &moves);
    let case = case.file("out/Plain.txt", "plain").file("out/empty", "");
    for _ in 0..2 {
        case.run().code(0);
        assert_eq!(server.read("/up/Plain.txt").unwrap(), b"plain");
        assert_eq!(case.read("down/Annual report.doc").unwrap(), b"report");
        assert_eq!((server.count("STOR"), server.count("RETR")), (2, 1));
    }
}

#[test]
fn a_model_of_iis_loses_no_file_whose_name_it_changes_or_refuses() {
    let server = iis()
        .file("/in/Annual report.doc", "report")
        .file("/in/open.xls", "in use")
        .rule(
            On::command("DELE").path_has("open.xls"),
            Do::reply("550 The process cannot access the file because it is being used."),
        )
        .start();
    let case = Case::new().pipeline(&[("s", &server)], STEPS);
    let names = ["README", "readme", "dot.", "NUL"];
    let case = names
        .into_iter()
        .fold(case, |case, name| case.file(&format!("out/{name}"), name));
    let outcome = case.run();
    outcome.code(1).stderr_has("lists another name");
    let stands = server.read("/up/README").or(server.read("/up/readme"));
    for name in names {
        let kept = case.read(format!("out/{name}")).is_some();
        let arrived = stands == Some(name.into());
        assert!(kept || arrived, "{name} {outcome:?}");
    }
    assert!(case.read("out/dot.").is_some() && case.read("out/NUL").is_some());
    assert!(server.exists("/in/open.xls"), "what is in use stays");
    assert_eq!(case.read("down/open.xls").unwrap(), b"in use");
}
