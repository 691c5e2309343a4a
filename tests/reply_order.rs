//! Replies that are lost, doubled, late or made up, by seeds: whatever happens, no content that stood at the start is lost,
//! no final name shows half a file, and a run that calls itself well has done what it was asked to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use ftpflow::files::aside_path;

use crate::harness::Case;
use crate::harness::server::{Features, OntoExisting, Running, Server};

/// About as many as each server gives in a run without faults.
const REPLIES: usize = 70;
const THREADS: usize = 12;
const FILES: [&str; 2] = ["a.bin", "b.bin"];
const STEPS: &str = "defaults: { retry: { attempts: 4, backoff: 1ms } }
steps:
  put: { upload: { files: src/*, to: one, into: /put, if_exists: overwrite } }
  get: { download: { server: one, files: /in/*, into: out, if_exists: overwrite } }
  pass: { relay: { server: one, files: /in/*, to: two, into: /pass, if_exists: overwrite }, needs: get }
  tidy: { delete: { sources_of: pass }, needs: put }
";
/// Waiting is for what was lost, so it is short.
const TIMES: &str =
    "timeouts: { connect: 5s, reply: 150ms, data: 150ms, final_reply: 150ms }, connections: 1";

/// What a file holds: old, new here, or new on the server.
fn content(kind: &str, name: &str) -> Vec<u8> {
    format!("{kind} {name};").repeat(300).into_bytes()
}

struct World {
    seed: u64,
    one: Running,
    two: Running,
    case: Case,
}

impl World {
    fn new(seed: u64) -> World {
        let server = |salt: u64| {
            let onto = match (seed + salt) % 3 {
                0 => OntoExisting::Replace,
                1 => OntoExisting::Refuse,
                _ => OntoExisting::Pretend,
            };
            let features = match seed % 5 {
                0 => Features::all().without("SIZE"),
                1 => Features::all().without("MLSD").without("MFMT"),
                _ => Features::all(),
            };
            let server = Server::new().onto_existing(onto).features(features);
            // Now and then both are at fault.
            match (seed % 4 == salt) || seed % 4 > 1 {
                true => server.disorder(seed.wrapping_mul(2) + salt, REPLIES),
                false => server,
            }
        };
        let (mut one, mut two) = (server(0), server(1));
        for name in FILES {
            one = one.file(format!("/in/{name}"), content("remote", name));
            one = one.file(format!("/put/{name}"), content("old", name));
            two = two.file(format!("/pass/{name}"), content("old", name));
        }
        let (one, two) = (one.start(), two.start());
        let mut case = Case::new().servers(&[("one", &one, TIMES), ("two", &two, TIMES)], STEPS);
        for name in FILES {
            case = case.file(&format!("src/{name}"), content("local", name));
        }
        World {
            seed,
            one,
            two,
            case,
        }
    }

    /// What went wrong, if anything.
    fn run(&self) -> Option<String> {
        let mut outcome = self.case.run();
        if outcome.status.code() == Some(1) && self.is_open() {
            outcome = self.case.run();
        }
        let code = outcome.status.code();
        let broken = FILES.map(|name| self.broken(name, code == Some(0)));
        let odd = (!matches!(code, Some(0 | 1))).then(|| format!("exit {code:?}"));
        let promise = broken.into_iter().flatten().chain(odd).next()?;
        let names = |server: &Running| {
            let paths = server.tree().into_keys();
            let text = paths.map(|path| String::from_utf8_lossy(&path).into_owned());
            text.collect::<Vec<_>>().join(" ")
        };
        let said = [&self.one, &self.two].map(|server| {
            format!(
                "{}\n{}\n{}",
                server.disordered(),
                server.log().join("\n"),
                names(server)
            )
        });
        let seed = self.seed;
        Some(format!(
            "seed {seed}: {promise}\n{}\n{}",
            outcome.stderr,
            said.join("\n\n")
        ))
    }

    /// Whether a run ended in the midst of an exchange, because the server let it in no more: the old content stands aside
    /// then, and it is for the next run to see to the name.
    fn is_open(&self) -> bool {
        let aside = |server: &Running, folder: &str, name: &str| {
            let path = format!("{folder}/{name}").into_bytes();
            let old = server.read(aside_path(&path));
            !server.exists(&path) && old == Some(content("old", name))
        };
        FILES
            .iter()
            .any(|name| aside(&self.one, "/put", name) || aside(&self.two, "/pass", name))
    }

    /// The promise that was broken about a file, if any.
    fn broken(&self, name: &str, well: bool) -> Option<String> {
        let (local, remote, old) = (
            content("local", name),
            content("remote", name),
            content("old", name),
        );
        let source = self.one.read(format!("/in/{name}"));
        let put = self.one.read(format!("/put/{name}"));
        let pass = self.two.read(format!("/pass/{name}"));
        let got = self.case.read(format!("out/{name}"));
        let says = |what: &str| Some(format!("{name}: {what}"));
        match () {
            () if put.as_ref() != Some(&local) && put.as_ref() != Some(&old) => {
                says("/put shows neither the old content nor the new one")
            }
            () if pass.as_ref() != Some(&remote) && pass.as_ref() != Some(&old) => {
                says("/pass shows neither the old content nor the new one")
            }
            () if got.as_ref().is_some_and(|got| *got != remote) => {
                says("out shows another content")
            }
            () if source.as_ref().is_some_and(|source| *source != remote) => {
                says("the source changed")
            }
            () if source.is_none() && pass.as_ref() != Some(&remote) => {
                says("the source is gone, and its copy is not there")
            }
            () if well && put != Some(local) => says("not uploaded, exit 0"),
            () if well && pass != Some(remote.clone()) => says("not relayed, exit 0"),
            () if well && got != Some(remote) => says("not downloaded, exit 0"),
            () if well && source.is_some() => says("not deleted, exit 0"),
            () => None,
        }
    }
}

/// Runs the seeds on several threads, because most of a run is waiting.
fn seeds(range: std::ops::Range<u64>) {
    let next = AtomicU64::new(range.start);
    let broken = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !range.contains(&seed) {
                        break;
                    }
                    if let Some(text) = World::new(seed).run() {
                        broken.lock().unwrap().insert(seed, text);
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    let first = broken.values().next();
    assert!(
        first.is_none(),
        "seeds {:?}\n{}",
        broken.keys(),
        first.unwrap()
    );
}

/// With all four checks that a reply fits its command taken out, 142, 151, 162 and 243 lost a file.
#[test]
fn replies_out_of_order_lose_nothing() {
    seeds(120..260);
}

#[test]
fn long_replies_out_of_order_lose_nothing_in_twenty_thousand_runs() {
    seeds(0..20_000);
}

/// Others than those: `FTPFLOW_SEEDS=17..18`.
#[test]
fn replies_of_chosen_seeds_lose_nothing() {
    let chosen = std::env::var("FTPFLOW_SEEDS").ok();
    let ends = chosen.as_deref().and_then(|range| range.split_once(".."));
    if let Some((first, end)) = ends {
        seeds(first.parse().unwrap()..end.parse().unwrap());
    }
}
