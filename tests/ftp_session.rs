//! `ftp::Session` against the scripted server: what is sent ahead, what faults become, and what a session survives.

use std::io::{Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ftpflow::endpoint::{DataMode, Endpoint, ListingMode, Timeouts, Tls, TlsOptions};
use ftpflow::files::{Kind, NameEncoding, Precision, Time};
use ftpflow::ftp::{
    Breaker, Class, Deleted, Error, ErrorKind, Facts, Receiving, Redact, Retrieve, Retrieved,
    Sending, Session, Store, Stored, TlsFault, Waiting, Why,
};

use crate::harness::client::lab;
use crate::harness::server::{
    Cap, Do, Features, Gate, ListStyle, On, OntoExisting, Running, Server,
};
use crate::harness::session;

pub(crate) fn endpoint(server: &Running) -> Endpoint {
    Endpoint {
        timeouts: Timeouts {
            connect: Duration::from_secs(10),
            reply: Duration::from_secs(10),
            data: Duration::from_secs(10),
            final_reply: Duration::from_secs(10),
        },
        ..session::endpoint(server.host(), server.port(), "lab")
    }
}

pub(crate) fn impatient(server: &Running) -> Endpoint {
    let short = Duration::from_millis(500);
    let mut endpoint = endpoint(server);
    endpoint.timeouts.reply = short;
    endpoint.timeouts.data = short;
    endpoint.timeouts.final_reply = short;
    endpoint
}

pub(crate) fn try_open(
    endpoint: Endpoint,
    password: &str,
    facts: &Facts,
) -> Result<Session, Error> {
    let secret = password.to_owned();
    let redact: Redact = Arc::new(move |line| line.replace(&secret, "****"));
    let password = password.to_owned().into();
    Session::open(
        &Arc::new(endpoint),
        &password,
        facts,
        Breaker::new(),
        redact,
    )
}

#[track_caller]
pub(crate) fn open_as(endpoint: Endpoint) -> Session {
    try_open(endpoint, "lab-secret", &Facts::default()).unwrap()
}

#[track_caller]
pub(crate) fn open(server: &Running) -> Session {
    open_as(endpoint(server))
}

/// A session with a server that was seen to answer after transfers only.
#[track_caller]
pub(crate) fn open_ahead(server: &Running) -> Session {
    let mut session = open(server);
    session.learn(&Facts {
        waits_for_transfer: Some(true),
        ..Facts::default()
    });
    session
}

pub(crate) fn fetch(
    session: &mut Session,
    path: &str,
    offset: u64,
) -> Result<(Vec<u8>, Retrieved), Error> {
    let mut receiving = session.retrieve(Retrieve {
        path: path.as_bytes(),
        offset,
        size_after: true,
        time_before: false,
        time_after: false,
    })?;
    let mut bytes = Vec::new();
    match receiving.read_to_end(&mut bytes) {
        Ok(_) => Ok((bytes, session.retrieved(receiving.finish())?)),
        Err(error) => Err(session.give_up(error.into())),
    }
}

pub(crate) fn put(
    session: &mut Session,
    path: &str,
    append: bool,
    bytes: &[u8],
) -> Result<Stored, Error> {
    let mut sending = session.store(Store {
        path: path.as_bytes(),
        append,
        size_after: true,
        time_after: false,
        modified: Some(Time::at(1_700_000_000)),
        look_at: None,
        rename_from: !append,
    })?;
    match sending.write_all(bytes) {
        Ok(()) => {
            let count = sending.finish()?;
            session.stored(count)
        }
        Err(error) => Err(session.give_up(error.into())),
    }
}

fn names(session: &mut Session, folder: &str) -> Vec<String> {
    let page = session.list(folder.as_bytes()).unwrap();
    let names = page
        .entries()
        .map(|entry| String::from_utf8_lossy(entry.name).into_owned());
    names.collect()
}

/// The commands of one session behind its login.
fn commands(server: &Running) -> Vec<String> {
    let log = server.log();
    let login = ["USER", "PASS", "FEAT", "TYPE", "PWD", "OPTS"];
    let own = log
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(_, line)| line);
    own.filter(|line| !login.iter().any(|verb| line.starts_with(verb)))
        .map(str::to_owned)
        .collect()
}

// Login.

#[test]
fn a_login_learns_features_and_home_once() {
    let server = lab().home("/file/home").start();
    let session = open(&server);
    let facts = session.facts().clone();
    assert!(facts.features.as_ref().unwrap().mlsd && facts.announces_utf8());
    assert_eq!(session.absolute(b"x/./y"), b"/file/home/x/y");
    assert_eq!(session.absolute(b"/x"), b"/x");
    session.quit();
    try_open(endpoint(&server), "lab-secret", &facts)
        .unwrap()
        .quit();
    let log = server.log();
    let second: Vec<_> = log
        .iter()
        .filter_map(|line| line.strip_prefix("2: "))
        .collect();
    assert_eq!(
        second,
        [
            "USER lab",
            "PASS lab-secret",
            "TYPE I",
            "OPTS UTF8 ON",
            "QUIT"
        ]
    );
}

