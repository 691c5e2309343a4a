//! What `check` found, as SARIF 2.1.0 (OASIS): what code scanning services and editors read.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::check_json::{Checked, Diagnostic, Region};
use super::codes_page;
use super::github::told;
use super::json_text;

/// Where the schema of the format is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// What stands for itself in a path of a URI (RFC 3986 §3.3), `/` included.
const PLAIN: &[u8] = b"-._~!$&'()*+,;=@/";

impl Checked {
    /// Writes one SARIF log with one run. `complete` tells whether every file of the call could be read.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_sarif(&self, out: &mut dyn Write, complete: bool) -> io::Result<()> {
        json_text::pretty(out, &self.sarif(complete))?;
        writeln!(out)
    }

    fn sarif(&self, complete: bool) -> Value {
        let codes: BTreeSet<&str> = self.diagnostics().iter().map(|one| one.code).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        let results = self.diagnostics().iter().map(|one| result(one, &codes));
        let artifacts = self
            .files()
            .iter()
            .map(|file| json!({ "location": { "uri": uri(file) }, "sourceLanguage": "yaml" }));
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "ftpflow",
                    "version": env!("CARGO_PKG_VERSION"),
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": codes.iter().map(|code| rule(code)).collect::<Vec<Value>>(),
                } },
                "invocations": [{ "executionSuccessful": complete }],
                "artifacts": artifacts.collect::<Vec<Value>>(),
                "columnKind": "unicodeCodePoints",
                "results": results.collect::<Vec<Value>>(),
            }],
        })
    }
}

/// A code as a rule, with its entry on the page of codes.
fn rule(code: &str) -> Value {
    let Some(entry) = codes_page::entry(code) else {
        return json!({ "id": code });
    };
    json!({
        "id": code,
        "shortDescription": { "text": entry.summary() },
        "help": { "text": entry.text(), "markdown": entry.markdown() },
    })
}

fn result(diagnostic: &Diagnostic, codes: &[&str]) -> Value {
    let related = diagnostic.related.iter().map(|related| {
        let mut location = location(&related.region);
        location["message"] = json!({ "text": related.message });
        location
    });
    json!({
        "ruleId": diagnostic.code,
        "ruleIndex": codes.binary_search(&diagnostic.code).ok(),
        "level": diagnostic.severity,
        "message": { "text": told(diagnostic) },
        "locations": [location(&diagnostic.region)],
        "relatedLocations": related.collect::<Vec<Value>>(),
    })
}

fn location(region: &Region) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&region.file) },
        "region": {
            "startLine": region.line,
            "startColumn": region.column,
            "endLine": region.end_line,
            "endColumn": region.end_column,
        },
    } })
}

/// A path as a URI reference: `file:///…` where it is absolute.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) {
        path.replace('\\', "/")
    } else {
        path.to_owned()
    };
    let path = path.trim_start_matches("./");
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for &byte in path.as_bytes() {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::super::check_json::tests::checked;
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("a b/版.yaml"), "a%20b/%E7%89%88.yaml");
        assert_eq!(uri("./c:1#?.yaml"), "c%3A1%23%3F.yaml");
        assert_eq!(uri("/x/y.yaml"), "file:///x/y.yaml");
    }

    #[test]
    fn results_name_their_rule_place_and_help() {
        let sarif = checked().sarif(true);
        let run = &sarif["runs"][0];
        let results = &run["results"];
        assert_eq!(results.as_array().unwrap().len(), 2);
        let first = &results[0];
        let index = usize::try_from(first["ruleIndex"].as_u64().unwrap()).unwrap();
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules[index]["id"], first["ruleId"]);
        let region = &first["locations"][0]["physicalLocation"]["region"];
        assert_eq!(
            *region,
            json!({"startLine": 2, "startColumn": 16, "endLine": 2, "endColumn": 21})
        );
        let text = first["message"]["text"].as_str().unwrap();
        assert!(text.contains("did you mean `build`?"));
        assert!(!sarif.to_string().contains("s3cret"));
    }
}
