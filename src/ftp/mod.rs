//! One session with one server: control connection, replies, data connections, listings, and what was learned.
//!
//! Only this room names suppaftp and rustls. [`Session`] is the whole of it to the outside; [`Breaker`] ends a session from
//! another thread, [`Facts`] outlive it.

mod address;
mod advice;
mod ahead;
mod aside;
mod breaker;
mod burst;
mod checksum;
mod clock;
mod command;
mod control;
mod data;
mod data_opening;
mod desk;
mod dial;
mod doubts;
mod emptiness;
mod error;
mod expect;
mod facts;
mod failure;
mod forms;
mod framing;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod inner;
mod list;
mod listener;
mod listing;
mod login;
mod manage;
mod misread;
mod pace;
mod pairs;
mod probe;
mod rename;
mod reply;
mod resolve;
mod secure;
mod session;
mod settle;
mod shown;
mod socket;
mod tls;
mod transfer;
mod untold;
mod vigil;
mod wire;

pub use aside::Aside;
pub use breaker::{Breaker, Why};
pub use checksum::{Algorithm, Checksum};
pub use data::{Count, Receiving, Sending};
pub use error::{Answer, Class, Error, ErrorKind, Waiting};
pub use facts::{Facts, Features};
pub use listing::zone::Zones;
pub use manage::Deleted;
pub use pace::{Pace, Stage};
pub use probe::{Probe, ProbeTls};
pub use session::{Session, TransferType};
pub use shown::Redact;
pub use tls::TlsFault;
pub use transfer::{Retrieve, Retrieved, Store, Stored};