#[test]
fn a_wrong_password_is_permanent_and_never_shown() {
    let server = lab().start();
    let error = try_open(endpoint(&server), "wrong-secret", &Facts::default())
        .err()
        .unwrap();
    assert_eq!(
        (error.kind, error.class()),
        (ErrorKind::Login, Class::Permanent)
    );
    assert_eq!(error.command.as_deref(), Some("PASS ****"));
    assert_eq!(error.reply.as_ref().unwrap().code, 530);
    assert!(!error.to_string().contains("wrong-secret"));
}

#[test]
fn a_password_that_a_server_echoes_is_masked() {
    let server = lab()
        .rule(On::command("PASS"), Do::lie("230 hello lab-secret"))
        .start();
    let lines = open(&server).transcript();
    assert!(lines.contains(&"> PASS ****".to_owned()), "{lines:?}");
    assert!(!lines.concat().contains("lab-secret"), "{lines:?}");
}

#[test]
fn too_many_sessions_are_told_from_a_wrong_password() {
    for cap in [Cap::AtGreeting421, Cap::AtUser530] {
        let server = lab().max_sessions(1, cap).start();
        let _first = open(&server);
        let error = try_open(endpoint(&server), "lab-secret", &Facts::default())
            .err()
            .unwrap();
        assert_eq!(error.class(), Class::TooManySessions, "{cap:?}: {error}");
    }
}

#[test]
fn login_directory_and_commands_are_run_and_their_refusal_is_an_error() {
    let server = lab().start();
    let mut with = endpoint(&server);
    with.directory = Some("/x".into());
    with.commands = vec!["SITE UMASK 022".into()];
    let error = try_open(with.clone(), "lab-secret", &Facts::default()).err();
    with.commands = vec!["NOOP".into()];
    let session = open_as(with);
    assert_eq!(session.absolute(b"y"), b"/x/y");
    if let Some(error) = error {
        assert_eq!(error.command.as_deref(), Some("SITE UMASK 022"));
        assert!(error.learned.unwrap().features.is_some());
    }
}

#[test]
fn a_command_with_a_line_break_is_never_sent() {
    let server = lab().start();
    let mut session = open(&server);
    let error = session.delete(b"/a/b.txt\r\nDELE /a/b.txt").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Name);
    assert!(session.healthy());
    assert_eq!(server.count("DELE"), 0);
}

#[test]
fn a_server_without_tls_is_left_before_the_user_is_named() {
    let server = lab().start();
    let mut with = endpoint(&server);
    with.tls = Tls::Explicit(TlsOptions::default());
    let error = try_open(with, "lab-secret", &Facts::default())
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::Tls(TlsFault::Refused));
    assert_eq!(server.count("USER"), 0);
}

#[test]
fn what_is_no_ftp_server_is_an_error_at_the_greeting() {
    for greeting in [
        &b"SSH-2.0-OpenSSH\r\n"[..],
        b"\r\n",
        b"\0\xff\n",
        b"999 what\r\n",
    ] {
        let server = lab()
            .rule(On::connect(), Do::Raw(greeting.to_vec()))
            .start();
        let error = try_open(impatient(&server), "x", &Facts::default())
            .err()
            .unwrap();
        assert_ne!(error.class(), Class::Interrupted, "{error}");
        assert!(server.log().is_empty());
    }
}

#[test]
fn an_endless_reply_is_bounded() {
    let server = lab()
        .rule(On::command("SIZE"), Do::Raw(b"213-x\r\n".repeat(2000)))
        .rule(On::command("MDTM"), Do::Raw(vec![b'2'; 100_000]))
        .start();
    assert_eq!(
        open(&server).size(b"/a/b.txt").unwrap_err().kind,
        ErrorKind::Protocol
    );
    assert_eq!(
        open(&server).modified(b"/a/b.txt").unwrap_err().kind,
        ErrorKind::Protocol
    );
}

#[test]
fn a_silent_server_is_a_timeout_and_ends_the_session() {
    let server = lab().rule(On::command("SIZE"), Do::Hang).start();
    let mut session = open_as(impatient(&server));
    let error = session.size(b"/a/b.txt").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout(Waiting::Reply));
    assert!(!session.healthy());
}

