//! Hazards, as a user meets them.

use super::super::{Hazard, hazards, homes_wanted};
use super::{compiled, found, seeing};

/// Codes, messages and helps of the hazards among these steps.
#[track_caller]
fn hazards_of(steps: &str) -> Vec<(&'static str, String, String)> {
    let text = format!(
        "version: 1\nservers: {{a: {{host: h}}, same: {{host: H}}, b: {{host: b}}}}\nsteps:\n{steps}"
    );
    let found = found(&text);
    let hazards = found
        .into_iter()
        .filter(|(code, ..)| code.starts_with("hazard"));
    hazards
        .map(|(code, _, _, message, help)| (code, message, help))
        .collect()
}

#[track_caller]
fn codes_of(steps: &str) -> Vec<&'static str> {
    hazards_of(steps)
        .into_iter()
        .map(|(code, ..)| code)
        .collect()
}

const LIST: &str = "  l: {list: {server: a, path: /in}}\n";

#[test]
fn a_delete_beside_another_reader_names_the_needs_line() {
    let steps = format!(
        "{LIST}  keep: {{download: {{from: l, into: o}}}}\n  publish: {{relay: {{from: l, to: b, into: /o}}}}\n  tidy: {{delete: {{sources_of: keep}}}}\n"
    );
    let expected = (
        "hazard::delete",
        "`tidy` deletes where `publish` reads, and neither waits for the other".to_owned(),
        "add `needs: [publish]` to `tidy`".to_owned(),
    );
    assert_eq!(hazards_of(&steps), [expected]);
    let ordered = steps.replace("sources_of: keep", "sources_of: [keep, publish]");
    assert_eq!(codes_of(&ordered), Vec::<&str>::new());
}

#[test]
fn an_indirect_edge_orders_too() {
    let steps = format!(
        "{LIST}  keep: {{download: {{from: l, into: o}}}}\n  m: {{needs: keep, list: {{server: b, path: /x, empty: fail}}}}\n  tidy: {{needs: m, delete: {{from: l}}}}\n"
    );
    assert_eq!(codes_of(&steps), Vec::<&str>::new());
}

#[test]
fn what_runs_after_a_failure_never_meets_what_runs_after_the_success_of_the_same() {
    let steps = |keys: &str, when: &str| {
        format!(
            "{LIST}  keep: {{download: {{from: l, into: o}}, {keys}}}\n  \
             m: {{list: {{server: b, path: /m, empty: fail}}, needs: [keep]}}\n  \
             good: {{upload: {{files: 'g/*', to: a, into: /s, publish: direct, if_exists: fail}}, needs: [m]}}\n  \
             bad: {{list: {{server: a, path: /s, empty: fail}}, needs: [keep], when: {when}}}\n"
        )
    };
    let none: [&str; 0] = [];
    assert_eq!(codes_of(&steps("", "failure")), none);
    // What goes on after its failure has both behind it.
    for (keys, when) in [
        ("on_error: continue", "failure"),
        ("", "always"),
        ("", "success"),
    ] {
        assert_eq!(
            codes_of(&steps(keys, when)),
            ["hazard::read_write"],
            "{keys} {when}"
        );
    }
}

#[test]
fn one_of_several_failures_excludes_only_what_needs_them_all() {
    let steps = |needs: &str| {
        format!(
            "{LIST}  keep: {{download: {{from: l, into: o}}}}\n  copy: {{relay: {{from: l, to: b, into: /c}}}}\n  \
             good: {{upload: {{files: 'g/*', to: a, into: /s}}, needs: [{needs}]}}\n  \
             bad: {{list: {{server: a, path: /s, empty: fail}}, needs: [keep, copy], when: failure}}\n"
        )
    };
    let none: [&str; 0] = [];
    assert_eq!(codes_of(&steps("keep, copy")), none);
    assert_eq!(codes_of(&steps("keep")), ["hazard::read_write"]);
}

#[test]
fn writing_where_another_lists_is_an_error() {
    let steps = "  up: {upload: {files: 'x/*', to: a, into: /in/new}}\n  l: {list: {server: a, path: /in, recursive: true, empty: fail}}\n";
    assert_eq!(codes_of(steps), ["hazard::read_write"]);
    assert_eq!(
        codes_of(&steps.replace(", recursive: true", "")),
        Vec::<&str>::new()
    );
    assert_eq!(
        codes_of(&steps.replace("server: a", "server: same")),
        ["hazard::read_write"]
    );
    assert_eq!(
        codes_of(&steps.replace("server: a", "server: b")),
        Vec::<&str>::new()
    );
}

