//! The CI system that this process runs in, by the environment that it gives.

use std::env;
use std::path::{Path, PathBuf};

use super::output::Voice;
use crate::report::{Ci, ReportFile};

/// Whose log is written to. GitHub's and GitLab's runners set these variables in each step.
pub(super) fn system(manifest: &Path) -> Ci {
    let is_set = |name| env::var_os(name).is_some_and(|value| value == "true");
    if is_set("GITHUB_ACTIONS") {
        let manifest = below_workspace(manifest);
        return Ci::GitHub { manifest };
    }
    match is_set("GITLAB_CI") {
        true => Ci::GitLab,
        false => Ci::None,
    }
}

/// Where GitHub Actions wants what people read of a step. Nobody asked for it by name: the run goes on without it.
pub(super) fn job_summary(voice: Voice<'_>) -> Option<ReportFile> {
    let is_github = env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let path = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| is_github && !path.is_empty())?;
    let opened = ReportFile::job_summary(PathBuf::from(path));
    opened.map_err(|error| voice.warn(error)).ok()
}

/// The manifest's path as GitHub knows it: from the root of the repository, with slashes.
fn below_workspace(manifest: &Path) -> String {
    let below = || {
        let file = std::path::absolute(manifest).ok()?;
        let root = std::path::absolute(env::var_os("GITHUB_WORKSPACE")?).ok()?;
        Some(file.strip_prefix(root).ok()?.to_owned())
    };
    let path = below().unwrap_or_else(|| manifest.to_owned());
    let path = path.to_string_lossy();
    path.replace(std::path::MAIN_SEPARATOR, "/")
}
