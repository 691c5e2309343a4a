//! The scripted server when it misbehaves: every family of fault, seen from the client's side.

use std::io::Read;
use std::net::TcpStream;

use crate::harness::client::{Client, lab};
use crate::harness::reset_at;
use crate::harness::server::{Do, Gate, Meet, On};

#[test]
fn a_rule_fires_where_it_says_and_nowhere_else() {
    let server = lab()
        .rule(
            On::command("size").path("/a/b.txt").nth(2),
            Do::reply("213 99"),
        )
        .rule(
            On::command("MKD").path_has("tmp").session(1),
            Do::reply("521 exists"),
        )
        .start();
    let mut client = Client::login(&server);
    client.send(&[
        "SIZE /x",
        "CWD a",
        "SIZE b.txt",
        "SIZE b.txt",
        "SIZE b.txt",
        "MKD a-tmp-1",
    ]);
    assert_eq!(client.codes(2), ["550", "250"]);
    assert_eq!(
        [client.reply(), client.reply(), client.reply()],
        ["213 5", "213 99", "213 5"]
    );
    assert_eq!(client.reply(), "521 exists");
    server.rule(On::command("NOOP").since_nth(2), Do::reply("500 tired"));
    client.send(&["NOOP", "NOOP", "NOOP"]);
    assert_eq!(client.codes(3), ["200", "500", "500"]);
    let mut second = Client::login(&server);
    assert!(second.ask("MKD /a-tmp-1").starts_with("257"));
}

#[test]
fn replies_can_lie_stray_or_stay_away() {
    let server = lab()
        .rule(On::command("DELE"), Do::lie("450 not now"))
        .rule(On::command("MKD"), Do::NoReply)
        .rule(On::command("RETR").nth(1), Do::Stray("150 again".into()))
        .rule(On::command("RETR").nth(2), Do::lie("426 after all bytes"))
        .rule(
            On::command("SYST"),
            Do::Raw(b"\0\xff nonsense\r\n".to_vec()),
        )
        .start();
    let mut client = Client::login(&server);
    assert_eq!(
        client.fetch("RETR /a/b.txt"),
        (
            b"hello".to_vec(),
            vec!["150 here it comes".into(), "150 again".into()]
        )
    );
    assert_eq!(client.reply(), "226 transfer complete");
    assert_eq!(
        client.fetch("RETR /a/b.txt"),
        (
            b"hello".to_vec(),
            vec!["150 here it comes".into(), "426 after all bytes".into()]
        )
    );
    assert_eq!(client.ask("DELE /a/b.txt"), "450 not now");
    assert!(!server.exists("/a/b.txt"));
    client.send(&["MKD /new", "SYST"]);
    assert_eq!(client.line(), b"\0\xff nonsense\r\n");
    assert!(server.exists("/new"));
}

#[test]
fn control_connections_end_as_ordered() {
    let server = lab()
        .rule(On::command("NOOP").session(1), Do::Close)
        .rule(On::command("NOOP").session(2), Do::Reset)
        .rule(
            On::command("NOOP").session(3),
            Do::Goodbye("421 idle".into()),
        )
        .rule(
            On::command("NOOP").session(4),
            [Do::lie("200 last words"), Do::CloseAfter],
        )
        .rule(On::connect().nth(5), Do::Goodbye("421 not today".into()))
        .start();
    let end = |expected: &str| {
        let mut client = Client::login(&server);
        client.send(&["NOOP"]);
        let mut rest = String::new();
        let ended = client
            .replies
            .read_to_string(&mut rest)
            .map_err(|error| error.kind());
        assert_eq!(rest, expected);
        ended.is_ok()
    };
    assert!(end(""));
    assert!(!end(""), "a reset is an error to the one who reads");
    assert!(end("421 idle\r\n"));
    assert!(end("200 last words\r\n"));
    assert_eq!(Client::connect(&server).reply(), "421 not today");
    server.until_no_sessions();
    assert_eq!(
        (server.sessions_opened(), server.max_concurrent_sessions()),
        (5, 1)
    );
}

