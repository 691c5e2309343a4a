//! Cases that follow from seeds, with a bias to danger: few folders under many names, files that are nearly alike, and
//! faults where they hurt.

use super::case::{
    Case, Deed, Fault, FileSpec, Habits, LOCAL, LinkSpec, Planned, Store, Times, View, What,
};
use super::plans;
use super::rng::Rng;
use super::switches::Switches;
use super::traps;

/// Folders of every store.
pub(super) const FOLDERS: [&str; 8] = ["a", "a", "a", "a", "a/sub", "a/sub", "b", "in"];
/// Calls among which the faults of a case are spread: some cases make few.
const CALLS: [usize; 4] = [15, 30, 60, 160];

/// The case of a seed.
pub(super) fn case(seed: u64, on: &Switches) -> Case {
    let mut rng = Rng::new(seed);
    let stores: Vec<Store> = (0..2 + rng.below(2)).map(|_| store(&mut rng, on)).collect();
    let mut views = views(&mut rng, &stores, on);
    let files = files(&mut rng, stores.len(), on);
    let links = links(&mut rng, stores.len(), on);
    let steps = plans::steps(&mut rng, &views, &links, on);
    let faults = faults(&mut rng, on);
    for step in &steps {
        // A relay within one server needs two sessions of it.
        if let What::Transfer { source, to, .. } = &step.what
            && source == to
        {
            views[*to].connections = views[*to].connections.max(2);
        }
    }
    let mut case = Case {
        on: *on,
        order: rng.next(),
        stores,
        views,
        files,
        links,
        steps,
        faults,
        jobs: rng.percent(30).then(|| 1 + rng.below(3)),
        resumes: rng.percent(60),
    };
    traps::set(&mut case, seed);
    case
}

