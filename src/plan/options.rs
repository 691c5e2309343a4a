//! The keys that every step can have, and the transfer options: written, from `defaults`, or usual.

use std::time::Duration;

use super::codes;
use super::conditions::When;
use super::context::Context;
use super::model::{OnError, Retry};
use super::option_pairs::judge;
use super::{once, renaming, values};
use crate::files::Rename;
use crate::manifest::{Finding, Path, Slot, model};
use crate::options::{IfExists, Once, Publish, TransferOptions, Verify};

/// A value and where it is written.
#[derive(Debug, Clone)]
pub(super) struct Written<T> {
    pub(super) value: T,
    pub(super) path: Path,
}

/// Transfer options as far as they are written in one map.
#[derive(Debug, Clone, Default)]
pub(super) struct WrittenOptions {
    pub(super) if_exists: Option<Written<IfExists>>,
    pub(super) publish: Option<Written<Publish>>,
    pub(super) verify: Option<Written<Verify>>,
    pub(super) resume: Option<Written<bool>>,
    pub(super) keep_times: Option<Written<bool>>,
    pub(super) ascii: Option<Written<bool>>,
    pub(super) flatten: Option<Written<bool>>,
    pub(super) rename: Option<Rename>,
    pub(super) parallel: Option<Written<u32>>,
    /// None in it where `false` is written.
    pub(super) once: Option<Written<Option<Once>>>,
    pub(super) max_files: Option<Written<u64>>,
}

/// Common keys of a step.
#[derive(Debug, Clone, Default)]
pub(super) struct Common {
    pub(super) retry: Retry,
    pub(super) timeout: Option<Duration>,
    pub(super) on_error: Option<(OnError, Path)>,
    /// Where it is written, or another key implies it.
    pub(super) when: Option<When>,
    pub(super) description: Option<String>,
}

/// `defaults:`
#[derive(Debug, Clone, Default)]
pub(super) struct Defaults {
    pub(super) common: Common,
    pub(super) options: WrittenOptions,
}

impl Common {
    /// What a failure does to dependents.
    pub(super) fn on_error(&self) -> OnError {
        self.on_error
            .as_ref()
            .map_or(OnError::Fail, |(on_error, _)| *on_error)
    }

    /// After what ends of the steps that it needs it runs.
    pub(super) fn when(&self) -> When {
        self.when.unwrap_or_default()
    }
}

impl Defaults {
    /// What of it a login has that is in no manifest.
    pub(super) fn of_implicit_login(&self) -> Common {
        Common {
            retry: self.common.retry,
            timeout: self.common.timeout,
            ..Common::default()
        }
    }
}

/// Reads `defaults:`.
pub(super) fn defaults(context: &mut Context<'_>) -> Defaults {
    let at = Path::root().key("defaults");
    let manifest = context.manifest;
    let Some(map) = context.slot(&manifest.defaults, || at.clone(), "a map") else {
        return Defaults::default();
    };
    context.unknown_keys::<model::Defaults>(&map.unknown, &at);
    let common = Common {
        retry: retry(context, &map.retry, &at, Retry::default()),
        timeout: context.value(&map.timeout, &at, "timeout", values::some_duration),
        on_error: on_error(context, &map.on_error, &at),
        when: None,
        description: None,
    };
    let options = written(context, &map.transfer, &at);
    judge(context, &options, &common, None);
    Defaults { common, options }
}

/// Reads the common keys of a step at `path`.
pub(super) fn common(
    context: &mut Context<'_>,
    map: &model::Common,
    path: &Path,
    defaults: &Defaults,
) -> Common {
    let usual = &defaults.common;
    Common {
        retry: retry(context, &map.retry, path, usual.retry),
        timeout: context
            .value(&map.timeout, path, "timeout", values::some_duration)
            .or(usual.timeout),
        on_error: on_error(context, &map.on_error, path).or_else(|| usual.on_error.clone()),
        when: context.value(&map.when, path, "when", |text| {
            values::word(text, When::WORDS)
        }),
        description: context
            .text(&map.description, path, "description")
            .map(|text| text.text),
    }
}

/// Reads the transfer options of a step whose kind's map is at `path`.
pub(super) fn transfer_options(
    context: &mut Context<'_>,
    map: &model::Transfer,
    path: &Path,
    common: &Common,
    defaults: &Defaults,
) -> TransferOptions {
    let own = written(context, map, path);
    judge(context, &own, common, Some(defaults));
    let usual = TransferOptions::default();
    let base = &defaults.options;
    let publish = either(&own.publish, &base.publish, usual.publish);
    let ascii = either(&own.ascii, &base.ascii, usual.ascii);
    let resume = either(&own.resume, &base.resume, usual.resume);
    let verify = either(&own.verify, &base.verify, usual.verify);
    let if_exists = either(&own.if_exists, &base.if_exists, usual.if_exists);
    let once = own.once.as_ref().or(base.once.as_ref());
    let once = once.and_then(|written| written.value.clone());
    if let (None, Some(most)) = (&once, &own.max_files) {
        most_without_once(context, &most.path);
    }
    let written = own.publish.as_ref().or(base.publish.as_ref());
    if let Some(written) = written.filter(|written| written.value == Publish::Direct) {
        direct(context, &written.path, if_exists);
    }
    TransferOptions {
        if_exists,
        publish,
        // Line ends change sizes: an ASCII file can be neither continued nor compared.
        verify: if ascii { Verify::None } else { verify },
        resume: resume && !ascii && publish != Publish::Direct,
        keep_times: either(&own.keep_times, &base.keep_times, usual.keep_times),
        ascii,
        flatten: either(&own.flatten, &base.flatten, usual.flatten),
        rename: own.rename.or_else(|| base.rename.clone()),
        parallel: either(
            &own.parallel.clone().map(some),
            &base.parallel.clone().map(some),
            usual.parallel,
        ),
        max_files: own
            .max_files
            .as_ref()
            .or(base.max_files.as_ref())
            .filter(|_| once.is_some())
            .map(|most| most.value),
        once,
    }
}