#[test]
fn two_writers_into_one_folder_are_a_warning() {
    let steps = "  x: {download: {server: a, files: '/x/*.zip', into: o}}\n  y: {download: {server: a, files: '/y/*.zip', into: o/./sub}}\n";
    assert_eq!(codes_of(steps), ["hazard::writers"]);
    assert_eq!(
        codes_of(&steps.replace("y/*.zip", "y/*.txt")),
        Vec::<&str>::new()
    );
    let careful = steps.replace("into: o", "if_exists: fail, into: o");
    assert_eq!(codes_of(&careful), Vec::<&str>::new());
}

#[test]
fn a_delete_by_files_where_another_transfers_asks_for_sources_of() {
    let steps = "  keep: {download: {server: a, files: '/in/*.zip', into: o}}\n  tidy: {needs: keep, delete: {server: a, files: '/in/*'}}\n";
    let hazards = hazards_of(steps);
    assert_eq!(hazards.len(), 1);
    assert_eq!(hazards[0].0, "hazard::delete_files");
    assert!(hazards[0].2.contains("sources_of: keep"));
    assert_eq!(
        codes_of(&steps.replace("/in/*'}", "/in/*.tmp'}")),
        Vec::<&str>::new()
    );
    let before = "  tidy: {delete: {server: a, files: '/in/*'}}\n  keep: {needs: tidy, download: {server: a, files: '/in/*.zip', into: o}}\n";
    assert_eq!(codes_of(before), Vec::<&str>::new());
}

#[test]
fn a_list_of_files_claims_only_the_folders_of_its_entries() {
    let clashing = |files: &str, step: &str| {
        let steps = [
            format!("  x: {{download: {{server: a, files: {files}, into: o}}}}\n  y: {{{step}}}\n"),
            format!("  x: {{delete: {{server: a, files: {files}}}}}\n  y: {{{step}}}\n"),
        ];
        steps.map(|steps| codes_of(&steps))
    };
    let none: [Vec<&str>; 2] = [vec![], vec![]];
    let up = "upload: {files: 'd/*', to: a, into: /z}";
    let list = "list: {server: a, path: /z, empty: fail}";
    assert_eq!(clashing("['/a/*.gz', /b/c.txt]", up), none);
    assert_eq!(clashing("['/a/*.gz', /b/c.txt]", list), none);
    let found = [vec!["hazard::read_write"], vec!["hazard::delete"]];
    assert_eq!(clashing("['/a/*.gz', /z/c.txt]", up), found);
    // Deep below a folder, and an alternation that reaches over a `/`.
    assert_eq!(clashing("['/a/*.gz', '/**/c.txt']", up), found);
    assert_eq!(clashing("['/a/*.gz', '/{z,b/d}/*.txt']", up), found);
    assert_eq!(clashing("['/a/*.gz', '/b/{z,b/d}/*.txt']", up), none);
    // Above the other's folder, and only there.
    assert_eq!(clashing("['/a/*.gz', '/*.txt']", up), none);
}

#[test]
fn local_files_claim_only_their_folders() {
    let steps = "  x: {upload: {files: [a/1.txt, b/2.txt], to: a, into: /z}}\n  y: {download: {server: b, files: '/in/*', into: c}}\n";
    assert_eq!(codes_of(steps), Vec::<&str>::new());
    assert_eq!(
        codes_of(&steps.replace("into: c", "into: b")),
        ["hazard::read_write"]
    );
}

#[test]
fn files_that_lose_their_folders_meet_by_their_names() {
    let steps = "  x: {download: {server: a, files: ['/p/a/c.txt', '/p/b/d.txt'], into: o, flatten: true}}\n  \
                 y: {download: {server: a, files: ['/p/x/c.txt', '/p/y/e.txt'], into: o, flatten: true}}\n";
    assert_eq!(codes_of(steps), ["hazard::writers"]);
    assert_eq!(
        codes_of(&steps.replace(", flatten: true", "")),
        Vec::<&str>::new()
    );
}

/// What is proposed, in the order of the file.
#[track_caller]
fn helps_of(steps: &str) -> Vec<String> {
    hazards_of(steps)
        .into_iter()
        .map(|(.., help)| help)
        .collect()
}

