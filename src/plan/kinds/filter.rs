//! What a filter says of itself.

use super::{Answers, Deed, Fact, SetOf, Takes};
use crate::files::{Filter, KindTest, ServerId, SortKey};
use crate::plan::model::{FilterStep, Plan, Step, StepId, Verdict};

impl Answers for FilterStep {
    fn takes(&self) -> Takes<'_> {
        Takes::Any(&self.from)
    }

    fn set(&self) -> SetOf<'_> {
        SetOf::Part(self)
    }

    fn deeds(&self) -> Vec<Deed<'_>> {
        Vec::new()
    }

    fn each_step(&mut self, visit: &mut dyn FnMut(&mut StepId)) {
        visit(&mut self.from);
    }

    fn each_server(&mut self, _: &mut dyn FnMut(&mut ServerId)) {}

    fn subject(&self, plan: &Plan) -> String {
        format!("of {}", plan.source_name(self.from))
    }

    fn outline(&self, _: &Plan, _: &Step) -> Vec<Fact> {
        let rules = &self.rules;
        let facts = [
            (!rules.include.is_empty()).then(|| Fact::Text(rules.include.join(", "))),
            (!rules.exclude.is_empty())
                .then(|| Fact::Text(format!("not {}", rules.exclude.join(", ")))),
            rules
                .regex
                .as_ref()
                .map(|regex| Fact::Text(format!("/{regex}/"))),
            rules.newer_than.map(|time| Fact::Time("since", time)),
            rules.older_than.map(|time| Fact::Time("before", time)),
            rules.larger_than.map(|size| Fact::Size(">", size)),
            rules.smaller_than.map(|size| Fact::Size("<", size)),
            rules
                .skip
                .map(|skip| Fact::Text(format!("but the first {skip}"))),
            rules
                .limit
                .map(|limit| Fact::Text(format!("first {limit}"))),
        ];
        facts.into_iter().flatten().collect()
    }

    fn facts(&self, plan: &Plan) -> Vec<Fact> {
        let of = format!("of {}", plan.step(self.from).name);
        let mut facts = vec![Fact::Text(of)];
        facts.extend(rules(&self.rules));
        facts.extend(Fact::set(&[(self.empty == Verdict::Fail, "empty: fail")]));
        facts
    }
}

fn rules(rules: &Filter) -> Vec<Fact> {
    let Filter {
        include,
        exclude,
        regex,
        ignore_case,
        kind,
        larger_than,
        smaller_than,
        newer_than,
        older_than,
        sort,
        skip,
        limit,
    } = rules;
    let mut facts = Vec::new();
    let texts = [
        (!include.is_empty()).then(|| format!("include: {}", include.join(", "))),
        (!exclude.is_empty()).then(|| format!("exclude: {}", exclude.join(", "))),
        regex.as_ref().map(|regex| format!("regex: {regex}")),
        kind_word(*kind).map(|word| format!("type: {word}")),
    ];
    facts.extend(texts.into_iter().flatten().map(Fact::Text));
    facts.extend(larger_than.map(|size| Fact::Size("larger than", size)));
    facts.extend(smaller_than.map(|size| Fact::Size("smaller than", size)));
    facts.extend(newer_than.map(|time| Fact::Time("newer than", time)));
    facts.extend(older_than.map(|time| Fact::Time("older than", time)));
    let sorted = sort.key.map(|key| format!("sort: {}", sort_word(key)));
    facts.extend(sorted.map(Fact::Text));
    facts.extend(skip.map(|skip| Fact::Text(format!("skip: {skip}"))));
    facts.extend(limit.map(|limit| Fact::Text(format!("limit: {limit}"))));
    facts.extend(Fact::set(&[
        (*ignore_case, "ignore_case: true"),
        (sort.reverse, "reverse: true"),
    ]));
    facts
}

/// The word of a test that is not the usual one.
fn kind_word(kind: KindTest) -> Option<&'static str> {
    match kind {
        KindTest::File => None,
        KindTest::Directory => Some("directory"),
        KindTest::Link => Some("link"),
        KindTest::Any => Some("any"),
    }
}

fn sort_word(key: SortKey) -> &'static str {
    match key {
        SortKey::Name => "name",
        SortKey::Size => "size",
        SortKey::Modified => "modified",
    }
}