#[test]
fn a_session_that_the_server_closed_while_idle_is_stale() {
    let server = lab().rule(On::command("NOOP"), Do::Close).start();
    let mut session = open(&server);
    assert!(!session.is_stale());
    server.rule(On::command("SIZE"), Do::CloseAfter);
    session.size(b"/a/b.txt").unwrap();
    server.until_no_sessions();
    // The server counts a session as gone just before it closes the socket.
    let deadline = Instant::now() + Duration::from_secs(10);
    while !session.is_stale() && Instant::now() < deadline {
        thread::yield_now();
    }
    assert!(session.is_stale());
}

// Downloads.

#[test]
fn a_download_sends_size_and_the_next_port_ahead() {
    let server = lab().start();
    let mut session = open(&server);
    for _ in 0..3 {
        let (bytes, told) = fetch(&mut session, "/a/b.txt", 0).unwrap();
        assert_eq!((&bytes[..], told.size), (&b"hello"[..], Some(5)));
        assert!(session.healthy());
    }
    assert_eq!(session.facts().waits_for_transfer, Some(true));
    let expected = [
        "EPSV",
        "RETR /a/b.txt",
        "SIZE /a/b.txt", // the first transfer only tries SIZE
        "EPSV",
        "RETR /a/b.txt",
        "SIZE /a/b.txt",
        "EPSV",
        "RETR /a/b.txt",
        "SIZE /a/b.txt",
        "EPSV",
    ];
    assert_eq!(commands(&server), expected);
}

#[test]
fn a_refused_download_leaves_the_session_and_its_prepared_port() {
    let server = lab().start();
    let mut session = open_ahead(&server);
    let error = fetch(&mut session, "/nope", 0).unwrap_err();
    assert_eq!(
        (error.kind, error.class()),
        (ErrorKind::Refused, Class::Permanent)
    );
    assert!(session.healthy());
    assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().0, b"hello");
    assert_eq!(server.count("EPSV"), 3);
}

#[test]
fn a_download_begins_at_an_offset() {
    let server = lab().start();
    let mut session = open(&server);
    assert_eq!(fetch(&mut session, "/a/b.txt", 3).unwrap().0, b"lo");
}

#[test]
fn a_refused_rest_is_remembered_and_never_yields_the_wrong_bytes() {
    for features in [Features::all(), Features::all().without("REST")] {
        let server = lab()
            .features(features)
            .rule(On::command("REST"), Do::reply("502 no"))
            .start();
        let mut session = open(&server);
        let error = fetch(&mut session, "/a/b.txt", 3).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NoRestart);
        assert!(session.facts().no_restart_download);
    }
}

#[test]
fn a_server_that_answers_during_transfers_is_no_longer_sent_ahead_to() {
    // As pyftpdlib: 213 comes between 150 and 226, and its EPSV would end the running transfer.
    let server = lab()
        .rule(On::command("RETR").nth(1), Do::Stray("213 5".into()))
        .rule(On::command("SIZE").nth(1), Do::NoReply)
        .start();
    let mut session = open(&server);
    assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().1.size, Some(5));
    assert_eq!(session.facts().waits_for_transfer, Some(false));
    assert!(session.healthy());
    assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().1.size, Some(5));
}

#[test]
fn a_refusal_of_what_reached_the_server_during_a_transfer_is_none_of_the_transfer() {
    // As ProFTPD, when a firewall passes lines on one by one.
    let busy = |command: &str| Do::Stray(format!("450 {command}: data transfer in progress"));
    let server = lab()
        .rule(On::command("RETR").nth(1), [busy("SIZE"), busy("EPSV")])
        .rule(On::command("SIZE").nth(1), Do::NoReply)
        .rule(On::command("EPSV").nth(2), Do::NoReply)
        .start();
    let mut session = open_ahead(&server);
    let (bytes, told) = fetch(&mut session, "/a/b.txt", 0).unwrap();
    assert_eq!((&bytes[..], told.size), (&b"hello"[..], Some(5)));
    assert!(session.healthy());
    assert_eq!(session.facts().waits_for_transfer, Some(false));
}

#[test]
fn a_listing_is_not_broken_by_a_refused_epsv_that_came_into_it() {
    let server = lab()
        .rule(
            On::command("MLSD").nth(1),
            Do::Stray("450 EPSV: data transfer in progress".into()),
        )
        .rule(On::command("EPSV").nth(2), Do::NoReply)
        .start();
    let mut session = open_ahead(&server);
    assert_eq!(session.list(b"/a").unwrap().incomplete_reason(), None);
    assert!(session.healthy());
    assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().0, b"hello");
}

#[test]
fn a_transfer_that_ends_with_450_is_not_whole() {
    let server = lab()
        .rule(On::command("RETR").nth(1), Do::LieReply("450 no".into()))
        .start();
    let mut session = open_ahead(&server);
    let error = fetch(&mut session, "/a/b.txt", 0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotWhole);
    assert!(session.healthy());
}