#[test]
fn proposed_lines_hold_what_stands_there_already_and_what_others_propose() {
    let steps = "  o: {list: {server: b, path: /o, empty: fail}}\n  \
                 w: {upload: {files: 'w/*', to: a, into: /w}}\n  \
                 v: {upload: {files: 'v/*', to: a, into: /v}}\n  \
                 r: {needs: [o], download: {server: a, files: ['/w/*', '/v/*'], into: r}}\n";
    let mut helps = helps_of(steps);
    assert_eq!(helps.len(), 2);
    helps.dedup();
    assert_eq!(helps, ["write `needs: [o, w, v]` in `r`"]);
    let without = steps.replace("needs: [o], ", "");
    assert_eq!(helps_of(&without)[1], "write `needs: [w, v]` in `r`");
    let pasted = steps.replace("[o]", "[o, w, v]");
    assert_eq!(codes_of(&pasted), Vec::<&str>::new());
    let one = without.replace("['/w/*', '/v/*']", "'/v/*'");
    assert_eq!(helps_of(&one), ["add `needs: [v]` to `r`"]);
}

#[test]
fn a_line_for_an_error_holds_no_warning() {
    let steps = "  w: {upload: {files: 'w/*', to: a, into: /w}}\n  \
                 v: {upload: {files: 'v/*', to: a, into: /v}}\n  \
                 r: {relay: {server: a, files: '/w/*', to: a, into: /v}}\n";
    let found = hazards_of(steps)
        .into_iter()
        .map(|(code, _, help)| (code, help));
    let found: Vec<_> = found.collect();
    let expected = [
        ("hazard::read_write", "add `needs: [w]` to `r`".to_owned()),
        ("hazard::writers", "write `needs: [w, v]` in `r`".to_owned()),
    ];
    assert_eq!(found, expected);
}

#[test]
fn proposed_lines_make_no_circle() {
    // Each writer reads first; if both readers waited for the other's writer, all would wait for each other.
    let steps = "  r1: {download: {server: a, files: '/1/*', into: r1}}\n  \
                 r2: {download: {server: a, files: '/2/*', into: r2}}\n  \
                 w1: {needs: r1, upload: {files: 'w/*', to: a, into: /2}}\n  \
                 w2: {needs: r2, upload: {files: 'w/*', to: a, into: /1}}\n";
    let helps = helps_of(steps);
    assert_eq!(
        helps,
        [
            "add `needs: [w2]` to `r1`",
            "write `needs: [r1, r2]` in `w1`"
        ]
    );
    let pasted = steps.replace("r1: {", "r1: {needs: [w2], ");
    let pasted = pasted.replace("needs: r1", "needs: [r1, r2]");
    let text = format!("version: 1\nservers: {{a: {{host: h}}}}\nsteps:\n{pasted}");
    assert_eq!(found(&text), []);
}

#[test]
fn a_delete_by_files_in_no_order_asks_for_sources_of_at_once() {
    let keep = |name: &str, files: &str| {
        format!("  {name}: {{download: {{server: a, files: '{files}', into: {name}}}}}\n")
    };
    let tidy = "  tidy: {delete: {server: a, files: '/x/*'}}\n";
    let found = hazards_of(&(keep("k", "/x/*") + tidy));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "hazard::delete_files");
    assert!(
        found[0].2.contains("`delete: { sources_of: k }`"),
        "{found:?}"
    );
    let same = helps_of(&(keep("k", "/x/*") + &keep("l", "/x/*") + tidy));
    assert_eq!(same.len(), 2);
    assert!(
        same.iter().all(|help| help.contains("sources_of: [k, l]")),
        "{same:?}"
    );
    // Nothing arrives by both of these.
    let other = helps_of(&(keep("k", "/x/*.zip") + &keep("l", "/x/*.txt") + tidy));
    assert!(
        other
            .iter()
            .all(|help| help.contains("for each of `k`, `l`")),
        "{other:?}"
    );
}

#[test]
fn relative_paths_meet_absolute_ones_once_the_home_is_known() {
    let text = "version: 1\nservers: {a: {host: h}}\nsteps:\n  l: {list: {server: a, path: in, empty: fail}}\n  up: {upload: {files: 'x/*', to: a, into: /home/ci/in}}\n";
    let compiled = compiled(text, &seeing(&[]));
    assert_eq!(compiled.findings, []);
    let plan = compiled.plan.unwrap();
    assert_eq!(hazards(&plan, &[]), []);
    let found: Vec<Hazard> = hazards(&plan, &[Some("/home/ci".to_owned())]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "`l` lists where `up` writes, and neither waits for the other"
    );
}

