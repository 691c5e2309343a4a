//! `transfer::copy` against the scripted server: download, upload and relay, on good days and bad ones.

use std::fs;
use std::time::Duration;

use ftpflow::endpoint::{Endpoint, Timeouts};
use ftpflow::event::Meter;
use ftpflow::files::{Fingerprint, Partials, Time};
use ftpflow::ftp::Class;
use ftpflow::local::Root;
use ftpflow::options::{Publish, TransferOptions};
use ftpflow::transfer::{
    Cause, Copied, CopyError, Disk, End, Item, Role, Server as Remote, Settled, SizeProblem, Stage,
    copy, publish, settle,
};

use crate::harness::server::{Do, Features, On, OntoExisting, Running, Server, pattern};
use crate::harness::session;

const PART: &str = "/in/b.ftpflow-0123456789";
const SIZE: u64 = 700_000;
const STAMP: i64 = 1_600_000_000;

fn session(server: &Running) -> Remote {
    let endpoint = Endpoint {
        timeouts: Timeouts {
            connect: Duration::from_secs(10),
            reply: Duration::from_secs(10),
            data: Duration::from_secs(10),
            final_reply: Duration::from_secs(10),
        },
        ..session::endpoint(server.host(), server.port(), "lab")
    };
    Remote::new(session::open(endpoint, "lab-secret").unwrap())
}

/// Those of a file that is no test's subject.
fn partials() -> Partials {
    partials_at(b"/in/b")
}

fn partials_at(path: &[u8]) -> Partials {
    let owner = Fingerprint {
        manifest: "m",
        step: "s",
        source: "",
        path: b"/from/a",
    };
    Partials::of(path, &owner)
}

fn disk(root: &Root) -> Disk {
    Disk::new(root.path().to_path_buf())
}

fn at(root: &Root, name: &str) -> Vec<u8> {
    ftpflow::local::bytes(&root.path().join(name)).to_vec()
}

fn source() -> Server {
    let server = Server::new().user("lab", "lab-secret");
    server.file_at("/from/a", pattern(SIZE, 1), STAMP)
}

fn target() -> Server {
    Server::new().user("lab", "lab-secret").folder("/in")
}

fn item() -> Item {
    Item {
        text: "a".into(),
        source: b"/from/a".to_vec(),
        size: Some(SIZE),
        modified: Some(Time::at(STAMP)),
        target: b"/in/b".to_vec(),
        temporary: PART.as_bytes().to_vec(),
        partials: partials(),
        direct: false,
        may_overwrite: true,
        keeps_time: true,
        chmod: None,
        resumable: true,
        partial: false,
        now: i64::MAX,
        is_settled: true,
        relied: false,
        asks_time: false,
        asks_places: false,
        mark: Vec::new(),
        others: Vec::new(),
        replaces: false,
        has_namesake: false,
        replaces_only_copy: false,
        replaces_same_size: false,
        again: false,
        stale: Vec::new(),
    }
}

/// A relay of one file, the sessions outliving it.
struct Relay {
    from: Remote,
    to: Remote,
    item: Item,
    options: TransferOptions,
}

fn relay(from: &Running, to: &Running) -> Relay {
    Relay {
        from: session(from),
        to: session(to),
        item: item(),
        options: TransferOptions::default(),
    }
}

impl Relay {
    fn run(&mut self) -> Result<Copied, CopyError> {
        copy(
            &mut self.from,
            &mut self.to,
            &self.item,
            &self.options,
            &Meter::default(),
            &mut Vec::new(),
        )
    }
}

#[track_caller]
fn arrived(server: &Running) {
    assert_eq!(server.names("/in"), ["b"]);
    assert!(
        server.read("/in/b") == Some(pattern(SIZE, 1)),
        "other bytes"
    );
}

/// Nothing stands under the final name.
#[track_caller]
fn not_visible(server: &Running) {
    assert!(!server.exists("/in/b"), "{:?}", server.names("/in"));
}

#[test]
fn a_relay_arrives_whole_proven_dated_and_both_sessions_live() {
    let (from, to) = (source().start(), target().start());
    let mut relay = relay(&from, &to);
    let copied = relay.run().unwrap();
    assert_eq!((copied.proven, copied.bytes_moved), (Ok(()), SIZE));
    assert!(copied.visible && copied.times_kept);
    arrived(&to);
    assert_eq!(to.modified("/in/b"), Some(STAMP));
    assert!(relay.from.healthy() && relay.to.healthy());
    assert!(relay.run().is_ok(), "onto the existing name");
    arrived(&to);
}

