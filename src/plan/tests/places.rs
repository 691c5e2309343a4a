//! What is wrong with steps on places, whatever their order; and that one wrong step hides no other.

use super::super::{Accept, Action};
use super::{blind, compiled, found};

const SERVERS: &str =
    "version: 1\nservers: {a: {host: h}, same: {host: H}, b: {host: b}}\nsteps:\n";

/// Code, text at the place, message and help of each finding.
#[track_caller]
fn findings(steps: &str) -> Vec<(&'static str, String, String, String)> {
    let found = found(&format!("{SERVERS}{steps}"));
    let relevant = found
        .into_iter()
        .filter(|(code, ..)| *code != "server::unused");
    relevant
        .map(|(code, _, at, message, help)| (code, at, message, help))
        .collect()
}

#[track_caller]
fn codes(steps: &str) -> Vec<&'static str> {
    findings(steps).into_iter().map(|(code, ..)| code).collect()
}

const LIST: &str = "  l: {list: {server: a, path: /in, recursive: true}}\n";

#[test]
fn a_wrong_step_hides_no_hazard_between_others() {
    let clash =
        format!("{LIST}  d: {{download: {{from: l, into: o}}}}\n  z: {{delete: {{from: l}}}}\n");
    let hazard = codes(&clash);
    assert_eq!(hazard, ["hazard::delete"]);
    for wrong in [
        "  w: {fetch: {}}\n",
        "  w: {list: {server: nobody}}\n",
        "  w: {needs: v, list: {server: b, empty: fail}}\n  v: {needs: w, list: {server: b, empty: fail}}\n",
        "  w: {download: {server: a, files: '/in/*', to: x}}\n",
    ] {
        let codes = codes(&format!("{clash}{wrong}"));
        assert!(codes.contains(&"hazard::delete"), "{wrong}: {codes:?}");
        assert!(codes.len() > 1, "{wrong}: {codes:?}");
    }
}

/// What a wrong step waits for is not wholly known, so its dependents may be in order after all.
#[test]
fn what_waits_for_a_wrong_step_is_no_hazard_yet() {
    let steps = format!(
        "{LIST}  d: {{download: {{from: l, into: o}}}}\n  w: {{relay: {{from: d, too: b, into: x}}}}\n  z: {{needs: w, delete: {{from: l}}}}\n"
    );
    assert!(!codes(&steps).contains(&"hazard::delete"));
    let typo = format!(
        "{LIST}  deep: {{download: {{from: l, into: o}}}}\n  z: {{needs: deap, delete: {{from: l}}}}\n"
    );
    assert_eq!(codes(&typo), ["step::unknown_step"]);
}

#[test]
fn sources_of_several_sides_is_an_error_that_says_what_to_write() {
    let steps = format!(
        "{LIST}  keep: {{download: {{from: l, into: o}}}}\n  up: {{upload: {{files: 'x/*', to: b, into: /x}}}}\n  z: {{delete: {{sources_of: [keep, up]}}}}\n"
    );
    let expected = (
        "step::several_sides",
        "[keep, up]".to_owned(),
        "`z` can never delete a file: those of `keep` are on a, those of `up` on this machine, and none arrived by both".to_owned(),
        "write a step for each side: `delete: { sources_of: keep }` and `delete: { sources_of: up }`".to_owned(),
    );
    assert_eq!(findings(&steps), [expected]);
    // Two entries of one server are one side.
    let same = format!(
        "{LIST}  m: {{list: {{server: same, path: /in, recursive: true}}}}\n  keep: {{download: {{from: l, into: o}}}}\n  \
         up: {{relay: {{from: m, to: b, into: /x}}}}\n  z: {{delete: {{sources_of: [keep, up]}}}}\n"
    );
    assert_eq!(codes(&same), Vec::<&str>::new());
}

