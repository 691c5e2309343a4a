//! Plans written down, and known again.

use proptest::prelude::*;

use super::super::{Inputs, Secrets, Timeless, Written, compile, timeless};
use super::{STARTED, seeing};
use crate::manifest::Manifest;

fn manifest(text: &str) -> Manifest {
    let read = Manifest::read("test.yaml", text.as_bytes());
    assert_eq!(read.findings, [], "{text}");
    read.manifest.unwrap()
}

fn known(text: &str, inputs: &Inputs) -> Timeless {
    timeless(&manifest(text), inputs).unwrap()
}

/// Another run, days later.
fn later() -> Inputs {
    Inputs {
        started: STARTED + 400_000,
        run_id: Some("later".into()),
        ..seeing(&[])
    }
}

fn identity(text: &str, inputs: &Inputs) -> (String, String) {
    let known = known(text, inputs);
    (known.key("p.yaml"), known.fingerprint().unwrap())
}

const DATED: &str = "version: 1
vars: {day: '${run.date}', of: 'x-${run.id}-${vars.day}', series: '1'}
servers: {a: {host: a, user: u, password: 'p-${env.P:-secret}'}}
steps:
  new: {list: {server: a, path: '/in/${vars.series}'}}
  young: {filter: {from: new, newer_than: 7d}}
  keep: {download: {from: young, into: 'out/${vars.of}'}}
";

#[test]
fn what_the_run_binds_is_in_no_identity() {
    assert_eq!(identity(DATED, &seeing(&[])), identity(DATED, &later()));
}

#[test]
fn another_variable_is_another_state_and_another_step_another_plan() {
    let (key, fingerprint) = identity(DATED, &seeing(&[]));
    let other = identity(&DATED.replace("series: '1'", "series: '2'"), &seeing(&[]));
    assert!(other.0 != key && other.1 != fingerprint);
    let other = identity(&DATED.replace("7d", "8d"), &seeing(&[]));
    assert!(other.0 == key && other.1 != fingerprint);
}

#[test]
fn another_password_or_description_is_the_same_plan() {
    let described = DATED.replace("keep: {", "keep: {description: all, ");
    let plan = identity(DATED, &seeing(&[]));
    assert_eq!(identity(&described, &seeing(&[("P", "another")])), plan);
}

#[test]
fn where_a_date_is_shown_another_zone_is_another_plan() {
    let elsewhere = Inputs {
        zone: |_| 0,
        ..seeing(&[])
    };
    let plan = |text: &str, inputs: &Inputs| identity(text, inputs).1;
    assert_ne!(plan(DATED, &elsewhere), plan(DATED, &seeing(&[])));
    let dateless = DATED.replace("${run.date}", "day");
    assert_eq!(plan(&dateless, &elsewhere), plan(&dateless, &seeing(&[])));
}

/// Two releases take the same fingerprint: journals are resumed by it.
#[test]
fn the_fingerprint_is_the_one_that_it_was() {
    let (_, fingerprint) = identity(DATED, &seeing(&[]));
    insta::assert_snapshot!(fingerprint);
}

#[test]
fn the_order_of_needs_is_no_other_plan() {
    let fingerprint = |needs: &str| {
        let text = format!(
            "version: 1\nservers: {{a: {{host: a}}}}\nsteps:\n  x: {{list: {{server: a, path: /x, empty: fail}}}}\n  \
             y: {{list: {{server: a, path: /y, empty: fail}}}}\n  z: {{needs: {needs}, list: {{server: a, empty: fail}}}}\n"
        );
        identity(&text, &seeing(&[])).1
    };
    assert_eq!(fingerprint("[x, y]"), fingerprint("[y, x]"));
    assert_ne!(fingerprint("[x, y]"), fingerprint("[x]"));
}

/// Writes a plan, as text, and reads it again.
#[track_caller]
fn there_and_back(text: &str, env: &[(&str, &str)], hidden: &[&str]) {
    let compiled = compile(&manifest(text), &seeing(env));
    let plan = compiled
        .plan
        .unwrap_or_else(|| panic!("{text}\n{:?}", compiled.findings));
    let mut secrets = compiled.secrets;
    let written = serde_json::to_string(&plan.written(&mut secrets).unwrap()).unwrap();
    for secret in hidden {
        assert!(!written.contains(secret), "{written}");
    }
    let read: Written = serde_json::from_str(&written).unwrap();
    let read = read.plan(&secrets).unwrap();
    assert_eq!(format!("{read:?}"), format!("{plan:?}"));
}