#[test]
fn a_server_that_answers_during_a_transfer_that_breaks_is_found_out_too() {
    let server = lab()
        .rule(
            On::command("RETR"),
            [Do::Stray("213 5".into()), Do::StallAt(2, Gate::new())],
        )
        .start();
    let mut session = open_as(impatient(&server));
    fetch(&mut session, "/a/b.txt", 0).unwrap_err();
    assert_eq!(session.facts().waits_for_transfer, Some(false));
}

#[test]
fn sessions_and_their_transfers_move_between_threads() {
    fn moves<T: Send + 'static>() {}
    moves::<Session>();
    moves::<Receiving>();
    moves::<Sending>();
    moves::<Error>();
}

#[test]
fn the_size_of_an_upload_that_was_told_too_early_is_asked_again() {
    let server = lab()
        .rule(On::command("STOR").nth(1), Do::Stray("213 0".into()))
        .rule(On::command("SIZE").nth(1), Do::NoReply)
        .start();
    let mut session = open(&server);
    assert_eq!(
        put(&mut session, "/x/t", false, b"12345").unwrap().size,
        Some(5)
    );
    assert!(session.healthy());
}

#[test]
fn a_server_that_loses_what_was_sent_ahead_costs_the_session_and_not_the_file() {
    let server = lab().rule(On::command("SIZE").nth(1), Do::NoReply).start();
    let mut session = open_as(impatient(&server));
    let (bytes, told) = fetch(&mut session, "/a/b.txt", 0).unwrap();
    assert_eq!((&bytes[..], told.size), (&b"hello"[..], None));
    assert!(!session.healthy());
    assert_eq!(session.facts().waits_for_transfer, Some(false));
}

#[test]
fn a_final_reply_may_come_early_twice_begun_or_as_250() {
    let server = lab()
        .rule(On::command("RETR").nth(1), Do::ReplyEarly)
        .rule(On::command("RETR").nth(2), Do::Stray("150 again".into()))
        .rule(On::command("RETR").nth(3), Do::lie("250 done"))
        .start();
    let mut session = open(&server);
    for _ in 0..3 {
        assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().0, b"hello");
        assert!(session.healthy());
    }
}

#[test]
fn an_error_after_150_means_that_the_file_is_not_whole() {
    let server = lab()
        .rule(On::command("RETR").nth(1), Do::CutAt(2))
        .rule(On::command("RETR").nth(2), Do::lie("451 disk trouble"))
        .start();
    let mut session = open(&server);
    for code in [426, 451] {
        let error = fetch(&mut session, "/a/b.txt", 0).unwrap_err();
        assert_eq!(
            (error.kind, error.class()),
            (ErrorKind::NotWhole, Class::Transient)
        );
        assert_eq!(error.reply.unwrap().code, code);
    }
}

#[test]
fn a_control_connection_that_closes_during_a_transfer_leaves_the_question_open() {
    let server = lab()
        .rule(On::command("RETR"), Do::CloseControlDuring)
        .start();
    let mut session = open(&server);
    let error = fetch(&mut session, "/a/b.txt", 0).unwrap_err();
    assert_eq!(
        (error.kind, error.class()),
        (ErrorKind::NoFinalReply, Class::Transient)
    );
    assert!(!session.healthy());
}

#[test]
fn data_that_stops_is_a_timeout_of_its_own() {
    let gate = Gate::new();
    let server = lab()
        .rule(On::command("RETR"), Do::StallAt(2, gate.clone()))
        .start();
    let mut session = open_as(impatient(&server));
    let error = fetch(&mut session, "/a/b.txt", 0).unwrap_err();
    gate.open();
    assert_eq!(error.kind, ErrorKind::Timeout(Waiting::Data));
    assert_eq!(error.command.as_deref(), Some("RETR /a/b.txt"));
    assert!(!session.healthy());
}

#[test]
fn a_transfer_that_is_given_up_ends_the_session() {
    let server = lab().pattern("/big", 10_000_000, 1).start();
    let mut session = open(&server);
    let receiving = session
        .retrieve(Retrieve {
            path: b"/big",
            offset: 0,
            size_after: true,
            time_before: false,
            time_after: false,
        })
        .unwrap();
    assert!(!session.healthy());
    let error = session.retrieved(receiving.finish()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::DataLost);
    assert!(!session.healthy());
}

#[test]
fn empty_files_go_both_ways() {
    let server = lab().file("/empty", b"").start();
    let mut session = open(&server);
    for _ in 0..2 {
        assert_eq!(fetch(&mut session, "/empty", 0).unwrap().1.size, Some(0));
        assert_eq!(
            put(&mut session, "/x/empty", false, b"").unwrap().size,
            Some(0)
        );
    }
}