#[test]
fn a_download_and_an_upload_use_the_same_loop() {
    let (from, to) = (source().start(), target().start());
    let folder = tempfile::tempdir().unwrap();
    let root = Root::create(folder.path()).unwrap();
    let (mut one, mut two) = (session(&from), session(&to));
    let mut down = item();
    (down.target, down.temporary) = (at(&root, "a"), at(&root, "a.ftpflow-0123456789"));
    let options = TransferOptions::default();
    let mut buffer = Vec::new();
    let copied = copy(
        &mut one,
        &mut disk(&root),
        &down,
        &options,
        &Meter::default(),
        &mut buffer,
    );
    assert_eq!(copied.unwrap().proven, Ok(()));
    assert!(fs::read(folder.path().join("a")).unwrap() == pattern(SIZE, 1));
    let mut up = item();
    up.source = at(&root, "a");
    let copied = copy(
        &mut disk(&root),
        &mut two,
        &up,
        &options,
        &Meter::default(),
        &mut buffer,
    );
    assert_eq!(copied.unwrap().proven, Ok(()));
    arrived(&to);
}

#[test]
fn a_source_cut_in_the_middle_keeps_a_partial_that_a_second_try_continues() {
    let from = source()
        .rule(On::command("RETR").nth(1), Do::CutAt(300_000))
        .start();
    let to = target().start();
    let mut first = relay(&from, &to);
    let error = first.run().unwrap_err();
    assert_eq!(
        (error.end, error.class()),
        (Role::Source, Class::Transient),
        "{error}"
    );
    not_visible(&to);
    assert_eq!(to.names("/in").len(), 1, "the partial");
    assert!(first.to.healthy());
    let mut second = relay(&from, &to);
    second.item.partial = true;
    let copied = second.run().unwrap();
    assert_eq!(copied.bytes_moved, SIZE - 300_000);
    assert_eq!(to.count("APPE"), 1);
    arrived(&to);
}

#[test]
fn without_resume_a_cut_leaves_nothing() {
    let from = source()
        .rule(On::command("RETR"), Do::CutAt(300_000))
        .start();
    let to = target().start();
    let mut relay = relay(&from, &to);
    relay.item.resumable = false;
    relay.options.resume = false;
    let error = relay.run().unwrap_err();
    assert_eq!((error.end, error.left_behind), (Role::Source, false));
    assert!(to.names("/in").is_empty());
}

#[test]
fn a_source_that_says_226_too_early_is_found_out_by_its_size() {
    let from = source()
        .rule(
            On::command("RETR"),
            vec![Do::CutAt(1000), Do::lie("226 all sent")],
        )
        .start();
    let to = target().start();
    let error = relay(&from, &to).run().unwrap_err();
    let truncated = SizeProblem::Truncated {
        expected: SIZE,
        got: 1000,
    };
    assert_eq!(*error.cause, Cause::Size(truncated));
    not_visible(&to);
}

#[test]
fn a_destination_cut_in_the_middle_names_its_side() {
    let from = source().start();
    let to = target().rule(On::command("STOR"), Do::CutAt(1000)).start();
    let mut relay = relay(&from, &to);
    let error = relay.run().unwrap_err();
    assert_eq!(
        (error.end, error.class()),
        (Role::Target, Class::Transient),
        "{error}"
    );
    not_visible(&to);
}

#[test]
fn a_refused_store_costs_no_session_at_the_destination_and_names_command_and_reply() {
    let from = source().start();
    let to = target()
        .rule(On::command("STOR"), Do::reply("553 no"))
        .start();
    let mut relay = relay(&from, &to);
    let error = relay.run().unwrap_err();
    assert_eq!((error.end, error.class()), (Role::Target, Class::Permanent));
    assert!(
        error.to_string().contains("STOR") && error.to_string().contains("553 no"),
        "{error}"
    );
    assert!(relay.to.healthy() && to.names("/in").is_empty());
}

#[test]
fn a_small_file_refused_at_the_destination_costs_no_session_at_the_source() {
    let from = source().file_at("/from/s", b"small", STAMP).start();
    let to = target()
        .rule(On::command("STOR"), Do::reply("553 no"))
        .start();
    let mut relay = relay(&from, &to);
    relay.item.source = b"/from/s".to_vec();
    relay.item.size = Some(5);
    assert!(relay.run().is_err());
    assert!(relay.from.healthy() && relay.to.healthy());
}

#[test]
fn a_refused_retrieve_touches_nothing_at_the_destination() {
    let from = source()
        .rule(On::command("RETR"), Do::reply("550 no"))
        .start();
    let to = target().start();
    let mut relay = relay(&from, &to);
    let error = relay.run().unwrap_err();
    assert_eq!((error.end, error.class()), (Role::Source, Class::Permanent));
    assert_eq!(to.count("STOR"), 0);
    assert!(relay.from.healthy() && relay.to.healthy());
}

