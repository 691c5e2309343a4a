//! What a download, upload or relay says of itself.

use super::{Answers, Deed, Fact, SetOf, Takes, server_of};
use crate::files::ServerId;
use crate::options::{IfExists, Once, Publish, TransferOptions, Verify};
use crate::plan::model::{Plan, Step, StepId, Transfer};

impl Answers for Transfer {
    fn takes(&self) -> Takes<'_> {
        Takes::Copied {
            from: &self.from,
            verb: self.verb,
            to: self.to,
        }
    }

    fn set(&self) -> SetOf<'_> {
        SetOf::Copies(self)
    }

    fn deeds(&self) -> Vec<Deed<'_>> {
        vec![Deed::Reads(self.from), Deed::Writes(self)]
    }

    fn each_step(&mut self, visit: &mut dyn FnMut(&mut StepId)) {
        visit(&mut self.from);
    }

    fn each_server(&mut self, visit: &mut dyn FnMut(&mut ServerId)) {
        server_of(&mut self.source, visit);
        server_of(&mut self.to, visit);
    }

    fn subject(&self, plan: &Plan) -> String {
        let from = plan.source_name(self.from);
        format!("{from} → {}", plan.place(self.to, &self.into))
    }

    fn outline(&self, _: &Plan, _: &Step) -> Vec<Fact> {
        let rename = self.options.rename.as_ref();
        let rename = rename.map(|rename| format!("renamed to {}", rename.to));
        let into = Fact::Text(format!("→ {}", self.into));
        let once = self.options.once.as_ref();
        std::iter::once(into)
            .chain(rename.map(Fact::Text))
            .chain(once.map(|_| Fact::text("each file once")))
            .collect()
    }

    fn facts(&self, plan: &Plan) -> Vec<Fact> {
        let from = &plan.step(self.from).name;
        let source = plan.side_name(self.source);
        let to = plan.place(self.to, &self.into);
        let mut facts = vec![Fact::Text(format!("{from} ({source}) → {to}"))];
        facts.extend(options(&self.options));
        let chmod = self.chmod.map(|mode| format!("chmod: {mode:o}"));
        facts.extend(chmod.map(Fact::Text));
        facts
    }
}

/// The options that are not at their defaults.
fn options(options: &TransferOptions) -> Vec<Fact> {
    let default = TransferOptions::default();
    let if_exists = match options.if_exists {
        IfExists::Update => "if_exists: update",
        IfExists::Overwrite => "if_exists: overwrite",
        IfExists::Skip => "if_exists: skip",
        IfExists::Fail => "if_exists: fail",
    };
    let publish = match options.publish {
        Publish::File => "publish: file",
        Publish::Set => "publish: set",
        Publish::Direct => "publish: direct",
    };
    let verify = match options.verify {
        Verify::Size => "verify: size",
        Verify::Checksum => "verify: checksum",
        Verify::None => "verify: none",
    };
    let flags = [
        (options.if_exists != default.if_exists, if_exists),
        (options.publish != default.publish, publish),
        (options.verify != default.verify, verify),
        (options.resume != default.resume, "resume: false"),
        (options.keep_times != default.keep_times, "times: now"),
        (options.ascii != default.ascii, "type: ascii"),
        (options.flatten != default.flatten, "flatten: true"),
    ];
    let rename = options.rename.as_ref();
    let rename = rename.map(|rename| format!("rename: {} → {}", rename.pattern, rename.to));
    let parallel = options.parallel.map(|count| format!("parallel: {count}"));
    let once = options.once.as_ref().map(once);
    let most = options.max_files.map(|count| format!("max_files: {count}"));
    let texts = rename.into_iter().chain(parallel).chain(once).chain(most);
    Fact::set(&flags).chain(texts.map(Fact::Text)).collect()
}

fn once(once: &Once) -> String {
    let name = once.name.as_ref().map(|name| format!("as: {name}"));
    let keep = once
        .keep
        .map(|keep| format!("for: {}", humantime::format_duration(keep)));
    let said: Vec<String> = name.into_iter().chain(keep).collect();
    match said.is_empty() {
        true => "once: true".into(),
        false => format!("once: {{{}}}", said.join(", ")),
    }
}