// The breaker.

#[test]
fn a_tripped_breaker_ends_a_transfer_between_buffers() {
    let server = lab().pattern("/big", 10_000_000, 1).start();
    let breaker = Breaker::new();
    let redact: Redact = Arc::new(str::to_owned);
    let password = "lab-secret".to_owned().into();
    let endpoint = Arc::new(endpoint(&server));
    let mut session = Session::open(
        &endpoint,
        &password,
        &Facts::default(),
        breaker.clone(),
        redact,
    )
    .unwrap();
    let mut receiving = session
        .retrieve(Retrieve {
            path: b"/big",
            offset: 0,
            size_after: false,
            time_before: false,
            time_after: false,
        })
        .unwrap();
    receiving.read_exact(&mut [0; 10]).unwrap();
    breaker.trip(Why::StepTimeout);
    let error = session.give_up(receiving.read(&mut [0; 10]).unwrap_err().into());
    assert_eq!(error.kind, ErrorKind::Interrupted(Why::StepTimeout));
    assert_eq!(error.class(), Class::Interrupted);
}

#[test]
fn a_shut_breaker_ends_a_blocked_command_and_blocked_data() {
    let gate = Gate::new();
    let server = lab()
        .rule(On::command("SIZE"), Do::Wait(gate.clone()))
        .rule(On::command("RETR"), Do::StallAt(2, gate.clone()))
        .start();
    for blocked in [0, 1] {
        let breaker = Breaker::new();
        let redact: Redact = Arc::new(str::to_owned);
        let password = "lab-secret".to_owned().into();
        let endpoint = Arc::new(endpoint(&server));
        let mut session = Session::open(
            &endpoint,
            &password,
            &Facts::default(),
            breaker.clone(),
            redact,
        )
        .unwrap();
        let waiting = std::thread::spawn(move || match blocked {
            0 => session.size(b"/a/b.txt").unwrap_err(),
            _ => fetch(&mut session, "/a/b.txt", 0).unwrap_err(),
        });
        gate.until_arrived(blocked + 1);
        breaker.trip(Why::Interrupted);
        breaker.shut();
        let error = waiting.join().unwrap();
        assert_eq!(error.kind, ErrorKind::Interrupted(Why::Interrupted));
    }
    gate.open();
}

// Data connections.

#[test]
fn epsv_that_is_refused_or_leads_nowhere_is_replaced_by_pasv_for_good() {
    for does in [Do::reply("500 what"), Do::DeadPort] {
        let server = lab().rule(On::command("EPSV"), does).start();
        let mut session = open(&server);
        for _ in 0..3 {
            assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().0, b"hello");
        }
        assert!(session.facts().epsv_unusable);
        assert_eq!(server.count("EPSV"), 1);
    }
}

#[test]
fn pasv_is_never_asked_on_ipv6() {
    let server = lab()
        .ipv6()
        .rule(On::command("EPSV"), Do::reply("500 what"))
        .start();
    let mut session = open(&server);
    let error = fetch(&mut session, "/a/b.txt", 0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::DataConnect);
    assert!(session.healthy());
    assert_eq!(server.count("PASV"), 0);
}

#[test]
fn a_reported_address_is_followed_only_where_the_manifest_says_so() {
    let server = lab()
        .features(Features::all().without("EPSV"))
        .rule(On::command("PASV"), Do::PasvAddress([203, 0, 113, 9]))
        .start();
    let mut session = open(&server);
    assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().0, b"hello");
    assert!(session.facts().pasv_elsewhere);
}

#[test]
fn a_prepared_port_that_has_died_is_asked_for_anew() {
    let server = lab().rule(On::command("EPSV").nth(2), Do::DeadPort).start();
    let mut session = open_ahead(&server);
    for _ in 0..2 {
        assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().0, b"hello");
    }
    assert!(!session.facts().epsv_unusable);
}

#[test]
fn active_mode_uses_eprt_else_port_and_both_families() {
    let active = DataMode::Active {
        ports: None,
        address: None,
    };
    for (server, verb) in [
        (lab(), "EPRT"),
        (lab().ipv6(), "EPRT"),
        (lab().features(Features::all().without("EPRT")), "PORT"),
    ] {
        let server = server.start();
        let mut with = endpoint(&server);
        with.data = active.clone();
        let mut session = open_as(with);
        assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().0, b"hello");
        put(&mut session, "/x/t", false, b"12").unwrap();
        assert_eq!(names(&mut session, "/a"), ["b.txt"]);
        assert_eq!(server.count(verb), 3);
        assert_eq!(server.count("EPSV") + server.count("PASV"), 0);
    }
}