/// Where a folder lies in a store: this machine's are below the folder that it works in.
pub(super) fn folder_in(store: usize, folder: &'static str) -> &'static str {
    match (store, folder) {
        (0, "a") => "w/a",
        (0, "a/sub") => "w/a/sub",
        (0, "b") => "w/b",
        (0, _) => "w/in",
        (_, folder) => folder,
    }
}

fn store(rng: &mut Rng, on: &Switches) -> Store {
    Store {
        folds: on.folds && rng.percent(15),
        trims: on.trims && rng.percent(10),
        offset: match rng.percent(25) {
            true => rng.pick(&[-3600, -2, 1, 90, 7200]),
            false => 0,
        },
    }
}

fn views(rng: &mut Rng, stores: &[Store], on: &Switches) -> Vec<View> {
    let mut views = vec![View {
        store: 0,
        root: "",
        home: "/w",
        host: String::new(),
        connections: 1,
        cap: 1,
        habits: Habits::GOOD,
    }];
    for at in 0..1 + rng.below(3) {
        let store = match (at + 1 < stores.len(), on.aliases && rng.percent(35)) {
            (true, false) => at + 1,
            (_, true) => 1 + rng.below(stores.len() - 1),
            (false, false) => break,
        };
        let store = match on.local_roots && rng.percent(15) {
            true => 0,
            false => store,
        };
        let root = match (store, on.aliases && rng.percent(20)) {
            (0, _) => "w",
            (_, true) => "a",
            _ => "",
        };
        let connections = 1 + rng.below(3);
        let cap = match rng.percent(15) {
            true => 1 + rng.below(2),
            false => 9,
        };
        views.push(View {
            store,
            root,
            home: rng.pick(&["/", "/", "/a"]),
            host: format!("h{}.test", if rng.percent(50) { store } else { at + 10 }),
            connections,
            cap,
            habits: habits(rng, on, stores[store]),
        });
    }
    views
}

fn habits(rng: &mut Rng, on: &Switches, store: Store) -> Habits {
    let coarse = on.coarse_times && rng.percent(40);
    // Where nothing tells a size, nothing tells a file that ends early.
    let sizes = rng.pick(&[
        (true, true),
        (true, true),
        (true, true),
        (true, !on.no_size),
        (false, true),
    ]);
    Habits {
        times: match coarse {
            true => rng.pick(&[Times::Minute, Times::Minute, Times::None]),
            false => Times::Second,
        },
        sizes: sizes.0,
        size: sizes.1,
        // Where neither SIZE nor MDTM tells of a name, nothing tells which names are one.
        mdtm: !(on.coarse_times && rng.percent(20)) || (!sizes.1 && (store.folds || store.trims)),
        mfmt: !(on.no_times && rng.percent(30)),
        restart: !rng.percent(20),
        hides_dots: rng.percent(15),
        no_rename_over: on.refused_renames && rng.percent(20),
        inbox: on.inboxes && rng.percent(8),
    }
}

fn files(rng: &mut Rng, stores: usize, on: &Switches) -> Vec<FileSpec> {
    let names: &[&str] = match on.folds || on.trims {
        true => &["x", "y", "X", "z.txt", ".dot", "z.txt."],
        false => &["x", "y", "z.txt", ".dot"],
    };
    let mut files: Vec<FileSpec> = Vec::new();
    for _ in 0..3 + rng.below(8) {
        let store = rng.below(stores);
        // A file that is nearly another one's copy.
        let like = files
            .get(rng.below(files.len()))
            .filter(|_| rng.percent(45))
            .cloned();
        let (name, length, age) = match &like {
            Some(like) => (like.name, like.length, like.age),
            None => (
                rng.pick(names),
                rng.pick(&[0, 7, 50, 50, 90, 130, 200, 700]),
                rng.pick(&[0, 1, 30, 59, 3600, 90_000, 20_000_000]),
            ),
        };
        let content = match &like {
            Some(like) if rng.percent(50) => like.content,
            _ => files.len() + 1,
        };
        // Files alike in size and second are the same, as far as anybody can tell who does not read them.
        let same = like.as_ref().is_none_or(|like| like.content == content);
        let age = match same && rng.percent(70) {
            true => age,
            false => age + rng.pick(&[-1, 1, 3, 61]) * (1 + files.len() as i64 % 3),
        };
        let folder = rng.pick(&FOLDERS);
        let folder = folder_in(store, folder);
        files.push(FileSpec {
            store,
            folder,
            name,
            content,
            length,
            age,
        });
    }
    files
}

fn links(rng: &mut Rng, stores: usize, on: &Switches) -> Vec<LinkSpec> {
    let mut links = Vec::new();
    if on.folder_links && rng.percent(25) {
        let store = rng.below(stores);
        let (folder, to) = match store {
            0 => ("w", rng.pick(&["a", "in"])),
            _ => ("", rng.pick(&["a", "in", "a/sub"])),
        };
        links.push(LinkSpec {
            store,
            folder,
            name: "ln",
            to,
            hard: false,
        });
    }
    if on.file_links && rng.percent(20) {
        let store = rng.below(stores);
        let hard = rng.percent(60);
        let (folder, to) = match (store, hard) {
            (0, true) => ("w/b", "w/a/x"),
            (0, false) => ("w/b", "../a/x"),
            (_, true) => ("b", "a/x"),
            (_, false) => ("b", "../a/x"),
        };
        links.push(LinkSpec {
            store,
            folder,
            name: "x",
            to,
            hard,
        });
    }
    links
}

fn faults(rng: &mut Rng, on: &Switches) -> Vec<Planned> {
    let count = match rng.below(4) {
        0 => 0,
        1 => 1,
        2 => 2 + rng.below(3),
        _ => 2 + rng.below(12),
    };
    let calls = rng.pick(&CALLS);
    let mut faults: Vec<Planned> = (0..count)
        .map(|_| Planned {
            at: 1 + rng.below(calls) as u32,
            what: fault(rng, on),
        })
        .collect();
    faults.sort_by_key(|planned| planned.at);
    faults
}

fn fault(rng: &mut Rng, on: &Switches) -> Fault {
    match rng.below(20) {
        0 | 1 => Fault::LostBefore,
        2..=4 => Fault::LostAfter,
        5 | 6 => Fault::Cut,
        7 => Fault::Refuse(rng.pick(&[550, 450, 451, 553])),
        8 => Fault::Full,
        9 => Fault::Delay(rng.pick(&[200, 1_500, 40_000])),
        10..=12 => Fault::Beside,
        13 if on.kills => Fault::Kill {
            power: on.power_loss && rng.percent(30),
        },
        14 => Fault::Interrupt,
        15.. if on.somebody => {
            let deed = match on.rewrites {
                true => rng.pick(&[
                    Deed::Rewrites,
                    Deed::Replaces,
                    Deed::Changes,
                    Deed::Takes,
                    Deed::Renames,
                    Deed::Adds,
                ]),
                false => rng.pick(&[Deed::Takes, Deed::Renames, Deed::Adds]),
            };
            Fault::Somebody(deed, rng.below(64) as u32)
        }
        _ => Fault::LostAfter,
    }
}

/// A folder of a store as a view's manifest may spell it.
pub(super) fn spelled(
    rng: &mut Rng,
    views: &[View],
    links: &[LinkSpec],
    at: usize,
    folder: &str,
    on: &Switches,
) -> String {
    let view = &views[at];
    let plain = match (view.root, at) {
        (_, LOCAL) => folder.to_owned(),
        ("a", _) => format!("/{}", folder.strip_prefix("a/").unwrap_or("")),
        _ => format!("/{folder}"),
    };
    if !on.spellings {
        return plain;
    }
    let linked = links.iter().find(|link| {
        link.store == view.store && link.name == "ln" && link.to == folder && view.root != "a"
    });
    match rng.below(10) {
        0 if at == LOCAL => format!("./{plain}"),
        1 if at == LOCAL => format!("b/../{plain}"),
        2 if at != LOCAL && view.home == "/" => plain.trim_start_matches('/').to_owned() + "/.",
        3 if at != LOCAL => format!("/b/..{plain}"),
        4 | 5 if linked.is_some() => match at {
            LOCAL => "ln".into(),
            _ => "/ln".into(),
        },
        _ => plain,
    }
}
