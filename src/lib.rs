//! ftpflow: a declarative pipeline runner for FTP and FTPS.
//!
//! A manifest is text; a plan is proven; a run is a conversation. Each is its own type, and each stage knows only the one
//! before it.
//!
//! ```text
//! text ──manifest──▶ Manifest ──plan──▶ Plan ──exec──▶ Events ──report──▶ terminal, JSON, JUnit, HTML
//!                                               │
//!                                  transfer ── ftp, local ── files
//! ```
//!
//! # The rooms
//!
//! What each owns and, above all, what is deliberately absent from it. `tests/house.rs` fails when a room names one that
//! it may not use.
//!
//! | room | owns | may use | absent |
//! | --- | --- | --- | --- |
//! | [`cli`] | one file a subcommand: arguments in, a stage called, exit code out; reads variables, environment, files and the clock | all below | decisions about steps or files |
//! | [`kind`] | the table of step kinds: their words, and what they change | – | |
//! | [`manifest`] | text → tree with places → [`Manifest`](manifest::Manifest) | kind | I/O; names, types and ranges are not judged here |
//! | [`plan`] | `compile(&Manifest, &Inputs) -> Compiled`: names, typed actions, graph, extents, hazards | manifest, files, kind | I/O; stopping at the first mistake |
//! | [`files`] | names, entries, file sets, patterns, filtering | – | I/O |
//! | [`endpoint`], [`options`] | what `plan`, `exec`, `ftp` and `transfer` all say about a server and a transfer | files | behaviour |
//! | [`local`] | the user's disk: confining, listing, temporary names, renaming, times | files | FTP; any other room that opens a file of the user |
//! | [`ftp`] | one session with one server: wire, replies, data connections, listings, encodings, what was learned | files | more than one session; retrying; waiting without a deadline |
//! | [`transfer`] | [`End`](transfer::End), a session of a server or the disk of this machine: decide, copy, publish, verify | ftp, local, files | the names `download`, `upload` and `relay`, which only choose two ends |
//! | [`exec`] | runs a [`Plan`](plan::Plan): dispatcher, ready queue, sessions, one file a step kind | plan, transfer, journal, ledger, event | manifest types; unbound variables; output; on which side an end is |
//! | [`journal`] | what must outlive a kill: records of what was chosen, moved and deleted, of empty files that may stand, and the lock | event, files | anything that a run can do without |
//! | [`ledger`] | which files `once` steps of earlier runs have transferred: a database that outlives runs | files | anything of one run alone |
//! | [`event`] | what happens in a run, as plain data, and `Tally`, the one fold from which exit code and summary come | files | |
//! | [`report`] | events → progress, summary, reports; a plan → text; the redactor, the only way to any sink | plan, event, and places of a manifest to point at | a way back into the run |
//!
//! # Invariants
//!
//! 1. `manifest` and `plan` do no I/O. A dry run is these two and a printer: no `dry_run: bool` exists below `cli`.
//! 2. `exec` never names a `manifest` type and never meets a hole: every `${…}` is bound in `compile`. A plan's step
//!    carries an opaque origin, so that an error can point into the file. A `Plan` is plain data; secrets stand in it as
//!    keys of a table, so that it can be written down or sent elsewhere.
//! 3. Only `ftp` names suppaftp and rustls. Only `cli` and `report` write to the terminal.
//! 4. `exec` talks to `report` by events alone. Steps, `--events` and reports share one event type.
//! 5. One thread, the dispatcher, owns the state of a run and does no I/O but the journal's. What grows with a set is a job or
//!    is told in slices. Workers get what they need and end with exactly one `Done`, on panic too. No lock is held while
//!    anybody waits.
//! 6. Sessions move. A job starts only with its sessions and a thread in hand and gives them back in `Done`; slots are
//!    released by job id, so sessions lost in a panic are still counted as closed. Never wait without a cause to wake:
//!    when nothing is in flight, no timer is set and nothing can start, the waiting steps fail with the reason.
//! 7. A session is kept after any complete final reply to the command that was sent, 4xx and 5xx included, when no reply
//!    is owed and no data connection is in use (one that was opened ahead is for the next command). It is thrown away after
//!    421, an I/O error or timeout, a reply of another class or one that cannot be parsed, an error after 150, or a give-up
//!    in the middle. Type and folder are tracked by the session; no job assumes them.
//! 8. A name that came from a server never becomes a local path or a command without passing the one function that checks
//!    it.
//! 9. Every compile error is collected; none stops the others, unless they would be noise.
//! 10. Work that changes anything happens only in the phases of folders, moving, publishing and deleting; surveying and
//!     deciding have no code path to them. `ftpflow plan` runs the first two, `ftpflow run` all. But for this: a listing of
//!     `run` gives files their names back that an interrupted deletion has put away.
//! 11. A proof is a fact about a destination, looked at again before its source goes; text never proves two folders different,
//!     and what is not known counts as the worse. `tests/sim` asks that of random worlds after every change.
//!
//! # Where a change goes
//!
//! A new step kind: a row in `kind`, its fields in `manifest::model`, a file in `plan/kinds` with what it says of itself and
//! how it is compiled, its machine in `exec/steps`; the compiler asks for each. A new listing dialect: one file in `ftp/listing`. A new report: one file in `report`. A new subcommand:
//! one file in `cli`. If a change needs more rooms than that, the house is wrong: change the house first, in its own
//! commit.
//!
//! # Using the library
//!
//! [`cli::run_from`] is the program with arguments of your own; `examples/quickstart.rs` shows it.

pub mod cli;
pub mod endpoint;
pub mod event;
pub mod exec;
pub mod files;
pub mod ftp;
pub mod journal;
pub mod kind;
pub mod ledger;
pub mod local;
pub mod manifest;
pub mod options;
pub mod plan;
pub mod report;
pub mod transfer;
