//! Cases of a few shapes that chance makes too rarely, so that a rule which they ask for cannot be broken unseen: two
//! transfers onto one name, a folder listed again under another path, and a name that is taken while its file is on the way.
//!
//! They follow from numbers of their own, so that no other case changes because of them.

use super::case::{Case, Deed, Fault, FileSpec, LOCAL, Planned, Step, What};
use super::rng::{Rng, mix};
use super::worlds::{folder_in, spelled};

const NAMES: [&str; 3] = ["x", "z.txt", "y"];
const TARGETS: [&str; 2] = ["b", "in"];

/// Makes some cases ones of these shapes: the world stays, the plan is another, and a few files are added.
pub(super) fn set(case: &mut Case, seed: u64) {
    let mut rng = Rng::new(mix(seed ^ 0x7472_6170));
    if !rng.percent(10) {
        return;
    }
    // A server that begins in `a` shows too little of it.
    let sides: Vec<usize> = (0..case.views.len())
        .filter(|side| case.views[*side].root != "a")
        .collect();
    let (from, to) = (rng.pick(&sides), rng.pick(&sides));
    if from == LOCAL && to == LOCAL {
        return;
    }
    let mut trap = Trap {
        steps: Vec::new(),
        folder: rng.pick(&TARGETS),
        from,
        to,
        sides,
        case,
        rng,
    };
    match trap.rng.below(3) {
        0 => trap.one_name(),
        1 => trap.another_path(),
        _ => trap.taken_name(),
    }
}

struct Trap<'c> {
    case: &'c mut Case,
    rng: Rng,
    sides: Vec<usize>,
    steps: Vec<Step>,
    from: usize,
    to: usize,
    folder: &'static str,
}

impl Trap<'_> {
    /// Two files of one name and size that go to one name, one after the other.
    fn one_name(mut self) {
        let mut second = self.rng.pick(&self.sides);
        if second == LOCAL && self.to == LOCAL {
            second = self.from;
        }
        let name = self.rng.pick(&NAMES);
        let length = self.rng.pick(&[50, 90]);
        self.file(self.from, "a", name, length);
        self.file(second, "a/sub", name, length);
        let one = self.list(self.from, "a");
        let other = self.list(second, "a/sub");
        let options = self.options("overwrite");
        let first = self.transfer(&one, self.from, options);
        let options = self.options("overwrite");
        let last = self.transfer(&other, second, options);
        self.sources_of(vec![first]);
        if self.rng.percent(50) {
            self.sources_of(vec![last]);
        }
        self.done();
    }

    /// A folder from which not all was brought is listed again under another path or through another entry, and deleted.
    fn another_path(mut self) {
        let store = self.case.views[self.from].store;
        let own: Vec<usize> = self.sides.to_vec();
        let own: Vec<usize> = own
            .into_iter()
            .filter(|side| self.case.views[*side].store == store)
            .collect();
        let again = self.rng.pick(&own);
        for name in &NAMES[..2] {
            self.file(self.from, "a", name, 90);
        }
        let list = self.list(self.from, "a");
        let mut options = Vec::new();
        match self.rng.below(3) {
            0 => options.push(("verify", "none")),
            1 => {
                let name = self.rng.pick(&NAMES[..2]);
                self.file(self.to, self.folder, name, 50);
                options.push(("if_exists", "skip"));
            }
            _ => {}
        }
        self.transfer(&list, self.from, options);
        let list = self.list(again, "a");
        self.add(What::DeleteFrom {
            from: list,
            copies: false,
            remove_empty: false,
            max: 100,
        });
        self.done();
    }

    /// Somebody puts a file under a name while another file is on its way to it.
    fn taken_name(mut self) {
        for name in NAMES {
            self.file(self.from, "a", name, 200);
        }
        let list = self.list(self.from, "a");
        let exists = self.rng.pick(&["skip", "fail"]);
        let options = self.options(exists);
        let step = self.transfer(&list, self.from, options);
        if self.rng.percent(50) {
            self.sources_of(vec![step]);
        }
        for _ in 0..3 {
            self.case.faults.push(Planned {
                at: 4 + self.rng.below(50) as u32,
                what: Fault::Somebody(Deed::Comes, self.rng.below(64) as u32),
            });
        }
        self.case.faults.sort_by_key(|planned| planned.at);
        self.done();
    }

    fn options(&mut self, exists: &'static str) -> Vec<(&'static str, &'static str)> {
        let mut options = vec![("if_exists", exists)];
        if self.case.on.no_times && self.rng.percent(50) {
            options.push(("times", "now"));
        }
        options
    }

    /// A file of its own content.
    fn file(&mut self, side: usize, folder: &'static str, name: &'static str, length: usize) {
        let store = self.case.views[side].store;
        let folder = folder_in(store, folder);
        let age = self.rng.pick(&[30, 3600, 90_000]) + self.case.files.len() as i64;
        self.case.files.push(FileSpec {
            store,
            folder,
            name,
            content: 1000 + self.case.files.len(),
            length,
            age,
        });
    }

    fn spelled(&mut self, side: usize, folder: &str) -> String {
        let case = &self.case;
        spelled(
            &mut self.rng,
            &case.views,
            &case.links,
            side,
            folder,
            &case.on,
        )
    }

    fn list(&mut self, side: usize, folder: &str) -> String {
        let path = self.spelled(side, folder);
        self.add(What::List {
            side,
            path,
            recursive: false,
            follow: false,
            hidden: false,
        })
    }

    fn transfer(
        &mut self,
        from: &str,
        source: usize,
        options: Vec<(&'static str, &'static str)>,
    ) -> String {
        let into = self.spelled(self.to, self.folder);
        if source == self.to {
            self.case.views[source].connections = self.case.views[source].connections.max(2);
        }
        self.add(What::Transfer {
            from: from.to_owned(),
            source,
            to: self.to,
            into,
            options,
        })
    }

    fn sources_of(&mut self, steps: Vec<String>) {
        self.add(What::SourcesOf {
            steps,
            remove_empty: false,
            max: 100,
        });
    }

    fn add(&mut self, what: What) -> String {
        let name = format!("t{}", self.steps.len());
        let named = match &what {
            What::SourcesOf { steps, .. } => steps.clone(),
            _ => Vec::new(),
        };
        let last = self.steps.last().map(|step| step.name.clone());
        self.steps.push(Step {
            name: name.clone(),
            needs: last
                .filter(|last| !named.contains(last))
                .into_iter()
                .collect(),
            what,
            attempts: self.rng.pick(&[4, 4, 1]),
            goes_on: true,
            when: None,
            timeout: None,
        });
        name
    }

    fn done(self) {
        self.case.steps = self.steps;
    }
}
