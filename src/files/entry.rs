//! What a file entry is made of: side, kind and time.

use serde::{Deserialize, Serialize};

/// The number of a server in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerId(pub u32);

impl ServerId {
    /// The server at a position.
    pub fn new(at: usize) -> ServerId {
        ServerId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// Its position.
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// Where a file set lives: this machine, or one of the plan's servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Side {
    /// This machine (`local` in a manifest).
    Local,
    /// A server.
    Server(ServerId),
}

impl Side {
    /// The server, where it is one.
    pub fn server(&self) -> Option<ServerId> {
        match self {
            Side::Local => None,
            Side::Server(server) => Some(*server),
        }
    }
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link that was not followed.
    Link,
    /// A device, a pipe, a socket, or what the server would not say.
    Other,
}

/// How exactly a time is known.
///
/// LIST shows minutes for recent files and days for older ones; MLSD and MDTM show seconds (RFC 3659 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// To the second.
    Second,
    /// To the minute.
    Minute,
    /// To the day.
    Day,
}

impl Precision {
    /// The width of one step of this precision, in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Precision::Second => 1,
            Precision::Minute => 60,
            Precision::Day => 86_400,
        }
    }
}

/// When a file was last modified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Time {
    /// Seconds since the Unix epoch, UTC; the earliest instant that the known digits allow.
    pub seconds: i64,
    /// How many digits are known.
    pub precision: Precision,
}

impl Time {
    /// A time known to the second.
    pub fn at(seconds: i64) -> Time {
        Time {
            seconds,
            precision: Precision::Second,
        }
    }

    /// Whether the two differ by more than the coarser precision of both.
    pub fn differs(self, other: Time) -> bool {
        self.distance(other) > i128::from(self.coarser(other))
    }

    /// Whether this time is later than the other by more than the coarser precision of both.
    pub fn newer(self, other: Time) -> bool {
        self.seconds > other.seconds && self.differs(other)
    }

    fn coarser(self, other: Time) -> i64 {
        // Two times that are exact to the second are compared to the second.
        match self.precision.max(other.precision) {
            Precision::Second => 0,
            coarse => coarse.seconds(),
        }
    }

    fn distance(self, other: Time) -> i128 {
        (i128::from(self.seconds) - i128::from(other.seconds)).abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_compared_within_the_coarser_precision() {
        let exact = Time::at(1_000_059);
        let coarse = Time {
            seconds: 1_000_020,
            precision: Precision::Minute,
        };
        assert!(!exact.differs(coarse));
        assert!(!exact.newer(coarse));
        assert!(Time::at(1_000_081).newer(coarse));
        assert!(Time::at(2).differs(Time::at(1)));
    }
}
