//! What the text of a field must look like, for the JSON Schema that editors complete and check from.
//!
//! Only a description: what `check` refuses is decided by `plan::compile`. A test compares the two, word for word.

use schemars::Schema;
use serde_json::{Map, Value, json};

/// What a text may be. Numbers and booleans can always hold `${…}`, and so can words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Anything.
    Free,
    /// Anything; this where nothing is written.
    Usually(&'static str),
    /// `true` or `false`.
    Boolean,
    /// A whole number, at least and at most.
    Whole(u64, u64),
    /// A whole number from 1 up, or a share: `10%`.
    Count,
    /// One of some words.
    Words(&'static [&'static str]),
    /// One of some words, or `false`, which YAML 1.1 makes of an unquoted `off`.
    Off(&'static [&'static str]),
    /// A version that looks like a number.
    Version(&'static [&'static str]),
    /// `30s`, `1h 30m`.
    Duration,
    /// `true`, `false`, or a duration.
    BooleanOrDuration,
    /// `512KiB`, `2GB`, plain bytes.
    Size,
    /// A duration before the run's start, or a date.
    Instant,
    /// Octal digits.
    Mode,
    /// A port or a range of ports.
    Ports,
    /// A distance from UTC, or `auto`.
    Zone,
    /// An encoding's label; some of many are offered.
    Encoding,
    /// The name of a step, server or variable, in which `${…}` is not expanded.
    Name,
}

/// The labels of encodings that are offered, in schemas and where one is misspelt. Many more are taken.
pub const ENCODINGS: [&str; 14] = [
    "auto",
    "utf-8",
    "gbk",
    "gb18030",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "windows-1252",
    "windows-1251",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "koi8-r",
];

/// A name: letters of any script, digits, `_` and `-`. Written as what it may not hold, in ASCII alone, because `\p{L}` is not known to
/// every engine and `\w` is not the same in all.
pub(super) const NAME: &str = r"^[^\x00-@\[-^`{-\x7f\s][^\x00-,./:-@\[-^`{-\x7f\s]{0,63}$";

/// A text with a variable in it, or the given.
fn or_variable(pattern: &str) -> String {
    format!(r"{pattern}|\$\{{")
}

/// The sorts that a scalar of YAML can have where its text counts: `series: 2.10`, `password: 0123`.
const SCALAR: [&str; 3] = ["string", "number", "boolean"];

impl Shape {
    /// The schema of a text of this shape.
    pub(super) fn schema(self) -> Schema {
        let value = match self {
            Self::Free => json!({ "type": SCALAR }),
            Self::Usually(usual) => json!({ "type": SCALAR, "default": usual }),
            Self::Boolean => json!({
                "type": ["boolean", "string"],
                "pattern": or_variable("^(true|false)$"),
                "patternErrorMessage": "write true or false, or use a variable: ${vars.NAME}",
            }),
            Self::Whole(from, to) => whole(from, to),
            Self::Count => json!({
                "type": ["integer", "string"],
                "minimum": 1,
                "pattern": or_variable("^[0-9]+%?$"),
                "patternErrorMessage": "write a whole number, or a share like 10%",
                "examples": ["100", "10%"],
            }),
            Self::Words(words) => words_or_variable(words.iter().map(|word| json!(word)).collect()),
            Self::Off(words) => {
                let words = words.iter().map(|word| json!(word));
                words_or_variable(words.chain([json!(false), json!("false")]).collect())
            }
            Self::Version(words) => {
                let numbers = words.iter().filter_map(|word| word.parse::<f64>().ok());
                let words = words.iter().map(|word| json!(word));
                words_or_variable(words.chain(numbers.map(|number| json!(number))).collect())
            }
            Self::Duration => patterned(
                r"^\s*([0-9]+\s*[a-zA-Z]+\s*)+$",
                "write a duration like 30s, 5m, 1h 30m or 7d",
                &["30s", "5m", "1h 30m"],
            ),
            Self::BooleanOrDuration => json!({
                "type": ["boolean", "string"],
                "pattern": or_variable(r"^(true|false)$|^\s*([0-9]+\s*[a-zA-Z]+\s*)+$"),
                "patternErrorMessage": "write true, false, or a duration like 90d",
                "examples": [true, "90d"],
            }),
            Self::Size => json!({
                "type": ["string", "integer"],
                "minimum": 0,
                "pattern": or_variable(r"^\s*[0-9]+(\.[0-9]+)?\s*[a-zA-Z]*\s*$"),
                "patternErrorMessage": "write a size like 4096, 512KiB or 2GB",
                "examples": ["4096", "512KiB", "2GB"],
            }),
            Self::Instant => patterned(
                r"^\s*([0-9]+\s*[a-zA-Z]+\s*)+$|^[0-9]{4}-[0-9]{2}-[0-9]{2}",
                "write 7d (before the run's start), 2026-11-22 (UTC) or 2026-11-22T18:00:00+08:00",
                &["7d", "2026-11-22", "2026-11-22T18:00:00+08:00"],
            ),
            Self::Mode => json!({
                "type": ["string", "integer"],
                "pattern": or_variable("^(0o)?[0-7]+$"),
                "patternErrorMessage": "write a mode in octal digits, like 0644 or 0755",
                "examples": ["0644", "0755"],
            }),
            Self::Ports => json!({
                "type": ["string", "integer"],
                "minimum": 1,
                "maximum": 65535,
                "pattern": or_variable(r"^[0-9]+(\s*-\s*[0-9]+)?$"),
                "patternErrorMessage": "write a range of ports, like 50000-50100",
                "examples": ["50000-50100"],
            }),
            Self::Zone => json!({
                "type": ["string", "integer"],
                "pattern": or_variable(r"^(auto|UTC|utc|Z|[+-][0-9]{1,2}(:[0-9]{1,2})?)$"),
                "patternErrorMessage": "write auto, UTC, +08:00 or -05:30",
                "examples": ["auto", "UTC", "+08:00", "-05:30"],
            }),
            Self::Encoding => json!({ "type": "string", "anyOf": [{ "enum": ENCODINGS }, {}] }),
            Self::Name => {
                json!({ "type": ["string", "boolean"], "pattern": NAME, "patternErrorMessage": NAME_HELP })
            }
        };
        Schema::try_from(value).unwrap_or_default()
    }