#[test]
fn active_mode_keeps_to_its_range_of_ports() {
    let server = lab().start();
    let mut with = endpoint(&server);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let first = free.local_addr().unwrap().port().min(65_000);
    with.data = DataMode::Active {
        ports: Some((first, first + 40)),
        address: None,
    };
    let mut session = open_as(with);
    // The first port of the range is taken by somebody else.
    assert_eq!(fetch(&mut session, "/a/b.txt", 0).unwrap().0, b"hello");
    let told = server.log().join("\n");
    let announced = (first..=first + 40).any(|port| told.contains(&format!("|127.0.0.1|{port}|")));
    assert!(announced, "{told}");
}

#[test]
fn active_mode_announces_the_address_that_is_set() {
    let server = lab().start();
    let mut with = endpoint(&server);
    // Nobody translates this address here, so only the announcement shows.
    with.data = DataMode::Active {
        ports: None,
        address: Some("127.0.0.2".parse().unwrap()),
    };
    let mut session = open_as(with);
    let error = fetch(&mut session, "/a/b.txt", 0).unwrap_err();
    assert_eq!(error.reply.map(|reply| reply.code), Some(425));
    let told = server.log().join("\n");
    assert!(told.contains("EPRT |1|127.0.0.2|"), "{told}");
}

// Uploads.

#[test]
fn an_upload_is_stored_timed_and_renamed_in_two_writes() {
    let server = lab().start();
    let mut session = open_ahead(&server);
    let stored = put(&mut session, "/x/t", false, b"12345").unwrap();
    let expected = Stored {
        size: Some(5),
        modified: None,
        times_set: true,
        taken: None,
        rename_ready: true,
    };
    assert_eq!(stored, expected);
    session.rename_onto(b"/x/t", b"/x/u", true, false).unwrap();
    assert_eq!(server.read("/x/u").unwrap(), b"12345");
    assert_eq!(server.modified("/x/u"), Some(1_700_000_000));
    let expected = [
        "EPSV",
        "STOR /x/t",
        "SIZE /x/t",
        "MFMT 20231114221320 /x/t",
        "EPSV",
        "RNFR /x/t",
        "RNTO /x/u",
        "SIZE /x/t",
    ];
    assert_eq!(commands(&server), expected);
}

#[test]
fn times_are_set_in_the_form_of_vsftpd_or_not_at_all() {
    let server = lab().features(Features::all().without("MFMT")).start();
    let mut session = open(&server);
    assert!(put(&mut session, "/x/t", false, b"1").unwrap().times_set);
    let deaf = lab()
        .features(Features::all().without("MFMT").without("MDTM-SET"))
        .start();
    let mut session = open(&deaf);
    assert!(!put(&mut session, "/x/t", false, b"1").unwrap().times_set);
    assert!(session.facts().no_times);
    put(&mut session, "/x/t", false, b"1").unwrap();
    assert_eq!(deaf.count("MDTM"), 1);
}

#[test]
fn a_refused_append_is_remembered() {
    let server = lab()
        .rule(
            On::command("APPE"),
            Do::reply("451 Append/Restart not permitted"),
        )
        .start();
    let mut session = open(&server);
    let error = put(&mut session, "/a/b.txt", true, b"!").unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoRestart);
    assert!(session.healthy() && session.facts().no_restart_upload);
}

#[test]
fn a_full_disk_stops_the_step() {
    let server = lab()
        .rule(On::command("STOR"), Do::reply("452 no space"))
        .rule(On::command("APPE"), Do::reply("552 quota"))
        .start();
    let mut session = open(&server);
    for append in [false, true] {
        let error = put(&mut session, "/x/t", append, b"1").unwrap_err();
        assert_eq!(error.class(), Class::StopStep, "{error}");
        assert!(session.healthy());
    }
}

#[test]
fn renaming_onto_a_file_replaces_it_only_where_that_is_allowed() {
    for onto in [OntoExisting::Refuse, OntoExisting::Pretend] {
        let server = lab()
            .file("/x/t", b"new")
            .file("/x/u", b"old")
            .onto_existing(onto)
            .start();
        let mut session = open(&server);
        let error = session
            .rename_onto(b"/x/t", b"/x/u", false, false)
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{onto:?}");
        assert_eq!(server.read("/x/u").unwrap(), b"old");
        session.rename_onto(b"/x/t", b"/x/u", false, true).unwrap();
        assert_eq!(server.read("/x/u").unwrap(), b"new");
        assert!(!server.exists("/x/t"));
    }
}