#[test]
fn data_connections_are_cut_where_ordered() {
    let server = lab()
        .rule(On::command("RETR").nth(1), Do::CutAt(2))
        .rule(
            On::command("RETR").nth(2),
            [Do::CutAt(3), Do::lie("226 all fine")],
        )
        .rule(On::command("RETR").nth(3), Do::Extra(2))
        .rule(
            On::command("RETR").nth(4),
            [Do::CutAt(5), Do::NoReply, Do::CloseAfter],
        )
        .start();
    let mut client = Client::login(&server);
    let (bytes, replies) = client.fetch("RETR /a/b.txt");
    assert_eq!(
        (bytes.as_slice(), &replies[1][..3]),
        (b"he".as_slice(), "426")
    );
    let (bytes, replies) = client.fetch("RETR /a/b.txt");
    assert_eq!(
        (bytes.as_slice(), &*replies[1]),
        (b"hel".as_slice(), "226 all fine")
    );
    assert_eq!(client.fetch("RETR /a/b.txt").0, b"helloxx");
    let (bytes, replies) = client.fetch("RETR /a/b.txt");
    assert_eq!((bytes.as_slice(), &*replies[1]), (b"hello".as_slice(), ""));
}

#[test]
fn data_connections_are_reset_where_ordered() {
    let server = lab().rule(On::command("RETR"), reset_at(2)).start();
    let mut client = Client::login(&server);
    let mut data = client.epsv();
    client.send(&["RETR /a/b.txt"]);
    assert_eq!(client.codes(2), ["150", "426"]);
    let error = data.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn uploads_are_refused_and_cut_as_ordered() {
    let server = lab()
        .rule(
            On::command("STOR").path("/x/no"),
            Do::reply("553 not allowed"),
        )
        .rule(
            On::command("STOR").path("/x/full"),
            [Do::CutAt(3), Do::lie("452 disk full")],
        )
        .rule(On::command("STOR").path("/x/zero"), Do::ZeroFill)
        .start();
    let mut client = Client::login(&server);
    assert_eq!(client.store("STOR /x/no", b"data"), "553 not allowed");
    assert_eq!(client.store("STOR /x/full", b"data"), "452 disk full");
    assert_eq!(server.read("/x/full").unwrap(), b"dat");
    assert_eq!(
        client.store("STOR /nowhere/file", b"data"),
        "553 cannot create that file"
    );
    client.ask("REST 2");
    assert_eq!(client.store("STOR /x/zero", b"ro"), "226 transfer complete");
    assert_eq!(server.read("/x/zero").unwrap(), b"\0\0ro");
    assert!(!server.exists("/x/no"));
}

#[test]
fn a_data_port_can_be_dead_or_missing() {
    let server = lab().rule(On::command("EPSV"), Do::DeadPort).start();
    let mut client = Client::login(&server);
    let reply = client.ask("EPSV");
    assert!(TcpStream::connect(client.passive_address(&reply)).is_err());
    assert!(client.ask("RETR /a/b.txt").starts_with("425"));
}

#[test]
fn a_stalled_transfer_waits_for_its_gate() {
    let gate = Gate::new();
    let server = lab()
        .rule(On::command("RETR"), Do::StallAt(2, gate.clone()))
        .start();
    let mut client = Client::login(&server);
    let mut data = client.epsv();
    client.send(&["RETR /a/b.txt"]);
    let mut first = [0; 2];
    data.read_exact(&mut first).unwrap();
    gate.until_arrived(1);
    data.set_nonblocking(true).unwrap();
    assert!(
        data.read(&mut [0]).is_err(),
        "nothing comes before the gate opens"
    );
    data.set_nonblocking(false).unwrap();
    gate.open();
    let mut rest = Vec::new();
    data.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"llo");
}