#[test]
fn a_secret_stands_in_no_written_plan() {
    let text = "version: 1
servers:
  a: {host: a, user: 'u-${env.PW}', password: '${env.PW}', tls: {mode: explicit, server_name: '${env.PW}.org'}}
steps:
  in: {login: {server: a, directory: '/d/${env.PW}', commands: ['SITE PSWD ${env.PW}']}}
  l: {list: {server: a, path: '/x/${env.PW}/y'}}
  f: {filter: {from: l, include: '${env.PW}*', regex: '^${env.PW}'}}
  d: {download: {from: f, into: '${env.PW}'}}
";
    there_and_back(text, &[("PW", "hunter2")], &["hunter2"]);
}

#[test]
fn a_plan_of_another_version_or_with_other_secrets_is_refused() {
    let text = "version: 1\nservers: {a: {host: a, user: hunter2, password: '${env.PW}'}}\nsteps: {l: {list: {server: a, empty: fail}}}\n";
    let compiled = compile(&manifest(text), &seeing(&[("PW", "hunter2")]));
    let mut secrets = compiled.secrets;
    let written = compiled.plan.unwrap().written(&mut secrets).unwrap();
    let value = serde_json::to_value(&written).unwrap();
    let mut newer = value.clone();
    newer["version"] = 2.into();
    let read = |value| serde_json::from_value::<Written>(value).unwrap();
    assert!(read(newer).plan(&secrets).is_err());
    assert!(read(value).plan(&Secrets::default()).is_err());
}

proptest! {
    /// Whatever the options and however short the secret, even where it is a word of the language.
    #[test]
    fn a_plan_comes_back_as_it_was(
        secret in "[ -~]{1,12}",
        folder in "[a-z0-9 /]{0,12}x",
        if_exists in prop::sample::select(vec!["update", "overwrite", "skip", "fail"]),
        publish in prop::sample::select(vec!["file", "set"]),
        verify in prop::sample::select(vec!["size", "checksum", "none"]),
        sort in prop::sample::select(vec!["name", "size", "modified"]),
        encoding in prop::sample::select(vec!["auto", "gbk", "shift_jis"]),
        clock in prop::sample::select(vec!["auto", "'+08:00'"]),
        (max, depth, limit) in (1u64.., 0u32..1000, 1u64..u64::from(u32::MAX)),
        (flag, other) in (any::<bool>(), any::<bool>()),
    ) {
        let text = format!("version: 1
servers:
  a: {{host: a, user: u, password: '${{env.PW}}', encoding: {encoding}, clock_offset: {clock}, data: {{mode: active, ports: 4000-4010, address: 10.0.0.1}}}}
  b: {{host: b, tls: {{mode: implicit, verify: {flag}, ca_file: ca.pem, min: 1.2}}, listing: mlsd, timeouts: {{data: 7s}}}}
steps:
  l: {{list: {{server: a, path: '/{folder}', recursive: true, max_depth: {depth}, hidden: {flag}}}}}
  f: {{filter: {{from: l, exclude: '*.tmp', larger_than: 5KiB, newer_than: 7d, sort: {sort}, reverse: {other}, limit: {limit}}}}}
  d: {{timeout: 5m, retry: {{attempts: 7, backoff: 10ms}}, download: {{from: f, into: out, if_exists: {if_exists}, publish: {publish}, verify: {verify}, flatten: {other}}}}}
  r: {{relay: {{server: a, files: ['/q/*.zip', '/q/${{env.PW}}x'], to: b, into: '/{folder}', chmod: 0640}}}}
  z: {{needs: [r, d], delete: {{from: f, max: {max}, directories: remove_empty}}}}
");
        let env = [("PW", secret.as_str())];
        let compiled = compile(&manifest(&text), &seeing(&env));
        // Some secrets are no text for a path or a pattern.
        prop_assume!(compiled.plan.is_some());
        there_and_back(&text, &env, &[]);
    }
}