#[test]
fn what_is_not_verified_is_said_to_be_never_deleted() {
    let steps = |options: &str, accept: &str| {
        format!(
            "{LIST}  k: {{download: {{from: l, into: o{options}}}}}\n  z: {{delete: {{sources_of: k{accept}}}}}\n"
        )
    };
    let [(code, at, message, help)] = &findings(&steps(", verify: none", ""))[..] else {
        panic!("one finding");
    };
    assert_eq!((*code, at.as_str()), ("step::unproven", "k"));
    assert_eq!(
        message,
        "`z` can never delete a file: with `verify: none`, `k` proves none"
    );
    assert!(help.contains("write `verify: size` in `k`"), "{help}");
    assert_eq!(codes(&steps(", type: ascii", "")), ["step::unproven"]);
    assert_eq!(
        codes(&steps(", verify: none", ", accept: reply")),
        Vec::<&str>::new()
    );
    assert_eq!(codes(&steps("", "")), Vec::<&str>::new());
}

#[test]
fn a_mirror_that_would_clear_itself_is_warned_of() {
    let mirror = "  up: {upload: {files: 'site/**', to: a, into: /www}}\n  there: {needs: up, list: {server: same, path: /www/., recursive: true}}\n  \
                  old: {filter: {from: there, exclude: index.html}}\n  clean: {delete: {from: old}}\n";
    let [(code, _, message, help)] = &findings(mirror)[..] else {
        panic!("one finding: {:?}", findings(mirror));
    };
    assert_eq!(*code, "step::mirror");
    assert!(
        message.contains("`clean` deletes what stands where `up` puts files"),
        "{message}"
    );
    assert!(
        help.contains("`delete: { extras_of: up }`") && help.contains("`older_than`"),
        "{help}"
    );
    for fine in [
        mirror.replace("exclude: index.html", "older_than: 30d"),
        mirror.replace("/www/.", "/elsewhere"),
        mirror.replace("server: same", "server: b"),
        mirror
            .replace("site/**", "site/**/*.html")
            .replace("exclude: index.html", "include: '*.log'"),
    ] {
        assert_eq!(codes(&fine), Vec::<&str>::new(), "{fine}");
    }
    let deep = mirror.replace("path: /www/.", "path: /");
    assert_eq!(codes(&deep), ["step::mirror"]);
    // The folder is emptied first, and then filled.
    let first = "  there: {list: {server: a, path: /www}}\n  clean: {delete: {from: there}}\n  \
                 up: {needs: clean, upload: {files: 'site/*', to: a, into: /www}}\n";
    assert_eq!(codes(first), Vec::<&str>::new());
}

#[test]
fn a_copy_onto_itself_that_can_be_seen_is_an_error_with_both_places() {
    let steps = format!("{LIST}  r: {{relay: {{from: l, to: same, into: /x/../in/}}}}\n");
    let expected = (
        "step::onto_itself",
        "/x/../in/".to_owned(),
        "`r` would copy `a:/in` onto itself: `same:/x/../in/` is the same folder".to_owned(),
        "name another folder in `into`, or another server in `to`".to_owned(),
    );
    assert_eq!(findings(&steps), [expected]);
    assert_eq!(
        codes(&steps.replace("/x/../in/", "/in/new")),
        Vec::<&str>::new()
    );
    assert_eq!(
        codes(&steps.replace("to: same", "to: b")),
        Vec::<&str>::new()
    );
    let short = "  r: {relay: {server: a, files: '/in/*.zip', to: a, into: /in}}\n";
    assert_eq!(codes(short), ["step::onto_itself"]);
    // Files of folders below come to lie beside the others.
    let flat = steps.replace("to: same,", "to: same, flatten: true,");
    assert_eq!(codes(&flat), Vec::<&str>::new());
}

#[test]
fn direct_is_warned_of_where_it_overwrites() {
    let steps = |options: &str| {
        format!("{LIST}  k: {{download: {{from: l, into: o, publish: direct{options}}}}}\n")
    };
    assert_eq!(codes(&steps("")), ["options::direct"]);
    assert_eq!(codes(&steps(", if_exists: overwrite")), ["options::direct"]);
    assert_eq!(codes(&steps(", if_exists: fail")), Vec::<&str>::new());
    let allowed = format!("allow: options::direct\n{SERVERS}{}", steps(""));
    let left = found(&allowed);
    assert!(
        left.iter().all(|(code, ..)| *code == "server::unused"),
        "{left:?}"
    );
    // One line of `defaults` is warned of once.
    let text = format!(
        "defaults: {{publish: direct}}\n{SERVERS}{LIST}  k: {{download: {{from: l, into: o}}}}\n  j: {{download: {{from: l, into: p}}}}\n"
    );
    let direct = found(&text)
        .into_iter()
        .filter(|(code, ..)| *code == "options::direct");
    assert_eq!(direct.count(), 1);
}