#[test]
fn the_last_reply_can_come_before_the_data() {
    let gate = Gate::new();
    let server = lab()
        .rule(
            On::command("RETR").nth(1),
            [Do::ReplyEarly, Do::StallAt(0, gate.clone())],
        )
        .rule(On::command("RETR").nth(2), Do::CloseControlDuring)
        .start();
    let mut client = Client::login(&server);
    let mut data = client.epsv();
    client.send(&["RETR /a/b.txt", "NOOP"]);
    assert_eq!(client.codes(2), ["150", "226"]);
    gate.open();
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).unwrap();
    assert_eq!(
        (bytes.as_slice(), &*client.reply()),
        (b"hello".as_slice(), "200 ok")
    );
    let (bytes, replies) = client.fetch("RETR /a/b.txt");
    assert_eq!((bytes.as_slice(), &*replies[1]), (b"hello".as_slice(), ""));
}

#[test]
fn listings_are_what_a_rule_makes_them() {
    let hostile = b"type=file;size=1; ../../etc/x\r\n";
    let server = lab()
        .rule(On::command("MLSD").nth(1), Do::ListRaw(hostile.to_vec()))
        .rule(
            On::command("MLSD").nth(2),
            [Do::ListFirst(2), Do::ListAlso(b"nonsense\r\n".to_vec())],
        )
        .rule(On::command("MLSD").nth(3), Do::CutAt(4))
        .rule(
            On::command("NLST").path("/x"),
            Do::lie("226 Output truncated to 1 matches"),
        )
        .start();
    let mut client = Client::login(&server);
    assert_eq!(client.fetch("MLSD").0, hostile);
    let lines = client.text("MLSD /a");
    let ends: Vec<_> = lines
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(ends, [".", "..", "nonsense"]);
    let (bytes, replies) = client.fetch("MLSD");
    assert_eq!(
        (bytes.as_slice(), &replies[1][..3]),
        (b"type".as_slice(), "426")
    );
    assert_eq!(
        client.fetch("NLST /x").1[1],
        "226 Output truncated to 1 matches"
    );
}

#[test]
fn files_change_at_the_moment_that_was_named() {
    let server = lab()
        .rule(
            On::command("RETR"),
            Do::mutate(|tree| tree.write("/a/b.txt", b"changed")),
        )
        .rule(
            On::command("DELE").path("/a/b.txt"),
            Do::mutate(|tree| tree.remove("/a/b.txt")),
        )
        .start();
    let mut client = Client::login(&server);
    assert_eq!(client.ask("SIZE /a/b.txt"), "213 5");
    assert_eq!(client.fetch("RETR /a/b.txt").0, b"changed");
    assert_eq!(client.ask("DELE /a/b.txt"), "550 no such file");
    server.mutate(|tree| tree.write("/a/c", b"c"));
    assert_eq!(server.names("/a"), ["c"]);
}

#[test]
fn sessions_that_run_side_by_side_meet() {
    let meet = Meet::new(2);
    let together = On::command("RETR");
    let servers = [(); 2].map(|()| lab().rule(together.clone(), Do::Meet(meet.clone())).start());
    std::thread::scope(|scope| {
        for server in &servers {
            scope.spawn(|| assert_eq!(Client::login(server).fetch("RETR /a/b.txt").0, b"hello"));
        }
    });
    assert!(meet.all_met());
    assert_eq!(servers[0].max_concurrent_transfers(), 1);
}

#[test]
fn who_comes_alone_meets_nobody() {
    let meet = Meet::new(2);
    let server = lab()
        .rule(On::command("NOOP"), Do::Meet(meet.clone()))
        .start();
    let mut client = Client::login(&server);
    client.send(&["NOOP"]);
    server.until_command("NOOP", 1);
    drop(server);
    assert!(!meet.all_met());
    assert_eq!(
        client.reply(),
        "",
        "no answer came before the server stopped"
    );
}