#[test]
fn an_error_after_150_means_not_whole() {
    for code in ["426 broken", "451 disk", "552 full"] {
        let from = source().start();
        let to = target().rule(On::command("STOR"), Do::lie(code)).start();
        let error = relay(&from, &to).run().unwrap_err();
        assert_eq!(error.end, Role::Target);
        let stops = code.starts_with("552");
        assert_eq!(error.class() == Class::StopStep, stops, "{error}");
        not_visible(&to);
        let left = to.names("/in");
        assert!(left.is_empty(), "nothing is left to be continued: {left:?}");
    }
}

#[test]
fn a_wrong_size_at_the_destination_is_never_published() {
    let from = source().start();
    let to = target()
        .rule(On::command("SIZE").path_has("ftpflow-"), Do::reply("213 7"))
        .start();
    let error = relay(&from, &to).run().unwrap_err();
    assert_eq!(
        *error.cause,
        Cause::Size(SizeProblem::Stored {
            sent: SIZE,
            found: 7
        })
    );
    not_visible(&to);
}

#[test]
fn a_source_that_grew_since_it_was_listed_arrives_as_it_is() {
    let (from, to) = (source().start(), target().start());
    let mut relay = relay(&from, &to);
    relay.item.size = Some(SIZE - 5);
    assert_eq!(relay.run().unwrap().proven, Ok(()));
    arrived(&to);
}

#[test]
fn a_server_that_refuses_appe_gets_the_file_from_its_start_at_once() {
    let from = source().start();
    let to = target()
        .file(PART, pattern(SIZE, 1)[..1000].to_vec())
        .rule(On::command("APPE"), Do::reply("451 not here"))
        .start();
    let mut relay = relay(&from, &to);
    relay.item.partial = true;
    assert_eq!(relay.run().unwrap().bytes_moved, SIZE);
    assert!(relay.to.facts().unwrap().no_restart_upload && relay.from.healthy());
    arrived(&to);
    assert_eq!(from.sessions_opened(), 1);
}

#[test]
fn a_server_that_ignores_append_is_found_out_and_begun_again() {
    let from = source().start();
    let to = target()
        .file(PART, pattern(SIZE, 1)[..1000].to_vec())
        .rule(
            On::command("SIZE").path_has("ftpflow-").nth(2),
            Do::reply("213 699000"),
        )
        .start();
    let mut relay = relay(&from, &to);
    relay.item.partial = true;
    let copied = relay.run().unwrap();
    assert_eq!(copied.bytes_moved, SIZE - 1000 + SIZE);
    assert_eq!((to.count("APPE"), to.count("STOR")), (1, 1));
    assert!(relay.to.facts().unwrap().no_restart_upload);
    arrived(&to);
}

#[test]
fn a_lost_final_reply_is_settled_by_looking() {
    let from = source().start();
    let to = target()
        .rule(On::command("STOR"), Do::CloseControlDuring)
        .start();
    let mut relay = relay(&from, &to);
    let error = relay.run().unwrap_err();
    let Cause::Unknown { doubt, .. } = &*error.cause else {
        panic!("{error:?}");
    };
    assert_eq!((doubt.stage, doubt.expected), (Stage::Storing, SIZE));
    let mut end = session(&to);
    let settled = settle(&mut end, &relay.item, doubt).unwrap();
    assert!(matches!(settled, Settled::Arrived(_)), "{settled:?}");
    publish(&mut end, &relay.item).unwrap();
    arrived(&to);
    assert_eq!(to.modified("/in/b"), Some(STAMP));
}

#[test]
fn a_source_that_leaves_after_the_last_byte_is_no_loss() {
    let from = source()
        .rule(On::command("RETR"), Do::CloseControlDuring)
        .start();
    let to = target().start();
    let mut relay = relay(&from, &to);
    assert_eq!(relay.run().unwrap().proven, Ok(()));
    arrived(&to);
    assert!(!relay.from.healthy());
}

#[test]
fn a_lost_reply_to_rnto_is_settled_by_looking() {
    let from = source().start();
    let to = target()
        .rule(On::command("RNTO"), vec![Do::NoReply, Do::CloseAfter])
        .start();
    let mut relay = relay(&from, &to);
    let error = relay.run().unwrap_err();
    let Cause::Unknown { doubt, .. } = &*error.cause else {
        panic!("{error:?}");
    };
    assert_eq!(doubt.stage, Stage::Renaming);
    let mut again = session(&to);
    let settled = settle(&mut again, &relay.item, doubt).unwrap();
    assert!(matches!(settled, Settled::Published(_)), "{settled:?}");
    arrived(&to);
}

