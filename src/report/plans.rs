//! Compiled manifests for the tests of what is made of plans.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::manifest::Manifest;
use crate::plan::{Inputs, Printable, Values, compile};

/// The first example of the documentation.
pub(super) const EXAMPLE: &str = include_str!("../../tests/manifests/example.yaml");

/// Two mirrors, shorthands, CJK names, and a name of signs that mean something in every format.
pub(super) const MIRRORS: &str = r#"version: 1
name: 夜间发布 <all> & "more"
defaults: { retry: { attempts: 6 }, if_exists: update }
servers:
  build: { host: 172.16.2.76, user: ci, password: "${env.P}", encoding: gbk }
  mirror-eu: { host: eu.example.org, tls: explicit, user: p, password: "${env.P}" }
  mirror-us: { host: us.example.org, tls: explicit, user: p, password: "${env.P}" }
  archive: { host: archive.internal, user: a, password: "${env.P}" }
steps:
  版本列表: { list: { server: build, path: /file/download/bbb/版本, recursive: true } }
  archives: { filter: { from: 版本列表, include: ["*.zip"], newer_than: 7d } }
  notes: { download: { server: build, files: "/file/notes/*.txt", into: notes } }
  keep: { download: { from: archives, into: "dist/${run.date}" } }
  to-eu: { relay: { from: archives, to: mirror-eu, into: /pub } }
  to-us: { relay: { from: archives, to: mirror-us, into: /pub } }
  index: { needs: [to-eu, to-us], upload: { files: site/*.html, to: mirror-eu, into: /www, publish: set } }
  old: { list: { server: archive, path: /old } }
  stale: { filter: { from: old, older_than: 90d } }
  purge: { delete: { from: stale, max: 500 } }
  tidy: { delete: { sources_of: [keep, to-eu, to-us], max: 50 } }
"#;

/// A manifest compiled as `check` does it, at 2026-11-22 10:00 UTC.
#[track_caller]
pub(super) fn printable(text: &str) -> Printable {
    let read = Manifest::read("test.yaml", text.as_bytes());
    assert_eq!(read.findings, []);
    let inputs = Inputs {
        vars: BTreeMap::new(),
        env: Values::Unknown,
        files: Values::Unknown,
        started: 1_795_341_600,
        zone: |_| 0,
        run_id: None,
        file_stem: "test".into(),
        folder: PathBuf::from("/work"),
    };
    let compiled = compile(&read.manifest.unwrap(), &inputs);
    let findings = compiled.findings;
    compiled.printable.unwrap_or_else(|| panic!("{findings:?}"))
}