    /// The default that a description names, if it is a value of this shape.
    pub(super) fn default(self, named: &str) -> Option<Value> {
        match self {
            Self::Boolean | Self::BooleanOrDuration => named.parse().ok().map(Value::Bool),
            Self::Count => named.parse::<u64>().ok().map(Value::from),
            Self::Whole(from, to) => {
                let number = named.parse::<u64>().ok();
                number
                    .filter(|number| (from..=to).contains(number))
                    .map(Value::from)
            }
            Self::Words(words) | Self::Off(words) | Self::Version(words) => {
                words.contains(&named).then(|| json!(named))
            }
            Self::Duration => humantime::parse_duration(named)
                .is_ok()
                .then(|| json!(named)),
            Self::Zone | Self::Encoding => (named == "auto").then(|| json!(named)),
            Self::Free
            | Self::Usually(_)
            | Self::Size
            | Self::Instant
            | Self::Mode
            | Self::Ports
            | Self::Name => None,
        }
    }
}

/// What an editor says of a name that is none.
pub(super) const NAME_HELP: &str = "a name is letters of any script, digits, _ and -, begins with a letter or _, and has at most 64 characters";

fn whole(from: u64, to: u64) -> Value {
    let mut schema = json!({
        "type": ["integer", "string"],
        "minimum": from,
        "pattern": or_variable("^[0-9]+$"),
        "patternErrorMessage": "write a whole number, or use a variable: ${vars.NAME}",
    });
    if to != u64::MAX {
        schema["maximum"] = json!(to);
    }
    schema
}

fn patterned(pattern: &str, help: &str, examples: &[&str]) -> Value {
    json!({
        "type": "string",
        "pattern": or_variable(pattern),
        "patternErrorMessage": help,
        "examples": examples,
    })
}

/// Not `pattern` beside `enum`: both would have to hold.
fn words_or_variable(words: Vec<Value>) -> Value {
    json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": r"\$\{" }] })
}

/// A field of a map: its key, its documentation, and the schema of its value.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) docs: String,
    pub(super) shape: Shape,
    pub(super) schema: Schema,
}

impl Field {
    /// The schema with description and default.
    pub(super) fn described(self) -> Value {
        let mut schema = self.schema;
        let named = self
            .docs
            .rsplit_once("Default: ")
            .and_then(|(_, named)| named.strip_suffix('.'));
        if let Some(default) = named.and_then(|named| self.shape.default(named)) {
            schema.insert("default".to_owned(), default);
        }
        schema.insert("description".to_owned(), Value::String(self.docs));
        schema.to_value()
    }
}

/// The lines of a documentation comment as one text.
pub(super) fn docs(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// The schema of a map with exactly these fields; `rules` says what must be there.
pub(super) fn map(docs: String, fields: Vec<Field>, rules: Option<Value>) -> Schema {
    let mut schema = Map::new();
    schema.insert("description".to_owned(), Value::String(docs));
    schema.insert("type".to_owned(), json!("object"));
    let properties = fields
        .into_iter()
        .map(|field| (field.key.to_owned(), field.described()));
    schema.insert("properties".to_owned(), Value::Object(properties.collect()));
    schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    if let Some(Value::Object(rules)) = rules {
        schema.extend(rules);
    }
    Schema::from(schema)
}