#[test]
fn a_rename_that_is_refused_for_another_reason_deletes_nothing() {
    let server = lab()
        .file("/x/t", b"new")
        .rule(On::command("RNTO"), Do::reply("553 no"))
        .start();
    let mut session = open(&server);
    let error = session
        .rename_onto(b"/x/t", b"/x/u", false, true)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    server.mutate(|tree| tree.write("/x/u", b"old"));
    let error = session
        .rename_onto(b"/x/t", b"/x/u", false, true)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert_eq!(server.count("DELE"), 0);
    assert_eq!(server.read("/x/t").unwrap(), b"new");
    assert_eq!(server.read("/x/u").unwrap(), b"old");
}

#[test]
fn a_lost_reply_to_a_change_is_an_unknown_outcome() {
    let server = lab()
        .file("/x/t", b"new")
        .rule(On::command("RNTO"), Do::Close)
        .rule(On::command("DELE"), Do::Reset)
        .start();
    let error = open(&server)
        .rename_onto(b"/x/t", b"/x/u", false, false)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnknownOutcome);
    let error = open(&server).delete(b"/x/t").unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnknownOutcome);
}

// Single paths.

#[test]
fn deleting_looks_at_what_a_refusal_means() {
    let server = lab()
        .file("/x/kept", b"1")
        .rule(
            On::command("DELE").path("/x/kept"),
            Do::reply("550 no such file"),
        )
        .start();
    let mut session = open(&server);
    assert_eq!(session.delete(b"/a/b.txt").unwrap(), Deleted::Gone);
    assert_eq!(session.delete(b"/a/b.txt").unwrap(), Deleted::WasNotThere);
    assert_eq!(
        session.delete(b"/nowhere/b.txt").unwrap(),
        Deleted::WasNotThere
    );
    assert_eq!(
        session.delete(b"/x/kept").unwrap_err().kind,
        ErrorKind::Refused
    );
    assert!(session.healthy());
}

#[test]
fn folders_that_exist_or_are_gone_are_no_error() {
    for reply in ["550 exists", "521 exists"] {
        let server = lab().folder_exists(reply).start();
        let mut session = open(&server);
        session.make_folder(b"/x/y").unwrap();
        session.make_folder(b"/x/y").unwrap();
        let error = session.make_folder(b"/no/parent").unwrap_err();
        assert_eq!(error.command.as_deref(), Some("MKD /no/parent"));
        assert_eq!(session.remove_folder(b"/x/y").unwrap(), Deleted::Gone);
        assert_eq!(
            session.remove_folder(b"/x/y").unwrap(),
            Deleted::WasNotThere
        );
        assert_eq!(
            session.remove_folder(b"/a").unwrap_err().kind,
            ErrorKind::Refused
        );
    }
}

// Listings.

#[test]
fn folders_are_listed_in_every_form() {
    let forms = [
        (ListingMode::Auto, ListStyle::unix(), "MLSD"),
        (ListingMode::List, ListStyle::unix(), "LIST"),
        (ListingMode::List, ListStyle::dos(), "LIST"),
        (ListingMode::ListAll, ListStyle::unix(), "LIST"),
        (ListingMode::Nlst, ListStyle::unix(), "NLST"),
    ];
    for (mode, style, verb) in forms {
        let server = lab()
            .list_style(style)
            .file_at("/f/ lead 版.bin", vec![7; 1234], 1_600_000_000)
            .folder("/f/sub")
            .start();
        let mut with = endpoint(&server);
        with.listing = mode;
        let page = open_as(with).list(b"/f").unwrap();
        let entry = page
            .entries()
            .find(|entry| entry.kind == Kind::File)
            .unwrap();
        assert_eq!(entry.name, " lead 版.bin".as_bytes(), "{mode:?}");
        assert_eq!(entry.size, Some(1234));
        let time = entry.modified.unwrap();
        assert!(!time.differs(Time::at(1_600_000_000)), "{mode:?}: {time:?}");
        assert!(
            page.entries()
                .any(|entry| entry.name == b"sub" && entry.kind == Kind::Folder)
        );
        assert_eq!((page.len(), page.incomplete_reason()), (2, None));
        assert_eq!(server.count(verb), 1);
    }
}

#[test]
fn a_listing_costs_two_writes_and_no_second_change_into_its_folder() {
    let server = lab().start();
    let mut session = open_ahead(&server);
    names(&mut session, "/a");
    names(&mut session, "/a");
    assert_eq!(
        commands(&server),
        ["CWD /a", "EPSV", "MLSD", "EPSV", "MLSD", "EPSV"]
    );
}

#[test]
fn a_missing_folder_a_forbidden_one_and_an_empty_one_differ() {
    let server = lab()
        .folder("/forbidden")
        .rule(
            On::command("CWD").path("/forbidden"),
            Do::reply("550 not found"),
        )
        .start();
    let mut session = open(&server);
    assert_eq!(
        session.list(b"/no/such").unwrap_err().kind,
        ErrorKind::Missing
    );
    assert_eq!(
        session.list(b"/forbidden").unwrap_err().kind,
        ErrorKind::Refused
    );
    let file = session.list(b"/a/b.txt").unwrap_err();
    assert_eq!(file.detail.as_deref(), Some("it is a file"));
    assert_eq!(names(&mut session, "/x"), [""; 0]);
    assert!(session.healthy());
}