#[test]
fn a_taken_name_is_replaced_only_where_the_step_may() {
    for answer in [OntoExisting::Refuse, OntoExisting::Pretend] {
        let from = source().start();
        let to = target().file("/in/b", b"old").onto_existing(answer).start();
        let mut relay = relay(&from, &to);
        relay.item.may_overwrite = false;
        let error = relay.run().unwrap_err();
        assert_eq!(error.end, Role::Target);
        assert_eq!(to.read("/in/b").unwrap(), b"old");
        relay.item.may_overwrite = true;
        relay.run().unwrap();
        arrived(&to);
    }
}

#[test]
fn without_size_the_listing_proves_and_without_both_nothing_does() {
    let from = source().features(Features::all().without("SIZE")).start();
    let to = target().features(Features::all().without("SIZE")).start();
    assert_eq!(relay(&from, &to).run().unwrap().proven, Ok(()));
    arrived(&to);
    let mut relay = relay(&from, &to);
    relay.item.size = None;
    let copied = relay.run().unwrap();
    assert!(copied.proven.unwrap_err().contains("source"));
}

#[test]
fn a_set_stays_invisible_until_it_is_published() {
    let (from, to) = (source().start(), target().start());
    let mut relay = relay(&from, &to);
    relay.options.publish = Publish::Set;
    let copied = relay.run().unwrap();
    assert!(!copied.visible && copied.proven.is_ok());
    not_visible(&to);
    publish(&mut relay.to, &relay.item).unwrap();
    arrived(&to);
}

#[test]
fn direct_writes_the_final_name_and_takes_a_half_file_away() {
    let from = source()
        .rule(On::command("RETR").nth(1), Do::CutAt(1000))
        .start();
    let to = target().start();
    let mut first = relay(&from, &to);
    first.options.publish = Publish::Direct;
    first.item.direct = true;
    first.item.resumable = false;
    assert!(first.run().is_err());
    assert!(to.names("/in").is_empty());
    first.from = session(&from);
    assert!(first.run().unwrap().visible);
    assert_eq!(to.count("RNFR"), 0);
    arrived(&to);
}

#[test]
fn a_source_that_refuses_rest_gives_the_file_from_its_start() {
    let from = source()
        .rule(On::command("REST"), Do::reply("502 no"))
        .start();
    let to = target()
        .file(PART, pattern(SIZE, 1)[..1000].to_vec())
        .start();
    let mut first = relay(&from, &to);
    first.item.partial = true;
    if let Err(error) = first.run() {
        // RETR had been sent behind REST, so that this session is lost; what was learned is not.
        assert_eq!((error.end, error.class()), (Role::Source, Class::Transient));
        let facts = first.from.facts().unwrap().clone();
        first.from = session(&from);
        first.from.learn(&facts);
        first.run().unwrap();
    }
    arrived(&to);
}

#[test]
fn ascii_sends_crlf_and_receives_local_line_ends() {
    // This server says that it converts and keeps the bytes as they came: it shows what was on the wire.
    let server = target()
        .rule(
            On::command("TYPE").since_nth(2),
            Do::reply("200 as you like"),
        )
        .start();
    let folder = tempfile::tempdir().unwrap();
    let root = Root::create(folder.path()).unwrap();
    let text = "one\ntwo\n".repeat(100_000);
    fs::write(folder.path().join("a"), &text).unwrap();
    let options = TransferOptions {
        ascii: true,
        resume: false,
        ..TransferOptions::default()
    };
    let mut up = item();
    (up.source, up.size, up.modified, up.resumable) = (at(&root, "a"), None, None, false);
    let mut remote = session(&server);
    let copied = copy(
        &mut disk(&root),
        &mut remote,
        &up,
        &options,
        &Meter::default(),
        &mut Vec::new(),
    );
    assert!(copied.unwrap().proven.unwrap_err().contains("line ends"));
    assert!(server.read("/in/b").unwrap() == text.replace('\n', "\r\n").into_bytes());

    let mut down = up;
    (down.source, down.target) = (b"/in/b".to_vec(), at(&root, "back"));
    down.temporary = at(&root, "back.ftpflow-0123456789");
    down.partials = partials_at(&at(&root, "back"));
    let copied = copy(
        &mut remote,
        &mut disk(&root),
        &down,
        &options,
        &Meter::default(),
        &mut Vec::new(),
    );
    copied.unwrap();
    assert!(fs::read_to_string(folder.path().join("back")).unwrap() == text);
}
