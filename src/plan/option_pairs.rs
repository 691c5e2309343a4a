//! Pairs of transfer options that contradict each other.

use super::codes;
use super::context::Context;
use super::model::OnError;
use super::options::{Common, Defaults, WrittenOptions};
use crate::manifest::{Finding, Path, Segment};
use crate::options::{IfExists, Publish, Verify};

/// Options that contradict each other.
///
/// `type: ascii` and `publish: direct` switch off in silence what only `defaults` asks for; what is written beside them is an
/// error. The other pairs contradict wherever the two are written.
pub(super) fn judge(
    context: &mut Context<'_>,
    own: &WrittenOptions,
    common: &Common,
    defaults: Option<&Defaults>,
) {
    let base = defaults.map(|defaults| &defaults.options);
    let ascii = own
        .ascii
        .as_ref()
        .or(base.and_then(|base| base.ascii.as_ref()));
    let publish = own
        .publish
        .as_ref()
        .or(base.and_then(|base| base.publish.as_ref()));
    let if_exists = own
        .if_exists
        .as_ref()
        .or(base.and_then(|base| base.if_exists.as_ref()));
    let verify = own
        .verify
        .as_ref()
        .filter(|verify| verify.value != Verify::None);
    let once = own.once.as_ref();
    let once = once.or(base.and_then(|base| base.once.as_ref()));
    let once = once.filter(|once| once.value.is_some());
    let once = once.map(|once| &once.path);
    let unverified = own.verify.as_ref();
    let unverified = unverified.or(base.and_then(|base| base.verify.as_ref()));
    let unverified = unverified.filter(|verify| verify.value == Verify::None);
    let unverified = unverified.map(|verify| &verify.path);
    let resume = own.resume.as_ref().filter(|resume| resume.value);
    let ascii = ascii.filter(|ascii| ascii.value).map(|ascii| &ascii.path);
    let direct = publish
        .filter(|publish| publish.value == Publish::Direct)
        .map(|publish| &publish.path);
    let set = publish
        .filter(|publish| publish.value == Publish::Set)
        .map(|publish| &publish.path);
    let skip = if_exists
        .filter(|if_exists| if_exists.value == IfExists::Skip)
        .map(|if_exists| &if_exists.path);
    let go_on = match &common.on_error {
        Some((OnError::Continue, path)) => Some(path),
        _ => None,
    };
    let most = own.max_files.as_ref();
    let most = most.or(base.and_then(|base| base.max_files.as_ref()));
    let most = most.filter(|_| once.is_some()).map(|most| &most.path);
    let pairs = [
        (verify.map(|verify| &verify.path), ascii, ASCII_VERIFY),
        (resume.map(|resume| &resume.path), ascii, ASCII_RESUME),
        (resume.map(|resume| &resume.path), direct, DIRECT_RESUME),
        (skip, direct, DIRECT_SKIP),
        (go_on, set, SET_CONTINUE),
        (once, ascii, ONCE_ASCII),
        (once, unverified, ONCE_UNVERIFIED),
        (most, skip, MOST_SKIP),
    ];
    for (one, other, text) in pairs {
        let (Some(one), Some(other)) = (one, other) else {
            continue;
        };
        // Two lines of `defaults` contradict each other once, not in every step.
        if defaults.is_none() || !(is_default(one) && is_default(other)) {
            contradiction(context, one, other, text);
        }
    }
}

fn is_default(path: &Path) -> bool {
    matches!(path.segments().first(), Some(Segment::Key(key)) if key == "defaults")
}

/// What is wrong with a pair of options, and what to do.
type Contradiction = (&'static str, &'static str);

const ASCII_VERIFY: Contradiction = (
    "`type: ascii` changes line ends, so sizes and checksums cannot agree",
    "write `verify: none`, or `type: binary`",
);
const ASCII_RESUME: Contradiction = (
    "`type: ascii` changes line ends, so a partial file cannot be continued",
    "write `resume: false`, or `type: binary`",
);
const DIRECT_RESUME: Contradiction = (
    "`publish: direct` never resumes: a partial file has the final name",
    "write `resume: false`, or `publish: file`",
);
const DIRECT_SKIP: Contradiction = (
    "with `publish: direct` a file that was cut off has the final name, and `if_exists: skip` would leave it so",
    "write `if_exists: update`, or `publish: file`",
);
const SET_CONTINUE: Contradiction = (
    "`publish: set` publishes all or nothing, so there is no part to `continue` with",
    "write `on_error: fail`, or `publish: file`",
);
const ONCE_ASCII: Contradiction = (
    "`once` enters what is proven, and with `type: ascii` nothing is: every run would transfer every file",
    "write `type: binary`, or take `once` out",
);
const ONCE_UNVERIFIED: Contradiction = (
    "`once` enters what is proven, and with `verify: none` nothing is: every run would transfer every file",
    "write `verify: size`, or take `once` out",
);
const MOST_SKIP: Contradiction = (
    "`max_files` takes the oldest files that are new, and what `if_exists: skip` leaves alone stays new: in every run they would be the same",
    "write `if_exists: update`, or take `max_files` out",
);

fn contradiction(context: &mut Context<'_>, path: &Path, other: &Path, text: Contradiction) {
    let place = context.at(path);
    let finding = Finding::error(codes::OPTIONS_CONTRADICT, place, text.0, "contradicts")
        .also(context.at(other), "this")
        .help(text.1);
    context.report(finding);
}
