//! One binary for all integration tests; one file a capability, over one harness.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "Clippy takes helpers outside #[test] for production code; here a panic is the failing of a test"
)]

mod ahead;
mod any_password;
mod aside;
mod bare_replies;
mod checking;
mod checksums;
mod checksums_real;
mod codes;
mod copying;
mod copying_real;
mod costs;
mod cuts;
mod documents;
mod early_lines;
mod emptiness;
mod encodings;
mod equal_looks;
mod fault_deletes;
mod fault_logins;
mod fault_matrix;
mod fault_names;
mod fault_parallel;
mod fault_publish;
mod fault_signals;
mod fault_transfers;
mod fault_usage;
mod folder_marks;
mod foreign_names;
mod ftp_session;
mod full_disk;
mod fuzzing;
mod harness;
mod harness_itself;
mod hazard_gate;
mod hidden_names;
mod house;
mod in_the_way;
mod kept_as_it_was;
mod killed;
mod known_again;
mod known_servers;
mod large;
mod left_alone;
mod listing_broken;
mod listing_endless;
mod listing_samples;
mod listing_times;
mod main_job;
mod matrix;
mod models;
mod names_alike;
mod names_thousand;
mod nothing_matches;
mod one_folder_real;
mod pipelines;
mod probe;
mod quirks;
mod quirks_listings;
mod quirks_transfers;
mod real_servers;
mod renamed;
mod renaming;
mod replies;
mod reply_order;
mod resumed;
mod schema;
mod scripted_faults;
mod scripted_server;
mod second_run;
mod secrets;
mod side_by_side;
mod sim;
mod skip_real;
mod soundness;
mod strange_ways;
mod strangers;
mod telling;
mod times_told;
mod tls;
mod tls_faults;
mod told_little;
mod two_entries;
mod unread;
mod unreadable;
mod untold;
mod versions;
mod versions_real;
mod when;
mod when_real;
