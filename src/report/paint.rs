//! Colours, and when there are any.

use std::fmt::{self, Display};

/// How something is shown where there are colours. Without colours, everything reads the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Good.
    Good,
    /// Bad.
    Bad,
    /// Worth a look.
    Doubtful,
    /// Names and headings.
    Strong,
    /// Things beside the point.
    Faint,
    /// Places and commands.
    Cool,
}

/// Whether a writer shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    colour: bool,
}

impl Paint {
    /// Plain text.
    pub const PLAIN: Paint = Paint { colour: false };

    /// With colours on a terminal, unless `NO_COLOR` is set to anything but nothing (no-color.org) or `TERM` is `dumb`.
    pub fn for_terminal(terminal: bool) -> Paint {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Paint {
            colour: terminal && !set("NO_COLOR") && !dumb,
        }
    }

    /// Whether there are colours.
    pub fn has_colour(self) -> bool {
        self.colour
    }

    /// Something in a tone.
    pub fn tone<T: Display>(self, tone: Tone, text: T) -> impl Display {
        Painted {
            code: self.colour.then_some(match tone {
                Tone::Good => "1;32",
                Tone::Bad => "1;31",
                Tone::Doubtful => "1;33",
                Tone::Strong => "1",
                Tone::Faint => "2",
                Tone::Cool => "36",
            }),
            text,
        }
    }
}

struct Painted<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "\u{1b}[{code}m{}\u{1b}[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}
