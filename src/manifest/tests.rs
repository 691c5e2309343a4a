//! Reading as a whole: what users write, what they get wrong, and what nobody should feed us.

use proptest::prelude::*;

use super::*;
use crate::kind::StepKind;

/// The manifest of the documentation.
const RELEASE: &str = concat!(
    "# yaml-language-server: $schema=../schemas/ftpflow.schema.json\n",
    include_str!("../../tests/manifests/example.yaml")
);

/// Anchors, merges, blocks, every form of a server and CJK names.
const RICH: &str = r#"version: 1
description: >
  每晚发布：两个镜像
x-common: &common
  retry: {attempts: 2, backoff: 5s}
  timeout: 1h 30m
servers:
  甲: &甲
    host: "10.0.0.1"
    tls: {mode: implicit, verify: false, min: 1.2}
    data: {mode: active, ports: 50000-50100}
    timeouts: {connect: 5s}
  乙:
    <<: *甲
    host: 10.0.0.2
    data: passive
defaults: {on_error: continue, if_exists: skip, type: ascii}
steps:
  登录:
    login: {server: 甲, commands: [SITE UMASK 022, 'NOOP']}
  下载:
    <<: *common
    needs: 登录
    download: {server: 甲, files: [/版本/*.zip, /a], into: 本地, type: binary}
"#;

fn read(text: &str) -> Read {
    Manifest::read("m.yaml", text.as_bytes())
}

#[track_caller]
fn manifest(text: &str) -> Manifest {
    let read = read(text);
    assert_eq!(read.findings, []);
    read.manifest.unwrap()
}

fn codes(read: &Read) -> Vec<&'static str> {
    read.findings.iter().map(|finding| finding.code).collect()
}

/// The one finding of a text, as (code, marked text, line, column).
#[track_caller]
fn only(text: &str) -> (&'static str, String, usize, usize) {
    let read = read(text);
    assert_eq!(read.findings.len(), 1, "{:#?}", read.findings);
    let finding = &read.findings[0];
    let position = read.source.position(finding.place.start);
    assert!(finding.help.is_some());
    (
        finding.code,
        read.source.slice(finding.place).to_owned(),
        position.line,
        position.column,
    )
}

#[track_caller]
fn step(manifest: &Manifest, name: &str) -> model::Step {
    let steps = manifest.steps.get().unwrap();
    steps
        .iter()
        .find(|(step, _)| step == name)
        .unwrap()
        .1
        .get()
        .unwrap()
        .clone()
}

#[track_caller]
fn server(manifest: &Manifest, name: &str) -> model::Server {
    let servers = manifest.servers.get().unwrap();
    servers
        .iter()
        .find(|(server, _)| server == name)
        .unwrap()
        .1
        .get()
        .unwrap()
        .clone()
}

fn is(text: &str) -> Slot<Text> {
    Slot::Is(text.to_owned())
}

#[test]
fn the_manifest_of_the_documentation_is_read() {
    let manifest = manifest(RELEASE);
    assert_eq!(manifest.version, is("1"));
    assert_eq!(
        manifest.vars,
        Slot::Is(vec![("series".to_owned(), is("2.4"))])
    );
    let list = step(&manifest, "builds").list.get().unwrap().clone();
    assert_eq!(
        (list.server, list.path, list.recursive),
        (is("build"), is("/file/download/bbb/版本"), is("true"))
    );
    assert!(list.hidden.is_absent());
    let delete = step(&manifest, "tidy").delete.get().unwrap().clone();
    assert_eq!(
        delete.sources_of.get().unwrap().items,
        [is("keep"), is("publish")]
    );
    assert_eq!(
        server(&manifest, "mirror").tls,
        Slot::Is(WordOr::Word("explicit".to_owned()))
    );
    let names = Vec::from_iter(
        manifest
            .steps
            .get()
            .unwrap()
            .iter()
            .map(|(name, _)| name.as_str()),
    );
    assert_eq!(names, ["builds", "archives", "keep", "publish", "tidy"]);
}

#[test]
fn shorthands_merges_and_groups_are_read() {
    let manifest = manifest(RICH);
    let b = server(&manifest, "乙");
    assert_eq!(b.host, is("10.0.0.2"));
    assert_eq!(b.data, Slot::Is(WordOr::Word("passive".to_owned())));
    let Slot::Is(WordOr::Map(tls)) = b.tls else {
        panic!("tls is merged")
    };
    assert_eq!(
        (tls.mode, tls.verify, tls.min),
        (is("implicit"), is("false"), is("1.2"))
    );
    let step = step(&manifest, "下载");
    assert_eq!(
        step.common.needs,
        Slot::Is(OneOrMany {
            listed: false,
            items: vec![is("登录")]
        })
    );
    assert_eq!(step.common.retry.get().unwrap().backoff, is("5s"));
    let download = step.download.get().unwrap();
    assert_eq!(download.transfer.r#type, is("binary"));
    assert!(download.unknown.is_empty());
    let defaults = manifest.defaults.get().unwrap();
    assert_eq!(
        (&defaults.on_error, &defaults.transfer.if_exists),
        (&is("continue"), &is("skip"))
    );
    assert_eq!(manifest.description, is("每晚发布：两个镜像\n"));
}

#[test]
fn scalars_keep_their_own_text() {
    let manifest = manifest(
        "vars: {a: 2.10, b: 0123, c: yes, d: 0x1F, e: \"~\", f: 'null', g: 1_000, h: !!str 007}",
    );
    let vars = Vec::from_iter(
        manifest
            .vars
            .get()
            .unwrap()
            .iter()
            .map(|(_, value)| value.get().unwrap().as_str()),
    );
    assert_eq!(
        vars,
        ["2.10", "0123", "yes", "0x1F", "~", "null", "1_000", "007"]
    );
}

#[test]
fn a_key_without_a_value_is_null_and_marked_at_the_key() {
    let manifest = manifest("vars:\n  a:\n  b: ~\n\n  c: null\n  d: # x\nsteps:\n");
    let vars = manifest.vars.get().unwrap();
    assert!(
        vars.iter().all(|(_, value)| *value == Slot::Null),
        "{vars:?}"
    );
    assert_eq!(manifest.steps, Slot::Null);
    let source = read("vars:\n  a:\n  b: ~\n\n  c: null\n  d: # x\nsteps:\n").source;
    assert_eq!(source.slice(manifest.place(&"vars.a".into())), "a");
    assert_eq!(source.slice(manifest.place(&"vars.b".into())), "~");
    assert!(source.comment_follows(manifest.place(&"vars.d".into())));
}

#[test]
fn values_of_the_wrong_sort_are_bad_and_hide_nothing() {
    let manifest = manifest(
        "servers: [a]\nsteps:\n  a: {list: [x], delete: {from: {x: y}, max: [1, {b: c}], files: [{a: b}, c, ~], nix: {a: [b]}, directories: keep}, timeout: [], retry: 4, jobs: 3}\n  b: text\n  c: {relay: {into: /x}}\n",
    );
    assert_eq!(manifest.servers, Slot::Bad);
    let a = step(&manifest, "a");
    assert_eq!(a.list, Slot::Bad);
    let delete = a.delete.get().unwrap();
    assert_eq!(
        (&delete.from, &delete.max, &delete.directories),
        (&Slot::Bad, &Slot::Bad, &is("keep"))
    );
    assert_eq!(
        delete.files.get().unwrap().items,
        [Slot::Bad, is("c"), Slot::Null]
    );
    assert_eq!(delete.unknown, ["nix"]);
    assert_eq!(
        (a.common.timeout, a.common.retry, a.unknown),
        (Slot::Bad, Slot::Bad, vec!["jobs".to_owned()])
    );
    assert_eq!(manifest.steps.get().unwrap()[1].1, Slot::Bad);
    assert_eq!(step(&manifest, "c").relay.get().unwrap().into, is("/x"));
}

#[test]
fn unknown_keys_at_the_top_are_kept_and_extensions_left_alone() {
    let manifest = manifest("x-mine: {a: b}\nverison: 1\nsteps: {}\n");
    assert_eq!(manifest.unknown, ["verison"]);
    assert_eq!(
        suggest("verison", Manifest::KEYS.iter().copied()),
        Some("version")
    );
}

#[test]
fn keys_are_those_of_the_fields_and_their_groups() {
    assert_eq!(model::Filter::keys()[4], "type");
    assert_eq!(
        model::Download::keys()[..5],
        ["from", "server", "files", "into", "if_exists"]
    );
    let words: Vec<&str> = StepKind::words().collect();
    assert_eq!(model::Step::keys()[..words.len()], words);
    assert!(model::Defaults::keys().contains(&"type"));
}

#[test]
fn every_value_is_found_by_its_path() {
    let read = read(RICH);
    let manifest = read.manifest.as_ref().unwrap();
    let at = |path: &str| read.source.slice(manifest.place(&path.into()));
    let key = |path: &str| read.source.slice(manifest.key_place(&path.into()));
    assert_eq!(at("steps.下载.download.files[1]"), "/a");
    assert_eq!(at("servers.甲.tls.mode"), "implicit");
    assert_eq!(
        at("servers.甲.tls"),
        "{mode: implicit, verify: false, min: 1.2}"
    );
    assert_eq!(key("steps.下载.download.into"), "into");
    assert_eq!(
        at("steps.登录"),
        "login: {server: 甲, commands: [SITE UMASK 022, 'NOOP']}"
    );
    let merged = manifest.locate(&"servers.乙.tls.verify".into());
    assert_eq!(
        (read.source.slice(merged.value), merged.whole),
        ("false", true)
    );
    assert_eq!(merged.via.map(|via| read.source.slice(via)), Some("*甲"));
    assert_eq!(manifest.locate(&"servers.乙.host".into()).via, None);
}

#[test]
fn a_path_that_does_not_exist_is_found_as_far_as_it_does() {
    let manifest = manifest(RELEASE);
    let location = manifest.locate(&"steps.tidy.delete.directories".into());
    assert!(!location.whole);
    assert_eq!(
        location.key,
        manifest.key_place(&"steps.tidy.delete".into())
    );
}

#[test]
fn doubled_keys_are_refused_at_both_places_and_the_first_stays() {
    let read = read("vars:\n  版本: 1\n  b: 2\n  \"版本\": 3\n  b: 4\n");
    assert_eq!(codes(&read), ["ftpflow::yaml::duplicate_key"; 2]);
    let finding = &read.findings[0];
    assert_eq!(
        read.source.position(finding.place.start),
        Position { line: 4, column: 3 }
    );
    assert_eq!(
        read.source.position(finding.related[0].0.start),
        Position { line: 2, column: 3 }
    );
    assert_eq!(read.manifest.unwrap().vars.get().unwrap()[0].1, is("1"));
}

#[test]
fn doubled_keys_are_found_in_large_maps() {
    let mut text = String::from("vars:\n");
    (0..500).for_each(|at| text.push_str(&format!("  k{at}: v\n")));
    text.push_str("  k77: w\n");
    assert_eq!(
        only(&text),
        ("ftpflow::yaml::duplicate_key", "k77".to_owned(), 502, 3)
    );
    let manifest = read(&text).manifest.unwrap();
    assert_eq!(
        manifest.place(&"vars.k499".into()),
        manifest.locate(&"vars.k499".into()).value
    );
    assert!(manifest.locate(&"vars.k499".into()).whole);
}

#[test]
fn merges_take_the_first_and_refuse_what_is_no_map() {
    let read = read(
        "a: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\nvars: {<<: [*a, *b], l: 3}\nc: {<<: text, x: y}\n",
    );
    assert_eq!(codes(&read), ["ftpflow::yaml::bad_merge"]);
    let vars = read.manifest.unwrap().vars;
    let expected =
        [("l", "3"), ("k", "1"), ("m", "2")].map(|(key, value)| (key.to_owned(), is(value)));
    assert_eq!(vars, Slot::Is(expected.to_vec()));
}

#[test]
fn what_reading_has_said_is_known_to_be_said() {
    let read = read("steps:\n  a: {filter: {from: b, include: *.zip, limit: [3]}}\n");
    assert_eq!(codes(&read), ["ftpflow::yaml::unknown_alias"]);
    let manifest = read.manifest.unwrap();
    assert_eq!(
        step(&manifest, "a").filter.get().unwrap().include,
        Slot::Bad
    );
    assert!(manifest.is_reported(&"steps.a.filter.include".into()));
    assert!(!manifest.is_reported(&"steps.a.filter.limit".into()));
}

#[test]
fn a_syntax_error_in_one_step_hides_no_other() {
    let read = read(
        "servers:\n  x: {host: @a}\nsteps:\n  a: {list: {server: ${vars.s}}}\n  b: {list: {path: 'x}}\n  c:\n    list: {server: x]\n  d: {list: {server: x}}\n",
    );
    assert_eq!(
        codes(&read),
        [
            "ftpflow::yaml::reserved_character",
            "ftpflow::yaml::unquoted_variable",
            "ftpflow::yaml::syntax",
            "ftpflow::yaml::syntax"
        ]
    );
    let lines = Vec::from_iter(
        read.findings
            .iter()
            .map(|finding| read.source.position(finding.place.start).line),
    );
    assert_eq!(lines, [2, 4, 5, 7]);
    let manifest = read.manifest.unwrap();
    assert_eq!(step(&manifest, "d").list.get().unwrap().server, is("x"));
    let slots = Vec::from_iter(
        manifest
            .steps
            .get()
            .unwrap()
            .iter()
            .map(|(name, slot)| (name.as_str(), slot.get().is_some())),
    );
    assert_eq!(
        slots,
        [("a", false), ("b", false), ("c", false), ("d", true)]
    );
    assert!(manifest.is_reported(&"steps.a".into()) && manifest.is_reported(&"servers.x".into()));
    assert!(!manifest.is_reported(&"steps.d".into()) && !manifest.lacks_names());
}

#[test]
fn a_file_that_is_no_manifest_is_refused() {
    assert_eq!(only(""), ("ftpflow::yaml::empty", String::new(), 1, 1));
    assert_eq!(only("# nothing\n\n").0, "ftpflow::yaml::empty");
    assert_eq!(only("---\n").0, "ftpflow::yaml::empty");
    assert_eq!(
        only("- a\n- b\n"),
        ("ftpflow::yaml::not_a_map", "- a".to_owned(), 1, 1)
    );
    assert_eq!(only("some words\n").0, "ftpflow::yaml::not_a_map");
    assert_eq!(
        only("a: 1\n--- \nb: 2\n"),
        ("ftpflow::yaml::second_document", "---".to_owned(), 2, 1)
    );
    assert_eq!(
        only("a: \0b\n"),
        ("ftpflow::yaml::control_character", "\0".to_owned(), 1, 4)
    );
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let read = Manifest::read("m", "\u{feff}version: 1\na: 1\na: 2\n".as_bytes());
    assert_eq!(codes(&read), ["ftpflow::yaml::duplicate_key"]);
    assert_eq!(read.source.slice(read.findings[0].place), "a");
    assert_eq!(
        read.source
            .slice(read.manifest.unwrap().place(&"version".into())),
        "1"
    );
}

#[test]
fn bytes_that_are_not_utf8_are_refused_at_their_offset() {
    let read = Manifest::read("m", b"name: \xb0\xe6\xb1\xbe\n");
    assert_eq!(codes(&read), ["ftpflow::yaml::not_utf8"]);
    assert_eq!(read.findings[0].place, Place::new(6, 9));
    assert!(read.findings[0].message.contains("byte 6"));
    let utf16 = Manifest::read("m", b"\xff\xfea\0");
    assert!(
        utf16.findings[0]
            .help
            .as_deref()
            .unwrap()
            .contains("UTF-16")
    );
}

#[test]
fn files_that_are_too_large_are_refused_unread() {
    let read = Manifest::read("m", &b"- ".repeat(50 << 20));
    assert_eq!(codes(&read), ["ftpflow::yaml::too_large"]);
    assert_eq!(read.source.text(), "");
}

#[test]
fn deep_nesting_is_refused_where_it_begins() {
    for text in [
        "{a: ".repeat(100_000),
        "[".repeat(100_000),
        "- ".repeat(100_000),
    ] {
        let read = read(&text);
        assert_eq!(codes(&read), ["ftpflow::yaml::too_deep"]);
        assert!(read.findings[0].place.start < 1_000);
        assert!(read.manifest.is_none());
    }
    assert_eq!(only(&"{a:".repeat(100_000)).0, "ftpflow::yaml::syntax");
    let deepest = format!("{}{}", "a: [".to_owned() + &"[".repeat(62), "]".repeat(63));
    assert_eq!(codes(&read(&deepest)), Vec::<&str>::new());
    assert_eq!(
        only(&deepest.replace("[]", "[[]]")).0,
        "ftpflow::yaml::too_deep"
    );
}

#[test]
fn aliases_cannot_nest_deeper_than_the_file_could() {
    let mut text = format!("a0: &a0 {}{}\n", "[".repeat(40), "]".repeat(40));
    text.push_str(&format!("b: {}*a0{}\n", "[".repeat(30), "]".repeat(30)));
    assert_eq!(only(&text).0, "ftpflow::yaml::too_deep");
}

#[test]
fn aliases_of_aliases_are_refused_by_count() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for at in 1..10 {
        let before = vec![format!("*a{}", at - 1); 10].join(", ");
        text.push_str(&format!("a{at}: &a{at} [{before}]\n"));
    }
    let read = read(&text);
    assert_eq!(codes(&read), ["ftpflow::yaml::too_many_values"]);
    assert!(read.manifest.is_none());
}

#[test]
fn merged_maps_are_counted_too() {
    let keys = String::from_iter((0..2_000).map(|at| format!("k{at}: v, ")));
    let merges = "- {<<: *a}\n".repeat(1_000);
    assert_eq!(
        only(&format!("a: &a {{{keys}}}\nb:\n{merges}")).0,
        "ftpflow::yaml::too_many_values"
    );
}

#[test]
fn flat_floods_are_refused_by_count_and_doubled_keys_are_not_listed_forever() {
    let flood = read(&"- \n".repeat(1_500_000));
    assert_eq!(codes(&flood), ["ftpflow::yaml::too_many_values"]);
    let doubled = read(&"a: 1\n".repeat(10_000));
    assert_eq!(doubled.findings.len(), 1_001);
    assert!(
        doubled
            .findings
            .iter()
            .any(|f| f.code == "ftpflow::yaml::more" && f.message.starts_with("8999 more"))
    );
}

#[test]
fn an_alias_inside_its_own_anchor_is_refused() {
    assert_eq!(
        only("a: &x {b: [*x]}\n"),
        ("ftpflow::yaml::recursive_alias", "*x".to_owned(), 1, 12)
    );
}

#[test]
fn noise_is_refused_without_reading_it_again_and_again() {
    let noise = "a: [b, {c: 'd\n}]%@`x: - y: \n".repeat(200_000);
    assert!(!read(&noise).findings.is_empty());
    assert!(read(&noise).manifest.is_none());
}

#[test]
fn an_alias_to_a_broken_value_is_broken_and_no_second_mistake() {
    let read = read("vars: {a: &x !tag b, c: *x}\n");
    assert_eq!(codes(&read), ["ftpflow::yaml::tag"]);
    assert!(
        read.manifest
            .unwrap()
            .vars
            .get()
            .unwrap()
            .iter()
            .all(|(_, slot)| *slot == Slot::Bad)
    );
}

#[test]
fn messages_never_quote_values() {
    for text in [
        "password: hunter2: x\n",
        "password: 'hunter2\n",
        "password: 'a' hunter2\n",
        "password: \"hun\\hunter2\"\n",
        "password: [a]hunter2\n",
        "password: !hunter2\n",
        "password: &hunter2\n",
        "password: @hunter2\n",
        "s: {password: hunter2， x: y}\n",
        "s: {password: ${env.X:-hunter2}}\n",
        "s: [password: hunter2\nb: c\n",
    ] {
        let read = read(text);
        assert!(!read.findings.is_empty(), "{text}");
        let said = format!("{:?}", read.findings);
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn every_code_is_listed_once() {
    assert!(YAML_CODES.is_sorted());
    assert!(
        YAML_CODES
            .iter()
            .all(|code| code.starts_with("ftpflow::yaml::"))
    );
}

#[track_caller]
fn holds(read: &Read) {
    let text = read.source.text();
    let inside = |place: Place| {
        place.start <= place.end
            && text.is_char_boundary(place.start as usize)
            && text.is_char_boundary(place.end as usize)
    };
    for finding in &read.findings {
        assert!(inside(finding.place), "{finding:?} in {text:?}");
        assert!(
            finding.related.iter().all(|(place, _)| inside(*place)),
            "{finding:?} in {text:?}"
        );
        assert!(YAML_CODES.contains(&finding.code));
        let (start, end) = read.source.positions(finding.place);
        assert!(start <= end);
    }
    assert!(
        read.manifest.is_some() || !read.findings.is_empty(),
        "refused in silence: {text:?}"
    );
    let Some(tree) = read.manifest.as_ref().and_then(Manifest::tree) else {
        return;
    };
    assert!(tree.nodes().all(|node| inside(node.place)), "{text:?}");
    for node in tree.nodes() {
        for entry in node.as_map().map(Map::entries).unwrap_or_default() {
            assert!(
                inside(entry.key_place) && entry.via.is_none_or(inside),
                "{text:?}"
            );
        }
    }
}

/// A change that a person, or a bad editor, makes to a file.
#[derive(Debug, Clone)]
enum Edit {
    Insert(&'static str),
    Delete(usize),
    Repeat(usize),
    Swap,
}

fn edit() -> impl Strategy<Value = (prop::sample::Index, Edit)> {
    let pieces = [
        "\t",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\r",
        "：",
        "，",
        "版",
        "é",
        "*",
        "&",
        "&a ",
        "*a",
        "<<: ",
        "!",
        "!!str ",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        ": ",
        "- ",
        "? ",
        "|",
        ">",
        "|2\n",
        "'",
        "\"",
        "\\",
        "#",
        " #",
        "%",
        "@",
        "`",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "~",
        "${",
        "}",
        "\u{feff}",
        "\u{85}",
        "\u{2028}",
        "\0",
        "\u{1b}",
        "🦀",
    ];
    let change = prop_oneof![
        4 => prop::sample::select(Vec::from(pieces)).prop_map(Edit::Insert),
        2 => (1..30usize).prop_map(Edit::Delete),
        1 => (1..60usize).prop_map(Edit::Repeat),
        1 => Just(Edit::Swap),
    ];
    (any::<prop::sample::Index>(), change)
}

fn edited(text: &str, edits: &[(prop::sample::Index, Edit)]) -> String {
    let mut chars = Vec::from_iter(text.chars());
    for (index, edit) in edits {
        let at = index.index(chars.len() + 1);
        let until = |count: usize| (at + count).min(chars.len());
        match edit {
            Edit::Insert(piece) => drop(chars.splice(at..at, piece.chars())),
            Edit::Delete(count) => drop(chars.drain(at..until(*count))),
            Edit::Repeat(count) => {
                let copy = chars[at..until(*count)].to_vec();
                drop(chars.splice(at..at, copy));
            }
            Edit::Swap if at + 1 < chars.len() => chars.swap(at, at + 1),
            Edit::Swap => {}
        }
    }
    String::from_iter(chars)
}

fn mutated() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec![RELEASE, RICH]),
        prop::collection::vec(edit(), 1..8),
    )
        .prop_map(|(text, edits)| edited(text, &edits))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_manifests_are_read_with_every_place_inside_the_file(text in mutated()) {
        holds(&Manifest::read("m", text.as_bytes()));
    }

    #[test]
    fn bytes_are_read_with_every_place_inside_the_file(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(&Manifest::read("m", &bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "takes minutes: FTPFLOW_LONG=1 tests/run"]
    fn long_many_mutated_manifests_are_read_with_every_place_inside_the_file(text in mutated()) {
        holds(&Manifest::read("m", text.as_bytes()));
    }
}