/// The same files would be taken in every run.
fn most_without_once(context: &mut Context<'_>, path: &Path) {
    let message = "`max_files` counts files that are new, and without `once` none is";
    let help = "write `once: true` beside it, or `limit` in a `filter`";
    let code = codes::OPTIONS_CONTRADICT;
    context.error(code, path, message, "new since when?", help);
}

/// Everywhere else an old file goes only when the new one is whole beside it.
fn direct(context: &mut Context<'_>, path: &Path, if_exists: IfExists) {
    match if_exists {
        IfExists::Update | IfExists::Overwrite => {}
        IfExists::Skip | IfExists::Fail => return,
    }
    let place = context.at(path);
    let message = "`publish: direct` writes over the old file: if it is cut off, neither the old nor the new one is there";
    let finding = Finding::warning(
        codes::OPTIONS_DIRECT,
        place,
        message,
        "replaces what stands there",
    );
    context.report(finding.help(
        "write `publish: file` where the server can rename, or `if_exists: fail`; `allow: [options::direct]` takes the risk",
    ));
}

fn some(parallel: Written<u32>) -> Written<Option<u32>> {
    Written {
        value: Some(parallel.value),
        path: parallel.path,
    }
}

fn either<T: Copy>(own: &Option<Written<T>>, base: &Option<Written<T>>, usual: T) -> T {
    own.as_ref()
        .or(base.as_ref())
        .map_or(usual, |written| written.value)
}

fn retry(
    context: &mut Context<'_>,
    slot: &Slot<model::Retry>,
    parent: &Path,
    usual: Retry,
) -> Retry {
    let at = || parent.key("retry");
    let Some(map) = context.slot(slot, at, "a map with `attempts`, `backoff`, `max_backoff`")
    else {
        return usual;
    };
    let at = at();
    context.unknown_keys::<model::Retry>(&map.unknown, &at);
    let attempts = context.value(&map.attempts, &at, "attempts", |text| {
        values::number32(text, 1, 1000)
    });
    let backoff = context.value(&map.backoff, &at, "backoff", values::duration);
    let longest = context.value(&map.max_backoff, &at, "max_backoff", values::duration);
    if let (Some(first), Some(longest)) = (backoff, longest)
        && first > longest
    {
        let message = "`backoff` is longer than `max_backoff`";
        context.error(
            codes::OPTIONS_CONTRADICT,
            &at.key("backoff"),
            message,
            "longer",
            "make `max_backoff` the longer one",
        );
    }
    let backoff = backoff.unwrap_or(usual.backoff);
    Retry {
        attempts: attempts.unwrap_or(usual.attempts),
        backoff,
        // A wait that was written is not cut by a limit that was not.
        max_backoff: longest.unwrap_or(usual.max_backoff.max(backoff)),
    }
}

fn on_error(
    context: &mut Context<'_>,
    slot: &Slot<String>,
    parent: &Path,
) -> Option<(OnError, Path)> {
    let words = [("fail", OnError::Fail), ("continue", OnError::Continue)];
    let read = context.value(slot, parent, "on_error", |text| values::word(text, &words));
    read.map(|on_error| (on_error, parent.key("on_error")))
}

fn written(context: &mut Context<'_>, map: &model::Transfer, at: &Path) -> WrittenOptions {
    let if_exists = [
        ("update", IfExists::Update),
        ("overwrite", IfExists::Overwrite),
        ("skip", IfExists::Skip),
        ("fail", IfExists::Fail),
    ];
    let publish = [
        ("file", Publish::File),
        ("set", Publish::Set),
        ("direct", Publish::Direct),
    ];
    let verify = [
        ("size", Verify::Size),
        ("checksum", Verify::Checksum),
        ("none", Verify::None),
    ];
    let times = [("keep", true), ("now", false)];
    let types = [("binary", false), ("ascii", true)];
    WrittenOptions {
        if_exists: one(context, &map.if_exists, at, "if_exists", |text| {
            values::word(text, &if_exists)
        }),
        publish: one(context, &map.publish, at, "publish", |text| {
            values::word(text, &publish)
        }),
        verify: one(context, &map.verify, at, "verify", |text| {
            values::word(text, &verify)
        }),
        resume: one(context, &map.resume, at, "resume", values::boolean),
        keep_times: one(context, &map.times, at, "times", |text| {
            values::word(text, &times)
        }),
        ascii: one(context, &map.r#type, at, "type", |text| {
            values::word(text, &types)
        }),
        flatten: one(context, &map.flatten, at, "flatten", values::boolean),
        rename: renaming::rename(context, &map.rename, at),
        parallel: one(context, &map.parallel, at, "parallel", |text| {
            values::number32(text, 1, 1000)
        }),
        once: once::written(context, &map.once, at).map(|value| Written {
            value,
            path: at.key("once"),
        }),
        max_files: one(context, &map.max_files, at, "max_files", |text| {
            values::number(text, 1, u64::MAX)
        }),
    }
}

fn one<T>(
    context: &mut Context<'_>,
    slot: &Slot<String>,
    parent: &Path,
    key: &str,
    read: impl FnOnce(&str) -> Result<T, values::BadValue>,
) -> Option<Written<T>> {
    let value = context.value(slot, parent, key, read)?;
    let path = parent.key(key);
    Some(Written { value, path })
}