#[test]
fn what_a_listing_does_not_show_whole_is_incomplete() {
    let cases: [(Vec<Do>, bool, bool); 6] = [
        (
            vec![Do::lie("226 Output truncated to 10000 matches")],
            false,
            true,
        ),
        (
            vec![Do::ListAlso(b"no listing line\r\n".to_vec())],
            false,
            true,
        ),
        (vec![Do::CutAt(20)], true, true),
        (vec![Do::CutAt(20), Do::lie("226 all well")], true, true),
        (vec![Do::lie("451 trouble")], true, true),
        (vec![Do::CloseControlDuring], true, false),
    ];
    for (number, (does, broken, healthy)) in cases.into_iter().enumerate() {
        let server = lab().rule(On::command("MLSD"), does).start();
        let mut session = open(&server);
        let page = session.list(b"/a").unwrap();
        assert!(page.incomplete_reason().is_some(), "case {number}");
        assert_eq!(page.is_broken(), broken, "case {number}");
        assert_eq!(session.healthy(), healthy, "case {number}");
    }
}

#[test]
fn hostile_names_are_refused_and_the_rest_stands() {
    let lines =
        b"type=file;size=1; ../../etc/x\r\ntype=file;size=1; a\0b\r\ntype=file;size=1; good\r\n";
    let server = lab()
        .rule(On::command("MLSD"), Do::ListRaw(lines.to_vec()))
        .start();
    let mut session = open(&server);
    let page = session.list(b"/a").unwrap();
    assert_eq!((page.len(), page.problems().count), (1, 2));
}

#[test]
fn the_zone_of_list_times_is_found_by_mdtm() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let exact = i64::try_from(now.as_secs()).unwrap() - 2 * 86_400;
    let server = lab()
        .features(Features::all().without("MLSD"))
        .list_style(ListStyle::unix().zone(8 * 3600))
        .file_at("/a/new", b"1", exact)
        .start();
    let mut session = open(&server);
    for _ in 0..2 {
        let page = session.list(b"/a").unwrap();
        let entry = page.entries().find(|entry| entry.name == b"new").unwrap();
        let time = entry.modified.unwrap();
        assert_eq!(time.precision, Precision::Minute);
        assert_eq!(time.seconds, exact - exact.rem_euclid(60));
    }
    assert_eq!(session.facts().zones.only(), Some(8 * 3600));
    assert_eq!(server.count("MDTM"), 1);
}

#[test]
fn gbk_names_are_listed_read_written_and_deleted() {
    let folder = b"/file/\xb0\xe6\xb1\xbe";
    let file = [&folder[..], b"/\xd6\xd0.txt"].concat();
    let server = lab()
        .features(Features::all().without("UTF8"))
        .file(&file, b"gbk")
        .start();
    let mut with = endpoint(&server);
    with.encoding = NameEncoding::for_label("gbk").unwrap();
    let mut session = open_as(with);
    assert_eq!(session.encode("/file/版本").unwrap(), folder);
    let page = session.list(folder).unwrap();
    assert_eq!(page.entries().next().unwrap().name, b"\xd6\xd0.txt");
    let error = session.retrieve(Retrieve {
        path: b"/\xb0\xe6",
        offset: 0,
        size_after: false,
        time_before: false,
        time_after: false,
    });
    assert_eq!(error.unwrap_err().command.as_deref(), Some("RETR /版"));
    assert_eq!(session.delete(&file).unwrap(), Deleted::Gone);
    assert!(session.encode("🦀").is_err());
}

#[test]
fn an_old_server_without_features_still_does_its_work() {
    let server = Server::new()
        .features(Features::none())
        .file("/a/b", b"1")
        .folder("/x")
        .start();
    let mut session = open(&server);
    assert_eq!(fetch(&mut session, "/a/b", 0).unwrap().1.size, None);
    let stored = put(&mut session, "/x/t", false, b"12").unwrap();
    assert_eq!(
        (stored.size, stored.times_set, stored.rename_ready),
        (None, false, true)
    );
    session.rename_onto(b"/x/t", b"/x/u", true, true).unwrap();
    assert_eq!(names(&mut session, "/x"), ["u"]);
    assert_eq!(session.delete(b"/x/u").unwrap(), Deleted::Gone);
    assert_eq!(session.delete(b"/x/u").unwrap(), Deleted::WasNotThere);
}