#[test]
fn homes_are_wanted_only_where_relative_paths_may_meet_others() {
    let wanted = |steps: &str| {
        let text = format!(
            "version: 1\nservers: {{a: {{host: h}}, b: {{host: h}}, c: {{host: i}}}}\nsteps:\n{steps}"
        );
        homes_wanted(&compiled(&text, &seeing(&[])).plan.unwrap()).len()
    };
    let list = |server: &str, path: &str| {
        let name = format!("{server}{path}").replace(['/', '.'], "_");
        format!("  {name}: {{list: {{server: {server}, path: {path}, empty: fail}}}}\n")
    };
    assert_eq!(wanted(&(list("a", "/x") + &list("b", "/y"))), 0);
    assert_eq!(wanted(&(list("a", "x") + &list("a", "y"))), 0);
    assert_eq!(wanted(&(list("a", "x") + &list("c", "/y"))), 0);
    assert_eq!(wanted(&(list("a", "x") + &list("b", "/y"))), 1);
    assert_eq!(wanted(&(list("a", "x") + &list("a", "../y"))), 1);
}

#[test]
fn a_login_folder_starts_from_the_home() {
    let found = |directory: &str| {
        let text = format!(
            "version: 1\nservers: {{a: {{host: h}}}}\nsteps:\n  in: {{login: {{server: a, directory: {directory}}}}}\n  \
             l: {{list: {{server: a, path: x, empty: fail}}}}\n  up: {{upload: {{files: 'x/*', to: a, into: /home/ci/d/x}}}}\n"
        );
        let plan = compiled(&text, &seeing(&[])).plan?;
        Some(hazards(&plan, &[Some("/home/ci".to_owned())]).len())
    };
    assert_eq!([found("d"), found("/d")], [Some(1), Some(0)]);
    // An absolute one is compared offline, and there is no plan then.
    assert_eq!(found("/home/ci/d"), None);
}

#[test]
fn a_long_chain_on_one_folder_is_compared_whole() {
    let chain = |broken: usize| {
        let steps = (0..2000).map(|at| match at {
            0 => format!("  d{at}: {{delete: {{server: a, files: '/in/*'}}}}\n"),
            at if at == broken => format!("  d{at}: {{delete: {{server: a, files: '/in/*'}}}}\n"),
            at => format!(
                "  d{at}: {{needs: [d{}], delete: {{server: a, files: '/in/*'}}}}\n",
                at - 1
            ),
        });
        steps.collect::<String>()
    };
    assert_eq!(codes_of(&chain(0)), Vec::<&str>::new());
    let broken = codes_of(&chain(1990));
    assert!(broken.contains(&"hazard::delete"), "{broken:?}");
}

#[test]
fn many_hazards_are_not_all_said_and_the_rest_is_mentioned() {
    let steps = (0..120).map(|at| {
        format!("  d{at}: {{download: {{server: a, files: '/x{at}/*.zip', into: o}}}}\n")
    });
    let found = hazards_of(&steps.collect::<String>());
    assert_eq!(found.len(), 201);
    let last = found
        .iter()
        .find(|(_, message, _)| message.starts_with("more steps meet"));
    assert_eq!(last.map(|(code, ..)| *code), Some("hazard::writers"));
}

/// The same rules read once more, by brute force: each step as the set of paths that it touches, in a world of ten files.
mod brute {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::super::{compiled, seeing};
    use crate::manifest::Severity;

    const FOLDERS: [&str; 5] = ["/", "/a", "/a/b", "/a/b/c", "/ab"];
    const ENDS: [&str; 2] = ["zip", "txt"];

    #[derive(Debug, Clone)]
    enum Kind {
        List { recursive: bool },
        Upload,
        Download,
        Delete,
    }

    #[derive(Debug, Clone)]
    struct One {
        kind: Kind,
        folder: usize,
        end: usize,
        /// A second entry of `files`; that of an upload is in the first one's folder.
        second: Option<(usize, usize)>,
        needs: Vec<usize>,
    }

    impl One {
        /// Folders and endings of its `files`.
        fn entries(&self) -> Vec<(usize, usize)> {
            let second = self.second.map(|(folder, end)| match self.kind {
                Kind::Upload => (self.folder, end),
                _ => (folder, end),
            });
            [(self.folder, self.end)]
                .into_iter()
                .chain(second)
                .collect()
        }
    }