#[test]
fn a_pattern_whose_folders_cannot_be_read_is_an_error() {
    let steps = "  k: {download: {server: a, files: '/in/[a/b]c/*.zip', into: o}}\n";
    let [(code, at, message, _)] = &findings(steps)[..] else {
        panic!("one finding: {:?}", findings(steps));
    };
    assert_eq!(
        (*code, at.as_str()),
        ("value::pattern", "'/in/[a/b]c/*.zip'")
    );
    assert!(message.contains("cannot be read as"), "{message}");
}

#[test]
fn accept_says_what_counts_as_arrived() {
    let steps = |accept: &str| {
        format!(
            "{LIST}  k: {{download: {{from: l, into: o}}}}\n  z: {{delete: {{sources_of: k{accept}}}}}\n"
        )
    };
    let accepts = |accept: &str| {
        let text = format!("{SERVERS}{}", steps(accept));
        let compiled = compiled(&text, &blind());
        let plan = compiled.printable.unwrap().plan;
        match plan.steps.last().map(|step| step.action.clone()) {
            Some(Action::Delete(delete)) => delete.taking.accept,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(accepts(""), [Accept::Copy]);
    assert_eq!(accepts(", accept: reply"), [Accept::Reply]);
    assert_eq!(
        accepts(", accept: [copy, reply, copy]"),
        [Accept::Copy, Accept::Reply]
    );
    assert_eq!(
        codes(&steps(", accept: [copy, ledger]")),
        ["step::no_ledger"]
    );
    assert_eq!(codes(&steps(", accept: word")), ["value::bad"]);
}

const KEEP: &str = "  keep: {download: {from: l, into: o}}\n";
const SOURCES: &str = "  d: {delete: {sources_of: keep}}\n";
const COPIES: &str = "  z: {needs: d, delete: {from: keep, copies: true}}\n";

#[test]
fn a_transfer_of_which_nothing_is_left_is_a_warning_that_names_both_steps() {
    let steps = format!("{LIST}{KEEP}{SOURCES}{COPIES}");
    let expected = (
        "step::nothing_left",
        "{from: keep, copies: true}".to_owned(),
        "`z` deletes the copies that `keep` made, and `d` their sources before: nothing of these files is left".to_owned(),
        "take one of the two steps out, or bring the copies on by a further transfer".to_owned(),
    );
    assert_eq!(findings(&steps), [expected]);
}

#[test]
fn what_is_deleted_by_a_list_or_a_part_is_left_nowhere_either() {
    const PART: &str = "  p: {filter: {from: l, include: '*.zip'}}\n";
    const BY_LIST: &str = "  d: {needs: keep, delete: {from: l}}\n";
    const SOME: &str = "  c: {filter: {from: keep, include: '*.zip'}}\n  z: {needs: d, delete: {from: c, copies: true}}\n";
    for steps in [
        format!("{LIST}{KEEP}{BY_LIST}{COPIES}"),
        format!("{LIST}{KEEP}{SOURCES}{SOME}"),
        format!("{LIST}{PART}  keep: {{download: {{from: p, into: o}}}}\n{BY_LIST}{COPIES}"),
    ] {
        assert_eq!(codes(&steps), ["step::nothing_left"], "{steps}");
    }
}

#[test]
fn a_transfer_that_comes_too_late_brings_nothing() {
    for late in [
        "  up: {needs: z, upload: {from: keep, to: b, into: /x}}\n",
        "  up: {needs: d, relay: {from: l, to: b, into: /x}}\n",
    ] {
        let steps = format!("{LIST}{KEEP}{SOURCES}{COPIES}{late}");
        assert!(codes(&steps).contains(&"step::nothing_left"), "{steps}");
    }
}

#[test]
fn what_stands_elsewhere_or_was_not_deleted_before_is_no_such_thing() {
    const ONWARD: &str = "  up: {upload: {from: keep, to: b, into: /x}}\n";
    const ALSO: &str = "  up: {relay: {from: l, to: b, into: /x}}\n";
    const LATE: &str = "  z: {needs: [d, up], delete: {from: keep, copies: true}}\n";
    const PART: &str =
        "  p: {filter: {from: l, include: '*.zip'}}\n  q: {filter: {from: l, include: '*.txt'}}\n";
    for steps in [
        format!("{LIST}{KEEP}{ONWARD}{SOURCES}{LATE}"),
        format!("{LIST}{KEEP}{ALSO}{SOURCES}{LATE}"),
        format!("{LIST}{KEEP}  z: {{delete: {{from: keep, copies: true}}}}\n"),
        format!(
            "{LIST}{KEEP}  z: {{delete: {{from: keep, copies: true}}}}\n  d: {{needs: z, delete: {{sources_of: keep}}}}\n"
        ),
        format!(
            "{LIST}{PART}  keep: {{download: {{from: p, into: o}}}}\n  d: {{needs: keep, delete: {{from: q}}}}\n{COPIES}"
        ),
    ] {
        assert!(!codes(&steps).contains(&"step::nothing_left"), "{steps}");
    }
}

/// A step that waits for `bad`, which runs only after a failure of `keep`.
fn after_bad(keep: &str, bad: &str, rest: &str) -> String {
    format!(
        "{LIST}  keep: {{download: {{from: l, into: o}}{keep}}}\n  copy: {{relay: {{from: l, to: b, into: /c}}}}\n  \
         bad: {{upload: {{files: f, to: b, into: /m}}, needs: [keep{bad}], when: failure}}\n{rest}"
    )
}

#[test]
fn a_step_that_needs_a_success_and_a_failure_of_one_step_never_runs() {
    let late = "  late: {upload: {files: g, to: b, into: /n}, needs: [keep, bad]}\n";
    let last = "  last: {upload: {files: h, to: b, into: /n/h}, needs: [late]}\n";
    let found = findings(&after_bad("", "", &format!("{late}{last}")));
    let [(code, at, message, _)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(*code, "step::never_runs");
    assert_eq!(at, "{files: g, to: b, into: /n}");
    assert_eq!(
        message,
        "`late` does not run without a success of `keep`, and it needs `bad`, which runs only after a failure of it: it would never run"
    );
    for (bad, rest) in [
        // Through others: what is taken from `keep`, and what runs after `bad`.
        (
            "",
            "  late: {relay: {server: a, files: /q/x, to: b, into: /n}, needs: [good, then]}
  then: {upload: {files: i, to: b, into: /i}, needs: [bad]}
  good: {upload: {from: keep, to: b, into: /k}}\n",
        ),
        (
            ", copy",
            "  late: {upload: {files: g, to: b, into: /n}, needs: [keep, copy, bad]}\n",
        ),
        // Its own condition.
        (
            "",
            "  late: {upload: {from: some, to: b, into: /n}, needs: [keep], when: failure}
  some: {filter: {from: keep, include: '*.zip'}}\n",
        ),
    ] {
        assert_eq!(
            codes(&after_bad("", bad, rest)),
            ["step::never_runs"],
            "{rest}"
        );
    }
}

#[test]
fn a_step_that_one_of_several_failures_or_a_part_lets_run_is_none_that_never_does() {
    let late = |keys: &str| format!("  late: {{upload: {{files: g, to: b, into: /n}}, {keys}}}\n");
    let none: [&str; 0] = [];
    for (keep, bad, keys) in [
        ("", "", "needs: [bad]"),
        ("", "", "needs: [keep, bad], when: always"),
        ("", ", copy", "needs: [keep, bad]"),
        (", on_error: continue", "", "needs: [keep, bad]"),
    ] {
        assert_eq!(
            codes(&after_bad(keep, bad, &late(keys))),
            none,
            "{keep} {bad} {keys}"
        );
    }
}