    fn one() -> impl Strategy<Value = One> {
        let kind = prop_oneof![
            any::<bool>().prop_map(|recursive| Kind::List { recursive }),
            Just(Kind::Upload),
            Just(Kind::Download),
            Just(Kind::Delete),
        ];
        let needs = prop::collection::vec(0_usize..8, 0..3);
        let entry = || (0..FOLDERS.len(), 0..ENDS.len());
        let second = prop::option::of(entry());
        (kind, entry(), second, needs).prop_map(|(kind, (folder, end), second, needs)| One {
            kind,
            folder,
            end,
            second,
            needs,
        })
    }

    /// The list of patterns below folders.
    fn files<'a>(entries: impl Iterator<Item = (&'a str, usize)>) -> String {
        let patterns = entries
            .map(|(folder, end)| format!("'{}/*.{}'", folder.trim_end_matches('/'), ENDS[end]));
        format!("[{}]", patterns.collect::<Vec<_>>().join(", "))
    }

    fn file(folder: usize, end: usize) -> String {
        format!("{}/x.{}", FOLDERS[folder].trim_end_matches('/'), ENDS[end])
    }

    fn write(steps: &[One]) -> String {
        let mut text = "version: 1\nservers: {s: {host: h}}\nsteps:\n".to_owned();
        for (at, step) in steps.iter().enumerate() {
            let needs: Vec<String> = step
                .needs
                .iter()
                .filter(|need| **need < at)
                .map(|need| format!("n{need}"))
                .collect();
            let folder = FOLDERS[step.folder];
            let entries = step.entries();
            let remote = files(entries.iter().map(|&(folder, end)| (FOLDERS[folder], end)));
            let local = files(entries.iter().map(|&(_, end)| ("src", end)));
            let kind = match step.kind {
                Kind::List { recursive } => {
                    format!(
                        "list: {{server: s, path: {folder}, recursive: {recursive}, empty: fail}}"
                    )
                }
                Kind::Upload => {
                    format!("upload: {{files: {local}, to: s, into: {folder}}}")
                }
                Kind::Download => format!("download: {{server: s, files: {remote}, into: o{at}}}"),
                Kind::Delete => format!("delete: {{server: s, files: {remote}}}"),
            };
            writeln!(text, "  n{at}: {{needs: [{}], {kind}}}", needs.join(", ")).unwrap();
        }
        text
    }

    /// Looked at, written, deleted.
    fn touched(step: &One) -> [BTreeSet<String>; 3] {
        let entries = step.entries().into_iter();
        let own = || {
            entries
                .clone()
                .map(|(folder, end)| file(folder, end))
                .collect()
        };
        let none = BTreeSet::new;
        match step.kind {
            Kind::List { recursive } => {
                let below = format!("{}/", FOLDERS[step.folder].trim_end_matches('/'));
                let all = (0..FOLDERS.len()).flat_map(|f| (0..ENDS.len()).map(move |e| file(f, e)));
                let seen = all.filter(|path| {
                    let rest = path.strip_prefix(&below);
                    rest.is_some_and(|rest| recursive || !rest.contains('/'))
                });
                [seen.collect(), none(), none()]
            }
            Kind::Upload => [none(), own(), none()],
            Kind::Download => [own(), none(), none()],
            Kind::Delete => [own(), none(), own()],
        }
    }

    fn after(steps: &[One], late: usize, early: usize) -> bool {
        let mut needs = steps[late].needs.iter().filter(|need| **need < late);
        needs.any(|&need| need == early || after(steps, need, early))
    }

    fn expected(steps: &[One]) -> BTreeMap<(usize, usize), Severity> {
        let mut hazards = BTreeMap::new();
        for late in 0..steps.len() {
            for early in 0..late {
                let (a, b) = (&steps[early], &steps[late]);
                let ordered = after(steps, late, early);
                let ([a_looks, a_writes, a_deletes], [b_looks, b_writes, b_deletes]) =
                    (touched(a), touched(b));
                let meet = |x: &BTreeSet<String>, y: &BTreeSet<String>| !x.is_disjoint(y);
                let clash = meet(&a_deletes, &b_looks)
                    || meet(&b_deletes, &a_looks)
                    || meet(&a_deletes, &b_writes)
                    || meet(&b_deletes, &a_writes)
                    || meet(&a_writes, &b_looks)
                    || meet(&b_writes, &a_looks);
                let new_files = matches!((&a.kind, &b.kind), (Kind::Download, Kind::Delete))
                    && meet(&a_looks, &b_deletes);
                let (short, long) = (
                    FOLDERS[a.folder.min(b.folder)],
                    FOLDERS[a.folder.max(b.folder)],
                );
                let nested =
                    short == long || long.starts_with(&format!("{}/", short.trim_end_matches('/')));
                let ends = |one: &One| -> BTreeSet<usize> {
                    one.entries().into_iter().map(|(_, end)| end).collect()
                };
                let writers = !a_writes.is_empty()
                    && !b_writes.is_empty()
                    && nested
                    && !ends(a).is_disjoint(&ends(b));
                if (clash && !ordered) || new_files {
                    hazards.insert((early, late), Severity::Error);
                } else if writers && !ordered {
                    hazards.insert((early, late), Severity::Warning);
                }
            }
        }
        hazards
    }

    /// The manifest with everything done that is proposed; none where two proposals want different deletes.
    fn mended(text: &str) -> Option<String> {
        let mut proposed: BTreeMap<String, String> = BTreeMap::new();
        let mut sources: BTreeMap<String, String> = BTreeMap::new();
        for finding in compiled(text, &seeing(&[])).findings {
            let help = finding.help.unwrap_or_default();
            let mut quoted = help.split('`').skip(1).step_by(2).map(str::to_owned);
            let (first, second) = (quoted.next()?, quoted.next()?);
            if help.starts_with("in place") {
                return None;
            } else if help.contains("sources_of") {
                sources.insert(first, second);
            } else {
                let longest = proposed.entry(second).or_default();
                if longest.len() < first.len() {
                    *longest = first;
                }
            }
        }
        let lines = text.lines().map(|line| {
            let name = line.split(':').next().unwrap_or_default().trim();
            let line = match (proposed.get(name), line.find("needs"), line.find("], ")) {
                (Some(needs), Some(from), Some(to)) => {
                    format!("{}{needs}{}", &line[..from], &line[to + 1..])
                }
                _ => line.to_owned(),
            };
            match (sources.get(name), line.find("delete")) {
                (Some(delete), Some(from)) => format!("{}{delete}}}", &line[..from]),
                _ => line,
            }
        });
        Some(lines.collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn deletes_that_would_each_follow_the_others_transfer_make_no_circle() {
        let text = "version: 1\nservers: {s: {host: h}}\nsteps:\n  \
            n0: {needs: [], delete: {server: s, files: ['/a/*.zip']}}\n  \
            n2: {needs: [], delete: {server: s, files: ['/a/b/c/*.zip']}}\n  \
            n3: {needs: [n0], download: {server: s, files: ['/a/b/c/*.zip'], into: o3}}\n  \
            n4: {needs: [n2], download: {server: s, files: ['/*.zip', '/a/*.zip'], into: o4}}\n";
        let mended = mended(text).unwrap();
        let found = compiled(&mended, &seeing(&[])).findings;
        assert!(
            !found.iter().any(|finding| finding.code.contains("cycle")),
            "{mended}"
        );
    }

    proptest! {
        #[test]
        fn what_is_proposed_leaves_no_hazard_and_makes_no_circle(steps in prop::collection::vec(one(), 1..8)) {
            let text = write(&steps);
            let Some(mended) = mended(&text) else {
                return Ok(());
            };
            // The sources of a transfer may be more than the delete named before: then others may meet it.
            // And an order makes a mirror of a transfer and a delete, which is no hazard between them.
            let counts = |code: &str| {
                code.contains("cycle") || !(mended.contains("sources_of") || code.contains("mirror"))
            };
            let left = compiled(&mended, &seeing(&[])).findings.into_iter();
            let left: Vec<String> = left.filter(|finding| counts(finding.code)).map(|finding| finding.message).collect();
            prop_assert_eq!(left, Vec::<String>::new(), "{}\n{}", text, mended);
        }

        #[test]
        fn hazards_are_those_of_a_brute_force_reading(steps in prop::collection::vec(one(), 1..8)) {
            let text = write(&steps);
            let found = compiled(&text, &seeing(&[])).findings;
            let step = |place: crate::manifest::Place| text[place.range()][1..].parse::<usize>().unwrap();
            let hazards = found.iter().filter(|finding| finding.code.contains("hazard")).map(|finding| {
                let (a, b) = (step(finding.place), step(finding.related[0].0));
                ((a.min(b), a.max(b)), finding.severity)
            });
            let hazards: BTreeMap<_, _> = hazards.collect();
            prop_assert_eq!(hazards, expected(&steps), "{}", text);
        }
    }
}
